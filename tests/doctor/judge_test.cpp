#include "doctor/judge.h"

#include <cmath>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;

namespace {

constexpr double kGib = 1 << 30;

/// A program that gave these answers.
Asked answer(const std::string& program, const std::string& out, int exit_code = 0,
             const std::string& err = "") {
  return {program, true, {.exit_code = exit_code, .timed_out = false, .out = out, .err = err}};
}

Asked hangs(const std::string& program) {
  return {program, true, {.exit_code = -9, .timed_out = true, .out = "", .err = ""}};
}

}  // namespace

TEST_CASE("a BLAS is judged by its share of the core's peak") {
  BlasFacts facts{.library = "OpenBLAS 0.3.21",
                  .gflops = 70,
                  .clock_ghz = 2.5,
                  .flops_per_cycle = 32};  // peak 80
  CHECK(judge_blas(facts).verdict == Verdict::kOk);
  CHECK(judge_blas(facts).remedy.empty());
  facts.gflops = 20;
  CHECK(judge_blas(facts).verdict == Verdict::kWarning);
  facts.gflops = 3;
  CHECK(judge_blas(facts).verdict == Verdict::kProblem);
  CHECK(contains(judge_blas(facts).remedy, "apt install libopenblas0-openmp"));
}

TEST_CASE("the reference BLAS is a problem whatever was measured") {
  const Finding finding = judge_blas(
      {.library = "reference BLAS", .gflops = 70, .clock_ghz = 2.5, .flops_per_cycle = 32});
  CHECK(finding.verdict == Verdict::kProblem);
  CHECK(contains(finding.remedy, "apt install libopenblas0-openmp"));
}

TEST_CASE("where the clock is not known, a BLAS is judged by its speed alone") {
  const auto judge = [](double gflops) {
    return judge_blas({.library = "MKL", .gflops = gflops, .flops_per_cycle = 32}).verdict;
  };
  CHECK(judge(40) == Verdict::kOk);
  CHECK(judge(10) == Verdict::kWarning);
  CHECK(judge(2) == Verdict::kProblem);
}

TEST_CASE("threads: limits of the control group and OpenMP's variables are told") {
  CHECK(judge_threads({.cores = 8}).verdict == Verdict::kOk);
  CHECK(judge_threads({.cores = 8, .cpu_limit = 8}).verdict == Verdict::kOk);
  const Finding limited = judge_threads({.cores = 64, .cpu_limit = 2.5});
  CHECK(limited.verdict == Verdict::kWarning);
  CHECK(contains(limited.seen, "allows 2.5 CPUs"));
  CHECK(contains(limited.remedy, "at 2 or below"));
  CHECK(contains(judge_threads({.cores = 64, .cpu_limit = 0.5}).remedy, "at 1 or below"));
  CHECK(contains(judge_threads({.cores = 8, .omp_proc_bind = "close"}).remedy,
                 "unset OMP_PROC_BIND"));
  CHECK(judge_threads({.cores = 8, .omp_proc_bind = "false"}).verdict == Verdict::kOk);
  CHECK(judge_threads({.cores = 8, .omp_num_threads = "8"}).verdict == Verdict::kOk);
  CHECK(judge_threads({.cores = 8, .omp_num_threads = "16"}).verdict == Verdict::kWarning);
}

TEST_CASE("memory: the smaller of what is free and what the control group leaves counts") {
  CHECK(judge_memory({.available = 8 * kGib, .total = 16 * kGib}).verdict == Verdict::kOk);
  CHECK(judge_memory({.available = 1.5 * kGib, .total = 16 * kGib}).verdict == Verdict::kWarning);
  CHECK(judge_memory({.available = 0.5 * kGib, .total = 16 * kGib}).verdict == Verdict::kProblem);
  const Finding limited = judge_memory(
      {.available = 8 * kGib, .total = 16 * kGib, .limit = 4 * kGib, .used = 3 * kGib});
  CHECK(limited.verdict == Verdict::kWarning);
  CHECK(contains(limited.remedy, "runtime.workers at 2 "));
}

TEST_CASE("a small /dev/shm matters where a trial may take several GPUs") {
  constexpr double kDocker = 64 << 20;
  CHECK(judge_shared_memory(kDocker, 1).verdict == Verdict::kOk);
  CHECK(judge_shared_memory(kDocker, 2).verdict == Verdict::kWarning);
  CHECK(judge_shared_memory(-1, 2).verdict == Verdict::kWarning);
  CHECK(judge_shared_memory(4 * kGib, 2).verdict == Verdict::kOk);
}

TEST_CASE("CUDA: driver and LibTorch must fit") {
  CHECK(judge_cuda({}).verdict == Verdict::kOk);  // no GPU
  CHECK(judge_cuda({.kernel_module = true}).verdict == Verdict::kProblem);
  CHECK(judge_cuda({.driver = true, .start_code = 100}).verdict == Verdict::kOk);
  CHECK(judge_cuda({.driver = true, .start_code = 999}).verdict == Verdict::kProblem);
  CudaFacts facts{
      .driver = true, .driver_version = 12040, .driver_devices = 2, .first_name = "NVIDIA A100"};
  const Finding cpu_only = judge_cuda(facts);
  CHECK(cpu_only.verdict == Verdict::kWarning);
  CHECK(contains(cpu_only.seen, "NVIDIA A100"));
  facts.libtorch_cuda = "12.6";
  facts.libtorch_version = 12060;
  facts.libtorch_devices = 2;
  CHECK(judge_cuda(facts).verdict == Verdict::kOk);  // minor versions of one major version fit
  facts.libtorch_devices = 1;
  CHECK(judge_cuda(facts).verdict == Verdict::kProblem);
  facts.libtorch_devices = 2;
  facts.driver_version = 11080;
  CHECK(judge_cuda(facts).verdict == Verdict::kProblem);
  CHECK(contains(judge_cuda(facts).seen, "up to 11.8"));
}

