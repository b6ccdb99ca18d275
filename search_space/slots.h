#pragma once

#include <map>
#include <string>
#include <vector>

#include "search_space/decision.h"
#include "search_space/fields.h"

namespace ridgeline {

/// One field of the space with what the file offers for it.
struct Slot {
  ArchitectureField field;
  std::string name;            // "stage3.kernel"
  std::vector<double> values;  // one: decided; several: searched
  int decision = -1;           // index of its decision, or -1
  bool open = false;           // left out by the file: the data or the training decide it
};

/// A space file as it was read: every field with what it offers, in the order in which fields are
/// decided.
struct SlotList {
  std::string name;
  Architecture base;  // every slot at its first value
  std::vector<Slot> slots;
  std::map<std::string, std::vector<std::string>>
      labels;  // per searched slot, its values as written
};

/// Throws `kConfig` with file:line:column for anything that is no space.
SlotList read_slots(const YamlView& root);

/// One decision per searched slot, with the condition under which it means something; a slot that
/// means nothing anywhere in the space keeps its first value only. Sets `Slot::decision`.
std::vector<Decision> make_decisions(SlotList& list);

}  // namespace ridgeline
