#pragma once

#include <string>

namespace ridgeline {

/// The software under this program; "none" for what is absent.
struct RuntimeVersions {
  std::string libtorch;  ///< "1.13.1"
  std::string cuda;      ///< of the CUDA runtime in LibTorch: "12.4"
  std::string cudnn;     ///< "9.1.0"
  std::string blas;      ///< "OpenBLAS 0.3.21", "MKL 2024.2", "reference BLAS"
  std::string compiler;  ///< of this program: "GCC 12.2.0"
};

/// Asks the libraries; starts no GPU.
RuntimeVersions runtime_versions();

}  // namespace ridgeline
