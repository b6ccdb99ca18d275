#include "search_space/search_space.h"

#include <algorithm>
#include <functional>
#include <map>

#include "search_space/fields.h"

namespace ridgeline {

/// One field of the space with what the file offers for it.
struct Slot {
  ArchitectureField field;
  std::string name;            // "stage3.kernel"
  std::vector<double> values;  // one: decided; several: searched
  int decision = -1;           // index of its decision, or -1
};

struct SearchSpace::Impl {
  std::string name;
  Architecture base;  // every slot at its first value
  std::vector<Slot> slots;
  std::vector<Decision> decisions;
  std::vector<size_t> slot_of;  // per decision
};

namespace {

const std::vector<std::string> kTopKeys = {
    "name",           "resolution", "input_channels", "classes",      "stem",
    "block_defaults", "stages",     "head",           "drop_connect", "batch_norm"};

class SpaceReader {
 public:
  explicit SpaceReader(const YamlView& root) : root_(root) {}

  std::string name;
  Architecture base;
  std::vector<Slot> slots;
  std::map<std::string, std::vector<std::string>>
      labels;  // per searched slot, its values as written

  void read() {
    root_.refuse_unknown(kTopKeys);
    if (const auto given = root_.find("name")) name = given->as_string();
    if (name.empty()) name = std::filesystem::path(root_.source()).stem().string();
    base.name = name;
    read_fields("", root_, top_fields());
    read_map("stem", stem_fields());
    read_stages();
    read_map("head", head_fields());
    read_fields("", root_, regularisation_fields(), /*searchable=*/false);
    if (const auto map = root_.find("batch_norm")) {
      map->refuse_unknown(keys_of(batch_norm_fields()));
      read_fields("batch_norm.", *map, batch_norm_fields(), /*searchable=*/false);
    }
  }

 private:
  static std::vector<std::string> keys_of(const std::vector<ArchitectureField>& fields) {
    std::vector<std::string> keys;
    for (const auto& field : fields) keys.push_back(field.key);
    return keys;
  }

  void read_map(const std::string& key, const std::vector<ArchitectureField>& fields) {
    const auto map = root_.find(key);
    if (!map) {
      for (const auto& field : fields) add_slot(key + "." + field.key, field, std::nullopt, true);
      return;
    }
    map->refuse_unknown(keys_of(fields));
    read_fields(key + ".", *map, fields);
  }

  void read_fields(const std::string& prefix, const YamlView& map,
                   const std::vector<ArchitectureField>& fields, bool searchable = true) {
    for (const auto& field : fields)
      add_slot(prefix + field.key, field, map.find(field.key), searchable);
  }

  void read_stages() {
    const auto defaults = root_.find("block_defaults");
    const auto keys = keys_of(stage_fields(0));
    if (defaults) defaults->refuse_unknown(keys);
    const auto stages = root_.at("stages").items();
    base.stages.resize(stages.size());
    for (size_t i = 0; i < stages.size(); ++i) {
      stages[i].refuse_unknown(keys);
      const std::string prefix = "stage" + std::to_string(i + 1) + ".";
      for (const auto& field : stage_fields(i)) {
        auto given = stages[i].find(field.key);
        if (!given && defaults) given = defaults->find(field.key);
        if (!given && (field.key == "filters" || field.key == "kernel")) {
          stages[i].fail("the key '" + field.key + "' is missing");
        }
        add_slot(prefix + field.key, field, given, true);
      }
    }
  }

  void add_slot(const std::string& name_of_slot, const ArchitectureField& field,
                const std::optional<YamlView>& given, bool searchable) {
    Slot slot{field, name_of_slot, {}, -1};
    if (!given) {
      slot.values = {field.get(base)};
    } else if (given->is_list()) {
      if (!searchable) given->fail("cannot be searched; give one value");
      for (const auto& item : given->items()) {
        const double value = field.parse(item);
        if (std::find(slot.values.begin(), slot.values.end(), value) != slot.values.end()) {
          item.fail("given twice in the list");
        }
        slot.values.push_back(value);
        labels[name_of_slot].push_back(item.as_string());
      }
    } else {
      slot.values = {field.parse(*given)};
    }
    field.set(base, slot.values[0]);
    slots.push_back(std::move(slot));
  }

