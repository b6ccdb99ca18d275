#include "accuracy/data/cifar.h"
#include "accuracy/data/dataset.h"
#include "accuracy/data/idx.h"
#include "core/gzip.h"
#include "tests/accuracy/files.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

std::string image_error(const std::filesystem::path& path, const std::string& bytes) {
  write_bytes(path, bytes);
  return error_of([&] { read_idx_images(path); });
}

std::string cifar_record(int label, char red, char green, char blue) {
  return std::string(1, static_cast<char>(label)) + std::string(1024, red) +
         std::string(1024, green) + std::string(1024, blue);
}

void write_cifar10(const std::filesystem::path& folder) {
  for (int part = 1; part <= 5; ++part) {
    write_bytes(folder / ("data_batch_" + std::to_string(part) + ".bin"),
                cifar_record(part, 10, 20, 30) + cifar_record(part + 1, 40, 50, 60));
  }
  write_bytes(folder / "test_batch.bin", cifar_record(9, 1, 2, 3));
}

}  // namespace

TEST_CASE("Grey IDX images are read as bytes, compressed or not") {
  const TempFolder folder;
  const std::string bytes = idx_bytes({2, 2, 3}, "abcdefghijkl");
  write_bytes(folder / "plain", bytes);
  write_gzip(folder / "packed", bytes);
  for (const char* name : {"plain", "packed"}) {
    const ImageSet set = read_idx_images(folder / name);
    CHECK(set.height == 2);
    CHECK(set.width == 3);
    CHECK(set.channels == 1);
    CHECK(std::string(set.pixels.begin(), set.pixels.end()) == "abcdefghijkl");
  }
}

TEST_CASE("Colour IDX images keep their channels last") {
  const TempFolder folder;
  write_bytes(folder / "rgb", idx_bytes({1, 1, 2, 3}, "rgbRGB"));
  const ImageSet set = read_idx_images(folder / "rgb");
  CHECK(set.channels == 3);
  CHECK(set.width == 2);
  CHECK(std::string(set.pixels.begin(), set.pixels.end()) == "rgbRGB");
}

TEST_CASE("A damaged IDX file is refused with its name and what was expected") {
  const TempFolder folder;
  const auto path = folder / "images.idx";
  CHECK_THAT(image_error(path, "\x89PNG and more"),
             Contains("images.idx: not an IDX file: expected it to begin with two zero bytes"));
  CHECK_THAT(image_error(path, idx_bytes({1, 1, 1}, "abcd", 0x0D)),
             Contains("IDX element type 13, expected 8"));
  CHECK_THAT(image_error(path, idx_bytes({2, 2, 3}, "abcdefghijk")),
             Contains("IDX sizes 2 x 2 x 3 do not match the 11 bytes that follow: truncated"));
  CHECK_THAT(image_error(path, idx_bytes({4294967295U, 4294967295U, 4294967295U}, "abc")),
             Contains("do not match the 3 bytes"));
  CHECK_THAT(image_error(path, idx_bytes({2, 2, 3}, "abcdefghijkl").substr(0, 9)),
             Contains("truncated within the IDX header"));
  CHECK_THAT(image_error(path, idx_bytes({0, 2, 3}, "")), Contains("no size may be 0"));
  CHECK_THAT(image_error(path, idx_bytes({3}, "abc")), Contains("IDX rank 1, expected images"));
  CHECK_THAT(image_error(path, idx_bytes({1, 1, 1, 2}, "ab")),
             Contains("images of 2 channels, expected 1 or 3"));
  CHECK_THAT(image_error(path, ""), Contains("not an IDX file"));
  CHECK_THAT(image_error(path, idx_bytes({1, 1, 2}, "abc")),
             Contains("holds more than the 18 bytes that are expected"));
}

TEST_CASE("A missing file, a folder and a damaged gzip stream are refused") {
  const TempFolder folder;
  CHECK_THAT(error_of([&] { read_maybe_gzip(folder / "absent.gz"); }),
             Contains("absent.gz: cannot be opened: No such file"));
  CHECK_THAT(error_of([&] { read_maybe_gzip(folder.path()); }),
             Contains("is a folder; expected a file"));
  std::string noise;
  RandomStream stream(7);
  for (int i = 0; i < 5000; ++i) noise += static_cast<char>(stream.below(256));
  write_gzip(folder / "whole.gz", idx_bytes({5000}, noise));
  std::string packed;
  {
    std::ifstream in(folder / "whole.gz", std::ios::binary);
    packed.assign(std::istreambuf_iterator<char>(in), {});
  }
  write_bytes(folder / "cut.gz", packed.substr(0, packed.size() / 2));
  CHECK_THAT(error_of([&] { read_maybe_gzip(folder / "cut.gz"); }),
             Contains("cut.gz: the gzip stream is truncated"));
  packed[packed.size() - 6] ^= 1;  // within the checksum
  write_bytes(folder / "flipped.gz", packed);
  CHECK_THAT(error_of([&] { read_maybe_gzip(folder / "flipped.gz"); }),
             Contains("flipped.gz: the gzip stream is damaged"));
}

