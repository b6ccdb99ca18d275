#pragma once

namespace ridgeline {

/// Keeps freed memory in the process (glibc's mallopt): returning activations to the kernel costs a
/// third of a training's time in page faults. Call it first in `main`, before the first large
/// allocation.
void keep_freed_memory();

}  // namespace ridgeline
