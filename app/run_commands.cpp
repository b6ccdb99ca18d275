#include <algorithm>
#include <iostream>

#include "app/commands.h"
#include "app/pipeline.h"
#include "app/report.h"
#include "app/trial_report.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "experiments/config_places.h"
#include "experiments/failures.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

/// The store may be what failed.
void record_end(RunDirectory& run, const Error& end) {
  heed_interrupts();
  try {
    const bool interrupted = end.kind() == ErrorKind::kInterrupted;
    run.store().append_event(interrupted ? "interrupted" : "stopped", end.what());
    const std::string failures =
        failures_line(run.store().trials(Phase::kSearch, /*architectures=*/false));
    if (!failures.empty()) spdlog::warn("{}", failures);
  } catch (const Error& error) {
    spdlog::debug("{}", error.what());
  }
}

void run_and_say_how_to_go_on(RunDirectory& run) {
  set_threads(1);  // the policy is small; trials have their own processes
  try {
    at_places(run.config(), [&] { run_pipeline(run); });
  } catch (const Error& error) {
    record_end(run, error);
    const bool goes_on = error.kind() == ErrorKind::kInterrupted ||
                         error.kind() == ErrorKind::kIo || error.kind() == ErrorKind::kData;
    if (!goes_on) throw;
    throw Error(error.kind(), std::string(error.what()) +
                                  "; nothing recorded is lost; continue with: ridgeline resume " +
                                  run.path().string());
  }
}

}  // namespace

void search_command(const SearchOptions& options) {
  const ExperimentConfig config = load_experiment(options.config, options.settings, options.strict);
  const std::filesystem::path folder = options.run.empty()
                                           ? std::filesystem::path("runs") / config.name
                                           : std::filesystem::path(options.run);
  RunDirectory run = RunDirectory::create(folder, config);
  run.store().append_event("started", config.name);
  run_and_say_how_to_go_on(run);
}

void resume_command(const ResumeOptions& options) {
  RunDirectory run = RunDirectory::open(options.run);
  run.store().append_event("resumed",
                           std::to_string(run.store().count(Phase::kSearch)) + " trials are there");
  if (!options.settings.empty())
    run.change_runtime(load_experiment(run.config_file(), options.settings, options.strict));
  run_and_say_how_to_go_on(run);
}

void show_command(const ShowOptions& options) {
  RunDirectory run = RunDirectory::read(options.run);
  if (options.trial >= 0) {
    std::cout << trial_report(run, static_cast<uint64_t>(options.trial));
    return;
  }
  auto trials = run.store().trials(Phase::kSearch, /*architectures=*/false);
  if (!options.all) {
    std::stable_sort(trials.begin(), trials.end(), better);
    trials.resize(std::min<size_t>(trials.size(), 10));
  }
  if (!trials.empty())
    std::cout << (options.all ? "" : "the best trials\n") << trial_table(trials) << "\n";
  const auto scaling = run.store().trials(Phase::kScaling, /*architectures=*/false);
  if (options.all && !scaling.empty()) std::cout << "scaling\n" << trial_table(scaling) << "\n";
  std::cout << run_summary(run);
}

}  // namespace ridgeline
