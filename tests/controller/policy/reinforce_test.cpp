#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <limits>

#include "controller/controller.h"
#include "controller/policy/make_controller.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::classic;
using test::conditional_space;
using test::error_of;
using test::plain_space;

namespace {

/// Samples and updates `updates` times with batches of `batch`; returns the last update's figures.
template <class F>
UpdateStats learn(Controller& controller, int updates, int batch, const F& reward_of) {
  UpdateStats stats;
  for (int i = 0; i < updates; ++i) {
    RandomStream stream(21, static_cast<uint64_t>(i), "sample");
    const auto genotypes = controller.sample(batch, stream);
    std::vector<double> rewards;
    for (const auto& genotype : genotypes) rewards.push_back(reward_of(genotype));
    stats = test::observe(controller, genotypes, rewards);
  }
  return stats;
}

double probability_of(Controller& controller, size_t decision, size_t choice) {
  RandomStream stream(77);
  return controller.marginals(200, stream)[decision][choice];
}

}  // namespace

// All weights are 0, so the LSTM's output is 0 and only the head's two biases have a gradient. The
// advantages are +-1/2, log p = -log 2, and d(log p of a choice)/d(its bias) = 1/2, of the other
// -1/2: the gradient is (-1/4, 1/4). Adam's first step then moves each bias by the learning rate.
TEST_CASE("the first update of a two-choice policy is as derived by hand") {
  const ControllerConfig config{.policy = {.lstm = {.init_range = 0, .learning_rate = 0.01}},
                                .gradient = {.entropy_weight = 0.2}};
  const auto controller = make_controller(classic(config), {test::decision("a", 2)}, 1);
  const std::vector<Genotype> genotypes = {{0}, {1}};
  const std::vector<double> rewards = {1, 0};
  const UpdateStats stats = test::observe(*controller, genotypes, rewards);
  CHECK(stats.mean_reward == 0.5);
  CHECK(stats.baseline == 0.5);
  CHECK(stats.entropy == Approx(std::log(2.0)).epsilon(1e-6));
  CHECK(stats.loss == Approx(-0.2 * std::log(2.0)).epsilon(1e-6));
  CHECK(stats.gradient_norm == Approx(std::sqrt(2.0) / 4).epsilon(1e-6));
  const double p = 1 / (1 + std::exp(-0.02));
  CHECK(probability_of(*controller, 0, 0) == Approx(p).epsilon(1e-6));
  CHECK(probability_of(*controller, 0, 1) == Approx(1 - p).epsilon(1e-6));
}

TEST_CASE("the baseline starts at the first batch's mean and then moves by its decay") {
  const auto controller =
      make_controller(classic({.gradient = {.baseline_decay = 0.75}}), plain_space(), 1);
  const std::vector<Genotype> genotypes = {{0, 0, 0, 0}, {1, 1, 1, 1}};
  const auto baseline_after = [&](std::vector<double> rewards) {
    return test::observe(*controller, genotypes, rewards).baseline;
  };
  CHECK(baseline_after({0.25, 0.75}) == 0.5);
  CHECK(baseline_after({1, 2}) == 0.75);  // 0.75 x 0.5 + 0.25 x 1.5
}

TEST_CASE("rewards equal to the baseline change nothing but for the entropy bonus") {
  const auto controller = make_controller(
      classic({.policy = {.lstm = {.init_range = 0.5}}, .gradient = {.entropy_weight = 0}}),
      plain_space(), 1);
  const std::vector<Genotype> genotypes = {{0, 0, 0, 0}, {1, 1, 1, 1}};
  const double before = probability_of(*controller, 1, 0);
  const UpdateStats stats = test::observe(*controller, genotypes, std::vector<double>{0.6, 0.6});
  CHECK(stats.gradient_norm == Approx(0).margin(1e-7));
  CHECK(probability_of(*controller, 1, 0) == Approx(before).epsilon(1e-6));
}

