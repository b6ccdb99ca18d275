#include "app/training_folder.h"

#include <sstream>

#include "app/held_out.h"
#include "core/error.h"
#include "core/random.h"
#include "core/units.h"
#include "experiments/config_files.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

std::string architecture_text(const NetworkSource& source, const Normalization& normalization) {
  return source.yaml() + "normalization: " + to_text(normalization) + "\n";
}

/// The first line in which two texts differ, as the first has it.
std::string first_difference(const std::string& ours, const std::string& theirs) {
  std::istringstream a(ours), b(theirs);
  std::string line, other;
  while (std::getline(a, line)) {
    if (!std::getline(b, other) || line != other) return line;
  }
  return "";
}

void require_same(const fs::path& file, const std::string& text) {
  const std::string there = read_file(file);
  if (there == text) return;
  throw Error(ErrorKind::kRun, file.parent_path().string() +
                                   ": holds another training: " + file.filename().string() +
                                   " has '" + first_difference(there, text) +
                                   "' where this one has '" + first_difference(text, there) +
                                   "'; choose another folder with --out");
}

}  // namespace

bool TrainingFolder::is_one(const fs::path& path) {
  return fs::exists(path / "config.yaml") && fs::exists(path / "architecture.yaml") &&
         !fs::exists(path / "store.sqlite");
}

TrainingFolder TrainingFolder::open(const fs::path& path, const FullTrainingConfig& config,
                                    const NetworkSource& source,
                                    const Normalization& normalization) {
  TrainingFolder folder(path);
  const bool filled = fs::exists(path) && !(fs::is_directory(path) && fs::is_empty(path));
  if (filled && !is_one(path)) {
    // What was killed between its first two files has nothing to lose.
    const bool begun = fs::is_directory(path) && !fs::exists(path / "store.sqlite") &&
                       (fs::exists(path / "config.yaml") || fs::exists(path / "lock"));
    if (!begun) {
      throw Error(ErrorKind::kRun, path.string() +
                                       ": is there and is no folder of a training; choose another "
                                       "with --out");
    }
  }
  make_folder(path);
  folder.lock_ = std::make_unique<FileLock>(path / "lock");
  const std::string config_text = write_config(config);
  const std::string architecture = architecture_text(source, normalization);
  if (is_one(path)) {
    require_same(folder.config_file(), config_text);
    require_same(folder.architecture_file(), architecture);
  } else {
    write_file_atomic(folder.config_file(), config_text);
    write_file_atomic(folder.architecture_file(), architecture);
  }
  return folder;
}

TrainingFolder TrainingFolder::read(const fs::path& path) {
  if (!is_one(path)) throw Error(ErrorKind::kRun, path.string() + ": is no folder of a training");
  return TrainingFolder(path);
}

FullTrainingConfig TrainingFolder::config() const {
  return read_full_training(YamlView::load_file(config_file()));
}

Normalization TrainingFolder::normalization() const {
  return read_config<Normalization>(YamlView::load_file(architecture_file()).at("normalization"));
}

uint64_t TrainingFolder::identity() const {
  FullTrainingConfig config = this->config();
  config.checkpoint_every_s = 60;
  const std::string& start = config.start.weights;
  return hash_text(write_config(config) + read_file(architecture_file()) +
                   (start.empty() ? "" : read_file(start)));
}

std::optional<TrainingOutcome> TrainingFolder::outcome() const {
  const fs::path file = path_ / "result.yaml";
  if (!fs::exists(file)) return std::nullopt;
  return read_config<TrainingOutcome>(YamlView::load_file(file));
}

void TrainingFolder::finish(const TrainingOutcome& outcome) const {
  write_file_atomic(path_ / "result.yaml", write_config(outcome));
  std::error_code ignored;
  fs::remove(path_ / kLastCheckpointFile, ignored);
}

ExportReport TrainingFolder::export_to(const fs::path& folder, BundleOptions options) const {
  if (!fs::exists(best_weights())) {
    throw Error(ErrorKind::kRun, path_.string() + ": no epoch of the training is finished yet");
  }
  const auto finished = outcome();
  const FullTrainingConfig trained = config();
  options.input.normalization = normalization();
  options.facts.found = "Trained by `ridgeline train` (preset " + enum_name(trained.preset) + ", " +
                        std::to_string(trained.training.epochs) + " epochs).";
  options.facts.data = "Images of the kind " + enum_name(trained.data.kind) +
                       (trained.data.path.empty() ? "" : " (" + trained.data.path + ")") + ".";
  if (finished) {
    options.facts.accuracy = finished->test_accuracy.value_or(finished->best_accuracy);
    options.facts.accuracy_of =
        finished->test_accuracy ? "the test images" : "the validation images";
  }
  const NetworkSource network = source();
  options.held_out =
      held_out_score(trained.data, {network, best_weights(), *options.input.normalization});
  if (options.held_out && finished && options.held_out->images < kMostHeldOutImages)
    options.facts.accuracy_images = options.held_out->images;
  return export_bundle(network, best_weights(), trained.seed, options, folder);
}

}  // namespace ridgeline
