#include "runtime/safetensors.h"

#include <ATen/ATen.h>

#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "runtime/weights.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A file of this header and these values, as the format's description says.
std::string file_of(const std::string& header, const std::string& values = {}) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  return bytes + header + values;
}

std::string refusal(const std::string& bytes) {
  const TempFolder folder;
  const auto path = folder / "net.safetensors";
  write_file_atomic(path, bytes);
  return error_of([&] { load_safetensors(path); });
}

}  // namespace

TEST_CASE("safetensors gives back every type, value, shape and note") {
  const TempFolder folder;
  const auto path = folder / "net.safetensors";
  const std::map<std::string, at::Tensor> tensors{
      {"a.weight",
       at::arange(24, at::kFloat).view({1, 2, 3, 4}).clone(at::MemoryFormat::ChannelsLast)},
      {"b", at::tensor({1.5, -2.0}, at::kDouble)},
      {"c", at::tensor({3.0F}, at::kFloat).to(at::kBFloat16)},
      {"count", at::tensor({int64_t{1} << 40})},
      {"scalar", at::scalar_tensor(7, at::kInt)},
      {"u", at::tensor({1, 2, 3}, at::kByte)}};
  save_safetensors({tensors, {{"classes", "10"}}}, path);
  const SafeTensors read = load_safetensors(path);
  CHECK(read.metadata == std::map<std::string, std::string>{{"classes", "10"}});
  REQUIRE(read.tensors.size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    INFO(name);
    CHECK(read.tensors.at(name).scalar_type() == tensor.scalar_type());
    CHECK(at::equal(read.tensors.at(name), tensor));
  }
}

TEST_CASE("a safetensors file is what the format's description says, byte by byte") {
  const TempFolder folder;
  const auto path = folder / "net.safetensors";
  const std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  write_file_atomic(path, file_of(header, std::string("\0\0\x80\x3f\0\0\0\xc0", 8)));
  const at::Tensor x = load_safetensors(path).tensors.at("x");
  CHECK(at::equal(x, at::tensor({1.0F, -2.0F})));
  save_safetensors({{{"x", x}}}, path);
  const std::string written = read_file(path);
  CHECK(written.size() % 8 == 0);
  CHECK(written.substr(written.size() - 8) == std::string("\0\0\x80\x3f\0\0\0\xc0", 8));
}

TEST_CASE("a damaged safetensors file is refused with what is wrong") {
  const std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  CHECK_THAT(refusal("abc"), Catch::Contains("shorter than 8 bytes"));
  CHECK_THAT(refusal(std::string(8, '\xff')), Catch::Contains("does not fit into the file's 8"));
  CHECK_THAT(refusal(file_of("[1]")), Catch::Contains("no JSON object"));
  CHECK_THAT(refusal(file_of(header, "1234")), Catch::Contains("'x' lies outside the file"));
  CHECK_THAT(refusal(file_of(header, "123456789")), Catch::Contains("take 8 bytes of the 9"));
  CHECK_THAT(
      refusal(file_of(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "12345678")),
      Catch::Contains("the shape of 'x' does not fit"));
  CHECK_THAT(refusal(file_of(
                 R"({"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})",
                 "12345678")),
             Catch::Contains("the shape of 'x' does not fit"));
  CHECK_THAT(
      refusal(file_of(R"({"x":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}})", "12345678")),
      Catch::Contains("unknown type F4"));
  CHECK_THAT(refusal(file_of(R"({"x":{"shape":[2]}})")), Catch::Contains("'x' lacks dtype"));
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{"a":1}})")), Catch::Contains("no map of texts"));
  CHECK_THAT(refusal(file_of(header, std::string("\0\0\xc0\x7f\0\0\0\0", 8))),
             Catch::Contains("'x' holds NaN"));
}

TEST_CASE("a network with NaN is not written as safetensors, and an older file stays") {
  const TempFolder folder;
  const auto path = folder / "net.safetensors";
  save_safetensors({{{"x", at::ones({2})}}}, path);
  const std::string before = read_file(path);
  CHECK_THAT(
      error_of([&] {
        save_safetensors({{{"y", at::full({2}, std::numeric_limits<float>::quiet_NaN())}}}, path);
      }),
      Catch::Contains("'y' holds NaN"));
  CHECK(read_file(path) == before);
}
