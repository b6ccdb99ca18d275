#include <algorithm>
#include <cmath>

#include "core/units.h"
#include "experiments/paper/coefficients.h"
#include "experiments/paper/findings.h"
#include "experiments/paper/operator_sweep.h"
#include "experiments/paper/reproduction_search.h"
#include "network/published/known_networks.h"

namespace ridgeline::paper {
namespace {

constexpr int kSmallTrials = 1000, kLargeTrials = 2000, kSeeds = 3, kStarts = 6;
const char* const kBegin = "<!-- of REINFORCE: may differ in another LibTorch -->\n";
const char* const kEnd = "<!-- end of REINFORCE -->\n";

std::string fenced(const std::string& text) { return "```text\n" + text + "```\n"; }

/// "1.4e16"
std::string power_text(double value) {
  const double exponent = std::floor(std::log10(value));
  return format_fixed(value / std::pow(10, exponent), 1) + "e" + format_fixed(exponent, 0);
}

std::string seeds_table(const Problem& problem, ControllerKind kind, int trials, double best) {
  TextTable table;
  table.header = scored_header();
  table.header.push_back("below the best reward");
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scored found = search(problem, {kind, trials, seed}).best;
    auto row = scored_row(enum_name(kind) + ", seed " + std::to_string(seed), found);
    row.push_back(format_fixed(100 * (1 - found.reward / best), 2) + " %");
    table.rows.push_back(row);
  }
  return table.str();
}

/// Both controllers at equal trials.
void add_searches(const Problem& problem, int trials, double best, bool policy_gradient,
                  std::string& text) {
  text += "Regularised evolution, " + std::to_string(trials) + " trials:\n\n" +
          fenced(seeds_table(problem, ControllerKind::kEvolution, trials, best)) + "\n";
  if (!policy_gradient) return;
  text += kBegin;
  text += "REINFORCE, " + std::to_string(trials) + " trials:\n\n" +
          fenced(seeds_table(problem, ControllerKind::kReinforce, trials, best)) + "\n" + kEnd +
          "\n";
}

std::string assumptions_table(const Device& device, const std::filesystem::path& data) {
  const SearchSpace space = load_space("efficientnet_x_operators");
  TextTable table;
  table.header = {"fusing is worth", "swish is worth", "best network"};
  const auto add = [&](const std::string& fused, const std::string& swish,
                       const Assumptions& assumptions) {
    const Bench bench(device, data, assumptions);
    const Problem problem = bench.problem(space);
    const Reference best = reference_sweep(problem, random_starts(problem, kStarts));
    table.rows.push_back({fused, swish, text_of(findings_of(best.best.architecture))});
  };
  using enum FusedCredit;
  using enum SwishCredit;
  add("by log MAdds", "per layer", {kLogMadds, kPerLayer});
  add("by log MAdds, at most Table 4's", "per layer", {kCapped, kPerLayer});
  add("the same for each stage", "per layer", {kFlat, kPerLayer});
  add("by log MAdds", "per stage", {kLogMadds, kPerPlace});
  return table.str();
}

std::string operators_text(const Bench& bench, const std::filesystem::path& data,
                           bool policy_gradient) {
  const Device& device = bench.device();
  const SearchSpace space = load_space("efficientnet_x_operators");
  const Problem problem = bench.problem(space);
  const Architecture paper = shipped_architecture("efficientnet_x_b0_" + device.target);
  const Sweep sweep = sweep_all(problem, {space.encode(paper)}, 3);
  const Scored& best = sweep.best.front();
  TextTable table;
  table.header = scored_header();
  for (size_t i = 0; i < sweep.best.size(); ++i) {
    table.rows.push_back(scored_row("rank " + std::to_string(i + 1), sweep.best[i]));
  }
  table.rows.push_back(
      scored_row("with space-to-depth, rank " + std::to_string(sweep.rank_with_space_to_depth),
                 sweep.best_with_space_to_depth));
  table.rows.push_back(scored_row("paper's X-B0, rank " + std::to_string(sweep.chosen[0].rank),
                                  sweep.chosen[0].scored));
  std::string text = "### " + device.title + ": operators, activations, space-to-depth\n\nSpace `" +
                     space.name() + "`, all " + std::to_string(sweep.networks) + " networks:\n\n" +
                     fenced(table.str()) + "\nThe best network beside Table 1:\n\n" +
                     fenced(table1_text(best.architecture, paper)) + "\n";
  add_searches(problem, kSmallTrials, best.reward, policy_gradient, text);
  return text + "The best network under other ways to divide Table 4's steps:\n\n" +
         fenced(assumptions_table(device, data)) + "\n";
}

std::string wide_text(const Bench& bench, const std::string& name, bool policy_gradient,
                      const std::vector<std::pair<std::string, Architecture>>& known,
                      Scored& best) {
  const SearchSpace space = load_space(name);
  const Problem problem = bench.problem(space);
  const Reference reference = reference_sweep(problem, random_starts(problem, kStarts));
  best = reference.best;
  TextTable table;
  table.header = scored_header();
  table.rows.push_back(scored_row("reference", best));
  for (const auto& [title, architecture] : known) {
    table.rows.push_back(scored_row(title, problem.score(space.encode(architecture))));
  }
  std::string text =
      "Space `" + name + "`, " + power_text(static_cast<double>(space.size())) +
      " networks. Reference: the best of " + std::to_string(reference.starts) +
      " climbs by one and two decisions, " + std::to_string(reference.evaluations) +
      " networks priced; climbs that end there: " + std::to_string(reference.agreeing) + ".\n\n" +
      fenced(table.str()) + "\n";
  add_searches(problem, kLargeTrials, best.reward, policy_gradient, text);
  return text;
}

std::string baseline_text(const Bench& bench, const std::filesystem::path& data,
                          bool policy_gradient) {
  const Architecture relu = efficientnet_b0_relu();
  const SearchSpace activations = load_space("efficientnet_activations");
  const Problem small = bench.problem(activations);
  const Sweep sweep = sweep_all(
      small,
      {activations.encode(relu), activations.encode(shipped_architecture("efficientnet_b0"))}, 1);
  TextTable table;
  table.header = scored_header();
  table.rows = {scored_row("best", sweep.best[0]),
                scored_row("EfficientNet-B0, ReLU, rank " + std::to_string(sweep.chosen[0].rank),
                           sweep.chosen[0].scored),
                scored_row("EfficientNet-B0, rank " + std::to_string(sweep.chosen[1].rank),
                           sweep.chosen[1].scored)};
  Scored best;
  std::string text = "### " + bench.device().title +
                     ": without the paper's operators\n\nSpace `efficientnet_activations`, all " +
                     std::to_string(sweep.networks) + " networks:\n\n" + fenced(table.str()) +
                     "\n" +
                     wide_text(bench, "efficientnet_blocks", policy_gradient,
                               {{"EfficientNet-B0, ReLU", relu}}, best);
  const double oracle_ratio = sweep.chosen[0].scored.latency_ms / best.latency_ms;
  text += "The reference network is " + format_fixed(oracle_ratio, 2) +
          " times as fast as EfficientNet-B0 with ReLU by the oracle";
  for (const MeasuredRatio& measured : measured_ratios(data, relu, best.architecture)) {
    text += ", " + format_fixed(measured.ratio, 2) + " times by Accel-NASBench's measurements on " +
            measured.device;
  }
  return text + ".\n\n";
}

std::string direct_text(const Bench& bench, bool policy_gradient) {
  const Device& device = bench.device();
  const SearchSpace space = load_space("efficientnet_x_operators");
  const ScalingAccuracy scaling;
  const double target_ms =
      bench.oracle().estimate(load_network("efficientnet_x_b1_" + device.target + "_released")).ms;
  const Problem blocks = bench.problem(space);
  const Scored base = reference_sweep(blocks, random_starts(blocks, kStarts)).best;
  const LacsFamily lacs =
      run_lacs({.base = base.architecture,
                .oracle = bench.oracle(),
                .accuracy = scaled_accuracy(base.architecture, base.accuracy, scaling),
                .target_ms = target_ms,
                .family = level_phis()});
  const DirectTask task{space, bench.oracle(), bench.accuracy(), scaling, target_ms};
  const Problem problem = direct_problem(task);
  TextTable table;
  table.header = {"at " + format_fixed(target_ms, 1) + " ms",
                  "accuracy %",
                  "ms",
                  "pixels",
                  "operators and activations",
                  "blocks"};
  const auto add = [&](const std::string& name, const Architecture& architecture, double accuracy,
                       double ms) {
    table.rows.push_back({name, format_fixed(100 * accuracy, 2), format_fixed(ms, 2),
                          std::to_string(architecture.resolution),
                          text_of(findings_of(architecture)), blocks_text(architecture)});
  };
  add("LACS of the best base", lacs.at_target.architecture, lacs.at_target.accuracy,
      lacs.at_target.latency_ms);
  const auto add_search = [&](ControllerKind kind) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Scored found = search(problem, {kind, kLargeTrials, seed}).best;
      add("direct, " + enum_name(kind) + ", seed " + std::to_string(seed), found.architecture,
          found.accuracy, found.latency_ms);
    }
  };
  add_search(ControllerKind::kEvolution);
  std::string text =
      "### " + device.title + ": direct search at X-B1's latency\n\n" + fenced(table.str()) + "\n";
  if (policy_gradient) {
    table.rows.clear();
    add_search(ControllerKind::kReinforce);
    text += kBegin + fenced(table.str()) + kEnd + "\n";
  }
  TextTable family;
  family.header = {"family of the best base", "depth", "width", "pixels", "accuracy %", "ms"};
  for (const LacsFamily::Member& member : lacs.members) {
    family.rows.push_back(
        {member.name, format_fixed(member.factors.depth, 2), format_fixed(member.factors.width, 2),
         std::to_string(member.architecture.resolution), format_fixed(100 * member.accuracy, 2),
         format_fixed(member.latency_ms, 1)});
  }
  return text + fenced(family.str()) + "\n";
}

}  // namespace

