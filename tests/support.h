#pragma once

#include <filesystem>
#include <functional>
#include <optional>
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

/// A file of the shared measured data next to the project, or nothing where it is absent; then the
/// test warns that it is skipped and returns.
std::optional<std::filesystem::path> shared_data(const std::string& name);

}  // namespace ridgeline::test
