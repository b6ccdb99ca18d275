#include "accuracy/data/data_report.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

/// 2 x 2 grey images of one value each.
ImageSet of_values(const std::vector<uint8_t>& values, const std::vector<int>& labels) {
  ImageSet set{2, 2, 1, {}, labels};
  for (const uint8_t value : values) set.pixels.insert(set.pixels.end(), 4, value);
  return set;
}

}  // namespace

TEST_CASE("A report counts classes and finds images that should not be there twice") {
  Dataset data{2,
               of_values({10, 20, 30, 20, 50}, {0, 0, 0, 1, 1}),
               of_values({60, 30}, {0, 1}),
               of_values({70}, {1}),
               {"cat", "dog"}};
  const DataReport report = examine(data);
  CHECK(report.splits[0].per_class == std::vector<int>{3, 2});
  CHECK(report.splits[2].per_class == std::vector<int>{0, 1});
  REQUIRE(report.between_splits.size() == 1);
  CHECK(report.between_splits[0].first == "train image 2");
  CHECK(report.between_splits[0].second == "validation image 1");
  REQUIRE(report.of_two_classes.size() == 1);
  CHECK(report.of_two_classes[0].second == "train image 3");
  const std::string text = report.str(1);
  CHECK_THAT(text, Contains("train: 5 images; smallest class dog 2, largest cat 3, imbalance 1.5"));
  CHECK_THAT(text, Contains("cat: 3 / 1 / 0") && !Contains("dog: 2 / 1 / 1"));
  CHECK_THAT(text, Contains("and 1 more (--all names them)"));
  CHECK_THAT(report.str(0), Contains("dog: 2 / 1 / 1"));
}

TEST_CASE("A contact sheet shows what the network sees, in rows of eight") {
  std::vector<uint8_t> values;
  std::vector<int> labels;
  for (int i = 0; i < 12; ++i) {
    values.push_back(static_cast<uint8_t>(10 + 20 * i));
    labels.push_back(i % 2);
  }
  const Dataset data{2, of_values(values, labels), {}, {}};
  TrainingConfig training;
  training.crop_padding = 0;
  const Image sheet = contact_sheet(data, training, 4, 12, 1);
  CHECK(sheet.width == 8 * 6 - 2);
  CHECK(sheet.height == 2 * 6 - 2);
  CHECK(std::abs(sheet.row(0)[0] - 10) <= 1);
  CHECK(std::abs(sheet.row(9)[3 * 6 * 3] - 230) <= 1);  // the twelfth
  CHECK(sheet.row(4)[0] == 0);                          // between the rows
}
