#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ridgeline {

/// How a classifier did on the images of one class.
struct ClassScore {
  int label = 0;
  int64_t images = 0;        ///< of this class
  int64_t right = 0;         ///< of these, those that were classified so
  int64_t predicted = 0;     ///< images of all classes that were taken for this one
  double recall() const;     ///< right / images; 0 without images
  double precision() const;  ///< right / predicted; 0 where nothing was taken for it
};

/// Adds up, image by image, what a classifier answers about labelled images.
class ClassificationScores {
 public:
  explicit ClassificationScores(int classes);

  /// One image: the classifier's outputs before softmax, one per class, and the true class. Of
  /// equal outputs the one of the lower class counts as larger. Throws `kData` for another number
  /// of outputs or a label outside the classes, `kRun` for an output that is NaN or infinite.
  void add(std::span<const float> logits, int label);

  int classes() const { return classes_; }
  int64_t images() const { return images_; }
  /// Fraction of the images whose class has the largest output.
  double top1() const { return share(right_); }
  /// The same for the five largest outputs.
  double top5() const { return share(in_five_); }
  /// Mean of -log(softmax of the true class).
  double loss() const;
  /// Mean recall of the classes that have images.
  double balanced_accuracy() const;
  /// Images of class `label` that were taken for class `predicted`.
  int64_t count(int label, int predicted) const;
  /// Of every class, in order.
  std::vector<ClassScore> per_class() const;
  /// The `count` classes with the lowest recall, worst first, of those that have images; of equal
  /// ones the lower label first.
  std::vector<ClassScore> worst_classes(int count) const;

 private:
  double share(int64_t part) const;

  int classes_;
  int64_t images_ = 0, right_ = 0, in_five_ = 0;
  double loss_ = 0;
  std::vector<int64_t> confusion_;  // [label][predicted]
};

}  // namespace ridgeline
