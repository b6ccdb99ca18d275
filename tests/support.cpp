#include "tests/support.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "core/error.h"
#include "tests/catch.h"

namespace ridgeline::test {
namespace {

std::map<std::string, std::string> skipped;

}  // namespace

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ridgeline-test-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("expected a ridgeline::Error, none was thrown");
  return {};
}

std::filesystem::path source_folder() { return RIDGELINE_SOURCE_DIR; }

std::string ridgeline_program() { return RIDGELINE_PROGRAM; }

void skip(const std::string& reason) {
  skipped[Catch::getResultCapture().getCurrentTestName()] = reason;
#ifdef SKIP  // version 3
  SKIP(reason);
  std::abort();  // not reached
#else
  throw Catch::TestFailureException();  // ends the test case; it fails only by a failed assertion
#endif
}

void skip_not_installed(const std::string& reason) {
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") FAIL("missing with CI=true: " << reason);
  skip(reason);
}

std::map<std::string, std::string>& skipped_cases() { return skipped; }

namespace {

/// Empty where there is none.
std::string find_python_with(const std::string& module) {
  const char* given = std::getenv("RIDGELINE_PYTHON");
  std::istringstream words(std::string(given == nullptr ? "" : given) +
                           ":python3:/usr/bin/python3");
  for (std::string python; std::getline(words, python, ':');) {
    if (python.empty()) continue;
    if (std::system((python + " -c 'import " + module + "' 2>/dev/null").c_str()) == 0)
      return python;
  }
  return {};
}

}  // namespace

std::string python_with(const std::string& module) {
  const std::string python = find_python_with(module);
  if (python.empty()) skip_not_installed("no Python here can import " + module);
  return python;
}

std::string optional_python_with(const std::string& module) {
  const std::string python = find_python_with(module);
  if (python.empty()) skip("no Python here can import " + module);
  return python;
}

std::filesystem::path shared_data(const std::string& name) {
  const auto shared = source_folder().parent_path() / "shared";
  const auto path = shared / "data" / name;
  if (std::filesystem::exists(path)) return path;
  const std::string reason = "there is no ../shared/data/" + name;
  if (std::filesystem::exists(shared)) skip_not_installed(reason);
  skip(reason);
}

}  // namespace ridgeline::test
