#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "controller/lstm_network.h"
#include "controller/lstm_states.h"

namespace ridgeline {

/// What the recurrent policy says after each prefix of choices that was asked for, computed once:
/// prefixes that samples share, redrawn ones and those that an update scores again cost a look-up.
/// Valid for one set of weights; `clear` when they change. Node i is state i of the network.
class PrefixTree {
 public:
  /// The logits z become log-probabilities of c tanh(z / temperature), of z / temperature for c =
  /// 0.
  PrefixTree(const ControllerConfig& config, const std::vector<Decision>& decisions);

  void clear();
  size_t size() const { return states_.size(); }
  /// The node of the first decision.
  size_t root(LstmNetwork& network);
  /// Moves each of `nodes`, at decision d - 1 >= 0, to its successor by `choices` there (or
  /// kInactive). What is new is computed together.
  void descend(LstmNetwork& network, size_t d, std::span<const int> choices,
               std::span<size_t> nodes);

  /// Of the choices at the node's decision.
  std::span<const double> log_p(size_t node) const {
    return {log_p_.data() + node * width_, nodes_[node].choices};
  }
  double entropy(size_t node) const { return nodes_[node].entropy; }  ///< nats
  /// d(logit as transformed) / d(logit of the network).
  double logit_slope(size_t node, size_t choice) const;
  size_t token(size_t node) const { return nodes_[node].token; }  ///< what it was fed
  LstmStates& states() { return states_; }

 private:
  struct Node {
    size_t token = 0;
    size_t choices = 0;
    double entropy = 0;
  };
  void compute(LstmNetwork& network, size_t d);
  void set_choices(size_t node);

  double temperature_, tanh_constant_;
  std::vector<size_t> choices_;  // per decision
  size_t width_;                 // the most choices
  size_t stride_;                // of logits
  LstmStates states_;
  std::vector<Node> nodes_;
  std::vector<double> log_p_;         // [nodes, width]
  std::vector<float> logits_;         // [nodes, stride]
  std::vector<uint32_t> successors_;  // [nodes, 1 + width], inactive first; 0 (the root): none yet
  std::vector<size_t> before_, tokens_;  // of what is computed next
};

}  // namespace ridgeline
