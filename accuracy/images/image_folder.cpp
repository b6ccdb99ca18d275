#include "accuracy/images/image_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "core/bytes.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"

namespace ridgeline {
namespace {
namespace fs = std::filesystem;

/// Links may form circles.
constexpr int kDeepest = 16;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw Error(ErrorKind::kData, path.string() + ": " + what);
}

/// Of every format that people keep in such folders: those that are not read are reported.
bool has_image_extension(std::string_view name) {
  constexpr std::array<std::string_view, 12> kExtensions{".jpg", ".jpeg", ".png",  ".webp",
                                                         ".gif", ".bmp",  ".tif",  ".tiff",
                                                         ".ppm", ".pgm",  ".heic", ".avif"};
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot));
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

struct Entry {
  std::string name;
  bool folder = false;
  uint64_t bytes = 0;
  int64_t modified_ns = 0;
};

/// What is in a folder, sorted by name, without what is hidden. One call of the system per entry:
/// data sets have a million.
std::vector<Entry> entries_of(const fs::path& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (!folder) fail(path, "cannot be opened as a folder");
  std::vector<Entry> entries;
  while (const dirent* entry = readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    struct stat status {};
    Entry found{.name = entry->d_name};
    // What has no status (a link to nothing) stays an empty file, and is reported as one.
    if (fstatat(dirfd(folder.get()), entry->d_name, &status, 0) == 0) {
      found.folder = S_ISDIR(status.st_mode);
      if (!found.folder && !S_ISREG(status.st_mode)) continue;
      found.bytes = static_cast<uint64_t>(status.st_size);
      found.modified_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    }
    entries.push_back(std::move(found));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

/// The images of one class in one split.
struct ClassFolder {
  std::string path;  // below the root
  int label = 0;
  ImageSplit split = ImageSplit::kTrain;
  std::vector<ImageFile> files;
  int ignored = 0;

  void scan(const fs::path& root, const std::string& below, int depth = 0) {
    if (depth > kDeepest) fail(root / below, "folders are nested too deeply; a circle of links?");
    for (Entry& entry : entries_of(root / below)) {
      const std::string name = below + "/" + entry.name;
      if (entry.folder) {
        scan(root, name, depth + 1);
      } else if (has_image_extension(entry.name)) {
        files.push_back({name, label, split, entry.bytes, entry.modified_ns});
      } else {
        ++ignored;
      }
    }
  }
};

std::vector<std::string> folders_in(const fs::path& path) {
  std::vector<std::string> names;
  for (const Entry& entry : entries_of(path)) {
    if (entry.folder) names.push_back(entry.name);
  }
  return names;
}

constexpr std::array<const char*, 3> kValidationNames{"val", "valid", "validation"};

/// The class folders of one split, appended.
void add_split(const ImageFolder& folder, const std::string& name, ImageSplit split,
               std::vector<ClassFolder>& found) {
  const auto& classes = folder.classes;
  const auto names = folders_in(folder.root / name);
  if (names.empty() && split == ImageSplit::kValidation) {
    fail(folder.root / name, "no class folders; expected one for each class of train");
  }
  for (const std::string& class_name : names) {
    const auto at = std::find(classes.begin(), classes.end(), class_name);
    if (at == classes.end()) {
      const std::string near = nearest_name(class_name, classes);
      fail(folder.root / name / class_name,
           "train has no such class" + (near.empty() ? "" : "; did you mean '" + near + "'?"));
    }
    found.push_back({(name.empty() ? "" : name + "/") + class_name,
                     static_cast<int>(at - classes.begin()),
                     split,
                     {},
                     0});
  }
}

}  // namespace

ImageFolder scan_image_folder(const fs::path& root) {
  if (!fs::is_directory(root)) fail(root, "no such folder; expected train/CLASS/ or CLASS/ in it");
  ImageFolder folder{.root = root, .classes = {}, .files = {}};
  const bool split = fs::is_directory(root / "train");
  const std::string train = split ? "train" : "";
  folder.classes = folders_in(root / train);
  if (folder.classes.size() < 2) {
    fail(root / train, "holds " + std::to_string(folder.classes.size()) +
                           " folders; expected one folder of images for each class, two or more");
  }
  std::vector<ClassFolder> found;
  add_split(folder, train, ImageSplit::kTrain, found);
  if (split) {
    for (const char* name : kValidationNames) {
      if (!fs::is_directory(root / name)) continue;
      add_split(folder, name, ImageSplit::kValidation, found);
      break;
    }
    if (fs::is_directory(root / "test")) add_split(folder, "test", ImageSplit::kTest, found);
  }
  parallel_for(found.size(), [&](size_t i) { found[i].scan(root, found[i].path); });
  for (ClassFolder& part : found) {
    if (part.files.empty() && part.split == ImageSplit::kTrain) {
      fail(root / part.path,
           "the class has no images; expected files with the extension jpg, png or webp");
    }
    folder.ignored += part.ignored;
    std::move(part.files.begin(), part.files.end(), std::back_inserter(folder.files));
  }
  return folder;
}

bool is_image_folder(const fs::path& root) {
  std::error_code ignored;
  const fs::path train = fs::is_directory(root / "train", ignored) ? root / "train" : root;
  if (!fs::is_directory(train, ignored)) return false;
  const auto classes = folders_in(train);
  return classes.size() >= 2 &&
         std::any_of(classes.begin(), classes.end(), [&](const std::string& name) {
           const auto entries = entries_of(train / name);
           return std::any_of(entries.begin(), entries.end(), [](const Entry& entry) {
             return !entry.folder && has_image_extension(entry.name);
           });
         });
}

uint64_t fingerprint(const ImageFolder& folder) {
  std::string bytes;
  for (const std::string& name : folder.classes) bytes += name + '\0';
  for (const ImageFile& file : folder.files) {
    bytes += file.path + '\0';
    append_number(bytes, file.label);
    append_number(bytes, file.split);
    append_number(bytes, file.bytes);
    append_number(bytes, file.modified_ns);
  }
  return hash_text(bytes);
}

}  // namespace ridgeline
