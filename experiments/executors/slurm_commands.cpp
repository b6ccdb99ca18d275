#include "experiments/executors/slurm_commands.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "core/error.h"

namespace ridgeline {
namespace {

// The name comes last: it alone may contain the separator.
constexpr const char* kQueueFormat = "%F|%K|%T|%M|%N|%r|%j";
constexpr size_t kTasksPerCancel = 500;

template <class T>
std::optional<T> number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// Whether sbatch failed because of the moment rather than because of what it was asked.
bool passing_trouble(const CommandOutput& output) {
  if (output.timed_out || output.exit_code < 0 || output.err.empty()) return true;
  for (const char* sign :
       {"Unable to contact", "timed out", "temporarily", "Connection refused", "try again",
        "communication", "Transport", "Zero Bytes", "in standby mode", "authentication",
        "Job/step already completing", "MaxJobCount"}) {
    if (has(output.err, sign)) return true;
  }
  return false;
}

SlurmState state_of(const std::string& word, const std::string& reason) {
  for (const char* ended : {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "PREEMPTED", "NODE_FAIL",
                            "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY", "REVOKED"}) {
    if (word == ended) return SlurmState::kEnded;
  }
  if (word == "REQUEUE_HOLD" || word == "SPECIAL_EXIT" || word == "RESV_DEL_HOLD")
    return SlurmState::kHeld;
  if (word == "PENDING") {
    // A user's own hold is a wish to wait; the others wait for an operator who may never come.
    const bool held = has(reason, "launch failed") || has(reason, "launch_failed") ||
                      has(reason, "JobHeldAdmin") || has(reason, "JobHoldMaxRequeue") ||
                      has(reason, "BadConstraints");
    return held ? SlurmState::kHeld : SlurmState::kQueued;
  }
  if (word == "REQUEUED" || word == "REQUEUE_FED") return SlurmState::kQueued;
  return SlurmState::kRunning;  // also CONFIGURING, COMPLETING, SUSPENDED: it is still there
}

std::optional<std::vector<std::string>> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  size_t begin = 0;
  for (int i = 0; i < 6; ++i) {
    const size_t end = line.find('|', begin);
    if (end == std::string::npos) return std::nullopt;
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  fields.push_back(line.substr(begin));
  return fields;
}

}  // namespace

double parse_elapsed(const std::string& text) {
  double days = 0, seconds = 0;
  std::string clock = text;
  if (const size_t dash = text.find('-'); dash != std::string::npos) {
    days = number<double>(text.substr(0, dash)).value_or(0);
    clock = text.substr(dash + 1);
  }
  std::istringstream parts(clock);
  for (std::string part; std::getline(parts, part, ':');)
    seconds = 60 * seconds + number<double>(part).value_or(0);
  return days * 86400 + seconds;
}

std::optional<std::vector<SlurmTask>> parse_queue(const std::string& text) {
  std::vector<SlurmTask> tasks;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto fields = fields_of(line);
    if (!fields) return std::nullopt;  // cut off: what is missing may be our job
    const auto job = number<uint64_t>((*fields)[0]);
    const auto index = number<int>((*fields)[1]);
    if (!job) return std::nullopt;
    if (!index) continue;
    SlurmTask task;
    task.job = *job;
    task.index = *index;
    task.state_word = (*fields)[2];
    task.seconds = parse_elapsed((*fields)[3]);
    task.host = (*fields)[4];
    task.reason = (*fields)[5];
    task.name = (*fields)[6];
    task.state = state_of(task.state_word, task.reason);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

std::string explain_reason(const std::string& reason) {
  static const std::map<std::string, const char*> kWords = {
      {"None", "just handed in"},
      {"Resources", "all fitting nodes are busy"},
      {"Priority", "jobs of higher priority come first"},
      {"JobArrayTaskLimit", "runtime.slurm.array_limit of them run"},
      {"BeginTime", "Slurm pauses before it starts them again"},
      {"Dependency", "they depend on another job"},
      {"JobHeldUser", "held by you: scontrol release lets them go"},
      {"PartitionDown", "the partition is down"},
      {"PartitionInactive", "the partition takes no jobs"},
      {"PartitionTimeLimit", "runtime.slurm.time_limit is over the partition's limit"},
      {"PartitionNodeLimit", "the partition has no such nodes"},
      {"ReqNodeNotAvail", "the nodes that fit are down or reserved"},
      {"NodeDown", "the node is down"},
      {"Licenses", "a licence is taken"},
      {"Reservation", "the reservation has not begun"}};
  for (const auto& [word, meaning] : kWords) {
    if (reason.starts_with(word)) return std::string(meaning) + " (" + reason + ")";
  }
  if (reason.starts_with("QOS")) return "the limit of the quality of service (" + reason + ")";
  if (reason.starts_with("Assoc")) return "the limit of the account (" + reason + ")";
  if (has(reason, "Nodes required for job are DOWN"))
    return "the nodes that fit are down or reserved";
  return reason;
}

std::optional<uint64_t> SlurmCommands::submit(const std::vector<std::string>& options,
                                              const std::string& script) const {
  std::vector<std::string> command = {"sbatch", "--parsable", "--requeue"};
  command.insert(command.end(), options.begin(), options.end());
  command.push_back(script);
  const CommandOutput output = run_(command);
  if (output.timed_out || output.exit_code != 0) {
    if (passing_trouble(output)) return std::nullopt;
    throw Error(ErrorKind::kIo, "Slurm refused the trials: " + one_line(output.err) +
                                    "; runtime.slurm must ask for what the cluster has");
  }
  return number<uint64_t>(output.out.substr(0, output.out.find_first_of(";\n")));
}

std::optional<std::vector<SlurmTask>> SlurmCommands::queue() const {
  const CommandOutput output =
      run_({"squeue", "--me", "-h", "-r", "-t", "all", "-o", kQueueFormat});
  if (output.timed_out || output.exit_code != 0) return std::nullopt;
  return parse_queue(output.out);
}

bool SlurmCommands::cancel(const std::vector<std::string>& tasks) const {
  bool answered = true;
  for (size_t begin = 0; begin < tasks.size(); begin += kTasksPerCancel) {
    std::vector<std::string> command = {"scancel", "--quiet"};
    const size_t end = std::min(begin + kTasksPerCancel, tasks.size());
    for (size_t i = begin; i < end; ++i) command.push_back(tasks[i]);
    const CommandOutput output = run_(command);
    answered = answered && !output.timed_out && output.exit_code == 0;
  }
  return answered;
}

}  // namespace ridgeline
