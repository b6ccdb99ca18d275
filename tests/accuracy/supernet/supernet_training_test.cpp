#include "accuracy/supernet/supernet_training.h"

#include <ATen/ATen.h>

#include <map>

#include "core/error.h"
#include "tests/accuracy/small_networks.h"
#include "tests/accuracy/supernet/small_space.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::Contains;

namespace {

struct Recipe {
  SupernetConfig supernet;
  TrainingConfig training = small_task().training;
  Recipe() {
    supernet.epochs = 3;
    training.batch = 12;
  }
  SupernetPlan plan() const { return {.supernet = supernet, .training = training, .seed = 2}; }
};

/// 48 training and 12 validation images.
Dataset fractals() {
  Dataset data = few_fractals();
  hold_out_validation(data, 0.2, 1);
  return data;
}

std::vector<at::Tensor> copies(const SharedWeights& weights) {
  std::vector<at::Tensor> tensors;
  for (const auto& parameter : weights.parameters()) tensors.push_back(parameter.detach().clone());
  return tensors;
}

bool equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  bool same = a.size() == b.size();
  for (size_t i = 0; same && i < a.size(); ++i) same = at::equal(a[i], b[i]);
  return same;
}

/// Proposes random networks, and counts what it has learned: its whole state.
class CountingPolicy : public PathPolicy {
 public:
  explicit CountingPolicy(SearchSpace space) : space_(std::move(space)) {}
  Genotype propose(RandomStream& stream) override {
    for (int i = 0; i < learned % 3; ++i) stream.next();  // depends on the state
    return random_genotype(space_.decisions(), stream);
  }
  void learn(const Genotype&, double accuracy) override {
    ++learned;
    highest = std::max(highest, accuracy);
  }
  bool wants_accuracy(const Genotype&) override { return true; }
  std::string save() const override { return std::to_string(learned); }
  void restore(const std::string& bytes) override { learned = std::stoi(bytes); }

  int learned = 0;
  double highest = 0;

 private:
  SearchSpace space_;
};

}  // namespace

TEST_CASE("training shared weights lowers the loss of random paths") {
  Recipe recipe;
  recipe.supernet.epochs = 25;
  recipe.supernet.paths = 2;
  const SearchSpace space = narrow_space();
  const auto weights = shared_weights(space, 1);
  std::map<int, double> losses;
  SupernetPlan plan = recipe.plan();
  plan.after_step = [&](const StepReport& at) { losses[at.epoch] = at.loss; };
  const double last = train_supernet(*weights, supernet_space(space), fractals(), plan);
  CHECK(losses.size() == 25);
  CHECK(last == losses[25]);
  CHECK(last < 0.9 * losses[1]);
}

TEST_CASE("a training of shared weights that was stopped goes on to the same bits") {
  Recipe recipe;
  recipe.training.optimizer = GENERATE(OptimizerKind::kSgd, OptimizerKind::kRmsProp);
  recipe.training.ema_decay = GENERATE(0.0, 0.9);
  recipe.supernet.sampling = GENERATE(PathSampling::kUniform, PathSampling::kAlternate);
  if (recipe.training.optimizer == OptimizerKind::kRmsProp) recipe.training.learning_rate = 0.01;
  const SearchSpace space = small_space();
  const Dataset data = fractals();
  CountingPolicy policy(space);
  SupernetPlan plan = recipe.plan();
  plan.policy = &policy;
  const auto whole = shared_weights(space, 1);
  const double loss = train_supernet(*whole, supernet_space(space), data, plan);
  const int learned = policy.learned;

  TempFolder folder;
  CountingPolicy stopped(space);
  const auto pieces = shared_weights(space, 1);
  plan.policy = &stopped;
  plan.checkpoint = {.path = folder / "checkpoint", .identity = 5};
  int steps = 0;
  plan.checkpoint.stop_asked = [&] { return ++steps % 4 == 0; };
  int stops = 0;
  double resumed_loss = 0;
  for (bool done = false; !done;) {
    try {
      resumed_loss = train_supernet(*pieces, supernet_space(space), data, plan);
      done = true;
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::kInterrupted);
      ++stops;
      stopped.learned = -1;  // only the checkpoint knows
      const at::NoGradGuard no_gradients;
      for (auto& parameter : pieces->parameters()) parameter.zero_();
    }
  }
  CHECK(stops >= 2);
  CHECK(resumed_loss == loss);
  CHECK(stopped.learned == learned);
  CHECK(equal(copies(*whole), copies(*pieces)));
}

