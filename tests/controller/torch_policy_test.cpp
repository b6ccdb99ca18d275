#include "tests/controller/torch_policy.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "tests/catch.h"
#include "tests/controller/spaces.h"

using namespace ridgeline;
using test::conditional_space;
using test::plain_space;
using test::Policy;
using test::PolicyScore;
using test::reinforce_loss;

namespace {

ControllerConfig small() { return {.hidden = 8, .embedding = 6, .init_range = 0.5}; }

void zero_heads(Policy& policy) {
  const at::NoGradGuard no_grad;
  for (auto& item : policy->named_parameters()) {
    if (item.key().starts_with("head")) item.value().zero_();
  }
}

/// The part of the gradient that belongs to parameter `name`.
at::Tensor gradient_of(const Policy& policy, const at::Tensor& loss, const std::string& name) {
  return torch::autograd::grad({loss}, {policy->named_parameters()[name]}).front();
}

double value(const at::Tensor& tensor, int64_t index) { return tensor[index].item<double>(); }

}  // namespace

TEST_CASE("with zero heads entropy is the sum of log n and log-probability its negative") {
  Policy policy(small(), plain_space(), 1);
  zero_heads(policy);
  const double expected = std::log(2.0) + std::log(3.0) + std::log(2.0) + std::log(4.0);
  const std::vector<Genotype> genotypes = {{0, 0, 0, 0}, {1, 2, 1, 3}};
  const PolicyScore score = policy->score(genotypes);
  for (int i = 0; i < 2; ++i) {
    CHECK(value(score.entropy, i) == Approx(expected).epsilon(1e-6));
    CHECK(value(score.log_prob, i) == Approx(-expected).epsilon(1e-6));
  }
}

TEST_CASE("with zero heads an inactive decision adds nothing to entropy and log-probability") {
  Policy policy(small(), conditional_space(), 1);
  zero_heads(policy);
  const std::vector<Genotype> genotypes = {{0, kInactive, 1}, {1, 4, 0}};
  const PolicyScore score = policy->score(genotypes);
  const double without = 2 * std::log(2.0);
  const double with = without + std::log(5.0);
  CHECK(value(score.entropy, 0) == Approx(without).epsilon(1e-6));
  CHECK(value(score.log_prob, 0) == Approx(-without).epsilon(1e-6));
  CHECK(value(score.entropy, 1) == Approx(with).epsilon(1e-6));
  CHECK(value(score.log_prob, 1) == Approx(-with).epsilon(1e-6));
}

TEST_CASE("probabilities of all points of a conditional space sum to one") {
  Policy policy(small(), conditional_space(), 4);
  std::vector<Genotype> points;
  for (int skip = 0; skip < 2; ++skip) {
    points.push_back({0, kInactive, skip});
    for (int block = 0; block < 5; ++block) points.push_back({1, block, skip});
  }
  const at::NoGradGuard no_grad;
  const at::Tensor p = policy->score(points).log_prob.exp();
  CHECK(p.sum().item<double>() == Approx(1).epsilon(1e-6));
  const double expected_surprise = -(p * p.log()).sum().item<double>();
  const double expected_entropy = (p * policy->score(points).entropy).sum().item<double>();
  CHECK(expected_entropy == Approx(expected_surprise).epsilon(1e-6));
}

TEST_CASE("temperature divides the logits and the tanh constant bounds them") {
  const std::vector<Decision> decisions = {test::decision("a", 2)};
  const auto probability = [&](const ControllerConfig& config, float logit) {
    Policy policy(config, decisions, 1);
    zero_heads(policy);
    const at::NoGradGuard no_grad;
    policy->named_parameters()["head2_bias"].copy_(at::tensor({logit, 0.0f}));
    const std::vector<Genotype> first = {{0}};
    return std::exp(policy->score(first).log_prob.item<double>());
  };
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(probability({}, 3) == Approx(sigmoid(3)));
  CHECK(probability({.temperature = 2}, 3) == Approx(sigmoid(1.5)));
  CHECK(probability({.tanh_constant = 2.5}, 3) == Approx(sigmoid(2.5 * std::tanh(3))));
  CHECK(probability({.temperature = 2, .tanh_constant = 2.5}, 3) ==
        Approx(sigmoid(2.5 * std::tanh(1.5))));
}

