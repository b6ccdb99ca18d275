#include "experiments/paper/published.h"

#include <algorithm>

#include "core/error.h"

namespace ridgeline::paper {
namespace {

PublishedRow x(int level, const PublishedFigures& figures) {
  const std::string ours = "efficientnet_x_b" + std::to_string(level);
  return {figures,
          "EfficientNet-X-B" + std::to_string(level),
          "EfficientNet-X",
          ours + "_tpu",
          ours + "_tpu_released",
          ours + "_gpu_released"};
}

PublishedRow other(const std::string& name, const std::string& family, const std::string& ours,
                   const PublishedFigures& figures, const std::string& doubt_on_tpu = "") {
  return {figures, name, family, ours, ours, ours, doubt_on_tpu};
}

PublishedRow b(int level, const PublishedFigures& figures) {
  return other("EfficientNet-B" + std::to_string(level), "EfficientNet",
               "efficientnet_b" + std::to_string(level), figures);
}

const char* const kHalfAChip =
    "C_ideal / I gives 427 GB/s, one core's share of the bandwidth: timed on half a chip";

}  // namespace

// Table 3; columns as in PublishedRow. ResNeSt's resolutions, which the paper does not state, are
// those whose multiply-adds match.
const std::vector<PublishedRow>& table3() {
  static const std::vector<PublishedRow> rows = {
      x(0, {7.6, 0.91, 63.8, 57.3, 8.71, 22.5}),
      b(0, {5.3, 0.39, 19.7, 52.4, 13.4, 38.1}),
      other("ResNet-50", "ResNet", "resnet50", {26, 4.1, 122.5, 57.2, 35.1, 35.6}, kHalfAChip),
      other("RegNetY-800MF", "RegNet", "regnety_008", {6.3, 0.8, 12.7, 30, 45.1, 33.9}),
      x(1, {9.6, 1.58, 65.5, 59.2, 13.6, 34.4}),
      b(1, {7.8, 0.70, 21.4, 51.3, 22.3, 60.5}),
      other("Inception-v3", "Inception", "inception_v3", {24, 5.7, 94.6, 34.5, 104.8, 55.6},
            kHalfAChip),
      other("RegNetY-4.0GF", "RegNet", "regnety_040", {26, 4.0, 19.4, 29.2, 109.5, 75.1}),
      x(2, {10.0, 2.3, 73.0, 54.8, 15.7, 45.5}),
      b(2, {9.2, 1.0, 24.1, 48.8, 29.8, 77.2}),
      other("Inception-v4", "Inception", "inception_v4", {48, 13, 148.5, 35.3, 75.1, 119.9}),
      other("RegNetY-8.0GF", "RegNet", "regnety_080", {39.2, 8.0, 27.9, 32.4, 190.5, 122.1}),
      x(3, {13.3, 4.3, 84.0, 51.2, 31.9, 66.6}),
      b(3, {12, 1.8, 26.1, 51.3, 48.1, 128.8}),
      x(4, {21.6, 10.4, 101.5, 47.7, 64.9, 149.2}),
      b(4, {19, 4.2, 31.29, 47.8, 102.6, 310.7}),
      other("NASNet-A", "NASNet", "nasnetalarge", {89, 24, 55.2, 43.8, 269.5, 481.2}),
      other("ResNeSt-101", "ResNeSt", "resnest101e", {48, 13, 71.7, 28.1, 92.3, 149.4}),
      x(5, {33.4, 24.4, 126.1, 47.8, 125.9, 290.2}),
      b(5, {30, 9.9, 39.7, 46.8, 192.5, 640.1}),
      other("ResNeSt-200", "ResNeSt", "resnest200e", {70, 36.3, 68.7, 69.9, 244.3, 415.6}),
      x(6, {47.7, 47, 167.5, 36.2, 237.6, 467.2}),
      b(6, {43, 19, 43.9, 45.0, 334.2, 1040.6}),
      x(7, {73.2, 91, 194.3, 39.4, 433.9, 847.7}),
      b(7, {66, 37, 48.3, 43.4, 621.4, 1471.3}),
      other("ResNeSt-269", "ResNeSt", "resnest269e", {111, 77, 72.9, 70.2, 501.9, 864.9})};
  return rows;
}

const std::vector<PublishedRow>& table4() {
  static const std::vector<PublishedRow> rows = {
      b(0, {5.3, 0.39, 19.7, 52.4, 13.4, 38.1}),
      other("+SpaceToDepth", "EfficientNet-X", "efficientnet_b0_s2d",
            {7.2, 0.47, 25.3, 55.8, 11.9, 35.6}),
      other("+Fused Conv", "EfficientNet-X", "efficientnet_b0_s2d_fused",
            {7.6, 0.91, 62.5, 56.1, 9.5, 30.5}),
      {{7.6, 0.91, 63.8, 57.3, 8.7, 22.5},
       "+Activation",
       "EfficientNet-X",
       "efficientnet_x_b0_tpu",
       "efficientnet_x_b0_tpu",
       "efficientnet_x_b0_gpu"}};
  return rows;
}

const PublishedRow& table3_row(const std::string& name) {
  const auto& rows = table3();
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const PublishedRow& row) { return row.name == name; });
  if (found == rows.end()) {
    throw Error(ErrorKind::kInternal, "Table 3 has no row '" + name + "'");
  }
  return *found;
}

const std::vector<std::string>& contradictions() {
  static const std::vector<std::string> lines = {
      "ResNet-50 and Inception-v3 on TPUv3: I, E and latency together imply 427 GB/s, exactly one "
      "core's share, all others the whole chip; and Inception-v3 slower than the twice as large "
      "Inception-v4 holds on TPUv3 only. Left out of the TPUv3 summaries.",
      "ResNeSt-101, E = 28.1 %: implies 1790 GB/s of 900; its siblings have 69.9 and 70.2 %, and "
      "69.8 % would fit. Only E is affected.",
      "RegNetY on TPUv3: E about 30 % implies 1189 to 1651 GB/s of 900, and 4.0GF disagrees with "
      "its siblings. RegNetY-4.0GF has 20.6M parameters (its authors' table), not 26M.",
      "EfficientNet-X: parameters and multiply-adds are those of single-objective scaling, I and "
      "latency fit the larger networks of the released coefficients.",
      "EfficientNet-X-B2: C_ideal / I gives 938 GB/s of 900; its 15.7 ms is faster than its "
      "neighbours allow.",
      "Text and tables: X over EfficientNet on V100 is 1.905 by Table 3; the text has 83 % and "
      "91 %. X over RegNet on V100 is 2.07 by Table 3, 82 % in the text; X over ResNeSt on V100 is "
      "1.14, 48 % in the text, which is the TPUv3 figure.",
      "NAS 50 % and LACS a further 14 % on TPUv3 multiply to 1.71; Table 3 gives 1.56."};
  return lines;
}

}  // namespace ridgeline::paper
