#include "experiments/config.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "controller/screening.h"
#include "core/config_path.h"
#include "core/logging.h"
#include "experiments/config_files.h"
#include "experiments/config_places.h"
#include "experiments/early_stopping.h"
#include "experiments/finalists.h"
#include "experiments/plain_space.h"
#include "experiments/scoring.h"
#include "experiments/stop_rules.h"
#include "experiments/warm_start.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

YAML::Node without(const YAML::Node& map, const std::string& key) {
  YAML::Node rest(YAML::NodeType::Map);
  for (const auto& entry : map) {
    if (entry.first.Scalar() != key) rest[entry.first] = entry.second;
  }
  return rest;
}

/// The space of a config file: a name of configs/spaces, a path, or an inline map. Returns its map,
/// validated.
YAML::Node read_space(const YamlView& given, const fs::path& base) {
  if (given.is_map()) {
    SearchSpace::from_yaml(given);
    return given.node();
  }
  if (!given.is_scalar()) given.fail("must be the name of a space, a path to its file, or a map");
  fs::path file;
  try {
    file = find_config("spaces", given.as_string(), base);
  } catch (const Error& error) {
    given.fail(error.what());
  }
  const YamlView view = YamlView::load_file(file);
  const SearchSpace space = SearchSpace::from_yaml(view);
  YAML::Node map = view.node();
  if (!map["name"]) map["name"] = space.name();
  return map;
}

/// A name of configs/hardware stays a name, as does a file that is not there: using it says so.
void make_hardware_absolute(std::string& hardware, const fs::path& base) {
  if (hardware.find('/') == std::string::npos && !hardware.ends_with(".yaml")) return;
  if (fs::exists(hardware) || fs::exists(base / hardware)) make_absolute(hardware, base);
}

/// A resumed run must find its files from whatever folder it is started in.
void make_paths_absolute(ExperimentConfig& config, const fs::path& base) {
  if (config.search.warm_start) {
    for (auto& file : *config.search.warm_start) make_absolute(file, base);
  }
  make_paths_absolute(config.accuracy.data, base);
  make_absolute(config.accuracy.table.path, base);
  make_absolute(config.accuracy.surrogate, base);
  make_absolute(config.accuracy.supernet.weights, base);
  // The program runs in the trial's folder: its script is found from there too.
  if (config.accuracy.command) {
    for (auto& argument : *config.accuracy.command) {
      if (fs::exists(argument) || fs::exists(base / argument)) make_absolute(argument, base);
    }
  }
  auto targets = config.targets();
  for (auto& target : targets) {
    make_hardware_absolute(target.latency.hardware, base);
    make_absolute(target.latency.table, base);
    make_absolute(target.latency.table_file.path, base);
  }
  config.set_targets(targets);
}

/// A part of a document by its dotted key, "accelerators[0].target_ms"; nothing for one that is
/// left out.
std::optional<YamlView> find_by_path(const YamlView& view, const std::string& path) {
  const size_t end = path.find_first_of(".[");
  auto child = view.is_map() ? view.find(path.substr(0, end)) : std::nullopt;
  if (!child || end == std::string::npos) return child;
  if (path[end] == '.') return find_by_path(*child, path.substr(end + 1));
  const size_t close = path.find(']', end);
  const size_t index = std::strtoul(path.c_str() + end + 1, nullptr, 10);
  if (close == std::string::npos || !child->is_list() || index >= child->node().size())
    return std::nullopt;
  child = child->items()[index];
  return close + 1 == path.size() ? child : find_by_path(*child, path.substr(close + 2));
}

/// Where a key stands; of one that is left out, the map that would hold it.
std::string place_of(const YamlView& view, const std::string& path) {
  const size_t dot = path.find('.');
  const auto child = view.is_map() ? view.find(path.substr(0, dot)) : std::nullopt;
  if (!child) return view.where();
  return dot == std::string::npos ? child->where() : place_of(*child, path.substr(dot + 1));
}

/// A name stands in the store and in options between spaces and signs.
void check_accelerator_list(const ExperimentConfig& config, const std::string& where) {
  std::set<std::string> names;
  for (const auto& accelerator : config.accelerators.value_or(std::vector<AcceleratorConfig>())) {
    const std::string& name = accelerator.name;
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c == '.' || c == '-';
    });
    if (!plain) {
      throw Error(ErrorKind::kConfig, where + ": '" + name +
                                          "' is no name of an accelerator; valid: letters, digits, "
                                          "_ . and -");
    }
    if (!names.insert(name).second) {
      throw Error(ErrorKind::kConfig, where + ": two accelerators are called '" + name +
                                          "'; each needs a name of its own");
    }
    if (accelerator.target_ms == 0) {
      throw Error(ErrorKind::kConfig, where + ": accelerator " + name +
                                          " lacks target_ms, the latency in milliseconds that is "
                                          "wanted on it");
    }
  }
}

