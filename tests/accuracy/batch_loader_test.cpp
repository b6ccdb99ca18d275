#include "accuracy/batch_loader.h"

#include <ATen/ATen.h>

#include "accuracy/loss_sum.h"
#include "accuracy/optimizer.h"
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

TEST_CASE("Losses are summed in double and in order, however seldom they are looked at") {
  std::vector<float> losses;
  RandomStream stream(5, 0, "losses");
  for (int i = 0; i < 100; ++i) losses.push_back(static_cast<float>(stream.uniform()));
  double expected = 0;
  for (const float loss : losses) expected += static_cast<double>(loss);
  for (const int every : {1, 7, 1000}) {
    LossSum sum(every);
    double total = 0;
    for (size_t i = 0; i < losses.size(); ++i) {
      sum.add(static_cast<int64_t>(i), at::scalar_tensor(losses[i]));
      if (sum.due()) CHECK_FALSE(sum.look(total));
    }
    CHECK_FALSE(sum.look(total));
    CHECK(total == expected);
  }
}

TEST_CASE("The first loss that is no number is told with its step, and those before it count") {
  LossSum sum(10);
  double total = 0;
  sum.add(4, at::scalar_tensor(2.0F));
  sum.add(5, at::scalar_tensor(std::numeric_limits<float>::infinity()));
  sum.add(6, at::scalar_tensor(std::nanf("")));
  const auto bad = sum.look(total);
  REQUIRE(bad);
  CHECK(bad->step == 5);
  CHECK(std::isinf(bad->loss));
  CHECK(total == 2.0);
}

TEST_CASE("Gradients are scaled to the largest norm, smaller ones are left alone") {
  std::vector<at::Tensor> parameters = {at::zeros({2}), at::zeros({1, 1}), at::zeros({3})};
  parameters[0].mutable_grad() = at::tensor({3.0F, 0.0F});
  parameters[1].mutable_grad() = at::full({1, 1}, 4.0F);  // norm 5 together; the third has none
  clip_gradient(parameters, 10);
  CHECK(parameters[1].grad().item<float>() == 4.0F);
  clip_gradient(parameters, 1);
  CHECK(parameters[0].grad()[0].item<float>() == Approx(0.6));
  CHECK(parameters[1].grad().item<float>() == Approx(0.8));
}
