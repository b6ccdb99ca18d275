#include "doctor/programs.h"

#include <unistd.h>

#include <cstdlib>

#include "core/error.h"
#include "core/file.h"
#include "doctor/small_network.h"
#include "export/bundle.h"

namespace ridgeline {
namespace {

/// Prints "KEY VALUE" per step that succeeded; an exception ends it.
constexpr const char* kScript = R"py(
import sys
print("python", sys.version.split()[0], flush=True)
import torch
print("torch", torch.__version__, flush=True)
torch.set_num_threads(1)
folder = sys.argv[1]
network = torch.jit.load(folder + "/model.ts.pt")
logits = network(torch.zeros(2, 3, 16, 16))
assert tuple(logits.shape) == (2, 4), tuple(logits.shape)
print("script", "ok", flush=True)
weights = torch.load(folder + "/weights.pt")
assert set(weights) == set(network.state_dict()), "the names of the weights differ"
print("weights", "ok", flush=True)
import importlib.util
from importlib import metadata
for package in ("onnx", "onnxruntime"):
    if importlib.util.find_spec(package):
        print(package, metadata.version(package), flush=True)
)py";

struct ScratchFolder {
  ScratchFolder() {
    path = (std::filesystem::temp_directory_path() / "ridgeline-doctor-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr)
      throw Error(ErrorKind::kIo,
                  "cannot make a folder in " + std::filesystem::temp_directory_path().string());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string path;
};

}  // namespace

Asked ask(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
  Asked asked{.program = arguments.front()};
  try {
    asked.answer = run_command(arguments, {.time = limit});
    asked.here = true;
  } catch (const Error&) {
    // It is not there.
  }
  return asked;
}

Finding check_slurm(std::chrono::seconds limit) {
  const auto third = std::chrono::seconds(std::max<int64_t>(1, limit.count() / 3));
  return judge_slurm(ask({"sbatch", "--version"}, third), ask({"squeue", "--me", "-h"}, third),
                     ask({"sinfo", "-h", "-o", "%P"}, third));
}

Finding check_python(std::chrono::seconds limit) {
  const ScratchFolder folder;
  const std::filesystem::path path = folder.path;
  write_file_atomic(path / "check_exports.py", kScript);
  export_untrained(small_network(), path);
  const auto half = std::chrono::seconds(std::max<int64_t>(1, limit.count() / 2));
  std::vector<Asked> answers;
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    answers.push_back(ask({python, (path / "check_exports.py").string(), folder.path}, half));
    if (answers.back().answer.out.find("\ntorch ") != std::string::npos) break;
  }
  return judge_python(answers);
}

}  // namespace ridgeline
