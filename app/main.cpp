#include "app/command_line.h"
#include "core/allocator.h"

int main(int argc, char** argv) {
  ridgeline::keep_freed_memory();
  return ridgeline::run_command_line(argc, argv, std::filesystem::read_symlink("/proc/self/exe"));
}
