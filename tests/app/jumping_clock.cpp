// Preloaded into the program under test: a wall clock that jumps by up to three hours, forwards and
// backwards, at every look. The steady clock stays as it is.

#include <dlfcn.h>
#include <sys/time.h>

#include <atomic>
#include <ctime>

namespace {

constexpr long kJumps[] = {0, 10800, -10800, 60, -3600, 7200};

long jump() {
  static std::atomic<unsigned> looks{0};
  return kJumps[looks.fetch_add(1) % (sizeof kJumps / sizeof *kJumps)];
}

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
  static const auto real = next<int (*)(clockid_t, struct timespec*)>("clock_gettime");
  const int result = real(clock, time);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += jump();
  return result;
}

extern "C" time_t time(time_t* result) noexcept {
  struct timespec now {};
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}

extern "C" int gettimeofday(struct timeval* result, void*) noexcept {
  struct timespec now {};
  clock_gettime(CLOCK_REALTIME, &now);
  *result = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}
