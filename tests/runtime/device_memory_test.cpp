#include "runtime/device_memory.h"

#include <ATen/ATen.h>

#include <new>

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("a lack of memory is known by what LibTorch, cuDNN, cuBLAS and NCCL say of it") {
  for (const char* text : {
           "CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 15.78 GiB total capacity; "
           "14.21 "
           "GiB already allocated; 6.75 MiB free; 14.50 GiB reserved in total by PyTorch)",
           "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.81 "
           "GiB "
           "of which 1.20 GiB is free. 35.00 GiB allowed; Process 71 has 34.20 GiB memory in use.",
           "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some "
           "other API call",
           "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
           "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
           "cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`",
           "NCCL error in: ProcessGroupNCCL.cpp:1333, unhandled cuda error, NCCL version 2.14.3\n"
           "Last error:\nCuda failure 'out of memory'",
           "Failed to CUDA calloc async 608 bytes",
           "[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate "
           "memory: "
           "you tried to allocate 4503599627370496 bytes. Error code 12 (Cannot allocate memory)",
           "[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: not enough memory: you "
           "tried to allocate 123 bytes.",
       }) {
    INFO(text);
    CHECK(memory_blame(text) == MemoryBlame::kCertain);
    CHECK(is_out_of_memory(std::runtime_error(text), at::kCPU));
  }
}

TEST_CASE("what libraries say of a lack of workspace and of other faults too is only possible") {
  for (const char* text : {
           "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if you passed in a "
           "non-contiguous input.",
           "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR",
           "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
           "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
           "Unable to find a valid cuDNN algorithm to run convolution",
           "GET was unable to find an engine to execute this computation",
       }) {
    INFO(text);
    CHECK(memory_blame(text) == MemoryBlame::kPossible);
    CHECK_FALSE(is_out_of_memory(std::runtime_error(text), at::kCPU));
  }
}

TEST_CASE("other errors have nothing to do with memory") {
  for (const char* text :
       {"shapes cannot be multiplied", "CUDA error: device-side assert triggered",
        "CUDA error: an illegal memory access was encountered",
        "cuDNN error: CUDNN_STATUS_BAD_PARAM"}) {
    INFO(text);
    CHECK(memory_blame(text) == MemoryBlame::kNone);
    CHECK_FALSE(is_out_of_memory(std::runtime_error(text), at::kCPU));
  }
}

TEST_CASE("the exceptions of the allocators are known without a text") {
  CHECK(is_out_of_memory(std::bad_alloc(), at::kCPU));
#ifndef __SANITIZE_ADDRESS__  // which ends the process instead of failing the request
  bool caught = false;
  try {
    at::empty({1LL << 50});
  } catch (const std::exception& error) {
    caught = is_out_of_memory(error, at::kCPU);
  }
  CHECK(caught);
#endif
}

TEST_CASE("a share of a GPU leaves room for what CUDA takes of each process") {
  constexpr double kGib = 1 << 30;
  CHECK(memory_share(16 * kGib, 1) == 15.25 * kGib);
  CHECK(memory_share(16 * kGib, 4) == 3.25 * kGib);
  // All shares and contexts together fit, as long as a share holds a context at all.
  CHECK(4 * (memory_share(16 * kGib, 4) + 0.75 * kGib) == 16 * kGib);
  CHECK(memory_share(16 * kGib, 16) == 0.5 * kGib);  // half of it, rather than nothing
}
