#include "experiments/executors/gpu_locks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline {
namespace {

constexpr std::chrono::milliseconds kPollPause{2};
constexpr off_t kWanted = 0, kWork = 1;  // bytes of the file

int open_turns(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor >= 0) return descriptor;
  throw Error(ErrorKind::kIo, file.string() + ": cannot open: " + std::strerror(errno));
}

/// Locks belong to the open file, not to the process: threads and tests may hold several.
bool set_lock(int descriptor, off_t byte, short type, bool wait) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  int result = 0;
  do {
    result = fcntl(descriptor, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
  } while (result != 0 && wait && errno == EINTR);
  if (result == 0) return true;
  if (!wait && (errno == EAGAIN || errno == EACCES || errno == EINTR)) return false;
  throw Error(ErrorKind::kIo,
              std::string("the lock file of a GPU cannot be locked: ") + std::strerror(errno));
}

class TurnTakingOracle : public LatencyOracle {
 public:
  TurnTakingOracle(std::unique_ptr<LatencyOracle> oracle, std::filesystem::path file)
      : oracle_(std::move(oracle)), file_(std::move(file)) {}
  ~TurnTakingOracle() override {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
  }

  Latency estimate(const Network& network) const override {
    const MeasuringLock lock(file_);
    return oracle_->estimate(network);
  }
  Latency estimate_architecture(const Architecture& architecture,
                                const Network& lowered) const override {
    const MeasuringLock lock(file_);
    return oracle_->estimate_architecture(architecture, lowered);
  }
  void require(const SearchSpace& space) const override { oracle_->require(space); }
  std::string description() const override { return oracle_->description(); }

 private:
  std::unique_ptr<LatencyOracle> oracle_;
  std::filesystem::path file_;
};

}  // namespace

std::filesystem::path gpu_lock_file(const std::filesystem::path& folder, const std::string& gpu) {
  std::string name = gpu;
  for (char& c : name) {
    if (c == '/' || c == ':') c = '_';
  }
  return folder / ("gpu_" + name + ".lock");
}

TrainingLock::TrainingLock(const std::filesystem::path& file) : descriptor_(open_turns(file)) {}

TrainingLock::~TrainingLock() { ::close(descriptor_); }

void TrainingLock::give_way(const std::function<void()>& finish_work) {
  if (working_ && set_lock(descriptor_, kWanted, F_RDLCK, /*wait=*/false)) {
    set_lock(descriptor_, kWanted, F_UNLCK, true);
    return;
  }
  if (working_) {
    finish_work();
    set_lock(descriptor_, kWork, F_UNLCK, true);
  }
  set_lock(descriptor_, kWanted, F_RDLCK, true);
  set_lock(descriptor_, kWork, F_RDLCK, true);
  set_lock(descriptor_, kWanted, F_UNLCK, true);
  working_ = true;
}

MeasuringLock::MeasuringLock(const std::filesystem::path& file, std::chrono::seconds patience)
    : descriptor_(open_turns(file)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (const off_t byte : {kWanted, kWork}) {
    // Not a lock that waits: a training that hangs must not hang the search, which is to kill it.
    while (!set_lock(descriptor_, byte, F_WRLCK, /*wait=*/false)) {
      if (std::chrono::steady_clock::now() >= deadline) {
        ::close(descriptor_);
        throw Error(ErrorKind::kRun,
                    "latency: a training on the GPU has not given way for " +
                        format_duration(static_cast<double>(patience.count())) +
                        "; see `ridgeline show` for trials that hang, or measure on another GPU "
                        "(runtime.gpus)");
      }
      std::this_thread::sleep_for(kPollPause);
    }
  }
}

MeasuringLock::~MeasuringLock() { ::close(descriptor_); }

std::unique_ptr<LatencyOracle> with_gpu_lock(std::unique_ptr<LatencyOracle> oracle,
                                             std::filesystem::path file) {
  return std::make_unique<TurnTakingOracle>(std::move(oracle), std::move(file));
}

}  // namespace ridgeline
