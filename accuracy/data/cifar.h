#pragma once

#include <filesystem>

#include "accuracy/data/dataset.h"

namespace ridgeline {

/// CIFAR-10's binary version: data_batch_1.bin .. data_batch_5.bin and test_batch.bin in `folder`,
/// records of a label byte and 3 x 32 x 32 bytes. The validation part is not yet taken. Throws
/// `kData`: file missing, not a whole number of records, label out of range.
Dataset read_cifar10(const std::filesystem::path& folder);

/// CIFAR-100's binary version: train.bin and test.bin, records of a coarse label, a fine label (the
/// one that is used) and 3 x 32 x 32 bytes.
Dataset read_cifar100(const std::filesystem::path& folder);

}  // namespace ridgeline
