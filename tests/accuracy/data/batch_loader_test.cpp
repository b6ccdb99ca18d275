#include "accuracy/data/batch_loader.h"

#include <ATen/ATen.h>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Batches of one number, from a stream.
std::function<MadeBatch()> numbers(uint64_t seed) {
  return [stream = RandomStream(seed, 0, "numbers")]() mutable {
    const auto value = static_cast<float>(stream.below(1000));
    Batch batch{at::full({1, 1, 1, 1}, value), at::zeros({1}, at::kLong)};
    return MadeBatch{std::move(batch), stream};
  };
}

}  // namespace

TEST_CASE("Batches made ahead are those made when asked for, and so is the stream behind each") {
  BatchLoader ahead(numbers(3), 50, at::kCPU, true), asked(numbers(3), 50, at::kCPU, false);
  for (int i = 0; i < 50; ++i) {
    const MadeBatch a = ahead.next(), b = asked.next();
    CHECK(a.batch.images.item<float>() == b.batch.images.item<float>());
    CHECK(a.stream->words() == b.stream->words());
  }
}

TEST_CASE("A loader may go before its batches are taken") {
  BatchLoader loader(numbers(1), 1000, at::kCPU, true);
  loader.next();
}

TEST_CASE("What making a batch throws, taking it throws") {
  for (const bool ahead : {true, false}) {
    BatchLoader loader([]() -> MadeBatch { throw Error(ErrorKind::kData, "torn image"); }, 3,
                       at::kCPU, ahead);
    CHECK(error_of([&] { loader.next(); }) == "torn image");
  }
}
