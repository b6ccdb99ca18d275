#include "export/python_check.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "core/run_command.h"

namespace ridgeline {
namespace {

constexpr int kNoModule = 3;  // exit code of the scripts: this Python cannot do it
constexpr std::chrono::minutes kPythonLimit{10};

constexpr const char* kPyTorchScript = R"py(
import importlib.util, json, os, struct, sys
sys.dont_write_bytecode = True
try:
    import torch
except ImportError:
    sys.exit(3)
torch.set_num_threads(1)
for run in json.load(open(sys.argv[1])):
    spec = importlib.util.spec_from_file_location("exported_model", run["file"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    weights = os.path.join(os.path.dirname(run["file"]), "model.safetensors")
    net = module.load(weights) if os.path.exists(weights) else module.Network().eval()
    data = bytearray(open(run["images"], "rb").read())
    with torch.no_grad():
        outputs = net(torch.frombuffer(data, dtype=torch.float32).reshape(run["shape"]))
    values = outputs.flatten().tolist()
    with open(run["outputs"], "wb") as file:
        file.write(struct.pack("<%df" % len(values), *values))
print("PyTorch", torch.__version__)
)py";

constexpr const char* kOnnxScript = R"py(
import json, sys
try:
    import numpy, onnxruntime
except ImportError:
    sys.exit(3)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
for run in json.load(open(sys.argv[1])):
    session = onnxruntime.InferenceSession(run["file"], options, providers=["CPUExecutionProvider"])
    images = numpy.fromfile(run["images"], "<f4").reshape(run["shape"])
    session.run(None, {"images": images})[0].astype("<f4").tofile(run["outputs"])
print("ONNX Runtime", onnxruntime.__version__)
)py";

/// The folder for what goes to Python and comes back.
class ExchangeFolder {
 public:
  ExchangeFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "ridgeline-check-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw Error(ErrorKind::kIo,
                  pattern + ": cannot make a temporary folder: " + std::strerror(errno));
    }
    path_ = pattern;
  }
  ~ExchangeFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ExchangeFolder(const ExchangeFolder&) = delete;
  ExchangeFolder& operator=(const ExchangeFolder&) = delete;
  std::filesystem::path file(const char* kind, size_t index) const {
    return path_ / (kind + std::to_string(index));
  }
  std::filesystem::path jobs() const { return path_ / "jobs.json"; }

 private:
  std::filesystem::path path_;
};

void write_jobs(const std::vector<PythonRun>& runs, const ExchangeFolder& folder) {
  auto jobs = nlohmann::json::array();
  for (size_t i = 0; i < runs.size(); ++i) {
    const at::Tensor images = runs[i].images.to(at::kFloat).contiguous();
    write_file_atomic(folder.file("images", i),
                      {static_cast<const char*>(images.data_ptr()), images.nbytes()});
    jobs.push_back({{"file", std::filesystem::absolute(runs[i].file).string()},
                    {"images", folder.file("images", i).string()},
                    {"outputs", folder.file("outputs", i).string()},
                    {"shape", images.sizes().vec()}});
  }
  write_file_atomic(folder.jobs(), jobs.dump());
}

at::Tensor read_outputs(const std::filesystem::path& path, int64_t images) {
  const std::string bytes = read_file(path);
  const at::Tensor values =
      at::empty({static_cast<int64_t>(bytes.size() / sizeof(float))}, at::kFloat);
  std::memcpy(values.data_ptr(), bytes.data(), values.nbytes());
  if (images == 0 || values.numel() % images != 0) return values;
  return values.view({images, -1});
}

/// The last line of what a program says.
std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

PythonResults run_in_python(const std::vector<PythonRun>& runs, const char* script,
                            const std::string& module) {
  PythonResults results;
  const ExchangeFolder folder;
  write_jobs(runs, folder);
  for (const std::string& python : pythons()) {
    CommandOutput output;
    try {
      output = run_command({python, "-c", script, folder.jobs().string()}, {.time = kPythonLimit});
    } catch (const Error&) {
      continue;  // no such program
    }
    if (output.exit_code == kNoModule) continue;
    if (output.timed_out || output.exit_code != 0) {
      const std::string which = runs.size() == 1 ? runs[0].file.string() : "exported files";
      throw Error(ErrorKind::kRun,
                  which + ": does not run in " + python + " with " + module + ": " +
                      (output.timed_out ? "it took over 10 minutes" : last_line(output.err)));
    }
    results.program = last_line(output.out);
    for (size_t i = 0; i < runs.size(); ++i)
      results.outputs.push_back(read_outputs(folder.file("outputs", i), runs[i].images.size(0)));
    return results;
  }
  results.missing = "no Python with " + module + " is here";
  return results;
}

}  // namespace

std::vector<std::string> pythons() {
  std::vector<std::string> result;
  if (const char* given = std::getenv("RIDGELINE_PYTHON")) {
    std::istringstream words(given);
    for (std::string word; std::getline(words, word, ':');) {
      if (!word.empty()) result.push_back(word);
    }
  }
  result.insert(result.end(), {"python3", "/usr/bin/python3"});
  return result;
}

PythonResults run_pytorch_files(const std::vector<PythonRun>& runs) {
  return run_in_python(runs, kPyTorchScript, "torch");
}

PythonResults run_onnx_files(const std::vector<PythonRun>& runs) {
  return run_in_python(runs, kOnnxScript, "onnxruntime");
}

}  // namespace ridgeline
