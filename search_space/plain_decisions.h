#pragma once

#include <string>
#include <vector>

#include "search_space/architecture.h"
#include "search_space/decision.h"

namespace ridgeline {

/// A space that is nothing but named decisions, for problems that no network format describes:
/// `decisions: {edge: [none, skip], rate: {choices: [1, 2], active_when: {edge: skip}}}`. A scalar
/// is a decision made. All entries of `active_when` must hold; they look at earlier decisions.
class PlainDecisions {
 public:
  /// Whether a space file is of this kind: it has the key `decisions`.
  static bool describes(const YamlView& root) { return root.is_map() && root.has("decisions"); }
  /// Throws `kConfig` with file:line:column for anything that is no such space.
  explicit PlainDecisions(const YamlView& root);

  const std::string& name() const { return name_; }
  std::vector<std::string> names() const;
  /// Those with a choice; the others are decided.
  std::vector<Decision> searched() const;

  /// An architecture without stages whose `decisions` holds every active entry, decided ones
  /// included.
  Architecture decode(const Genotype& genotype) const;
  /// Throws `kConfig` naming the decision whose choice the space does not offer.
  Genotype encode(const Architecture& architecture) const;

 private:
  struct Entry {
    Decision decision;
    int index = -1;      ///< among the searched; -1: decided
    bool never = false;  ///< a decided entry rules it out
  };
  void read_entry(const std::string& name, const YamlView& given);
  void read_condition(const YamlView& given, Entry& entry) const;
  void add_term(const YamlView& given, const Entry& other, Entry& entry) const;
  static bool present(const Entry& entry, const Genotype& genotype);

  std::string name_;
  std::vector<Entry> entries_;
  int searched_ = 0;
};

}  // namespace ridgeline
