#include "app/pipeline.h"

#include <algorithm>
#include <iostream>
#include <set>

#include "accuracy/zero_cost/scorer.h"
#include "app/command_line.h"
#include "app/export_run.h"
#include "app/family_report.h"
#include "app/report.h"
#include "controller/filtered.h"
#include "controller/policy/make_controller.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/progress.h"
#include "core/units.h"
#include "experiments/async_search.h"
#include "experiments/cost_estimate.h"
#include "experiments/executors/trial_process.h"
#include "experiments/failures.h"
#include "experiments/finalists.h"
#include "experiments/store/facts.h"
#include "experiments/supernet_run.h"
#include "latency/hardware.h"
#include "latency/measurement/device_name.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

/// Sees the trials of one phase go by: progress bar, log, and the best reward so far.
class PhaseProgress {
 public:
  PhaseProgress(const std::string& label, int total, int done) : bar_(label, total, done) {}

  void operator()(const Trial& trial) {
    if (trial.status == TrialStatus::kComplete && (!best_ || better(trial, *best_))) best_ = trial;
    spdlog::debug("trial {} {} accuracy {:.4f} latency {:.4g} ms reward {:.5f} {} {}", trial.id,
                  enum_name(trial.status), trial.accuracy, trial.latency_ms(), trial.reward,
                  to_text(trial.genotype), trial.cause);
    std::string note;
    if (best_) {
      note = "best reward " + format_fixed(best_->reward, 4) + " (accuracy " +
             format_fixed(100 * best_->accuracy, 1) + " %, " + format_ms(best_->latency_ms()) + ")";
    }
    bar_.update(++done_, note);
  }
  void finish() { bar_.finish(); }

 private:
  ProgressBar bar_;
  int done_ = 0;
  std::optional<Trial> best_;
};

/// Once per phase: a resumed run goes through the phases again without doing anything.
void record_phase(RunDirectory& run, Phase phase) {
  const std::string key = phase_fact(phase);
  if (run.store().fact(key)) return;
  run.store().append_event("phase done", enum_name(phase));
  run.store().set_fact(key, utc_now());
}

/// Says what the search will take. A dry trial that fails is no reason to stop: the failure policy
/// decides about real ones.
/// What the trials that run side by side on this machine's processors take of its memory.
void say_memory(const ExperimentConfig& config, const Network& typical) {
  const bool here = config.executor() == ExecutorKind::kLocal &&
                    config.accuracy.kind == AccuracyKind::kProxy &&
                    config.accuracy.training.device == "cpu";
  if (!here) return;
  constexpr double kMibPerGib = 1024;
  const double trial_mib = trial_memory_mib(config, typical);
  const double all = trial_mib * config.runtime.workers / kMibPerGib;
  const double machine = cpu_memory_bytes() / (kMibPerGib * (1 << 20));
  spdlog::info(
      "memory: a trial of the network of median latency takes about {:.0f} MiB and the "
      "images; {} at a time {:.1f} of this machine's {:.1f} GiB",
      trial_mib, config.runtime.workers, all, machine);
  if (all > 0.8 * machine) {
    spdlog::warn(
        "{} trials at a time may not fit into memory: lower runtime.workers or "
        "accuracy.training.batch, or raise accuracy.training.accumulate",
        config.runtime.workers);
  }
}

void say_cost(RunDirectory& run, Session& session, const std::optional<Genotype>& typical,
              int left) {
  const auto& config = session.config;
  // Scores by shared weights are no trainings.
  if (!trains(config.accuracy.kind) || config.accuracy.kind == AccuracyKind::kSupernet) return;
  if (typical) say_memory(config, lower(session.candidates.architecture(*typical)));
  double trial_s = mean_trial_seconds(run.store().trials(Phase::kSearch, /*architectures=*/false));
  if (trial_s == 0 && typical && config.runtime.dry_trial) {
    spdlog::info("dry trial: one epoch of a network of the median latency (runtime.dry_trial)");
    try {
      trial_s =
          dry_trial_seconds(config, session.candidates.architecture(*typical), *session.executor);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInfeasible) throw;
      spdlog::warn("{}", error.what());
    }
  }
  if (trial_s > 0) spdlog::info("{}", estimate_cost(config, trial_s, left).str());
}

/// What can be known before anything is spent. A run with trials has been through it.
void preflight_phase(RunDirectory& run, Session& session) {
  const auto& config = run.config();
  const int recorded = static_cast<int>(run.store().count(Phase::kSearch));
  const int left = config.search.trials - recorded;
  if (left <= 0 || run.store().fact(phase_fact(Phase::kSearch))) return;
  require_trial_device(config);
  std::optional<Genotype> typical;
  if (recorded == 0) {
    const auto preflights = check_targets(session.candidates, config, session.oracles);
    spdlog::info("{}: {}", session.candidates.space().name(), preflights[0]->str());
    for (size_t i = 1; i < preflights.size(); ++i)
      spdlog::info("accelerator {}: {}", config.accelerators->at(i - 1).name, preflights[i]->str());
    check_limits(session.candidates, config);
    typical = preflights[0]->median;
  }
  say_cost(run, session, typical, left);
}

