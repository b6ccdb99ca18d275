#include "controller/lstm_policy.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "core/random.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/controller/torch_policy.h"

using namespace ridgeline;
using test::conditional_space;
using test::plain_space;
using test::Policy;

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
  ControllerConfig config;
  std::vector<Decision> decisions;
};

/// One and two layers, sizes that are no multiples of a vector, every transform of the logits.
std::vector<Case> cases() {
  return {{{}, long_space()},
          {{.layers = 2}, long_space()},
          {{.temperature = 5, .tanh_constant = 2.5}, long_space()},
          {{.hidden = 5, .layers = 2, .embedding = 3, .init_range = 0.5}, conditional_space()},
          {{.hidden = 16, .embedding = 33, .temperature = 2, .init_range = 0.5}, plain_space()},
          {{.hidden = 37, .layers = 3, .embedding = 8, .init_range = 0.3},
           {test::decision("only", 20)}}};
}

std::vector<double> uniforms(const Case& c, int n, uint64_t id) {
  RandomStream stream(7, id, "test");
  std::vector<double> numbers(static_cast<size_t>(n) * c.decisions.size());
  for (double& number : numbers) number = stream.uniform();
  return numbers;
}

std::unique_ptr<PolicyModel> model_of(const Case& c) {
  return make_lstm_policy(c.config, c.decisions, 3);
}

/// In double, so that the difference is the rounding of ours alone.
Policy reference_of(const Case& c) {
  Policy policy(c.config, c.decisions, 3);
  policy->to(at::kDouble);
  return policy;
}

double relative(const at::Tensor& ours, const at::Tensor& theirs) {
  return ((ours - theirs).norm() / theirs.norm()).item<double>();
}

LossSlopes slopes_for(size_t n) {
  RandomStream stream(8, n, "slopes");
  LossSlopes slopes;
  for (size_t i = 0; i < n; ++i) {
    slopes.log_prob.push_back(stream.uniform(-1, 1));
    slopes.entropy.push_back(stream.uniform(-0.2, 0));
  }
  return slopes;
}

}  // namespace

TEST_CASE("the LSTM policy has the weights of the LibTorch module, in the same order") {
  for (const auto& c : cases()) {
    const auto model = model_of(c);
    const Policy policy(c.config, c.decisions, 3);
    std::vector<at::Tensor> parts;
    for (const auto& parameter : policy->parameters()) parts.push_back(parameter.reshape({-1}));
    const at::Tensor theirs = at::cat(parts).detach();
    REQUIRE(theirs.numel() == static_cast<int64_t>(model->weights().size()));
    CHECK(at::equal(theirs, at::from_blob(model->weights().data(), theirs.sizes())));
  }
}

TEST_CASE("log-probabilities, entropies and marginals equal LibTorch's to 1e-5") {
  for (const auto& c : cases()) {
    const auto model = model_of(c);
    const auto genotypes = model->sample(uniforms(c, 24, 1)).genotypes;
    const PolicyScores ours = model->score(genotypes);
    const Policy reference = reference_of(c);
    const at::NoGradGuard no_grad;
    const auto theirs = reference->score(genotypes);
    CHECK(relative(at::tensor(ours.log_prob), theirs.log_prob) < 1e-5);
    CHECK(relative(at::tensor(ours.entropy), theirs.entropy) < 1e-5);
    const auto rows = model->marginals(genotypes);
    const auto their_rows = reference->marginals(genotypes);
    for (size_t d = 0; d < rows.size(); ++d) {
      CHECK((at::tensor(rows[d]) - at::tensor(their_rows[d])).abs().max().item<double>() < 1e-5);
    }
  }
}

TEST_CASE("gradients equal LibTorch's to 1e-5, for one chunk of samples and for three") {
  for (const auto& c : cases()) {
    const int samples = GENERATE(3, 21, 150);
    const auto model = model_of(c);
    const auto genotypes = model->sample(uniforms(c, samples, 2)).genotypes;
    const LossSlopes slopes = slopes_for(genotypes.size());
    std::vector<float> gradient(model->weights().size(), 1.0f);
    const PolicyScores scores = model->gradient(
        genotypes, [&](const PolicyScores&) { return slopes; }, gradient);
    CHECK(scores.log_prob == model->score(genotypes).log_prob);
    const Policy reference = reference_of(c);
    const auto theirs = reference->score(genotypes);
    const at::Tensor loss = (theirs.log_prob * at::tensor(slopes.log_prob, at::kDouble)).sum() +
                            (theirs.entropy * at::tensor(slopes.entropy, at::kDouble)).sum();
    const float* ours = gradient.data();
    const auto parameters = reference->named_parameters();
    for (const auto& item : parameters) {
      INFO(item.key() << ", " << samples << " samples");
      const auto expected = torch::autograd::grad({loss}, {item.value()}, {}, true)[0];
      const at::Tensor part =
          at::from_blob(const_cast<float*>(ours), expected.sizes()).to(at::kDouble);
      CHECK((part - expected).norm().item<double>() <= 1e-5 * expected.norm().item<double>());
      ours += expected.numel();
    }
  }
}

