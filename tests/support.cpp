#include "tests/support.h"

#include <unistd.h>

#include <cstdlib>

#include "core/error.h"
#include "tests/catch.h"

namespace ridgeline::test {

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

std::optional<std::filesystem::path> shared_data(const std::string& name) {
  const auto path = source_folder().parent_path() / "shared" / "data" / name;
  if (std::filesystem::exists(path)) return path;
  WARN("skipped: " << path << " is not here");
  return std::nullopt;
}

}  // namespace ridgeline::test
