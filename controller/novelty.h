#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "controller/decorator.h"

namespace ridgeline {

/// Redraws proposals of `inner` that were observed before, are pending, or occur twice in one call,
/// each up to `redraws` times. What is still known then is mutated, step by step, up to as often: a
/// policy that has converged then searches around its optimum. A repeat teaches nothing new.
class Novel final : public ControllerDecorator {
 public:
  Novel(std::unique_ptr<Controller> inner, ControllerKind kind,
        const std::vector<Decision>& decisions, int redraws);

  std::vector<Genotype> sample(int n, RandomStream& stream) override;
  /// What `inner` draws, known or not.
  std::vector<Genotype> draw(int n, RandomStream& stream) { return inner().sample(n, stream); }
  bool observed(const Genotype& genotype) const;
  /// Observed before, or pending.
  bool knows(const Genotype& genotype) const;

  void add_pending(std::span<const Genotype> proposed) override;
  UpdateStats update(std::span<const Observation> batch) override;
  std::string save() const override;
  void restore(const std::string& bytes) override;

 private:
  /// Identities instead of genotypes: eight bytes per trial. Two genotypes of one identity, one in
  /// 1e9 among 100,000, only cost a proposal.
  using Identities = std::unordered_set<uint64_t>;
  /// Whether `genotype` is neither known nor taken; then it is taken.
  bool take(const Genotype& genotype, Identities& taken) const;

  ControllerKind kind_;
  std::vector<Decision> decisions_;
  int redraws_;
  Identities observed_;
  std::vector<uint64_t> order_;  // of observed_, as first observed
  Identities pending_;           // proposed, not observed
};

}  // namespace ridgeline
