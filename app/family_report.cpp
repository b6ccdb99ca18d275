#include "app/family_report.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"
#include "network/cost.h"

namespace ridgeline {
namespace {

std::string percent_of(double fraction) { return format_fixed(100 * fraction, 2) + " %"; }

std::string off_by(double fraction) {
  return (fraction < 0 ? "-" : "+") + format_fixed(100 * std::abs(fraction), 1) + " %";
}

std::string ms_or_none(double ms) { return std::isfinite(ms) ? format_ms(ms) : "does not fit"; }

std::string triple_text(const CompoundCoefficients& c) {
  return "alpha " + format_fixed(c.alpha, 3) + " (depth), beta " + format_fixed(c.beta, 3) +
         " (width), gamma " + format_fixed(c.gamma, 3) + " (resolution)";
}

/// "alpha 1.100 to 1.200, beta ..., gamma ..."
std::string range_text(const CompoundCoefficients& low, const CompoundCoefficients& high) {
  const auto one = [](const char* name, double from, double to) {
    return std::string(name) + " " + format_fixed(from, 3) +
           (from == to ? "" : " to " + format_fixed(to, 3));
  };
  return one("alpha", low.alpha, high.alpha) + ", " + one("beta", low.beta, high.beta) + ", " +
         one("gamma", low.gamma, high.gamma);
}

std::string range_of(const std::vector<CompoundCoefficients>& triples) {
  CompoundCoefficients low = triples.front(), high = low;
  for (const auto& triple : triples) {
    low = {std::min(low.alpha, triple.alpha), std::min(low.beta, triple.beta),
           std::min(low.gamma, triple.gamma)};
    high = {std::max(high.alpha, triple.alpha), std::max(high.beta, triple.beta),
            std::max(high.gamma, triple.gamma)};
  }
  return range_text(low, high);
}

std::string how_found(const LacsResult& result, const LacsConfig& config) {
  const std::string where = result.accelerator.empty() ? "" : " for " + result.accelerator;
  const std::string from =
      ", from " + std::to_string(result.candidates.size()) + " scaled networks";
  switch (config.mode) {
    case ScalingMode::kGiven:
      return "family" + where + " by given coefficients: " + triple_text(result.best) + "\n";
    case ScalingMode::kAccuracyOnly:
      return "family" + where + " by accuracy only: " + triple_text(result.best) + from +
             " of 2^phi times the multiply-adds\n";
    case ScalingMode::kLacs:
    case ScalingMode::kDirect:
      break;
  }
  return "family by LACS" + where + ": " + triple_text(result.best) + from + " at " +
         format_ms(result.target_ms) + "\n";
}

std::string grids_text(const LacsResult& result, const LacsConfig& config) {
  std::vector<std::string> steps;
  for (const double step : result.steps) {
    const std::string text = ConfigWriter::plain_number(step);
    if (steps.empty() || steps.back() != text) steps.push_back(text);
  }
  std::string text = "grids: alpha and beta in steps of " + join(steps) +
                     "; gamma solved so that each network meets the target\n";
  text += config.continuous ? "rounding: none in the search; the family: " : "rounding: ";
  text += to_text(config.rounding) + "\n";
  if (result.same_network.size() > 1)
    text += "same network: " + std::to_string(result.same_network.size()) +
            " triples of the grids build it: " + range_of(result.same_network) + "\n";
  return text;
}

std::string plateau_text(const Plateau& plateau) {
  const AccuracyNoise& noise = plateau.noise;
  return "plateau: " + std::to_string(plateau.networks) + " networks (" +
         std::to_string(plateau.triples.size()) +
         " triples) are within twice the noise of the best (" + percent_of(noise.deviation) +
         " of accuracy, " +
         (noise.of_surface      ? std::string("the residual of the surface")
          : noise.trainings > 0 ? "measured on " + std::to_string(noise.trainings) + " trainings"
                                : std::string("assumed: scaling.noise")) +
         "): " + range_text(plateau.low, plateau.high) + "\n";
}

std::string star_text(const LacsResult& result) {
  const StarReport& star = *result.star;
  const auto trained = static_cast<int>(star.points.size() + result.candidates.size());
  std::string text =
      "surface: fitted to " + std::to_string(star.points.size()) + " trainings, residual " +
      percent_of(star.surface.residual()) + "; it scored " + std::to_string(star.scored) +
      " networks of the grids, of which " + std::to_string(result.candidates.size()) +
      " were trained to confirm: " + std::to_string(trained) + " trainings instead of " +
      std::to_string(star.scored) + "; there the surface was off by " +
      percent_of(star.root_mean_square_error) + " (root mean square), " +
      percent_of(star.largest_error) + " at most\n";
  TextTable table{{"surface", "value", "95 % from", "to"}, {}};
  const char* names[] = {"offset",         "gain",           "rho",
                         "share of depth", "share of width", "share of resolution"};
  const auto parameters = star.surface.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const bool known = std::isfinite(parameters[i].low);
    table.rows.push_back({names[i], format_fixed(parameters[i].value, 3),
                          known ? format_fixed(parameters[i].low, 3) : "not known",
                          known ? format_fixed(parameters[i].high, 3) : "not known"});
  }
  return text + table.str();
}

std::string elasticity_table(const std::vector<NamedElasticities>& all) {
  TextTable table{{"elasticity", "depth", "width", "resolution"}, {}};
  for (const auto& [name, e] : all) {
    table.rows.push_back(
        {name, format_fixed(e.depth, 2), format_fixed(e.width, 2), format_fixed(e.resolution, 2)});
  }
  return "elasticities of the base network: growth in percent per percent of the dimension\n" +
         table.str();
}

std::string direct_table(const LacsResult& result) {
  TextTable table{{"direct search at phi", "alpha", "beta", "gamma", "depth", "width", "resolution",
                   "LACS: depth", "width", "resolution"},
                  {}};
  for (const auto& [phi, c] : result.direct) {
    const ScalingFactors own = c.at(phi), lacs = result.best.at(phi);
    table.rows.push_back({ConfigWriter::plain_number(phi), format_fixed(c.alpha, 3),
                          format_fixed(c.beta, 3), format_fixed(c.gamma, 3),
                          format_fixed(own.depth, 2), format_fixed(own.width, 2),
                          format_fixed(own.resolution, 2), format_fixed(lacs.depth, 2),
                          format_fixed(lacs.width, 2), format_fixed(lacs.resolution, 2)});
  }
  return table.str();
}

std::string misses_text(const LacsResult& result, const LacsConfig& config) {
  std::string text;
  for (const auto& member : result.family) {
    const double off = deviation_from_target(member);
    if (!member.over_limit.empty() || std::abs(off) <= config.grid.tolerance) continue;
    text += member.name + " misses its target of " + format_ms(member.target_ms) + " by " +
            off_by(off) + ", more than scaling.tolerance: ";
    text += config.fit_resolution
                ? "rounding permits none nearer on the way of these coefficients\n"
                : "set scaling.fit_resolution to true, or scaling.level to the phi of the member "
                  "that matters most\n";
  }
  return text;
}

/// Members of the same place in their families, one line for each accelerator.
std::string side_by_side(const std::vector<LacsResult>& results) {
  TextTable table{
      {"member", "accelerator", "depth", "width", "px", "params", "latency there", "accuracy"}, {}};
  for (size_t i = 0; i < results.front().family.size(); ++i) {
    for (const LacsResult& result : results) {
      if (i >= result.family.size()) continue;
      const FamilyMember& member = result.family[i];
      const OperatorCost total = cost(lower(member.architecture)).total;
      table.rows.push_back(
          {member.name, result.accelerator.empty() ? "main" : result.accelerator,
           format_fixed(member.factors.depth, 3), format_fixed(member.factors.width, 3),
           std::to_string(member.architecture.resolution),
           format_count(static_cast<double>(total.params)), ms_or_none(member.latency_ms),
           member.accuracy ? percent_of(*member.accuracy) : "-"});
    }
  }
  return "the families side by side\n" + table.str();
}

}  // namespace

