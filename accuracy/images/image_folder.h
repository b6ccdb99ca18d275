#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ridgeline {

/// Which of ImageNet's folders an image is in.
enum class ImageSplit : uint8_t { kTrain, kValidation, kTest };

struct ImageFile {
  std::string path;  ///< below the root, with '/'
  int label = 0;
  ImageSplit split = ImageSplit::kTrain;
  uint64_t bytes = 0;
  int64_t modified_ns = 0;
};

/// The image files below a folder, by split, class and path.
struct ImageFolder {
  std::filesystem::path root;
  std::vector<std::string> classes;  ///< sorted by name; the label is the place
  std::vector<ImageFile> files;
  int ignored = 0;  ///< files without the extension of an image
};

/// Looks through ImageNet's layout: root/train/CLASS/..., root/val/CLASS/... (also named `valid` or
/// `validation`) and root/test/CLASS/..., the last two optional; or root/CLASS/... alone, which
/// counts as train. A class's folder may have folders of its own. Classes are the folders of train,
/// sorted by the bytes of their names, as torchvision's ImageFolder sorts them. Hidden files and
/// folders are passed over. A `test` without class folders has no labels and is passed over.
/// Reads no file. Throws `kData`: no such folder, no classes, a class without images, a class of
/// val or test that train does not have.
ImageFolder scan_image_folder(const std::filesystem::path& root);

/// Whether a folder looks like one that `scan_image_folder` reads; looks at little of it.
bool is_image_folder(const std::filesystem::path& root);

/// Of all names, sizes and times: another value means that the folder has changed.
uint64_t fingerprint(const ImageFolder& folder);

}  // namespace ridgeline
