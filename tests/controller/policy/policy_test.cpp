#include "controller/policy/policy.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/optim/adam.h>

#include <cmath>

#include "controller/policy/policy_state.h"
#include "core/error.h"
#include "core/random.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::conditional_space;
using test::plain_space;

namespace {

PolicyConfig small(PolicyKind policy) {
  return {.kind = policy,
          .lstm = {.hidden = 5, .embedding = 4},
          .temperature = 1.5,
          .tanh_constant = 2.5};
}

std::shared_ptr<Policy> policy_of(PolicyKind kind,
                                  const std::vector<Decision>& decisions = conditional_space()) {
  auto policy = make_policy(small(kind), decisions, 3);
  RandomStream stream(6);
  const at::NoGradGuard no_gradients;
  for (auto& parameter : policy->parameters()) {
    for (int64_t i = 0; i < parameter.numel(); ++i)
      parameter.view(-1)[i] = stream.uniform(-0.7, 0.7);
  }
  return policy;
}

void fill_heads(const Policy& policy, double value) {
  const at::NoGradGuard no_gradients;
  for (auto& item : policy.named_parameters()) {
    if (item.key().starts_with("head")) item.value().fill_(value);
  }
}

const std::vector<Genotype> kBatch = {{0, kInactive, 1}, {1, 4, 0}, {1, 2, 1}};

at::Tensor loss_of(const Policy& policy) {
  const PolicyScores scores = policy.score(kBatch);
  return (scores.log_prob * at::tensor({0.7, -0.4, 1.1}, at::kDouble)).sum() +
         (scores.entropy * at::tensor({-0.3, -0.2, 0.5}, at::kDouble)).sum();
}

std::vector<Genotype> all_points() {
  std::vector<Genotype> all;
  for (int skip = 0; skip < 2; ++skip) {
    all.push_back({0, kInactive, skip});
    for (int block = 0; block < 5; ++block) all.push_back({1, block, skip});
  }
  return all;
}

std::vector<double> values(const at::Tensor& tensor) {
  return {tensor.data_ptr<double>(), tensor.data_ptr<double>() + tensor.numel()};
}

at::Tensor flat(const Policy& policy) {
  std::vector<at::Tensor> parts;
  for (const auto& parameter : policy.parameters()) parts.push_back(parameter.reshape({-1}));
  return at::cat(parts).detach();
}

}  // namespace

TEST_CASE("the gradient of every policy equals finite differences of its loss") {
  const auto policy = policy_of(GENERATE(PolicyKind::kFactorised, PolicyKind::kLstm));
  policy->to(at::kDouble);
  loss_of(*policy).backward();
  const at::NoGradGuard no_gradients;
  const double step = 1e-5;
  double worst = 0;
  for (auto& parameter : policy->parameters()) {
    double* weight = parameter.data_ptr<double>();
    const at::Tensor gradient = parameter.grad().contiguous();
    for (int64_t i = 0; i < parameter.numel(); ++i) {
      const double before = weight[i];
      weight[i] = before + step;
      const double above = loss_of(*policy).item<double>();
      weight[i] = before - step;
      const double below = loss_of(*policy).item<double>();
      weight[i] = before;
      const double difference = (above - below) / (2 * step);
      worst = std::max(worst, std::abs(difference - gradient.data_ptr<double>()[i]));
    }
  }
  CHECK(worst < 1e-8);
}

