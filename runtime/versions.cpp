#include "runtime/versions.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <filesystem>
#include <sstream>

#include "runtime/gpu.h"

namespace ridgeline {
namespace {

/// The first `words` words of a text.
std::string first_words(const std::string& text, int words) {
  std::istringstream stream(text);
  std::string result, word;
  for (int i = 0; i < words && stream >> word; ++i) result += (i > 0 ? " " : "") + word;
  return result;
}

/// "MKL 2024.2" of "Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build ...".
std::string mkl_name() {
  const std::string text = at::get_mkl_version();
  const size_t at = text.find("Version ");
  if (at == std::string::npos) return "MKL";
  return "MKL " + text.substr(at + 8, text.find_first_of("- ", at + 8) - at - 8);
}

/// The library whose fp32 matrix product LibTorch calls. The dynamic linker knows best: Debian
/// chooses among several behind one file name.
std::string blas_name() {
  void* product = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info place{};
  if (product == nullptr || dladdr(product, &place) == 0 || place.dli_fname == nullptr) {
    return at::hasMKL() ? mkl_name() : "none";
  }
  std::error_code ignored;
  const std::string path = std::filesystem::canonical(place.dli_fname, ignored).string();
  using Config = const char* (*)();
  void* library = dlopen(place.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  for (const char* name : {"openblas_get_config", "openblas_get_config64_"}) {
    const auto config = library ? reinterpret_cast<Config>(dlsym(library, name)) : nullptr;
    if (config) return first_words(config(), 2);  // "OpenBLAS 0.3.21 NO_LAPACKE ..."
  }
  for (const auto& [part, name] : {std::pair{"openblas", "OpenBLAS"},
                                   {"mkl", "MKL"},
                                   {"blis", "BLIS"},
                                   {"atlas", "ATLAS"},
                                   {"libblas", "reference BLAS"}}) {
    if (path.find(part) != std::string::npos) return name;
  }
  return at::hasMKL() ? mkl_name() : path;
}

}  // namespace

RuntimeVersions runtime_versions() {
  RuntimeVersions versions {
    .libtorch = TORCH_VERSION, .cuda = "none", .cudnn = "none", .blas = blas_name(),
#if defined(__clang__)
    .compiler = "Clang " __clang_version__
#else
    .compiler = "GCC " __VERSION__
#endif
  };
  const auto& cuda = at::detail::getCUDAHooks();
  if (cuda.hasCUDART()) versions.cuda = cuda_version_text(cuda.versionCUDART());
  if (cuda.hasCuDNN()) versions.cudnn = cudnn_version_text(cuda.versionCuDNN());
  return versions;
}

}  // namespace ridgeline
