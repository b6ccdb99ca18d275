#pragma once

#include <filesystem>
#include <string>

#include "network/network.h"
#include "search_space/architecture.h"
#include "tables/surrogate.h"

namespace ridgeline::paper {

/// How well the two fits behind `BlockAccuracy` tell networks that they were not fitted to.
struct BlockAccuracyQuality {
  SurrogateQuality reduced;  ///< of the surrogate, in the table's own short training
  double spearman = 0;       ///< of the same, held-out rows
  int networks = 0;          ///< trained with the short and with a fuller schedule
  double slope = 0;          ///< points of the fuller training per point of the short one
  double fuller_error = 0;   ///< mean absolute leave-one-out error of that line, fraction
};

/// A column of Accel-NASBench's table under `data`, by its points.
TableConfig accel_nasbench_column(const std::filesystem::path& data, const std::string& column,
                                  TableUnit unit);
/// A network's expansion, kernel, layers and squeeze-and-excite as a point of that table.
Architecture accel_nasbench_point(const Architecture& architecture);

/// What a step of Table 4 is worth, as a fraction.
struct Table4Credits {
  double space_to_depth, fused, swish_early, swish_late;
};
/// space-to-depth 0.2 points; fusing stages 4 and 5 0.3; swish in the stem and stages 4 and 5 0.1
/// (X-B0 on TPU against X-B0 on GPU), in all others 0.4 ("+Fused Conv" against X-B0 on TPU).
Table4Credits table4_credits();

/// What fusing stages that Table 4 does not fuse is worth. Only fusing stages 4 and 5 together was
/// measured.
enum class FusedCredit {
  kLogMadds,  ///< 0.3 points x ln(MAdds / MAdds unfused) / ln(the same of Table 4), however much
  kCapped,    ///< the same, at most the measured 0.3 points
  kFlat,      ///< half of it per fused stage
};

/// How swish's measured worth is divided among the places that kept or lost it together: by the
/// layers of Table 4's networks (a stage of three layers has three times the activations of one),
/// or the same for stem, head and each stage whatever its layers.
enum class SwishCredit { kPerLayer, kPerPlace };

/// What Table 4 leaves open.
struct Assumptions {
  FusedCredit fused = FusedCredit::kLogMadds;
  SwishCredit swish = SwishCredit::kPerLayer;
};

/// ImageNet top-1 of a network of the spaces `efficientnet_x_blocks` and `efficientnet_blocks`, put
/// together from published trainings:
///
///   accuracy = 77.3 % (EfficientNet-B0) + slope (S(network) - S(EfficientNet-B0))
///              + space-to-depth + fused - swish left out
///
/// S is a surrogate of Accel-NASBench's 16-epoch trainings of kernel, expansion, layers and
/// squeeze-and-excite; `slope` is fitted to the networks that it trained with a fuller schedule
/// too. The other terms are the steps of Table 4 of the EfficientNet-X paper, divided among the
/// stages as `Assumptions` say. That the terms add up is an assumption; no published training tests
/// it.
class BlockAccuracy {
 public:
  /// `data` holds accelnb/. Throws `kData` for a file that is missing or no such table.
  explicit BlockAccuracy(const std::filesystem::path& data, const Assumptions& assumptions = {});

  /// A fraction in [0, 1]. `lowered` is the architecture's network. Throws `kConfig` for a choice
  /// that the table does not have.
  double operator()(const Architecture& architecture, const Network& lowered) const;
  const BlockAccuracyQuality& quality() const { return quality_; }
  std::string description() const;

 private:
  double reduced(const Architecture& architecture) const;
  double fused_share(const Architecture& architecture, const Network& lowered) const;

  double swish_left_out(const Architecture& architecture) const;

  Assumptions assumptions_;
  Surrogate surrogate_;
  BlockAccuracyQuality quality_;
  double reduced_b0_ = 0;
  double fused_log_madds_ = 0;  ///< of Table 4's step
};

}  // namespace ridgeline::paper
