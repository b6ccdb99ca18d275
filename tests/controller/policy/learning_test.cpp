#include <cmath>
#include <set>

#include "controller/controller.h"
#include "controller/policy/advantage.h"
#include "controller/policy/make_controller.h"
#include "controller/policy/replay.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::conditional_space;
using test::plain_space;

namespace {

ControllerConfig plain() {
  return {.policy = {.lstm = {.hidden = 12, .embedding = 7}},
          .gradient = {.advantage = AdvantageKind::kDifference,
                       .entropy_weight = 0,
                       .replay_best = 0,
                       .local_share = 0},
          .redraws = 0};
}

double probability(Controller& controller, const Genotype& genotype) {
  return std::exp(controller.log_probabilities({&genotype, 1})[0]);
}

/// All controllers that learn by a policy gradient.
std::vector<ControllerConfig> learners() {
  std::vector<ControllerConfig> configs;
  for (const auto kind : {ControllerKind::kReinforce, ControllerKind::kPpo}) {
    for (const auto policy : {PolicyKind::kLstm, PolicyKind::kFactorised}) {
      ControllerConfig config = {
          .kind = kind, .policy = {.kind = policy, .lstm = {.hidden = 12, .embedding = 7}}};
      config.policy.logit_learning_rate = 0.05;
      configs.push_back(config);
    }
  }
  return configs;
}

/// Learns to want decision `block` active and at 2.
void learn(Controller& controller, uint64_t first, uint64_t batches) {
  for (uint64_t i = first; i < first + batches; ++i) {
    RandomStream stream(3, i, "sample");
    const auto genotypes = controller.sample(10, stream);
    std::vector<double> rewards;
    for (const auto& g : genotypes)
      rewards.push_back(g[1] == kInactive ? 0.5 : g[1] == 2 ? 1.0 : 0.45);
    test::observe(controller, genotypes, rewards);
  }
}

}  // namespace

TEST_CASE("every learning controller learns a conditional decision") {
  for (auto config : learners()) {
    config.redraws = 0;               // the space of 12 points is soon known
    config.gradient.replay_best = 2;  // as many points are best
    const auto controller = make_controller(config, conditional_space(), 5);
    learn(*controller, 0, 150);
    CHECK(probability(*controller, {1, 2, 0}) + probability(*controller, {1, 2, 1}) > 0.8);
  }
}

TEST_CASE("every learning controller, restored, learns bit for bit as the original") {
  for (const auto& config : learners()) {
    const auto original = make_controller(config, conditional_space(), 5);
    const auto copy = make_controller(config, conditional_space(), 99);
    learn(*original, 0, 4);
    copy->restore(original->save());
    CHECK(copy->save() == original->save());
    learn(*original, 4, 3);
    learn(*copy, 4, 3);
    CHECK(copy->save() == original->save());
  }
}

// One decision of two equally probable choices, learning rate log(3) / 2: a step of Adam moves the
// two logits apart by log(3), from ratio 1 to ratio 1.5. The second epoch finds both ratios outside
// 1 +- 0.2 in the direction of their advantages, so its gradient is 0.
TEST_CASE("PPO stops where the ratio has left its trust region") {
  const auto last_norm = [](double clip) {
    ControllerConfig config = plain();
    config.kind = ControllerKind::kPpo;
    config.policy.kind = PolicyKind::kFactorised;
    config.policy.logit_learning_rate = 0.5 * std::log(3.0);
    config.ppo.clip = clip;
    config.ppo.epochs = 2;
    const auto controller = make_controller(config, {test::decision("a", 2)}, 1);
    const std::vector<Genotype> both = {{0}, {1}};
    return test::observe(*controller, both, std::vector<double>{1, 0}).gradient_norm;
  };
  CHECK(last_norm(0.2) == 0);
  // Unclipped: (1.5 x 0.5 x 0.25 + 0.5 x 0.5 x 0.75) / 2 on each logit.
  CHECK(last_norm(10) == Approx(std::sqrt(2.0) * (0.1875 + 0.1875) / 2).epsilon(1e-5));
}

TEST_CASE("replay raises the probability of the best even when it is not sampled again") {
  ControllerConfig config = plain();
  config.gradient.replay_best = 1;
  const auto controller = make_controller(config, plain_space(), 5);
  const Genotype best = {1, 2, 0, 3};
  const Genotype other = {0, 0, 0, 0};
  test::observe(*controller, std::vector<Genotype>{best, other}, std::vector<double>{0.9, 0.1});
  const double before = probability(*controller, best);
  for (int i = 0; i < 60; ++i) {
    test::observe(*controller, std::vector<Genotype>{other}, std::vector<double>{0.1});
  }
  CHECK(probability(*controller, best) > 2 * before);
}

TEST_CASE("the replay holds the best different genotypes, best first") {
  BestReplay replay(2);
  replay.observe({0}, 0.5);
  replay.observe({1}, 0.7);
  replay.observe({2}, 0.6);
  CHECK(replay.genotypes() == std::vector<Genotype>{{1}, {2}});
  replay.observe({1}, 0.1);  // measured again, and worse
  CHECK(replay.genotypes() == std::vector<Genotype>{{2}, {1}});
}

