#include "experiments/executors/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>

namespace ridgeline {
namespace {

std::atomic<int> interrupt_count{0};  // a signal handler can reach nothing but a global

extern "C" void on_interrupt(int) {
  const char* first =
      "\nstopping when the running trials have ended or saved their state; once more: stop now\n";
  const char* second = "\nstopping now\n";
  const char* message = interrupt_count.fetch_add(1) == 0 ? first : second;
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message, std::strlen(message));
}

extern "C" void on_stop_of_trial(int) { interrupt_count.fetch_add(1); }

void install(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

void install_interrupt_handler() { install(on_interrupt); }

void install_trial_interrupt_handler() { install(on_stop_of_trial); }

int interrupts() { return interrupt_count.load(); }

}  // namespace ridgeline
