#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/random.h"
#include "search_space/decision.h"

namespace ridgeline {

enum class ControllerKind { kReinforce, kRandom };
template <>
struct EnumNames<ControllerKind> {
  static constexpr std::array<std::pair<ControllerKind, const char*>, 2> values{
      {{ControllerKind::kReinforce, "reinforce"}, {ControllerKind::kRandom, "random"}}};
};

struct ControllerConfig {
  ControllerKind kind = ControllerKind::kReinforce;
  int hidden = 100;
  int layers = 1;
  int embedding = 100;
  double learning_rate = 0.0035;
  double entropy_weight = 0.01;
  double baseline_decay = 0.95;
  double gradient_clip = 1.0;
  double temperature = 1.0;
  double tanh_constant = 0.0;
  double init_range = 0.1;

  template <class V>
  void describe(V& v) {
    v.field(
        "kind", kind,
        {.help = "reinforce: LSTM policy; random: the baseline every search is judged against"});
    v.field("hidden", hidden, {.help = "LSTM units (NASNet: 100)", .min = 1, .max = 4096});
    v.field("layers", layers, {.help = "LSTM layers (NASNet: 1)", .min = 1, .max = 8});
    v.field("embedding", embedding,
            {.help = "size of the embedding of the previous choice", .min = 1, .max = 4096});
    v.field("learning_rate", learning_rate,
            {.help = "Adam's step size (ENAS: 0.0035)", .min = 1e-9, .max = 1.0});
    v.field("entropy_weight", entropy_weight,
            {.help = "weight of the entropy bonus; too small a weight lets the policy settle on "
                     "one network early (ENAS: 1e-4)",
             .min = 0.0,
             .max = 10.0});
    v.field("baseline_decay", baseline_decay,
            {.help = "decay of the moving-average reward baseline (NASNet: 0.95)",
             .min = 0.0,
             .max = 0.9999999});
    v.field("gradient_clip", gradient_clip,
            {.help = "largest L2 norm of a gradient; 0: no clipping", .min = 0.0, .max = 1e9});
    v.field("temperature", temperature,
            {.help = "logits are divided by this", .min = 1e-3, .max = 1e3});
    v.field("tanh_constant", tanh_constant,
            {.help = "c: logits become c tanh(logit); 0: off (ENAS: 2.5)", .min = 0.0, .max = 1e3});
    v.field("init_range", init_range,
            {.help = "weights start uniform in +- this (NASNet: 0.1)", .min = 0.0, .max = 10.0});
  }
};

/// What one update did; all zero for controllers that do not learn.
struct UpdateStats {
  double loss = 0;
  double mean_reward = 0;
  double baseline = 0;       ///< after the update
  double entropy = 0;        ///< mean per sample, nats, over active decisions
  double gradient_norm = 0;  ///< before clipping
};

/// Sees a list of decisions, returns integers, is told rewards; knows nothing of layers. Sampling
/// keeps no autograd graph: `update` scores the recorded integers again, so a run can be replayed
/// from its record.
class Controller {
 public:
  virtual ~Controller() = default;
  /// `n` genotypes with every random number drawn from `stream`, sample by sample: drawing 2 + 2
  /// consumes the stream as drawing 4 does. Changes no state.
  virtual std::vector<Genotype> sample(int n, RandomStream& stream) = 0;
  /// One learning step. genotypes.size() == rewards.size(); an empty batch changes nothing. Throws
  /// `kInternal` naming the index of a reward that is not finite, `kConfig` for a genotype of
  /// another space; then nothing has changed.
  UpdateStats update(std::span<const Genotype> genotypes, std::span<const double> rewards) {
    return update(genotypes, rewards, {});
  }
  /// The same on samples of earlier policies: each one's part in the policy gradient is multiplied
  /// by its importance weight, finite and >= 0, which estimates p_now(genotype) / p_then(genotype).
  /// No weights: all 1, and then the plain update to the last bit. Baseline and entropy bonus are
  /// not weighted.
  virtual UpdateStats update(std::span<const Genotype> genotypes, std::span<const double> rewards,
                             std::span<const double> weights) = 0;
  /// Per genotype, the log-probability (nats, over its active decisions) with which the policy now
  /// proposes it. Throws `kConfig` for a genotype of another space.
  virtual std::vector<double> log_probabilities(std::span<const Genotype> genotypes) = 0;
  /// The whole state (weights, optimiser, baseline) as bytes; `restore` then steps bit-identically.
  /// `restore` throws `kRun` for bytes that are damaged or of another controller; then nothing has
  /// changed.
  virtual std::string save() const = 0;
  virtual void restore(const std::string& bytes) = 0;
  /// Per decision, the probability of each choice, averaged over `samples` >= 1 genotypes drawn
  /// from `stream`. An inactive decision contributes 0, so a row sums to the probability of being
  /// active.
  virtual std::vector<std::vector<double>> marginals(int samples, RandomStream& stream) = 0;
};

/// Makes the configured controller over `decisions` (copied). `seed` fixes the initial weights.
/// Throws `kConfig` for a setting out of its range, no decisions, or a decision without choices.
std::unique_ptr<Controller> make_controller(const ControllerConfig& config,
                                            const std::vector<Decision>& decisions, uint64_t seed);

}  // namespace ridgeline
