#include "accuracy/data/data_report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "accuracy/data/augment.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/units.h"

namespace ridgeline {
namespace {

std::string name_of(const ImageSet& images, const std::string& split, int index) {
  if (!images.cache) return split + " image " + std::to_string(index);
  return images.cache->images()[static_cast<size_t>(images.places[static_cast<size_t>(index)])]
      .path;
}

std::vector<uint64_t> content_hashes(const ImageSet& images) {
  std::vector<uint64_t> hashes(static_cast<size_t>(images.size()));
  parallel_for(hashes.size(), [&](size_t i) {
    hashes[i] = hash_text(
        {reinterpret_cast<const char*>(images.image(static_cast<int>(i))), images.image_bytes()});
  });
  return hashes;
}

bool equal_pixels(const ImageSet& a, int i, const ImageSet& b, int j) {
  return a.image_bytes() == b.image_bytes() &&
         std::memcmp(a.image(i), b.image(j), a.image_bytes()) == 0;
}

void find_duplicates(const Dataset& data, DataReport& report) {
  const auto hashes = content_hashes(data.train);
  std::unordered_map<uint64_t, int> first;
  for (int i = 0; i < data.train.size(); ++i) {
    const auto [found, fresh] = first.try_emplace(hashes[static_cast<size_t>(i)], i);
    const int before = found->second;
    if (fresh || !equal_pixels(data.train, before, data.train, i)) continue;
    const auto& labels = data.train.labels;
    if (labels[static_cast<size_t>(before)] == labels[static_cast<size_t>(i)]) continue;
    report.of_two_classes.push_back(
        {name_of(data.train, "train", before), name_of(data.train, "train", i)});
  }
  const auto compare = [&](const ImageSet& images, const std::string& split) {
    const auto others = content_hashes(images);
    for (int i = 0; i < images.size(); ++i) {
      const auto found = first.find(others[static_cast<size_t>(i)]);
      if (found == first.end() || !equal_pixels(data.train, found->second, images, i)) continue;
      report.between_splits.push_back(
          {name_of(data.train, "train", found->second), name_of(images, split, i)});
    }
  };
  compare(data.validation, "validation");
  compare(data.test, "test");
}

std::vector<int> least_median_most(std::vector<int> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

void look_at_files(const ImageCache& cache, DataReport& report) {
  std::vector<int> widths, heights;
  for (const CachedImage& image : cache.images()) {
    if (!image.problem.empty()) {
      report.unreadable.push_back(image.path + ": " + image.problem);
      continue;
    }
    widths.push_back(image.width);
    heights.push_back(image.height);
    if (!image.conversions.empty())
      report.converted.push_back(image.path + ": " + image.conversions);
  }
  report.widths = least_median_most(widths);
  report.heights = least_median_most(heights);
}

std::string list_text(const std::string& title, const std::vector<std::string>& lines,
                      size_t most) {
  std::string text = title + ": " + (lines.empty() ? "none" : std::to_string(lines.size())) + "\n";
  const size_t shown = most == 0 ? lines.size() : std::min(most, lines.size());
  for (size_t i = 0; i < shown; ++i) text += "  " + lines[i] + "\n";
  if (shown < lines.size())
    text += "  and " + std::to_string(lines.size() - shown) + " more (--all names them)\n";
  return text;
}

std::vector<std::string> pair_lines(const std::vector<DuplicatePair>& pairs) {
  std::vector<std::string> lines;
  for (const auto& [first, second] : pairs) lines.push_back(first + " = " + second);
  return lines;
}

std::string range_text(const char* name, const std::vector<int>& values) {
  return std::string(name) + " " + std::to_string(values[0]) + " to " + std::to_string(values[2]) +
         " (median " + std::to_string(values[1]) + ")";
}

}  // namespace

std::string DataReport::str(size_t most) const {
  std::string text = std::to_string(classes.size()) + " classes\n";
  for (const auto& [name, per_class] : splits) {
    int sum = 0;
    for (const int count : per_class) sum += count;
    text += name + ": " + std::to_string(sum) + " images";
    if (sum > 0) {
      const auto [least, largest] = std::minmax_element(per_class.begin(), per_class.end());
      const auto class_at = [&](auto at) {
        return classes[static_cast<size_t>(at - per_class.begin())] + " " + std::to_string(*at);
      };
      text += "; smallest class " + class_at(least) + ", largest " + class_at(largest);
      if (*least > 0) {
        text += ", imbalance " +
                format_fixed(static_cast<double>(*largest) / static_cast<double>(*least), 1);
      }
    }
    text += "\n";
  }
  std::vector<std::string> counts;
  for (size_t c = 0; c < classes.size(); ++c) {
    std::vector<std::string> row;
    for (const Split& split : splits) row.push_back(std::to_string(split.per_class[c]));
    counts.push_back(classes[c] + ": " + join(row, " / "));
  }
  text += list_text("images per class (train / validation / test)", counts, most);
  text += "a network sees " + std::to_string(side) + " x " + std::to_string(side) + " pixels\n";
  if (!widths.empty()) {
    text += "files: " + range_text("width", widths) + ", " + range_text("height", heights) + "\n" +
            list_text("files that cannot be read", unreadable, most) +
            list_text("files that are converted", converted, most);
  }
  return text +
         list_text("training images that are also validation or test images",
                   pair_lines(between_splits), most) +
         list_text("equal training images of two classes", pair_lines(of_two_classes), most);
}

DataReport examine(const Dataset& data) {
  DataReport report;
  report.classes = data.class_names;
  for (int c = static_cast<int>(report.classes.size()); c < data.classes; ++c)
    report.classes.push_back(std::to_string(c));
  report.side = std::max(data.train.seen_width(), data.train.seen_height());
  for (const auto& [name, images] : {std::pair<const char*, const ImageSet&>{"train", data.train},
                                     {"validation", data.validation},
                                     {"test", data.test}}) {
    DataReport::Split split{name, std::vector<int>(static_cast<size_t>(data.classes))};
    for (const int label : images.labels) ++split.per_class[static_cast<size_t>(label)];
    report.splits.push_back(std::move(split));
  }
  if (data.train.cache) look_at_files(*data.train.cache, report);
  find_duplicates(data, report);
  return report;
}

Image contact_sheet(const Dataset& data, const TrainingConfig& training, int resolution, int count,
                    uint64_t seed) {
  constexpr int kColumns = 8, kGap = 2;
  const Normalization normalization = for_channels(normalization_of(data.train), 3);
  const BatchMaker maker(data.train, normalization, 3, resolution);
  const auto indices = balanced_subset(data.train.labels, data.classes, count, seed);
  RandomStream stream(seed, 0, "contact sheet");
  const at::Tensor batch = maker.augmented(indices, augmentation_of(training), stream).images;
  const auto shown = static_cast<int>(indices.size());
  const int rows = (shown + kColumns - 1) / kColumns, step = resolution + kGap;
  Image sheet(kColumns * step - kGap, rows * step - kGap);
  const at::Tensor cells = batch.permute({0, 2, 3, 1}).contiguous();  // [n, height, width, 3]
  const float* value = cells.data_ptr<float>();
  for (int i = 0; i < shown; ++i) {
    for (int y = 0; y < resolution; ++y) {
      uint8_t* out = sheet.row(i / kColumns * step + y) + 3 * (i % kColumns * step);
      for (int x = 0; x < 3 * resolution; ++x) {
        const auto c = static_cast<size_t>(x % 3);
        const double byte = 255 * (*value++ * normalization.deviation[c] + normalization.mean[c]);
        *out++ = static_cast<uint8_t>(std::clamp(byte + 0.5, 0.0, 255.0));
      }
    }
  }
  return sheet;
}

}  // namespace ridgeline
