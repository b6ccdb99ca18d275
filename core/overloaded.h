#pragma once

namespace ridgeline {

/// Several lambdas as one visitor of a `std::variant`.
template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;  // clang-tidy 14 does not deduce it by itself

}  // namespace ridgeline
