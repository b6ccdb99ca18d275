#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/quantities.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/analysis/rerank.h"
#include "experiments/run_directory.h"
#include "experiments/scoring.h"

namespace ridgeline {
namespace {

using nlohmann::ordered_json;

std::vector<std::string> settings_of(const RerankOptions& options) {
  std::vector<std::string> settings;
  if (!options.kind.empty()) settings.push_back("reward.kind=" + options.kind);
  settings.insert(settings.end(), options.settings.begin(), options.settings.end());
  if (!settings.empty() || !options.targets.empty()) return settings;
  throw Error(ErrorKind::kUsage,
              "rerank: say what changes: --target 12ms, --kind tunas, or --set reward.KEY=VALUE");
}

/// "12ms", or "NAME=8ms" for one of the run's accelerators.
void set_target(ExperimentConfig& config, const std::string& text) {
  const size_t equals = text.find('=');
  const std::string latency = equals == std::string::npos ? text : text.substr(equals + 1);
  const double ms = milliseconds_of_option("--target", latency);
  if (ms < kShortestTargetMs || ms > kLongestTargetMs) {
    throw Error(ErrorKind::kUsage, "--target " + text + ": out of range; valid: from " +
                                       ConfigWriter::plain_number(kShortestTargetMs) + " to " +
                                       ConfigWriter::plain_number(kLongestTargetMs) + " ms");
  }
  const std::string accelerator = equals == std::string::npos ? "" : text.substr(0, equals);
  auto targets = config.targets();
  const auto target = std::find_if(targets.begin(), targets.end(),
                                   [&](const auto& t) { return t.name == accelerator; });
  if (target != targets.end() && equals != 0) {
    target->target_ms = ms;
    config.set_targets(targets);
    return;
  }
  std::vector<std::string> names;
  for (size_t i = 1; i < targets.size(); ++i) names.push_back(targets[i].name);
  throw Error(ErrorKind::kUsage,
              "--target " + text + ": the run has no such accelerator" +
                  (names.empty() ? "; it has one target, which is given as --target " + latency
                                 : "; valid: " + join(names) + ", or a latency alone"));
}

const RankedTrial& old_winner(const Reranking& reranking) {
  return *std::min_element(
      reranking.ranked.begin(), reranking.ranked.end(),
      [](const auto& a, const auto& b) { return a.rank_before < b.rank_before; });
}

std::string figures(const Trial& trial) {
  return "trial " + std::to_string(trial.id) + " (accuracy " + percent_text(trial.accuracy) +
         ", latency " + format_ms(trial.latency_ms()) + ")";
}

std::string verdict(const Reranking& reranking) {
  const RankedTrial& winner = reranking.ranked.front();
  const RankedTrial& before = old_winner(reranking);
  if (winner.trial.id == before.trial.id) return figures(winner.trial) + " wins as before\n";
  std::string text = figures(winner.trial) + " wins; it was number " +
                     std::to_string(winner.rank_before) + "\n" + figures(before.trial) +
                     ", the winner before, ";
  if (!before.excluded.empty()) return text + "is ruled out: " + before.excluded + "\n";
  const auto place = static_cast<size_t>(&before - reranking.ranked.data());
  return text + "is number " + std::to_string(place + 1) + "\n";
}

/// What a user who changes the target may not expect; empty: nothing.
std::string note(const ExperimentConfig& before, const ExperimentConfig& now) {
  const auto same_target = [](const auto& a, const auto& b) { return a.target_ms == b.target_ms; };
  const auto old_targets = before.targets(), targets = now.targets();
  const bool other_target =
      !std::equal(targets.begin(), targets.end(), old_targets.begin(), same_target);
  if (!other_target || Scoring(now).form().targets_matter()) return {};
  return "with mnas_soft the target is a constant factor of every reward and moves no rank; add "
         "--kind mnas_hard, tunas or constraint to rank by it";
}

std::string left_out(const Reranking& reranking) {
  std::string text;
  if (reranking.excluded > 0) {
    text += std::to_string(reranking.excluded) + " trained networks are ruled out, trial " +
            std::to_string(reranking.ranked.back().trial.id) + " because " +
            reranking.ranked.back().excluded + "\n";
  }
  if (reranking.untrained > 0) {
    text += std::to_string(reranking.untrained) +
            " networks were ruled out before training in this run: their accuracy is not known\n";
  }
  if (reranking.stopped > 0) {
    text += std::to_string(reranking.stopped) +
            " trials were stopped early; what they would have become is not known\n";
  }
  if (reranking.failed > 0) text += std::to_string(reranking.failed) + " trainings failed\n";
  return text;
}

void print_reranking_table(const Reranking& reranking, const ExperimentConfig& before,
                           const ExperimentConfig& now, int top) {
  TextTable table{{"rank", "trial", "reward", "accuracy", "latency", "LAT/T", "params", "madds",
                   "before", "genotype"},
                  {}};
  for (const auto& latency : reranking.ranked[0].trial.additional_latencies())
    table.header.push_back(latency.accelerator);
  const size_t rows =
      std::min(reranking.ranked.size() - reranking.excluded, static_cast<size_t>(top));
  for (size_t i = 0; i < rows; ++i) {
    const RankedTrial& row = reranking.ranked[i];
    const Trial& trial = row.trial;
    table.rows.push_back(
        {std::to_string(i + 1), std::to_string(trial.id), format_fixed(row.reward, 4),
         percent_text(trial.accuracy), format_ms(trial.latency_ms()),
         format_fixed(trial.latency_ms() / now.reward.target_ms, 3), count_text(trial.params),
         count_text(trial.madds), std::to_string(row.rank_before), to_text(trial.genotype)});
    for (const auto& latency : trial.additional_latencies())
      table.rows.back().push_back(format_ms(latency.ms));
  }
  std::cout << "reward " << Scoring(now).form().equation() << "; the run's was "
            << Scoring(before).form().equation() << "\n"
            << table.str() << verdict(reranking) << left_out(reranking);
  if (const std::string text = note(before, now); !text.empty())
    std::cout << "note: " << text << "\n";
}

/// An excluded network has neither rank nor reward.
ordered_json row_of(const RankedTrial& row, size_t index) {
  const Trial& trial = row.trial;
  ordered_json json;
  const bool excluded = !row.excluded.empty();
  json["rank"] = excluded ? ordered_json(nullptr) : ordered_json(index + 1);
  json["trial"] = trial.id;
  json["reward"] = excluded ? ordered_json(nullptr) : ordered_json(row.reward);
  json["accuracy"] = trial.accuracy;
  json["latency_ms"] = trial.latency_ms();
  for (const auto& latency : trial.additional_latencies())
    json["latency_ms_" + latency.accelerator] = latency.ms;
  json["params"] = trial.params > 0 ? ordered_json(trial.params) : ordered_json(nullptr);
  json["madds"] = trial.madds > 0 ? ordered_json(trial.madds) : ordered_json(nullptr);
  json["rank_before"] = row.rank_before;
  json["reward_before"] = trial.reward;
  json["genotype"] = to_text(trial.genotype);
  json["excluded"] = row.excluded;
  return json;
}

void print_reranking_csv(const Reranking& reranking) {
  for (size_t i = 0; i < reranking.ranked.size(); ++i) {
    const ordered_json row = row_of(reranking.ranked[i], i);
    std::vector<std::string> names, cells;
    for (const auto& [name, value] : row.items()) {
      names.push_back(name);
      const bool text = value.is_string();
      cells.push_back(value.is_null() ? "" : text ? value.get<std::string>() : value.dump());
    }
    if (i == 0) std::cout << join(names, ",") << "\n";
    std::cout << join(cells, ",") << "\n";
  }
}

void print_reranking_json(const Reranking& reranking, const ExperimentConfig& before,
                          const ExperimentConfig& now) {
  ordered_json document;
  document["reward"] = Scoring(now).form().equation();
  document["reward_before"] = Scoring(before).form().equation();
  document["winner"] = reranking.ranked.front().trial.id;
  document["winner_before"] = old_winner(reranking).trial.id;
  document["excluded"] = reranking.excluded;
  document["untrained"] = reranking.untrained;
  document["stopped"] = reranking.stopped;
  document["failed"] = reranking.failed;
  document["note"] = note(before, now);
  auto& rows = document["trials"] = ordered_json::array();
  for (size_t i = 0; i < reranking.ranked.size(); ++i)
    rows.push_back(row_of(reranking.ranked[i], i));
  std::cout << document.dump(2) << "\n";
}

Reranking rerank_run(RunDirectory& run, const ExperimentConfig& config) {
  const bool by_memory = config.reward.limits.memory_mib.has_value();
  const auto trials = run.store().trials(Phase::kSearch, /*architectures=*/by_memory);
  Reranking reranking;
  try {
    reranking = rerank_trials(trials, config);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    throw Error(ErrorKind::kInfeasible, run.path().string() + ": " + error.what() +
                                            "; see `ridgeline show " + run.path().string() + "`");
  }
  if (reranking.excluded == reranking.ranked.size()) {
    throw Error(ErrorKind::kInfeasible, run.path().string() + ": the reward rules out all " +
                                            std::to_string(reranking.ranked.size()) +
                                            " trained networks; trial " +
                                            std::to_string(reranking.ranked.front().trial.id) +
                                            ": " + reranking.ranked.front().excluded);
  }
  return reranking;
}

}  // namespace

void rerank_command(const RerankOptions& options) {
  if (options.csv && options.json)
    throw Error(ErrorKind::kUsage, "--csv and --json exclude each other");
  RunDirectory run = RunDirectory::read(options.run);
  ExperimentConfig config = changed_reward(run.config_file(), settings_of(options));
  for (const auto& target : options.targets) set_target(config, target);
  const Reranking reranking = rerank_run(run, config);
  if (options.csv) {
    print_reranking_csv(reranking);
  } else if (options.json) {
    print_reranking_json(reranking, run.config(), config);
  } else {
    print_reranking_table(reranking, run.config(), config, options.top);
  }
  if (options.out.empty()) return;
  const auto winner = run.store().find(reranking.ranked.front().trial.id);
  write_file_atomic(options.out, to_yaml(winner->architecture));
}

}  // namespace ridgeline
