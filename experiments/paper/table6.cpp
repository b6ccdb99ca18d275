#include "experiments/paper/table6.h"

#include <cmath>
#include <limits>

#include "core/units.h"
#include "experiments/paper/coefficients.h"

namespace ridgeline::paper {
namespace {

constexpr double kBaseDepth = 16, kBaseResolution = 224, kSlack = 1e-9;
constexpr double kPhiStep = 0.001, kLargestPhi = 8;

int floor_of(double value) { return static_cast<int>(std::floor(value + kSlack)); }

std::string dimensions_text(const PrintedDimensions& dimensions) {
  return std::to_string(dimensions.depth) + ", " + std::to_string(dimensions.resolution);
}

}  // namespace

const Table6Column& table6_single() {
  static const Table6Column column = {
      "single objective",
      {{16, 224}, {17, 240}, {19, 260}, {22, 300}, {28, 380}, {35, 456}, {41, 528}, {49, 600}}};
  return column;
}

const Table6Column& table6_gpu() {
  static const Table6Column column = {
      "LACS GPU",
      {{16, 224}, {17, 229}, {20, 241}, {25, 258}, {36, 289}, {49, 317}, {62, 343}, {79, 368}}};
  return column;
}

const Table6Column& table6_tpu() {
  static const Table6Column column = {
      "LACS TPU",
      {{16, 224}, {17, 229}, {20, 243}, {26, 263}, {38, 298}, {52, 331}, {68, 361}, {87, 391}}};
  return column;
}

CompoundCoefficients table6_gpu_coefficients() { return {1.28, 1.17, 1.08}; }
CompoundCoefficients table6_tpu_coefficients() { return {1.30, 1.17, 1.09}; }

PrintedDimensions dimensions_at(const CompoundCoefficients& coefficients, double phi) {
  const ScalingFactors factors = coefficients.at(phi);
  return {floor_of(kBaseDepth * factors.depth), floor_of(kBaseResolution * factors.resolution)};
}

std::vector<PrintedDimensions> dimensions_by_rule(const CompoundCoefficients& coefficients) {
  std::vector<PrintedDimensions> result;
  for (const double phi : level_phis()) result.push_back(dimensions_at(coefficients, phi));
  return result;
}

std::vector<PrintedDimensions> single_objective_dimensions() {
  std::vector<PrintedDimensions> result;
  for (size_t level = 0; level < 8; ++level) {
    const ScalingFactors factors = published_scaling()[level].factors;
    result.push_back(
        {floor_of(kBaseDepth * factors.depth), floor_of(kBaseResolution * factors.resolution)});
  }
  return result;
}

int equal_numbers(const std::vector<PrintedDimensions>& ours, const Table6Column& column) {
  int equal = 0;
  for (size_t i = 0; i < column.printed.size(); ++i) {
    equal += ours[i].depth == column.printed[i].depth ? 1 : 0;
    equal += ours[i].resolution == column.printed[i].resolution ? 1 : 0;
  }
  return equal;
}

std::vector<double> fitted_phis() {
  std::vector<double> phis;
  for (size_t level = 0; level < table6_gpu().printed.size(); ++level) {
    double low = std::numeric_limits<double>::quiet_NaN(), high = low;
    for (int i = 0; i * kPhiStep <= kLargestPhi; ++i) {
      const double phi = i * kPhiStep;
      if (dimensions_at(table6_gpu_coefficients(), phi) != table6_gpu().printed[level] ||
          dimensions_at(table6_tpu_coefficients(), phi) != table6_tpu().printed[level]) {
        continue;
      }
      if (std::isnan(low)) low = phi;
      high = phi;
    }
    phis.push_back(level == 0 ? 0 : (low + high) / 2);
  }
  return phis;
}

std::string table6_text() {
  const auto gpu = dimensions_by_rule(table6_gpu_coefficients());
  const auto tpu = dimensions_by_rule(table6_tpu_coefficients());
  const auto single = single_objective_dimensions();
  const std::vector<double> phis = level_phis(), fitted = fitted_phis();
  TextTable table;
  table.header = {"level", "phi",      "single", "paper",     "LACS GPU",
                  "paper", "LACS TPU", "paper",  "fitted phi"};
  std::vector<PrintedDimensions> gpu_fitted, tpu_fitted;
  for (size_t i = 0; i < phis.size(); ++i) {
    table.rows.push_back({"X-B" + std::to_string(i), format_fixed(phis[i], 4),
                          dimensions_text(single[i]), dimensions_text(table6_single().printed[i]),
                          dimensions_text(gpu[i]), dimensions_text(table6_gpu().printed[i]),
                          dimensions_text(tpu[i]), dimensions_text(table6_tpu().printed[i]),
                          format_fixed(fitted[i], 3)});
    gpu_fitted.push_back(dimensions_at(table6_gpu_coefficients(), fitted[i]));
    tpu_fitted.push_back(dimensions_at(table6_tpu_coefficients(), fitted[i]));
  }
  const auto of = [](int equal) { return std::to_string(equal) + " of 16"; };
  return table.str() + "\nequal numbers: single objective " +
         of(equal_numbers(single, table6_single())) + "; LACS GPU by (1.28, 1.08) " +
         of(equal_numbers(gpu, table6_gpu())) + "; LACS TPU by (1.30, 1.09) " +
         of(equal_numbers(tpu, table6_tpu())) + "\nwith the fitted phi: LACS GPU " +
         of(equal_numbers(gpu_fitted, table6_gpu())) + ", LACS TPU " +
         of(equal_numbers(tpu_fitted, table6_tpu())) +
         "\nby Table 2's own coefficients: LACS GPU " +
         of(equal_numbers(dimensions_by_rule({1.28, 1.17, 1.07}), table6_gpu())) + ", LACS TPU " +
         of(equal_numbers(dimensions_by_rule({1.25, 1.17, 1.09}), table6_tpu())) + "\n";
}

std::string table5_dimensions_text() {
  const double phi = level_phis().back();
  TextTable table;
  table.header = {"LACS at", "coefficients", "depth, resolution of X-B7", "paper"};
  table.rows = {{"X-B1", "1.27, 1.16, 1.08",
                 dimensions_text(dimensions_at({1.27, 1.16, 1.08}, phi)), "75, 368"},
                {"X-B7", "1.28, 1.17, 1.07",
                 dimensions_text(dimensions_at({1.28, 1.17, 1.07}, phi)), "79, 350"}};
  return table.str();
}

}  // namespace ridgeline::paper
