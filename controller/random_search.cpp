#include "controller/random_search.h"

#include <cmath>

#include "controller/checks.h"
#include "controller/state.h"

namespace ridgeline {
namespace {

class RandomSearch final : public Controller {
 public:
  explicit RandomSearch(const std::vector<Decision>& decisions) : decisions_(decisions) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override {
    std::vector<Genotype> genotypes;
    for (int i = 0; i < n; ++i) genotypes.push_back(random_genotype(decisions_, stream));
    return genotypes;
  }

  UpdateStats update(std::span<const Observation> batch) override {
    check_batch(decisions_, batch);
    return {};
  }

  std::vector<double> log_probabilities(std::span<const Genotype> genotypes) override {
    std::vector<double> log_prob;
    for (const auto& genotype : genotypes) {
      check_genotype(decisions_, genotype);
      double sum = 0;
      for (size_t d = 0; d < decisions_.size(); ++d) {
        if (genotype[d] != kInactive) sum -= std::log(decisions_[d].choices());
      }
      log_prob.push_back(sum);
    }
    return log_prob;
  }

  std::string save() const override {
    return StateWriter(ControllerKind::kRandom, decisions_).finish();
  }

  void restore(const std::string& bytes) override {
    StateReader(bytes, ControllerKind::kRandom, decisions_).finish();
  }

  std::vector<std::vector<double>> marginals(int samples, RandomStream& stream) override {
    std::vector<std::vector<double>> rows;
    for (const auto& decision : decisions_) {
      rows.emplace_back(static_cast<size_t>(decision.choices()), 0.0);
    }
    for (const auto& genotype : sample(samples, stream)) {
      for (size_t d = 0; d < decisions_.size(); ++d) {
        if (genotype[d] == kInactive) continue;
        for (double& p : rows[d]) p += 1.0 / (decisions_[d].choices() * samples);
      }
    }
    return rows;
  }

 private:
  std::vector<Decision> decisions_;
};

}  // namespace

std::unique_ptr<Controller> make_random_search(const std::vector<Decision>& decisions) {
  return std::make_unique<RandomSearch>(decisions);
}

}  // namespace ridgeline
