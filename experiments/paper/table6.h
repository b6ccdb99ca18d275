#pragma once

#include <string>
#include <vector>

#include "scaling/compound.h"

namespace ridgeline::paper {

/// Depth (of 16) and resolution as the paper prints them.
struct PrintedDimensions {
  int depth = 0, resolution = 0;
  bool operator==(const PrintedDimensions&) const = default;
};

/// A column pair of Table 6: X-B0 to X-B7.
struct Table6Column {
  std::string name;
  std::vector<PrintedDimensions> printed;
};
const Table6Column& table6_single();
const Table6Column& table6_gpu();
const Table6Column& table6_tpu();

/// The rule that the printed numbers follow: depth = floor(16 alpha^phi), resolution =
/// floor(224 gamma^phi).
PrintedDimensions dimensions_at(const CompoundCoefficients& coefficients, double phi);
/// phi = log2(d w^2 (r/224)^2) of EfficientNet's published factors, per level.
std::vector<PrintedDimensions> dimensions_by_rule(const CompoundCoefficients& coefficients);
/// EfficientNet's published factors: depth floor(16 d), resolution.
std::vector<PrintedDimensions> single_objective_dimensions();
/// How many of the 16 numbers of a column are equal.
int equal_numbers(const std::vector<PrintedDimensions>& ours, const Table6Column& column);

/// Per level, the middle of the phi at which the GPU column by (1.28, 1.08) and the TPU column by
/// (1.30, 1.09) come out both; NaN where no phi gives both.
std::vector<double> fitted_phis();

/// The coefficients that Table 6 follows, which are not all those of Table 2.
CompoundCoefficients table6_gpu_coefficients();
CompoundCoefficients table6_tpu_coefficients();

std::string table6_text();
/// Table 5: X-B7's depth and resolution by the coefficients of its two rows.
std::string table5_dimensions_text();

}  // namespace ridgeline::paper
