#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>
#include <sstream>

#include "accuracy/data/idx.h"
#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/images/decode.h"
#include "accuracy/images/image_folder.h"
#include "app/commands.h"
#include "app/pipeline.h"
#include "app/quantities.h"
#include "core/config_path.h"
#include "core/file.h"
#include "core/logging.h"
#include "core/units.h"
#include "experiments/preflight.h"

namespace ridgeline {
namespace {
namespace fs = std::filesystem;

/// The images of a new experiment, as lines of its `accuracy.data`.
struct FoundData {
  std::string kind;
  std::vector<std::string> lines;
  int pixels = 32;  ///< side of an image
  int classes = 10;
  std::vector<std::string> training = {};  ///< lines of `accuracy.training`
};

/// The one file of `folder` whose name has all of `words` and begins with `prefix`; empty: none.
std::string file_with(const fs::path& folder, const std::string& prefix,
                      const std::vector<std::string>& words) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const bool fits = name.starts_with(prefix) &&
                      std::all_of(words.begin(), words.end(), [&](const std::string& word) {
                        return name.find(word) != std::string::npos;
                      });
    if (fits) found.push_back(name);
  }
  if (found.size() > 1) {
    std::sort(found.begin(), found.end());
    throw Error(ErrorKind::kUsage,
                "--data " + folder.string() + ": several files fit: " + join(found) +
                    "; name one set by its prefix: --data " + (folder / "PREFIX").string());
  }
  return found.empty() ? std::string() : found[0];
}

/// A folder of IDX files, or folder/PREFIX where it holds several sets.
std::optional<FoundData> idx_data(const fs::path& given) {
  const bool whole = fs::is_directory(given);
  const fs::path folder = whole ? given : given.parent_path();
  const std::string prefix = whole ? "" : given.filename().string();
  if (!fs::is_directory(folder)) return std::nullopt;
  const std::string images = file_with(folder, prefix, {"train", "images"});
  const std::string labels = file_with(folder, prefix, {"train", "labels"});
  if (images.empty() || labels.empty()) return std::nullopt;
  std::string test_images, test_labels;
  for (const char* test : {"test", "t10k"}) {
    const std::string set = images.substr(0, images.find("train")) + test;
    if (test_images.empty()) test_images = file_with(folder, set, {"images"});
    if (test_labels.empty()) test_labels = file_with(folder, set, {"labels"});
  }
  constexpr int kMostClasses = 256;  // a label is a byte
  const std::vector<int> all_labels = read_idx_labels(folder / labels, kMostClasses);
  FoundData found{.kind = "idx",
                  .lines = {"path: " + fs::absolute(folder).lexically_normal().string(),
                            "train_images: " + images, "train_labels: " + labels},
                  .pixels = read_idx_images(folder / images).height};
  if (!test_images.empty() && !test_labels.empty()) {
    found.lines.push_back("test_images: " + test_images);
    found.lines.push_back("test_labels: " + test_labels);
  }
  found.classes = 1 + *std::max_element(all_labels.begin(), all_labels.end());
  found.lines.push_back("classes: " + std::to_string(found.classes));
  return found;
}

/// A proxy needs no large images: 96 pixels, or fewer where most of a few files have fewer.
int proxy_resolution(const ImageFolder& folder) {
  constexpr size_t kLookedAt = 50;
  std::vector<int> sides;
  const size_t step = std::max<size_t>(1, folder.files.size() / kLookedAt);
  for (size_t i = 0; i < folder.files.size(); i += step) {
    try {
      const ImageHead head = read_image_head(read_file(folder.root / folder.files[i].path));
      sides.push_back(std::min(head.width, head.height));
    } catch (const Error&) {  // `validate` and `data check` name it
    }
  }
  if (sides.empty()) return 96;
  std::sort(sides.begin(), sides.end());
  return std::clamp(sides[sides.size() / 2], 16, 96);
}