void check_training_program(const ExperimentConfig& config, const YamlView& view) {
  if (!config.accuracy.command || config.accuracy.command->empty()) {
    throw Error(ErrorKind::kConfig, place_of(view, "accuracy.command") +
                                        ": accuracy.kind command needs a program, such as command: "
                                        "[python3, train.py]");
  }
  if (config.accuracy.training.processes > 1) {
    throw Error(ErrorKind::kConfig, place_of(view, "accuracy.training.processes") +
                                        ": must be 1 with accuracy.kind command; the program may "
                                        "start processes of its own");
  }
}

/// A score needs the images, and its scale the space: what a process of its own is not given.
void check_zero_cost(const ExperimentConfig& config, const YamlView& view) {
  const bool scored = config.accuracy.kind == AccuracyKind::kZeroCost;
  if (scored && config.executor() != ExecutorKind::kInProcess) {
    throw Error(ErrorKind::kConfig, place_of(view, "runtime.executor") +
                                        ": must be in_process with accuracy.kind zero_cost, which "
                                        "trains nothing");
  }
  if (config.search.filter.score && config.accuracy.kind != AccuracyKind::kProxy) {
    throw Error(ErrorKind::kConfig, place_of(view, "search.filter") +
                                        ": score saves trainings on the images of accuracy.data: "
                                        "accuracy.kind must be proxy, not " +
                                        enum_name(config.accuracy.kind));
  }
}

/// One process trains the shared weights, whole batches at a time. A policy beside it needs quick
/// latencies.
void check_supernet(const ExperimentConfig& config, const YamlView& view) {
  const auto require_one = [&](int value, const std::string& key) {
    if (value == 1) return;
    throw Error(ErrorKind::kConfig, place_of(view, key) + ": " + key + ": is " +
                                        std::to_string(value) +
                                        ", must be 1 with accuracy.kind supernet");
  };
  require_one(config.accuracy.training.processes, "accuracy.training.processes");
  require_one(config.accuracy.training.accumulate, "accuracy.training.accumulate");
  if (config.accuracy.supernet.sampling != PathSampling::kAlternate) return;
  const auto targets = config.targets();
  for (size_t i = 0; i < targets.size(); ++i) {
    if (is_formula(targets[i].latency.kind)) continue;
    throw Error(ErrorKind::kConfig,
                place_of(view, "accuracy.supernet.sampling") +
                    ": accuracy.supernet.sampling: alternate prices another network after every "
                    "step, for which " +
                    oracle_key(i) + ".kind " + enum_name(targets[i].latency.kind) +
                    " is too slow; set sampling: uniform, or a latency that is computed: "
                    "roofline, whole_network, power_law");
  }
}

void check_normalization(const Normalization& normalization, const std::string& where) {
  const size_t means = normalization.mean.size(), deviations = normalization.deviation.size();
  if (means == deviations && (means == 1 || means == 3)) return;
  throw Error(ErrorKind::kConfig,
              where + ": needs as many values of mean as of std, one per channel; has " +
                  std::to_string(means) + " and " + std::to_string(deviations) +
                  "; valid: such as {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}");
}

std::string indented(const std::string& text, const std::string& margin) {
  std::string result;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    result += margin + text.substr(begin, end - begin) + "\n";
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  return result;
}

void report_unused(const std::vector<std::string>& unused, bool strict) {
  if (strict && !unused.empty()) throw Error(ErrorKind::kConfig, unused.front());
  for (const std::string& message : unused) spdlog::warn("{}", message);
}

}  // namespace

std::vector<AcceleratorConfig> ExperimentConfig::targets() const {
  std::vector<AcceleratorConfig> targets = {{"", reward.target_ms, latency}};
  if (accelerators) targets.insert(targets.end(), accelerators->begin(), accelerators->end());
  return targets;
}

void ExperimentConfig::set_targets(const std::vector<AcceleratorConfig>& targets) {
  reward.target_ms = targets.at(0).target_ms;
  latency = targets[0].latency;
  if (accelerators) accelerators->assign(targets.begin() + 1, targets.end());
}

std::string oracle_key(size_t target) {
  return target == 0 ? "latency" : "accelerators[" + std::to_string(target - 1) + "]";
}

