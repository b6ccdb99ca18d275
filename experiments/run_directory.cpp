#include "experiments/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "core/logging.h"
#include "core/random.h"
#include "experiments/store/facts.h"
#include "experiments/store/store_rescue.h"
#include "experiments/store/store_schema.h"
#include "experiments/store/wal.h"

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
  refuse_orphaned_wal(path / "store.sqlite");
  for (const char* name : {"config.yaml", "store.sqlite"}) {
    if (!fs::exists(path / name)) {
      throw Error(ErrorKind::kRun, path.string() + ": is no run folder: it has no " + name);
    }
  }
}

void require_own_config(TrialStore& store, const ExperimentConfig& config, const fs::path& path) {
  const auto recorded = store.fact(kConfigFact);
  if (!recorded) {  // brought up to date (experiments/store/store_schema.cpp)
    store.set_fact(kConfigFact, identity_hash(config));
    return;
  }
  if (recorded != identity_hash(config)) {
    throw Error(ErrorKind::kRun,
                path.string() +
                    ": config.yaml is not the configuration that this run's trials were made with; "
                    "put the original back, or start a new run");
  }
}

/// A run that began before accuracy.training.kernels existed was trained with LibTorch's, and goes
/// on so. Whether this is such a run.
bool keep_first_kernels(const fs::path& file, ExperimentConfig& config) {
  const auto accuracy = YamlView::load_file(file).find("accuracy");
  const auto training = accuracy ? accuracy->find("training") : std::nullopt;
  if (!training || training->has("kernels")) return false;
  config.accuracy.training.kernels = KernelSource::kLibTorch;
  return true;
}

/// Whether a new run may take the store: nothing was proposed yet, so that a search which was
/// stopped by its pre-flight, or in its first moments, can be started again after the mistake is
/// mended.
bool is_untouched(const fs::path& store) {
  try {
    Database database(store, /*read_only=*/true);
    if (database.integer("SELECT count(*) FROM sqlite_schema") == 0) return true;
    return database.integer("PRAGMA user_version") == kStoreVersion &&
           database.integer("SELECT count(*) FROM proposals") == 0;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kRun) throw;
    return false;  // damaged, or no store
  }
}

/// Whether a process holds the lock now.
bool is_locked(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

/// Also latencies that another configuration asked for.
void remove_store(const fs::path& store) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(store.string() + suffix);
}

}  // namespace

void RunDirectory::require_free(const ExperimentConfig& config) const {
  refuse_orphaned_wal(store_file());
  const bool has_store = fs::exists(store_file()), has_config = fs::exists(config_file());
  if (has_store ? is_untouched(store_file()) : !has_config) return;
  std::string what;
  if (!has_store || !has_config) {
    what = std::string("holds ") +
           (has_store ? "a store.sqlite but no config.yaml" : "a config.yaml but no store.sqlite") +
           ": another program's files, or what is left of a run; put back what is missing, or "
           "choose another folder with --run";
  } else if (TrialStore(store_file()).fact(kConfigFact) == identity_hash(config)) {
    what = "already holds a run of this configuration; continue it with: ridgeline resume " +
           path_.string();
  } else {
    what = "already holds a run of another configuration; choose another folder with --run";
  }
  throw Error(ErrorKind::kRun, path_.string() + ": " + what);
}

RunDirectory RunDirectory::create(const fs::path& path, const ExperimentConfig& config) {
  make_folder(path);
  RunDirectory run(path);
  run.lock_ = std::make_unique<FileLock>(path / "run.lock");
  run.require_free(config);
  remove_store(run.store_file());
  run.config_ = config;
  run.store_ = std::make_unique<TrialStore>(run.store_file());
  run.store_->set_fact(kConfigFact, identity_hash(config));
  run.store_->set_fact(kStartedFact, utc_now());
  write_file_atomic(run.config_file(), config.resolved());
  return run;
}

RunDirectory RunDirectory::open(const fs::path& path) {
  require_run(path);
  RunDirectory run(path);
  run.lock_ = std::make_unique<FileLock>(path / "run.lock");
  run.config_ = load_experiment(run.config_file());
  const bool is_older = keep_first_kernels(run.config_file(), run.config_);
  if (const auto lost =
          rescue_store(run.store_file(), run.config_.search.mode == SearchMode::kAsynchronous))
    spdlog::warn("{}", *lost);
  run.store_ = std::make_unique<TrialStore>(run.store_file());
  require_own_config(*run.store_, run.config_, path);
  if (is_older) write_file_atomic(run.config_file(), run.config_.resolved());
  return run;
}

std::string RunDirectory::state() {
  if (store_->fact(kFinishedFact)) return "finished";
  if (is_locked(path_ / "run.lock")) return "running";
  const auto events = store_->events();
  const std::string last = events.empty() ? "" : events.back().kind;
  return last == "interrupted" || last == "forked" ? last : "stopped";
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
                    ": a resumed run may change runtime.* only. To go on with another number of "
                    "trials: ridgeline fork " +
                    path_.string() + " NEW_DIR --at " +
                    std::to_string(store_->count(Phase::kSearch)) + " --set search.trials=" +
                    std::to_string(std::max(changed.search.trials, config_.search.trials)) +
                    ", then resume NEW_DIR. For anything else start a new run");
  }
  config_.runtime = changed.runtime;
  write_file_atomic(config_file(), config_.resolved());
}

}  // namespace ridgeline