  const YamlView& root_;
};

/// Finds the combinations of earlier choices under which `matters` holds, by trying all of them.
/// Choices that lead to the same answer share a clause; decisions that change nothing are left out.
class ConditionFinder {
 public:
  ConditionFinder(const std::vector<Decision>& decisions, Architecture base)
      : decisions_(decisions), architecture_(std::move(base)) {}

  /// `relevant`: the slots that `matters` looks at, each after those that its own activity depends
  /// on. Nothing: never. One clause without terms: always.
  std::vector<Clause> find(const std::vector<const Slot*>& relevant,
                           const std::function<bool(const Architecture&)>& matters) {
    searched_.clear();
    for (const Slot* slot : relevant) {
      if (slot->decision >= 0) searched_.push_back(slot);
    }
    genotype_.assign(decisions_.size(), kInactive);
    return visit(0, matters);
  }

 private:
  std::vector<Clause> visit(size_t depth, const std::function<bool(const Architecture&)>& matters) {
    if (depth == searched_.size()) {
      return matters(architecture_) ? std::vector<Clause>{{}} : std::vector<Clause>{};
    }
    const Slot& slot = *searched_[depth];
    const size_t index = static_cast<size_t>(slot.decision);
    if (!is_active(decisions_[index], genotype_)) return visit(depth + 1, matters);
    std::vector<std::pair<std::vector<Clause>, std::vector<int>>>
        groups;  // answer, choices that lead to it
    for (size_t choice = 0; choice < slot.values.size(); ++choice) {
      genotype_[index] = static_cast<int>(choice);
      slot.field.set(architecture_, slot.values[choice]);
      auto answer = visit(depth + 1, matters);
      const auto same = std::find_if(groups.begin(), groups.end(),
                                     [&](const auto& group) { return group.first == answer; });
      if (same != groups.end()) {
        same->second.push_back(static_cast<int>(choice));
      } else {
        groups.push_back({std::move(answer), {static_cast<int>(choice)}});
      }
    }
    genotype_[index] = kInactive;
    slot.field.set(architecture_, slot.values[0]);
    if (groups.size() == 1) return groups[0].first;
    std::vector<Clause> clauses;
    for (auto& [answer, choices] : groups) {
      for (Clause clause : answer) {
        clause.terms.insert(clause.terms.begin(), {slot.decision, choices});
        clauses.push_back(std::move(clause));
      }
    }
    return clauses;
  }

  const std::vector<Decision>& decisions_;
  Architecture architecture_;
  std::vector<const Slot*> searched_;
  Genotype genotype_;
};

/// Adds one decision per searched slot, with the condition under which it means something.
class DecisionBuilder {
 public:
  DecisionBuilder(SpaceReader& reader, std::vector<Decision>& decisions)
      : reader_(reader), decisions_(decisions) {}

  void build() {
    for (auto& slot : reader_.slots) {
      if (slot.values.size() < 2) continue;
      auto clauses = condition(slot);
      if (clauses.empty()) {  // means nothing anywhere in this space: no decision
        slot.values.resize(1);
        continue;
      }
      if (clauses[0].terms.empty()) clauses.clear();  // always active
      slot.decision = static_cast<int>(decisions_.size());
      decisions_.push_back({slot.name, reader_.labels.at(slot.name), std::move(clauses)});
    }
  }

 private:
  std::vector<Clause> condition(const Slot& slot) const {
    const size_t dot = slot.name.find('.');
    const std::string owner = slot.name.substr(0, dot);
    const std::string key = dot == std::string::npos ? "" : slot.name.substr(dot + 1);
    ConditionFinder finder(decisions_, reader_.base);
    if (owner == "head" && key == "activation") {
      return finder.find({slot_named("head.filters")},
                         [](const Architecture& a) { return a.head.filters > 0; });
    }
    if (!owner.starts_with("stage") || key == "layers") return {{}};
    const size_t index = static_cast<size_t>(std::stoi(owner.substr(5))) - 1;
    if (key == "skip") {
      return finder.find(skip_relevant(index), [index](const Architecture& a) {
        return a.stages[index].layers > 0 && skip_matters(a, index);
      });
    }
    if (key == "reshape_block") {
      return finder.find({slot_named(owner + ".layers"), slot_named(owner + ".reshape")},
                         [index](const Architecture& a) {
                           return a.stages[index].layers > 0 &&
                                  a.stages[index].reshape != Reshape::kNone;
                         });
    }
    return finder.find({slot_named(owner + ".layers")},
                       [index](const Architecture& a) { return a.stages[index].layers > 0; });
  }