/// A folder of image files in one folder per class.
std::optional<FoundData> folder_data(const std::string& given, const std::string& path_line) {
  if (!is_image_folder(given)) return std::nullopt;
  const ImageFolder folder = scan_image_folder(given);
  const int resolution = proxy_resolution(folder);
  return FoundData{.kind = "folder",
                   .lines = {path_line},
                   .pixels = resolution,
                   .classes = static_cast<int>(folder.classes.size()),
                   .training = {"flip: true", "crop_min_area: 0.35"}};
}

FoundData find_data(const std::string& given) {
  if (given == "fractal") return {.kind = "fractal", .lines = {}};
  const std::string path = "path: " + fs::absolute(given).lexically_normal().string();
  if (fs::exists(fs::path(given) / "data_batch_1.bin")) return {.kind = "cifar10", .lines = {path}};
  if (fs::exists(fs::path(given) / "train.bin")) {
    return {.kind = "cifar100", .lines = {path}, .classes = 100};
  }
  if (const auto found = idx_data(given)) return *found;
  if (const auto found = folder_data(given, path)) return *found;
  throw Error(ErrorKind::kUsage,
              "--data " + given +
                  ": no images that Ridgeline reads; valid: fractal (generated images), a folder "
                  "with JPEG, PNG or WebP files in train/CLASS/ or CLASS/, a folder with CIFAR's "
                  "binary files, or a folder with IDX files whose names hold train, images and "
                  "labels");
}

/// The images, with classes and size as the options say where they say so.
FoundData data_of(const InitOptions& options) {
  if (options.train_command.empty() && (options.classes > 0 || options.resolution > 0)) {
    throw Error(ErrorKind::kUsage,
                "--classes and --resolution are for --train-command; Ridgeline takes them from the "
                "images of --data");
  }
  const bool all_told = options.classes > 0 && options.resolution > 0;
  if (!options.train_command.empty() && options.data == "fractal" && !all_told) {
    throw Error(ErrorKind::kUsage,
                "--train-command: give --classes and --resolution of your images, or their folder "
                "with --data");
  }
  FoundData data = all_told ? FoundData{} : find_data(options.data);
  if (options.classes > 0) data.classes = options.classes;
  if (options.resolution > 0) data.pixels = options.resolution;
  return data;
}

bool is_device(const std::string& text) { return text == "cpu" || text.starts_with("cuda"); }

std::string latency_lines(const InitOptions& options) {
  const std::string batch = "  batch: " + std::to_string(options.batch) + "\n";
  if (is_device(options.device)) {
    return "  # Each network is timed on this machine.\n  kind: measured\n  device: " +
           options.device + "\n" + batch;
  }
  return "  # Calculated from a hardware file; `ridgeline hardware list` names all.\n"
         "  kind: roofline\n  hardware: " +
         options.device + "\n" + batch;
}

/// The input of all networks of a space, where it gives one: images are then kept for it.
std::optional<int> resolution_of_space(const std::string& name) {
  const auto resolution = YamlView::load_file(find_config("spaces", name)).find("resolution");
  if (!resolution || !resolution->is_scalar()) return std::nullopt;
  return static_cast<int>(resolution->as_int());
}

/// The named space with these classes and this input, which a training program cannot tell us.
std::string inline_space(const std::string& name, const FoundData& data) {
  YAML::Node space = YamlView::load_file(find_config("spaces", name)).node();
  space["classes"] = data.classes;
  space["resolution"] = data.pixels;
  std::string text = "\n";
  std::istringstream lines(emit_yaml(space));
  for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  return text;
}

/// `accuracy` for the user's own program. Its words are separated by blanks.
std::string command_lines(const std::string& command) {
  std::istringstream words(command);
  std::vector<std::string> quoted;
  for (std::string word; words >> word;) quoted.push_back("\"" + word + "\"");
  return "  # Runs once per network; docs/training_programs.md says what it gets and prints.\n"
         "  kind: command\n  command: [" +
         join(quoted) +
         "]\n  # What it does to pixels from 0 to 1; the exported files record it.\n"
         "  # normalization: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}\n";
}

