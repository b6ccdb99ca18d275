#include "accuracy/evaluation/scores.h"

#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

void add(ClassificationScores& scores, const std::vector<float>& logits, int label) {
  scores.add(logits, label);
}

/// Five images of three classes. Predictions: 0, 1, 1, 2, 0.
ClassificationScores five_images() {
  ClassificationScores scores(3);
  add(scores, {2, 1, 0}, 0);
  add(scores, {0, 3, 1}, 0);
  add(scores, {0, 5, 1}, 1);
  add(scores, {0, 0, 1}, 2);
  add(scores, {4, 0, 1}, 2);
  return scores;
}

}  // namespace

TEST_CASE("top-1, confusion matrix and classes of five images, counted by hand") {
  const ClassificationScores scores = five_images();
  CHECK(scores.images() == 5);
  CHECK(scores.top1() == Approx(3.0 / 5));
  CHECK(scores.top5() == 1.0);  // there are only three classes
  const int expected[3][3] = {{1, 1, 0}, {0, 1, 0}, {1, 0, 1}};
  for (int label = 0; label < 3; ++label) {
    for (int predicted = 0; predicted < 3; ++predicted) {
      CHECK(scores.count(label, predicted) == expected[label][predicted]);
    }
  }
  const auto classes = scores.per_class();
  CHECK(classes[0].images == 2);
  CHECK(classes[0].predicted == 2);
  CHECK(classes[0].recall() == 0.5);
  CHECK(classes[0].precision() == 0.5);
  CHECK(classes[1].recall() == 1.0);
  CHECK(classes[1].precision() == 0.5);
  CHECK(classes[2].recall() == 0.5);
  CHECK(classes[2].precision() == 1.0);
  CHECK(scores.balanced_accuracy() == Approx(2.0 / 3));
  const auto worst = scores.worst_classes(2);
  REQUIRE(worst.size() == 2);
  CHECK(worst[0].label == 0);
  CHECK(worst[1].label == 2);
}

TEST_CASE("the loss is the mean cross-entropy, also for outputs that exp cannot hold") {
  ClassificationScores scores(2);
  add(scores, {0, 0}, 1);               // log 2
  add(scores, {std::log(3.0F), 0}, 0);  // -log(3 / 4)
  CHECK(scores.loss() == Approx((std::log(2.0) + std::log(4.0 / 3)) / 2));
  ClassificationScores large(2);
  add(large, {1000, 990}, 1);
  CHECK(large.loss() == Approx(10 + std::log1p(std::exp(-10.0))));
}

TEST_CASE("top-5 counts the five largest outputs; of equal ones the lower class is first") {
  ClassificationScores scores(7);
  add(scores, {7, 6, 5, 4, 3, 2, 1}, 4);  // fifth
  add(scores, {7, 6, 5, 4, 3, 2, 1}, 5);  // sixth
  CHECK(scores.top1() == 0);
  CHECK(scores.top5() == 0.5);
  ClassificationScores equal(7);
  add(equal, {0, 0, 0, 0, 0, 0, 0}, 0);
  add(equal, {0, 0, 0, 0, 0, 0, 0}, 4);
  add(equal, {0, 0, 0, 0, 0, 0, 0}, 5);
  CHECK(equal.top1() == Approx(1.0 / 3));
  CHECK(equal.top5() == Approx(2.0 / 3));
  CHECK(equal.count(5, 0) == 1);
}

TEST_CASE("classes without images count in no mean") {
  ClassificationScores scores(4);
  add(scores, {0, 1, 0, 0}, 1);
  CHECK(scores.balanced_accuracy() == 1.0);
  CHECK(scores.worst_classes(10).size() == 1);
  CHECK(scores.per_class()[3].recall() == 0);
  CHECK(ClassificationScores(4).top1() == 0);
  CHECK(ClassificationScores(4).loss() == 0);
}

TEST_CASE("outputs that are none are refused") {
  ClassificationScores scores(3);
  CHECK(contains(error_of([&] {
                   add(scores, {1, 2}, 0);
                 }),
                 "gives 2 outputs per image, but the data has 3 classes"));
  CHECK(contains(error_of([&] { add(scores, {1, 2, 3}, 3); }), "valid: 0 to 2"));
  CHECK(contains(error_of([&] { add(scores, {1, 2, NAN}, 0); }), "NaN or infinite"));
  CHECK(contains(error_of([&] {
                   add(scores, {std::numeric_limits<float>::infinity(), 2, 1}, 0);
                 }),
                 "NaN or infinite"));
  CHECK(scores.images() == 0);
}
