#include "experiments/executors/simulated_executor.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"

namespace ridgeline {
namespace {

/// Orders a heap so that the job that ends first is in front; of two, the one proposed first.
constexpr auto kEndsLater = [](const auto& a, const auto& b) {
  if (a.end_s != b.end_s) return a.end_s > b.end_s;
  return a.job.spec.trial_id > b.job.spec.trial_id;
};

}  // namespace

SimulatedExecutor::SimulatedExecutor(const SimulationConfig& config, AccuracyEvaluator& evaluator)
    : config_(config), evaluator_(evaluator) {
  const bool valid = config.workers >= 1 && config.mean_s > 0 && config.sigma >= 0 &&
                     config.time_limit_s > 0 && config.failure_share >= 0 &&
                     config.failure_share <= 1;
  if (!valid) {
    throw Error(ErrorKind::kConfig,
                "simulation: workers, mean_s and time_limit_s must be positive, sigma at least 0, "
                "failure_share between 0 and 1");
  }
  for (int worker = 0; worker < config.workers; ++worker) free_.push(worker);
  busy_s_.resize(static_cast<size_t>(config.workers));
}

void SimulatedExecutor::submit(const TrialJob& job) {
  queue_.push_back(job);
  fill();
}

std::optional<TrialResult> SimulatedExecutor::next(std::chrono::milliseconds) {
  if (running_.empty()) return std::nullopt;
  std::pop_heap(running_.begin(), running_.end(), kEndsLater);
  const Running done = std::move(running_.back());
  running_.pop_back();
  now_s_ = std::max(now_s_, done.end_s);
  release(done, done.end_s);
  fill();
  TrialResult result{done.job.spec.trial_id, done.job.attempt, {}};
  result.host = "worker " + std::to_string(done.worker);
  if (done.status == TrialStatus::kComplete) {
    result.evaluation = evaluator_.evaluate(done.job.spec);
  } else {
    result.evaluation.status = done.status;
    result.evaluation.message = "simulated failure";
  }
  result.evaluation.seconds = done.end_s - done.start_s;
  return result;
}

void SimulatedExecutor::cancel(uint64_t id) {
  std::erase_if(queue_, [id](const TrialJob& job) { return job.spec.trial_id == id; });
  const auto found = std::find_if(running_.begin(), running_.end(), [id](const Running& running) {
    return running.job.spec.trial_id == id;
  });
  if (found == running_.end()) return;
  release(*found, std::min(now_s_, found->end_s));
  running_.erase(found);
  std::make_heap(running_.begin(), running_.end(), kEndsLater);
  fill();
}

SimulatedExecutor::Running SimulatedExecutor::start(TrialJob job, int worker) const {
  const uint64_t trial = derive_seed(config_.seed, job.spec.trial_id, "simulated trial");
  RandomStream stream(trial, static_cast<uint64_t>(job.attempt), "duration");
  const double sigma = config_.sigma;
  // The mean of a log-normal is exp(mu + sigma^2 / 2).
  double duration = config_.mean_s * std::exp(sigma * stream.normal() - sigma * sigma / 2);
  const double fate = stream.uniform();
  const double crash_at = stream.uniform();
  TrialStatus status = TrialStatus::kComplete;
  if (fate < config_.failure_share / 2) {
    status = TrialStatus::kCrashed;
    duration *= crash_at;
  } else if (fate < config_.failure_share) {
    duration = config_.time_limit_s;  // hangs
  }
  if (duration >= config_.time_limit_s) {
    status = TrialStatus::kTimeOut;
    duration = config_.time_limit_s;
  }
  return {now_s_ + duration, now_s_, worker, status, std::move(job)};
}

void SimulatedExecutor::fill() {
  bool started = false;
  while (!queue_.empty() && !free_.empty()) {
    running_.push_back(start(std::move(queue_.front()), free_.top()));
    std::push_heap(running_.begin(), running_.end(), kEndsLater);
    queue_.pop_front();
    free_.pop();
    started = true;
  }
  if (!started) return;
  last_start_s_ = now_s_;
  busy_at_last_start_s_ = total_busy_s();
}

void SimulatedExecutor::release(const Running& done, double until_s) {
  busy_s_[static_cast<size_t>(done.worker)] += until_s - done.start_s;
  ended_busy_s_ += until_s - done.start_s;
  free_.push(done.worker);
}

std::vector<double> SimulatedExecutor::busy_s() const {
  std::vector<double> busy = busy_s_;
  for (const auto& running : running_) {
    busy[static_cast<size_t>(running.worker)] += std::min(now_s_, running.end_s) - running.start_s;
  }
  return busy;
}

double SimulatedExecutor::total_busy_s() const {
  double busy = ended_busy_s_;
  for (const auto& running : running_) busy += std::min(now_s_, running.end_s) - running.start_s;
  return busy;
}

Utilisation SimulatedExecutor::utilisation() const {
  const auto share = [this](double busy_s, double wall_s) {
    return wall_s > 0 ? busy_s / (wall_s * config_.workers) : 0.0;
  };
  return {.wall_s = now_s_,
          .busy_share = share(total_busy_s(), now_s_),
          .fed_s = last_start_s_,
          .fed_busy_share = share(busy_at_last_start_s_, last_start_s_)};
}

}  // namespace ridgeline
