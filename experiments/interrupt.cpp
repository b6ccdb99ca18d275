#include "experiments/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>

namespace ridgeline {
namespace {

std::atomic<int> interrupt_count{0};  // a signal handler can reach nothing but a global

extern "C" void on_interrupt(int) {
  const char* first = "\nstopping after the running trials; once more: stop now\n";
  const char* second = "\nstopping now\n";
  const char* message = interrupt_count.fetch_add(1) == 0 ? first : second;
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message, std::strlen(message));
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int interrupts() { return interrupt_count.load(); }

}  // namespace ridgeline
