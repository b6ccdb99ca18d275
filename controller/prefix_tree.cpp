#include "controller/prefix_tree.h"

#include <algorithm>
#include <cmath>

namespace ridgeline {

PrefixTree::PrefixTree(const ControllerConfig& config, const std::vector<Decision>& decisions)
    : temperature_(config.temperature),
      tanh_constant_(config.tanh_constant),
      states_(static_cast<size_t>(config.layers), static_cast<size_t>(config.hidden)) {
  for (const auto& decision : decisions)
    choices_.push_back(static_cast<size_t>(decision.choices()));
  width_ = *std::max_element(choices_.begin(), choices_.end());
  stride_ = padded(width_);
}

void PrefixTree::clear() {
  states_.clear();
  nodes_.clear();
  log_p_.clear();
  logits_.clear();
  successors_.clear();
}

size_t PrefixTree::root(LstmNetwork& network) {
  if (nodes_.empty()) {
    before_.clear();
    tokens_ = {LstmNetwork::kStart};
    compute(network, 0);
  }
  return 0;
}

void PrefixTree::descend(LstmNetwork& network, size_t d, std::span<const int> choices,
                         std::span<size_t> nodes) {
  before_.clear();
  tokens_.clear();
  for (size_t b = 0; b < nodes.size(); ++b) {
    const size_t column = static_cast<size_t>(choices[b] == kInactive ? 0 : choices[b] + 1);
    uint32_t& successor = successors_[nodes[b] * (1 + width_) + column];
    if (successor == 0) {
      successor = static_cast<uint32_t>(nodes_.size() + tokens_.size());
      before_.push_back(nodes[b]);
      tokens_.push_back(network.token(d - 1, choices[b]));
    }
    nodes[b] = successor;
  }
  if (!tokens_.empty()) compute(network, d);
}

void PrefixTree::compute(LstmNetwork& network, size_t d) {
  const size_t first = nodes_.size();
  const size_t all = first + tokens_.size();
  logits_.resize(all * stride_);
  network.advance(d, before_, tokens_, states_, logits_.data() + first * stride_);
  log_p_.resize(all * width_);
  successors_.resize(all * (1 + width_), 0);
  for (const size_t token : tokens_) {
    nodes_.push_back({.token = token, .choices = choices_[d], .entropy = 0});
    set_choices(nodes_.size() - 1);
  }
}

void PrefixTree::set_choices(size_t node) {
  const std::span<double> log_p(log_p_.data() + node * width_, nodes_[node].choices);
  const float* logits = logits_.data() + node * stride_;
  double largest = -HUGE_VAL;
  for (size_t k = 0; k < log_p.size(); ++k) {
    const double z = static_cast<double>(logits[k]) / temperature_;
    log_p[k] = tanh_constant_ > 0 ? tanh_constant_ * std::tanh(z) : z;
    largest = std::max(largest, log_p[k]);
  }
  double sum = 0;
  double mean = 0;
  for (double& l : log_p) {
    l -= largest;
    const double p = std::exp(l);
    sum += p;
    mean += p * l;
  }
  const double log_sum = std::log(sum);
  for (double& l : log_p) l -= log_sum;
  nodes_[node].entropy = log_sum - mean / sum;
}

double PrefixTree::logit_slope(size_t node, size_t choice) const {
  if (tanh_constant_ == 0) return 1 / temperature_;
  const double t = std::tanh(static_cast<double>(logits_[node * stride_ + choice]) / temperature_);
  return tanh_constant_ * (1 - t * t) / temperature_;
}

}  // namespace ridgeline
