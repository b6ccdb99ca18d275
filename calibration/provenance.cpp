#include "calibration/provenance.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/units.h"

namespace ridgeline {
namespace {

std::string percent(double share) { return format_fixed(share * 100, 1) + " %"; }

// Four digits say more than any calibration knows.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
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
  std::set<std::string> families;
  for (const Sample& sample : samples) families.insert(sample.family);
  const Agreement in = agreement(samples, validation.in_sample);
  const Agreement out = agreement(samples, validation.held_out);
  std::string text = "Fitted by `ridgeline calibrate` on " + measurements.source + ", " +
                     std::to_string(samples.size()) + " rows of " +
                     std::to_string(families.size()) +
                     (families.size() == 1 ? " family" : " families") + ". Mean error " +
                     percent(in.mape) + " in-sample, " + percent(out.mape) +
                     (validation.by_family ? " with the row's family left out"
                                           : " with a fifth of the rows left out") +
                     " (Spearman " + format_fixed(out.spearman, 3) + ").";
  for (const auto& [session, supply] : validation.fit.supplies) {
    text +=
        " input_us of session '" + session + "' is " + format_fixed(supply, 2) + " times as long.";
  }
  for (const std::string& line : lines_set_aside(measurements)) text += " Set aside: " + line + ".";
  std::vector<std::string> priors;
  for (const Parameter& parameter : open_parameters(validation.fit.hardware)) {
    const auto& fitted = validation.fit.constants;
    const bool identified = std::any_of(fitted.begin(), fitted.end(), [&](const auto& constant) {
      return constant.parameter.name == parameter.name && constant.of_prior <= 0.9;
    });
    if (!identified) priors.push_back(parameter.name);
  }
  if (!priors.empty())
    text += " Hardly or not identified, near their priors: " + join(priors) + ".";
  return text;
}

std::string calibrated_file(const Measurements& measurements, const std::vector<Sample>& samples,
                            const Validation& validation, const std::string& name) {
  Hardware hardware = validation.fit.hardware;
  hardware.name = name;
  for (const FittedConstant& constant : validation.fit.constants) {
    constant.parameter.set(rounded(constant.value), hardware.constants);
  }
  hardware.constants.whole_network_efficiency = rounded(fitted_efficiency(samples));
  hardware.constants.source = provenance(measurements, samples, validation);
  const std::string text = write_config(hardware);
  hardware_from_yaml(YamlView::parse(text, name));
  return text;
}

}  // namespace ridgeline
