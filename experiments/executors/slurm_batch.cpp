#include "experiments/executors/slurm_batch.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "core/file.h"
#include "core/random.h"
#include "experiments/executors/trial_process.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

std::string hash_of(const std::string& text) {
  std::ostringstream out;
  out << std::hex << hash_text(text);
  return out.str();
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

constexpr const char* kBegin =
    R"(trial=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" "$folder/$tag.list")
spec=$folder/$trial.json
result=$folder/$trial.result.json
failure=$folder/$trial.$tag.exit
exec >"$folder/$trial.$tag.log" 2>&1
if [ -e "$result" ]; then exit 0; fi
rm -f "$failure"
process=
stopped=
record_failure() {
  code=$?
  # 130 and 143: asked to stop, as when Slurm takes the node back. It starts the trial again.
  if [ $code -ne 0 ] && [ $code -ne 130 ] && [ $code -ne 143 ]; then
    echo $code >"$failure.tmp" && mv "$failure.tmp" "$failure"
  fi
}
stop() {
  stopped=1
  if [ -z "$process" ]; then exit 143; fi
  kill -TERM $process 2>/dev/null
}
trap record_failure EXIT
trap stop TERM
)";

// The trial runs beside the shell, which could not pass a signal on while it waits for a command.
constexpr const char* kEnd = R"( &
process=$!
wait $process
code=$?
while kill -0 $process 2>/dev/null; do
  wait $process
  code=$?
done
if [ -e "$result" ]; then exit 0; fi
if [ -n "$stopped" ]; then exit 143; fi
exit $code
)";

int cpus_per_task(const SlurmConfig& config, const SlurmTrial& trial) {
  return config.cpus_per_task > 0 ? config.cpus_per_task : trial.threads;
}

/// The line of the script that runs the trial.
std::string command_of(const SlurmConfig& config, const SlurmTrial& trial) {
  std::string text;
  if (trial.processes > 1) {
    text = "srun --ntasks=" + std::to_string(trial.processes) +
           " --cpus-per-task=" + std::to_string(cpus_per_task(config, trial)) +
           " --kill-on-bad-exit=1 ";
  }
  text += quoted(trial.program.string());
  // The shell's variables stand for the paths.
  const TrialPaths paths{"$spec", "$result", "$folder/$trial.checkpoint"};
  for (const auto& argument : trial_arguments(paths, trial.checkpoint_s))
    text += " " + (argument.starts_with("$") ? "\"" + argument + "\"" : argument);
  return text;
}

}  // namespace

SlurmFiles::SlurmFiles(const fs::path& folder) : folder_(fs::absolute(folder).lexically_normal()) {
  make_folder(folder_);
  prefix_ = "ridgeline-" + hash_of(fs::canonical(folder_).string()) + "-";
}

fs::path SlurmFiles::spec(uint64_t id) const { return folder_ / (std::to_string(id) + ".json"); }

fs::path SlurmFiles::result(uint64_t id) const {
  return folder_ / (std::to_string(id) + ".result.json");
}

fs::path SlurmFiles::exit_code(uint64_t id, const std::string& tag) const {
  return folder_ / (std::to_string(id) + "." + tag + ".exit");
}

fs::path SlurmFiles::log(uint64_t id, const std::string& tag) const {
  return folder_ / (std::to_string(id) + "." + tag + ".log");
}

fs::path SlurmFiles::checkpoint(uint64_t id) const {
  return folder_ / (std::to_string(id) + ".checkpoint");
}

fs::path SlurmFiles::script(const std::string& tag) const { return folder_ / (tag + ".sh"); }

fs::path SlurmFiles::list(const std::string& tag) const { return folder_ / (tag + ".list"); }

std::string SlurmFiles::job_name(const std::string& tag) const { return prefix_ + tag; }

std::string SlurmFiles::tag_of(const std::string& job_name) const {
  return job_name.starts_with(prefix_) ? job_name.substr(prefix_.size()) : std::string();
}

std::string SlurmFiles::new_tag() {
  using namespace std::chrono;
  const auto now = static_cast<uint64_t>(
      duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  last_tag_ = std::max(last_tag_ + 1, now);
  while (fs::exists(list(std::to_string(last_tag_)))) ++last_tag_;  // a clock set back
  return std::to_string(last_tag_);
}

void SlurmFiles::write_batch(const std::string& tag, const std::vector<uint64_t>& ids,
                             const SlurmTrial& trial, const SlurmConfig& config) const {
  std::string lines;
  for (const uint64_t id : ids) lines += std::to_string(id) + "\n";
  write_file_atomic(list(tag), lines);
  std::string text = "#!/bin/bash\nfolder=" + quoted(folder_.string()) + "\ntag=" + tag + "\n";
  text += kBegin;
  for (const auto& [name, value] : worker_settings(trial.threads))
    text += "export " + name + "=" + value + "\n";
  if (!config.prologue.empty()) text += config.prologue + "\n";
  text += command_of(config, trial) + kEnd;
  write_file_atomic(script(tag), text);
}

std::vector<uint64_t> SlurmFiles::read_batch(const std::string& tag) const {
  std::vector<uint64_t> ids;
  if (!fs::exists(list(tag))) return ids;
  std::istringstream lines(read_file(list(tag)));
  for (uint64_t id = 0; lines >> id;) ids.push_back(id);
  return ids;
}

void SlurmFiles::remove_trial(uint64_t id, const std::string& tag) const {
  std::error_code ignored;
  for (const auto& path : {spec(id), result(id), exit_code(id, tag), log(id, tag)})
    fs::remove(path, ignored);
}

void SlurmFiles::remove_batch(const std::string& tag) const {
  std::error_code ignored;
  fs::remove(list(tag), ignored);
  fs::remove(script(tag), ignored);
}

std::vector<std::string> slurm_options(const SlurmConfig& config, const std::string& job_name,
                                       size_t tasks, const SlurmTrial& trial) {
  std::string array = "--array=0-" + std::to_string(tasks - 1);
  if (config.array_limit > 0) array += "%" + std::to_string(config.array_limit);
  std::vector<std::string> options = {
      array, "--job-name=" + job_name, "--output=/dev/null",
      "--ntasks=" + std::to_string(trial.processes),
      "--cpus-per-task=" + std::to_string(cpus_per_task(config, trial))};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) options.push_back(std::string(name) + "=" + value);
  };
  add("--partition", config.partition);
  add("--account", config.account);
  add("--qos", config.qos);
  add("--constraint", config.constraint);
  add("--time", config.time_limit);
  if (config.gpus_per_task > 0) add("--gpus-per-task", std::to_string(config.gpus_per_task));
  if (config.memory_mb > 0) add("--mem", std::to_string(config.memory_mb) + "M");
  std::istringstream more(config.options);
  for (std::string option; more >> option;) options.push_back(option);
  return options;
}

}  // namespace ridgeline
