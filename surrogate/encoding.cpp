#include "surrogate/encoding.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

namespace ridgeline {
namespace {

bool choices_in_order(const Decision& decision) {
  if (decision.choices() < 3) return false;
  std::vector<double> values;
  for (const auto& label : decision.labels) {
    char* end = nullptr;
    values.push_back(std::strtod(label.c_str(), &end));
    if (label.empty() || *end != '\0' || !std::isfinite(values.back())) return false;
  }
  const auto none = values.end();
  return std::adjacent_find(values.begin(), none, std::greater_equal<>()) == none ||
         std::adjacent_find(values.begin(), none, std::less_equal<>()) == none;
}

}  // namespace

Encoding::Encoding(const SearchSpace& space) : networks_(!space.is_plain()) {
  for (size_t d = 0; d < space.decisions().size(); ++d) {
    const Decision& decision = space.decisions()[d];
    const bool ordered = choices_in_order(decision);
    const int index = static_cast<int>(d);
    firsts_.push_back(size());
    choices_.push_back(decision.choices());
    for (int c = 0; c < decision.choices(); ++c) {
      // Trees cut the order where they like; of two choices, one says it all.
      const bool redundant = ordered || (decision.choices() == 2 && c == 0);
      features_.push_back({decision.name + " " + decision.labels[static_cast<size_t>(c)],
                           FeatureKind::kChoice, index, redundant});
    }
    orders_.push_back(ordered ? size() : -1);
    if (ordered) features_.push_back({decision.name, FeatureKind::kOrder, index});
  }
  if (!networks_) return;
  for (const char* name : kNetworkFeatures) features_.push_back({name, FeatureKind::kNetwork});
}

void Encoding::encode(const Genotype& genotype, const Architecture& architecture,
                      Eigen::Ref<Eigen::VectorXd> row) const {
  row.setZero();
  for (size_t d = 0; d < firsts_.size(); ++d) {
    const bool active = genotype[d] != kInactive;
    if (active) row[firsts_[d] + genotype[d]] = 1;
    if (orders_[d] >= 0)
      row[orders_[d]] = active ? static_cast<double>(genotype[d]) / (choices_[d] - 1) : 0.5;
  }
  if (!networks_) return;
  thread_local NetworkFeatureReader reader;  // remembers the parts of networks
  const NetworkFeatures features = reader.read(architecture);
  for (size_t i = 0; i < features.size(); ++i)
    row[size() - static_cast<Eigen::Index>(features.size() - i)] = features[i];
}

}  // namespace ridgeline
