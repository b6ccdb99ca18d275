#include "latency/measurement/cuda_timer.h"

#include <c10/core/DeviceGuard.h>

#include <string>

#include "core/error.h"
#include "runtime/gpu.h"

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
    const auto find = [](auto& function, const char* name) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(cuda_driver_function(name));
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

CudaTimer::CudaTimer(const c10::Device& device, int marks) : device_(device) {
  const Driver& cuda = driver();
  if (!cuda.create || !cuda.destroy || !cuda.record || !cuda.wait || !cuda.elapsed)
    throw Error(ErrorKind::kConfig, "latency: libcuda.so.1 is not there or too old to time a GPU");
  events_.resize(static_cast<size_t>(marks));
  constexpr unsigned kDefault = 0;
  // Events belong to the context, and the null stream to the device, that is the thread's own.
  const c10::DeviceGuard guard(device_);
  for (void*& event : events_) check(cuda.create(&event, kDefault), "make an event");
}

CudaTimer::~CudaTimer() {
  for (void* event : events_) driver().destroy(event);
}

void CudaTimer::mark(int index) {
  const c10::DeviceGuard guard(device_);
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
