#include "search_space/slots.h"

#include <algorithm>

#include "search_space/search_space.h"

namespace ridgeline {
namespace {

const std::vector<std::string> kTopKeys = {
    "name",   "resolution", "input_channels", "classes",    "stem",         "block_defaults",
    "stages", "head",       "drop_connect",   "batch_norm", "normalization"};

constexpr size_t kMostStages = 200;

class SlotReader {
 public:
  explicit SlotReader(const YamlView& root) : root_(root) {}

  SlotList read() {
    root_.refuse_unknown(kTopKeys);
    if (const auto given = root_.find("name")) list_.name = given->as_string();
    if (list_.name.empty()) list_.name = std::filesystem::path(root_.source()).stem().string();
    list_.base.name = list_.name;
    read_fields("", root_, top_fields());
    read_map("stem", stem_fields());
    read_stages();
    read_map("head", head_fields());
    read_fields("", root_, regularisation_fields(), /*searchable=*/false);
    read_map("batch_norm", batch_norm_fields(), /*searchable=*/false);
    // A note of an export on the images that the network was trained on: no part of the network.
    if (const auto note = root_.find("normalization")) note->refuse_unknown({"mean", "std"});
    return std::move(list_);
  }

 private:
  static std::vector<std::string> keys_of(const std::vector<ArchitectureField>& fields) {
    std::vector<std::string> keys;
    for (const auto& field : fields) keys.push_back(field.key);
    return keys;
  }

  void read_map(const std::string& key, const std::vector<ArchitectureField>& fields,
                bool searchable = true) {
    const auto map = root_.find(key);
    if (!map) {
      for (const auto& field : fields)
        add_slot(key + "." + field.key, field, std::nullopt, searchable);
      return;
    }
    map->refuse_unknown(keys_of(fields));
    read_fields(key + ".", *map, fields, searchable);
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
    if (stages.size() > kMostStages) {
      stages[kMostStages].fail("a network has at most " + std::to_string(kMostStages) +
                               " stages, not " + std::to_string(stages.size()));
    }
    list_.base.stages.resize(stages.size());
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
      slot.values = {field.get(list_.base)};
      slot.open = name_of_slot == kResolutionField || name_of_slot == kMomentumField;
    } else if (given->is_list()) {
      if (!searchable) given->fail("cannot be searched; give one value");
      for (const auto& item : given->items()) {
        const double value = field.parse(item);
        if (std::find(slot.values.begin(), slot.values.end(), value) != slot.values.end()) {
          item.fail("given twice in the list");
        }
        slot.values.push_back(value);
        list_.labels[name_of_slot].push_back(item.as_string());
      }
    } else {
      slot.values = {field.parse(*given)};
    }
    field.set(list_.base, slot.values[0]);
    list_.slots.push_back(std::move(slot));
  }

  const YamlView& root_;
  SlotList list_;
};

}  // namespace

SlotList read_slots(const YamlView& root) { return SlotReader(root).read(); }

}  // namespace ridgeline