std::string search_section(const std::filesystem::path& data, bool policy_gradient,
                           const Progress& progress) {
  std::string text =
      "## Table 1 and Section 5.1: what the search finds by itself\n\n" +
      BlockAccuracy(data).description() +
      "\nReward: ACC x (LAT / T)^-0.09 with T the paper's latency of X-B0. A network's row gives "
      "its fused stages and its places with swish, numbered as in Table 1 (1 stem, 10 head); "
      "`e6k3l2s` is expansion 6, kernel 3, 2 layers, squeeze-and-excite.\n\n";
  for (const Device& device : devices()) {
    const Bench bench(device, data);
    progress(device.title + ": operators");
    text += operators_text(bench, data, policy_gradient);
    progress(device.title + ": all blocks");
    Scored best;
    text +=
        "### " + device.title + ": kernel, expansion, layers and squeeze-and-excite too\n\n" +
        wide_text(bench, "efficientnet_x_blocks", policy_gradient,
                  {{"paper's X-B0", shipped_architecture("efficientnet_x_b0_" + device.target)}},
                  best);
    progress(device.title + ": without the paper's operators");
    text += baseline_text(bench, data, policy_gradient);
    progress(device.title + ": direct search at X-B1's latency");
    text += direct_text(bench, policy_gradient);
  }
  return text;
}

std::string without_policy_gradient(const std::string& page) {
  std::string text = page;
  for (size_t begin; (begin = text.find(kBegin)) != std::string::npos;) {
    const size_t end = text.find(kEnd, begin);
    if (end == std::string::npos) return text.substr(0, begin);
    // The empty line after it too.
    text.erase(begin, end + std::string(kEnd).size() + 1 - begin);
  }
  return text;
}

}  // namespace ridgeline::paper
