#include "core/random.h"

#include <cmath>
#include <numbers>

namespace ridgeline {
namespace {

uint64_t splitmix(uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

uint64_t rotate_left(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

uint64_t hash_text(std::string_view text, uint64_t before) {
  uint64_t hash = before;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3ULL;
  }
  return hash;
}

uint64_t derive_seed(uint64_t seed, uint64_t id, std::string_view purpose) {
  uint64_t state = seed;
  uint64_t mixed = splitmix(state);
  state ^= id * 0xD1342543DE82EF95ULL + mixed;
  mixed = splitmix(state);
  state ^= hash_text(purpose) + mixed;
  return splitmix(state);
}

RandomStream::RandomStream(uint64_t key) {
  for (auto& word : state_) word = splitmix(key);
}

RandomStream::RandomStream(uint64_t seed, uint64_t id, std::string_view purpose)
    : RandomStream(derive_seed(seed, id, purpose)) {}

RandomStream RandomStream::from_words(const std::array<uint64_t, 4>& words) {
  RandomStream stream;
  stream.state_ = words;
  return stream;
}

uint64_t RandomStream::next() {
  const uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

double RandomStream::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double RandomStream::uniform(double low, double high) { return low + (high - low) * uniform(); }

int RandomStream::below(int n) {
  const uint64_t range = static_cast<uint64_t>(n);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % range;
  uint64_t bits = next();
  while (bits >= limit) bits = next();
  return static_cast<int>(bits % range);
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace ridgeline