std::string target_key(size_t target) {
  return (target == 0 ? "reward" : oracle_key(target)) + ".target_ms";
}

ControllerConfig ExperimentConfig::search_controller() const {
  ControllerConfig chosen = controller;
  choose_screening(accuracy.kind == AccuracyKind::kFormula, chosen);
  return chosen;
}

ExecutorKind ExperimentConfig::executor() const {
  // Scores by shared weights take less time than the start of a process.
  const bool processes = trains(accuracy.kind) && accuracy.kind != AccuracyKind::kSupernet;
  return runtime.executor.value_or(processes ? ExecutorKind::kLocal : ExecutorKind::kInProcess);
}

SearchSpace ExperimentConfig::search_space() const {
  return SearchSpace::from_yaml(YamlView::wrap(space, "space"));
}

std::string ExperimentConfig::resolved() const {
  return write_config(*this) + "space:\n" + indented(emit_yaml(space), "  ");
}

std::string ExperimentConfig::result_identity() const {
  ExperimentConfig copy = *this;
  copy.name.clear();
  copy.runtime = {};
  return copy.resolved();
}

ExperimentConfig load_experiment(const fs::path& path, const std::vector<std::string>& settings,
                                 bool strict) {
  YAML::Node root = YamlView::load_file(path).node();
  if (!root.IsMap()) YamlView::wrap(root, path.string()).fail("must be a map of settings");
  const std::vector<std::string> set = apply_settings(root, settings);
  const fs::path base = path.parent_path();
  const YamlView view = YamlView::wrap(root, path.string(), set);
  const YamlView space = view.at("space");
  std::vector<std::string> unused;
  auto config = read_config<ExperimentConfig>(
      YamlView::wrap(without(root, "space"), path.string(), set), &unused);
  config.space = read_space(space, base);
  make_paths_absolute(config, base);
  const auto place = [&](const std::string& key) { return place_of(view, key); };
  complete_plain_space(config, view, place);
  check_reward(config.reward,
               [&](const std::string& key) { return place_of(view, "reward." + key); });
  check_accelerator_list(config, place_of(view, "accelerators"));
  check_failure_reward(config, place_of(view, "search.failure_reward"));
  check_early_stopping(config, place_of(view, "search.early_stopping"));
  check_finalists(config, place_of(view, "final_training.finalists"));
  try {
    duration_seconds(config.search.stop_after);
  } catch (const Error& error) {
    view.at("search").at("stop_after").fail(error.what());
  }
  if (config.accuracy.kind == AccuracyKind::kProxy && config.accuracy.training.processes > 1 &&
      config.executor() == ExecutorKind::kInProcess) {
    throw Error(ErrorKind::kConfig,
                path.string() +
                    ": accuracy.training.processes: must be 1 with runtime.executor "
                    "in_process; executor local starts processes");
  }
  if (config.accuracy.training.accumulate > 1 && config.accuracy.training.processes > 1) {
    throw Error(ErrorKind::kConfig, place_of(view, "accuracy.training.accumulate") +
                                        ": must be 1 with accuracy.training.processes above 1; "
                                        "more processes need less memory, too");
  }
  if (config.accuracy.kind == AccuracyKind::kSupernet) check_supernet(config, view);
  if (config.accuracy.kind == AccuracyKind::kCommand) check_training_program(config, view);
  check_zero_cost(config, view);
  if (config.accuracy.normalization)
    check_normalization(*config.accuracy.normalization, place_of(view, "accuracy.normalization"));
  const bool folder_name =
      !config.name.empty() && config.name[0] != '.' &&
      std::none_of(config.name.begin(), config.name.end(),
                   [](unsigned char c) { return c == '/' || c == '\\' || std::iscntrl(c); });
  if (!folder_name) view.at("name").fail("must be a plain folder name");
  config.place_of = [view](const std::string& key) {
    const auto found = find_by_path(view, key);
    return found ? found->where() : std::string();
  };
  at_places(config, [&] {
    warm_start(config, config.search_space());  // refuses what the space does not offer
  });
  report_unused(unused, strict);
  return config;
}

std::string reference_config() {
  const ExperimentConfig defaults;
  return "# Every key of an experiment, with its default. Written by `ridgeline reference`; a test "
         "keeps it true.\n"
         "# A key that only some kinds use begins with their names. \"#key: value\": the kind that "
         "is chosen here does not use it.\n\n"
         "# the search space: a name in configs/spaces, a path, or a map in the space format "
         "(docs/file_formats.md)\n"
         "space: tiny\n\n" +
         write_config(defaults, /*annotate=*/true);
}

}  // namespace ridgeline