TEST_CASE("the entropy bonus alone drives the policy towards uniform choices") {
  const auto controller = make_controller(
      classic({.policy = {.lstm = {.hidden = 16, .init_range = 1, .learning_rate = 0.02}},
               .gradient = {.entropy_weight = 1}}),
      plain_space(), 1);
  const auto constant = [](const Genotype&) { return 0.5; };
  const double first = learn(*controller, 1, 8, constant).entropy;
  const double last = learn(*controller, 150, 8, constant).entropy;
  const double uniform = std::log(48.0);
  CHECK(first < 0.95 * uniform);
  CHECK(last > 0.99 * uniform);
}

TEST_CASE("clipping shortens the gradient to its limit and Adam's step stays the same") {
  // Adam divides by the gradient's own size, so a first step shows clipping only through the
  // moments: after it, an unclipped large gradient outweighs the second gradient, a clipped one
  // does not.
  const std::vector<Genotype> genotypes = {{0}, {1}};
  const auto after_two = [&](double clip) {
    const auto controller =
        make_controller(classic({.policy = {.lstm = {.init_range = 0, .learning_rate = 0.1}},
                                 .gradient = {.baseline_decay = 0, .gradient_clip = clip}}),
                        {test::decision("a", 2)}, 1);
    const UpdateStats stats = test::observe(*controller, genotypes, std::vector<double>{1000, 0});
    CHECK(stats.gradient_norm == Approx(1000 * std::sqrt(2.0) / 4).epsilon(1e-6));
    test::observe(*controller, genotypes, std::vector<double>{499.5, 500.5});
    return probability_of(*controller, 0, 0);
  };
  CHECK(after_two(0) > after_two(0.1) + 0.01);
  CHECK(after_two(0) == after_two(1e6));
}

TEST_CASE("the policy learns a bandit of eight arms") {
  const auto controller = make_controller(classic({.gradient = {.entropy_weight = 0.01}}),
                                          {test::decision("arm", 8)}, 5);
  learn(*controller, 150, 10, [](const Genotype& g) { return g[0] == 6 ? 1.0 : 0.1 * g[0]; });
  CHECK(probability_of(*controller, 0, 6) > 0.9);
}

TEST_CASE("the policy learns the best point of a plain space") {
  const auto controller =
      make_controller(classic({.gradient = {.entropy_weight = 0.01}}), plain_space(), 5);
  learn(*controller, 200, 10, [](const Genotype& g) {
    return 0.2 * (g[0] == 1) + 0.2 * (g[1] == 2) + 0.2 * (g[2] == 0) + 0.4 * (g[3] == 3);
  });
  CHECK(probability_of(*controller, 0, 1) > 0.9);
  CHECK(probability_of(*controller, 1, 2) > 0.9);
  CHECK(probability_of(*controller, 2, 0) > 0.9);
  CHECK(probability_of(*controller, 3, 3) > 0.9);
}

TEST_CASE("the policy learns to switch a conditional decision on and to make it well") {
  const auto controller =
      make_controller(classic({.gradient = {.entropy_weight = 0.01}}), conditional_space(), 5);
  learn(*controller, 300, 10, [](const Genotype& g) {
    if (g[1] == kInactive) return 0.5;
    return g[1] == 2 ? 1.0 : 0.45;
  });
  CHECK(probability_of(*controller, 1, 2) > 0.9);
}

TEST_CASE("the policy learns a choice that must agree with an earlier one") {
  const auto controller = make_controller(classic({.gradient = {.entropy_weight = 0.1}}),
                                          {test::decision("a", 2), test::decision("b", 2)}, 5);
  learn(*controller, 300, 20, [](const Genotype& g) { return g[0] == g[1] ? 1.0 : 0.0; });
  RandomStream stream(13);
  int equal = 0;
  int ones = 0;
  for (const auto& genotype : controller->sample(200, stream)) {
    equal += genotype[0] == genotype[1];
    ones += genotype[0];
  }
  CHECK(equal > 180);
  CHECK(ones > 20);  // the entropy bonus keeps both ways open
  CHECK(ones < 180);
}

TEST_CASE("sampling and marginals change no state") {
  const auto controller =
      make_controller(classic({.gradient = {.entropy_weight = 0.01}}), conditional_space(), 5);
  const std::string before = controller->save();
  RandomStream stream(1);
  controller->sample(10, stream);
  controller->marginals(10, stream);
  CHECK(controller->save() == before);
}

