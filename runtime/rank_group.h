#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace ridgeline {

/// Another rank ended or did not answer in time: the common training cannot go on.
class RankLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where this process stands among the ranks of one training.
struct RankPlace {
  int rank = 0, size = 1;
  std::filesystem::path
      rendezvous;             ///< file through which the ranks find each other; new each time
  double time_limit_s = 120;  ///< for joining and for each exchange
  bool one_host = true;  ///< false: the ranks meet over the network (GLOO_SOCKET_IFNAME names it)
  std::string device = "cpu";  ///< "cuda": exchanges go through NCCL where this build has it
};

/// The ranks of one data-parallel training, this process among them. All ranks make the same
/// calls in the same order with tensors of the same sizes; sums have the same bits on every rank.
class RankGroup {
 public:
  /// Joins, and returns when every rank has. Throws `RankLost` when one does not come in time,
  /// `kConfig` where this build has no way for ranks to talk. From then on the process ignores
  /// SIGPIPE.
  explicit RankGroup(const RankPlace& place);
  ~RankGroup();
  RankGroup(const RankGroup&) = delete;
  RankGroup& operator=(const RankGroup&) = delete;

  int rank() const { return place_.rank; }
  int size() const { return place_.size; }

  /// Replaces `tensor` (contiguous) by its sum over the ranks. Throws `RankLost`.
  void sum(at::Tensor& tensor);
  /// Replaces the tensors (floating point) of all ranks by those of rank 0. Throws `RankLost`.
  void broadcast(const std::vector<at::Tensor>& tensors);

 private:
  struct Backend;
  RankPlace place_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace ridgeline
