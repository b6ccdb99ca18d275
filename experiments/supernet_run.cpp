#include "experiments/supernet_run.h"

#include <cmath>

#include "accuracy/supernet/supernet_training.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/units.h"
#include "experiments/store/facts.h"
#include "experiments/supernet_policy.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

std::string checksum(const std::filesystem::path& file) {
  return std::to_string(hash_text(read_file(file)));
}

/// A loss near that of a guess means scores near chance, whose order says nothing.
void warn_if_untrained(double loss, int classes, LossKind kind) {
  constexpr double kLearned = 0.8;
  const double guess = std::log(classes);
  if (kind != LossKind::kCrossEntropy || loss < kLearned * guess) return;
  spdlog::warn(
      "the shared weights have hardly learned: their last loss is {}, that of a guess {}; scores "
      "will not rank networks; raise accuracy.supernet.epochs, or use accuracy.kind proxy",
      format_fixed(loss, 3), format_fixed(guess, 3));
}

}  // namespace

void train_shared_weights(const ExperimentConfig& config, const SupernetParts& parts,
                          const std::filesystem::path& file,
                          const std::function<void(const StepReport&)>& after_step) {
  const auto recorded = parts.store.fact(kSupernetFact);
  if (recorded && std::filesystem::exists(file) && checksum(file) == *recorded) return;
  if (recorded)
    spdlog::warn("{}: is lost or damaged; the shared weights are trained again", file.string());
  const SupernetConfig& supernet = config.accuracy.supernet;
  const auto& decisions = parts.candidates.space().decisions();
  const SupernetSpace space{
      decisions, [&](const Genotype& genotype) { return parts.candidates.architecture(genotype); }};
  RandomStream stream(config.seed, 0, "supernet base");
  const auto weights = SharedWeights::of_space(
      decisions, space.architecture(random_genotype(decisions, stream)), config.seed);
  spdlog::info("training the shared weights: {} in {} tensors, {} epochs",
               format_count(static_cast<double>(count_parameters(*weights))),
               weights->parameters().size(), supernet.epochs);
  std::unique_ptr<PathPolicy> policy;
  if (supernet.sampling == PathSampling::kAlternate)
    policy = make_supernet_policy(config, parts.candidates, parts.oracles);
  const std::filesystem::path checkpoint = file.string() + ".checkpoint";
  const double loss =
      train_supernet(*weights, space, parts.evaluator.data(),
                     {.supernet = supernet,
                      .training = config.accuracy.training,
                      .seed = config.seed,
                      .policy = policy.get(),
                      .checkpoint = {.path = checkpoint.string(),
                                     .identity = hash_text(config.result_identity()),
                                     .every_s = config.runtime.trial_checkpoint_s,
                                     .stop_asked = [] { return interrupts() > 0; }},
                      .after_step = after_step});
  warn_if_untrained(loss, parts.evaluator.classes(), config.accuracy.training.loss);
  save_weights(*weights, file);
  const std::string sum = checksum(file);
  if (recorded && *recorded != sum) {
    throw Error(ErrorKind::kRun, file.string() +
                                     ": the shared weights, trained again, differ from those that "
                                     "scored this run's trials, perhaps since machine or LibTorch "
                                     "changed; put the original file back, or start a new run");
  }
  parts.store.append_event("shared weights trained", "last loss " + format_fixed(loss, 4));
  parts.store.set_fact(kSupernetFact, sum);
  std::error_code ignored;
  std::filesystem::remove(checkpoint, ignored);
}

}  // namespace ridgeline
