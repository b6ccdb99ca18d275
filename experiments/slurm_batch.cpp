#include "experiments/slurm_batch.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "core/file.h"
#include "core/random.h"

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
record_failure() {
  code=$?
  # 143 is SIGTERM: Slurm took the node back, and starts the trial again elsewhere.
  if [ $code -ne 0 ] && [ $code -ne 143 ]; then
    echo $code >"$failure.tmp" && mv "$failure.tmp" "$failure"
  fi
}
trap record_failure EXIT
trap 'exit 143' TERM
)";

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
                             const fs::path& program, int threads,
                             const std::string& prologue) const {
  std::string lines;
  for (const uint64_t id : ids) lines += std::to_string(id) + "\n";
  write_file_atomic(list(tag), lines);
  std::string text = "#!/bin/bash\nfolder=" + quoted(folder_.string()) + "\ntag=" + tag + "\n";
  text += kBegin;
  text += "export OMP_NUM_THREADS=" + std::to_string(threads) + " OMP_WAIT_POLICY=passive\n";
  text +=
      "export MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=17179869184 "
      "MALLOC_TOP_PAD_=67108864\n";
  if (!prologue.empty()) text += prologue + "\n";
  text += quoted(program.string()) + " trial \"$spec\" \"$result\"\n";
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
                                       size_t tasks, int threads) {
  std::string array = "--array=0-" + std::to_string(tasks - 1);
  if (config.array_limit > 0) array += "%" + std::to_string(config.array_limit);
  const int cpus = config.cpus_per_task > 0 ? config.cpus_per_task : threads;
  std::vector<std::string> options = {array, "--job-name=" + job_name, "--output=/dev/null",
                                      "--ntasks=1", "--cpus-per-task=" + std::to_string(cpus)};
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