TEST_CASE("every policy scores its samples as it drew them and sums to 1 over its space") {
  const auto policy = policy_of(GENERATE(PolicyKind::kFactorised, PolicyKind::kLstm));
  const at::NoGradGuard no_gradients;
  RandomStream stream(4);
  std::vector<double> uniforms(3 * 40);
  for (double& uniform : uniforms) uniform = stream.uniform();
  const PolicySamples samples = policy->sample(uniforms);
  REQUIRE(samples.genotypes.size() == 40);
  const auto log_prob = values(policy->score(samples.genotypes).log_prob);
  for (size_t i = 0; i < 40; ++i) {
    CHECK_NOTHROW(check_genotype(conditional_space(), samples.genotypes[i]));
    CHECK(log_prob[i] == Approx(samples.log_prob[i]).epsilon(1e-5));
  }
  const PolicyScores every = policy->score(all_points());
  const at::Tensor p = every.log_prob.exp();
  CHECK(p.sum().item<double>() == Approx(1).epsilon(1e-5));
  CHECK((p * every.entropy).sum().item<double>() ==
        Approx(-(p * every.log_prob).sum().item<double>()).epsilon(1e-5));
}

TEST_CASE("with zero heads entropy is the sum of log n and log-probability its negative") {
  const auto policy = policy_of(PolicyKind::kLstm, plain_space());
  fill_heads(*policy, 0);
  const double expected = std::log(2.0) + std::log(3.0) + std::log(2.0) + std::log(4.0);
  const std::vector<Genotype> genotypes = {{0, 0, 0, 0}, {1, 2, 1, 3}};
  const PolicyScores scores = policy->score(genotypes);
  for (const double entropy : values(scores.entropy)) CHECK(entropy == Approx(expected));
  for (const double log_prob : values(scores.log_prob)) CHECK(log_prob == Approx(-expected));
}

TEST_CASE("an inactive decision adds nothing to entropy, log-probability and their gradients") {
  const auto policy = policy_of(PolicyKind::kLstm);
  fill_heads(*policy, 0);
  const PolicyScores scores = policy->score(kBatch);
  const double without = 2 * std::log(2.0), with = without + std::log(5.0);
  CHECK(values(scores.entropy)[0] == Approx(without));
  CHECK(values(scores.log_prob)[0] == Approx(-without));
  CHECK(values(scores.entropy)[1] == Approx(with));
  CHECK(values(scores.log_prob)[1] == Approx(-with));
  // `block` alone has five choices.
  const auto head = policy->named_parameters()["head5.weight"];
  const auto gradient = [&](size_t sample) {
    return torch::autograd::grad({policy->score({&kBatch[sample], 1}).log_prob.sum()}, {head})[0];
  };
  CHECK(gradient(0).abs().max().item<float>() == 0);
  CHECK(gradient(1).abs().max().item<float>() > 0);
}

TEST_CASE("temperature divides the logits and the tanh constant bounds them") {
  const std::vector<Decision> decisions = {test::decision("a", 2)};
  const std::vector<Genotype> first = {{0}};
  const auto probability = [&](const PolicyConfig& config, float logit) {
    const auto policy = make_policy(config, decisions, 1);
    fill_heads(*policy, 0);
    const at::NoGradGuard no_gradients;
    policy->named_parameters()["head2.bias"].copy_(at::tensor({logit, 0.0f}));
    return std::exp(policy->score(first).log_prob.item<double>());
  };
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(probability({}, 3) == Approx(sigmoid(3)));
  CHECK(probability({.temperature = 2}, 3) == Approx(sigmoid(1.5)));
  CHECK(probability({.tanh_constant = 2.5}, 3) == Approx(sigmoid(2.5 * std::tanh(3))));
  CHECK(probability({.temperature = 2, .tanh_constant = 2.5}, 3) ==
        Approx(sigmoid(2.5 * std::tanh(1.5))));
}

TEST_CASE("parameters are uniform within the given range and depend on the seed alone") {
  const auto drawn = [](uint64_t seed) {
    return flat(*make_policy({.lstm = {.init_range = 0.1}}, plain_space(), seed));
  };
  const at::Tensor parameters = drawn(1);
  CHECK(parameters.abs().max().item<float>() <= 0.1f);
  CHECK(parameters.std().item<float>() == Approx(0.1 / std::sqrt(3.0)).epsilon(0.01));
  CHECK(at::equal(parameters, drawn(1)));
  CHECK_FALSE(at::equal(parameters, drawn(2)));
}

