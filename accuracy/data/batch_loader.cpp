#include "accuracy/data/batch_loader.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "runtime/device.h"

namespace ridgeline {
namespace {

constexpr size_t kAhead = 2;

}  // namespace

struct BatchLoader::Thread {
  Thread(std::function<MadeBatch()> make, int64_t count, const c10::Device& device)
      : worker([this, make = std::move(make), count, device, threads = at::get_num_threads()] {
          at::set_num_threads(threads);
          // Pinned memory belongs to the context of the thread's GPU: not one more on GPU 0.
          const c10::DeviceGuard guard(device);
          for (int64_t i = 0; i < count && has_room(); ++i) add(make, device);
        }) {}

  ~Thread() {
    {
      const std::lock_guard lock(mutex);
      stopped = true;
    }
    changed.notify_all();
    worker.join();
  }

  bool has_room() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stopped || ready.size() < kAhead; });
    return !stopped;
  }

  void add(const std::function<MadeBatch()>& make, const c10::Device& device) {
    MadeBatch made;
    std::exception_ptr error;
    try {
      made = make();
      if (device.is_cuda()) {
        made.batch.images = made.batch.images.pin_memory();
        made.batch.labels = made.batch.labels.pin_memory();
        if (made.batch.partner_labels.defined())
          made.batch.partner_labels = made.batch.partner_labels.pin_memory();
      }
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    ready.emplace_back(std::move(made), error);
    stopped = stopped || error;
    changed.notify_all();
  }

  MadeBatch take() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !ready.empty(); });
    auto [made, error] = std::move(ready.front());
    ready.pop_front();
    changed.notify_all();
    if (error) std::rethrow_exception(error);
    return std::move(made);
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::pair<MadeBatch, std::exception_ptr>> ready;
  bool stopped = false;
  std::thread worker;  // last: it uses the others
};

BatchLoader::BatchLoader(std::function<MadeBatch()> make, int64_t count, const c10::Device& device)
    : BatchLoader(std::move(make), count, device, device.is_cuda()) {}

BatchLoader::BatchLoader(std::function<MadeBatch()> make, int64_t count, const c10::Device& device,
                         bool ahead)
    : make_(std::move(make)), device_(device) {
  if (ahead) thread_ = std::make_unique<Thread>(make_, count, device);
}

BatchLoader::~BatchLoader() = default;

MadeBatch BatchLoader::next() {
  MadeBatch made = thread_ ? thread_->take() : make_();
  made.batch.images = place(made.batch.images, device_);
  for (at::Tensor* labels : {&made.batch.labels, &made.batch.partner_labels})
    if (labels->defined()) *labels = labels->to(device_, /*non_blocking=*/true);
  return made;
}

}  // namespace ridgeline
