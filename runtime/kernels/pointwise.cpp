#include "runtime/kernels/pointwise.h"

#include <ATen/ATen.h>
#include <dlfcn.h>

#include <filesystem>
#include <string>

namespace ridgeline::kernels {

namespace {

/// Whether the program's matrix products are those of Debian's libblas3, by the name of the file.
/// Not by a measurement: the choice changes the last digits of results.
bool has_reference_blas() {
  Dl_info library{};
  void* product = dlsym(RTLD_DEFAULT, "sgemm_");
  if (product == nullptr || dladdr(product, &library) == 0) return false;  // MKL within LibTorch
  std::error_code error;
  const std::string file = std::filesystem::canonical(library.dli_fname, error).string();
  return file.find("/blas/libblas.so") != std::string::npos;
}

}  // namespace

bool takes_pointwise(const at::Tensor& x, const at::Tensor& weight, int64_t groups) {
  static const bool is_slow = has_reference_blas();
  return !is_slow && x.device().is_cpu() && x.scalar_type() == at::kFloat &&
         weight.scalar_type() == at::kFloat && groups == 1 && weight.size(2) == 1 &&
         weight.size(3) == 1 && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor pointwise_convolution(const at::Tensor& x, const at::Tensor& weight,
                                 const at::Tensor& bias) {
  const int64_t channels = x.size(1), filters = weight.size(0);
  const at::Tensor pixels = x.permute({0, 2, 3, 1}).reshape({-1, channels});
  const at::Tensor matrix = weight.reshape({filters, channels});
  const at::Tensor y =
      bias.defined() ? at::addmm(bias, pixels, matrix.t()) : at::mm(pixels, matrix.t());
  return y.view({x.size(0), x.size(2), x.size(3), filters}).permute({0, 3, 1, 2});
}

}  // namespace ridgeline::kernels
