#include <ATen/ATen.h>

#include <random>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/run_command.h"
#include "export/onnx.h"
#include "export/python_check.h"
#include "export/pytorch_source.h"
#include "export/torchscript.h"
#include "export/verify.h"
#include "network/published/known_networks.h"
#include "runtime/weights.h"
#include "tests/catch.h"
#include "tests/export/networks.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

constexpr double kFp32 = 1e-4;

double relative_difference(const at::Tensor& actual, const at::Tensor& expected) {
  REQUIRE(actual.sizes() == expected.sizes());
  REQUIRE(expected.isfinite().all().item<bool>());
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  return (actual - expected).abs().max().item<double>() / scale;
}

/// The batch norm that a value comes from, through operators without weights; -1: none.
int batch_norm_behind(const Network& network, int node) {
  while (node > 0) {
    const Operator& op = network.node(node).op;
    if (std::holds_alternative<BatchNorm>(op)) return node;
    const bool passes = std::holds_alternative<DropConnect>(op) ||
                        std::holds_alternative<Activation>(op) ||
                        std::holds_alternative<Multiply>(op);  // squeeze-and-excite
    if (!passes) return -1;
    node = network.node(node).inputs[0];
  }
  return -1;
}

/// Makes each residual branch weak beside its shortcut, as training does. With its initial weights
/// a network of hundreds of layers multiplies the rounding of the first to the size of its outputs.
void soften_branches(const Network& network, NetworkModule& module) {
  const torch::NoGradGuard no_grad;
  auto parameters = module->named_parameters();
  for (const Node& node : network.nodes()) {
    if (!std::holds_alternative<Add>(node.op)) continue;
    const int norm = batch_norm_behind(network, node.inputs[0]);
    if (norm > 0) parameters[network.node(norm).name + ".weight"].mul_(0.1);
  }
}

/// Networks in every format, with the outputs that each must give.
class AllFormats {
 public:
  void add(const Network& network) { add(network, stirred(network, 3)); }
  /// With the weights that a training starts from: a deep network with stirred ones amplifies
  /// rounding until nothing can be compared.
  void add_untrained(const Network& network) {
    NetworkModule module(network, 3);
    module->eval();
    soften_branches(network, module);
    add(network, module);
  }

  void check() const {
    check(run_pytorch_files(pytorch_));
    if (!onnx_missing().empty()) skip_not_installed(onnx_missing());
    check(run_onnx_files(onnx_));
  }

 private:
  void add(const Network& network, NetworkModule module) {
    const auto folder = folder_ / std::to_string(names_.size());
    make_folder(folder);
    const torch::NoGradGuard no_grad;
    const at::Tensor images = random_images(network, 2, 5);
    const at::Tensor expected = module->forward(images);
    const at::Tensor in_bf16 = bf16_outputs(module, images);
    names_.push_back(network.name());
    expected_.push_back(expected);
    INFO(network.name());
    // Rounding alone changes each value by about 1e-7. A network that multiplies that a thousand
    // times has no outputs of its own in fp32.
    CHECK(relative_difference(module->forward(images * (1 + 1e-7)), expected) <= kFp32);
    for (const auto variant :
         {ScriptVariant::kTrainable, ScriptVariant::kFrozen, ScriptVariant::kBf16}) {
      const auto path = folder / "model.ts.pt";
      export_torchscript(module, path, {}, variant);
      const ScriptOutputs result = run_torchscript(path, images);
      CHECK(result.variant == variant);
      const bool is_bf16 = variant == ScriptVariant::kBf16;
      CHECK(relative_difference(result.outputs, is_bf16 ? in_bf16 : expected) <=
            (is_bf16 ? kBf16Tolerance : kFp32));
    }
    write_file_atomic(folder / "model.py", pytorch_source(network));
    save_weights(*module, folder / "model.safetensors");
    pytorch_.push_back({folder / "model.py", images});
    if (!onnx_missing().empty()) return;
    export_onnx(module, folder / "model.onnx");
    onnx_.push_back({folder / "model.onnx", images});
  }

  void check(const PythonResults& results) const {
    if (!results.missing.empty()) skip(results.missing);
    REQUIRE(results.outputs.size() == expected_.size());
    for (size_t i = 0; i < expected_.size(); ++i) {
      INFO(results.program << ": " << names_[i]);
      CHECK(relative_difference(results.outputs[i], expected_[i]) <= kFp32);
    }
  }

