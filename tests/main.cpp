#if __has_include(<catch2/catch_session.hpp>)  // version 3
#include <catch2/catch_session.hpp>
#include <catch2/interfaces/catch_interfaces_capture.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
using Listener = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
using Listener = Catch::TestEventListenerBase;
#endif

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>

#include "tests/support.h"

namespace {

struct Counts {
  uint64_t cases = 0, failed = 0;
};
std::optional<Counts> counts;  // of this run; none when Catch2 only lists the cases

class Counter : public Listener {
 public:
  using Listener::Listener;
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.testCases.failed > 0)  // before it was skipped
      ridgeline::test::skipped_cases().erase(Catch::getResultCapture().getCurrentTestName());
  }
  void testRunEnded(const Catch::TestRunStats& stats) override {
    counts = {stats.totals.testCases.total(), stats.totals.testCases.failed};
  }
};
CATCH_REGISTER_LISTENER(Counter)

}  // namespace

/// Catch2's main, which names the skipped cases at the end and has three exit codes: 1 if a case
/// failed, 2 if none was run, 4 if all were skipped. The file RIDGELINE_TEST_RESULT in the
/// environment gets "PASSED FAILED" and the skipped cases, for tests/summary.cmake.
int main(int count, char** arguments) {
  const int code = Catch::Session().run(count, arguments);
  if (!counts) return code;
  if (counts->cases == 0) {
    std::cerr << "no test case was run\n";
    return 2;
  }
  std::string lines;
  for (const auto& [name, reason] : ridgeline::test::skipped_cases())
    lines += "skipped: " + name + ": " + reason + '\n';
  const uint64_t skipped = ridgeline::test::skipped_cases().size();
  if (skipped > 0)
    std::cout << lines << skipped << " of " << counts->cases << " test cases skipped\n";
  if (const char* file = std::getenv("RIDGELINE_TEST_RESULT"))
    std::ofstream(file) << counts->cases - counts->failed - skipped << ' ' << counts->failed << '\n'
                        << lines;
  if (counts->failed > 0) return 1;
  return skipped == counts->cases ? 4 : code;
}
