#include "accuracy/training/reduction.h"

#include <algorithm>
#include <cmath>

#include "core/config.h"
#include "core/error.h"
#include "core/random.h"
#include "scaling/compound.h"

namespace ridgeline {
namespace {

constexpr int kTries = 20;  // random networks that are built to see whether the factor is possible

}  // namespace

Architecture reduced(const Architecture& architecture, const ReductionConfig& reduction) {
  return scale(architecture, {.width = reduction.width, .resolution = reduction.resolution},
               {.filter_multiple = 1, .resolution_rounding = ResolutionRounding::kNearest});
}

ImageSet reduced(const ImageSet& images, int classes, double share, uint64_t seed) {
  const auto count =
      std::max<int64_t>(classes, std::llround(share * static_cast<double>(images.size())));
  return select(images, balanced_subset(images.labels, classes, static_cast<int>(count), seed));
}

void require_reducible(const SearchSpace& space, const ReductionConfig& reduction, int resolution) {
  if (reduction.resolution == 1 && reduction.width == 1) return;
  RandomStream stream(1, 0, "reduction");
  for (int i = 0; i < kTries; ++i) {
    Architecture architecture = space.decode(random_genotype(space.decisions(), stream));
    if (resolution > 0 && space.leaves_open(kResolutionField)) architecture.resolution = resolution;
    try {
      lower(reduced(architecture, reduction));
    } catch (const Error& error) {
      throw Error(ErrorKind::kConfig,
                  "accuracy.proxy: networks of the space cannot be reduced so far (resolution " +
                      std::to_string(architecture.resolution) + " x " +
                      ConfigWriter::plain_number(reduction.resolution) + "): " + error.what() +
                      "; raise accuracy.proxy.resolution");
    }
  }
}

}  // namespace ridgeline
