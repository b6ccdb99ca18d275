#include "doctor/judge.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "core/units.h"

namespace ridgeline {
namespace {

constexpr double kGib = 1 << 30, kMib = 1 << 20;

/// Shares of a core's peak below which a BLAS counts as slow, and as the wrong one. OpenBLAS and
/// MKL reach 60 to 95 %, the reference BLAS 2 to 5 %.
constexpr double kSlowShare = 0.3, kWrongShare = 0.1;
/// The same where the clock is not known, GFLOP/s.
constexpr double kSlowGflops = 20, kWrongGflops = 6;

constexpr const char* kBlasRemedy =
    "Debian, Ubuntu: apt install libopenblas0-openmp (and update-alternatives --config "
    "libblas.so.3-x86_64-linux-gnu, if another is chosen)";

std::string last_line(const std::string& text) {
  std::istringstream lines(text);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return last;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// "no answer within its time", "exit code 1: ...".
std::string failure(const Asked& asked) {
  if (asked.answer.timed_out) return asked.program + " does not answer";
  const std::string words = last_line(asked.answer.err);
  return asked.program + " fails with exit code " + std::to_string(asked.answer.exit_code) +
         (words.empty() ? "" : ": " + words);
}

bool answered(const Asked& asked) {
  return asked.here && !asked.answer.timed_out && asked.answer.exit_code == 0;
}

}  // namespace

Finding judge_blas(const BlasFacts& facts) {
  const double peak = facts.clock_ghz * facts.flops_per_cycle;
  Finding finding{.check = "blas",
                  .seen = facts.library + ": " + format_fixed(facts.gflops, 1) +
                          " GFLOP/s in an fp32 matrix product on one core"};
  if (peak > 0) {
    finding.seen += "; " + format_fixed(facts.flops_per_cycle, 0) + " FLOP per cycle at " +
                    format_fixed(facts.clock_ghz, 1) + " GHz are " + format_fixed(peak, 0);
  }
  const double slow = peak > 0 ? kSlowShare * peak : kSlowGflops;
  const double wrong = peak > 0 ? kWrongShare * peak : kWrongGflops;
  if (facts.library == "reference BLAS" || facts.gflops < wrong) {
    finding.verdict = Verdict::kProblem;
    finding.seen += "; training takes many times longer than it should";
    finding.remedy = kBlasRemedy;
  } else if (facts.gflops < slow) {
    finding.verdict = Verdict::kWarning;
    finding.remedy = "look again when nothing else runs on this machine; if it stays: " +
                     std::string(kBlasRemedy);
  }
  return finding;
}

Finding judge_threads(const ThreadFacts& facts) {
  Finding finding{.check = "threads", .seen = std::to_string(facts.cores) + " cores"};
  const bool limited = facts.cpu_limit > 0 && facts.cpu_limit < facts.cores;
  if (limited) {
    finding.seen +=
        ", but the control group allows " + format_fixed(facts.cpu_limit, 1) + " CPUs at a time";
  }
  const auto add = [&](const std::string& seen, const std::string& remedy) {
    finding.seen += "; " + seen;
    finding.remedy += (finding.remedy.empty() ? "" : "; ") + remedy;
  };
  if (limited) {
    finding.remedy = "keep runtime.workers x accuracy.training.threads at " +
                     std::to_string(std::max(1, static_cast<int>(facts.cpu_limit))) +
                     " or below, or raise the limit";
  }
  if (!facts.omp_proc_bind.empty() && facts.omp_proc_bind != "false") {
    add("OMP_PROC_BIND=" + facts.omp_proc_bind + " binds every worker to the same first cores",
        "unset OMP_PROC_BIND");
  }
  if (std::atoi(facts.omp_num_threads.c_str()) > facts.cores) {
    add("OMP_NUM_THREADS=" + facts.omp_num_threads + " is more than there are",
        "unset OMP_NUM_THREADS; accuracy.training.threads says how many a trial takes");
  }
  if (!finding.remedy.empty()) finding.verdict = Verdict::kWarning;
  return finding;
}

Finding judge_memory(const MemoryFacts& facts) {
  double free = facts.available;
  if (facts.limit > 0) free = std::min(free, facts.limit - facts.used);
  Finding finding{.check = "memory",
                  .seen = format_bytes(free) + " free of " + format_bytes(facts.total)};
  if (facts.limit > 0 && facts.limit < facts.total)
    finding.seen += ", of which the control group allows " + format_bytes(facts.limit);
  if (free < 0.75 * kGib) {
    finding.verdict = Verdict::kProblem;
    finding.remedy = "free memory or raise the limit: a trial's process takes about 0.5 GiB";
  } else if (free < 2 * kGib) {
    finding.verdict = Verdict::kWarning;
    finding.remedy = "keep runtime.workers at " +
                     std::to_string(static_cast<int>(free / (0.5 * kGib))) +
                     " or below: a trial's process takes about 0.5 GiB";
  }
  return finding;
}

Finding judge_shared_memory(double bytes, int gpus) {
  Finding finding{.check = "shared memory"};
  finding.seen = bytes < 0 ? "no /dev/shm" : format_bytes(bytes) + " in /dev/shm";
  if (gpus > 1 && bytes < 512 * kMib) {
    finding.verdict = Verdict::kWarning;
    finding.remedy =
        "trials on several GPUs (accuracy.training.processes above 1) exchange through it; in a "
        "container: --shm-size=1g";
  }
  return finding;
}

Finding judge_cuda(const CudaFacts& facts) {
  Finding finding{.check = "cuda"};
  const auto warn = [&](Verdict verdict, const std::string& seen, const std::string& remedy) {
    finding.verdict = verdict;
    finding.seen = seen;
    finding.remedy = remedy;
    return finding;
  };
  const bool built = facts.libtorch_version > 0;
  if (!facts.driver) {
    if (facts.kernel_module) {
      return warn(Verdict::kProblem,
                  "an NVIDIA driver runs, but its library libcuda.so.1 cannot be loaded",
                  "install the library of the driver's version (in a container: start it with "
                  "--gpus all)");
    }
    finding.seen =
        "no NVIDIA driver: trials run on the CPU" +
        std::string(built ? " (this LibTorch could use CUDA " + facts.libtorch_cuda + ")" : "");
    return finding;
  }
  constexpr int kNoDevice = 100;
  if (facts.start_code == kNoDevice || (facts.start_code == 0 && facts.driver_devices == 0)) {
    finding.seen =
        "an NVIDIA driver, and no GPU that this process may use: trials here run on the CPU";
    return finding;
  }
  const std::string driver = "the driver runs CUDA up to " +
                             std::to_string(facts.driver_version / 1000) + "." +
                             std::to_string(facts.driver_version % 1000 / 10);
  if (facts.start_code != 0) {
    return warn(
        Verdict::kProblem,
        "the NVIDIA driver does not start (CUresult " + std::to_string(facts.start_code) + ")",
        "look at nvidia-smi; after an update of the driver the machine must be restarted");
  }
  if (!built) {
    return warn(Verdict::kWarning,
                std::to_string(facts.driver_devices) + " GPU (" + facts.first_name +
                    "), but this LibTorch was built without CUDA: trials run on the CPU",
                "build with a LibTorch that has CUDA, such as pip's torch: docs/install.md");
  }
  if (facts.driver_version / 1000 < facts.libtorch_version / 1000) {
    return warn(Verdict::kProblem,
                "LibTorch is for CUDA " + facts.libtorch_cuda + ", but " + driver,
                "update the NVIDIA driver, or build with a torch for an older CUDA "
                "(docs/install.md)");
  }
  if (facts.libtorch_devices < facts.driver_devices) {
    return warn(Verdict::kProblem,
                "the driver has " + std::to_string(facts.driver_devices) + " GPUs, LibTorch sees " +
                    std::to_string(facts.libtorch_devices),
                "look at nvidia-smi, and whether LibTorch (CUDA " + facts.libtorch_cuda +
                    ") supports these GPUs");
  }
  finding.seen = std::to_string(facts.libtorch_devices) + " GPUs; LibTorch is for CUDA " +
                 facts.libtorch_cuda + ", " + driver;
  return finding;
}

Finding judge_gpu(const GpuFacts& facts) {
  const bool bf16 = facts.major >= 8;
  Finding finding{.check = "gpu " + std::to_string(facts.index),
                  .seen = facts.name + ", " + format_bytes(facts.memory) + ", capability " +
                          std::to_string(facts.major) + "." + std::to_string(facts.minor) +
                          (bf16 ? ", bf16 and tf32" : ", no bf16 in hardware")};
  if (!bf16) {
    finding.verdict = Verdict::kWarning;
    finding.remedy = "leave accuracy.training.bf16 off";
  }
  return finding;
}

Finding judge_step(const StepFacts& facts) {
  Finding finding{.check = "training " + facts.device};
  if (!facts.error.empty()) {
    finding.verdict = Verdict::kProblem;
    finding.seen = "a training step fails: " + first_line(facts.error);
    finding.remedy = facts.device == "cpu"
                         ? "check that LibTorch is for this CPU and not half updated"
                         : "check that LibTorch supports this GPU, and that no other program fills "
                           "its memory (nvidia-smi)";
  } else if (!std::isfinite(facts.loss)) {
    finding.verdict = Verdict::kProblem;
    finding.seen = "the loss of a training step is not a number";
    finding.remedy = "the libraries under LibTorch compute wrongly here: install them anew";
  } else {
    finding.seen = "one training step of a small network: " + format_ms(facts.ms);
  }
  return finding;
}

Finding judge_folder(const FolderFacts& facts) {
  Finding finding{.check = "runs folder"};
  if (!facts.error.empty()) {
    finding.verdict = Verdict::kProblem;
    finding.seen = facts.error;
    finding.remedy = "choose a folder that you can write to, and give it to search as --run DIR";
  } else if (facts.network_file_system) {
    finding.verdict = Verdict::kWarning;
    finding.seen = facts.path + " is on a network file system; files, locks and SQLite work now";
    finding.remedy =
        "start each run from one host at a time: locks between hosts depend on the server; where "
        "no other host needs the folder, a local disk is faster";
  } else {
    finding.seen = facts.path + ": files, locks and SQLite work";
  }
  return finding;
}

Finding judge_space(const FolderFacts& facts) {
  Finding finding{.check = "free space", .seen = format_bytes(facts.free) + " at " + facts.path};
  if (facts.free < 0.25 * kGib) {
    finding.verdict = Verdict::kProblem;
    finding.remedy = "make room: a search stops when the disk is full";
  } else if (facts.free < 2 * kGib) {
    finding.verdict = Verdict::kWarning;
    finding.remedy = "make room: `ridgeline gc RUN` removes trial files and old checkpoints";
  }
  return finding;
}

Finding judge_slurm(const Asked& sbatch, const Asked& squeue, const Asked& sinfo) {
  constexpr const char* kOnly = "; only runtime.executor: slurm needs it";
  Finding finding{.check = "slurm"};
  if (!sbatch.here && !squeue.here && !sinfo.here) {
    finding.seen = "none here" + std::string(kOnly);
    return finding;
  }
  std::vector<std::string> wrong;
  for (const Asked* asked : {&sbatch, &squeue, &sinfo}) {
    if (!asked->here) {
      wrong.push_back(asked->program + " is not on the PATH");
    } else if (!answered(*asked)) {
      wrong.push_back(failure(*asked));
    }
  }
  if (!wrong.empty()) {
    finding.verdict = Verdict::kWarning;
    finding.seen = join(wrong, "; ") + kOnly;
    finding.remedy = "ask the cluster's administrators, or see docs/slurm.md";
    return finding;
  }
  // sinfo -h -o %P: one line per partition, the default one with a star.
  std::vector<std::string> partitions;
  std::istringstream lines(sinfo.answer.out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) partitions.push_back(line);
  }
  finding.seen = first_line(sbatch.answer.out) + ", partitions: " + join(partitions);
  if (partitions.empty()) {
    finding.verdict = Verdict::kWarning;
    finding.seen = first_line(sbatch.answer.out) + ", but no partition that you may use";
    finding.remedy = "ask the cluster's administrators";
  }
  return finding;
}

Finding judge_python(const std::vector<Asked>& pythons) {
  Finding finding{.check = "python"};
  std::vector<std::string> without;
  for (const Asked& python : pythons) {
    if (!python.here) continue;
    std::map<std::string, std::string> lines;
    std::istringstream text(python.answer.out);
    for (std::string key, value; text >> key && std::getline(text >> std::ws, value);)
      lines[key] = value;
    const std::string name =
        python.program + (lines.contains("python") ? " " + lines["python"] : "");
    if (python.answer.timed_out) {
      finding.verdict = Verdict::kWarning;
      finding.seen = name + " does not end within its time";
      finding.remedy = "try it: " + python.program + " -c 'import torch'";
      return finding;
    }
    if (!lines.contains("torch")) {
      without.push_back(name);
      continue;
    }
    finding.seen = name + ", torch " + lines["torch"];
    if (!lines.contains("script") || !lines.contains("weights")) {
      finding.verdict = Verdict::kProblem;
      finding.seen += lines.contains("script") ? " cannot open exported weights"
                                               : " cannot run an exported network";
      finding.seen += ": " + last_line(python.answer.err);
      finding.remedy = "use a torch from 1.13 on: pip install torch, or apt install python3-torch";
      return finding;
    }
    finding.seen += " opens exported networks and weights";
    for (const char* package : {"onnx", "onnxruntime"}) {
      if (lines.contains(package))
        finding.seen += ", " + std::string(package) + " " + lines[package];
    }
    return finding;
  }
  finding.verdict = Verdict::kWarning;
  finding.seen = without.empty() ? "no python3 on the PATH"
                                 : "no torch in " + join(without) +
                                       ": exported networks cannot be opened in Python here";
  finding.remedy = "pip install torch in a virtual environment, or apt install python3-torch";
  return finding;
}

Finding judge_hanging(const std::string& check, double seconds) {
  return {.check = check,
          .verdict = Verdict::kProblem,
          .seen = "no answer within " + format_fixed(seconds, 0) + " s",
          .remedy = "look at what it waits for: a file system, a device or a program that hangs"};
}

}  // namespace ridgeline
