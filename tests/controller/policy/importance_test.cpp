#include <cmath>
#include <limits>

#include "controller/controller.h"
#include "controller/policy/make_controller.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::classic;
using test::conditional_space;
using test::error_of;
using test::plain_space;

namespace {

/// A policy whose weights are all 0: every choice is equally probable.
std::unique_ptr<Controller> even_policy() {
  return make_controller(
      classic({.policy = {.lstm = {.init_range = 0}}, .gradient = {.entropy_weight = 0}}),
      {test::decision("a", 2)}, 1);
}

double gradient_norm(const std::vector<double>& weights) {
  const std::vector<Genotype> genotypes = {{0}, {1}};
  return test::observe(*even_policy(), genotypes, std::vector<double>{1, 0}, weights).gradient_norm;
}

}  // namespace

// As without weights the advantages are +-1/2 and d(log p of a choice)/d(its bias) = 1/2, of the
// other -1/2. Sample 0 gives the biases the gradient -+ w0/8, sample 1 gives -+ w1/8.
TEST_CASE("importance weights scale each sample's part of a two-choice policy's gradient") {
  CHECK(gradient_norm({}) == Approx(std::sqrt(2.0) * 2 / 8).epsilon(1e-6));
  CHECK(gradient_norm({1, 1}) == gradient_norm({}));
  CHECK(gradient_norm({2, 0.5}) == Approx(std::sqrt(2.0) * 2.5 / 8).epsilon(1e-6));
  CHECK(gradient_norm({0, 1}) == Approx(std::sqrt(2.0) / 8).epsilon(1e-6));
  CHECK(gradient_norm({0, 0}) == 0);
}

// A policy of two choices with log-odds z draws from p = 1 / (1 + exp(-z)). Weighting samples of
// the even policy by p_now / 0.5 gives the gradient of samples drawn in the proportions of p_now.
TEST_CASE("weighted samples of an old policy give the gradient of samples of the new one") {
  const auto moved = [] {
    auto controller = make_controller(
        classic({.policy = {.lstm = {.init_range = 0, .learning_rate = 0.5 * std::log(3.0)}},
                 .gradient = {.entropy_weight = 0}}),
        {test::decision("a", 2)}, 1);
    const std::vector<Genotype> both = {{0}, {1}};
    test::observe(*controller, both,
                  std::vector<double>{1, 0});  // Adam moves the biases by +-log(3)/2
    return controller;
  };
  const std::vector<Genotype> old_samples = {{0}, {1}};
  const auto log_prob = moved()->log_probabilities(old_samples);
  CHECK(std::exp(log_prob[0]) == Approx(0.75).epsilon(1e-5));
  CHECK(std::exp(log_prob[1]) == Approx(0.25).epsilon(1e-5));
  const std::vector<double> weights = {std::exp(log_prob[0]) / 0.5, std::exp(log_prob[1]) / 0.5};
  const std::vector<Genotype> new_samples = {{0}, {0}, {0}, {1}};
  const double weighted =
      test::observe(*moved(), old_samples, std::vector<double>{1, 0}, weights).gradient_norm;
  const double drawn =
      test::observe(*moved(), new_samples, std::vector<double>{1, 1, 1, 0}).gradient_norm;
  CHECK(weighted == Approx(drawn).epsilon(1e-5));
}

TEST_CASE("the probabilities of all genotypes of a space add up to 1") {
  for (const ControllerKind kind : {ControllerKind::kReinforce, ControllerKind::kRandom}) {
    const auto controller = make_controller(
        classic({.kind = kind, .policy = {.lstm = {.init_range = 0.5}}}), conditional_space(), 3);
    std::vector<Genotype> all;
    for (int skip = 0; skip < 2; ++skip) {
      all.push_back({0, kInactive, skip});
      for (int block = 0; block < 5; ++block) all.push_back({1, block, skip});
    }
    double sum = 0;
    for (const double log_prob : controller->log_probabilities(all)) sum += std::exp(log_prob);
    CHECK(sum == Approx(1).epsilon(1e-6));
    CHECK(controller->log_probabilities({}).empty());
  }
}

TEST_CASE("importance weights that are negative or not finite change nothing") {
  for (const ControllerKind kind : {ControllerKind::kReinforce, ControllerKind::kRandom}) {
    const auto controller = make_controller(classic({.kind = kind}), plain_space(), 1);
    const std::string before = controller->save();
    const std::vector<Genotype> genotypes = {{0, 0, 0, 0}, {1, 1, 1, 1}};
    const auto refused = [&](std::vector<double> weights) {
      return error_of([&] {
        test::observe(*controller, genotypes, std::vector<double>{0, 1}, weights);
      });
    };
    CHECK(refused({1, -0.5}).find("importance weight 1 of the batch is -0.5") != std::string::npos);
    CHECK(refused({std::numeric_limits<double>::infinity(), 1}).find("must be finite") !=
          std::string::npos);
    CHECK(controller->save() == before);
  }
}
