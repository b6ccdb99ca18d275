#pragma once

#include <string>

#include "accuracy/images/image.h"

namespace ridgeline {

/// The image as the bytes of a PNG file.
std::string encode_png(const Image& image);

}  // namespace ridgeline
