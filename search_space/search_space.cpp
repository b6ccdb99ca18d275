#include "search_space/search_space.h"

#include <algorithm>

#include "search_space/plain_decisions.h"
#include "search_space/slots.h"

namespace ridgeline {

struct SearchSpace::Impl {
  std::string name;
  Architecture base;  // every slot at its first value
  std::vector<Slot> slots;
  std::vector<Decision> decisions;
  std::vector<size_t> slot_of;          // per decision
  std::optional<PlainDecisions> plain;  // then there is no base and no slot
};

SearchSpace::SearchSpace(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

SearchSpace SearchSpace::load(const std::filesystem::path& path) {
  return from_yaml(YamlView::load_file(path));
}

SearchSpace SearchSpace::from_yaml(const YamlView& view) {
  auto impl = std::make_unique<Impl>();
  if (PlainDecisions::describes(view)) {
    impl->plain.emplace(view);
    impl->name = impl->plain->name();
    impl->decisions = impl->plain->searched();
    return SearchSpace(std::move(impl));
  }
  SlotList list = read_slots(view);
  impl->decisions = make_decisions(list);
  impl->name = list.name;
  impl->base = list.base;
  impl->slots = std::move(list.slots);
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
bool SearchSpace::is_plain() const { return impl_->plain.has_value(); }
std::vector<std::string> SearchSpace::plain_names() const {
  return impl_->plain ? impl_->plain->names() : std::vector<std::string>{};
}
long double SearchSpace::size() const { return count_points(impl_->decisions); }

Architecture SearchSpace::decode(const Genotype& genotype) const {
  check_genotype(impl_->decisions, genotype);
  if (impl_->plain) return impl_->plain->decode(genotype);
  Architecture architecture = impl_->base;
  for (size_t i = 0; i < genotype.size(); ++i) {
    if (genotype[i] == kInactive) continue;
    const Slot& slot = impl_->slots[impl_->slot_of[i]];
    slot.field.set(architecture, slot.values[static_cast<size_t>(genotype[i])]);
  }
  return architecture;
}

int SearchSpace::classes() const { return impl_->base.classes; }
int SearchSpace::input_channels() const { return impl_->base.input_channels; }
int SearchSpace::resolution() const { return impl_->base.resolution; }
bool SearchSpace::leaves_open(const std::string& field) const {
  return std::any_of(impl_->slots.begin(), impl_->slots.end(),
                     [&](const Slot& slot) { return slot.open && slot.name == field; });
}

Genotype SearchSpace::encode(const Architecture& architecture) const {
  if (impl_->plain) return impl_->plain->encode(architecture);
  if (architecture.is_plain()) {
    throw Error(ErrorKind::kConfig, "architecture " + architecture.name +
                                        ": is plain decisions; the space " + impl_->name +
                                        " describes networks");
  }
  if (architecture.stages.size() != impl_->base.stages.size()) {
    throw Error(ErrorKind::kConfig, "architecture " + architecture.name + ": " +
                                        std::to_string(architecture.stages.size()) +
                                        " stages; the space " + impl_->name + " has " +
                                        std::to_string(impl_->base.stages.size()));
  }
  Genotype genotype;
  Architecture canonical = impl_->base;
  for (const auto& slot : impl_->slots) {
    if (slot.open) continue;
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
