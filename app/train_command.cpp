#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>

#include "app/command_line.h"
#include "app/network_commands.h"
#include "app/report.h"
#include "app/training_folder.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/progress.h"
#include "core/units.h"
#include "experiments/config_files.h"
#include "experiments/executors/rank_processes.h"
#include "experiments/run_directory.h"
#include "runtime/device.h"
#include "runtime/pretrained/pretrained.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::seconds kRankCauseGrace{2};

bool is_run(const std::string& source) { return fs::exists(fs::path(source) / "store.sqlite"); }

/// The images of a run, and the recipe of its final training.
FullTrainingConfig settings_of_run(const std::string& run) {
  const ExperimentConfig experiment = RunDirectory::read(run).config();
  FullTrainingConfig config;
  config.data = experiment.accuracy.data;
  config.training = experiment.accuracy.training;
  if (experiment.final_training.epochs > 0)
    config.training.epochs = experiment.final_training.epochs;
  return config;
}

/// The settings of a training file; without one, those of the run whose network is trained.
FullTrainingConfig config_of(const TrainOptions& options) {
  YAML::Node root(YAML::NodeType::Map);
  std::string file = "--set";
  fs::path base = ".";
  if (!options.config.empty()) {
    file = options.config;
    root = YamlView::load_file(file).node();
    base = fs::path(file).parent_path();
    if (!root.IsMap()) YamlView::wrap(root, file).fail("must be a map of settings");
    if (root["accuracy"] && root["space"]) {
      YamlView::wrap(root, file)
          .fail(
              "is an experiment; a training file has the keys data, training and preset (see "
              "docs/training.md)");
    }
  } else if (!is_run(options.source)) {
    throw Error(ErrorKind::kUsage,
                "train: --config FILE is needed: it names the images and the recipe; only a run "
                "brings those of its search");
  }
  const bool from_run = is_run(options.source);
  const FullTrainingConfig of_run =
      from_run ? settings_of_run(options.source) : FullTrainingConfig();
  const auto set = apply_settings(root, options.settings);
  std::vector<std::string> unused;
  FullTrainingConfig config =
      read_full_training(YamlView::wrap(root, file, set), &unused, from_run ? &of_run : nullptr);
  for (const std::string& message : unused) {
    if (options.strict) throw Error(ErrorKind::kConfig, message);
    spdlog::warn("{}", message);
  }
  if (!root["data"] && !from_run) {
    throw Error(ErrorKind::kConfig, file +
                                        ": lacks data, the images to train on, such as data: "
                                        "{kind: folder, path: photos}");
  }
  make_paths_absolute(config.data, base);
  make_absolute(config.start.weights, base);
  const bool other_data = !from_run || (root["data"] && root["data"]["kind"]);
  if (other_data && !root["data"]["resolution"]) config.data.folder.resolution = 0;
  return config;
}

NetworkSource source_of(const std::string& name) {
  if (is_run(name)) {
    const RunDirectory run = RunDirectory::read(name);
    if (!fs::exists(run.best_architecture())) {
      throw Error(ErrorKind::kRun, name + ": the search has not come to its best network yet");
    }
    return load_architecture(run.best_architecture());
  }
  if (TrainingFolder::is_one(name)) return TrainingFolder::read(name).source();
  return find_network_source(name);
}

/// Shows each epoch as a bar, and leaves a line of it.
class TrainingProgress {
 public:
  TrainingProgress(const TrainingConfig& config) : epochs_(config.epochs), batch_(config.batch) {}

  FullTrainingObserver observer() {
    return {.after_step = [this](const StepReport& report) { step(report); },
            .after_epoch = [this](const FullTrainingObserver::Epoch& epoch) { end(epoch); }};
  }

 private:
  void step(const StepReport& report) {
    if (!bar_ || report.epoch != epoch_) {
      epoch_ = report.epoch;
      first_epoch_ = first_epoch_ == 0 ? epoch_ : first_epoch_;
      bar_.emplace("epoch " + std::to_string(epoch_) + "/" + std::to_string(epochs_),
                   static_cast<int>(report.steps), static_cast<int>(report.step - 1));
      first_step_ = report.step - 1;
      epoch_start_ = Clock::now();
    }
    const std::chrono::duration<double> elapsed = Clock::now() - epoch_start_;
    const auto images = static_cast<double>((report.step - first_step_) * batch_);
    bar_->update(static_cast<int>(report.step),
                 "loss " + format_fixed(report.loss, 3) + best_ + ", " +
                     format_fixed(images / std::max(elapsed.count(), 1e-3), 0) + " images/s");
  }

