#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "accuracy/data/image_folder_data.h"
#include "accuracy/full_training/config.h"
#include "app/export_run.h"
#include "app/network_commands.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/config.h"
#include "experiments/config_files.h"
#include "experiments/config_places.h"
#include "export/inference/evaluate.h"
#include "report/confusion_plot.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

namespace fs = std::filesystem;

constexpr int kWorstClasses = 5;

/// The model, and what is known of its images.
struct Opened {
  fs::path file;
  std::unique_ptr<Classifier> classifier;
  ModelInput input;
};

Opened open_run(const fs::path& folder, int threads) {
  RunDirectory run = RunDirectory::read(folder);
  if (!fs::exists(run.best_weights())) {
    throw Error(ErrorKind::kRun, run.best_weights().string() +
                                     ": the run has no trained network yet; continue it with: "
                                     "ridgeline resume " +
                                     folder.string());
  }
  Opened opened{run.best_weights(), open_classifier(run.best_weights(), threads), {}};
  opened.input = opened.classifier->input();
  if (const auto recorded = recorded_normalization(run)) {
    opened.input.images.normalization = recorded;
  }
  return opened;
}

Opened open_model(const std::string& model, int threads) {
  const fs::path path = model;
  if (!fs::is_directory(path)) {
    Opened opened{path, open_classifier(path, threads), {}};
    opened.input = opened.classifier->input();
    return opened;
  }
  if (fs::exists(path / "store.sqlite")) return open_run(path, threads);
  return open_model(model_in_folder(path).string(), threads);
}

/// The images to score, and in words which they are.
struct Chosen {
  ImageSet images;
  std::string split;
};

Chosen choose_images(const Dataset& data, const std::string& asked, const std::string& source) {
  const std::string split = !asked.empty() ? asked : data.test.size() > 0 ? "test" : "validation";
  Chosen chosen{data.test, split};
  if (split == "train") chosen.images = data.train;
  if (split == "validation") chosen.images = data.validation;
  if (split == "all") {
    chosen.images = concatenate(data.train, data.validation);
    if (data.test.size() > 0) chosen.images = concatenate(chosen.images, data.test);
  }
  if (chosen.images.size() > 0) return chosen;
  throw Error(ErrorKind::kData, source + ": has no " + split +
                                    " images; choose others with --split: train, validation, "
                                    "test or all");
}

DataConfig data_of_experiment(const ScoreOptions& options, ExperimentConfig& experiment) {
  experiment = load_experiment(options.data, options.settings, /*strict=*/false);
  if (!trains_on_data(experiment.accuracy.kind)) {
    throw Error(ErrorKind::kConfig, options.data + ": accuracy.kind: is " +
                                        enum_name(experiment.accuracy.kind) +
                                        ", which uses no images: there are none to score on");
  }
  return experiment.accuracy.data;
}

/// Of a file of `ridgeline train`; nothing for an experiment.
std::optional<DataConfig> data_of_training(const ScoreOptions& options) {
  YAML::Node root = YamlView::load_file(options.data).node();
  if (!root.IsMap() || !root["data"] || root["space"]) return std::nullopt;
  const auto set = apply_settings(root, options.settings);
  DataConfig config = read_full_training(YamlView::wrap(root, options.data, set)).data;
  make_paths_absolute(config, fs::path(options.data).parent_path());
  return config;
}

/// The resolution for which the cache keeps images of `side` pixels, or of one less, which are
/// resized.
int shrunk(int side) {
  int resolution = side;
  while (resolution > 1 && cached_side(resolution) > side) --resolution;
  return resolution;
}

Dataset load_data(const ScoreOptions& options, int resolution) {
  if (fs::is_directory(options.data)) {
    if (!options.settings.empty()) {
      throw Error(ErrorKind::kUsage, "--set changes keys of an experiment file, but " +
                                         options.data + " is a folder of images");
    }
    DataConfig config;
    config.kind = DataKind::kFolder;
    config.path = options.data;
    config.folder.resolution = options.whole_images ? shrunk(resolution) : resolution;
    Dataset data = load_dataset(config);
    if (options.whole_images) {
      for (ImageSet* part : {&data.train, &data.validation, &data.test}) part->centre = 0;
    }
    return data;
  }
  if (options.whole_images) {
    throw Error(ErrorKind::kUsage, "--whole-images is for a folder of images; " + options.data +
                                       " says itself how its images are read");
  }
  if (const auto config = data_of_training(options)) return load_dataset(*config);
  ExperimentConfig experiment;
  const DataConfig config = data_of_experiment(options, experiment);
  Dataset data;
  at_places(experiment, [&] { data = load_dataset(config); });
  return data;
}

