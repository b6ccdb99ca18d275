#include "controller/policy/lstm_policy.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "controller/policy/lstm_sequence.h"
#include "core/random.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"

using namespace ridgeline;
using test::conditional_space;
using test::plain_space;

namespace {

/// Forty decisions of two to five choices, every third one conditional.
std::vector<Decision> long_space() {
  std::vector<Decision> decisions;
  for (int d = 0; d < 40; ++d) {
    const std::string name = "d" + std::to_string(d);
    decisions.push_back(test::decision(name, 2 + d % 4, d % 3 == 2 ? d - 1 : -1));
  }
  return decisions;
}

struct Case {
  PolicyConfig config;
  std::vector<Decision> decisions;

  LstmPolicy policy() const { return {config, decisions, 3}; }
};

/// One to three layers, sizes that are no multiples of a vector, every transform of the logits, one
/// step alone.
std::vector<Case> cases() {
  return {{{}, long_space()},
          {{.lstm = {.layers = 2}}, long_space()},
          {{.temperature = 5, .tanh_constant = 2.5}, long_space()},
          {{.lstm = {.hidden = 5, .layers = 2, .embedding = 3, .init_range = 0.5}},
           conditional_space()},
          {{.lstm = {.hidden = 16, .embedding = 33, .init_range = 0.5}, .temperature = 2},
           plain_space()},
          {{.lstm = {.hidden = 37, .layers = 3, .embedding = 8, .init_range = 0.3}},
           {test::decision("only", 20)}}};
}

std::vector<double> uniforms(const Case& c, int n, uint64_t id) {
  RandomStream stream(7, id, "test");
  std::vector<double> numbers(static_cast<size_t>(n) * c.decisions.size());
  for (double& number : numbers) number = stream.uniform();
  return numbers;
}

std::vector<Genotype> samples_of(const LstmPolicy& policy, const Case& c, int n, uint64_t id) {
  return policy.sample(uniforms(c, n, id), {}).genotypes;
}

std::vector<double> log_probabilities(const LstmPolicy& policy,
                                      const std::vector<Genotype>& genotypes) {
  const at::NoGradGuard no_gradients;
  const at::Tensor log_prob = policy.score(genotypes).log_prob;
  return {log_prob.data_ptr<double>(), log_prob.data_ptr<double>() + log_prob.numel()};
}

double relative(const at::Tensor& ours, const at::Tensor& theirs) {
  const double size = theirs.norm().item<double>();
  return (ours - theirs).norm().item<double>() / (size > 0 ? size : 1);
}

/// The policy's modules and autograd, without `lstm_sequence` and the table of tokens.
at::Tensor reference_outputs(const LstmPolicy& policy, const at::Tensor& tokens) {
  auto embedding = policy.embedding;
  auto lstm = policy.lstm;
  return std::get<0>(lstm->forward(embedding->forward(tokens)));
}

/// A loss that depends on all outputs, with other slopes everywhere.
at::Tensor loss_of(const at::Tensor& outputs) {
  const at::Tensor slopes = at::linspace(-1, 1, outputs.numel(), at::kDouble).sin();
  return (outputs * slopes.view(outputs.sizes())).sum();
}

}  // namespace

TEST_CASE("outputs and gradients equal those of torch::nn::LSTM and autograd") {
  for (const auto& c : cases()) {
    const int samples = GENERATE(1, 3, 21);
    const auto genotypes = samples_of(c.policy(), c, samples, 2);
    LstmPolicy policy = c.policy();
    policy.to(at::kDouble);
    const at::Tensor tokens = policy.tokens(genotypes);
    const at::Tensor ours = policy.outputs(tokens), theirs = reference_outputs(policy, tokens);
    CHECK(relative(ours, theirs) < 1e-12);
    const auto parameters = policy.named_parameters();
    for (const auto& item : parameters) {
      if (item.key().starts_with("head")) continue;
      INFO(item.key() << ", " << samples << " samples");
      const auto gradient = [&](const at::Tensor& outputs) {
        const auto found = torch::autograd::grad({loss_of(outputs)}, {item.value()}, {},
                                                 /*retain_graph=*/true, false, true)[0];
        return found.defined() ? found : at::zeros_like(item.value());
      };
      CHECK(relative(gradient(ours), gradient(theirs)) < 1e-12);
    }
  }
}

TEST_CASE("in single precision outputs and gradients equal double ones to 1e-5") {
  for (const auto& c : cases()) {
    LstmPolicy single = c.policy(), twice = c.policy();
    twice.to(at::kDouble);
    const at::Tensor tokens = single.tokens(samples_of(single, c, 21, 2));
    CHECK(relative(single.outputs(tokens), twice.outputs(tokens)) < 1e-5);
    loss_of(single.outputs(tokens)).backward();
    loss_of(twice.outputs(tokens)).backward();
    const auto ours = single.lstm->parameters(), theirs = twice.lstm->parameters();
    for (size_t i = 0; i < ours.size(); ++i) {
      if (theirs[i].grad().defined()) CHECK(relative(ours[i].grad(), theirs[i].grad()) < 1e-5);
    }
  }
}

