#include "experiments/executors/slurm_executor.h"

#include <algorithm>
#include <set>
#include <thread>

#include "core/file.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/units.h"
#include "experiments/executors/trial_file.h"
#include "experiments/executors/trial_process.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPause{20};
constexpr int kAbsencesOfALostJob = 2;

std::string text_or_nothing(const fs::path& path) {
  try {
    return fs::exists(path) ? read_file(path) : std::string();
  } catch (const Error&) {
    return {};
  }
}

std::string name_of(const SlurmTask& task) {
  return std::to_string(task.job) + "_" + std::to_string(task.index);
}

}  // namespace

SlurmExecutor::SlurmExecutor(SlurmExecutorConfig config, CommandRunner run)
    : config_(std::move(config)), commands_(std::move(run)), files_(config_.folder) {}

SlurmExecutor::~SlurmExecutor() {
  std::vector<std::string> left;
  for (const auto& [id, task] : tasks_) left.push_back(name_of(task.slurm));
  try {
    commands_.cancel(left);
  } catch (const Error& error) {
    spdlog::warn("slurm: {}", error.what());
  }
  // Results that an interrupted search has not received stay for the resumed one.
  if (interrupts() == 0 && in_flight() == 0) forget_spent();
  std::error_code ignored;
  fs::remove(files_.folder(), ignored);
}

void SlurmExecutor::submit(const TrialJob& job) {
  const fs::path spec = files_.spec(job.spec.trial_id);
  const std::string before = text_or_nothing(spec);
  write_trial_file(spec, {config_.accuracy, job.spec});
  const bool known = !before.empty() && before == read_file(spec);
  if (!known) {
    std::error_code ignored;
    fs::remove(files_.result(job.spec.trial_id), ignored);
  }
  collected_.push_back({job, known});
}

size_t SlurmExecutor::in_flight() const {
  return ready_.size() + tasks_.size() + (interrupts() > 0 ? 0 : collected_.size());
}

void SlurmExecutor::cancel(uint64_t id) {
  std::erase_if(collected_, [id](const auto& c) { return c.job.spec.trial_id == id; });
  std::erase_if(ready_, [id](const auto& result) { return result.id == id; });
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  commands_.cancel({name_of(found->second.slurm)});
  spent_.emplace_back(id, found->second.tag);
  tasks_.erase(found);
}

void SlurmExecutor::forget(uint64_t id) {
  std::error_code ignored;
  fs::remove_all(files_.checkpoint(id), ignored);
}

std::optional<TrialResult> SlurmExecutor::next(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (true) {
    obey_interrupts();
    hand_in();
    if (ready_.empty() && !tasks_.empty() && Clock::now() >= next_poll_) poll();
    if (!ready_.empty()) {
      TrialResult result = std::move(ready_.front());
      ready_.pop_front();
      return result;
    }
    if (in_flight() == 0 || Clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kPause);
  }
}

/// Makes the collected jobs known to Slurm. Where an earlier process or an unanswered sbatch may
/// have done so already, the queue is asked first.
void SlurmExecutor::hand_in() {
  if (collected_.empty() || interrupts() > 0) return;
  if (tasks_.empty() && ready_.empty()) forget_spent();
  take_over_results();
  if (look_before_handing_in_ && !collected_.empty()) {
    if (Clock::now() < next_poll_) return;
    const auto queue = commands_.queue();
    silences_ = queue ? 0 : silences_ + 1;
    next_poll_ =
        Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * config_.slurm.poll_s));
    log_waiting();
    if (!queue) return;
    take_over_tasks(*queue);
    std::vector<std::string> strangers;
    cancel_strangers(*queue, strangers);
    commands_.cancel(strangers);
    look_before_handing_in_ = false;
  }
  while (!collected_.empty()) {
    const size_t limit = static_cast<size_t>(config_.slurm.max_array_size);
    if (!submit_array(std::min(collected_.size(), limit))) return;
  }
}

/// Results that came while no search was there to read them.
void SlurmExecutor::take_over_results() {
  std::erase_if(collected_, [&](const Collected& c) {
    const uint64_t id = c.job.spec.trial_id;
    if (!c.known || !fs::exists(files_.result(id))) return false;
    const Evaluation evaluation = read_result_file(files_.result(id));
    if (c.job.attempt > 0 && !has_accuracy(evaluation.status)) {
      fs::remove(files_.result(id));  // what the new attempt is to mend
      return false;
    }
    ready_.push_back({id, c.job.attempt, evaluation});
    spent_.emplace_back(id, "");
    return true;
  });
}

