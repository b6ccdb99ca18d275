#include "scaling/lacs_config.h"

#include <cmath>

#include "core/error.h"

namespace ridgeline {
namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw Error(ErrorKind::kConfig, "scaling: " + what);
}

void check_grid(const GridConfig& grid) {
  require(grid.tolerance > 0 && grid.tolerance < 1, "tolerance must be between 0 and 1");
  for (const double maximum : {grid.max_alpha, grid.max_beta, grid.max_gamma}) {
    require(std::isfinite(maximum) && maximum >= 1,
            "max_alpha, max_beta and max_gamma must be at least 1");
  }
  require(grid.coarse_step >= 1e-4 && grid.fine_step >= 1e-4,
          "coarse_step and fine_step must be at least 0.0001");
  require(grid.max_candidates >= 1, "max_candidates must be at least 1");
  require(grid.refine_around >= 1, "refine_around must be at least 1");
}

void check_coefficient(const char* name, double value) {
  require(std::isfinite(value) && value >= 1,
          std::string(name) + " is " + ConfigWriter::plain_number(value) +
              "; coefficients must be at least 1 (Equation 5): 1 leaves the dimension as it is");
}

}  // namespace

void check(const LacsConfig& config) {
  require(std::isfinite(config.latency_ratio) && config.latency_ratio > 1,
          "latency_ratio must be above 1: a target below the base network's latency is out of "
          "reach, since scaling only adds");
  require(std::isfinite(config.level) && config.level > 0, "level must be above 0");
  check_coefficient("alpha", config.given.alpha);
  check_coefficient("beta", config.given.beta);
  check_coefficient("gamma", config.given.gamma);
  check_grid(config.grid);
  require(config.rounding.filter_multiple >= 1, "filter_multiple must be at least 1");
  require(config.rounding.resolution_multiple >= 1, "resolution_multiple must be at least 1");
  require(config.star_points >= kFewestStarPoints && config.star_points <= kMostStarPoints,
          "star_points must be from " + std::to_string(kFewestStarPoints) + " to " +
              std::to_string(kMostStarPoints));
  require(config.noise.noise >= 0, "noise must not be negative");
}

}  // namespace ridgeline
