#include "experiments/proxy/folder.h"

#include "core/logging.h"
#include "core/random.h"
#include "experiments/store/facts.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

constexpr const char* kStore = "trainings.sqlite";

/// Of all that a training may depend on, but what its trial says: epochs and reduction.
std::string identity_of(const ExperimentConfig& config) {
  ExperimentConfig relevant;
  relevant.seed = config.seed;
  relevant.space = config.space;
  relevant.failures = config.failures;
  relevant.accuracy = config.accuracy;
  relevant.accuracy.training.epochs = TrainingConfig().epochs;
  relevant.accuracy.proxy = {};
  return std::to_string(hash_text(relevant.result_identity()));
}

}  // namespace

ProxyFolder ProxyFolder::open(const fs::path& path, const ExperimentConfig& config) {
  ProxyFolder folder(path);
  const bool is_new = !fs::exists(path / kStore);
  if (is_new && fs::exists(path)) {
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().filename() == "lock") continue;
      throw Error(ErrorKind::kRun, path.string() + ": holds " + entry.path().filename().string() +
                                       " and is no folder of a proxy's trainings; choose another "
                                       "with --out");
    }
  }
  make_folder(path);
  folder.lock_ = std::make_unique<FileLock>(path / "lock");
  folder.store_ = std::make_unique<TrialStore>(path / kStore);
  const std::string identity = identity_of(config);
  const auto recorded = folder.store_->fact(kConfigFact);
  // Nothing trained yet, nothing to lose: the mistake of a first try may be mended.
  if (recorded && *recorded != identity && !folder.store_->recorded_attempts().empty()) {
    throw Error(ErrorKind::kRun,
                path.string() +
                    ": holds trainings of another space, seed, images or recipe (see config.yaml "
                    "there); choose another folder with --out");
  }
  write_file_atomic(path / "config.yaml", config.resolved());
  if (recorded != identity) folder.store_->set_fact(kConfigFact, identity);
  return folder;
}

void ProxyFolder::write(const std::string& name, const std::string& text) const {
  write_file_atomic(path_ / name, text);
  spdlog::info("written: {}", (path_ / name).string());
}

}  // namespace ridgeline