void SlurmExecutor::take_over_tasks(const std::vector<SlurmTask>& queue) {
  std::map<std::string, std::vector<uint64_t>> batches;
  for (const auto& listed : queue) {
    const std::string tag = files_.tag_of(listed.name);
    const bool live = listed.state == SlurmState::kQueued || listed.state == SlurmState::kRunning;
    if (tag.empty() || !live) continue;
    if (!batches.contains(tag)) batches[tag] = files_.read_batch(tag);
    const auto index = static_cast<size_t>(listed.index);
    if (index >= batches[tag].size()) continue;
    const uint64_t id = batches[tag][index];
    const auto found = std::find_if(collected_.begin(), collected_.end(), [&](const auto& c) {
      return c.known && c.job.spec.trial_id == id;
    });
    // Of a trial that failed, the next attempt is a new job.
    if (found == collected_.end() || fs::exists(files_.exit_code(id, tag))) continue;
    tasks_[id] = {found->job, tag, listed};
    collected_.erase(found);
  }
  if (!tasks_.empty())
    spdlog::info("slurm: found {} trials of this run in the queue", tasks_.size());
}

/// The first `count` collected jobs as one array; false when Slurm did not answer.
bool SlurmExecutor::submit_array(size_t count) {
  const std::string tag = files_.new_tag();
  const auto& training = config_.accuracy.training;
  const SlurmTrial trial{config_.program, training.threads, training.processes,
                         config_.checkpoint_s};
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(collected_[i].job.spec.trial_id);
  files_.write_batch(tag, ids, trial, config_.slurm);
  const auto job =
      commands_.submit(slurm_options(config_.slurm, files_.job_name(tag), count, trial),
                       files_.script(tag).string());
  if (!job) {
    ++silences_;
    look_before_handing_in_ = true;
    for (size_t i = 0; i < count; ++i) collected_[i].known = true;
    log_waiting();
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    SlurmTask slurm;
    slurm.job = *job;
    slurm.index = static_cast<int>(i);
    slurm.name = files_.job_name(tag);
    slurm.reason = "None";
    tasks_[ids[i]] = {std::move(collected_.front().job), tag, slurm};
    collected_.pop_front();
  }
  return true;
}

void SlurmExecutor::poll() {
  const auto queue = commands_.queue();
  silences_ = queue ? 0 : silences_ + 1;
  std::optional<Listing> listing;
  if (queue) {
    listing.emplace();
    for (const auto& listed : *queue)
      listing->emplace(Listing::key_type(listed.job, listed.index, listed.name), &listed);
  }
  std::vector<std::string> to_cancel;
  for (auto& [id, task] : tasks_) look_at(task, listing, to_cancel);
  for (const auto& result : ready_) tasks_.erase(result.id);
  if (queue) cancel_strangers(*queue, to_cancel);
  if (!to_cancel.empty()) commands_.cancel(to_cancel);
  log_waiting();
  next_poll_ =
      Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * config_.slurm.poll_s));
}

void SlurmExecutor::look_at(Task& task, const std::optional<Listing>& listing,
                            std::vector<std::string>& to_cancel) {
  if (read_result_of(task) || read_failure_of(task) || !listing) return;
  const auto found = listing->find({task.slurm.job, task.slurm.index, task.slurm.name});
  const SlurmTask* listed = found == listing->end() ? nullptr : found->second;
  if (listed != nullptr) task.slurm = *listed;
  if (listed == nullptr || listed->state == SlurmState::kEnded) {
    if (++task.absences < kAbsencesOfALostJob) return;
    const std::string& word = task.slurm.state_word;
    if (listed != nullptr && word == "TIMEOUT")
      return fail(task, TrialStatus::kTimeOut, "ended by Slurm at its time limit");
    if (listed != nullptr && word == "OUT_OF_MEMORY")
      return fail(task, TrialStatus::kOutOfMemory, "ended by Slurm at its memory limit");
    return fail(task, TrialStatus::kLost,
                "lost: Slurm job " + name_of(task.slurm) +
                    (listed == nullptr ? " is gone" : " ended as " + word) + " without a result");
  }
  task.absences = 0;
  if (listed->state == SlurmState::kHeld) {
    to_cancel.push_back(name_of(*listed));
    fail(task, TrialStatus::kLost,
         "lost: Slurm holds job " + name_of(*listed) + ": " + listed->reason);
  } else if (listed->state == SlurmState::kRunning && config_.time_limit_s > 0 &&
             listed->seconds > config_.time_limit_s) {
    to_cancel.push_back(name_of(*listed));
    fail(task, TrialStatus::kTimeOut,
         "cancelled after " + format_duration(listed->seconds) + " of running");
  }
}