TEST_CASE("the sequence has the right gradients by its inputs and weights alone") {
  const at::Tensor gates = at::linspace(-2, 2, 4 * 3 * 8, at::kDouble).sin().view({4, 3, 8});
  const at::Tensor weight = at::linspace(-1, 1, 8 * 2, at::kDouble).cos().view({8, 2});
  const auto loss = [](const at::Tensor& g, const at::Tensor& w) {
    return loss_of(lstm_sequence(g, w));
  };
  const at::Tensor own_gates = gates.clone().requires_grad_();
  const at::Tensor own_weight = weight.clone().requires_grad_();
  const auto gradients =
      torch::autograd::grad({loss(own_gates, own_weight)}, {own_gates, own_weight});
  const double step = 1e-6;
  for (const bool by_gates : {true, false}) {
    const at::Tensor& at = by_gates ? gates : weight;
    for (int64_t i = 0; i < at.numel(); ++i) {
      const auto moved = [&](double by) {
        const at::Tensor other = at.clone();
        other.view(-1)[i] += by;
        return (by_gates ? loss(other, weight) : loss(gates, other)).item<double>();
      };
      const double difference = (moved(step) - moved(-step)) / (2 * step);
      CHECK(gradients[by_gates ? 0 : 1].reshape(-1)[i].item<double>() ==
            Approx(difference).margin(1e-8));
    }
  }
}

TEST_CASE("samples are scored to 1e-5 as they were drawn, one at a time or many") {
  for (const auto& c : cases()) {
    const LstmPolicy policy = c.policy();
    const PolicySamples samples = policy.sample(uniforms(c, 150, 4), {});
    const auto together = log_probabilities(policy, samples.genotypes);
    for (size_t i = 0; i < samples.genotypes.size(); ++i) {
      CHECK(together[i] == Approx(samples.log_prob[i]).epsilon(1e-5));
      if (i % 50 > 0) continue;
      CHECK(log_probabilities(policy, {samples.genotypes[i]})[0] ==
            Approx(samples.log_prob[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("the same numbers give the same samples to the last bit") {
  for (const auto& c : cases()) {
    const LstmPolicy policy = c.policy();
    const PolicySamples first = policy.sample(uniforms(c, 40, 5), {});
    samples_of(policy, c, 90, 6);
    const PolicySamples second = policy.sample(uniforms(c, 40, 5), {});
    CHECK(second.genotypes == first.genotypes);
    CHECK(second.log_prob == first.log_prob);
  }
}

TEST_CASE("kept choices are made where they can be, and the others are drawn from the policy") {
  const Case c{{.lstm = {.hidden = 8, .embedding = 6, .init_range = 0.5}}, conditional_space()};
  const LstmPolicy policy = c.policy();
  const auto numbers = uniforms(c, 60, 6);
  const std::vector<Genotype> kept(60, Genotype{kFree, 3, 1});
  const PolicySamples samples = policy.sample(numbers, kept);
  const PolicySamples free = policy.sample(numbers, {});
  int active = 0;
  for (size_t i = 0; i < 60; ++i) {
    const Genotype& genotype = samples.genotypes[i];
    CHECK(genotype[0] == free.genotypes[i][0]);
    CHECK(genotype[1] == (genotype[0] == 1 ? 3 : kInactive));
    CHECK(genotype[2] == 1);
    active += genotype[0];
  }
  CHECK(active > 10);
  CHECK(active < 50);
  const auto scored = log_probabilities(policy, samples.genotypes);
  for (size_t i = 0; i < 60; ++i) CHECK(scored[i] == Approx(samples.log_prob[i]).epsilon(1e-5));
}

TEST_CASE("choices are drawn as often as their scored probability says") {
  const Case c{{.lstm = {.hidden = 8, .embedding = 6, .init_range = 2}},
               {test::decision("a", 3), test::decision("b", 2)}};
  const LstmPolicy policy = c.policy();
  const int draws = 20000;
  std::vector<double> counts(6, 0.0);
  for (const auto& g : samples_of(policy, c, draws, 11)) {
    counts[static_cast<size_t>(2 * g[0] + g[1])] += 1;
  }
  for (int point = 0; point < 6; ++point) {
    const double p = std::exp(log_probabilities(policy, {{point / 2, point % 2}})[0]);
    const double deviation = std::sqrt(p * (1 - p) / draws);
    CHECK(std::abs(counts[static_cast<size_t>(point)] / draws - p) < 4 * deviation);
  }
}

TEST_CASE("large gates saturate, and a weight that is not finite shows in the scores") {
  const Case c{{.lstm = {.hidden = 8, .embedding = 6, .init_range = 10}}, plain_space()};
  LstmPolicy policy = c.policy();
  const at::NoGradGuard no_gradients;
  for (auto& parameter : policy.parameters()) parameter.mul_(100);
  const auto genotypes = samples_of(policy, c, 8, 12);
  for (const double log_prob : log_probabilities(policy, genotypes)) CHECK(std::isfinite(log_prob));
  policy.embedding->weight[0][0] = NAN;  // of the start token
  CHECK(std::isnan(log_probabilities(policy, genotypes)[0]));
}
