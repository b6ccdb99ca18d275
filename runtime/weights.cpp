#include "runtime/weights.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <map>

#include "core/error.h"
#include "core/file.h"

namespace ridgeline {
namespace {

std::map<std::string, torch::Tensor> named_tensors(const torch::nn::Module& module) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace(item.key(), item.value());
  return tensors;
}

c10::impl::GenericDict read_dictionary(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  try {
    return torch::jit::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
  } catch (const std::exception&) {
    throw Error(ErrorKind::kData, path.string() + ": is no file of weights, or damaged");
  }
}

}  // namespace

void save_weights(const torch::nn::Module& module, const std::filesystem::path& path) {
  c10::Dict<std::string, torch::Tensor> dictionary;
  for (const auto& [name, tensor] : named_tensors(module)) {
    dictionary.insert(name, tensor.detach().cpu().contiguous().clone(at::MemoryFormat::Contiguous));
  }
  const std::vector<char> bytes = torch::jit::pickle_save(dictionary);
  write_file_atomic(path, {bytes.data(), bytes.size()});
}

void load_weights(torch::nn::Module& module, const std::filesystem::path& path) {
  const auto dictionary = read_dictionary(path);
  auto wanted = named_tensors(module);
  torch::NoGradGuard no_grad;
  for (const auto& entry : dictionary) {
    const std::string name = entry.key().toStringRef();
    const torch::Tensor value = entry.value().toTensor();
    const auto found = wanted.find(name);
    if (found == wanted.end()) {
      throw Error(ErrorKind::kData,
                  path.string() + ": holds '" + name + "', which the network does not have");
    }
    if (found->second.sizes() != value.sizes()) {
      throw Error(ErrorKind::kData,
                  path.string() + ": the shape of '" + name + "' is not the network's");
    }
    found->second.copy_(value);
    wanted.erase(found);
  }
  if (!wanted.empty()) {
    throw Error(ErrorKind::kData, path.string() + ": lacks '" + wanted.begin()->first + "'");
  }
}

}  // namespace ridgeline
