#include "controller/filtered.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "controller/decorator.h"
#include "core/parallel.h"

namespace ridgeline {
namespace {

class Filtered final : public ControllerDecorator {
 public:
  Filtered(std::unique_ptr<Controller> inner, double keep, GenotypeScore score)
      : ControllerDecorator(std::move(inner)), keep_(keep), score_(std::move(score)) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override {
    // A share such as 0.1 is no exact number: 2 / 0.1 must not become 21.
    const int drawn_count = std::max(n, static_cast<int>(std::ceil(n / keep_ - 1e-9)));
    const std::vector<Genotype> drawn = inner().sample(drawn_count, stream);
    score_new(drawn);
    std::vector<size_t> order(drawn.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return scores_.at(drawn[a]) > scores_.at(drawn[b]);
    });
    order.resize(static_cast<size_t>(n));
    std::sort(order.begin(), order.end());
    std::vector<Genotype> kept;
    for (const size_t i : order) kept.push_back(drawn[i]);
    return kept;
  }

 private:
  void score_new(const std::vector<Genotype>& drawn) {
    std::vector<Genotype> fresh;
    for (const Genotype& genotype : drawn) {
      if (scores_.emplace(genotype, 0).second) fresh.push_back(genotype);
    }
    std::vector<double> values(fresh.size());
    parallel_for(fresh.size(), [&](size_t i) { values[i] = score_(fresh[i]); });
    for (size_t i = 0; i < fresh.size(); ++i) {
      const bool number = !std::isnan(values[i]);
      scores_[fresh[i]] = number ? values[i] : -std::numeric_limits<double>::infinity();
    }
  }

  double keep_;
  GenotypeScore score_;
  std::map<Genotype, double> scores_;  // of all that was drawn; a score depends on nothing else
};

}  // namespace

std::unique_ptr<Controller> make_filtered(std::unique_ptr<Controller> inner, double keep,
                                          GenotypeScore score) {
  return std::make_unique<Filtered>(std::move(inner), keep, std::move(score));
}

}  // namespace ridgeline
