#pragma once

namespace ridgeline {

/// The part of a batch that one rank of a data-parallel training works on: images `begin` ..
/// `begin + count - 1` of `total`.
struct BatchSlice {
  int begin = 0, count = 0, total = 0;
};

/// Rank `rank` of `size` ranks; counts differ by one at most. REQUIRES: total >= size.
inline BatchSlice slice_of(int total, int rank, int size) {
  const int share = total / size, rest = total % size;
  return {rank * share + (rank < rest ? rank : rest), share + (rank < rest ? 1 : 0), total};
}

}  // namespace ridgeline
