#pragma once

#include <string>
#include <vector>

#include "accuracy/data/dataset.h"
#include "accuracy/images/image.h"

namespace ridgeline {

/// Two images of equal pixels that should not both be there.
struct DuplicatePair {
  std::string first, second;  ///< files, or "train image 12"
};

/// What a person should know of a data set before a search.
struct DataReport {
  struct Split {
    std::string name;
    std::vector<int> per_class;
  };
  std::vector<std::string> classes;
  std::vector<Split> splits;  ///< train, validation, test
  int side = 0;               ///< what a network sees by default, in pixels
  /// Of the files of a folder; empty for other sources. Width and height: least, median, most.
  std::vector<int> widths, heights;
  std::vector<std::string> unreadable;        ///< "path: why"
  std::vector<std::string> converted;         ///< "path: what reading it converts"
  std::vector<DuplicatePair> between_splits;  ///< an image of train in validation or test
  std::vector<DuplicatePair> of_two_classes;  ///< within train

  /// Lists are cut after `most` lines each; 0: never.
  std::string str(size_t most) const;
};

/// Looks at every image once.
DataReport examine(const Dataset& data);

/// What a network sees of `count` training images, balanced over the classes, at `resolution`:
/// augmented as the recipe of `training` says, in rows of eight.
Image contact_sheet(const Dataset& data, const TrainingConfig& training, int resolution, int count,
                    uint64_t seed);

}  // namespace ridgeline