TEST_CASE("weights are uniform within the given range and depend on the seed alone") {
  const auto flat = [](uint64_t seed) {
    const Policy policy(ControllerConfig{.init_range = 0.1}, plain_space(), seed);
    std::vector<at::Tensor> parts;
    for (const auto& parameter : policy->parameters()) parts.push_back(parameter.reshape({-1}));
    return at::cat(parts).detach();
  };
  const at::Tensor weights = flat(1);
  CHECK(weights.abs().max().item<float>() <= 0.1f);
  CHECK(weights.std().item<float>() == Approx(0.1 / std::sqrt(3.0)).epsilon(0.01));
  CHECK(at::equal(weights, flat(1)));
  CHECK_FALSE(at::equal(weights, flat(2)));
}

TEST_CASE("the gradient of the REINFORCE loss equals finite differences") {
  const ControllerConfig config{.hidden = 4,
                                .layers = 2,
                                .embedding = 3,
                                .temperature = 1.5,
                                .tanh_constant = 2.5,
                                .init_range = 0.6};
  Policy policy(config, conditional_space(), 7);
  policy->to(at::kDouble);
  const std::vector<Genotype> genotypes = {{0, kInactive, 1}, {1, 4, 0}, {1, 2, 1}};
  const at::Tensor advantage = at::tensor({0.7, -0.4, 1.1}, at::kDouble);
  const auto loss = [&] { return reinforce_loss(policy->score(genotypes), advantage, 0.3); };
  const auto parameters = policy->parameters();
  const auto gradients = torch::autograd::grad({loss()}, parameters);
  const double step = 1e-5;
  double worst = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const at::NoGradGuard no_grad;
    double* weights = parameters[i].data_ptr<double>();
    const at::Tensor exact = gradients[i].contiguous();
    for (int64_t k = 0; k < parameters[i].numel(); ++k) {
      const double before = weights[k];
      weights[k] = before + step;
      const double above = loss().item<double>();
      weights[k] = before - step;
      const double below = loss().item<double>();
      weights[k] = before;
      const double difference = (above - below) / (2 * step);
      worst = std::max(worst, std::abs(difference - exact.data_ptr<double>()[k]));
    }
  }
  CHECK(worst < 1e-8);
}

TEST_CASE("a decision that no sample made gives no gradient to its head and its choices' tokens") {
  Policy policy(small(), conditional_space(), 3);
  const at::Tensor advantage = at::tensor({1.0, -0.5}, at::kDouble);
  const auto loss = [&](const std::vector<Genotype>& genotypes) {
    return reinforce_loss(policy->score(genotypes), advantage, 0.1);
  };
  const std::vector<Genotype> inactive = {{0, kInactive, 1}, {0, kInactive, 0}};
  CHECK(gradient_of(policy, loss(inactive), "head5_weight").count_nonzero().item<int64_t>() == 0);
  CHECK(gradient_of(policy, loss(inactive), "head5_bias").count_nonzero().item<int64_t>() == 0);
  CHECK(gradient_of(policy, loss(inactive), "head2_weight").count_nonzero().item<int64_t>() > 0);
  // Token rows: start; reshape 0, 1, inactive; block 0 to 4 (rows 4 to 8), inactive (row 9); skip.
  const at::Tensor tokens = gradient_of(policy, loss(inactive), "embedding");
  CHECK(tokens.slice(0, 4, 9).count_nonzero().item<int64_t>() == 0);
  CHECK(tokens[9].count_nonzero().item<int64_t>() > 0);

  const std::vector<Genotype> mixed = {{0, kInactive, 1}, {1, 3, 0}};
  CHECK(gradient_of(policy, loss(mixed), "head5_weight").count_nonzero().item<int64_t>() > 0);
}

TEST_CASE("marginals average the probabilities of active decisions only") {
  Policy policy(small(), conditional_space(), 1);
  zero_heads(policy);
  const std::vector<Genotype> genotypes = {
      {0, kInactive, 1}, {1, 4, 0}, {0, kInactive, 0}, {0, kInactive, 0}};
  const auto rows = policy->marginals(genotypes);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == std::vector<double>{0.5, 0.5});
  REQUIRE(rows[1].size() == 5);
  for (const double p : rows[1]) CHECK(p == Approx(0.25 / 5));
  CHECK(rows[2] == std::vector<double>{0.5, 0.5});
}
