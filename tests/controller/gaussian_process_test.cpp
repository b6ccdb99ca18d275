#include "controller/gaussian_process.h"

#include <cmath>

#include "tests/catch.h"
#include "tests/controller/spaces.h"

using namespace ridgeline;
using test::decision;

namespace {

/// `count` decisions of three choices that are no numbers.
std::vector<Decision> names_space(size_t count) {
  return std::vector<Decision>(count, Decision{.name = "op", .labels = {"conv", "pool", "skip"}});
}

std::vector<Decision> one_decision(std::vector<std::string> labels) {
  return {{.name = "d", .labels = std::move(labels)}};
}

/// A process with the rates of the priors: equal targets say nothing of them.
GaussianProcess unlearned(const std::vector<Decision>& decisions,
                          const std::vector<Genotype>& genotypes) {
  GaussianProcess process(decisions);
  process.fit(genotypes, Eigen::VectorXd::Constant(static_cast<Eigen::Index>(genotypes.size()), 3));
  return process;
}

/// All genotypes of six decisions that differ from 0 in at most two of them.
std::vector<Genotype> near_zero() {
  std::vector<Genotype> genotypes;
  for (size_t d = 0; d < 6; ++d) {
    for (size_t e = 0; e < d; ++e) {
      for (int k = 0; k < 9; ++k) {
        Genotype genotype(6, 0);
        genotype[d] = k / 3;
        genotype[e] = k % 3;
        genotypes.push_back(genotype);
      }
    }
  }
  return genotypes;
}

}  // namespace

TEST_CASE("before it has learned, a process correlates by the share of decisions that agree") {
  const auto process = unlearned(names_space(4), {{0, 0, 0, 0}, {1, 1, 1, 1}});
  const auto correlation = [&](const Genotype& genotype) {
    return process.correlation({0, 0, 0, 0}, genotype);
  };
  CHECK(correlation({0, 0, 0, 0}) == 1);
  CHECK(correlation({0, 2, 0, 0}) == Approx(std::exp(-0.5)));
  CHECK(correlation({0, 1, 2, 0}) == Approx(std::exp(-1.0)));
  CHECK(correlation({1, 2, 1, kInactive}) == Approx(std::exp(-2.0)));
}

TEST_CASE("numbers in order are the closer, the fewer choices lie between them") {
  const auto correlation = [](const std::vector<std::string>& labels, int a, int b) {
    const auto process = unlearned(one_decision(labels), {{0}, {1}});
    return process.correlation({a}, {b});
  };
  // Half of the rate for being different, half of it times the share of the range between.
  CHECK(correlation({"1", "2", "8"}, 0, 1) == Approx(std::exp(-1.5)));
  CHECK(correlation({"1", "2", "8"}, 0, 2) == Approx(std::exp(-2.0)));
  CHECK(correlation({"0.5", "0.25", "0"}, 1, 2) == Approx(std::exp(-1.5)));
  CHECK(correlation({"1", "2", "8"}, 1, kInactive) == Approx(std::exp(-2.0)));
  // Not all numbers, not in order.
  CHECK(correlation({"1", "2", "none"}, 0, 1) == Approx(std::exp(-2.0)));
  CHECK(correlation({"1", "8", "2"}, 0, 1) == Approx(std::exp(-2.0)));
}

TEST_CASE("deviations are those of a process computed by hand, before and after a belief") {
  const std::vector<Decision> decisions = names_space(2);
  const double noise = 0.05;
  const auto process = unlearned(decisions, {{0, 0}, {0, 0}});
  REQUIRE(process.noise() == Approx(noise));
  // Two observations of (0, 0): 1 - r^2 (1 1) ((1 + noise, 1), (1, 1 + noise))^-1 (1 1)'.
  const auto variance = [&](double r) { return 1 - r * r * 2 / (2 + noise); };
  const double near = std::exp(-1.0), far = std::exp(-2.0);
  Candidates candidates(process, {{0, 0}, {0, 1}, {2, 1}});
  const auto ratio = [&](size_t i) {
    return std::pow(candidates.deviation(i) / candidates.deviation(0), 2);
  };
  CHECK(ratio(1) == Approx(variance(near) / variance(1)));
  CHECK(ratio(2) == Approx(variance(far) / variance(1)));
  const double scale = std::pow(candidates.deviation(2), 2) / variance(far);
  candidates.believe(2);
  const double left = variance(far) * noise / (variance(far) + noise);
  CHECK(std::pow(candidates.deviation(2), 2) / scale == Approx(left));
  // (0, 1) and (2, 1) differ in one decision: their covariance given both (0, 0).
  const double shared = near - near * far * 2 / (2 + noise);
  CHECK(std::pow(candidates.deviation(1), 2) / scale ==
        Approx(variance(near) - shared * shared / (variance(far) + noise)));
  CHECK(candidates.mean(1) == Approx(3));
}

TEST_CASE("a decision that decides the target gets a higher rate than those that do not") {
  const auto genotypes = near_zero();
  Eigen::VectorXd targets(static_cast<Eigen::Index>(genotypes.size()));
  for (size_t i = 0; i < genotypes.size(); ++i)
    targets[static_cast<Eigen::Index>(i)] = genotypes[i][2] == 1 ? 1 : -1;
  GaussianProcess process(names_space(6));
  process.fit(genotypes, targets);
  const Genotype zero(6, 0);
  for (size_t d = 0; d < 6; ++d) {
    Genotype other = zero;
    other[d] = 1;
    CAPTURE(d, process.correlation(zero, other));
    CHECK((process.correlation(zero, other) < 0.7) == (d == 2));
  }
  // What it has never seen together.
  const Candidates candidates(process, {{1, 1, 1, 1, 1, 1}, {1, 1, 0, 1, 1, 1}});
  CHECK(candidates.mean(0) > 0.5);
  CHECK(candidates.mean(1) < -0.5);
}

TEST_CASE("the means at what was fitted are those of candidates that are the same") {
  const auto genotypes = near_zero();
  Eigen::VectorXd targets(static_cast<Eigen::Index>(genotypes.size()));
  for (size_t i = 0; i < genotypes.size(); ++i)
    targets[static_cast<Eigen::Index>(i)] =
        genotypes[i][0] - 2 * genotypes[i][5] + 0.1 * static_cast<double>(i % 3);
  GaussianProcess process(names_space(6));
  process.fit(genotypes, targets);
  const Candidates candidates(process, genotypes);
  for (size_t i = 0; i < genotypes.size(); ++i)
    CHECK(candidates.mean(i) == Approx(process.means()[static_cast<Eigen::Index>(i)]));
}
