#include "runtime/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace ridgeline {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Json = nlohmann::json;

constexpr const char* kMetadata = "__metadata__";
constexpr size_t kLengthBytes = 8;
constexpr size_t kMostHeader = 100'000'000;  // bytes; the limit of the format's own reader

constexpr std::array<std::pair<const char*, at::ScalarType>, 9> kTypes{{{"F64", at::kDouble},
                                                                        {"F32", at::kFloat},
                                                                        {"F16", at::kHalf},
                                                                        {"BF16", at::kBFloat16},
                                                                        {"I64", at::kLong},
                                                                        {"I32", at::kInt},
                                                                        {"I16", at::kShort},
                                                                        {"I8", at::kChar},
                                                                        {"U8", at::kByte}}};

std::string type_name(at::ScalarType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  throw Error(ErrorKind::kInternal,
              std::string("safetensors: cannot hold the type ") + c10::toString(type));
}

bool is_finite(const at::Tensor& tensor) {
  return !tensor.is_floating_point() || at::isfinite(tensor).all().item<bool>();
}

/// Reads one file's bytes; every failure names the file and the tensor.
class SafeTensorsReader {
 public:
  explicit SafeTensorsReader(const std::filesystem::path& path)
      : path_(path), bytes_(read_file(path)) {}

  SafeTensors read() {
    const Json header = parse_header();
    SafeTensors content;
    size_t taken = 0;
    for (const auto& [name, entry] : header.items()) {
      if (name == kMetadata) continue;
      content.tensors.emplace(name, tensor(name, entry));
      taken += content.tensors[name].nbytes();
    }
    if (taken != data_size()) {
      fail("its tensors take " + std::to_string(taken) + " bytes of the " +
           std::to_string(data_size()) + " that follow the header");
    }
    if (!header.contains(kMetadata)) return content;
    try {
      content.metadata = header[kMetadata].get<std::map<std::string, std::string>>();
    } catch (const Json::exception&) {
      fail("__metadata__ is no map of texts");
    }
    return content;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::kData, path_.string() + ": is no safetensors file, or damaged: " + what);
  }

  Json parse_header() {
    uint64_t length = 0;
    if (bytes_.size() < kLengthBytes) fail("it is shorter than 8 bytes");
    std::memcpy(&length, bytes_.data(), kLengthBytes);
    if (length > kMostHeader || length > bytes_.size() - kLengthBytes) {
      fail("its header of " + std::to_string(length) + " bytes does not fit into the file's " +
           std::to_string(bytes_.size()));
    }
    data_ = kLengthBytes + length;
    const auto begin = bytes_.begin() + kLengthBytes;
    Json header = Json::parse(begin, begin + static_cast<std::ptrdiff_t>(length), nullptr,
                              /*allow_exceptions=*/false);
    if (!header.is_object()) fail("its header is no JSON object");
    return header;
  }

  size_t data_size() const { return bytes_.size() - data_; }

  at::Tensor tensor(const std::string& name, const Json& entry) const {
    std::string dtype;
    std::vector<int64_t> shape;
    std::array<uint64_t, 2> place{};
    try {
      dtype = entry.at("dtype").get<std::string>();
      shape = entry.at("shape").get<std::vector<int64_t>>();
      place = entry.at("data_offsets").get<std::array<uint64_t, 2>>();
    } catch (const Json::exception&) {
      fail("'" + name + "' lacks dtype, shape or data_offsets");
    }
    const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                    [&](const auto& known) { return dtype == known.first; });
    if (type == kTypes.end()) fail("'" + name + "' has the unknown type " + dtype);
    if (place[0] > place[1] || place[1] > data_size()) {
      fail("'" + name + "' lies outside the file, which may be cut off");
    }
    const uint64_t bytes = place[1] - place[0];
    uint64_t elements = 1;
    for (const int64_t side : shape) {
      const auto factor = static_cast<uint64_t>(side);
      if (side < 0 || (factor > 0 && elements > bytes / factor)) {
        fail("the shape of '" + name + "' does not fit its bytes");
      }
      elements *= factor;
    }
    if (elements * c10::elementSize(type->second) != bytes) {
      fail("the shape of '" + name + "' does not fit its bytes");
    }
    at::Tensor values = at::empty(shape, type->second);
    std::memcpy(values.data_ptr(), bytes_.data() + data_ + place[0], bytes);
    if (!is_finite(values)) {
      throw Error(ErrorKind::kData, path_.string() + ": '" + name +
                                        "' holds NaN or infinity: the network has diverged, or "
                                        "the file is damaged");
    }
    return values;
  }

  std::filesystem::path path_;
  std::string bytes_;
  size_t data_ = 0;  // where the values begin
};

}  // namespace

bool is_safetensors(const std::filesystem::path& path) {
  return path.extension() == ".safetensors";
}

void save_safetensors(const SafeTensors& content, const std::filesystem::path& path) {
  Json header = Json::object();
  if (!content.metadata.empty()) header[kMetadata] = content.metadata;
  std::vector<at::Tensor> values;
  size_t offset = 0;
  // The widest types first: every value then lies at a multiple of its size.
  for (const auto& [type_text, type] : kTypes) {
    for (const auto& [name, tensor] : content.tensors) {
      if (tensor.scalar_type() != type) continue;
      if (!is_finite(tensor)) {
        throw Error(ErrorKind::kRun, path.string() + ": '" + name +
                                         "' holds NaN or infinity: the network has diverged and is "
                                         "not worth exporting");
      }
      // Not `contiguous`, which keeps the channels-last strides of 1x1 weights.
      values.push_back(tensor.detach().cpu().clone(at::MemoryFormat::Contiguous));
      header[name] = {{"dtype", type_text},
                      {"shape", tensor.sizes().vec()},
                      {"data_offsets", {offset, offset + values.back().nbytes()}}};
      offset += values.back().nbytes();
    }
  }
  for (const auto& entry : content.tensors) type_name(entry.second.scalar_type());
  std::string text = header.dump();
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  const uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), kLengthBytes);
  bytes.reserve(kLengthBytes + text.size() + offset);
  bytes += text;
  for (const at::Tensor& value : values) {
    bytes.append(static_cast<const char*>(value.data_ptr()), value.nbytes());
  }
  write_file_atomic(path, bytes);
}

SafeTensors load_safetensors(const std::filesystem::path& path) {
  return SafeTensorsReader(path).read();
}

}  // namespace ridgeline