  const Slot* slot_named(const std::string& name) const {
    for (const auto& slot : reader_.slots) {
      if (slot.name == name) return &slot;
    }
    throw Error(ErrorKind::kInternal, "no slot " + name);
  }

  /// What decides whether a stage's skip connection can exist: its own shape and the width that
  /// enters, which comes from the last earlier stage that is there.
  std::vector<const Slot*> skip_relevant(size_t index) const {
    std::vector<const Slot*> relevant;
    size_t first = index;
    while (first > 0) {
      --first;
      const auto& layers = slot_named("stage" + std::to_string(first + 1) + ".layers")->values;
      if (std::find(layers.begin(), layers.end(), 0.0) == layers.end()) break;
    }
    const std::string own = "stage" + std::to_string(index + 1);
    relevant.push_back(slot_named(own + ".layers"));
    relevant.push_back(slot_named(own + ".stride"));
    relevant.push_back(slot_named("stem.filters"));
    for (size_t i = first; i < index; ++i) {
      for (const char* key : {".layers", ".reshape", ".reshape_block", ".filters", ".stride"}) {
        relevant.push_back(slot_named("stage" + std::to_string(i + 1) + key));
      }
    }
    relevant.push_back(slot_named(own + ".filters"));
    return relevant;
  }

  SpaceReader& reader_;
  std::vector<Decision>& decisions_;
};

}  // namespace

SearchSpace::SearchSpace(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SearchSpace::~SearchSpace() = default;
SearchSpace::SearchSpace(SearchSpace&&) noexcept = default;
SearchSpace& SearchSpace::operator=(SearchSpace&&) noexcept = default;

SearchSpace SearchSpace::load(const std::filesystem::path& path) {
  return from_yaml(YamlView::load_file(path));
}

SearchSpace SearchSpace::from_yaml(const YamlView& view) {
  SpaceReader reader(view);
  reader.read();
  auto impl = std::make_unique<Impl>();
  DecisionBuilder(reader, impl->decisions).build();
  impl->name = reader.name;
  impl->base = reader.base;
  impl->slots = std::move(reader.slots);
  impl->slot_of.resize(impl->decisions.size());
  for (size_t i = 0; i < impl->slots.size(); ++i) {
    if (impl->slots[i].decision >= 0)
      impl->slot_of[static_cast<size_t>(impl->slots[i].decision)] = i;
  }
  lower(impl->base);  // refuses a resolution that cannot carry the strides
  return SearchSpace(std::move(impl));
}

const std::string& SearchSpace::name() const { return impl_->name; }
const std::vector<Decision>& SearchSpace::decisions() const { return impl_->decisions; }
long double SearchSpace::size() const { return count_points(impl_->decisions); }

Architecture SearchSpace::decode(const Genotype& genotype) const {
  check_genotype(impl_->decisions, genotype);
  Architecture architecture = impl_->base;
  for (size_t i = 0; i < genotype.size(); ++i) {
    if (genotype[i] == kInactive) continue;
    const Slot& slot = impl_->slots[impl_->slot_of[i]];
    slot.field.set(architecture, slot.values[static_cast<size_t>(genotype[i])]);
  }
  return architecture;
}

Genotype SearchSpace::encode(const Architecture& architecture) const {
  if (architecture.stages.size() != impl_->base.stages.size()) {
    throw Error(ErrorKind::kConfig, "architecture " + architecture.name + ": " +
                                        std::to_string(architecture.stages.size()) +
                                        " stages; the space " + impl_->name + " has " +
                                        std::to_string(impl_->base.stages.size()));
  }
  Genotype genotype;
  Architecture canonical = impl_->base;
  for (const auto& slot : impl_->slots) {
    const double value = slot.field.get(architecture);
    const auto found = std::find(slot.values.begin(), slot.values.end(), value);
    const bool decided = slot.decision >= 0;
    const bool active =
        !decided || is_active(impl_->decisions[static_cast<size_t>(slot.decision)], genotype);
    if (active && found == slot.values.end()) {
      throw Error(ErrorKind::kConfig, "architecture " + architecture.name + ": " + slot.name +
                                          " = " + ConfigWriter::plain_number(value) +
                                          " is not offered by the space " + impl_->name);
    }
    if (!decided) continue;
    genotype.push_back(active ? static_cast<int>(found - slot.values.begin()) : kInactive);
  }
  return genotype;
}

}  // namespace ridgeline