std::string experiment_text(const InitOptions& options, const FoundData& data,
                            const std::string& target) {
  const bool own_program = !options.train_command.empty();
  std::string text =
      "# Check it: ridgeline validate " + options.out + "\n# Run it:   ridgeline search " +
      options.out + "\n# `ridgeline reference` explains every key.\n" +
      "name: " + fs::path(options.out).stem().string() + "\nseed: 1\n\n" +
      (own_program ? "# Classes and resolution must be those of your images.\n"
                   : "# A name of configs/spaces, or a file of your own "
                     "(docs/file_formats.md).\n") +
      "space:" + (own_program ? inline_space(options.space, data) : " " + options.space + "\n") +
      "\nsearch:\n  trials: " + std::to_string(options.trials) + "\n\nlatency:\n" +
      latency_lines(options) + "\nreward:\n" + target + "\naccuracy:\n";
  if (own_program) {
    text += command_lines(options.train_command);
  } else {
    text += "  kind: proxy\n  data:\n    kind: " + data.kind + "\n";
    for (const std::string& line : data.lines) text += "    " + line + "\n";
  }
  text += "  training:\n    # More epochs rank the networks better and cost more.\n    epochs: 5\n";
  for (const std::string& line : data.training) {
    if (!own_program) text += "    " + line + "\n";
  }
  if (options.device.starts_with("cuda")) text += "    device: " + options.device + "\n";
  return text +
         "\n# The next member of the family has twice the latency.\nscaling:\n"
         "  latency_ratio: 2\n";
}

/// Two significant digits: a target is a wish.
double rounded(double ms) {
  const double unit = std::pow(10, std::floor(std::log10(ms)) - 1);
  return std::round(ms / unit) * unit;
}

/// The latency of the space's median network.
double median_ms(const ExperimentConfig& config) {
  const auto evaluator = make_evaluator(config.accuracy);
  const CandidateBuilder candidates(config.search_space(), data_shape(*evaluator));
  const auto oracle = oracle_of(config.latency);
  const Preflight preflight =
      survey_space(candidates, *oracle, config, is_formula(config.latency.kind) ? 1000 : 10);
  spdlog::info("{}", preflight.str());
  return preflight.median_ms;
}

void ask(const char* question, std::string& answer) {
  std::cerr << question << " [" << answer << "]: ";
  std::string line;
  if (std::getline(std::cin, line) && !line.empty()) answer = line;
}

}  // namespace

void init_command(const InitOptions& given) {
  InitOptions options = given;
  if (fs::exists(options.out)) {
    throw Error(ErrorKind::kUsage,
                options.out + ": exists already; remove it, or give another name");
  }
  if (options.asks && isatty(STDIN_FILENO)) {
    ask("images: fractal (generated), or a folder", options.data);
    ask("accelerator: cpu or cuda (measured here), or a name that `ridgeline hardware list` prints",
        options.device);
    ask("latency target, such as 5ms; median: the median of the space's networks", options.target);
  }
  FoundData data = data_of(options);
  if (options.space.empty()) options.space = data.pixels <= 64 ? "tiny" : "efficientnet_x";
  if (data.kind == "folder") {
    data.lines.push_back("resolution: " +
                         std::to_string(resolution_of_space(options.space).value_or(data.pixels)));
  }
  if (options.batch == 0) options.batch = is_device(options.device) ? 1 : 128;
  const bool median = options.target == "median";
  const double target = median ? 1 : milliseconds_of_option("--target", options.target);
  const auto write = [&](double ms, const char* comment) {
    write_file_atomic(
        options.out,
        experiment_text(options, data,
                        comment + ("  target_ms: " + ConfigWriter::plain_number(ms)) + "\n"));
  };
  try {
    write(target, "");
    const ExperimentConfig config = load_experiment(options.out);
    if (median) {
      write(rounded(median_ms(config)),
            "  # The median latency of the space's networks. Lower it for faster networks.\n");
    }
  } catch (...) {
    std::error_code ignored;
    fs::remove(options.out, ignored);
    throw;
  }
  std::cout << options.out << " is written; next: ridgeline validate " << options.out << "\n";
}

}  // namespace ridgeline
