#include "runtime/rank_group.h"

#include <ATen/ATen.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>

#include "core/error.h"
#include "core/logging.h"
#include "runtime/torch_compat.h"

#if defined(RIDGELINE_GLOO) || defined(RIDGELINE_NCCL)
#define RIDGELINE_HAS_RANKS 1
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#endif
#ifdef RIDGELINE_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#ifdef RIDGELINE_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace ridgeline {

#ifdef RIDGELINE_HAS_RANKS

namespace {

#if RIDGELINE_TORCH_AT_LEAST(2, 0)
using Communicator = c10d::Backend;
#else
using Communicator = c10d::ProcessGroup;
#endif
using CommunicatorPointer = c10::intrusive_ptr<Communicator>;

std::chrono::milliseconds time_limit(const RankPlace& place) {
  return std::chrono::milliseconds(static_cast<int64_t>(1000 * place.time_limit_s));
}

[[noreturn]] void throw_lost(const RankPlace& place, const std::exception& cause) {
  const std::string text = cause.what();
  throw RankLost("rank " + std::to_string(place.rank) + " of " + std::to_string(place.size) +
                 " lost another rank: " + text.substr(0, text.find('\n')));
}

bool uses_nccl([[maybe_unused]] const RankPlace& place) {
#ifdef RIDGELINE_NCCL
  return place.device.starts_with("cuda");
#else
  return false;
#endif
}

#ifdef RIDGELINE_NCCL
CommunicatorPointer nccl(const c10::intrusive_ptr<c10d::Store>& store, const RankPlace& place) {
  // Otherwise `wait` only queues on the stream, and a lost rank shows as a hang. Both names: the
  // second is that of LibTorch 2.2 and later.
  setenv("NCCL_BLOCKING_WAIT", "1", 0);
  setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = time_limit(place);
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, place.rank, place.size, options);
}
#endif

#ifdef RIDGELINE_GLOO
CommunicatorPointer gloo(const c10::intrusive_ptr<c10d::Store>& store, const RankPlace& place) {
  using Gloo = c10d::ProcessGroupGloo;
  const auto options = Gloo::Options::create(time_limit(place));
  options->threads = 1;  // exchanges are made one after another
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  if (place.one_host) {
    // Never listens to other hosts, and needs no host name that resolves.
    options->devices.push_back(Gloo::createDeviceForHostname("127.0.0.1"));
  } else if (interface != nullptr && *interface != '\0') {
    options->devices.push_back(Gloo::createDeviceForInterface(interface));
  } else {
    options->devices.push_back(Gloo::createDefaultDevice());
  }
  return c10::make_intrusive<Gloo>(store, place.rank, place.size, options);
}
#endif

CommunicatorPointer connect(const c10::intrusive_ptr<c10d::Store>& store, const RankPlace& place) {
#ifdef RIDGELINE_NCCL
  if (uses_nccl(place)) return nccl(store, place);
#endif
#ifdef RIDGELINE_GLOO
  return gloo(store, place);
#else
  throw Error(ErrorKind::kConfig,
              "accuracy.training.processes: this build can train with several processes on cuda "
              "only (NCCL); on cpu it must be 1, or Ridgeline be built where Gloo's headers are "
              "(Debian: libgloo-dev)");
#endif
}

}  // namespace

struct RankGroup::Backend {
  CommunicatorPointer communicator;
  bool lost = false;  // a rank did not answer

  explicit Backend(CommunicatorPointer made) : communicator(std::move(made)) {}
  ~Backend() {
    try {
      end_communicator(*communicator, !lost);
    } catch (const std::exception& error) {
      spdlog::warn("the ranks' communicator did not end well: {}", error.what());
    }
  }
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  void sum(at::Tensor& tensor) {
    std::vector<at::Tensor> tensors{tensor};
    try {
      communicator->allreduce(tensors)->wait();
    } catch (...) {
      lost = true;
      throw;
    }
  }
};

RankGroup::RankGroup(const RankPlace& place) : place_(place) {
  // Gloo writes to its sockets without MSG_NOSIGNAL: a rank that is gone must be an error here, as
  // it is under Python, which ignores the signal from its start.
  signal(SIGPIPE, SIG_IGN);
  try {
    const auto store = c10::make_intrusive<c10d::FileStore>(place.rendezvous.string(), place.size);
    store->setTimeout(time_limit(place));
    backend_ = std::make_unique<Backend>(connect(store, place));
    if (uses_nccl(place)) return;  // NCCL goes on using the file
    at::Tensor nothing = at::zeros({1});
    backend_->sum(nothing);
    // All have met: the file can go now, so that no way to end leaves it behind.
    std::error_code ignored;
    if (place.rank == 0) std::filesystem::remove(place.rendezvous, ignored);
    backend_->sum(nothing);  // before a rank that is soon done looks for the file
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw_lost(place, error);
  }
}

RankGroup::~RankGroup() = default;

void RankGroup::sum(at::Tensor& tensor) {
  try {
    if (tensor.is_cuda() && !uses_nccl(place_)) {
      at::Tensor on_host = tensor.cpu();
      backend_->sum(on_host);
      tensor.copy_(on_host);
    } else {
      backend_->sum(tensor);
    }
  } catch (const std::exception& error) {
    throw_lost(place_, error);
  }
}

#else

struct RankGroup::Backend {};

RankGroup::RankGroup(const RankPlace& place) : place_(place) {
  throw Error(ErrorKind::kConfig,
              "accuracy.training.processes: must be 1: this build has neither Gloo nor NCCL for "
              "more (Debian: install libgloo-dev and build again)");
}

RankGroup::~RankGroup() = default;

void RankGroup::sum(at::Tensor&) {}

#endif

void RankGroup::broadcast(const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> flat;
  for (const auto& tensor : tensors) flat.push_back(tensor.reshape(-1));
  at::Tensor bucket = at::cat(flat);
  // As a sum, so that the two back ends need only one kind of exchange.
  if (rank() != 0) bucket.zero_();
  sum(bucket);
  int64_t begin = 0;
  for (at::Tensor tensor : tensors) {
    tensor.copy_(bucket.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
    begin += tensor.numel();
  }
}

}  // namespace ridgeline
