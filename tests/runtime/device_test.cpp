#include "runtime/device.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include "runtime/network_module.h"
#include "runtime/torch_compat.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("placing gives every convolution weight channels-last strides and the same outputs") {
  const at::NoGradGuard no_grad;
  const Network network = lower(small_architecture());
  NetworkModule plain(network, 3), placed(network, 3);
  plain->eval();
  placed->eval();
  place(*placed, at::kCPU);
  int one_by_one = 0, depthwise = 0;
  const auto before = plain->named_parameters();
  for (const auto& item : placed->named_parameters()) {
    INFO(item.key());
    CHECK(same_bits(item.value(), before[item.key()]));
    CHECK(item.value().requires_grad());
    if (item.value().dim() != 4) continue;
    const auto size = item.value().sizes();
    const std::vector<int64_t> expected = {size[1] * size[2] * size[3], 1, size[1] * size[3],
                                           size[1]};
    CHECK(item.value().strides().vec() == expected);
    one_by_one += size[2] == 1 && size[1] > 1 ? 1 : 0;
    depthwise += size[2] > 1 && size[1] == 1 ? 1 : 0;
  }
  CHECK(one_by_one > 0);
  CHECK(depthwise > 0);
  const at::Tensor x = noise({4, 3, 32, 32}, 5), y = place(x, at::kCPU);
  CHECK(y.strides().vec() == std::vector<int64_t>{3 * 32 * 32, 1, 32 * 3, 3});
  CHECK(difference(placed->forward(y), plain->forward(x)) < 1e-5);
}

TEST_CASE("one-channel images are placed channels-last too") {
  const at::Tensor y = place(noise({2, 1, 8, 8}, 1), at::kCPU);
  CHECK(y.strides().vec() == std::vector<int64_t>{64, 1, 8, 1});
}

TEST_CASE("training goes on after placing: the gradient reaches the module's own tensors") {
  NetworkModule module(lower(small_architecture()), 3);
  place(*module, at::kCPU);
  module->train();
  module->forward(place(noise({4, 3, 32, 32}, 5), at::kCPU)).square().sum().backward();
  const auto tensors = module->named_parameters();
  const at::Tensor before = tensors["stem.conv.weight"].detach().clone();
  const at::Tensor gradient = tensors["stem.conv.weight"].grad();
  REQUIRE(gradient.defined());
  CHECK(gradient.abs().max().item<double>() > 0);
  const at::NoGradGuard no_grad;
  module->eval();
  const at::Tensor x = noise({1, 3, 32, 32}, 5), y = module->forward(x).clone();
  tensors["stem.conv.weight"].mul_(0.5);
  CHECK(difference(module->forward(x), y) > 1e-6);
}

TEST_CASE("bfloat16 runs and stays near float32, as weights and under autocast") {
  const at::NoGradGuard no_grad;
  const Network network = lower(small_architecture());
  const at::Tensor x = noise({4, 3, 32, 32}, 5);
  NetworkModule module(network, 3);
  module->train();
  module->forward(noise({32, 3, 32, 32}, 4));
  module->eval();
  place(*module, at::kCPU);
  const at::Tensor exact = module->forward(x);
  const double size = exact.abs().max().item<double>();
  {
    const AutocastBf16 autocast(c10::kCPU);
    const at::Tensor rounded = module->forward(x);
    const double error = difference(rounded, exact);
    CHECK(error > 0);
    CHECK(error < 0.05 * size);
  }
  CHECK(same_bits(module->forward(x), exact));  // the guard is gone
  module->to(dtype_of(Precision::kBf16, at::kCPU));
  const at::Tensor rounded = module->forward(x.to(at::kBFloat16));
  CHECK(rounded.dtype() == at::kBFloat16);
  CHECK(difference(rounded, exact) < 0.05 * size);
}

TEST_CASE("a device that is unknown or not there is refused with the valid ones") {
  CHECK(device_from_text("cpu") == at::Device(at::kCPU));
  for (const std::string text :
       {"gpu", "", "cuda:", "cuda:x", "cuda:-1", "CPU", "cpu:0", "cuda 0", "cuda:12345678901"}) {
    CHECK(error_of([&] { device_from_text(text); }) ==
          "device '" + text + "' is not known; valid: cpu, cuda, cuda:N");
  }
  const auto count = static_cast<int>(torch::cuda::device_count());
  const std::string absent = "cuda:" + std::to_string(count);
  CHECK_THAT(
      error_of([&] { device_from_text(absent); }),
      Catch::Matchers::StartsWith("device '" + absent + "' is not there: this LibTorch sees " +
                                  std::to_string(count) + " CUDA devices; valid: cpu"));
  if (count == 0) {
    CHECK(error_of([] { device_from_text("cuda"); }) ==
          "device 'cuda' is not there: this LibTorch sees 0 CUDA devices; valid: cpu");
  }
}