TEST_CASE("nothing is drawn from the process-wide generator") {
  const at::Tensor before = at::detail::getDefaultCPUGenerator().get_state();
  const auto controller =
      make_controller(classic({.gradient = {.entropy_weight = 0.01}}), plain_space(), 5);
  learn(*controller, 2, 5, [](const Genotype& g) { return g[0]; });
  CHECK(at::equal(before, at::detail::getDefaultCPUGenerator().get_state()));
}

TEST_CASE("the number of threads is put back and does not change the result") {
  const int threads = at::get_num_threads();
  const auto state_with = [&](int n) {
    at::set_num_threads(n);
    const auto controller =
        make_controller(classic({.gradient = {.entropy_weight = 0.01}}), plain_space(), 5);
    learn(*controller, 3, 16, [](const Genotype& g) { return 0.1 * g[3]; });
    CHECK(at::get_num_threads() == n);
    return controller->save();
  };
  const bool equal = state_with(1) == state_with(2);
  at::set_num_threads(threads);
  CHECK(equal);
}

// A batch above 128 is learned in chunks: here 128 + 128 + 44.
TEST_CASE("a batch of the same samples three times over is learned as the samples once") {
  for (const auto& space : {plain_space(), conditional_space()}) {
    const auto once = make_controller({}, space, 5);
    const auto thrice = make_controller({}, space, 5);
    RandomStream stream(3, 0, "sample");
    const auto genotypes = once->sample(100, stream);
    std::vector<Genotype> repeated;
    std::vector<double> rewards, repeated_rewards;
    for (const auto& genotype : genotypes) rewards.push_back(0.3 * genotype[0] + 0.1);
    for (int i = 0; i < 3; ++i) {
      repeated.insert(repeated.end(), genotypes.begin(), genotypes.end());
      repeated_rewards.insert(repeated_rewards.end(), rewards.begin(), rewards.end());
    }
    for (int update = 0; update < 3; ++update) {
      const UpdateStats a = test::observe(*once, genotypes, rewards);
      const UpdateStats b = test::observe(*thrice, repeated, repeated_rewards);
      CHECK(b.mean_reward == Approx(a.mean_reward).epsilon(1e-12));
      CHECK(b.loss == Approx(a.loss).epsilon(1e-5));
      CHECK(b.entropy == Approx(a.entropy).epsilon(1e-5));
      CHECK(b.gradient_norm == Approx(a.gradient_norm).epsilon(1e-4));
    }
    const auto p = once->log_probabilities(genotypes);
    const auto q = thrice->log_probabilities(repeated);
    REQUIRE(q.size() == 300);
    for (size_t i = 0; i < q.size(); ++i) CHECK(q[i] == Approx(p[i % 100]).epsilon(1e-4));
  }
}

TEST_CASE("an empty batch changes nothing") {
  const auto controller =
      make_controller(classic({.gradient = {.entropy_weight = 0.01}}), plain_space(), 5);
  const std::string before = controller->save();
  const UpdateStats stats = test::observe(*controller, {}, {});
  CHECK(stats.loss == 0);
  CHECK(stats.gradient_norm == 0);
  CHECK(controller->save() == before);
}

TEST_CASE("a batch that cannot be learned from is refused and changes nothing") {
  const auto controller =
      make_controller(classic({.gradient = {.entropy_weight = 0.01}}), conditional_space(), 5);
  const std::string before = controller->save();
  const auto message = [&](std::vector<Genotype> genotypes, std::vector<double> rewards) {
    return error_of([&] { test::observe(*controller, genotypes, rewards); });
  };
  const Genotype good = {0, kInactive, 1};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(message({good, good}, {0.5, nan}) ==
        "controller: reward 1 of the batch is nan; a reward must be a finite number");
  CHECK(message({good, good, good}, {0.5, 0.5, -infinity}) ==
        "controller: reward 2 of the batch is -inf; a reward must be a finite number");
  CHECK(message({good, {0, kInactive, 0}}, {1e300, -1e300}) ==
        "controller: the gradient is not finite; rewards must stay far below 1e30");
  CHECK_THAT(message({{0, 3, 1}}, {0.5}), Catch::Contains("block"));
  CHECK_THAT(message({{1, 5, 1}}, {0.5}), Catch::Contains("block"));
  CHECK(controller->save() == before);
}
