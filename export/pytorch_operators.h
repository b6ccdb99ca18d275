#pragma once

#include <set>
#include <string>
#include <vector>

#include "export/pytorch_parts.h"

namespace ridgeline {

// Python text.

std::string replaced(std::string text, std::string_view what, std::string_view by);
/// "(1, 2)"
std::string tuple(std::initializer_list<int64_t> values);
std::string real(double value);
/// A drop rate is computed from a block's index: six digits say all.
std::string rate_text(double rate);
/// "nn.ReLU"
const char* activation_class(ActivationKind kind);

/// Single operators as PyTorch: constructors of modules, and expressions.
class PyTorchOperators : public NetworkParts {
 protected:
  using NetworkParts::NetworkParts;

  struct Sides {
    int64_t left = 0, right = 0, top = 0, bottom = 0;
    bool even() const { return left == right && top == bottom; }
    std::string text() const {
      if (!even()) return tuple({left, right, top, bottom});
      return left == top ? std::to_string(left) : tuple({top, left});
    }
  };
  template <class Windowed>
  Sides sides(const Windowed& op, int index) const {
    const auto axes = window_axes(op);
    const ResolvedPadding h = resolve_padding(axes[0], in_shape(index).height);
    const ResolvedPadding w = resolve_padding(axes[1], in_shape(index).width);
    return {w.before, w.after, h.before, h.after};
  }
  static std::string kernel_text(const Conv2d& c);
  /// The constructor of an operator's module; empty for one that stands in `forward`.
  std::string operator_text(int index);
  /// An operator of several values, or one without a module.
  std::string expression(int index, const std::vector<std::string>& x) const;

  std::set<std::string> used_;               // names of kPyTorchBlocks
  std::vector<std::string> space_to_depth_;  // convolutions that start as the reshape

 private:
  std::string conv_text(const Conv2d& c, int index);
  std::string pool_text(const Pool& p, int index);
};

}  // namespace ridgeline
