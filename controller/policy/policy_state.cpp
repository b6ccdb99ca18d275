#include "controller/policy/policy_state.h"

#include <ATen/ATen.h>
#include <torch/serialize.h>

#include <sstream>
#include <type_traits>

#include "core/error.h"

namespace ridgeline {
namespace {

using AdamState = torch::optim::AdamParamState;

/// The optimiser's own key of a parameter: its address, as text in earlier versions of LibTorch.
template <class States>
typename States::key_type key_of(const at::Tensor& parameter) {
  void* const address = parameter.unsafeGetTensorImpl();
  if constexpr (std::is_same_v<typename States::key_type, std::string>) {
    std::ostringstream text;
    text << address;
    return text.str();
  } else {
    return address;
  }
}

/// What Adam keeps of a parameter; before its first step, zeros.
AdamState state_of(const torch::optim::Adam& adam, const at::Tensor& parameter) {
  const auto& states = adam.state();
  const auto found = states.find(key_of<std::decay_t<decltype(states)>>(parameter));
  if (found != states.end()) return static_cast<const AdamState&>(*found->second);
  AdamState fresh;
  fresh.step(0);
  fresh.exp_avg(at::zeros_like(parameter));
  fresh.exp_avg_sq(at::zeros_like(parameter));
  return fresh;
}

constexpr size_t kPerParameter = 4;  // itself, step, first and second moment

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::kRun, "controller state: damaged: " + why);
}

std::vector<at::Tensor> read_tensors(const std::string& bytes) {
  std::vector<at::Tensor> tensors;
  std::istringstream stream(bytes);
  try {
    torch::load(tensors, stream);
  } catch (const std::exception&) {  // its message is a page of addresses
    refuse("LibTorch cannot read its weights");
  }
  return tensors;
}

}  // namespace

std::string policy_bytes(const Policy& policy, const torch::optim::Adam& adam) {
  std::vector<at::Tensor> tensors;
  for (const auto& parameter : policy.parameters()) {
    const AdamState state = state_of(adam, parameter);
    tensors.insert(tensors.end(), {parameter.detach(), at::tensor(state.step(), at::kLong),
                                   state.exp_avg(), state.exp_avg_sq()});
  }
  std::ostringstream stream;
  torch::save(tensors, stream);
  return std::move(stream).str();
}

void restore_policy(const std::string& bytes, Policy& policy, torch::optim::Adam& adam) {
  const auto tensors = read_tensors(bytes);
  const auto parameters = policy.parameters();
  if (tensors.size() != kPerParameter * parameters.size()) {
    refuse(std::to_string(tensors.size()) + " tensors where " +
           std::to_string(kPerParameter * parameters.size()) + " belong");
  }
  const auto fits = [](const at::Tensor& tensor, const at::Tensor& like) {
    return tensor.sizes() == like.sizes() && tensor.scalar_type() == like.scalar_type();
  };
  for (size_t p = 0; p < parameters.size(); ++p) {
    const at::Tensor* const of = &tensors[kPerParameter * p];
    const bool sound = fits(of[0], parameters[p]) && of[1].numel() == 1 &&
                       fits(of[2], parameters[p]) && fits(of[3], parameters[p]);
    if (!sound) refuse("tensors of parameter " + std::to_string(p) + " have another shape");
  }
  const at::NoGradGuard no_gradients;
  for (size_t p = 0; p < parameters.size(); ++p) {
    const at::Tensor* const of = &tensors[kPerParameter * p];
    parameters[p].copy_(of[0]);
    auto state = std::make_unique<AdamState>();
    state->step(of[1].item<int64_t>());
    state->exp_avg(of[2].clone());
    state->exp_avg_sq(of[3].clone());
    adam.state()[key_of<std::decay_t<decltype(adam.state())>>(parameters[p])] = std::move(state);
  }
}

}  // namespace ridgeline
