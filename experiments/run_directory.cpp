#include "experiments/run_directory.h"

#include "core/logging.h"
#include "core/random.h"
#include "experiments/store_rescue.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

std::string identity_hash(const ExperimentConfig& config) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(hash_text(config.result_identity())));
  return text;
}

void require_run(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    throw Error(ErrorKind::kRun, path.string() + ": no such run folder");
  }
  for (const char* name : {"config.yaml", "store.sqlite"}) {
    if (!fs::exists(path / name)) {
      throw Error(ErrorKind::kRun, path.string() + ": is no run folder: it has no " + name);
    }
  }
}

void require_own_config(TrialStore& store, const ExperimentConfig& config, const fs::path& path) {
  const auto recorded = store.fact("config");
  if (!recorded) {  // migrated from an older version (experiments/store_schema.cpp)
    store.set_fact("config", identity_hash(config));
    return;
  }
  if (recorded != identity_hash(config)) {
    throw Error(ErrorKind::kRun,
                path.string() +
                    ": config.yaml is not the configuration that this run's trials were made with; "
                    "put the original back, or start a new run");
  }
}

}  // namespace

RunDirectory RunDirectory::create(const fs::path& path, const ExperimentConfig& config) {
  make_folder(path);
  RunDirectory run(path);
  run.lock_ = std::make_unique<FileLock>(path / "run.lock");
  if (fs::exists(run.store_file()) && fs::exists(run.config_file())) {
    const bool same = TrialStore(run.store_file()).fact("config") == identity_hash(config);
    throw Error(
        ErrorKind::kRun,
        path.string() + ": already holds a run " +
            (same ? "of this configuration; continue it with: ridgeline resume " + path.string()
                  : "of another configuration; choose another folder with --run"));
  }
  run.config_ = config;
  run.store_ = std::make_unique<TrialStore>(run.store_file());
  run.store_->set_fact("config", identity_hash(config));
  run.store_->set_fact("started_at", utc_now());
  write_file_atomic(run.config_file(), config.resolved());
  return run;
}

RunDirectory RunDirectory::open(const fs::path& path) {
  require_run(path);
  RunDirectory run(path);
  run.lock_ = std::make_unique<FileLock>(path / "run.lock");
  run.config_ = load_experiment(run.config_file());
  if (const auto lost = rescue_store(run.store_file())) spdlog::warn("{}", *lost);
  run.store_ = std::make_unique<TrialStore>(run.store_file());
  require_own_config(*run.store_, run.config_, path);
  return run;
}

RunDirectory RunDirectory::read(const fs::path& path) {
  require_run(path);
  RunDirectory run(path);
  run.config_ = load_experiment(run.config_file());
  run.store_ = std::make_unique<TrialStore>(run.store_file(), /*read_only=*/true);
  return run;
}

void RunDirectory::change_runtime(const ExperimentConfig& changed) {
  if (changed.result_identity() != config_.result_identity()) {
    throw Error(ErrorKind::kRun,
                path_.string() +
                    ": a resumed run may change runtime.* only; for anything else start a new run");
  }
  config_.runtime = changed.runtime;
  write_file_atomic(config_file(), config_.resolved());
}

}  // namespace ridgeline
