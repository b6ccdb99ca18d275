#include "experiments/plain_space.h"

#include <algorithm>

namespace ridgeline {
namespace {

class PlainSpaceRules {
 public:
  PlainSpaceRules(ExperimentConfig& config, const YamlView& view, const KeyPlace& place)
      : config_(config), view_(view), place_(place), space_(config.search_space()) {}

  void apply() {
    if (space_.is_plain()) {
      require_tables();
      switch_off_networks();
      if (!config_.accuracy.surrogate.empty() && !config_.accuracy.table.path.empty())
        fail("accuracy.surrogate", "is given beside accuracy.table.path; leave out one of them");
      if (reads_table(config_.accuracy.kind))
        complete_keys(config_.accuracy.table, "accuracy.table");
      auto targets = config_.targets();
      for (size_t i = 0; i < targets.size(); ++i) complete_latency(targets[i].latency, i);
      config_.set_targets(targets);
    } else {
      refuse_tables();
    }
    if (config_.latency.kind == LatencyKind::kNone) check_no_latency();
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    const std::string at = place_(key);
    throw Error(ErrorKind::kConfig, at + (at.ends_with(key) ? ": " : ": " + key + ": ") + what);
  }

  bool given(const std::string& section, const std::string& key) const {
    const auto map = view_.find(section);
    return map && map->has(key);
  }

  void require_tables() const {
    const std::string why = " needs networks, and space " + space_.name() +
                            " is plain decisions, which have none; valid: ";
    if (!reads_table(config_.accuracy.kind))
      fail("accuracy.kind", enum_name(config_.accuracy.kind) + why + "table, surrogate");
    const auto targets = config_.targets();
    for (size_t i = 0; i < targets.size(); ++i) {
      const LatencyKind kind = targets[i].latency.kind;
      if (!reads_table_file(kind) && kind != LatencyKind::kNone)
        fail(kind_key(i), enum_name(kind) + why + "table_file, surrogate, none");
    }
  }

  static std::string kind_key(size_t target) {
    return target == 0 ? "latency.kind" : "accelerators";
  }

  void complete_latency(LatencyConfig& latency, size_t target) const {
    const std::string section = target == 0 ? "latency" : "accelerators";
    if (reads_table_file(latency.kind)) complete_keys(latency.table_file, section + ".table_file");
  }

  /// A surrogate tells the networks of its space, and a scaled network is in no space.
  void check_surrogate() {
    if (config_.accuracy.surrogate.empty())
      fail("accuracy.surrogate", "is empty; for space " + space_.name() +
                                     ", which is of networks, expected a file of `ridgeline "
                                     "surrogate fit`");
    if (config_.scaling.enabled && given("scaling", "enabled"))
      fail("scaling.enabled",
           "accuracy.kind surrogate knows the networks of its space only, and scaled networks are "
           "outside; valid: false");
    config_.scaling.enabled = false;
  }

  void refuse_tables() {
    const std::string why = " knows points of plain decisions (`decisions:`), and space " +
                            space_.name() + " is of networks";
    if (config_.accuracy.kind == AccuracyKind::kSurrogate) check_surrogate();
    if (config_.accuracy.kind == AccuracyKind::kTable)
      fail("accuracy.kind", enum_name(config_.accuracy.kind) + why +
                                "; valid: proxy, supernet, command, formula, surrogate, zero_cost");
    const auto targets = config_.targets();
    for (size_t i = 0; i < targets.size(); ++i) {
      if (reads_table_file(targets[i].latency.kind))
        fail(kind_key(i), enum_name(targets[i].latency.kind) + why);
    }
  }

  void switch_off_networks() {
    if (config_.scaling.enabled && given("scaling", "enabled")) {
      fail("scaling.enabled",
           "space " + space_.name() +
               " is plain decisions, which have no network to scale; valid: false");
    }
    config_.scaling.enabled = false;
    const std::vector<ExportFormat> yaml = {ExportFormat::kYaml};
    if (config_.export_.formats != yaml && given("export", "formats")) {
      fail("export.formats",
           "space " + space_.name() +
               " is plain decisions, which have no network to write; valid: [yaml]");
    }
    config_.export_.formats = yaml;
    const RewardLimits& limits = config_.reward.limits;
    if (limits.params || limits.madds || limits.memory_mib) {
      fail("reward.limits", "space " + space_.name() +
                                " is plain decisions, which have no parameters, multiply-adds or "
                                "memory to limit; leave it out");
    }
  }

  void complete_keys(TableConfig& table, const std::string& section) const {
    const std::vector<std::string> names = space_.plain_names();
    if (!table.keys) table.keys = names;
    std::vector<std::string> used;
    for (const auto& key : *table.keys) {
      used.push_back(key.substr(0, key.find('=')));
      if (std::find(names.begin(), names.end(), used.back()) != names.end()) continue;
      const std::string near = nearest_name(used.back(), names);
      fail(section + ".keys",
           "'" + used.back() + "' is no decision of space " + space_.name() +
               (near.empty() ? "; valid: " + join(names) : "; did you mean '" + near + "'?"));
    }
    for (const auto& decision : space_.decisions()) {
      if (std::find(used.begin(), used.end(), decision.name) != used.end()) continue;
      fail(section + ".keys", "lacks the decision '" + decision.name +
                                  "', so that points which "
                                  "differ there would share a row");
    }
  }

  void check_no_latency() const {
    if (config_.reward.target_ms != 1) {
      fail("reward.target_ms",
           "must be 1 with latency.kind none: everything counts as 1 ms, so "
           "that the reward is the accuracy; got " +
               ConfigWriter::plain_number(config_.reward.target_ms));
    }
    if (config_.scaling.enabled) {
      fail("scaling.enabled",
           "LACS scales under a latency, and latency.kind is none; valid: false");
    }
  }

  ExperimentConfig& config_;
  const YamlView& view_;
  const KeyPlace& place_;
  SearchSpace space_;
};

}  // namespace

void complete_plain_space(ExperimentConfig& config, const YamlView& view, const KeyPlace& place) {
  PlainSpaceRules(config, view, place).apply();
}

}  // namespace ridgeline
