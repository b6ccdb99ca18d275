#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/random.h"

namespace ridgeline {

/// One way in which earlier choices make a decision meaningful: all of `terms` hold, where a term
/// says that decision `decision` chose one of `choices` (and is itself active).
struct Clause {
  struct Term {
    int decision = 0;
    std::vector<int> choices;
    bool operator==(const Term&) const = default;
  };
  std::vector<Term> terms;
  bool operator==(const Clause&) const = default;
};

/// One question that the controller answers: a name and a number of choices. It is active when
/// `active_when` is empty or any of its clauses holds; clauses only look at earlier decisions.
struct Decision {
  std::string name;                 ///< "stage3.kernel"
  std::vector<std::string> labels;  ///< text of each choice, for people: "3", "5"
  std::vector<Clause> active_when = {};
  int choices() const { return static_cast<int>(labels.size()); }
};

/// The chosen index per decision; `kInactive` where earlier choices make the decision meaningless.
/// Its text ("0.2.-.1") is the identity of an architecture in store, cache and file names.
using Genotype = std::vector<int>;
inline constexpr int kInactive = -1;

bool is_active(const Decision& decision, const Genotype& genotype);
std::string to_text(const Genotype& genotype);
/// Throws `kRun` for text that is no genotype.
Genotype genotype_from_text(const std::string& text);

/// A uniform choice at every active decision.
Genotype random_genotype(const std::vector<Decision>& decisions, RandomStream& stream);

/// Throws `kConfig` naming the decision when the length, an index or an inactive mark is wrong.
void check_genotype(const std::vector<Decision>& decisions, const Genotype& genotype);

/// The number of different genotypes; exact up to 2^63, a rounded value above.
long double count_points(const std::vector<Decision>& decisions);

}  // namespace ridgeline
