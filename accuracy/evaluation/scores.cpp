#include "accuracy/evaluation/scores.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace ridgeline {
namespace {

constexpr int64_t kFive = 5;

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double ClassScore::recall() const { return ratio(right, images); }
double ClassScore::precision() const { return ratio(right, predicted); }

ClassificationScores::ClassificationScores(int classes)
    : classes_(classes), confusion_(static_cast<size_t>(classes) * static_cast<size_t>(classes)) {}

void ClassificationScores::add(std::span<const float> logits, int label) {
  if (logits.size() != static_cast<size_t>(classes_)) {
    throw Error(ErrorKind::kData, "the model gives " + std::to_string(logits.size()) +
                                      " outputs per image, but the data has " +
                                      std::to_string(classes_) + " classes: the two must be equal");
  }
  if (label < 0 || label >= classes_) {
    throw Error(ErrorKind::kData, "the label " + std::to_string(label) +
                                      " is no class; valid: 0 to " + std::to_string(classes_ - 1));
  }
  if (!std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); })) {
    throw Error(ErrorKind::kRun, "the model's output for an image is NaN or infinite");
  }
  const auto largest = std::max_element(logits.begin(), logits.end());  // the first of equal ones
  const float own = logits[static_cast<size_t>(label)];
  int64_t before = 0;  // outputs that come before the label's
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    before += logits[i] > own || (logits[i] == own && i < static_cast<size_t>(label));
    sum += std::exp(static_cast<double>(logits[i]) - static_cast<double>(*largest));
  }
  ++images_;
  right_ += before == 0;
  in_five_ += before < kFive;
  loss_ += std::log(sum) + static_cast<double>(*largest) - static_cast<double>(own);
  const auto predicted = static_cast<size_t>(largest - logits.begin());
  ++confusion_[static_cast<size_t>(label) * static_cast<size_t>(classes_) + predicted];
}

double ClassificationScores::share(int64_t part) const { return ratio(part, images_); }

double ClassificationScores::loss() const {
  return images_ == 0 ? 0.0 : loss_ / static_cast<double>(images_);
}

int64_t ClassificationScores::count(int label, int predicted) const {
  return confusion_[static_cast<size_t>(label) * static_cast<size_t>(classes_) +
                    static_cast<size_t>(predicted)];
}

std::vector<ClassScore> ClassificationScores::per_class() const {
  std::vector<ClassScore> scores;
  for (int label = 0; label < classes_; ++label) {
    ClassScore score{label, 0, count(label, label), 0};
    for (int other = 0; other < classes_; ++other) {
      score.images += count(label, other);
      score.predicted += count(other, label);
    }
    scores.push_back(score);
  }
  return scores;
}

double ClassificationScores::balanced_accuracy() const {
  double sum = 0;
  int64_t seen = 0;
  for (const ClassScore& score : per_class()) {
    sum += score.recall();
    seen += score.images > 0;
  }
  return seen == 0 ? 0.0 : sum / static_cast<double>(seen);
}

std::vector<ClassScore> ClassificationScores::worst_classes(int count) const {
  std::vector<ClassScore> scores = per_class();
  std::erase_if(scores, [](const ClassScore& score) { return score.images == 0; });
  std::stable_sort(scores.begin(), scores.end(), [](const ClassScore& a, const ClassScore& b) {
    return a.recall() < b.recall();
  });
  if (scores.size() > static_cast<size_t>(count)) scores.resize(static_cast<size_t>(count));
  return scores;
}

}  // namespace ridgeline
