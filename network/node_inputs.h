#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <vector>

namespace ridgeline {

/// The inputs of one node: indices of earlier nodes, in order. Up to two stand in the node itself,
/// since an allocation for each of some hundred nodes would take longer than all the rest of making
/// a network.
class NodeInputs {
 public:
  NodeInputs() = default;
  NodeInputs(std::initializer_list<int> nodes) : NodeInputs(nodes.begin(), nodes.end()) {}
  NodeInputs(const std::vector<int>& nodes)
      : NodeInputs(nodes.data(), nodes.data() + nodes.size()) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const int* begin() const { return size_ <= few_.size() ? few_.data() : many_.data(); }
  const int* end() const { return begin() + size_; }
  int operator[](size_t i) const { return begin()[i]; }

 private:
  NodeInputs(const int* first, const int* last) : size_(static_cast<size_t>(last - first)) {
    if (size_ <= few_.size()) {
      std::copy(first, last, few_.begin());
    } else {
      many_.assign(first, last);
    }
  }

  size_t size_ = 0;
  std::array<int, 2> few_{};
  std::vector<int> many_;  // all of them, where they are more than `few_` holds
};

}  // namespace ridgeline
