#pragma once

#include <string>
#include <vector>

#include "core/run_command.h"
#include "doctor/finding.h"

namespace ridgeline {

// From what was seen to what it means: pure functions, one per check.

struct BlasFacts {
  std::string library = {};    ///< as `RuntimeVersions::blas`
  double gflops = 0;           ///< fp32 matrix product on one thread
  double clock_ghz = 0;        ///< of a core; 0: the system does not tell
  double flops_per_cycle = 0;  ///< fp32, of a core
};
Finding judge_blas(const BlasFacts& facts);

struct ThreadFacts {
  int cores = 1;         ///< that this process may run on
  double cpu_limit = 0;  ///< CPUs that the control group allows; 0: no limit
  std::string omp_num_threads = {}, omp_proc_bind = {};  ///< of the environment; empty: not set
};
Finding judge_threads(const ThreadFacts& facts);

struct MemoryFacts {
  double available = 0;  ///< bytes
  double total = 0;
  double limit = 0;  ///< of the control group; 0: none
  double used = 0;   ///< by the control group
};
Finding judge_memory(const MemoryFacts& facts);

/// `bytes`: size of /dev/shm, negative: there is none. `gpus`: NCCL is what needs it.
Finding judge_shared_memory(double bytes, int gpus);

struct CudaFacts {
  bool driver = false;         ///< libcuda.so.1 can be loaded
  bool kernel_module = false;  ///< of the NVIDIA driver
  int start_code = 0;          ///< CUresult of cuInit; 0: success
  int driver_version = 0;      ///< 12040: CUDA 12.4 is the newest that it runs
  int driver_devices = 0;
  std::string first_name = {};
  std::string libtorch_cuda = "none";  ///< version, as `RuntimeVersions::cuda`
  int libtorch_version = 0;            ///< the same as a number; 0: none
  int libtorch_devices = 0;
};
Finding judge_cuda(const CudaFacts& facts);

struct GpuFacts {
  int index = 0;
  std::string name = {};
  double memory = 0;         ///< bytes
  int major = 0, minor = 0;  ///< compute capability
};
Finding judge_gpu(const GpuFacts& facts);

struct StepFacts {
  std::string device = {};
  double ms = 0;
  double loss = 0;
  std::string error = {};  ///< why it failed; empty: it did not
};
Finding judge_step(const StepFacts& facts);

struct FolderFacts {
  std::string path = {};
  std::string error = {};  ///< why a run could not be kept there; empty: it could
  bool network_file_system = false;
  double free = 0;  ///< bytes
};
Finding judge_folder(const FolderFacts& facts);
Finding judge_space(const FolderFacts& facts);

/// A program that was asked something.
struct Asked {
  std::string program = {};
  bool here = false;  ///< on the PATH
  CommandOutput answer = {};
};
Finding judge_slurm(const Asked& sbatch, const Asked& squeue, const Asked& sinfo);

/// A Python that was asked to import torch and open an exported network: check_exports.py prints a
/// line "KEY VALUE" per step that succeeded.
Finding judge_python(const std::vector<Asked>& pythons);

/// A check that did not end within its time.
Finding judge_hanging(const std::string& check, double seconds);

}  // namespace ridgeline
