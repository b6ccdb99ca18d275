#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// Nodes whose names share a beginning, or one node.
struct PyTorchPart {
  std::string name;  ///< the next word of the names: "block0"
  std::string path;  ///< with what stands before it: "stage1.block0"
  int node = -1;     ///< of a single node; -1: a group
  std::vector<PyTorchPart> parts;
  std::vector<int> inputs, outputs;  ///< values that it reads from outside, and that others read
};

/// A network as the tree of its nodes' names, which become the modules of a Python file.
class NetworkParts {
 protected:
  explicit NetworkParts(const Network& network);

  /// The whole tree, every group in an order in which each part finds its inputs. Throws `kConfig`
  /// for a name that Python cannot spell, and for groups that read each other.
  PyTorchPart tree() const;

  const Network& network() const { return network_; }
  bool flat(int value) const { return flat_[static_cast<size_t>(value)]; }
  const Node& node(int index) const { return network_.node(index); }
  const Shape& in_shape(int index) const { return node(node(index).inputs[0]).shape; }
  /// "16x8x8, 24x8x8": channels, height and width of values.
  std::string shape_note(const std::vector<int>& values) const;
  /// Attributes that nn.Module or the file itself needs are no names for parts.
  static void require_attribute(const PyTorchPart& part);

  /// The part of a group that has this name; null: none.
  static const PyTorchPart* find(const PyTorchPart& group, std::string_view name);
  /// Nothing but the parts that are given, in this order; null ones are absent.
  static bool consists_of(const PyTorchPart& group,
                          std::initializer_list<const PyTorchPart*> expected);
  /// Each part reads the one before it alone, and nobody else does; the first reads `entry`.
  static bool is_chain(std::initializer_list<const PyTorchPart*> parts, int entry);
  template <class Op>
  const Op* op_of(const PyTorchPart* part) const {
    return part == nullptr || part->node < 0 ? nullptr : std::get_if<Op>(&node(part->node).op);
  }

 private:
  PyTorchPart group(const std::string& name, const std::string& path,
                    const std::vector<int>& nodes) const;
  void connect(PyTorchPart& part, const std::vector<int>& members) const;
  /// Puts the parts of every group into an order in which each finds its inputs.
  static void order(PyTorchPart& root);

  const Network& network_;
  std::vector<bool> flat_;                 // per node
  std::vector<std::vector<int>> readers_;  // per node
};

}  // namespace ridgeline