TEST_CASE("a fresh factorised policy is uniform, and its marginals say how often it is active") {
  const auto policy = make_policy({.kind = PolicyKind::kFactorised}, conditional_space(), 1);
  const auto log_prob = values(policy->score(kBatch).log_prob);
  CHECK(log_prob[0] == Approx(-std::log(4.0)));
  CHECK(log_prob[1] == Approx(-std::log(20.0)));
  const auto rows = policy->marginals(kBatch);
  for (const double p : rows[0]) CHECK(p == Approx(0.5));
  for (const double p : rows[1]) CHECK(p == Approx(2.0 / 3 / 5));
}

TEST_CASE("marginals are the mean probabilities of the choices, whatever the number of samples") {
  for (const auto kind : {PolicyKind::kFactorised, PolicyKind::kLstm}) {
    const auto policy = policy_of(kind);
    std::vector<Genotype> many;
    for (int i = 0; i < 100; ++i) many.insert(many.end(), kBatch.begin(), kBatch.end());
    const auto rows = policy->marginals(kBatch);
    const auto again = policy->marginals(many);  // in three chunks
    for (size_t d = 0; d < rows.size(); ++d) {
      double sum = 0;
      for (size_t k = 0; k < rows[d].size(); ++k) {
        sum += rows[d][k];
        CHECK(again[d][k] == Approx(rows[d][k]).epsilon(1e-6));
      }
      CHECK(sum == Approx(d == 1 ? 2.0 / 3 : 1.0));
    }
  }
}

TEST_CASE("a policy's bytes hold its parameters and all of Adam's state") {
  for (const auto kind : {PolicyKind::kFactorised, PolicyKind::kLstm}) {
    const auto trained = policy_of(kind), copy = make_policy(small(kind), conditional_space(), 9);
    torch::optim::Adam adam(trained->parameters(), 0.1), other(copy->parameters(), 0.1);
    const auto step = [](const Policy& policy, torch::optim::Adam& optimiser) {
      optimiser.zero_grad();
      loss_of(policy).backward();
      optimiser.step();
    };
    CHECK(policy_bytes(*trained, adam) == policy_bytes(*trained, adam));
    for (int i = 0; i < 3; ++i) step(*trained, adam);
    restore_policy(policy_bytes(*trained, adam), *copy, other);
    CHECK(at::equal(flat(*trained), flat(*copy)));
    step(*trained, adam);
    step(*copy, other);
    CHECK(at::equal(flat(*trained), flat(*copy)));
    CHECK(policy_bytes(*trained, adam) == policy_bytes(*copy, other));
  }
}

TEST_CASE("bytes that are not this policy's are refused and change nothing") {
  const auto policy = policy_of(PolicyKind::kLstm);
  torch::optim::Adam adam(policy->parameters(), 0.1);
  const std::string before = policy_bytes(*policy, adam);
  const auto refused = [&](const std::string& bytes) {
    const std::string message = test::error_of([&] { restore_policy(bytes, *policy, adam); });
    CHECK(policy_bytes(*policy, adam) == before);
    return message;
  };
  const auto bytes_of = [](PolicyKind kind, const std::vector<Decision>& decisions) {
    const auto other = make_policy(small(kind), decisions, 1);
    return policy_bytes(*other, torch::optim::Adam(other->parameters(), 0.1));
  };
  CHECK(refused("") == "controller state: damaged: LibTorch cannot read its weights");
  CHECK(refused(before.substr(0, before.size() / 2)) ==
        "controller state: damaged: LibTorch cannot read its weights");
  CHECK(refused(bytes_of(PolicyKind::kFactorised, conditional_space())) ==
        "controller state: damaged: 8 tensors where 36 belong");
  auto decisions = conditional_space();
  decisions[1].labels.push_back("5");
  CHECK(refused(bytes_of(PolicyKind::kLstm, decisions)) ==
        "controller state: damaged: tensors of parameter 0 have another shape");
}
