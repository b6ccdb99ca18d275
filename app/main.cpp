#include <malloc.h>

#include "app/command_line.h"

namespace {

/// Keeps freed activations in the process: returning them to the kernel costs a third of a
/// training's time in page faults. Must run before the first large allocation.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  return ridgeline::run_command_line(argc, argv, std::filesystem::read_symlink("/proc/self/exe"));
}
