#include "doctor/machine.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/file.h"
#include "experiments/store/sqlite.h"
#include "experiments/store/store_schema.h"
#include "runtime/device.h"
#include "runtime/versions.h"

namespace ridgeline {
namespace {

/// The number that stands alone in a file of /proc or /sys, or 0.
double number_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  double number = 0;
  return file >> number ? number : 0;
}

/// The number after "key:" in /proc/meminfo or /proc/cpuinfo, or 0.
double field_in(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with(key) && colon != std::string::npos)
      return std::atof(line.c_str() + colon + 1);
  }
  return 0;
}

/// Folders of this process's control group, its own first: version 2 under /sys/fs/cgroup,
/// version 1 under the controller's name.
std::vector<std::filesystem::path> control_groups(const std::string& controller) {
  std::vector<std::filesystem::path> folders;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "0::/a/b" or "4:memory:/a/b"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    if (!names.empty() && ("," + names + ",").find("," + controller + ",") == std::string::npos)
      continue;
    const std::filesystem::path root = std::filesystem::path("/sys/fs/cgroup") / names;
    for (std::filesystem::path at = line.substr(second + 1);; at = at.parent_path()) {
      folders.push_back(root / at.relative_path());
      if (!at.has_relative_path()) break;
    }
  }
  return folders;
}

double cpu_limit() {
  double limit = 0;
  const auto lower = [&](double cpus) { limit = limit > 0 ? std::min(limit, cpus) : cpus; };
  for (const auto& folder : control_groups("cpu")) {
    std::ifstream file(folder / "cpu.max");  // "max 100000" or "250000 100000"
    double quota = 0, period = 0;
    if (file >> quota >> period && period > 0) lower(quota / period);
    quota = number_in(folder / "cpu.cfs_quota_us");
    period = number_in(folder / "cpu.cfs_period_us");
    if (quota > 0 && period > 0) lower(quota / period);
  }
  return limit;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// What a core does in a cycle with fused multiply-adds in fp32: two vectors of eight floats on
/// every processor with AVX2. Those with wider units do more; this is what any should reach.
double flops_per_cycle() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 32 : 8;
#else
  return 16;
#endif
}

/// The folder, or the nearest one above it that is there.
std::filesystem::path existing(std::filesystem::path path) {
  std::error_code ignored;
  path = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::exists(path, ignored) && path.has_relative_path())
    path = path.parent_path();
  return path;
}

/// What a run does: atomic files, a lock, a store.
void try_run(const std::filesystem::path& folder) {
  write_file_atomic(folder / "file", "written by ridgeline doctor\n");
  const FileLock lock(folder / "lock");
  struct statfs system {};
  statfs(folder.c_str(), &system);
  Database database(folder / "store.sqlite");
  database.text("PRAGMA journal_mode = " + journal_mode_for(system.f_type));
  database.execute("CREATE TABLE t (x INTEGER)");
  database.execute("INSERT INTO t VALUES (7)");
  database.flush();
  if (database.integer("SELECT x FROM t") != 7)
    throw Error(ErrorKind::kIo, folder.string() + ": SQLite reads another value than it wrote");
}

}  // namespace

BlasFacts look_at_blas() {
  BlasFacts facts{.library = runtime_versions().blas};
  set_threads(1);
  // The best of many short tries: other processes take the processor away from some of them.
  for (int repeat = 0; repeat < 20; ++repeat) facts.gflops = std::max(facts.gflops, gemm_gflops());
  const double khz = number_in("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
  facts.clock_ghz = khz > 0 ? khz / 1e6 : field_in("/proc/cpuinfo", "cpu MHz") / 1e3;
  facts.flops_per_cycle = flops_per_cycle();
  return facts;
}

ThreadFacts look_at_threads() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const bool known = sched_getaffinity(0, sizeof cores, &cores) == 0;
  return {.cores = known ? CPU_COUNT(&cores) : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)),
          .cpu_limit = cpu_limit(),
          .omp_num_threads = variable("OMP_NUM_THREADS"),
          .omp_proc_bind = variable("OMP_PROC_BIND")};
}

MemoryFacts look_at_memory() {
  MemoryFacts facts{.available = 1024 * field_in("/proc/meminfo", "MemAvailable"),
                    .total = 1024 * field_in("/proc/meminfo", "MemTotal")};
  for (const auto& folder : control_groups("memory")) {
    for (const auto& [limit_file, used_file] :
         {std::pair{"memory.max", "memory.current"},
          {"memory.limit_in_bytes", "memory.usage_in_bytes"}}) {
      const double limit = number_in(folder / limit_file);
      if (limit <= 0 || limit >= facts.total) continue;
      if (facts.limit > 0 && limit >= facts.limit) continue;
      facts.limit = limit;
      facts.used = number_in(folder / used_file);
    }
  }
  return facts;
}

double shared_memory_bytes() {
  struct statvfs system {};
  if (statvfs("/dev/shm", &system) != 0) return -1;
  return static_cast<double>(system.f_blocks) * static_cast<double>(system.f_frsize);
}

FolderFacts look_at_folder(const std::filesystem::path& runs) {
  const std::filesystem::path place = existing(runs);
  FolderFacts facts{.path = place.string()};
  struct statfs system {};
  if (statfs(place.c_str(), &system) == 0) {
    facts.network_file_system = journal_mode_for(system.f_type) != "WAL";
    facts.free = static_cast<double>(system.f_bavail) * static_cast<double>(system.f_bsize);
  }
  std::string pattern = (place / ".ridgeline-doctor-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    facts.error = place.string() + " cannot be written: " + std::strerror(errno);
    return facts;
  }
  try {
    try_run(pattern);
  } catch (const std::exception& error) {
    facts.error = error.what();
  }
  std::error_code ignored;
  std::filesystem::remove_all(pattern, ignored);
  return facts;
}

}  // namespace ridgeline
