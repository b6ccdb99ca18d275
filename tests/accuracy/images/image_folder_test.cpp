#include "accuracy/images/image_folder.h"

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path) {
  make_folder(path.parent_path());
  write_file_atomic(path, "x");
}

}  // namespace

TEST_CASE("An image folder is read in ImageNet's layout, sorted as torchvision sorts") {
  const TempFolder folder;
  for (const char* name :
       {"train/b/2.JPG", "train/b/10.png", "train/a/x.webp", "train/Z/s/1.jpeg",
        "train/b/notes.txt", "train/b/.hidden.jpg", "val/a/1.jpg", "test/b/1.jpg", ".git/c/1.jpg"})
    put(folder / name);
  const ImageFolder found = scan_image_folder(folder.path());
  CHECK(found.classes == std::vector<std::string>{"Z", "a", "b"});
  std::vector<std::string> paths;
  for (const ImageFile& file : found.files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"train/Z/s/1.jpeg", "train/a/x.webp", "train/b/10.png",
                                          "train/b/2.JPG", "val/a/1.jpg", "test/b/1.jpg"});
  CHECK(found.files[4].label == 1);
  CHECK(found.files[4].split == ImageSplit::kValidation);
  CHECK(found.files[5].split == ImageSplit::kTest);
  CHECK(found.ignored == 1);
  CHECK(is_image_folder(folder.path()));
}

TEST_CASE("Folders of classes alone count as train") {
  const TempFolder folder;
  put(folder / "cat/1.jpg");
  put(folder / "dog/1.jpg");
  const ImageFolder found = scan_image_folder(folder.path());
  CHECK(found.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(found.files[1].path == "dog/1.jpg");
  CHECK(found.files[1].split == ImageSplit::kTrain);
}

TEST_CASE("A folder that is none of the layouts is refused with what was expected") {
  const TempFolder folder;
  const auto why = [&] { return error_of([&] { scan_image_folder(folder.path()); }); };
  CHECK_THAT(error_of([&] { scan_image_folder(folder / "none"); }), Contains("no such folder"));
  put(folder / "train/cat/1.jpg");
  CHECK_THAT(why(), Contains("holds 1 folders; expected one folder of images for each class"));
  put(folder / "train/dog/readme.txt");
  CHECK_THAT(why(), Contains("train/dog: the class has no images"));
  put(folder / "train/dog/1.jpg");
  put(folder / "val/dogs/1.jpg");
  CHECK_THAT(why(), Contains("val/dogs: train has no such class; did you mean 'dog'?"));
  CHECK_FALSE(is_image_folder(folder / "val"));
}

TEST_CASE("The fingerprint of a folder changes with a name, a size and a time") {
  const TempFolder folder;
  put(folder / "a/1.jpg");
  put(folder / "b/1.jpg");
  const auto now = [&] { return fingerprint(scan_image_folder(folder.path())); };
  const uint64_t first = now();
  CHECK(now() == first);
  const auto time = fs::last_write_time(folder / "a/1.jpg");
  fs::last_write_time(folder / "a/1.jpg", time + std::chrono::seconds(1));
  CHECK(now() != first);
  fs::last_write_time(folder / "a/1.jpg", time);
  CHECK(now() == first);
  fs::rename(folder / "a/1.jpg", folder / "a/2.jpg");
  CHECK(now() != first);
}
