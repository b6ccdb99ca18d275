#include "runtime/weights.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "runtime/device.h"
#include "runtime/network_module.h"
#include "runtime/safetensors.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::StartsWith;

namespace {

/// A module whose moving statistics are not their start values.
NetworkModule trained(const Architecture& architecture, uint64_t seed) {
  const at::NoGradGuard no_grad;
  NetworkModule module(lower(architecture), seed);
  module->train();
  module->forward(noise({8, 3, 32, 32}, seed));
  return module;
}

std::vector<at::Tensor> tensors(const NetworkModule& module) {
  std::vector<at::Tensor> all;
  for (const auto& tensor : module->parameters()) all.push_back(tensor.detach().clone());
  for (const auto& tensor : module->buffers()) all.push_back(tensor.clone());
  return all;
}

bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_bits);
}

/// Writes any pickled value as a file of weights.
void write_value(const std::filesystem::path& path, const c10::IValue& value) {
  const std::vector<char> bytes = torch::jit::pickle_save(value);
  write_file_atomic(path, {bytes.data(), bytes.size()});
}

/// The message of a refused load, after a check that it changed nothing.
std::string refusal(const std::filesystem::path& path) {
  NetworkModule module(lower(small_architecture()), 2);
  const auto before = tensors(module);
  const std::string message = error_of([&] { load_weights(*module, path); });
  CHECK(same(tensors(module), before));
  CHECK_THAT(message, StartsWith(path.string() + ": "));
  return message.substr(path.string().size() + 2);
}

}  // namespace

TEST_CASE("saved weights load back bit for bit, from any layout into any layout") {
  const TempFolder folder;
  const auto path = folder / "weights.pt";
  NetworkModule source = trained(small_architecture(), 1);
  const auto expected = tensors(source);
  for (const bool placed : {false, true}) {
    if (placed) place(*source, at::kCPU);
    save_weights(*source, path);
    NetworkModule target(lower(small_architecture()), 2);
    if (!placed) place(*target, at::kCPU);
    CHECK_FALSE(same(tensors(target), expected));
    load_weights(*target, path);
    CHECK(same(tensors(target), expected));
    CHECK(target->parameters()[0].requires_grad());
    target->eval();
    source->eval();
    const at::Tensor x = noise({2, 3, 32, 32}, 3);
    CHECK(difference(target->forward(x), source->forward(x)) < 1e-5);
  }
}

TEST_CASE("a file holds none of the type tags that torch.load refuses, and one with them loads") {
  const TempFolder folder;
  const auto path = folder / "weights.pt";
  const NetworkModule source = trained(small_architecture(), 1);
  save_weights(*source, path);
  CHECK(read_file(path).find("restore_type_tag") == std::string::npos);
  c10::Dict<std::string, at::Tensor> tagged;
  for (const auto& item : source->named_parameters()) tagged.insert(item.key(), item.value());
  for (const auto& item : source->named_buffers()) tagged.insert(item.key(), item.value());
  write_value(path, tagged);
  CHECK(read_file(path).find("restore_type_tag") != std::string::npos);
  NetworkModule target(lower(small_architecture()), 2);
  load_weights(*target, path);
  CHECK(same(tensors(target), tensors(source)));
}

TEST_CASE("a tensor that is a part of another is saved without the rest") {
  const TempFolder folder;
  const at::Tensor whole = noise({64, 64}, 1);
  save_tensors({{"part", whole.select(1, 3)}}, folder / "part.pt");
  save_tensors({{"whole", whole}}, folder / "whole.pt");
  const std::string bytes = read_file(folder / "part.pt");
  CHECK(bytes.size() + 60 * 64 * 4 < read_file(folder / "whole.pt").size());
  const auto value = torch::jit::pickle_load({bytes.begin(), bytes.end()}).toGenericDict();
  CHECK(same_bits(value.at("part").toTensor(), whole.select(1, 3)));
}

TEST_CASE("a file that lacks a tensor, has one too many or of another shape is refused") {
  const TempFolder folder;
  const auto path = folder / "weights.pt";
  Architecture deeper = small_architecture();
  deeper.stages[3].layers = 3;
  save_weights(*trained(deeper, 1), path);
  CHECK(refusal(path) ==
        "holds 'stage4.block2.depthwise.bn.bias', which the network does not have");
  Architecture shallower = small_architecture();
  shallower.stages[3].layers = 1;
  save_weights(*trained(shallower, 1), path);
  CHECK(refusal(path) == "lacks 'stage4.block1.depthwise.bn.bias'");
  Architecture wider = small_architecture();
  wider.classes = 6;
  save_weights(*trained(wider, 1), path);
  CHECK(refusal(path) == "the shape of 'classifier.bias' is [6], the network's is [5]");
}

TEST_CASE("a tensor of another type is refused, not rounded") {
  const TempFolder folder;
  const auto path = folder / "weights.pt";
  NetworkModule module = trained(small_architecture(), 1);
  module->to(at::kDouble);
  save_weights(*module, path);
  CHECK_THAT(refusal(path), StartsWith("the type of 'classifier.bias' is Double, the network's is "
                                       "Float"));
}

TEST_CASE("a damaged, truncated, foreign or absent file is refused") {
  const TempFolder folder;
  const auto path = folder / "weights.pt";
  save_weights(*trained(small_architecture(), 1), path);
  const std::string whole = read_file(path);
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    write_file_atomic(path, whole.substr(0, size));
    INFO(size);
    CHECK(refusal(path) == "is no file of weights, or damaged");
  }
  write_file_atomic(path, "name: not weights\n");
  CHECK(refusal(path) == "is no file of weights, or damaged");
  write_value(path, c10::IValue(5));
  CHECK(refusal(path) == "is no file of weights, or damaged");
  c10::impl::GenericDict texts(c10::StringType::get(), c10::StringType::get());
  texts.insert("stem.conv.weight", "text");
  write_value(path, texts);
  CHECK(refusal(path) == "is no file of weights, or damaged");
  CHECK(refusal(folder / "none.pt") == "cannot read: No such file or directory");
}

TEST_CASE("weights go through safetensors bit for bit, also with the batch counts of PyTorch") {
  const TempFolder folder;
  const auto path = folder / "net.safetensors";
  NetworkModule source = trained(small_architecture(), 1);
  save_weights(*source, path);
  SafeTensors content = load_safetensors(path);
  content.tensors["stem.bn.num_batches_tracked"] = at::scalar_tensor(3, at::kLong);
  save_safetensors(content, path);
  NetworkModule target(lower(small_architecture()), 2);
  load_weights(*target, path);
  CHECK(same(tensors(target), tensors(source)));
  content.tensors["stem.conv.other"] = at::ones({1});
  save_safetensors(content, path);
  CHECK_THAT(refusal(path), Catch::Contains("holds 'stem.conv.other'"));
}
