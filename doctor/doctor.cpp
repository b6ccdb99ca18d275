#include "doctor/doctor.h"

#include <future>
#include <thread>

#include "accuracy/training/training_step.h"
#include "doctor/cuda_driver.h"
#include "doctor/judge.h"
#include "doctor/machine.h"
#include "doctor/programs.h"
#include "doctor/small_network.h"
#include "runtime/device.h"
#include "runtime/versions.h"

namespace ridgeline {
namespace {

using Findings = std::vector<Finding>;

/// Runs checks one after the other, each in a thread, so that none can hold up the others.
class Examination {
 public:
  Examination(std::chrono::seconds limit, const std::function<void(const Finding&)>& tell)
      : limit_(limit), tell_(tell) {}

  /// What `check` finds; nothing where it did not end in time or failed in another way.
  template <class Result>
  std::optional<Result> get(const std::string& name, std::function<Result()> check) {
    auto promise = std::make_shared<std::promise<Result>>();
    std::future<Result> result = promise->get_future();
    std::thread([promise, check = std::move(check)] {
      try {
        promise->set_value(check());
      } catch (...) {
        promise->set_exception(std::current_exception());
      }
    }).detach();
    if (result.wait_for(limit_) != std::future_status::ready) {
      all_ended_ = false;
      tell_(judge_hanging(name, static_cast<double>(limit_.count())));
      return std::nullopt;
    }
    try {
      return result.get();
    } catch (const std::exception& error) {
      tell_({name, Verdict::kProblem, std::string("the check fails: ") + error.what(),
             "please report it"});
      return std::nullopt;
    }
  }

  void check(const std::string& name, std::function<Findings()> check) {
    if (const auto findings = get<Findings>(name, std::move(check)))
      for (const Finding& finding : *findings) tell_(finding);
  }

  bool all_ended() const { return all_ended_; }

 private:
  std::chrono::seconds limit_;
  const std::function<void(const Finding&)>& tell_;
  bool all_ended_ = true;
};

Finding check_step(const std::string& device) {
  StepFacts facts{.device = device};
  set_threads(1);
  try {
    const TrainingStep step = try_training_step(small_network(), device);
    facts.ms = step.ms;
    facts.loss = step.loss;
  } catch (const std::exception& error) {
    facts.error = error.what();
  }
  return judge_step(facts);
}

struct Cuda {
  CudaFacts facts;
  std::vector<GpuFacts> gpus;
};

Cuda look_at_cuda() {
  Cuda cuda;
  cuda.facts = ask_cuda_driver(cuda.gpus);
  const RuntimeVersions versions = runtime_versions();
  cuda.facts.libtorch_cuda = versions.cuda;
  if (versions.cuda != "none") {
    const size_t point = versions.cuda.find('.');
    cuda.facts.libtorch_version =
        1000 * std::stoi(versions.cuda) + 10 * std::stoi(versions.cuda.substr(point + 1));
  }
  if (cuda.facts.driver) cuda.facts.libtorch_devices = static_cast<int>(visible_gpus().size());
  return cuda;
}

}  // namespace

bool examine(const DoctorSettings& settings, const std::function<void(const Finding&)>& tell) {
  Examination examination(settings.time_limit, tell);
  examination.check("libtorch", [] {
    const RuntimeVersions versions = runtime_versions();
    return Findings{{"libtorch", Verdict::kOk,
                     versions.libtorch + ", CUDA " + versions.cuda + ", cuDNN " + versions.cudnn}};
  });
  examination.check("blas", [] { return Findings{judge_blas(look_at_blas())}; });
  examination.check("threads", [] { return Findings{judge_threads(look_at_threads())}; });
  examination.check("memory", [] { return Findings{judge_memory(look_at_memory())}; });
  examination.check("training cpu", [] { return Findings{check_step("cpu")}; });
  const auto cuda = examination.get<Cuda>("cuda", look_at_cuda);
  if (cuda) {
    tell(judge_cuda(cuda->facts));
    for (const GpuFacts& gpu : cuda->gpus) tell(judge_gpu(gpu));
    for (int index = 0; index < cuda->facts.libtorch_devices; ++index) {
      const std::string device = "cuda:" + std::to_string(index);
      examination.check("training " + device, [device] { return Findings{check_step(device)}; });
    }
  }
  const int gpus = cuda ? cuda->facts.libtorch_devices : 0;
  examination.check("shared memory",
                    [gpus] { return Findings{judge_shared_memory(shared_memory_bytes(), gpus)}; });
  examination.check("runs folder", [runs = settings.runs] {
    const FolderFacts facts = look_at_folder(runs);
    return Findings{judge_folder(facts), judge_space(facts)};
  });
  // Programs get somewhat less than the check: they are ended, and the check says which it was.
  const auto limit =
      std::max(settings.time_limit - std::chrono::seconds(2), std::chrono::seconds(1));
  examination.check("slurm", [limit] { return Findings{check_slurm(limit)}; });
  examination.check("python", [limit] { return Findings{check_python(limit)}; });
  return examination.all_ended();
}

}  // namespace ridgeline
