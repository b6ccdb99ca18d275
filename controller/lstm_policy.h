#pragma once

#include "controller/policy_model.h"

namespace ridgeline {

/// The recurrent policy: `LstmNetwork`'s logits z become log-probabilities of c tanh(z /
/// temperature) (without tanh for c = 0, as in ENAS); a decision that earlier choices make inactive
/// adds nothing to log-probability and entropy. Computes on one thread. What it says of a sample is
/// the same, to the last bit, whatever samples it is asked for before or at the same time; what it
/// computed is kept until the weights change.
std::unique_ptr<PolicyModel> make_lstm_policy(const ControllerConfig& config,
                                              const std::vector<Decision>& decisions,
                                              uint64_t seed);

}  // namespace ridgeline
