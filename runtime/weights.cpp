#include "runtime/weights.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "runtime/safetensors.h"

namespace ridgeline {
namespace {

std::map<std::string, torch::Tensor> named_tensors(const torch::nn::Module& module) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace(item.key(), item.value());
  return tensors;
}

/// PyTorch's count of the batches that a batch norm has seen: in files that Python wrote, and read
/// by nobody.
bool is_batch_count(const std::string& name) { return name.ends_with("num_batches_tracked"); }

std::string shape_text(const torch::Tensor& tensor) {
  std::vector<std::string> sides;
  for (const int64_t side : tensor.sizes()) sides.push_back(std::to_string(side));
  return "[" + join(sides) + "]";
}

void require_equal(const std::string& property, const std::string& name, const std::string& found,
                   const std::string& wanted, const std::filesystem::path& path) {
  if (found == wanted) return;
  throw Error(ErrorKind::kData, path.string() + ": the " + property + " of '" + name + "' is " +
                                    found + ", the network's is " + wanted);
}

}  // namespace

std::map<std::string, torch::Tensor> load_tensors(const std::filesystem::path& path) {
  if (is_safetensors(path)) return load_safetensors(path).tensors;
  const std::string bytes = read_file(path);
  std::map<std::string, torch::Tensor> tensors;
  try {
    const auto value = torch::jit::pickle_load({bytes.begin(), bytes.end()});
    for (const auto& entry : value.toGenericDict()) {
      tensors.emplace(entry.key().toStringRef(), entry.value().toTensor());
    }
  } catch (const std::exception&) {
    throw Error(ErrorKind::kData, path.string() + ": is no file of weights, or damaged");
  }
  return tensors;
}

// Not `torch::jit::pickle_save`: it tags the dictionary with its type, through a function that
// `torch.load` of PyTorch 2.6 and later refuses to call.
void save_tensors(const std::map<std::string, at::Tensor>& tensors,
                  const std::filesystem::path& path) {
  c10::Dict<std::string, at::Tensor> dictionary;
  for (const auto& [name, tensor] : tensors) {
    dictionary.insert(name, tensor.detach().cpu().clone(at::MemoryFormat::Contiguous));
  }
  std::string pickled, archive;
  torch::jit::Pickler pickler([&](const char* data, size_t size) { pickled.append(data, size); },
                              /*tensor_table=*/nullptr, /*type_renamer=*/nullptr,
                              /*memoized_class_types=*/nullptr, /*get_tensor_id=*/nullptr,
                              /*tag_aggregates=*/false);
  pickler.protocol();
  pickler.pushIValue(dictionary);
  pickler.stop();
  caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, size_t size) {
    archive.append(static_cast<const char*>(data), size);
    return size;
  });
  writer.writeRecord("data.pkl", pickled.data(), pickled.size());
  size_t index = 0;
  for (const at::Tensor& tensor : pickler.tensorData()) {
    const auto values = torch::jit::getWriteableTensorData(tensor);
    writer.writeRecord("data/" + std::to_string(index++), values.data(), values.sizeInBytes());
  }
  writer.writeEndOfFile();
  write_file_atomic(path, archive);
}

void save_weights(const torch::nn::Module& module, const std::filesystem::path& path) {
  if (is_safetensors(path)) {
    save_safetensors({named_tensors(module)}, path);
  } else {
    save_tensors(named_tensors(module), path);
  }
}

void load_weights(torch::nn::Module& module, const std::filesystem::path& path) {
  const auto stored = load_tensors(path);
  auto wanted = named_tensors(module);
  // Everything is checked before anything changes: a refused file leaves the module as it was.
  for (const auto& [name, tensor] : wanted) {
    const auto found = stored.find(name);
    if (found == stored.end()) {
      throw Error(ErrorKind::kData, path.string() + ": lacks '" + name + "'");
    }
    require_equal("shape", name, shape_text(found->second), shape_text(tensor), path);
    require_equal("type", name, c10::toString(found->second.scalar_type()),
                  c10::toString(tensor.scalar_type()), path);
  }
  for (const auto& entry : stored) {
    if (wanted.contains(entry.first) || is_batch_count(entry.first)) continue;
    throw Error(ErrorKind::kData,
                path.string() + ": holds '" + entry.first + "', which the network does not have");
  }
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : wanted) tensor.copy_(stored.at(name));
}

}  // namespace ridgeline
