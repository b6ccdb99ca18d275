#pragma once

#include <functional>
#include <string>
#include <vector>

#include "accuracy/config.h"
#include "accuracy/data/dataset.h"
#include "accuracy/supernet/shared_weights.h"
#include "accuracy/training/trainer.h"

namespace ridgeline {

/// A policy over the networks of a space that learns while the shared weights do.
class PathPolicy {
 public:
  virtual ~PathPolicy() = default;
  virtual Genotype propose(RandomStream& stream) = 0;
  /// `accuracy`: the fraction of one validation batch that the network classifies rightly now.
  virtual void learn(const Genotype& genotype, double accuracy) = 0;
  /// Whether `learn` can do something with an accuracy of this network; else it need not be known.
  virtual bool wants_accuracy(const Genotype& genotype) = 0;
  /// The whole state; `restore` goes on from there to the same bits.
  virtual std::string save() const = 0;
  virtual void restore(const std::string& bytes) = 0;
};

/// The networks that share the weights.
struct SupernetSpace {
  std::vector<Decision> decisions;
  std::function<Architecture(const Genotype&)> architecture;  ///< as the data needs it
};

/// One training of shared weights.
struct SupernetPlan {
  const SupernetConfig& supernet;
  const TrainingConfig& training;
  uint64_t seed = 1;
  PathPolicy* policy = nullptr;  ///< `sampling: alternate` needs one; borrowed
  CheckpointPlan checkpoint = {};
  std::function<void(const StepReport&)> after_step = {};
};

/// `count` random genotypes. Among them each choice of a decision comes up as often as any other,
/// to one, where the decision is always active (the fairness of FairNAS, Chu et al. 2019).
std::vector<Genotype> fair_genotypes(const std::vector<Decision>& decisions, int count,
                                     RandomStream& stream);

/// Trains `weights` in place: at each step the networks of a few paths on one batch, with the
/// recipe of `training` but `supernet.epochs` epochs. Batch norm works with the statistics of the
/// batch. What no path of a step uses does not change in it. With `sampling: alternate`, after the
/// warm-up the policy draws the paths, and learns from one validation batch after each step (TuNAS,
/// Bender et al. 2020). Returns the last epoch's mean loss. With a `checkpoint` it goes on from
/// there, to the same bits, and throws `kInterrupted` where it is asked to stop. Throws
/// `kInfeasible` for a loss that is not finite.
double train_supernet(SharedWeights& weights, const SupernetSpace& space, const Dataset& data,
                      const SupernetPlan& plan);

}  // namespace ridgeline
