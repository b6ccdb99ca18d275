#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "network/network.h"
#include "runtime/batch_slice.h"
#include "runtime/initial_parameters.h"
#include "runtime/rank_group.h"

namespace ridgeline {

/// Gives node `index` of a network a parameter that belongs to someone else.
using ParameterSource = std::function<at::Tensor(int index, const ParameterShape& parameter)>;

/// A `Network` as a trainable LibTorch module. Parameters and buffers carry the node's dotted name
/// ("stage4.block0.expand.conv.weight"), the same in every export. Weights start as in the official
/// EfficientNet code (Section 1.2 of the reference) from the stream of `seed`, never from the
/// global generator.
class NetworkModuleImpl : public torch::nn::Module {
 public:
  NetworkModuleImpl(const Network& network, uint64_t seed);
  /// A module that computes with the tensors of `shared` and has no parameters of its own, only the
  /// running statistics of batch norm. Gradients flow to what these tensors were made of. `seed`:
  /// of dropout and drop-connect. A null `shared` is as above.
  NetworkModuleImpl(const Network& network, uint64_t seed, const ParameterSource& shared);

  /// x: [N, C, H, W] of the network's input shape -> logits [N, classes]. In training mode, dropout
  /// and drop-connect draw from the module's own generator (see `reseed`).
  torch::Tensor forward(torch::Tensor x);

  /// From now on x has the input shape of `network`, which differs from this module's in that
  /// alone: the same nodes with weights of the same shapes. The weights stay. Throws `kConfig` for
  /// another network.
  void reshape(const Network& network);

  /// `forward` calls `after` with the index of each node, in order, once its work is given to the
  /// device: for timing. Empty: nobody watches.
  void watch(std::function<void(int node)> after) { after_node_ = std::move(after); }

  /// Whether training and scoring on a CPU use Ridgeline's own kernels (runtime/kernels) where
  /// these take an operator: the same function up to rounding, several times faster on small maps.
  /// Off at first: latencies are those of LibTorch alone.
  void use_own_kernels(bool use) { own_kernels_ = use; }

  /// `forward` calls `see` with the index and the output of each node, in order; node 0 is the
  /// input. Empty: nobody looks. With own kernels a batch norm that is one with the activation
  /// after it has no output.
  void observe(std::function<void(int node, const at::Tensor& value)> see) {
    see_value_ = std::move(see);
  }

  /// Restarts the generator behind dropout and drop-connect.
  void reseed(uint64_t seed);
  /// That generator's state (a copy, on the CPU), and the way back to it.
  at::Tensor random_state() const { return generator_.get_state().clone(); }
  void set_random_state(const at::Tensor& state) { generator_.set_state(state); }
  /// Makes this module one rank of a data-parallel training: `forward` in training mode is given
  /// `slice` of each batch, and takes its part of the masks that the whole batch would draw. Batch
  /// norm uses the statistics of all ranks where `statistics` (borrowed) is given, else its own.
  void share_batch(const BatchSlice& slice, RankGroup* statistics);
  /// From now on batch norm normalises by the statistics of the batch in evaluation mode too, and
  /// mixes them with this weight into its running ones: for taking these anew without dropout and
  /// drop-connect. 0: evaluation mode is as usual again.
  void collect_statistics(double weight) { collecting_ = weight; }
  /// Freezes these parameters (full names): they take no gradient. A batch norm whose weight is
  /// frozen uses its running statistics in training too, and nothing changes them. Throws `kConfig`
  /// for a name that the module does not have.
  void freeze(const std::vector<std::string>& parameters);
  /// Sets all running statistics to 0 before they are collected anew, but for those of frozen
  /// batch norms.
  void clear_statistics();
  const Network& network() const { return network_; }

 private:
  struct Layer;  // tensors and paddings of one node
  std::shared_ptr<Layer> make_layer(int index, const ParameterSource& shared);
  torch::Tensor apply(const Node& node, const Layer& layer, std::vector<torch::Tensor>& values,
                      const torch::Tensor& mask);
  /// Sets `values` of a node, and of the activation after a batch norm, by an own kernel. False:
  /// none takes it.
  bool apply_own_kernel(int node, std::vector<torch::Tensor>& values);
  /// One mask per node that drops, for this process's part of a batch like `x`.
  std::vector<torch::Tensor> draw_masks(const torch::Tensor& x);

  Network network_;
  std::vector<std::shared_ptr<Layer>> layers_;  // one per node
  std::vector<int> last_use_;                   // node after which a value is freed
  std::vector<int> activation_after_;           // the only reader of a batch norm, or -1
  std::function<void(int)> after_node_;
  std::function<void(int, const at::Tensor&)> see_value_;
  at::Generator generator_;
  BatchSlice slice_;                 // total 0: the batch is whole
  RankGroup* statistics_ = nullptr;  // of batch norm; null: this process alone
  double collecting_ = 0;            // see `collect_statistics`
  bool own_kernels_ = false;
};
TORCH_MODULE(NetworkModule);

/// Total elements of trainable parameters.
int64_t count_parameters(const torch::nn::Module& module);

}  // namespace ridgeline
