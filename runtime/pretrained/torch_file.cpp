#include "runtime/pretrained/torch_file.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/error.h"
#include "core/file.h"
#include "runtime/pretrained/pickle.h"
#include "runtime/safetensors.h"

namespace ridgeline {
namespace {

using Kind = PickleValue::Kind;

/// How files of PyTorch before 1.6 begin: the pickle of a long number.
constexpr std::string_view kLegacyStart("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
constexpr int64_t kLegacyProtocol = 1001;
constexpr std::string_view kZipStart("PK");
constexpr std::array<const char*, 6> kParts{"state_dict_ema",   "model_ema", "state_dict",
                                            "model_state_dict", "model",     "weights"};
constexpr std::array<std::pair<const char*, at::ScalarType>, 10> kStorages{
    {{"torch FloatStorage", at::kFloat},
     {"torch HalfStorage", at::kHalf},
     {"torch BFloat16Storage", at::kBFloat16},
     {"torch DoubleStorage", at::kDouble},
     {"torch LongStorage", at::kLong},
     {"torch IntStorage", at::kInt},
     {"torch ShortStorage", at::kShort},
     {"torch CharStorage", at::kChar},
     {"torch ByteStorage", at::kByte},
     {"torch BoolStorage", at::kBool}}};

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kData, what); }

/// What the identity of a storage says: ("storage", type, key, device, elements), in old files
/// followed by a view, which must be none.
struct StorageId {
  at::ScalarType type = at::kFloat;
  std::string key;
  int64_t elements = 0;
};

StorageId storage_id(const PickleValue& value) {
  if (value.kind != Kind::kPersistent || value.items[0]->kind != Kind::kTuple ||
      value.items[0]->items.size() < 5) {
    refuse("a tensor has no storage");
  }
  const auto& parts = value.items[0]->items;
  const auto* known = std::find_if(kStorages.begin(), kStorages.end(), [&](const auto& storage) {
    return parts[1]->kind == Kind::kGlobal && parts[1]->text == storage.first;
  });
  if (known == kStorages.end()) refuse("a tensor's type '" + parts[1]->text + "' is not known");
  if (parts.size() > 5 && parts[5]->kind != Kind::kNone) refuse("a storage is a view of another");
  if (parts[4]->kind != Kind::kInt || parts[4]->integer < 0) refuse("a storage has no size");
  return {known->second, parts[2]->text, parts[4]->integer};
}

/// The storage's elements, [elements].
using Storages = std::function<at::Tensor(const StorageId&)>;

std::vector<int64_t> integers(const PickleValue& value) {
  std::vector<int64_t> numbers;
  if (value.kind != Kind::kTuple) refuse("a tensor's shape is none");
  for (const PickleValue* item : value.items) {
    if (item->kind != Kind::kInt || item->integer < 0) refuse("a tensor's shape is none");
    numbers.push_back(item->integer);
  }
  return numbers;
}

/// (storage, offset, size, stride, ...) as `torch._utils._rebuild_tensor_v2` takes it.
at::Tensor tensor_of(const PickleValue& value, const Storages& storages) {
  const auto& given = value.items;
  if (given.size() < 4 || given[1]->kind != Kind::kInt || given[1]->integer < 0) {
    refuse("a tensor lacks its storage, place, shape or strides");
  }
  const StorageId id = storage_id(*given[0]);
  const int64_t offset = given[1]->integer;
  const std::vector<int64_t> sizes = integers(*given[2]), strides = integers(*given[3]);
  if (sizes.size() != strides.size()) refuse("a tensor's shape and strides differ in length");
  const bool is_empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  if (is_empty) return at::empty(sizes, id.type);
  // The last element must lie within the storage; each step is checked, so that nothing overflows.
  int64_t last = offset, elements = 1;
  bool fits = last < id.elements;
  for (size_t i = 0; i < sizes.size() && fits; ++i) {
    const int64_t steps = sizes[i] - 1;
    fits = sizes[i] <= id.elements / elements &&
           (steps == 0 || strides[i] <= (id.elements - 1 - last) / steps);
    if (!fits) break;
    last += steps * strides[i];
    elements *= sizes[i];
  }
  if (!fits) refuse("a tensor lies outside its storage");
  return storages(id).as_strided(sizes, strides, offset);
}

/// Whether there is a tensor among the values of a dictionary.
bool holds_tensors(const PickleValue& value) {
  if (value.kind != Kind::kDict) return false;
  for (size_t i = 1; i < value.items.size(); i += 2) {
    if (value.items[i]->kind == Kind::kTensor) return true;
  }
  return false;
}

StoredWeights weights_of(const PickleValue& file, const Storages& storages) {
  StoredWeights weights;
  const PickleValue* found = holds_tensors(file) ? &file : nullptr;
  for (const char* part : kParts) {
    if (found != nullptr || file.kind != Kind::kDict) break;
    for (size_t i = 0; i < file.items.size(); i += 2) {
      if (file.items[i]->text != part || !holds_tensors(*file.items[i + 1])) continue;
      found = file.items[i + 1];
      weights.part = part;
    }
  }
  if (found == nullptr) {
    refuse(
        "holds no dictionary of tensors; valid: a state dictionary, or a checkpoint with one of " +
        join({kParts.begin(), kParts.end()}));
  }
  for (size_t i = 0; i < found->items.size(); i += 2) {
    const PickleValue &name = *found->items[i], &value = *found->items[i + 1];
    // A checkpoint may keep other things beside its tensors.
    if (name.kind != Kind::kText || value.kind != Kind::kTensor) continue;
    weights.tensors.insert_or_assign(name.text, tensor_of(value, storages));
  }
  return weights;
}

at::Tensor elements_from(std::string_view bytes, const StorageId& id) {
  const size_t width = c10::elementSize(id.type);
  if (static_cast<uint64_t>(id.elements) > bytes.size() / width) refuse("a storage is cut off");
  at::Tensor values = at::empty({id.elements}, id.type);
  std::memcpy(values.data_ptr(), bytes.data(), static_cast<size_t>(id.elements) * width);
  return values;
}

/// A file that stands in memory.
class BytesReader : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit BytesReader(const std::string& bytes) : bytes_(bytes) {}
  size_t size() const override { return bytes_.size(); }
  size_t read(uint64_t begin, void* to, size_t count, const char* /*what*/) const override {
    if (begin >= bytes_.size()) return 0;
    const size_t there = std::min(count, bytes_.size() - static_cast<size_t>(begin));
    std::memcpy(to, bytes_.data() + begin, there);
    return there;
  }