/// Jobs of this run that no trial waits for: of another process, of an sbatch that seemed to fail,
/// second copies.
void SlurmExecutor::cancel_strangers(const std::vector<SlurmTask>& queue,
                                     std::vector<std::string>& to_cancel) {
  const std::set<std::string> cancelled(to_cancel.begin(), to_cancel.end());
  std::set<std::string> ours;
  for (const auto& [id, task] : tasks_) ours.insert(name_of(task.slurm) + " " + task.slurm.name);
  for (const auto& listed : queue) {
    if (listed.state == SlurmState::kEnded || listed.state_word == "COMPLETING" ||
        cancelled.contains(name_of(listed)))
      continue;
    if (files_.tag_of(listed.name).empty() || ours.contains(name_of(listed) + " " + listed.name))
      continue;
    to_cancel.push_back(name_of(listed));
  }
}

bool SlurmExecutor::read_result_of(Task& task) {
  const fs::path path = files_.result(task.job.spec.trial_id);
  if (!fs::exists(path)) return false;
  const uint64_t id = task.job.spec.trial_id;
  TrialResult result{id, task.job.attempt, read_result_file(path), task.slurm.host};
  if (!has_accuracy(result.evaluation.status)) result.log_tail = log_tail(files_.log(id, task.tag));
  ready_.push_back(std::move(result));
  spent_.emplace_back(id, task.tag);
  return true;
}

bool SlurmExecutor::read_failure_of(Task& task) {
  const uint64_t id = task.job.spec.trial_id;
  const std::string code = text_or_nothing(files_.exit_code(id, task.tag));
  if (code.empty()) return false;
  const Evaluation failure = failure_of_process(std::atoi(code.c_str()));
  fail(task, failure.status, failure.message);
  return true;
}

void SlurmExecutor::fail(Task& task, TrialStatus status, const std::string& message) {
  const uint64_t id = task.job.spec.trial_id;
  Evaluation failed;
  failed.status = status;
  failed.seconds = task.slurm.seconds;
  failed.message = message;
  const std::string log = log_tail(files_.log(id, task.tag));
  const std::string said = log.substr(log.find_last_of('\n') + 1);
  if (!said.empty()) failed.message += ": " + said;
  ready_.push_back({id, task.job.attempt, failed, task.slurm.host, log});
  spent_.emplace_back(id, task.tag);
}

/// The first interrupt withdraws what has not started; the second, everything.
void SlurmExecutor::obey_interrupts() {
  if (interrupts() == 0 || tasks_.empty()) return;
  if (interrupts() > 1) heed_interrupts();  // Slurm may take its time to cancel
  std::vector<std::string> to_cancel;
  std::erase_if(tasks_, [&](const auto& entry) {
    const bool stop = interrupts() > 1 || entry.second.slurm.state == SlurmState::kQueued;
    if (stop) to_cancel.push_back(name_of(entry.second.slurm));
    return stop;
  });
  if (!to_cancel.empty()) commands_.cancel(to_cancel);
}

/// A result stays on disk until the next batch: until then the search may not have recorded it.
void SlurmExecutor::forget_spent() {
  std::set<std::string> tags;
  std::erase_if(spent_, [&](const auto& entry) {
    const auto& [id, tag] = entry;
    const bool again = std::any_of(collected_.begin(), collected_.end(),
                                   [&](const auto& c) { return c.job.spec.trial_id == id; });
    if (again) return false;  // its specification has just been written anew
    files_.remove_trial(id, tag);
    tags.insert(tag);
    return true;
  });
  for (const auto& tag : tags) files_.remove_batch(tag);
}

std::string SlurmExecutor::waiting() const {
  std::string text = silences_ > 0 ? "Slurm does not answer; asking again" : "";
  std::map<std::string, int> reasons;
  for (const auto& [id, task] : tasks_) {
    if (task.slurm.state == SlurmState::kQueued) ++reasons[task.slurm.reason];
  }
  for (const auto& [reason, count] : reasons) {
    text +=
        (text.empty() ? "" : "; ") + std::to_string(count) + " queued: " + explain_reason(reason);
  }
  return text;
}

void SlurmExecutor::log_waiting() {
  std::string kinds = silences_ > 0 ? "silence" : "";
  for (const auto& [id, task] : tasks_) {
    const std::string& reason = task.slurm.reason;
    if (task.slurm.state == SlurmState::kQueued && kinds.find(reason) == std::string::npos)
      kinds += reason;
  }
  if (kinds == said_) return;  // the counts change with every trial, and are not news
  said_ = kinds;
  if (const std::string text = waiting(); !text.empty()) spdlog::info("slurm: {}", text);
}

}  // namespace ridgeline
