#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/config.h"
#include "core/random.h"
#include "search_space/decision.h"

namespace ridgeline {

/// What one update did; all zero for controllers that do not learn.
struct UpdateStats {
  double loss = 0;
  double mean_reward = 0;
  double baseline = 0;       ///< after the update
  double entropy = 0;        ///< mean per sample, nats, over active decisions
  double gradient_norm = 0;  ///< before clipping
};

/// What a trial measured, beside its reward.
struct Objectives {
  double accuracy = 0;    ///< fraction; more is better
  double latency_ms = 0;  ///< less is better
  bool complete = false;  ///< false: the trial failed, and neither number counts
};

/// A proposal and what came of it.
struct Observation {
  Genotype genotype;
  double reward = 0;  ///< finite
  /// Of a sample of an earlier policy: multiplies its part in the policy gradient. Finite and >= 0;
  /// estimates p_now(genotype) / p_then(genotype). Baseline and entropy bonus are not weighted.
  double weight = 1;
  /// Controllers that learn from rewards alone leave them unread.
  std::optional<Objectives> objectives = {};
};

/// Sees a list of decisions, returns genotypes, receives rewards; knows nothing of layers. Sampling
/// keeps no autograd graph: `update` scores the recorded integers again, so a run can be replayed
/// from its record.
class Controller {
 public:
  virtual ~Controller() = default;
  /// `n` genotypes with every random number drawn from `stream`, sample by sample: drawing 2 + 2
  /// consumes the stream as drawing 4 does. Changes no state.
  virtual std::vector<Genotype> sample(int n, RandomStream& stream) = 0;
  /// Adds proposals whose rewards are not known yet, so that `sample` does not waste a draw on
  /// them, as on genotypes whose rewards it knows. They are no part of the saved state: who
  /// restores one adds them again.
  virtual void add_pending(std::span<const Genotype> /*proposed*/) {}
  /// One learning step; an empty batch changes nothing. Throws `kInternal` naming the index of an
  /// observation whose reward or weight is out of its range, `kConfig` for a genotype of another
  /// space; then nothing has changed.
  virtual UpdateStats update(std::span<const Observation> batch) = 0;
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

}  // namespace ridgeline