TEST_CASE("a sample's bits do not depend on what is sampled and scored beside it") {
  for (const auto& c : cases()) {
    const auto model = model_of(c);
    const int all = 150;  // more than a chunk
    const auto numbers = uniforms(c, all, 4);
    const PolicySamples whole = model->sample(numbers);
    const PolicyScores scores = model->score(whole.genotypes);
    CHECK(scores.log_prob == whole.log_prob);
    const size_t steps = c.decisions.size();
    for (size_t first = 0, count = 1; first + count <= all; first += count, count = count % 9 + 1) {
      const auto part = std::span(numbers).subspan(first * steps, count * steps);
      const PolicySamples samples = model->sample(part);
      const PolicyScores again = model->score(samples.genotypes);
      for (size_t i = 0; i < count; ++i) {
        CHECK(samples.genotypes[i] == whole.genotypes[first + i]);
        CHECK(samples.log_prob[i] == whole.log_prob[first + i]);
        CHECK(again.entropy[i] == scores.entropy[first + i]);
      }
    }
  }
}

TEST_CASE("the gradient's bits do not depend on earlier calls or on the number of threads") {
  const Case c{{.hidden = 21, .layers = 2}, long_space()};
  const auto gradient_of = [&](PolicyModel& model, int samples) {
    const auto genotypes = model.sample(uniforms(c, samples, 5)).genotypes;
    std::vector<float> gradient(model.weights().size());
    model.gradient(
        genotypes, [](const PolicyScores& s) { return slopes_for(s.log_prob.size()); }, gradient);
    return gradient;
  };
  const auto fresh = model_of(c);
  const auto used = model_of(c);
  gradient_of(*used, 90);
  const int threads = at::get_num_threads();
  at::set_num_threads(threads + 1);
  const auto second = gradient_of(*used, 20);
  at::set_num_threads(threads);
  CHECK(gradient_of(*fresh, 20) == second);
}

TEST_CASE("what a policy says does not depend on what it was asked before") {
  for (const auto& c : cases()) {
    const auto fresh = model_of(c);
    const auto used = model_of(c);
    const size_t weights = fresh->weights().size();
    used->sample(uniforms(c, 300, 9));  // more than it keeps
    const auto numbers = uniforms(c, 20, 10);
    const PolicySamples samples = used->sample(numbers);
    CHECK(samples.genotypes == fresh->sample(numbers).genotypes);
    std::vector<Genotype> batch = samples.genotypes;
    batch.push_back(batch.front());  // a repeat counts twice
    const auto slopes = [](const PolicyScores& s) { return slopes_for(s.log_prob.size()); };
    std::vector<float> first(weights), second(weights), third(weights);
    const PolicyScores scores = fresh->gradient(batch, slopes, first);
    CHECK(used->gradient(batch, slopes, second).entropy == scores.entropy);
    CHECK(second == first);
    const auto beginning = std::span(batch).first(3);
    used->gradient(beginning, slopes, third);
    used->gradient(batch, slopes, third);
    CHECK(third == first);
  }
}

TEST_CASE("changed weights count at once") {
  for (const auto& c : cases()) {
    const auto changed = model_of(c);
    const auto genotypes = changed->sample(uniforms(c, 9, 13)).genotypes;
    const auto before = changed->score(genotypes).log_prob;
    for (float& weight : changed->weights()) weight *= 1.5f;
    const auto other = model_of(c);
    for (float& weight : other->weights()) weight *= 1.5f;
    CHECK(changed->score(genotypes).log_prob == other->score(genotypes).log_prob);
    CHECK(changed->score(genotypes).log_prob != before);
  }
}

TEST_CASE("kept choices are made where they can be, and the others are drawn from the policy") {
  const Case c{{.hidden = 8, .embedding = 6, .init_range = 0.5}, conditional_space()};
  const auto model = model_of(c);
  const auto numbers = uniforms(c, 60, 6);
  const std::vector<Genotype> kept(60, Genotype{kFree, 3, 1});
  const PolicySamples samples = model->sample(numbers, kept);
  const PolicySamples free = model->sample(numbers);
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
  CHECK(model->score(samples.genotypes).log_prob == samples.log_prob);
}

TEST_CASE("choices are drawn as often as their scored probability says") {
  const Case c{{.hidden = 8, .embedding = 6, .init_range = 2},
               {test::decision("a", 3), test::decision("b", 2)}};
  const auto model = model_of(c);
  const int draws = 20000;
  std::vector<double> counts(6, 0.0);
  for (const auto& g : model->sample(uniforms(c, draws, 11)).genotypes) {
    counts[static_cast<size_t>(2 * g[0] + g[1])] += 1;
  }
  for (int point = 0; point < 6; ++point) {
    const std::vector<Genotype> genotype = {{point / 2, point % 2}};
    const double p = std::exp(model->score(genotype).log_prob[0]);
    const double deviation = std::sqrt(p * (1 - p) / draws);
    CHECK(std::abs(counts[static_cast<size_t>(point)] / draws - p) < 4 * deviation);
  }
}

TEST_CASE("large gates saturate, and a weight that is not finite shows in the scores") {
  const Case c{{.hidden = 8, .embedding = 6, .init_range = 10}, plain_space()};
  const auto model = model_of(c);
  for (float& weight : model->weights()) weight *= 100;
  const auto genotypes = model->sample(uniforms(c, 8, 12)).genotypes;
  for (const double log_prob : model->score(genotypes).log_prob) CHECK(std::isfinite(log_prob));
  model->weights()[0] = NAN;  // of the start token
  CHECK(std::isnan(model->score(genotypes).log_prob[0]));
}
