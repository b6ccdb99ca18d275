#include "core/random.h"

#include <array>
#include <bit>
#include <cmath>
#include <set>

#include "tests/catch.h"

using namespace ridgeline;

namespace {

/// The published algorithms (Blackman and Vigna), written down once more from their description.
struct Reference {
  std::array<uint64_t, 4> s{};

  explicit Reference(uint64_t x) {
    for (auto& word : s) {  // splitmix64
      uint64_t z = (x += 0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }
  uint64_t next() {  // xoshiro256**
    const uint64_t result = std::rotl(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = std::rotl(s[3], 45);
    return result;
  }
};

}  // namespace

TEST_CASE("the stream is xoshiro256** seeded by splitmix64") {
  // The first outputs of splitmix64 from 0, as published with its source, check the reference.
  CHECK(Reference(0).s[0] == 0xe220a8397b1dcdaf);
  CHECK(Reference(0).s[1] == 0x6e789e6aa1b965f4);
  for (const uint64_t key : {uint64_t{0}, uint64_t{1}, uint64_t{42}, UINT64_MAX}) {
    Reference reference(key);
    RandomStream stream(key);
    for (int i = 0; i < 100; ++i) REQUIRE(stream.next() == reference.next());
  }
}

TEST_CASE("the hash of a text is FNV-1a with 64 bits") {
  CHECK(hash_text("") == 0xcbf29ce484222325);
  CHECK(hash_text("a") == 0xaf63dc4c8601ec8c);
  CHECK(hash_text("foobar") == 0x85944171f73967e8);
}

TEST_CASE("streams of another seed, id or purpose differ, equal ones are equal") {
  std::set<uint64_t> first;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t id = 0; id < 20; ++id) {
      for (const char* purpose : {"", "weights", "batches", "Weights"}) {
        first.insert(RandomStream(seed, id, purpose).next());
      }
    }
  }
  CHECK(first.size() == 20 * 20 * 4);
  RandomStream a(3, 7, "weights"), b(3, 7, "weights");
  for (int i = 0; i < 10; ++i) CHECK(a.next() == b.next());
  CHECK(RandomStream(derive_seed(3, 7, "weights")).next() == RandomStream(3, 7, "weights").next());
}

TEST_CASE("uniform numbers fill their interval evenly") {
  RandomStream stream(1);
  constexpr int kDraws = 40000;
  std::array<int, 8> bins{};
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.uniform();
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    ++bins[static_cast<size_t>(x * 8)];
    const double y = stream.uniform(-3, 5);
    REQUIRE(y >= -3);
    REQUIRE(y < 5);
  }
  for (const int count : bins) CHECK(std::abs(count - kDraws / 8) < 5 * 67);  // 5 sigma
}

TEST_CASE("below(n) stays in range and takes every value equally often") {
  RandomStream stream(2);
  for (const int n : {1, 2, 3, 7, 10}) {
    std::array<int, 10> counts{};
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      const int value = stream.below(n);
      REQUIRE(value >= 0);
      REQUIRE(value < n);
      ++counts[static_cast<size_t>(value)];
    }
    const double p = 1.0 / n, sigma = std::sqrt(kDraws * p * (1 - p));
    for (int value = 0; value < n; ++value) {
      INFO(n << ": " << value);
      CHECK(std::abs(counts[static_cast<size_t>(value)] - kDraws * p) <= 5 * sigma);
    }
  }
  for (int i = 0; i < 1000; ++i) CHECK(stream.below(INT32_MAX) >= 0);
}

TEST_CASE("normal numbers have the moments and tails of the bell curve") {
  RandomStream stream(3);
  constexpr int kDraws = 100000;
  double sum = 0, squares = 0, cubes = 0, fourths = 0;
  int beyond_two = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.normal();
    REQUIRE(std::isfinite(x));
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourths += x * x * x * x;
    beyond_two += std::abs(x) > 2 ? 1 : 0;
  }
  CHECK(std::abs(sum / kDraws) < 0.02);
  CHECK(squares / kDraws == Approx(1).margin(0.03));
  CHECK(std::abs(cubes / kDraws) < 0.07);
  CHECK(fourths / kDraws == Approx(3).margin(0.2));
  CHECK(beyond_two / double{kDraws} == Approx(0.0455).margin(0.004));
}
