#include <ATen/ATen.h>

#include "runtime/device.h"
#include "runtime/device_memory.h"
#include "runtime/network_module.h"
#include "runtime/synchronised_batch_norm.h"
#include "runtime/torch_compat.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"
#include "tests/support.h"
#include "tests/test_device.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

struct Pass {
  at::Tensor output;
  std::vector<at::Tensor> gradients;
};

/// One step's forward and backward pass of the small architecture, brought to the CPU.
Pass pass_on(const std::string& text, bool training) {
  const c10::Device device = device_from_text(text);
  if (device.is_cuda()) choose_kernels(/*deterministic=*/true, /*tf32=*/false);
  NetworkModule module(lower(small_architecture()), 3);
  place(*module, device);
  module->reseed(9);
  module->train(training);
  const at::Tensor output = module->forward(place(noise({8, 3, 32, 32}, 5), device));
  output.square().sum().backward();
  Pass pass{output.detach().cpu(), {}};
  for (const auto& parameter : module->parameters())
    pass.gradients.push_back(parameter.grad().cpu());
  return pass;
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  return difference(a, b) / std::max(1.0, b.abs().max().item<double>());
}

}  // namespace

TEST_CASE("a network gives the CPU's outputs and gradients on the test device, masks included") {
  for (const bool training : {false, true}) {
    const Pass here = pass_on(test_device(), training), cpu = pass_on("cpu", training);
    CHECK(relative_difference(here.output, cpu.output) < rounding(1e-7, 1e-3));
    for (size_t i = 0; i < cpu.gradients.size(); ++i) {
      INFO(i);
      CHECK(relative_difference(here.gradients[i], cpu.gradients[i]) < rounding(1e-7, 1e-2));
    }
  }
}

TEST_CASE("the masks of a batch are the same on every device") {
  for (const Operator& op : {Operator(Dropout{0.5}), Operator(DropConnect{0.5})}) {
    const auto masked = [&](const c10::Device& device) {
      NetworkModule module(single(op, {4, 3, 3}), 1);
      module->reseed(5);
      module->train();
      return module->forward(at::ones({64, 4, 3, 3}, at::TensorOptions().device(device))).cpu();
    };
    CHECK(same_bits(masked(device_from_text(test_device())), masked(at::kCPU)));
  }
}

TEST_CASE("bfloat16 under autocast stays near float32 on the test device") {
  const c10::Device device = device_from_text(test_device());
  const at::NoGradGuard no_grad;
  NetworkModule module(lower(small_architecture()), 3);
  place(*module, device);
  module->eval();
  const at::Tensor x = place(noise({4, 3, 32, 32}, 5), device);
  const at::Tensor exact = module->forward(x);
  const AutocastBf16 autocast(device.type());
  const double error = difference(module->forward(x), exact);
  CHECK(error > 0);
  CHECK(error < 0.05 * exact.abs().max().item<double>());
}

TEST_CASE("one rank's synchronised batch norm is batch norm, forward and backward") {
  const c10::Device device = device_from_text(test_device());
  TempFolder folder;
  RankGroup alone({.rank = 0, .size = 1, .rendezvous = folder / "rendezvous"});
  // Both layouts: their kernels differ on CUDA.
  for (const auto layout : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
    const auto channel = [&](double value) {
      return at::full({6}, value, at::TensorOptions().device(device));
    };
    const auto run = [&](bool synchronised) {
      BatchNormTensors tensors{channel(1.5).requires_grad_(), channel(0.2).requires_grad_(),
                               channel(0), channel(1)};
      const at::Tensor x =
          place(noise({4, 6, 5, 5}, 2), device, layout).mul_(2).add_(3).requires_grad_();
      const at::Tensor y =
          synchronised ? synchronised_batch_norm(x, tensors, 0.1, 1e-3, 100, alone)
                       : at::batch_norm(x, tensors.weight, tensors.bias, tensors.running_mean,
                                        tensors.running_var, true, 0.1, 1e-3, false);
      (y * place(noise({4, 6, 5, 5}, 3), device, layout)).sum().backward();
      return std::vector<at::Tensor>{y.detach().cpu(),
                                     x.grad().cpu(),
                                     tensors.weight.grad().cpu(),
                                     tensors.bias.grad().cpu(),
                                     tensors.running_mean.cpu(),
                                     tensors.running_var.cpu()};
    };
    const auto ours = run(true), theirs = run(false);
    for (size_t i = 0; i < ours.size(); ++i) {
      INFO(i);
      CHECK(relative_difference(ours[i], theirs[i]) < 1e-4);
    }
  }
}

TEST_CASE("a CPU has no figure for the memory used") {
  CHECK_FALSE(peak_memory(at::kCPU).has_value());
}

TEST_CASE("what a GPU's memory was used for is known") {
  const c10::Device device = device_from_text(test_device());
  if (!device.is_cuda()) skip("RIDGELINE_TEST_DEVICE is no GPU");
  reset_peak_memory(device);
  constexpr int64_t kElements = 1 << 22;
  at::zeros({kElements}, at::TensorOptions().device(device));
  const auto peak = peak_memory(device);
  REQUIRE(peak.has_value());
  CHECK(peak->allocated_bytes >= 4 * kElements);
  CHECK(peak->reserved_bytes >= peak->allocated_bytes);
  release_cached_memory();
}
