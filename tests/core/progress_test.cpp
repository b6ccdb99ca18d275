#include "core/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using test::TempFolder;

namespace {

/// Sends stderr to another descriptor for its lifetime.
class Redirect {
 public:
  explicit Redirect(int target) : saved_(dup(STDERR_FILENO)) { dup2(target, STDERR_FILENO); }
  ~Redirect() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
  }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

 private:
  int saved_;
};

template <class Action>
std::string piped(const Action& action) {
  const TempFolder folder;
  const int file = open((folder / "stderr").c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(file >= 0);
  {
    const Redirect redirect(file);
    action();
  }
  close(file);
  return read_file(folder / "stderr");
}

/// What `action` prints on a pseudo-terminal.
template <class Action>
std::string on_terminal(const Action& action) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0) test::skip("this machine has no pseudo-terminals");
  REQUIRE(grantpt(terminal) == 0);
  REQUIRE(unlockpt(terminal) == 0);
  const int slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  REQUIRE(slave >= 0);
  {
    const Redirect redirect(slave);
    action();
  }
  close(
      slave);  // then the other side ends once all of it is read: the kernel passes it on in parts
  std::string text;
  char buffer[4096];
  for (ssize_t size; (size = ::read(terminal, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(size));
  close(terminal);
  return text;
}

}  // namespace

TEST_CASE("piped progress is whole plain lines with the count and the caller's note") {
  const std::string text = piped([] {
    ProgressBar bar("search", 12, 4);
    bar.update(8, "best 0.50");
    bar.update(12, "best 0.75");
    bar.finish();
    bar.finish();
  });
  CHECK_THAT(text, StartsWith("search 4/12\n"));
  CHECK_THAT(text, EndsWith("  best 0.75\n"));
  CHECK_THAT(text, Contains("\nsearch 12/12  "));
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('[') == std::string::npos);
  CHECK(text.find("12/12", text.find("12/12") + 1) == std::string::npos);  // finish prints once
}

TEST_CASE("a bar that goes out of scope ends its line") {
  const std::string text = piped([] { ProgressBar bar("load", 3); });
  CHECK_THAT(text, StartsWith("load 0/3\n"));
  CHECK_THAT(text, EndsWith("\n"));
}

TEST_CASE("on a terminal the bar is redrawn in place and filled by the share done") {
  const auto text = on_terminal([] {
    ProgressBar bar("search", 12);
    bar.update(12, "best 0.75");
    bar.finish();
  });
  CHECK_THAT(text, StartsWith("\rsearch [" + std::string(24, ' ') + "] 0/12"));
  CHECK_THAT(text, Contains("\rsearch [" + std::string(24, '=') + "] 12/12"));
  CHECK_THAT(text, EndsWith("\n"));
}

TEST_CASE("more steps than announced fill the bar and no more") {
  const auto text = on_terminal([] {
    ProgressBar bar("search", 2);
    bar.update(5, "");
    bar.finish();
  });
  CHECK_THAT(text, Contains("[" + std::string(24, '=') + "] 5/2"));
}
