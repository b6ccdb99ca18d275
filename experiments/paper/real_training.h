#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>

namespace ridgeline::paper {

/// How much is trained. The defaults are some 4,200 epochs.
struct RealTrainingPlan {
  int trials = 60;  ///< of each search
  int seeds = 3;
  int epochs = 5;         ///< of a trial
  int final_epochs = 20;  ///< of what is compared, on training and validation images
  int candidates = 6;     ///< of each of LACS's grids
  bool measured = false;  ///< latencies of this machine, each network timed once
  std::string only = {};  ///< the name of one data set; empty: both
};

/// The second end-to-end check: everything trained on this machine's CPU, on sign-language digits
/// (`images` holds signdigits32_*.idx.gz) and on generated fractal images, with latencies of
/// configs/hardware/xeon_skylake.yaml, or measured on this machine, at batch 32. Two questions,
/// both by test accuracy:
///
/// * REINFORCE against random search at equal trials in the space `tiny`, reward ACC x
///   (LAT/T)^-0.09;
/// * LACS against accuracy_only (1.2, 1.1, 1.15; Table 2) from the same base network at equal
///   latency.
///
/// Each table is written to `out` when it is ready. Deterministic unless latencies are measured:
/// one thread trains, seeds decide everything.
void report_real_training(const std::filesystem::path& images, const RealTrainingPlan& plan,
                          std::ostream& out,
                          const std::function<void(const std::string&)>& progress);

}  // namespace ridgeline::paper
