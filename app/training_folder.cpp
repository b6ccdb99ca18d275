#include "app/training_folder.h"

#include <set>
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

/// All that the result depends on.
std::string identity_text(FullTrainingConfig config) {
  config.checkpoint_every_s = FullTrainingConfig().checkpoint_every_s;
  return write_config(config);
}

void require_same(const fs::path& file, const std::string& there, const std::string& wanted) {
  if (there == wanted) return;
  throw Error(ErrorKind::kRun, file.parent_path().string() +
                                   ": holds another training: " + file.filename().string() +
                                   " has '" + first_difference(there, wanted) +
                                   "' where this one has '" + first_difference(wanted, there) +
                                   "'; choose another folder with --out");
}

/// What else stands in the folder is somebody else's.
void require_nothing_but(const fs::path& folder, const std::set<std::string>& names) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::kRun, folder.string() + ": " + what +
                                     " and is no folder of a training; choose another with --out");
  };
  if (!fs::is_directory(folder)) refuse("is a file");
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!names.contains(name)) refuse("holds " + name);
  }
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
  if (fs::exists(path) && !is_one(path)) {
    // The lock comes first: a training that was killed at its beginning has left it.
    if (fs::exists(path / "lock")) {
      require_nothing_but(path, {"lock", "config.yaml"});
    } else {
      require_nothing_but(path, {});
    }
  }
  make_folder(path);
  folder.lock_ = std::make_unique<FileLock>(path / "lock");
  // A training that was killed between the two files has the first alone.
  if (fs::exists(folder.config_file()))
    require_same(folder.config_file(), identity_text(folder.config()), identity_text(config));
  write_file_atomic(folder.config_file(), write_config(config));
  const std::string architecture = architecture_text(source, normalization);
  if (fs::exists(folder.architecture_file()))
    require_same(folder.architecture_file(), read_file(folder.architecture_file()), architecture);
  write_file_atomic(folder.architecture_file(), architecture);
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
  const FullTrainingConfig config = this->config();
  const std::string& start = config.start.weights;
  return hash_text(identity_text(config) + read_file(architecture_file()) +
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