/// The configured controller, behind the filter of `search.filter`.
std::unique_ptr<Controller> search_controller(const ExperimentConfig& config,
                                              const CandidateBuilder& candidates) {
  auto controller =
      make_controller(config.search_controller(), candidates.space().decisions(), config.seed);
  const FilterConfig& filter = config.search.filter;
  if (!filter.score) return controller;
  const auto scorer = std::make_shared<ZeroCostScorer>(config.accuracy.data, filter.batch);
  return make_filtered(std::move(controller), filter.keep,
                       [scorer, &candidates, score = *filter.score](const Genotype& genotype) {
                         return scorer->score(score, candidates.architecture(genotype));
                       });
}

void supernet_phase(RunDirectory& run, Session& session) {
  const AccuracyConfig& accuracy = run.config().accuracy;
  const auto* evaluator = dynamic_cast<const SupernetEvaluator*>(session.evaluator.get());
  if (evaluator == nullptr || !accuracy.supernet.weights.empty()) return;
  if (run.store().fact(phase_fact(Phase::kSearch))) return;
  std::optional<ProgressBar> bar;
  train_shared_weights(
      run.config(), {session.candidates, session.target_oracles(), *evaluator, run.store()},
      run.shared_weights(), [&](const StepReport& at) {
        const auto per_epoch = static_cast<int>(at.steps);
        const int done = (at.epoch - 1) * per_epoch + static_cast<int>(at.step);
        if (!bar) bar.emplace("shared weights", accuracy.supernet.epochs * per_epoch, done - 1);
        bar->update(done, "loss " + format_fixed(at.loss, 3));
      });
  if (bar) bar->finish();
}

void search_phase(RunDirectory& run, Session& session) {
  const auto& config = run.config();
  const int recorded = static_cast<int>(run.store().count(Phase::kSearch));
  auto controller = search_controller(config, session.candidates);
  PhaseProgress progress("search", config.search.trials, recorded);
  const SearchParts parts{session.candidates, session.target_oracles(), *controller,
                          *session.runner, run.store()};
  const auto observer = [&](const Trial& trial) { progress(trial); };
  if (config.search.mode == SearchMode::kAsynchronous) {
    AsyncSearch(config, parts, observer).run();
  } else {
    Search(config, parts, observer).run();
  }
  progress.finish();
  record_phase(run, Phase::kSearch);
}

/// The best networks by the search's figures, with figures of their own.
void finalists_phase(RunDirectory& run, Session& session) {
  const auto& config = run.config();
  if (config.final_training.finalists == 1 || !trains(config.accuracy.kind)) return;
  if (run.store().fact(phase_fact(Phase::kFinalists))) return;
  require_trial_device(config);
  const auto recorded = static_cast<int>(run.store().count(Phase::kFinalists));
  const auto count = finalists_of(run.store(), config.final_training.finalists, false).size();
  PhaseProgress progress("finalists", static_cast<int>(count), recorded);
  train_finalists(session.config,
                  {session.target_oracles_of_finalists(), *session.runner, run.store()},
                  [&](const Trial& trial) { progress(trial); });
  progress.finish();
  record_phase(run, Phase::kFinalists);
}

Trial score_final(const Architecture& architecture, const Session& session,
                  const Evaluation& evaluation, const Winner& winner) {
  Trial trial = winner.trial;
  trial.latencies = winner.latencies();
  trial.id = kFirstFinalId;
  trial.phase = Phase::kFinal;
  trial.genotype.clear();
  trial.architecture = architecture;
  trial.reused_from = -1;
  Scoring(session.config).score(trial, evaluation);
  trial.finished_at = utc_now();
  return trial;
}

void final_phase(RunDirectory& run, Session& session) {
  const Architecture architecture = best_architecture(run);
  make_folder(run.best_architecture().parent_path());
  write_file_atomic(run.best_architecture(), to_yaml(architecture));
  if (!trains(run.config().accuracy.kind)) return;
  // A user's program may save no weights.
  const bool own_program = run.config().accuracy.kind == AccuracyKind::kCommand;
  if (run.store().count(Phase::kFinal) > 0 &&
      (own_program || std::filesystem::exists(run.best_weights())))
    return;
  require_trial_device(run.config());
  const int epochs = run.config().final_training.epochs;
  spdlog::info("training the best network{}, on training and validation images",
               epochs > 0 ? " for " + std::to_string(epochs) + " epochs" : std::string());
  session.runner->submit({.architecture = architecture,
                          .seed = run.config().seed,
                          .trial_id = kFirstFinalId,
                          .epochs = epochs,
                          .test_split = true,
                          .weights_path = std::filesystem::absolute(run.best_weights()).string()});
  const auto result = session.runner->next();
  if (!result)
    throw Error(ErrorKind::kInterrupted, "stopped during the training of the best network");
  const Trial trial =
      score_final(architecture, session, result->evaluation, winner_of(run.store()).value());
  if (trial.status != TrialStatus::kComplete) {
    throw Error(ErrorKind::kInfeasible, "the training of the best network ended as " +
                                            enum_name(trial.status) + ": " + trial.cause);
  }
  if (run.store().count(Phase::kFinal) == 0) run.store().append(trial);
  record_phase(run, Phase::kFinal);
}

