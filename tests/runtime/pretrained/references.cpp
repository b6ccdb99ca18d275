#include "tests/runtime/pretrained/references.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <cstdlib>

#include "core/file.h"
#include "network/published/known_networks.h"
#include "tests/catch.h"

namespace ridgeline::test {

void write_references(const std::vector<PretrainedCase>& cases, const std::string& library,
                      const std::filesystem::path& folder) {
  const std::string python =
      library == "torchvision" ? python_with(library) : optional_python_with(library);
  const auto script = source_folder() / "tests/runtime/pretrained/pretrained_reference.py";
  const auto log = folder / "log.txt";
  std::string command = python + " '" + script.string() + "' '" + folder.string() + "' " + library;
  for (const PretrainedCase& one : cases) {
    command += " " + one.theirs + ":" + std::to_string(one.resolution) + ":" + one.format;
  }
  const bool done = std::system((command + " > '" + log.string() + "' 2>&1").c_str()) == 0;
  INFO(read_file(log));
  REQUIRE(done);
}

std::filesystem::path weights_of(const PretrainedCase& one, const std::filesystem::path& folder) {
  return folder / (one.theirs + (one.format == "safetensors" ? ".safetensors" : ".pth"));
}

NetworkModule module_for(const PretrainedCase& one, PretrainedLayout layout) {
  return NetworkModule(as_pretrained_layout(load_network(one.ours, one.resolution), layout),
                       /*seed=*/1);
}

double difference_from_reference(NetworkModule& module, const PretrainedCase& one,
                                 const std::filesystem::path& folder) {
  const std::string bytes = read_file(folder / (one.theirs + ".outputs.pt"));
  const auto reference = torch::jit::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
  const at::Tensor images = reference.at("images").toTensor();
  const at::Tensor expected = reference.at("outputs").toTensor();
  const at::NoGradGuard no_grad;
  module->eval();
  const at::Tensor outputs = module->forward(images);
  REQUIRE(outputs.sizes() == expected.sizes());
  // The images decide about the outputs, not the biases alone.
  REQUIRE((expected[0] - expected[1]).abs().max().item<double>() >
          0.1 * expected.abs().max().item<double>());
  return ((outputs - expected).abs().max() / expected.abs().max()).item<double>();
}

std::vector<at::Tensor> values_of(const NetworkModule& module) {
  std::vector<at::Tensor> values;
  for (const auto& tensor : module->parameters()) values.push_back(tensor.detach().clone());
  for (const auto& tensor : module->buffers()) values.push_back(tensor.detach().clone());
  return values;
}

bool equal_values(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace ridgeline::test
