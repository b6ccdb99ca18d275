#include "experiments/supernet_run.h"

#include <numeric>

#include "experiments/store/facts.h"
#include "experiments/supernet_policy.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::Contains;

namespace {

ExperimentConfig supernet_config() {
  return small_config(
      "accuracy.kind=supernet;accuracy.supernet.epochs=1;accuracy.data.classes=3;"
      "accuracy.data.train_per_class=12;accuracy.data.test_per_class=4;"
      "accuracy.training.batch=8");
}

/// Everything that the training of shared weights needs.
struct Parts {
  ExperimentConfig config = supernet_config();
  SupernetEvaluator evaluator{config.accuracy};
  CandidateBuilder candidates{config.search_space(), data_shape(evaluator)};
  std::unique_ptr<LatencyOracle> oracle = make_oracle(config.latency);

  void train(TrialStore& store, const std::filesystem::path& file, int* steps = nullptr) const {
    train_shared_weights(config, {candidates, {{"", *oracle}}, evaluator, store}, file,
                         [&](const StepReport&) {
                           if (steps != nullptr) ++*steps;
                         });
  }
};

}  // namespace

TEST_CASE("shared weights are trained once, and again to the same file where it is lost") {
  TempFolder folder;
  const Parts parts;
  const auto file = folder / "supernet.pt";
  TrialStore store(folder / "store.sqlite");
  parts.train(store, file);
  const std::string bytes = read_file(file);
  int steps = 0;
  parts.train(store, file, &steps);
  CHECK(steps == 0);
  std::filesystem::remove(file);
  parts.train(store, file, &steps);
  CHECK(steps > 0);
  CHECK(read_file(file) == bytes);
  write_file_atomic(file, "damaged");
  parts.train(store, file);
  CHECK(read_file(file) == bytes);
}

TEST_CASE("shared weights that come out otherwise than those of the recorded trials are refused") {
  TempFolder folder;
  const Parts parts;
  TrialStore store(folder / "store.sqlite");
  store.set_fact(kSupernetFact, "1");
  CHECK_THAT(error_of([&] { parts.train(store, folder / "supernet.pt"); }),
             Contains("differ from those that scored this run's trials"));
}

TEST_CASE("the policy beside the shared weights learns the reward and goes on from its state") {
  Parts parts;
  parts.config.accuracy.supernet.policy_learning_rate = 0.1;
  const auto& decisions = parts.candidates.space().decisions();
  const auto make = [&] {
    return make_supernet_policy(parts.config, parts.candidates, {{"", *parts.oracle}});
  };
  const auto policy = make();
  const auto share_of_first = [&](PathPolicy& asked) {
    RandomStream stream(8, 0, "share");
    int first = 0;
    for (int i = 0; i < 200; ++i) first += asked.propose(stream)[0] == 0 ? 1 : 0;
    return first / 200.0;
  };
  const double before = share_of_first(*policy);
  RandomStream stream(9, 0, "steps");
  for (int step = 0; step < 200; ++step) {
    const Genotype genotype = policy->propose(stream);
    check_genotype(decisions, genotype);
    REQUIRE(policy->wants_accuracy(genotype));
    policy->learn(genotype, genotype[0] == 0 ? 0.9 : 0.1);
  }
  CHECK(before < 0.7);
  CHECK(share_of_first(*policy) > 0.9);

  const auto restored = make();
  restored->restore(policy->save());
  RandomStream a(10, 0, "same"), b(10, 0, "same");
  for (int step = 0; step < 20; ++step) {
    const Genotype genotype = policy->propose(a);
    CHECK(restored->propose(b) == genotype);
    policy->learn(genotype, 0.5);
    restored->learn(genotype, 0.5);
  }
}
