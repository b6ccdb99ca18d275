#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "accuracy/data/augment.h"
#include "core/random.h"

namespace ridgeline {

/// A batch, and where the random stream that made it stood afterwards, where there is one.
struct MadeBatch {
  Batch batch;
  std::optional<RandomStream> stream = std::nullopt;
};

/// Hands out batches on the device that works on them, in order. For a GPU a thread makes the next
/// ones meanwhile, in pinned memory, from which the copies run beside the GPU's work; for a CPU
/// each is made when it is asked for. Both give the same batches.
class BatchLoader {
 public:
  /// `make` is called `count` times, perhaps by another thread, and ahead of `next` by two at most.
  BatchLoader(std::function<MadeBatch()> make, int64_t count, const c10::Device& device);
  /// With a thread or without, whatever the device.
  BatchLoader(std::function<MadeBatch()> make, int64_t count, const c10::Device& device,
              bool ahead);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// The next batch; images channels-last. Throws what `make` threw. REQUIRES: fewer than `count`
  /// calls before.
  MadeBatch next();

 private:
  struct Thread;
  std::function<MadeBatch()> make_;
  c10::Device device_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace ridgeline
