#include "latency/cuda_timer.h"

#include <dlfcn.h>

#include <string>

#include "core/error.h"

namespace ridgeline {
namespace {

struct Driver {
  int (*create)(void**, unsigned) = nullptr;
  int (*destroy)(void*) = nullptr;
  int (*record)(void*, void*) = nullptr;
  int (*wait)(void*) = nullptr;
  int (*elapsed)(float*, void*, void*) = nullptr;
};

const Driver& driver() {
  static const Driver loaded = [] {
    Driver driver;
    // It stays loaded: LibTorch uses it too.
    void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!library) return driver;
    const auto find = [&](auto& function, const char* name) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    };
    find(driver.create, "cuEventCreate");
    find(driver.destroy, "cuEventDestroy_v2");
    find(driver.record, "cuEventRecord");
    find(driver.wait, "cuEventSynchronize");
    find(driver.elapsed, "cuEventElapsedTime");
    return driver;
  }();
  return loaded;
}

void check(int status, const char* what) {
  if (status == 0) return;
  throw Error(ErrorKind::kConfig, std::string("latency: the CUDA driver cannot ") + what +
                                      " (CUresult " + std::to_string(status) +
                                      "); check the device with nvidia-smi");
}

}  // namespace

CudaTimer::CudaTimer(int marks) {
  const Driver& cuda = driver();
  if (!cuda.create || !cuda.destroy || !cuda.record || !cuda.wait || !cuda.elapsed)
    throw Error(ErrorKind::kConfig, "latency: libcuda.so.1 is not there or too old to time a GPU");
  events_.resize(static_cast<size_t>(marks));
  constexpr unsigned kDefault = 0;
  for (void*& event : events_) check(cuda.create(&event, kDefault), "make an event");
}

CudaTimer::~CudaTimer() {
  for (void* event : events_) driver().destroy(event);
}

void CudaTimer::mark(int index) {
  check(driver().record(events_[static_cast<size_t>(index)], nullptr), "record an event");
}

double CudaTimer::ms_between(int from, int to) const {
  float ms = 0;
  check(driver().wait(events_[static_cast<size_t>(to)]), "wait for an event");
  check(driver().elapsed(&ms, events_[static_cast<size_t>(from)], events_[static_cast<size_t>(to)]),
        "read an event");
  return static_cast<double>(ms);
}

}  // namespace ridgeline
