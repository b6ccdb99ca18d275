#include "export/model_card.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/units.h"
#include "network/cost.h"

namespace ridgeline {
namespace {

using Json = nlohmann::ordered_json;

std::string latency_text(const LatencyFact& latency) {
  return format_ms(latency.ms) + " on " + latency.device + " (" + latency.method + ")" +
         (latency.target_ms > 0 ? ", target " + format_ms(latency.target_ms) : "");
}

/// How much the accuracy would differ on as many other images: one standard error.
std::string spread_text(const NetworkFacts& facts) {
  if (facts.accuracy_images == 0) return "";
  const double p = *facts.accuracy, n = facts.accuracy_images;
  return " On " + std::to_string(facts.accuracy_images) + " images the standard error is " +
         format_percent(std::sqrt(p * (1 - p) / n), 2) + ".";
}

std::string images_text(const ExportInput& input) {
  if (!input.normalization) return "how images were normalized is not known";
  const std::string values = to_text(*input.normalization);
  return input.include_preprocessing
             ? "pixels from 0 to 1; the files normalize them: (pixel - mean) / std with " + values
             : "(pixel - mean) / std for pixels from 0 to 1, with " + values;
}

std::string size_text(const Network& network, const char* between) {
  const Shape& shape = network.input_shape();
  return std::to_string(shape.channels) + between + std::to_string(shape.height) + between +
         std::to_string(shape.width);
}

struct LoadingCode {
  const char* file;
  const char* title;
  const char* code;
};

/// SIZE stands for channels, height and width.
constexpr LoadingCode kLoadingCode[] = {
    {"model.py", "PyTorch source",
     "```python\nimport torch\nfrom model import load  # model.py, model.safetensors\nnet = "
     "load()\n"
     "logits = net(torch.randn(1, SIZE))\n```\n"},
    {"model.onnx", "ONNX",
     "```python\nimport numpy, onnxruntime\nsession = "
     "onnxruntime.InferenceSession(\"model.onnx\")\n"
     "images = numpy.zeros((1, SIZE), numpy.float32)\n"
     "logits = session.run(None, {\"images\": images})[0]\n```\n"},
    {"model.ts.pt", "TorchScript, can be trained further",
     "```python\nimport torch\nnet = torch.jit.load(\"model.ts.pt\")\n"
     "logits = net(torch.randn(1, SIZE))\n```\n"},
    {"model_frozen.ts.pt", "TorchScript for inference, batch norm folded",
     "```python\nimport torch\nnet = torch.jit.load(\"model_frozen.ts.pt\")\n"
     "logits = net(torch.randn(1, SIZE))\n```\n"},
    {"model_bf16.ts.pt", "TorchScript that computes in bf16; input and output are fp32",
     "```python\nimport torch\nnet = torch.jit.load(\"model_bf16.ts.pt\")\n"
     "logits = net(torch.randn(1, SIZE))\n```\n"},
    {"model.safetensors", "Weights alone",
     "```python\nfrom safetensors.torch import load_file\nweights = "
     "load_file(\"model.safetensors\")\n"
     "```\n"},
    {"weights.pt", "Weights alone, as torch.save writes them",
     "```python\nimport torch\nweights = torch.load(\"weights.pt\")\n```\n"},
    {"architecture.yaml", "Architecture", "```\nridgeline profile architecture.yaml\n```\n"},
};

std::string with_size(std::string text, const Network& network) {
  const std::string size = size_text(network, ", ");
  const size_t at = text.find("SIZE");
  return at == std::string::npos ? text : text.replace(at, 4, size);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> notes_of(const NetworkSource& source,
                                                          const ExportInput& input,
                                                          const NetworkFacts& facts) {
  const Network network = source.network();
  std::vector<std::pair<std::string, std::string>> notes{
      {"name", source.name()},
      {"classes", std::to_string(network.output_shape().channels)},
      {"resolution", std::to_string(network.input_shape().height)},
      {"channels", std::to_string(network.input_shape().channels)},
      {"images", images_text(input)},
      {"includes_preprocessing", input.include_preprocessing ? "true" : "false"}};
  if (input.normalization) notes.emplace_back("normalization", to_text(*input.normalization));
  if (!facts.found.empty()) notes.emplace_back("found", facts.found);
  if (!facts.data.empty()) notes.emplace_back("data", facts.data);
  if (facts.accuracy) {
    notes.emplace_back("accuracy", ConfigWriter::plain_number(*facts.accuracy));
    notes.emplace_back("accuracy_of", facts.accuracy_of);
    if (facts.accuracy_images > 0)
      notes.emplace_back("accuracy_images", std::to_string(facts.accuracy_images));
  }
  std::vector<std::string> latencies;
  for (const auto& latency : facts.latencies) latencies.push_back(latency_text(latency));
  if (!latencies.empty()) notes.emplace_back("latency", join(latencies, "; "));
  return notes;
}

std::string summary_json(const NetworkSource& source, const ExportInput& input,
                         const NetworkFacts& facts) {
  const Network network = source.network();
  const OperatorCost total = cost(network).total;
  Json json{{"name", source.name()},
            {"classes", network.output_shape().channels},
            {"channels", network.input_shape().channels},
            {"resolution", network.input_shape().height},
            {"parameters", total.params},
            {"multiply_adds", total.madds},
            {"includes_preprocessing", input.include_preprocessing}};
  if (input.normalization) {
    json["normalization"] = {{"mean", input.normalization->mean},
                             {"std", input.normalization->deviation}};
  }
  json["trained"] = facts.trained;
  if (facts.accuracy) json["accuracy"] = {{"value", *facts.accuracy}, {"of", facts.accuracy_of}};
  if (facts.accuracy_images > 0) json["accuracy"]["images"] = facts.accuracy_images;
  json["latency"] = Json::array();
  for (const auto& latency : facts.latencies) {
    Json entry{{"ms", latency.ms}, {"device", latency.device}, {"method", latency.method}};
    if (latency.target_ms > 0) entry["target_ms"] = latency.target_ms;
    json["latency"].push_back(entry);
  }
  if (!facts.found.empty()) json["found"] = facts.found;
  if (!facts.data.empty()) json["data"] = facts.data;
  json["architecture"] = source.yaml();
  return json.dump(2) + "\n";
}

std::string model_card(const NetworkSource& source, const ExportInput& input,
                       const NetworkFacts& facts, const std::vector<std::string>& files) {
  const Network network = source.network();
  const OperatorCost total = cost(network).total;
  std::string text = "# " + source.name() + "\n\nA network for " +
                     std::to_string(network.output_shape().channels) + " classes with " +
                     format_count(static_cast<double>(total.params)) + " parameters and " +
                     format_count(static_cast<double>(total.madds)) +
                     " multiply-adds per image.\n\n## How it was found\n\n" +
                     (facts.found.empty() ? "Not recorded." : facts.found) + "\n\n## Data\n\n" +
                     (facts.data.empty() ? "Not recorded." : facts.data) + "\n\n## Accuracy\n\n";
  if (!facts.trained) {
    text += "This network is not trained, so these files hold no weights.\n";
  } else if (facts.accuracy) {
    text += format_percent(*facts.accuracy, 2) + " of " + facts.accuracy_of + ", in one training." +
            spread_text(facts) + " Its spread over trainings was not measured.\n";
  } else {
    text += "Not measured.\n";
  }
  text += "\n## Latency\n\n";
  for (const auto& latency : facts.latencies) text += "* " + latency_text(latency) + "\n";
  if (facts.latencies.empty()) text += "Not known.\n";
  text += "\n## Images\n\n* Size: " + size_text(network, " x ") +
          ". Resize images to it first: paddings inside the network are those of this size.\n"
          "* Values: " +
          images_text(input) +
          ".\n\n## Limits\n\n"
          "* Logits come out, not probabilities; apply softmax where you need those.\n"
          "* Accuracy on other data than that above is not known.\n"
          "* Latency holds for the device, batch and precision that stand beside it.\n"
          "\n## Loading it\n";
  for (const auto& [file, title, code] : kLoadingCode) {
    if (std::find(files.begin(), files.end(), file) == files.end()) continue;
    if (std::string(file) == "model.py" &&
        std::find(files.begin(), files.end(), "model.safetensors") == files.end()) {
      text +=
          "\n**PyTorch source** (`model.py`), without weights\n\n```python\nfrom model import "
          "Network\nnet = Network()\n```\n";
      continue;
    }
    text += "\n**" + std::string(title) + "** (`" + file + "`)\n\n" + with_size(code, network);
  }
  return text;
}

}  // namespace ridgeline