TEST_CASE("a GPU without bf16 is told") {
  const Finding old =
      judge_gpu({.index = 1, .name = "Tesla T4", .memory = 16 * kGib, .major = 7, .minor = 5});
  CHECK(old.check == "gpu 1");
  CHECK(old.verdict == Verdict::kWarning);
  CHECK(contains(old.seen, "capability 7.5"));
  CHECK(judge_gpu({.name = "A100", .memory = 40 * kGib, .major = 8}).verdict == Verdict::kOk);
}

TEST_CASE("a training step must work and give a number") {
  CHECK(judge_step({.device = "cpu", .ms = 3, .loss = 1.4}).verdict == Verdict::kOk);
  CHECK(judge_step({.device = "cpu", .ms = 3, .loss = NAN}).verdict == Verdict::kProblem);
  const Finding failed = judge_step({.device = "cuda:0", .error = "no kernel image\nframe #0"});
  CHECK(failed.verdict == Verdict::kProblem);
  CHECK(failed.check == "training cuda:0");
  CHECK(contains(failed.seen, "no kernel image"));
  CHECK_FALSE(contains(failed.seen, "frame"));
}

TEST_CASE("the runs folder: writable, local, with room") {
  FolderFacts facts{.path = "/data", .free = 100 * kGib};
  CHECK(judge_folder(facts).verdict == Verdict::kOk);
  CHECK(judge_space(facts).verdict == Verdict::kOk);
  facts.network_file_system = true;
  CHECK(judge_folder(facts).verdict == Verdict::kWarning);
  facts.error = "/data cannot be written: Permission denied";
  CHECK(judge_folder(facts).verdict == Verdict::kProblem);
  CHECK(judge_folder(facts).seen == facts.error);
  facts.free = kGib;
  CHECK(judge_space(facts).verdict == Verdict::kWarning);
  facts.free = 0.1 * kGib;
  CHECK(judge_space(facts).verdict == Verdict::kProblem);
}

TEST_CASE("Slurm: absent is fine, silent is told") {
  CHECK(judge_slurm({"sbatch"}, {"squeue"}, {"sinfo"}).verdict == Verdict::kOk);
  const Asked sbatch = answer("sbatch", "slurm-wlm 22.05.8\n"), squeue = answer("squeue", "");
  const Finding good = judge_slurm(sbatch, squeue, answer("sinfo", "gpu*\nlong\n"));
  CHECK(good.verdict == Verdict::kOk);
  CHECK(contains(good.seen, "slurm-wlm 22.05.8, partitions: gpu*, long"));
  const Finding silent = judge_slurm(sbatch, squeue, hangs("sinfo"));
  CHECK(silent.verdict == Verdict::kWarning);
  CHECK(contains(silent.seen, "sinfo does not answer"));
  const Finding refused =
      judge_slurm(sbatch, answer("squeue", "", 1, "slurm_load_jobs error: Unable to contact"),
                  answer("sinfo", "gpu*\n"));
  CHECK(refused.verdict == Verdict::kWarning);
  CHECK(contains(refused.seen, "Unable to contact"));
  CHECK(contains(judge_slurm(sbatch, {"squeue"}, answer("sinfo", "gpu*\n")).seen,
                 "squeue is not on the PATH"));
  CHECK(judge_slurm(sbatch, squeue, answer("sinfo", "")).verdict == Verdict::kWarning);
}

TEST_CASE("Python: the first one with torch must open the exports") {
  const std::string good = "python 3.11.2\ntorch 1.13.1\nscript ok\nweights ok\nonnx 1.16.0\n";
  const Finding found = judge_python({answer("python3", good)});
  CHECK(found.verdict == Verdict::kOk);
  CHECK(contains(found.seen, "python3 3.11.2, torch 1.13.1"));
  CHECK(contains(found.seen, "onnx 1.16.0"));
  const Asked bare = answer("python3", "python 3.12.1\n", 1, "No module named 'torch'");
  const Finding second = judge_python({bare, answer("/usr/bin/python3", good)});
  CHECK(second.verdict == Verdict::kOk);
  CHECK(contains(second.seen, "/usr/bin/python3 3.11.2"));
  const Finding none = judge_python({bare, {"/usr/bin/python3"}});
  CHECK(none.verdict == Verdict::kWarning);
  CHECK(contains(none.seen, "no torch in python3 3.12.1"));
  CHECK(judge_python({{"python3"}, {"/usr/bin/python3"}}).verdict == Verdict::kWarning);
  CHECK(judge_python({hangs("python3")}).verdict == Verdict::kWarning);
  const Finding broken = judge_python({answer("python3", "python 3.11.2\ntorch 1.9.0\n", 1,
                                              "Traceback\nRuntimeError: unknown format\n")});
  CHECK(broken.verdict == Verdict::kProblem);
  CHECK(contains(broken.seen, "cannot run an exported network: RuntimeError: unknown format"));
  const Finding half = judge_python(
      {answer("python3", "python 3.11.2\ntorch 2.6.0\nscript ok\n", 1, "UnpicklingError: tags\n")});
  CHECK(half.verdict == Verdict::kProblem);
  CHECK(contains(half.seen, "cannot open exported weights: UnpicklingError: tags"));
}
