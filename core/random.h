#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ridgeline {

/// A reproducible stream of random numbers, the same on every platform and library version.
/// Streams with different keys are independent; two streams with equal keys are equal.
/// Everything random in Ridgeline draws from a stream derived from (seed, trial id, purpose).
class RandomStream {
 public:
  explicit RandomStream(uint64_t key);
  /// The stream of `purpose` within trial (or batch) `id` of the experiment seeded `seed`.
  RandomStream(uint64_t seed, uint64_t id, std::string_view purpose);

  uint64_t next();   ///< 64 uniform bits
  double uniform();  ///< [0, 1)
  double uniform(double low, double high);
  int below(int n);  ///< {0, ..., n-1} without bias. REQUIRES: n > 0
  double normal();   ///< mean 0, standard deviation 1

  /// All that decides what comes next; `from_words` goes on from there.
  const std::array<uint64_t, 4>& words() const { return state_; }
  static RandomStream from_words(const std::array<uint64_t, 4>& words);

 private:
  RandomStream() = default;
  std::array<uint64_t, 4> state_{};  // xoshiro256**
};

/// A 64-bit mix of (seed, id, purpose); used where a library wants an integer seed.
uint64_t derive_seed(uint64_t seed, uint64_t id, std::string_view purpose);

/// FNV-1a, 64 bits: the identity of a text in file names and stores. `before`: the hash of what the
/// text continues.
uint64_t hash_text(std::string_view text, uint64_t before = 0xCBF29CE484222325ULL);

}  // namespace ridgeline