  TempFolder folder_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> expected_;
  std::vector<PythonRun> pytorch_, onnx_;
};

/// Any architecture of the space, small.
class RandomArchitectures {
 public:
  Architecture next() {
    Architecture a;
    a.name = "random" + std::to_string(count_++);
    a.resolution = 16 + below(18);
    a.classes = 2 + below(9);
    a.input_channels = below(4) == 0 ? 1 : 3;
    a.stem = {4 + below(8), 1 + 2 * below(3), 1 + below(2), activation()};
    a.head = {below(3) == 0 ? 0 : 8 + below(9), activation(), below(2) == 0 ? 0 : 0.2};
    const int stages = 1 + below(4);
    for (int i = 0; i < stages; ++i) a.stages.push_back(stage());
    return a;
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  ActivationKind activation() {
    return below(2) == 0 ? ActivationKind::kRelu : ActivationKind::kSwish;
  }
  Stage stage() {
    return {.op = below(2) == 0 ? BlockOperator::kMbConv : BlockOperator::kFusedMbConv,
            .kernel = 2 + below(4),
            .expansion = 1 + below(4),
            .se_ratio = std::vector{0.0, 0.25, 0.5, 1.0}[static_cast<size_t>(below(4))],
            .filters = 4 + below(12),
            .layers = below(4),
            .stride = 1 + below(2),
            .skip = below(3) != 0,
            .activation = activation(),
            .reshape = static_cast<Reshape>(below(3)),
            .reshape_block = 2 + below(2)};
  }

  std::mt19937 random_{17};
  int count_ = 0;
};

}  // namespace

TEST_CASE("every operator computes the same in every format", "[process]") {
  AllFormats formats;
  for (const Network& network : operator_zoo()) formats.add(network);
  formats.check();
}

TEST_CASE("100 random architectures of the full space compute the same in every format",
          "[process]") {
  AllFormats formats;
  RandomArchitectures architectures;
  std::set<Reshape> reshapes;
  for (int added = 0; added < 100;) {
    const Architecture architecture = architectures.next();
    Network network = lower(small_b0("efficientnet_b0.yaml"));
    try {
      network = lower(architecture);
    } catch (const Error&) {
      continue;  // the input is too small for its strides
    }
    for (const Stage& stage : architecture.stages) {
      if (stage.layers > 0) reshapes.insert(stage.reshape);
    }
    formats.add(network);
    ++added;
  }
  CHECK(reshapes.size() == 3);
  formats.check();
}

namespace {

/// At sides that strides do not divide: the least that all families take.
Network small(const KnownNetwork& known) {
  const int side = known.family == "vgg" ? 224 : known.family == "inception" ? 139 : 75;
  return known.build(std::min(side, known.resolution));
}

}  // namespace

TEST_CASE("published networks of every family compute the same in every format", "[process]") {
  AllFormats formats;
  std::set<std::string> families;
  for (const KnownNetwork& known : known_networks()) {
    // The smallest comes first.
    if (families.insert(known.family).second) formats.add_untrained(small(known));
  }
  formats.check();
}

// Takes half an hour and gigabytes: test_export "every published network*" [-c NAME]
TEST_CASE("every published network computes the same in every format", "[.every_network]") {
  for (const KnownNetwork& known : known_networks()) {
    DYNAMIC_SECTION(known.name) {
      AllFormats formats;
      formats.add_untrained(small(known));
      formats.check();
    }
  }
}

TEST_CASE("the PyTorch file is a plain module: traced, hooked, fine-tuned, a backbone",
          "[process]") {
  const std::string python = python_with("torch");
  const TempFolder folder;
  std::vector<std::string> command{python,
                                   (source_folder() / "tests/export/check_pytorch.py").string()};
  Architecture reshaped = small_b0("efficientnet_x_b0_tpu.yaml");
  reshaped.stages[2].reshape = Reshape::kSpaceToBatch;
  for (const Architecture& architecture : {small_b0("efficientnet_b0.yaml"), reshaped}) {
    const auto path = folder / std::to_string(command.size());
    make_folder(path);
    const Network network = lower(architecture);
    NetworkModule module = stirred(network, 6);
    write_file_atomic(path / "model.py",
                      pytorch_source(network, {Normalization{{0.5, 0.4, 0.3}, {0.2, 0.25, 0.3}}}));
    save_weights(*module, path / "model.safetensors");
    command.push_back(path.string());
  }
  const CommandOutput output = run_command(command, {.time = std::chrono::minutes(5)});
  INFO(output.out << output.err);
  CHECK(output.exit_code == 0);
}

