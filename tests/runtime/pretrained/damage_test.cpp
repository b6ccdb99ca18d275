#include <ATen/ATen.h>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "runtime/pretrained/pickle.h"
#include "runtime/pretrained/torch_file.h"
#include "runtime/weights.h"
#include "tests/catch.h"
#include "tests/runtime/pretrained/references.h"

// Damaged files of weights give an error that names the file, or tensors of the right form; never
// a crash. The sanitizers see what a plain run does not.

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Reads bytes as a file; any `Error` must name it.
void read_damaged(const std::string& bytes, const std::filesystem::path& path) {
  write_file_atomic(path, bytes);
  try {
    for (const auto& [name, tensor] : read_stored_weights(path).tensors) {
      tensor.to(at::kDouble).sum().item<double>();  // every element is there
    }
  } catch (const Error& error) {
    CHECK(contains(error.what(), path.filename().string()));
  }
}

void damage(const std::string& bytes, const std::filesystem::path& path) {
  RandomStream stream(1, 0, "damage");
  const auto place = [&](size_t below) {
    return static_cast<size_t>(stream.below(static_cast<int>(below)));
  };
  for (int i = 0; i < 100; ++i) read_damaged(bytes.substr(0, place(bytes.size())), path);
  for (int i = 0; i < 300; ++i) {
    std::string flipped = bytes;
    const size_t flips = 1 + place(4);
    for (size_t flip = 0; flip < flips; ++flip) {
      flipped[place(flipped.size())] ^= static_cast<char>(1 << place(8));
    }
    read_damaged(flipped, path);
  }
}

}  // namespace

TEST_CASE("damaged files of torch.save never crash", "[process]") {
  const TempFolder folder;
  const std::string python = python_with("torch");
  const std::string script =
      "import torch, collections\n"
      "d = collections.OrderedDict((n, torch.ones(3, 2, dtype=t)) for n, t in [('a', "
      "torch.float32),"
      " ('b.c', torch.float16), ('d', torch.bfloat16), ('e', torch.int64)])\n"
      "d['f'] = torch.arange(24.).view(4, 6).t()[1:4]\n"
      "torch.save(d, r'" +
      (folder / "zip.pth").string() +
      "')\n"
      "torch.save({'model': d, 'epoch': 1}, r'" +
      (folder / "legacy.pth").string() + "', _use_new_zipfile_serialization=False)\n";
  write_file_atomic(folder / "write.py", script);
  REQUIRE(std::system((python + " '" + (folder / "write.py").string() + "'").c_str()) == 0);
  for (const char* file : {"zip.pth", "legacy.pth"}) {
    INFO(file);
    const auto stored = read_stored_weights(folder / file);
    CHECK(stored.part == (std::string(file) == "zip.pth" ? "" : "model"));
    REQUIRE(stored.tensors.size() == 5);
    CHECK(stored.tensors.at("b.c").scalar_type() == at::kHalf);
    CHECK(stored.tensors.at("d").scalar_type() == at::kBFloat16);
    CHECK(stored.tensors.at("e").scalar_type() == at::kLong);
    const at::Tensor part = stored.tensors.at("f");  // a view: rows 1 to 3 of the transposed
    CHECK(part.sizes() == at::IntArrayRef({3, 4}));
    CHECK(part[0][1].item<double>() == 7);
    CHECK(part[2][3].item<double>() == 21);
    damage(read_file(folder / file), folder / "damaged.pth");
  }
}

TEST_CASE("pickles that ask for what they must not have are refused") {
  const auto refused = [](const std::string& bytes) {
    const std::string_view view(bytes);
    return error_of([&] { Unpickler(view).read(); });
  };
  using namespace std::string_literals;
  CHECK(contains(refused(""s), "cut off"));
  CHECK(contains(refused("\x80\x02."s), "a value is missing"));
  CHECK(contains(refused("\x80\x02h\x05."s), "never kept"));
  CHECK(contains(refused("\x80\x02Nr\xff\xff\xff\x7f."s), "wrong number"));
  CHECK(contains(refused("\x80\x02X\xff\xff\xff\x7f."s), "cut off"));
  CHECK(contains(refused("\x80\x02t."s), "a mark is missing"));
  CHECK(contains(refused("\x80\x02i."s), "opcode 105"));
  // Calling os.system gives an object that nobody knows, and calls nothing.
  const std::string call =
      "\x80\x02"
      "cos\nsystem\nX\x05\x00\x00\x00"
      "false\x85R."s;
  Unpickler unpickler(call);
  CHECK(unpickler.read().kind == PickleValue::Kind::kOpaque);
  // Three million tuples within each other.
  std::string deep = "\x80\x02N";
  deep.append(3'000'000, '\x85').append(".");
  Unpickler nested(deep);
  CHECK(nested.read().kind == PickleValue::Kind::kTuple);
}
