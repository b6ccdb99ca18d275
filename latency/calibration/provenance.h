#pragma once

#include "latency/calibration/measurements.h"
#include "latency/calibration/validation.h"

namespace ridgeline {

/// "A, B and 3 more: reason" for every reason to set rows aside.
std::vector<std::string> lines_set_aside(const Measurements& measurements);

/// Where fitted constants come from, for `constants.source`: files, rows, what was set aside, the
/// errors in-sample and held-out, and what these rows say nothing about. The same rows give the
/// same text: no date, no machine.
std::string provenance(const Measurements& measurements, const std::vector<Sample>& samples,
                       const Validation& validation);

/// The same of a fit to a part of the rows.
std::string provenance(const Measurements& measurements, const Split& split);

/// The text of a hardware file called `name` with the fitted constants, both baselines' and
/// their provenance; read back before it is returned.
std::string calibrated_file(const Measurements& measurements, const std::vector<Sample>& samples,
                            const Validation& validation, const std::string& name);
std::string calibrated_file(const Measurements& measurements, const Split& split,
                            const std::string& name);

}  // namespace ridgeline