  void end(const FullTrainingObserver::Epoch& epoch) {
    if (bar_) bar_->finish();
    bar_.reset();
    std::string line = "epoch " + std::to_string(epoch.epoch) + "/" + std::to_string(epochs_) +
                       ": loss " + format_fixed(epoch.loss, 3);
    if (epoch.accuracy) {
      line += ", validation " + format_percent(*epoch.accuracy) + " (best " +
              format_percent(epoch.best_accuracy) + ")";
      best_ = ", best " + format_percent(epoch.best_accuracy);
    }
    line += ", " + format_fixed(epoch.images_per_s, 0) + " images/s at " +
            std::to_string(epoch.resolution) + " px";
    const int done = epoch.epoch - first_epoch_ + 1;
    const std::chrono::duration<double> elapsed = Clock::now() - start_;
    if (epoch.epoch < epochs_ && done > 0) {
      line +=
          ", about " + format_duration(elapsed.count() / done * (epochs_ - epoch.epoch)) + " left";
    }
    spdlog::info("{}", line);
  }

  using Clock = std::chrono::steady_clock;

  int epochs_, batch_;
  int epoch_ = 0, first_epoch_ = 0;
  int64_t first_step_ = 0;  // of the epoch, in this process
  Clock::time_point epoch_start_ = Clock::now();
  std::string best_;
  std::optional<ProgressBar> bar_;
  Clock::time_point start_ = Clock::now();
};

/// A training with its images and network, ready to begin.
struct Prepared {
  FullTrainingConfig config;
  Dataset data;
  NetworkSource source;
  FullTrainingTask task;
};

/// The cache of an image folder keeps images as large as the training needs them, unless the file
/// says otherwise.
void set_cache_resolution(Prepared& p) {
  if (p.config.data.kind != DataKind::kFolder) return;
  const int needed = std::max(p.source.resolution(), p.config.train_resolution);
  int& cached = p.config.data.folder.resolution;
  if (cached == 0) cached = std::min(needed, 1024);
  if (cached < needed) {
    spdlog::warn(
        "data.resolution: the images are kept for {} pixels and enlarged to the {} of the network; "
        "--set data.resolution={} keeps them larger",
        cached, needed, needed);
  }
}

/// Makes the network pad and normalize as the weights that it starts from need it.
void set_layout(const StartConfig& start, NetworkSource& source) {
  if (start.weights.empty()) return;
  const Network network = source.network();
  const auto layout = find_pretrained_layout(network, start.weights, start.layout);
  if (source.named) {
    source.named->layout = layout;
  } else if (layout != PretrainedLayout::kRidgeline) {
    throw Error(ErrorKind::kConfig,
                "start.weights: " + start.weights + " has the layout " + enum_name(layout) +
                    ", which only published networks can take: give a name that `ridgeline "
                    "networks` lists instead of " +
                    source.name());
  }
}

Prepared prepare(const TrainOptions& options) {
  Prepared p{
      .config = config_of(options), .data = {}, .source = source_of(options.source), .task = {}};
  if (p.source.architecture && p.source.architecture->is_plain()) {
    throw Error(ErrorKind::kConfig,
                options.source + ": is a point of plain decisions and has no network to train");
  }
  if (p.config.resolution > 0) p.source.set_resolution(p.config.resolution);
  set_cache_resolution(p);
  p.data = load_dataset(p.config.data);
  p.source.set_classes(p.data.classes);
  set_layout(p.config.start, p.source);
  const int channels = static_cast<int>(p.source.network().input_shape().channels);
  const bool imagenet = p.config.normalization == PixelStatistics::kImageNet;
  if (imagenet && channels != 3)
    throw Error(ErrorKind::kConfig, "normalization: imagenet needs a network of 3 channels");
  p.task.normalization =
      imagenet ? imagenet_normalization() : for_channels(normalization_of(p.data.train), channels);
  p.task.network = [source = p.source](int resolution) { return source.network(resolution); };
  p.task.resolution = p.source.resolution();
  check_full_training(p.config, p.task);
  return p;
}

