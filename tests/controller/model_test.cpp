#include "controller/policy_model.h"

#include <cmath>

#include "core/random.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"

using namespace ridgeline;
using test::conditional_space;

namespace {

ControllerConfig small(PolicyKind policy) {
  return {.policy = policy, .hidden = 5, .embedding = 4, .temperature = 1.5, .tanh_constant = 2.5};
}

std::unique_ptr<PolicyModel> model_of(PolicyKind policy) {
  auto model = make_policy_model(small(policy), conditional_space(), 3);
  RandomStream stream(6);
  for (float& weight : model->weights()) weight = static_cast<float>(stream.uniform(-0.7, 0.7));
  return model;
}

const std::vector<Genotype> kBatch = {{0, kInactive, 1}, {1, 4, 0}, {1, 2, 1}};
const LossSlopes kSlopes{{0.7, -0.4, 1.1}, {-0.3, -0.2, 0.5}};

double loss_of(const PolicyModel& model) {
  const PolicyScores scores = model.score(kBatch);
  double loss = 0;
  for (size_t i = 0; i < kBatch.size(); ++i) {
    loss += kSlopes.log_prob[i] * scores.log_prob[i] + kSlopes.entropy[i] * scores.entropy[i];
  }
  return loss;
}

}  // namespace

TEST_CASE("the gradient of every policy equals finite differences of its loss") {
  const auto policy = GENERATE(PolicyKind::kFactorised, PolicyKind::kLstm);
  const auto model = model_of(policy);
  std::vector<float> gradient(model->weights().size());
  const PolicyScores scores = model->gradient(
      kBatch, [](const PolicyScores&) { return kSlopes; }, gradient);
  CHECK(scores.log_prob == model->score(kBatch).log_prob);
  const float step = 1e-2f;
  double worst = 0;
  for (size_t w = 0; w < gradient.size(); ++w) {
    const float before = model->weights()[w];
    model->weights()[w] = before + step;
    const double above = loss_of(*model);
    model->weights()[w] = before - step;
    const double below = loss_of(*model);
    model->weights()[w] = before;
    const double difference = (above - below) / (2 * static_cast<double>(step));
    worst = std::max(worst, std::abs(difference - static_cast<double>(gradient[w])));
  }
  CHECK(worst < 5e-4);  // single precision and a third derivative
}

TEST_CASE("every policy scores its samples as it drew them and sums to 1 over its space") {
  const auto policy = GENERATE(PolicyKind::kFactorised, PolicyKind::kLstm);
  const auto model = model_of(policy);
  RandomStream stream(4);
  std::vector<double> uniforms(3 * 40);
  for (double& uniform : uniforms) uniform = stream.uniform();
  const PolicySamples samples = model->sample(uniforms);
  REQUIRE(samples.genotypes.size() == 40);
  const PolicyScores scores = model->score(samples.genotypes);
  for (size_t i = 0; i < 40; ++i) {
    CHECK_NOTHROW(check_genotype(conditional_space(), samples.genotypes[i]));
    CHECK(scores.log_prob[i] == Approx(samples.log_prob[i]).epsilon(1e-5));
  }
  std::vector<Genotype> all;
  for (int skip = 0; skip < 2; ++skip) {
    all.push_back({0, kInactive, skip});
    for (int block = 0; block < 5; ++block) all.push_back({1, block, skip});
  }
  double sum = 0;
  double surprise = 0;
  double entropy = 0;
  const PolicyScores every = model->score(all);
  for (size_t i = 0; i < all.size(); ++i) {
    const double p = std::exp(every.log_prob[i]);
    sum += p;
    surprise -= p * every.log_prob[i];
    entropy += p * every.entropy[i];
  }
  CHECK(sum == Approx(1).epsilon(1e-5));
  CHECK(entropy == Approx(surprise).epsilon(1e-5));
}

TEST_CASE("a fresh factorised policy is uniform, and its marginals say how often it is active") {
  const auto model = make_policy_model({.policy = PolicyKind::kFactorised}, conditional_space(), 1);
  const PolicyScores scores = model->score(kBatch);
  CHECK(scores.log_prob[0] == Approx(-std::log(4.0)));
  CHECK(scores.log_prob[1] == Approx(-std::log(20.0)));
  const auto rows = model->marginals(kBatch);
  CHECK(rows[0] == std::vector<double>{0.5, 0.5});
  for (const double p : rows[1]) CHECK(p == Approx(2.0 / 3 / 5));
}
