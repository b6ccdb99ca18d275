#include "export/inference/python_classifier.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/piped_process.h"
#include "export/python_check.h"
#include "runtime/safetensors.h"

namespace ridgeline {
namespace {

constexpr int kModuleMissing = 3;  // exit code of the scripts: this Python cannot do it
constexpr std::chrono::minutes kPatience{10};
constexpr int64_t kMostHello = 1 << 20;

// Each script says hello: the length of a JSON text (8 bytes), and it. Then for each batch it reads
// N, C, H, W (8 bytes each) and the values, and answers with N, classes and the values. What the
// model's own code prints must not get between.
constexpr const char* kServe = R"py(
import json, os, struct, sys
sys.dont_write_bytecode = True
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

def serve(hello, run):
    text = json.dumps(hello).encode()
    answers.write(struct.pack("<q", len(text)) + text)
    answers.flush()
    while True:
        shape = sys.stdin.buffer.read(32)
        if len(shape) < 32:
            return
        shape = struct.unpack("<4q", shape)
        size = 4 * shape[0] * shape[1] * shape[2] * shape[3]
        data = sys.stdin.buffer.read(size)
        if len(data) < size:
            return
        count, classes, values = run(bytearray(data), shape)
        answers.write(struct.pack("<2q", count, classes) + values)
        answers.flush()
)py";

constexpr const char* kServePyTorch = R"py(
import importlib.util
try:
    import torch
except ImportError:
    sys.exit(3)
torch.set_num_threads(int(sys.argv[2]))
spec = importlib.util.spec_from_file_location("exported_model", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
net = module.load(os.path.join(os.path.dirname(sys.argv[1]), "model.safetensors"))

def run(data, shape):
    with torch.no_grad():
        outputs = net(torch.frombuffer(data, dtype=torch.float32).reshape(shape))
    values = outputs.flatten().tolist()
    return outputs.shape[0], outputs.shape[1], struct.pack("<%df" % len(values), *values)

serve({"program": "PyTorch " + torch.__version__, "notes": {}}, run)
)py";

constexpr const char* kServeOnnx = R"py(
try:
    import numpy, onnxruntime
except ImportError:
    sys.exit(3)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[2])
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name

def run(data, shape):
    images = numpy.frombuffer(data, "<f4").reshape(shape)
    outputs = session.run(None, {name: images})[0].astype("<f4")
    return outputs.shape[0], outputs.shape[1], outputs.tobytes()

notes = dict(session.get_modelmeta().custom_metadata_map)
serve({"program": "ONNX Runtime " + onnxruntime.__version__, "notes": notes}, run)
)py";

/// The last line of what a program says, without spaces at its end.
std::string last_words(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

class PythonClassifier : public Classifier {
 public:
  /// `module`: what a Python needs, by the name that messages give it.
  PythonClassifier(const std::filesystem::path& file, const char* script, const std::string& module,
                   int threads)
      : file_(file) {
    const std::string source = std::string(kServe) + script;
    for (const std::string& python : pythons()) {
      try {
        process_ = std::make_unique<PipedProcess>(
            std::vector<std::string>{python, "-c", source, file.string(), std::to_string(threads)},
            kPatience);
      } catch (const Error&) {
        continue;  // no such program
      }
      int64_t length = 0;
      if (process_->read(&length, sizeof length)) {
        read_hello(length);
        return;
      }
      if (process_->end() == kModuleMissing) continue;
      fail();
    }
    throw Error(ErrorKind::kUnchecked,
                file.string() + ": cannot be run here: no Python with " + module +
                    "; name one in the environment variable RIDGELINE_PYTHON" +
                    (module == "onnxruntime" ? " (scripts/onnx_runtime makes one)" : ""));
  }

  at::Tensor logits(const at::Tensor& images) override {
    const at::Tensor values = images.to(at::kFloat).contiguous();
    std::array<int64_t, 2> shape{};
    if (!process_->write(values.sizes().data(), 4 * sizeof(int64_t)) ||
        !process_->write(values.data_ptr(), values.nbytes()) ||
        !process_->read(shape.data(), sizeof shape)) {
      fail();
    }
    if (shape[0] != images.size(0) || shape[1] < 1) {
      throw Error(ErrorKind::kRun, file_.string() + ": gives outputs of shape [" +
                                       std::to_string(shape[0]) + ", " + std::to_string(shape[1]) +
                                       "] for " + std::to_string(images.size(0)) + " images");
    }
    const at::Tensor outputs = at::empty({shape[0], shape[1]}, at::kFloat);
    if (!process_->read(outputs.data_ptr(), outputs.nbytes())) fail();
    return outputs;
  }

 private:
  void read_hello(int64_t length) {
    std::string text(static_cast<size_t>(std::clamp<int64_t>(length, 0, kMostHello)), ' ');
    if (!process_->read(text.data(), text.size())) fail();
    const auto hello = nlohmann::json::parse(text);
    program_ = hello.at("program").get<std::string>();
    input_ = input_of_notes(hello.at("notes").get<Notes>(), file_);
  }

  [[noreturn]] void fail() {
    const int code = process_->end();
    const std::string words = last_words(process_->errors());
    throw Error(
        ErrorKind::kRun,
        file_.string() + ": does not run in Python: " +
            (words.empty() ? "the program ended with exit code " + std::to_string(code) : words));
  }

  std::filesystem::path file_;
  std::unique_ptr<PipedProcess> process_;
};

/// What an export's Python file takes stands beside its weights.
class PyTorchClassifier : public PythonClassifier {
 public:
  PyTorchClassifier(const std::filesystem::path& file, const std::filesystem::path& weights,
                    int threads)
      : PythonClassifier(file, kServePyTorch, "torch", threads) {
    input_ = input_of_notes(load_safetensors(weights).metadata, weights);
  }
};

}  // namespace

std::unique_ptr<Classifier> open_onnx_classifier(const std::filesystem::path& file, int threads) {
  return std::make_unique<PythonClassifier>(file, kServeOnnx, "onnxruntime", threads);
}

std::unique_ptr<Classifier> open_pytorch_classifier(const std::filesystem::path& file,
                                                    int threads) {
  const std::filesystem::path weights = file.parent_path() / "model.safetensors";
  if (!std::filesystem::exists(weights)) {
    throw Error(ErrorKind::kUsage,
                file.string() + ": has no weights: model.safetensors is not in its folder");
  }
  return std::make_unique<PyTorchClassifier>(file, weights, threads);
}

}  // namespace ridgeline
