#pragma once

#include <cstdint>

#include "core/enum_names.h"
#include "core/random.h"

namespace ridgeline {

/// The operations of RandAugment (Cubuk et al., 2020), as torchvision has them.
enum class AugmentOperation {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColor,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutoContrast,
  kEqualize
};
template <>
struct EnumNames<AugmentOperation> {
  static constexpr std::array<std::pair<AugmentOperation, const char*>, 14> values{
      {{AugmentOperation::kIdentity, "Identity"},
       {AugmentOperation::kShearX, "ShearX"},
       {AugmentOperation::kShearY, "ShearY"},
       {AugmentOperation::kTranslateX, "TranslateX"},
       {AugmentOperation::kTranslateY, "TranslateY"},
       {AugmentOperation::kRotate, "Rotate"},
       {AugmentOperation::kBrightness, "Brightness"},
       {AugmentOperation::kColor, "Color"},
       {AugmentOperation::kContrast, "Contrast"},
       {AugmentOperation::kSharpness, "Sharpness"},
       {AugmentOperation::kPosterize, "Posterize"},
       {AugmentOperation::kSolarize, "Solarize"},
       {AugmentOperation::kAutoContrast, "AutoContrast"},
       {AugmentOperation::kEqualize, "Equalize"}}};
};

/// Bytes of an image that are changed in place, [height, width, channels]; channels 1 or 3.
struct PixelView {
  uint8_t* pixels = nullptr;
  int width = 0, height = 0, channels = 3;
};

/// `amount` is shear as a slope, translation in pixels, rotation in degrees, a factor minus one,
/// bits that are kept, or the threshold of Solarize. What comes from outside the image is black.
void apply(AugmentOperation operation, double amount, const PixelView& image);

/// `operations` of the fourteen, drawn with equal probability, at `magnitude` of 0 to 30, with a
/// random sign where there are two directions.
void rand_augment(const PixelView& image, int operations, int magnitude, RandomStream& stream);

}  // namespace ridgeline
