#include "core/interrupt.h"

#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>

#include "core/error.h"

namespace ridgeline {
namespace {

constexpr suseconds_t kGraceUs = 800000;  // from the second request to the end

std::atomic<int> interrupt_count{0};  // a signal handler can reach nothing but a global
std::atomic<bool> heeded{false};

void say(const char* message) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, message, std::strlen(message));
}

/// What is recorded is safe: the store survives any end.
[[noreturn]] void end_now() { _exit(static_cast<int>(ErrorKind::kInterrupted)); }

extern "C" void on_end_of_grace(int) {
  if (!heeded) end_now();
}

extern "C" void on_interrupt(int) {
  const int before = interrupt_count.fetch_add(1);
  if (before == 0) {
    say("\nstopping when the running trials have ended or saved their state; once more: stop "
        "now\n");
    return;
  }
  if (before > 1) end_now();
  say("\nstopping now; nothing recorded is lost, `ridgeline resume` goes on\n");
  itimerval grace{};
  grace.it_value.tv_usec = kGraceUs;
  setitimer(ITIMER_REAL, &grace, nullptr);
}

extern "C" void on_stop_of_trial(int) { interrupt_count.fetch_add(1); }

void install(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void install_interrupt_handler() {
  install(SIGALRM, on_end_of_grace);
  for (const int signal : {SIGINT, SIGTERM}) install(signal, on_interrupt);
}

void install_trial_interrupt_handler() {
  for (const int signal : {SIGINT, SIGTERM}) install(signal, on_stop_of_trial);
}

int interrupts() { return interrupt_count.load(); }

void stop_if_interrupted(const std::string& where) {
  if (interrupts() == 0) return;
  heed_interrupts();
  throw Error(ErrorKind::kInterrupted, "stopped " + where);
}

void heed_interrupts() { heeded = true; }

}  // namespace ridgeline