 private:
  const std::string& bytes_;
};

StoredWeights read_zip(const std::string& bytes) {
  caffe2::serialize::PyTorchStreamReader reader(std::make_shared<BytesReader>(bytes));
  if (reader.hasRecord("byteorder")) {
    const auto [data, size] = reader.getRecord("byteorder");
    const std::string_view order(static_cast<const char*>(data.get()), size);
    if (order != "little") refuse("its numbers are big-endian, which is not read here");
  }
  const auto [pickled, size] = reader.getRecord("data.pkl");
  Unpickler unpickler({static_cast<const char*>(pickled.get()), size});
  std::map<std::string, at::Tensor> storages;
  return weights_of(unpickler.read(), [&](const StorageId& id) {
    at::Tensor& storage = storages[id.key];
    if (!storage.defined()) {
      const auto [data, length] = reader.getRecord("data/" + id.key);
      storage = elements_from({static_cast<const char*>(data.get()), length}, id);
    }
    if (storage.scalar_type() != id.type || storage.numel() < id.elements) {
      refuse("two tensors disagree about their storage");
    }
    return storage;
  });
}

/// Before PyTorch 1.6: a magic number, a version, facts about the machine, the value, the keys of
/// the storages, each a pickle; then each storage as its number of elements (8 bytes) and these.
StoredWeights read_legacy(const std::string& bytes) {
  Unpickler unpickler(bytes);
  unpickler.read();  // the magic number
  if (unpickler.read().integer != kLegacyProtocol) refuse("an unknown version of the old format");
  unpickler.read();
  const PickleValue& value = unpickler.read();
  const PickleValue& keys = unpickler.read();
  std::map<std::string, StorageId> known;  // also those of optimizers, which lie between others
  for (const PickleValue& each : unpickler.values()) {
    if (each.kind != Kind::kPersistent) continue;
    const StorageId id = storage_id(each);
    known.emplace(id.key, id);
  }
  std::map<std::string, at::Tensor> storages;
  std::string_view rest = std::string_view(bytes).substr(unpickler.position());
  for (const PickleValue* key : keys.items) {
    const auto found = known.find(key->text);
    if (found == known.end()) refuse("a storage that no tensor has");
    if (rest.size() < sizeof(int64_t)) refuse("a storage is cut off");
    StorageId id = found->second;
    if (number_at<int64_t>(rest.data()) != id.elements) refuse("a storage has another size");
    rest.remove_prefix(sizeof(int64_t));
    const at::Tensor elements = elements_from(rest, id);
    rest.remove_prefix(elements.nbytes());
    storages.insert_or_assign(id.key, elements);
  }
  return weights_of(value, [&](const StorageId& id) {
    const auto found = storages.find(id.key);
    if (found == storages.end() || found->second.scalar_type() != id.type ||
        found->second.numel() < id.elements) {
      refuse("a storage is missing");
    }
    return found->second;
  });
}

/// Data-parallel trainings of PyTorch put every name below "module.".
void strip_common_prefix(std::map<std::string, at::Tensor>& tensors) {
  constexpr std::string_view kPrefix = "module.";
  if (!std::all_of(tensors.begin(), tensors.end(),
                   [&](const auto& item) { return item.first.starts_with(kPrefix); })) {
    return;
  }
  std::map<std::string, at::Tensor> stripped;
  for (auto& [name, tensor] : tensors) stripped.emplace(name.substr(kPrefix.size()), tensor);
  tensors = std::move(stripped);
}

}  // namespace

StoredWeights read_stored_weights(const std::filesystem::path& path) {
  StoredWeights weights;
  if (is_safetensors(path)) {
    weights.tensors = load_safetensors(path).tensors;
  } else {
    const std::string bytes = read_file(path);
    try {
      if (bytes.starts_with(kZipStart)) {
        weights = read_zip(bytes);
      } else if (bytes.starts_with(kLegacyStart)) {
        weights = read_legacy(bytes);
      } else {
        refuse("does not begin as a file of torch.save does");
      }
    } catch (const Error& error) {
      throw Error(error.kind(),
                  path.string() + ": is no file of weights, or damaged: " + error.what());
    } catch (const std::exception&) {
      throw Error(ErrorKind::kData, path.string() + ": is no file of weights, or damaged");
    }
  }
  strip_common_prefix(weights.tensors);
  return weights;
}

}  // namespace ridgeline