std::string family_table(const std::vector<FamilyMember>& family) {
  TextTable table{{"member", "phi", "depth", "width", "px", "blocks", "params", "madds", "I",
                   "latency", "target", "off", "accuracy"},
                  {}};
  if (!family.empty()) {
    for (const auto& [name, ms] : family.front().elsewhere) table.header.push_back(name);
  }
  for (const auto& member : family) {
    const OperatorCost total = cost(lower(member.architecture)).total;
    table.rows.push_back(
        {member.name, format_fixed(member.phi, 2), format_fixed(member.factors.depth, 3),
         format_fixed(member.factors.width, 3), std::to_string(member.architecture.resolution),
         std::to_string(blocks_of(member.architecture)),
         format_count(static_cast<double>(total.params)),
         format_count(static_cast<double>(total.madds)),
         member.intensity > 0 ? format_fixed(member.intensity, 1) : "-",
         ms_or_none(member.latency_ms), member.target_ms > 0 ? format_ms(member.target_ms) : "-",
         member.target_ms > 0 ? off_by(deviation_from_target(member)) : "-",
         member.accuracy ? percent_of(*member.accuracy) : "-"});
    for (const auto& elsewhere : member.elsewhere)
      table.rows.back().push_back(ms_or_none(elsewhere.ms));
  }
  std::string text = table.str();
  for (const auto& member : family) {
    if (!member.over_limit.empty())
      text += member.name + " is refused: " + member.over_limit + "\n";
  }
  return text;
}

std::string family_report(const LacsResult& result, const LacsConfig& config) {
  if (!result.refused.empty())
    return "no scaled family: " + result.refused + "\n" + family_table(result.family);
  std::string text = how_found(result, config);
  if (config.mode != ScalingMode::kGiven) {
    text += grids_text(result, config);
    if (result.star) text += star_text(result);
    text += plateau_text(result.plateau);
    for (const auto& bound : result.bounds) text += bound + "\n";
  }
  if (!result.direct.empty()) text += "\n" + direct_table(result);
  text += "\n" + elasticity_table(result.elasticities);
  return text + "\n" + family_table(result.family) + misses_text(result, config);
}

std::string family_report(const std::vector<LacsResult>& results, const LacsConfig& config) {
  std::string text;
  for (const LacsResult& result : results)
    text += (text.empty() ? "" : "\n") + family_report(result, config);
  if (results.size() > 1) text += "\n" + side_by_side(results);
  return text;
}

void write_family(const std::vector<FamilyMember>& family, const std::filesystem::path& folder) {
  make_folder(folder);
  for (const auto& member : family) {
    if (!member.over_limit.empty()) continue;
    write_file_atomic(folder / (member.name + ".yaml"), to_yaml(member.architecture));
  }
}

void write_families(const std::vector<LacsResult>& results, const std::filesystem::path& folder) {
  make_folder(folder);
  for (const LacsResult& result : results) {
    const std::string name = result.accelerator.empty() ? "main" : result.accelerator;
    write_family(result.family, results.size() == 1 ? folder : folder / name);
  }
}

}  // namespace ridgeline