TEST_CASE("Labels out of range and of another rank are refused") {
  const TempFolder folder;
  write_bytes(folder / "labels", idx_bytes({3}, std::string{0, 9, 10}));
  CHECK(read_idx_labels(folder / "labels", 11) == std::vector<int>{0, 9, 10});
  CHECK_THAT(error_of([&] { read_idx_labels(folder / "labels", 10); }),
             Contains("labels: label 10 of image 2 is out of range: labels must be 0 .. 9"));
  write_bytes(folder / "matrix", idx_bytes({1, 3}, "abc"));
  CHECK_THAT(error_of([&] { read_idx_labels(folder / "matrix", 10); }),
             Contains("IDX rank 2, expected labels: rank 1"));
}

TEST_CASE("Image and label files must agree in count, and train and test in size") {
  const TempFolder folder;
  write_bytes(folder / "x", idx_bytes({4, 1, 1}, "abcd"));
  write_bytes(folder / "y", idx_bytes({3}, std::string{0, 1, 0}));
  write_bytes(folder / "z", idx_bytes({4}, std::string{0, 1, 0, 1}));
  write_bytes(folder / "wide", idx_bytes({4, 1, 2}, "abcdefgh"));
  DataConfig config;
  config.kind = DataKind::kIdx;
  config.path = folder.path();
  config.classes = 2;
  config.idx.train_images = "x";
  CHECK_THAT(error_of([&] { load_dataset(config); }), Contains("train_images and train_labels"));
  config.idx.train_labels = "y";
  CHECK_THAT(error_of([&] { load_dataset(config); }),
             Contains("y: holds 3 labels, but") && Contains("x holds 4 images"));
  config.idx.train_labels = config.idx.test_labels = "z";
  CHECK_THAT(error_of([&] { load_dataset(config); }), Contains("both test_images and test_labels"));
  config.idx.test_images = "wide";
  CHECK_THAT(error_of([&] { load_dataset(config); }),
             Contains("wide: images of 1x2x1, expected the training images' size 1x1x1"));
  config.idx.test_images = "x";
  const Dataset data = load_dataset(config);
  CHECK(data.train.size() + data.validation.size() == 4);
  CHECK(data.test.size() == 4);
}

TEST_CASE("CIFAR-10 records become images with channels last") {
  const TempFolder folder;
  write_cifar10(folder.path());
  const Dataset data = read_cifar10(folder.path());
  CHECK(data.classes == 10);
  CHECK(data.train.labels == std::vector<int>{1, 2, 2, 3, 3, 4, 4, 5, 5, 6});
  CHECK(data.test.labels == std::vector<int>{9});
  const uint8_t* second = data.train.image(1);
  CHECK(std::vector<int>(second, second + 4) == std::vector<int>{40, 50, 60, 40});
}

TEST_CASE("CIFAR-100 takes the fine label") {
  const TempFolder folder;
  write_bytes(folder / "train.bin", std::string(1, '\x03') + cifar_record(77, 1, 2, 3));
  write_bytes(folder / "test.bin", std::string(1, '\x00') + cifar_record(99, 1, 2, 3));
  const Dataset data = read_cifar100(folder.path());
  CHECK(data.classes == 100);
  CHECK(data.train.labels == std::vector<int>{77});
  CHECK(data.test.labels == std::vector<int>{99});
}

TEST_CASE("Missing, truncated and mislabelled CIFAR files are refused by name") {
  const TempFolder folder;
  write_cifar10(folder.path());
  write_bytes(folder / "data_batch_3.bin", cifar_record(1, 0, 0, 0).substr(0, 3000));
  CHECK_THAT(error_of([&] { read_cifar10(folder.path()); }),
             Contains("data_batch_3.bin: 3000 bytes, expected a multiple of 3073"));
  write_bytes(folder / "data_batch_3.bin", cifar_record(10, 0, 0, 0));
  CHECK_THAT(
      error_of([&] { read_cifar10(folder.path()); }),
      Contains("data_batch_3.bin: label 10 of image 0 is out of range: labels must be 0 .. 9"));
  std::filesystem::remove(folder / "data_batch_3.bin");
  CHECK_THAT(error_of([&] { read_cifar10(folder.path()); }),
             Contains("data_batch_3.bin: cannot be opened"));
}

TEST_CASE("The handwritten digits of MNIST are read as published") {
  const auto images = shared_data("images/mnist_t10k_images.idx.gz");
  const auto labels = shared_data("images/mnist_t10k_labels.idx.gz");
  const ImageSet set = read_idx_images(images);
  CHECK(set.height == 28);
  CHECK(set.pixels.size() == 10000u * 28 * 28);
  const auto digits = read_idx_labels(labels, 10);
  CHECK(digits.size() == 10000);
  CHECK(std::vector<int>(digits.begin(), digits.begin() + 5) == std::vector<int>{7, 2, 1, 0, 4});
}
