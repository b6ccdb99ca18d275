#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace ridgeline::test {

/// A fresh folder, removed at the end of the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Whether `part` occurs in `text`.
bool contains(const std::string& text, const std::string& part);

/// The message of the `ridgeline::Error` that `action` throws; fails the test when it throws none.
std::string error_of(const std::function<void()>& action);

/// The project's root, for files in configs/.
std::filesystem::path source_folder();

/// The program `ridgeline` of this build; a test that starts it depends on that target.
std::string ridgeline_program();

/// Ends the test case as skipped: this machine lacks what it needs. It is counted and named in the
/// summaries of the test program and of CTest. Not to be called inside an assertion.
[[noreturn]] void skip(const std::string& reason);

/// Skips for the lack of something that scripts/install provides. With CI=true in the environment
/// the test case fails instead.
[[noreturn]] void skip_not_installed(const std::string& reason);

/// The skipped cases of this run with their reasons.
std::map<std::string, std::string>& skipped_cases();

/// A Python that can import `module`: of those in RIDGELINE_PYTHON (separated by colons), `python3`
/// and /usr/bin/python3. The test case is skipped where there is none.
std::string python_with(const std::string& module);
/// The same for a module that scripts/install does not provide.
std::string optional_python_with(const std::string& module);

/// A file of the shared measured data next to the project; the test case is skipped where it is
/// absent. With CI=true it fails if the folder of shared files is there but not this one.
std::filesystem::path shared_data(const std::string& name);

}  // namespace ridgeline::test