std::optional<Normalization> given_normalization(const ScoreOptions& options, const Dataset& data) {
  if (options.mean.empty() != options.deviation.empty()) {
    throw Error(ErrorKind::kUsage, "--mean and --std belong together: one of them is not given");
  }
  if (options.data_normalization && !options.mean.empty()) {
    throw Error(ErrorKind::kUsage, "--data-normalization and --mean exclude each other");
  }
  if (options.data_normalization) return normalization_of(data.train);
  if (options.mean.empty()) return std::nullopt;
  if (*std::min_element(options.deviation.begin(), options.deviation.end()) < 1e-4) {
    throw Error(ErrorKind::kUsage, "--std must be at least 0.0001");
  }
  return Normalization{options.mean, options.deviation};
}

int resolution_for(const ScoreOptions& options, const Opened& model) {
  const auto recorded = model.input.resolution;
  if (recorded && options.resolution > 0 && options.resolution != *recorded) {
    throw Error(ErrorKind::kUsage, "--resolution: " + model.file.string() +
                                       " records that its images have " +
                                       std::to_string(*recorded) + " pixels");
  }
  if (recorded) return *recorded;
  if (options.resolution > 0) return options.resolution;
  throw Error(ErrorKind::kUsage, model.file.string() +
                                     ": the size of its images is not recorded in it, nor in an "
                                     "architecture.yaml in its folder: give --resolution");
}

/// All that is printed, in any form.
struct Summary {
  std::string model, program, data, split;
  std::string view;  ///< which part of each image
  std::string input;
  int resolution = 0, threads = 0;
  std::vector<std::string> classes;
  const EvaluationResult& result;
  double images_per_second() const {
    return result.seconds > 0 ? static_cast<double>(result.scores.images()) / result.seconds : 0;
  }
};

/// The class that images of `label` were most often taken for, wrongly; -1: none.
int most_confused(const ClassificationScores& scores, int label) {
  int most = -1;
  for (int other = 0; other < scores.classes(); ++other) {
    if (other == label || scores.count(label, other) == 0) continue;
    if (most < 0 || scores.count(label, other) > scores.count(label, most)) most = other;
  }
  return most;
}

void print_text(const Summary& s) {
  const ClassificationScores& scores = s.result.scores;
  const auto right =
      static_cast<int64_t>(std::llround(scores.top1() * static_cast<double>(scores.images())));
  std::cout << "model       " << s.model << " in " << s.program << "\n"
            << "images      " << scores.images() << " of " << s.data << ", "
            << (s.split == "all" ? "all parts" : s.split) << ", " << scores.classes()
            << " classes\n"
            << "seen        " << s.view << " at " << s.resolution << " px\n"
            << "input       " << s.input << "\n"
            << "top-1       " << format_percent(scores.top1(), 2) << " (" << right << " of "
            << scores.images() << ")\n";
  if (scores.classes() > 5) {
    std::cout << "top-5       " << format_percent(scores.top5(), 2) << "\n";
  }
  std::cout << "mean recall " << format_percent(scores.balanced_accuracy(), 2) << "\n"
            << "loss        " << format_fixed(scores.loss(), 4) << "\n"
            << "speed       " << format_fixed(s.images_per_second(), 1) << " images/s, "
            << s.threads << (s.threads == 1 ? " thread" : " threads") << "\n\n";
  TextTable table{{"worst classes", "images", "recall", "precision", "most often taken for"}, {}};
  for (const ClassScore& each : scores.worst_classes(kWorstClasses)) {
    const int other = most_confused(scores, each.label);
    const auto name = [&](int label) { return s.classes[static_cast<size_t>(label)]; };
    table.rows.push_back(
        {name(each.label), std::to_string(each.images), format_percent(each.recall()),
         format_percent(each.precision()),
         other < 0 ? "-"
                   : name(other) + " (" + std::to_string(scores.count(each.label, other)) + ")"});
  }
  std::cout << table.str();
}