TEST_CASE("a file that normalizes gives for pixels what the network gives for normalized images",
          "[process]") {
  const TempFolder folder;
  const Network network = lower(small_b0("efficientnet_b0.yaml"));
  NetworkModule module = stirred(network, 3);
  const ExportInput input{Normalization{{0.5, 0.4, 0.3}, {0.2, 0.25, 0.3}}, true};
  const torch::NoGradGuard no_grad;
  const at::Tensor pixels = random_images(network, 2, 5).sigmoid();
  const at::Tensor mean = at::tensor({0.5F, 0.4F, 0.3F}).view({1, 3, 1, 1});
  const at::Tensor deviation = at::tensor({0.2F, 0.25F, 0.3F}).view({1, 3, 1, 1});
  const at::Tensor expected = module->forward((pixels - mean) / deviation);
  for (const auto variant : {ScriptVariant::kTrainable, ScriptVariant::kFrozen}) {
    export_torchscript(module, folder / "model.ts.pt", input, variant);
    CHECK(relative_difference(run_torchscript(folder / "model.ts.pt", pixels).outputs, expected) <=
          kFp32);
  }
  write_file_atomic(folder / "model.py", pytorch_source(network, input));
  save_weights(*module, folder / "model.safetensors");
  const PythonResults pytorch = run_pytorch_files({{folder / "model.py", pixels}});
  if (!pytorch.missing.empty()) skip(pytorch.missing);
  CHECK(relative_difference(pytorch.outputs[0], expected) <= kFp32);
  if (!onnx_missing().empty()) skip_not_installed(onnx_missing());
  export_onnx(module, folder / "model.onnx", {input});
  const PythonResults onnx = run_onnx_files({{folder / "model.onnx", pixels}});
  if (!onnx.missing.empty()) skip(onnx.missing);
  CHECK(relative_difference(onnx.outputs[0], expected) <= kFp32);
}

TEST_CASE("the source of B0 reads like one that a person wrote") {
  Architecture b0 = small_b0("efficientnet_b0.yaml");
  b0.resolution = 224;
  const std::string source = pytorch_source(lower(b0));
  // The paper's stem and second stage: 3x3/2 to 32 channels; two 3x3 layers of 24, expansion 6.
  CHECK(contains(source,
                 "self.stem = ConvBnAct(3, 32, kernel=3, stride=2, padding=(0, 1, 0, 1), "
                 "act=nn.SiLU)  # 32x112x112\n"));
  CHECK(contains(source,
                 "(\"block0\", MBConv(16, 96, 24, stride=2, padding=(0, 1, 0, 1), se=4)),  # "
                 "24x56x56\n"));
  CHECK(contains(source, "(\"block1\", MBConv(24, 144, 24, se=6, skip=True, drop=0.025))"));
  CHECK(contains(source, "self.classifier = nn.Linear(1280, 10)  # 10\n"));
  CHECK_FALSE(contains(source, "class Stage"));  // no block needs a class of its own
}

TEST_CASE("a node that nn.Module has no room for is refused by name") {
  NetworkBuilder b("taken", {1, 2, 2, 1});
  b.add("stage.train", Conv2d{.out_channels = 2}, {0});
  const Network network = std::move(b).build();
  CHECK(error_of([&] { pytorch_source(network); }) ==
        "export: a PyTorch module cannot have a part called 'train' (stage.train); rename the "
        "node");
}

TEST_CASE("an ONNX file passes Python's checker and names what it holds", "[process]") {
  if (!onnx_missing().empty()) skip_not_installed(onnx_missing());
  const TempFolder folder;
  const Network network = lower(small_b0("efficientnet_x_b0_tpu.yaml"));
  NetworkModule module = stirred(network, 3);
  export_onnx(module, folder / "model.onnx", {{}, {{"classes", "10"}, {"accuracy", "0.5"}}});
  const std::string python = optional_python_with("onnx");
  const CommandOutput output = run_command(
      {python, (source_folder() / "tests/export/check_onnx.py").string(), folder / "model.onnx"},
      {.time = std::chrono::minutes(2)});
  INFO(output.out << output.err);
  CHECK(output.exit_code == 0);
}
