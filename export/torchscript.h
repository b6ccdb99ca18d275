#pragma once

#include <filesystem>
#include <memory>

#include "export/input.h"
#include "runtime/network_module.h"

namespace torch::jit {
struct Module;
}

namespace ridgeline {

/// `kFrozen`: weights are constants and batch norms are folded; for inference only. `kBf16`: the
/// weights of convolutions and linear layers, and the values between operators, are bf16; batch
/// norm keeps fp32 parameters, and input and output are fp32.
enum class ScriptVariant { kTrainable, kFrozen, kBf16 };

/// Writes the module's network with its weights as a TorchScript file that `torch.jit.load` opens
/// in C++ and Python, trainable there, in evaluation mode, fp32 on the CPU, parameter and buffer
/// names as in the runtime. Input [N, C, H, W] fp32, any N; output logits [N, classes]. A
/// normalization becomes the attributes `mean` and `std` (lists) and `includes_preprocessing`.
/// Atomic; throws `kIo` when the path cannot be written, `kUsage` for preprocessing without a
/// normalization.
void export_torchscript(NetworkModule& module, const std::filesystem::path& path,
                        const ExportInput& input = {},
                        ScriptVariant variant = ScriptVariant::kTrainable);

/// The same for a network that nobody has trained, with random weights, the same at each call: for
/// programs that time it.
void export_untrained_torchscript(const Network& network, const std::filesystem::path& path);

/// A TorchScript file that was loaded, in evaluation mode on the CPU.
class LoadedScript {
 public:
  /// Throws `kIo` when the file cannot be loaded.
  explicit LoadedScript(const std::filesystem::path& path);

  /// What the file makes of images in the form that it takes. Throws `kRun` when it does not run.
  at::Tensor run(const at::Tensor& images) const;
  ScriptVariant variant() const;
  /// What the file records of its images.
  ExportInput input() const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<torch::jit::Module> script_;
};

struct ScriptOutputs {
  at::Tensor outputs;
  ScriptVariant variant = ScriptVariant::kTrainable;  ///< of the file
};
/// The same for one run. Throws as `LoadedScript`.
ScriptOutputs run_torchscript(const std::filesystem::path& path, const at::Tensor& images);

}  // namespace ridgeline