std::vector<std::vector<int64_t>> confusion_rows(const ClassificationScores& scores) {
  std::vector<std::vector<int64_t>> rows;
  for (int label = 0; label < scores.classes(); ++label) {
    auto& row = rows.emplace_back();
    for (int other = 0; other < scores.classes(); ++other) {
      row.push_back(scores.count(label, other));
    }
  }
  return rows;
}

void print_json(const Summary& s) {
  const ClassificationScores& scores = s.result.scores;
  auto classes = nlohmann::ordered_json::array();
  for (const ClassScore& each : scores.per_class()) {
    classes.push_back({{"class", s.classes[static_cast<size_t>(each.label)]},
                       {"images", each.images},
                       {"right", each.right},
                       {"predicted", each.predicted},
                       {"recall", each.recall()},
                       {"precision", each.precision()}});
  }
  nlohmann::ordered_json json{
      {"model", s.model},          {"program", s.program}, {"data", s.data},
      {"split", s.split},          {"input", s.input},     {"resolution", s.resolution},
      {"images", scores.images()}, {"top1", scores.top1()}};
  if (scores.classes() > 5) json["top5"] = scores.top5();
  json["mean_recall"] = scores.balanced_accuracy();
  json["loss"] = scores.loss();
  json["images_per_second"] = s.images_per_second();
  json["threads"] = s.threads;
  json["classes"] = classes;
  json["confusion"] = confusion_rows(scores);
  std::cout << json.dump(2) << "\n";
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string csv_of(const Summary& s) {
  std::ostringstream text;
  text << "label,class,images,right,predicted,recall,precision\n";
  for (const ClassScore& each : s.result.scores.per_class()) {
    text << each.label << "," << csv_cell(s.classes[static_cast<size_t>(each.label)]) << ","
         << each.images << "," << each.right << "," << each.predicted << ","
         << ConfigWriter::plain_number(each.recall()) << ","
         << ConfigWriter::plain_number(each.precision()) << "\n";
  }
  return text.str();
}

std::vector<std::string> names_of(const Dataset& data) {
  std::vector<std::string> names = data.class_names;
  for (int label = static_cast<int>(names.size()); label < data.classes; ++label) {
    names.push_back(std::to_string(label));
  }
  return names;
}

std::string view_text(const ImageSet& images) {
  if (images.centre == 0) return "whole images";
  return "the middle " + std::to_string(images.centre) + " of " + std::to_string(images.height) +
         " px of each image";
}

std::string input_text(const ModelInput& input, const Normalization& used, bool is_given) {
  if (input.images.include_preprocessing) return "pixels from 0 to 1; the file normalizes them";
  return "(pixel - mean) / std with " + to_text(used) +
         (is_given ? ", as given" : ", as recorded with the network");
}

}  // namespace

void score_command(const ScoreOptions& options) {
  const int threads = options.threads > 0
                          ? options.threads
                          : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  set_threads(threads);
  Opened model = open_model(options.model, threads);
  const int resolution = resolution_for(options, model);
  const Dataset data = load_data(options, resolution);
  Chosen chosen = choose_images(data, options.split, options.data);
  if (options.limit > 0) {
    chosen.images = select(chosen.images, balanced_subset(chosen.images.labels, data.classes,
                                                          options.limit, /*seed=*/1));
  }
  const auto given = given_normalization(options, data);
  const int channels = model.input.channels.value_or(chosen.images.channels);
  const Normalization used = normalization_for(model.input, given, channels);
  const EvaluationResult result =
      evaluate(*model.classifier, BatchMaker(chosen.images, used, channels, resolution),
               data.classes, options.batch);
  const Summary summary{.model = model.file.string(),
                        .program = model.classifier->program(),
                        .data = options.data,
                        .split = chosen.split,
                        .view = view_text(chosen.images),
                        .input = input_text(model.input, used, given.has_value()),
                        .resolution = resolution,
                        .threads = threads,
                        .classes = names_of(data),
                        .result = result};
  if (options.json) {
    print_json(summary);
  } else {
    print_text(summary);
  }
  if (!options.csv.empty()) write_file_atomic(options.csv, csv_of(summary));
  if (!options.svg.empty()) {
    write_file_atomic(
        options.svg,
        to_svg(ConfusionPlot{summary.model + ": " + format_percent(result.scores.top1(), 2),
                             summary.classes, confusion_rows(result.scores)}));
  }
}

}  // namespace ridgeline
