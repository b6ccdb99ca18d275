#include "controller/policy/policy.h"

#include <ATen/ATen.h>

#include <map>

#include "controller/policy/factorised.h"
#include "controller/policy/lstm_policy.h"
#include "core/error.h"

namespace ridgeline {
namespace {

/// Genotypes as tensors, a row for each decision.
struct Table {
  at::Tensor choices;  // [decisions, batch] 0 where inactive
  at::Tensor active;   // [decisions, batch] 1 or 0
};

Table table_of(std::span<const Genotype> genotypes, size_t decisions) {
  const auto batch = static_cast<int64_t>(genotypes.size());
  const std::vector<int64_t> shape = {static_cast<int64_t>(decisions), batch};
  Table table{at::empty(shape, at::kLong), at::empty(shape, at::kFloat)};
  auto* choice = table.choices.data_ptr<int64_t>();
  auto* active = table.active.data_ptr<float>();
  for (size_t d = 0; d < decisions; ++d) {
    for (const auto& genotype : genotypes) {
      *choice++ = genotype[d] == kInactive ? 0 : genotype[d];
      *active++ = genotype[d] == kInactive ? 0.0f : 1.0f;
    }
  }
  return table;
}

}  // namespace

Policy::Policy(const PolicyConfig& config, const std::vector<Decision>& decisions)
    : decisions_(decisions),
      temperature_(config.temperature),
      tanh_constant_(config.tanh_constant) {
  std::map<int, std::vector<int64_t>> members;
  for (size_t d = 0; d < decisions.size(); ++d)
    members[decisions[d].choices()].push_back(static_cast<int64_t>(d));
  for (const auto& [choices, rows] : members)
    groups_.push_back({choices, rows, at::tensor(rows, at::kLong)});
}

at::Tensor Policy::log_softmax(at::Tensor logits) const {
  if (temperature_ != 1) logits = logits / temperature_;
  if (tanh_constant_ > 0) logits = tanh_constant_ * at::tanh(logits);
  return at::log_softmax(logits, -1);
}

// Sums are taken in double: forty terms in single precision would cost the fifth digit.
PolicyScores Policy::score(std::span<const Genotype> genotypes) const {
  const Table table = table_of(genotypes, decisions_.size());
  const auto log_p = log_probabilities(genotypes);
  PolicyScores scores;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const at::Tensor choices = table.choices.index_select(0, groups_[g].rows).unsqueeze(2);
    const at::Tensor active = table.active.index_select(0, groups_[g].rows);
    const at::Tensor chosen = log_p[g].gather(2, choices).squeeze(2) * active;
    const at::Tensor surprise = (log_p[g].exp() * log_p[g]).sum(2) * active;
    const at::Tensor log_prob = chosen.sum(0, /*keepdim=*/false, at::kDouble);
    const at::Tensor entropy = -surprise.sum(0, /*keepdim=*/false, at::kDouble);
    scores.log_prob = g == 0 ? log_prob : scores.log_prob + log_prob;
    scores.entropy = g == 0 ? entropy : scores.entropy + entropy;
  }
  return scores;
}

std::vector<std::vector<double>> Policy::marginals(std::span<const Genotype> genotypes) const {
  const at::NoGradGuard no_gradients;
  std::vector<std::vector<double>> rows;
  for (const auto& decision : decisions_)
    rows.emplace_back(static_cast<size_t>(decision.choices()), 0.0);
  for (size_t first = 0; first < genotypes.size(); first += kChunk) {
    const auto part = chunk(genotypes, first);
    const Table table = table_of(part, decisions_.size());
    const auto log_p = log_probabilities(part);
    for (size_t g = 0; g < groups_.size(); ++g) {
      const at::Tensor active = table.active.index_select(0, groups_[g].rows).unsqueeze(2);
      const at::Tensor sums =
          (log_p[g].exp() * active).sum(1, /*keepdim=*/false, at::kDouble).contiguous();
      const double* sum = sums.data_ptr<double>();
      for (const int64_t d : groups_[g].decisions) {
        for (double& p : rows[static_cast<size_t>(d)])
          p += *sum++ / static_cast<double>(genotypes.size());
      }
    }
  }
  return rows;
}

std::shared_ptr<Policy> make_policy(const PolicyConfig& config,
                                    const std::vector<Decision>& decisions, uint64_t seed) {
  switch (config.kind) {
    case PolicyKind::kLstm:
      return std::make_shared<LstmPolicy>(config, decisions, seed);
    case PolicyKind::kFactorised:
      return std::make_shared<FactorisedPolicy>(config, decisions);
  }
  throw Error(ErrorKind::kInternal, "controller.policy: not one of the known policies");
}

}  // namespace ridgeline
