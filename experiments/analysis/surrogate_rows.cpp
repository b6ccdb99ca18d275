#include "experiments/analysis/surrogate_rows.h"

#include <optional>
#include <set>

#include "core/error.h"
#include "experiments/run_directory.h"

namespace ridgeline {
namespace {

/// All settings of how an accuracy is found.
std::string accuracy_text(const ExperimentConfig& config) {
  return emit_yaml(YAML::Load(config.resolved())["accuracy"]);
}

/// Why a trial is no row; empty: it is one.
std::string reason_to_skip(const Trial& trial) {
  if (trial.reused_from >= 0) return "repeat of an earlier network of the run";
  if (trial.status != TrialStatus::kComplete) return "ended as " + enum_name(trial.status);
  return {};
}

}  // namespace

SurrogateData read_run_rows(const std::vector<std::string>& runs) {
  SurrogateData data;
  std::optional<SearchSpace> space;
  std::string accuracy;
  std::set<std::pair<Genotype, double>> seen;  // forks share trials
  for (const auto& path : runs) {
    RunDirectory run = RunDirectory::read(path);
    const ExperimentConfig& config = run.config();
    if (!space) {
      space = config.search_space();
      accuracy = accuracy_text(config);
      data.space_name = space->name();
      data.space_yaml = emit_yaml(config.space);
    }
    const std::string other = space_difference(config.search_space(), *space);
    if (!other.empty())
      throw Error(ErrorKind::kData, path + ": its space is not that of " + runs[0] + ": " + other +
                                        "; a surrogate needs runs of one space");
    if (accuracy_text(config) != accuracy)
      throw Error(ErrorKind::kData, path + ": its `accuracy` settings are not those of " + runs[0] +
                                        ", so that their accuracies do not compare");
    data.source += (data.source.empty() ? "" : ", ") + path;
    for (const auto& trial : run.store().trials(Phase::kSearch)) {
      std::string reason = reason_to_skip(trial);
      if (reason.empty() && !seen.emplace(trial.genotype, trial.accuracy).second)
        reason = "the same as in another run";
      if (!reason.empty()) {
        ++data.skipped[reason];
        continue;
      }
      data.rows.push_back({trial.genotype, trial.architecture, trial.accuracy});
    }
  }
  return data;
}

}  // namespace ridgeline
