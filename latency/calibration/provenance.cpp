#include "latency/calibration/provenance.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/units.h"

namespace ridgeline {
namespace {

// Four digits say more than any calibration knows.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

std::string rows_of_families(const std::vector<Sample>& samples) {
  std::set<std::string> families;
  for (const Sample& sample : samples) families.insert(sample.family);
  return std::to_string(samples.size()) + " rows of " + std::to_string(families.size()) +
         (families.size() == 1 ? " family" : " families");
}

/// What was fitted beyond the constants, what was not, and what says nothing about it.
std::string remarks(const Measurements& measurements, const Fit& fit) {
  std::string text;
  for (const auto& [session, supply] : fit.supplies) {
    text +=
        " input_us of session '" + session + "' is " + format_fixed(supply, 2) + " times as long.";
  }
  for (const std::string& line : lines_set_aside(measurements)) text += " Set aside: " + line + ".";
  std::vector<std::string> priors;
  for (const Parameter& parameter : open_parameters(fit.hardware)) {
    const bool identified =
        std::any_of(fit.constants.begin(), fit.constants.end(), [&](const auto& constant) {
          return constant.parameter.name == parameter.name && constant.of_prior <= 0.9;
        });
    if (!identified) priors.push_back(parameter.name);
  }
  if (!priors.empty())
    text += " Hardly or not identified, near their priors: " + join(priors) + ".";
  return text;
}

std::string fitted_file(const Fit& fit, const std::vector<Sample>& samples,
                        const std::string& source, const std::string& name) {
  Hardware hardware = fit.hardware;
  hardware.name = name;
  EffectiveConstants& constants = hardware.constants;
  for (const FittedConstant& constant : fit.constants) {
    constant.parameter.set(rounded(constant.value), constants);
  }
  constants.whole_network_efficiency = rounded(fitted_efficiency(samples));
  set_power_law(samples, constants);
  for (double* value :
       {&constants.power_law_ms, &constants.power_law_flops, &constants.power_law_activations}) {
    *value = rounded(*value);
  }
  constants.source = source;
  HoldsFor& holds = hardware.holds_for;
  const auto [smallest, largest] =
      std::minmax_element(samples.begin(), samples.end(),
                          [](const Sample& a, const Sample& b) { return a.batch < b.batch; });
  holds.smallest_batch = smallest->batch;
  holds.largest_batch = largest->batch;
  holds.precision = samples.front().precision;
  for (const Sample& sample : samples) {
    if (sample.precision != samples.front().precision) holds.precision.reset();
  }
  std::string text = write_config(hardware);
  hardware_from_yaml(YamlView::parse(text, name));
  return text;
}

}  // namespace

std::vector<std::string> lines_set_aside(const Measurements& measurements) {
  std::map<std::string, std::vector<std::string>> networks;  // by reason
  for (const Measurement& row : measurements.set_aside) {
    networks[row.set_aside].push_back(row.network);
  }
  constexpr size_t kNamed = 4;
  std::vector<std::string> lines;
  for (const auto& [reason, names] : networks) {
    const std::vector<std::string> some(names.begin(),
                                        names.begin() + std::min(kNamed, names.size()));
    const size_t more = names.size() - some.size();
    lines.push_back(join(some) + (more > 0 ? " and " + std::to_string(more) + " more" : "") + ": " +
                    reason);
  }
  return lines;
}

std::string provenance(const Measurements& measurements, const std::vector<Sample>& samples,
                       const Validation& validation) {
  const Agreement in = agreement(samples, validation.in_sample);
  const Agreement out = agreement(samples, validation.held_out);
  return "Fitted by `ridgeline calibrate` on " + measurements.source + ", " +
         rows_of_families(samples) + ". Mean error " + format_percent(in.mape) + " in-sample, " +
         format_percent(out.mape) +
         (validation.by_family ? " with the row's family left out"
                               : " with a fifth of the rows left out") +
         " (Spearman " + format_fixed(out.spearman, 3) + ")." +
         remarks(measurements, validation.fit);
}

std::string provenance(const Measurements& measurements, const Split& split) {
  return "Fitted by `ridgeline calibrate` on " + rows_of_families(split.seen) + " drawn from " +
         measurements.source + ". Mean error " + format_percent(split.in_sample.mape) +
         " in-sample, " + format_percent(split.oracle.mape) + " of the other " +
         std::to_string(split.unseen.size()) + " rows (Spearman " +
         format_fixed(split.oracle.spearman, 3) + ")." + remarks(measurements, split.fit);
}

std::string calibrated_file(const Measurements& measurements, const std::vector<Sample>& samples,
                            const Validation& validation, const std::string& name) {
  return fitted_file(validation.fit, samples, provenance(measurements, samples, validation), name);
}

std::string calibrated_file(const Measurements& measurements, const Split& split,
                            const std::string& name) {
  return fitted_file(split.fit, split.seen, provenance(measurements, split), name);
}

}  // namespace ridgeline