TEST_CASE("advantages are differences, differences in units of their spread, or ranks") {
  const auto made = [](AdvantageKind kind) {
    return Advantages({.advantage = kind, .baseline_decay = 0.5});
  };
  const std::vector<double> first = {1, 3};
  auto difference = made(AdvantageKind::kDifference);
  CHECK(difference.of(first) == std::vector<double>{-1, 1});
  difference.observe(first);
  CHECK(difference.of(std::vector<double>{5}) == std::vector<double>{3});
  auto normalised = made(AdvantageKind::kNormalised);
  CHECK(normalised.of(std::vector<double>{100, 300}) == std::vector<double>{-1, 1});
  CHECK(normalised.of(std::vector<double>{2, 2}) == std::vector<double>{0, 0});
  auto rank = made(AdvantageKind::kRank);
  CHECK(rank.of(first) == std::vector<double>{-0.5, 0.5});
  rank.observe(first);
  // Below 2 lies 1 of the 3, and 2 itself counts half.
  CHECK(rank.of(std::vector<double>{2})[0] == Approx(0));
  CHECK(rank.of(std::vector<double>{9})[0] == Approx(2.0 * 2.5 / 3 - 1));
}

TEST_CASE("with ranks only the order of rewards matters") {
  ControllerConfig config = plain();
  config.gradient.advantage = AdvantageKind::kRank;
  const auto state = [&](double scale, double offset) {
    const auto controller = make_controller(config, plain_space(), 5);
    for (uint64_t i = 0; i < 5; ++i) {
      RandomStream stream(3, i, "sample");
      const auto genotypes = controller->sample(6, stream);
      std::vector<double> rewards;
      for (const auto& g : genotypes) rewards.push_back(offset + scale * (g[3] + 0.5 * g[1]));
      test::observe(*controller, genotypes, rewards);
    }
    RandomStream stream(1);
    return controller->marginals(20, stream);
  };
  CHECK(state(1, 0) == state(0.25, 64));
}

TEST_CASE("a controller with redraws proposes each point of a small space once") {
  for (const auto kind :
       {ControllerKind::kRandom, ControllerKind::kEvolution, ControllerKind::kReinforce}) {
    ControllerConfig config = plain();
    config.kind = kind;
    config.redraws = 1000;
    config.population = 4;
    const auto controller =
        make_controller(config, {test::decision("a", 3), test::decision("b", 4)}, 5);
    std::set<Genotype> seen;
    for (uint64_t batch = 0; batch < 3; ++batch) {
      RandomStream stream(3, batch, "sample");
      const auto genotypes = controller->sample(3, stream);
      seen.insert(genotypes.begin(), genotypes.end());
      test::observe(*controller, genotypes, std::vector<double>(3, 0.5));
    }
    CHECK(seen.size() == 9);
  }
}

TEST_CASE(
    "a controller with redraws proposes nothing that is awaited, and keeps that out of its state") {
  for (const auto kind :
       {ControllerKind::kRandom, ControllerKind::kEvolution, ControllerKind::kReinforce}) {
    ControllerConfig config = plain();
    config.kind = kind;
    config.redraws = 1000;
    config.population = 4;
    const auto controller =
        make_controller(config, {test::decision("a", 3), test::decision("b", 4)}, 5);
    const std::string before = controller->save();
    std::set<Genotype> seen;
    for (uint64_t batch = 0; batch < 3; ++batch) {
      RandomStream stream(3, batch, "sample");
      const auto genotypes = controller->sample(4, stream);
      seen.insert(genotypes.begin(), genotypes.end());
      controller->add_pending(genotypes);
    }
    CHECK(seen.size() == 12);
    CHECK(controller->save() == before);
  }
}

TEST_CASE("redraws neither use up the stream nor outlast a space that is all known") {
  ControllerConfig config = plain();
  config.redraws = 5;
  const auto controller = make_controller(config, {test::decision("a", 2)}, 5);
  RandomStream stream(3);
  RandomStream parts(3);
  test::observe(*controller, std::vector<Genotype>{{0}, {1}}, std::vector<double>{0.1, 0.2});
  CHECK(controller->sample(4, stream).size() == 4);
  controller->sample(2, parts);
  controller->sample(2, parts);
  CHECK(stream.next() == parts.next());
}

TEST_CASE("the state of another kind of controller or policy is refused") {
  const auto configs = learners();
  const auto reinforce = make_controller(configs[0], conditional_space(), 5);
  const auto factorised = make_controller(configs[1], conditional_space(), 5);
  const auto ppo = make_controller(configs[2], conditional_space(), 5);
  CHECK_THAT(test::error_of([&] { ppo->restore(reinforce->save()); }),
             Catch::Contains("saved by a 'reinforce' controller; this one is 'ppo'"));
  CHECK_THAT(test::error_of([&] { reinforce->restore(factorised->save()); }),
             Catch::Contains("9 logits; this one has hidden 12"));
}
