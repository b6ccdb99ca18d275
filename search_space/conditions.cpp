#include <algorithm>
#include <functional>

#include "search_space/slots.h"

namespace ridgeline {
namespace {

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
        groups.push_back({answer, {static_cast<int>(choice)}});
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
  explicit DecisionBuilder(SlotList& list) : list_(list) {}

  std::vector<Decision> build() {
    for (auto& slot : list_.slots) {
      if (slot.values.size() < 2) continue;
      auto clauses = condition(slot);
      if (clauses.empty()) {  // means nothing anywhere in this space: no decision
        slot.values.resize(1);
        continue;
      }
      if (clauses[0].terms.empty()) clauses.clear();  // always active
      slot.decision = static_cast<int>(decisions_.size());
      decisions_.push_back({slot.name, list_.labels.at(slot.name), std::move(clauses)});
    }
    return std::move(decisions_);
  }

 private:
  std::vector<Clause> condition(const Slot& slot) const {
    const size_t dot = slot.name.find('.');
    const std::string owner = slot.name.substr(0, dot);
    const std::string key = dot == std::string::npos ? "" : slot.name.substr(dot + 1);
    ConditionFinder finder(decisions_, list_.base);
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
    for (const auto& slot : list_.slots) {
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

  SlotList& list_;
  std::vector<Decision> decisions_;
};

}  // namespace

std::vector<Decision> make_decisions(SlotList& list) { return DecisionBuilder(list).build(); }

}  // namespace ridgeline