TEST_CASE("a precision that a device cannot run is refused") {
  CHECK(dtype_of(Precision::kFp32, at::kCPU) == at::kFloat);
  CHECK(dtype_of(Precision::kBf16, at::kCPU) == at::kBFloat16);
  CHECK(dtype_of(Precision::kTf32, at::kCUDA) == at::kFloat);
  CHECK(dtype_of(Precision::kFp16, at::kCUDA) == at::kHalf);
  CHECK(error_of([] { dtype_of(Precision::kTf32, at::kCPU); }) ==
        "precision tf32 cannot run on cpu; valid: fp32, bf16");
  CHECK(error_of([] { dtype_of(Precision::kFp16, at::kCPU); }) ==
        "precision fp16 cannot run on cpu; valid: fp32, bf16");
}

TEST_CASE("bf16 and tf32 need the units that came with compute capability 8.0") {
  const ComputeCapability volta{7, 0}, turing{7, 5}, ampere{8, 0}, hopper{9, 0};
  for (const auto precision : {Precision::kBf16, Precision::kTf32}) {
    CHECK_NOTHROW(require_precision(precision, ampere, "A100"));
    CHECK_NOTHROW(require_precision(precision, hopper, "H100"));
    CHECK_NOTHROW(require_precision(precision, std::nullopt, "unknown"));
    CHECK_THROWS(require_precision(precision, turing, "T4"));
  }
  CHECK_NOTHROW(require_precision(Precision::kFp16, volta, "V100"));
  CHECK_NOTHROW(require_precision(Precision::kFp32, volta, "V100"));
  CHECK(
      error_of([&] { require_precision(Precision::kBf16, volta, "Tesla V100"); }) ==
      "precision bf16 cannot run on Tesla V100: its compute capability is 7.0, and bf16 needs 8.0; "
      "valid: fp32, fp16");
}

TEST_CASE("version numbers of CUDA and cuDNN are told as their makers do") {
  CHECK(cuda_version_text(13020) == "13.2");
  CHECK(cuda_version_text(11080) == "11.8");
  CHECK(cudnn_version_text(92600) == "9.26.0");
  CHECK(cudnn_version_text(90101) == "9.1.1");
  CHECK(cudnn_version_text(8907) == "8.9.7");
}

TEST_CASE("the runtime's description names LibTorch, and every GPU with its capability") {
  const std::string text = runtime_description();
  CHECK_THAT(text, Catch::Matchers::StartsWith("LibTorch " TORCH_VERSION ", "));
  const auto count = static_cast<int>(torch::cuda::device_count());
  CHECK_THAT(text, Catch::Contains(std::to_string(count) + " CUDA devices"));
  for (int i = 0; i < count; ++i) CHECK_THAT(text, Catch::Contains(cuda_name(i)));
}

TEST_CASE("a device may have a valid name and not be here") {
  CHECK_NOTHROW(check_device_name("cuda:99"));
  CHECK_THROWS(check_device_name("gpu"));
  CHECK(device_is_here("cpu"));
  CHECK_FALSE(device_is_here("cuda:99"));
  CHECK_THROWS(device_is_here("tpu"));
}

TEST_CASE("kernels are chosen as asked, and deterministic ones do not fill new memory") {
  at::Context& context = at::globalContext();
  for (const bool deterministic : {true, false}) {
    for (const bool tf32 : {true, false}) {
      choose_kernels(deterministic, tf32);
      CHECK(context.deterministicAlgorithms() == deterministic);
      CHECK(context.deterministicCuDNN() == deterministic);
      CHECK(context.allowTF32CuDNN() == tf32);
      CHECK(context.allowTF32CuBLAS() == tf32);
      CHECK_FALSE(context.benchmarkCuDNN());
#if RIDGELINE_TORCH_AT_LEAST(2, 2)
      CHECK_FALSE(context.deterministicFillUninitializedMemory());
#endif
    }
  }
}