void scaling_phase(RunDirectory& run, Session& session) {
  if (!run.config().scaling.enabled) return;
  if (!run.store().fact(phase_fact(Phase::kScaling))) require_trial_device(run.config());
  const Architecture base = best_architecture(run);
  const int recorded = static_cast<int>(run.store().count(Phase::kScaling));
  PhaseProgress progress("scaling", most_scaling_trials(run.config()), recorded);
  const auto results =
      run_scaling(run.config(), base, {session.target_oracles(), *session.runner, run.store()},
                  [&](const Trial& trial) { progress(trial); });
  progress.finish();
  for (const LacsResult& result : results) {
    if (!result.refused.empty()) spdlog::warn("scaling: {}", result.refused);
    for (const auto& member : result.family) {
      if (!member.over_limit.empty())
        spdlog::warn("scaling: {} is refused: {}", member.name, member.over_limit);
    }
  }
  write_families(results, run.family_folder());
  write_file_atomic(run.family_folder() / "family.txt",
                    family_report(results, run.config().scaling));
  record_phase(run, Phase::kScaling);
}

}  // namespace

std::vector<std::optional<Preflight>> check_targets(
    const CandidateBuilder& candidates, const ExperimentConfig& config,
    const std::vector<std::unique_ptr<LatencyOracle>>& oracles) {
  const auto targets = config.targets();
  std::vector<std::optional<Preflight>> preflights(targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!oracles[i]) continue;
    const int samples = is_formula(targets[i].latency.kind) ? 1000 : 10;
    try {
      preflights[i] = survey_space(candidates, *oracles[i], config, samples, i);
      check_target(*preflights[i], config);
    } catch (const Error& error) {
      if (i == 0) throw;
      throw Error(error.kind(), "accelerator " + targets[i].name + ": " + error.what());
    }
  }
  return preflights;
}

Architecture best_architecture(RunDirectory& run) {
  const auto winner = winner_of(run.store());
  if (!winner) {
    throw Error(ErrorKind::kInfeasible, run.path().string() +
                                            ": no trial is complete; see `ridgeline show " +
                                            run.path().string() + "` for how they failed");
  }
  Architecture architecture = winner->trial.architecture;
  architecture.name = run.config().name + "-B0";
  return architecture;
}

namespace {

void warn_of_hardware(const ExperimentConfig& config) {
  std::set<std::string> said;
  const auto warn = [&](const std::string& line) {
    if (said.insert(line).second) spdlog::warn("{}", line);
  };
  for (const auto& target : config.targets()) {
    const LatencyConfig& latency = target.latency;
    const bool fitted = latency.kind == LatencyKind::kRoofline ||
                        latency.kind == LatencyKind::kWholeNetwork ||
                        latency.kind == LatencyKind::kPowerLaw;
    if (!fitted) continue;
    const Hardware hardware = load_hardware(latency.hardware);
    if (latency.kind == LatencyKind::kRoofline && !hardware.calibrated())
      warn(uncalibrated_note(hardware));
    for (const std::string& line : mismatches(hardware, latency)) warn(line);
  }
}

}  // namespace

void run_pipeline(RunDirectory& run) {
  install_interrupt_handler();
  log_to_file(run.log_file());
  require_formats(run.config().export_.formats);
  Session session = make_session(run.config(), run);
  session.runner->record_in(run.store());
  spdlog::info("run {}; latency: {}", run.path().string(), session.oracles[0]->description());
  for (const auto& line : data_lines(session.candidates, *session.evaluator))
    spdlog::info("{}", line);
  if (const auto normalization = session.evaluator->normalization())
    run.store().set_fact(kNormalizationFact, to_text(*normalization));
  if (run.config().accuracy.kind == AccuracyKind::kZeroCost) spdlog::warn("{}", kZeroCostNote);
  run.store().append_event("runtime", runtime_description());
  warn_of_hardware(run.config());
  preflight_phase(run, session);
  supernet_phase(run, session);
  search_phase(run, session);
  finalists_phase(run, session);
  final_phase(run, session);
  scaling_phase(run, session);
  const ExportReport report =
      export_run(run, {.formats = run.config().export_.formats}, run.export_folder());
  remove_checkpoints(run.trials_folder());
  std::error_code ignored;
  std::filesystem::remove(run.trials_folder(), ignored);
  run.store().set_fact(kFinishedFact, utc_now());
  std::cout << run_summary(run) << export_table(report);
  const auto trials = run.store().trials(Phase::kSearch, /*architectures=*/false);
  if (const std::string failures = failures_line(trials); !failures.empty())
    spdlog::warn("{}", failures);
}

}  // namespace ridgeline