TEST_CASE("what no path of a step uses keeps its value") {
  Recipe recipe;
  recipe.supernet.epochs = 1;
  recipe.training.batch = 40;  // one step
  const SearchSpace space = small_space();
  const auto weights = shared_weights(space, 1);
  const auto before = copies(*weights);
  Genotype drawn;
  SupernetSpace watched = supernet_space(space);
  const auto decode = watched.architecture;
  watched.architecture = [&](const Genotype& genotype) {
    drawn = genotype;
    return decode(genotype);
  };
  train_supernet(*weights, watched, fractals(), recipe.plan());
  // The path's own gradients say which weights it uses.
  for (auto& parameter : weights->parameters()) parameter.mutable_grad().reset();
  NetworkModule module = weights->network(space.decode(drawn), 1);
  module->forward(at::ones({2, 3, 16, 16})).square().sum().backward();
  const auto after = weights->parameters();
  int changed = 0, kept = 0;
  for (size_t i = 0; i < after.size(); ++i) {
    if (!after[i].grad().defined()) {
      CHECK(at::equal(after[i], before[i]));
      ++kept;
    } else if (!at::equal(after[i], before[i])) {
      ++changed;
    }
  }
  CHECK(kept > 0);
  CHECK(changed > 0);
}

TEST_CASE("the policy learns once per step after the warm-up") {
  Recipe recipe;
  recipe.supernet.epochs = 4;
  recipe.supernet.sampling = PathSampling::kAlternate;
  recipe.supernet.warmup_share = 0.5;
  const SearchSpace space = small_space();
  const Dataset data = fractals();
  CountingPolicy policy(space);
  SupernetPlan plan = recipe.plan();
  plan.policy = &policy;
  int steps = 0;
  plan.after_step = [&](const StepReport&) { ++steps; };
  train_supernet(*shared_weights(space, 1), supernet_space(space), data, plan);
  CHECK(policy.learned == steps / 2);
  CHECK(policy.highest > 0);
}

TEST_CASE("fair genotypes hold every choice of a decision as often as any other") {
  const SearchSpace space = small_space();
  const auto& decisions = space.decisions();
  RandomStream stream(3, 0, "fair");
  for (const int count : {1, 5, 12}) {
    const auto genotypes = fair_genotypes(decisions, count, stream);
    REQUIRE(static_cast<int>(genotypes.size()) == count);
    std::vector<std::map<int, int>> seen(decisions.size());
    for (const auto& genotype : genotypes) {
      check_genotype(decisions, genotype);
      for (size_t d = 0; d < decisions.size(); ++d) ++seen[d][genotype[d]];
    }
    for (size_t d = 0; d < decisions.size(); ++d) {
      if (!decisions[d].active_when.empty()) continue;
      for (int choice = 0; choice < decisions[d].choices(); ++choice) {
        const int times = seen[d][choice];
        CHECK(times >= count / decisions[d].choices());
        CHECK(times <= (count + decisions[d].choices() - 1) / decisions[d].choices());
      }
    }
  }
}

TEST_CASE("shared weights whose loss is not finite end with where it happened") {
  Recipe recipe;
  recipe.training.learning_rate = 100;
  recipe.training.gradient_clip = 0;
  recipe.training.warmup_epochs = 0;
  recipe.training.weight_decay = 1;
  recipe.supernet.epochs = 30;
  const SearchSpace space = small_space();
  CHECK_THAT(error_of([&] {
               train_supernet(*shared_weights(space, 1), supernet_space(space), fractals(),
                              recipe.plan());
             }),
             Contains("not finite in epoch") && Contains("learning_rate"));
}