RankPlace place_of(const FullTrainingConfig& config, const fs::path& rendezvous, int rank) {
  RankPlace place;
  place.rank = rank;
  place.size = config.training.processes;
  place.rendezvous = rendezvous;
  place.device = config.training.device;
  place.time_limit_s = config.training.rank_time_limit_s;
  return place;
}

/// Rank 0, or the only process.
FullTrainingResult lead(const TrainOptions& options, Prepared& p, const TrainingFolder& folder) {
  TrainingProgress progress(p.config.training);
  const FullTrainingObserver observer = progress.observer();
  if (p.config.training.processes == 1) return train_fully(p.config, p.data, p.task, observer);
  const fs::path rendezvous = folder.path() / (".ranks-" + std::to_string(getpid()));
  std::error_code ignored;
  fs::remove(rendezvous, ignored);
  RankProcesses others({this_program(), "train", options.source, "--config",
                        folder.config_file().string(), "--out", folder.path().string(), "--parent",
                        std::to_string(getpid()), "--rendezvous", rendezvous.string()},
                       p.config.training.processes);
  p.config.training.device = device_of_rank(p.config.training.device, 0, /*own_gpu=*/false);
  try {
    RankGroup ranks(place_of(p.config, rendezvous, 0));
    p.task.ranks = &ranks;
    return train_fully(p.config, p.data, p.task, observer);
  } catch (const RankLost& lost) {
    fs::remove(rendezvous, ignored);
    if (interrupts() > 0) throw Error(ErrorKind::kInterrupted, lost.what());
    const auto cause = others.failure(kRankCauseGrace);
    throw Error(ErrorKind::kInfeasible,
                (cause ? cause->message : std::string(lost.what())) +
                    "; the same command continues from the last checkpoint");
  }
}

/// Another rank, which rank 0 has started.
void follow(const TrainOptions& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != options.parent) return;
  install_trial_interrupt_handler();
  Prepared p = prepare(options);
  const TrainingFolder folder = TrainingFolder::read(options.out);
  p.config.training.device =
      device_of_rank(p.config.training.device, options.rank, /*own_gpu=*/false);
  p.task.folder = folder.path();
  p.task.identity = folder.identity();
  try {
    RankGroup ranks(place_of(p.config, options.rendezvous, options.rank));
    p.task.ranks = &ranks;
    train_fully(p.config, p.data, p.task, {});
  } catch (const RankLost& lost) {
    spdlog::debug("{}", lost.what());  // rank 0 has noticed too, and says so
  }
}

void print_outcome(const TrainingOutcome& outcome, const TrainingFolder& folder) {
  std::cout << "best epoch " << outcome.best_epoch << " of " << outcome.epochs
            << ": validation accuracy " << format_percent(outcome.best_accuracy, 2);
  if (outcome.test_accuracy)
    std::cout << ", test accuracy " << format_percent(*outcome.test_accuracy, 2);
  std::cout << "\nweights: " << folder.best_weights().string()
            << "\nother formats: ridgeline export " << folder.path().string()
            << " --format all --out FOLDER\n";
}

}  // namespace

void train_command(const TrainOptions& options) {
  if (options.parent > 0) return follow(options);
  Prepared p = prepare(options);
  const fs::path path =
      options.out.empty() ? fs::path("trainings") / p.source.name() : fs::path(options.out);
  const TrainingFolder folder =
      TrainingFolder::open(path, p.config, p.source, p.task.normalization);
  if (const auto done = folder.outcome()) {
    spdlog::info("{}: this training is finished", path.string());
    return print_outcome(*done, folder);
  }
  p.task.folder = folder.path();
  p.task.identity = folder.identity();
  p.task.stop_asked = [] { return interrupts() > 0; };
  install_trial_interrupt_handler();  // from here on a signal ends it after the step
  spdlog::info("training {} on {} images of {} classes, validated on {}, in {}", p.source.name(),
               p.data.train.size(), p.data.classes, p.data.validation.size(), path.string());
  const FullTrainingResult result = lead(options, p, folder);
  if (result.status != TrialStatus::kComplete)
    throw Error(ErrorKind::kInfeasible, result.message +
                                            "; a lower training.learning_rate or "
                                            "training.gradient_clip may help");
  const TrainingOutcome outcome{result.best_accuracy, result.best_epoch, result.epochs,
                                result.test_accuracy};
  folder.finish(outcome);
  print_outcome(outcome, folder);
}

}  // namespace ridgeline
