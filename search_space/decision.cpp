#include "search_space/decision.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "core/error.h"

namespace ridgeline {
namespace {

bool holds(const Clause& clause, const Genotype& genotype) {
  return std::all_of(clause.terms.begin(), clause.terms.end(), [&](const Clause::Term& term) {
    const int choice = genotype[static_cast<size_t>(term.decision)];
    return std::find(term.choices.begin(), term.choices.end(), choice) != term.choices.end();
  });
}

/// For every decision, the last decision whose condition looks at it.
std::vector<size_t> last_readers(const std::vector<Decision>& decisions) {
  std::vector<size_t> last(decisions.size(), 0);
  for (size_t i = 0; i < decisions.size(); ++i) {
    for (const auto& clause : decisions[i].active_when) {
      for (const auto& term : clause.terms) last[static_cast<size_t>(term.decision)] = i;
    }
  }
  return last;
}

}  // namespace

bool is_active(const Decision& decision, const Genotype& genotype) {
  if (decision.active_when.empty()) return true;
  return std::any_of(decision.active_when.begin(), decision.active_when.end(),
                     [&](const Clause& clause) { return holds(clause, genotype); });
}

std::string to_text(const Genotype& genotype) {
  std::string text;
  for (const int choice : genotype) {
    if (!text.empty()) text += '.';
    text += choice == kInactive ? "-" : std::to_string(choice);
  }
  return text;
}

Genotype genotype_from_text(const std::string& text) {
  Genotype genotype;
  for (size_t begin = 0; begin <= text.size() && !text.empty();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    int choice = kInactive;
    const auto result = std::from_chars(part.data(), part.data() + part.size(), choice);
    const bool number = result.ec == std::errc() && result.ptr == part.data() + part.size();
    if (part != "-" && (!number || choice < 0)) {
      throw Error(ErrorKind::kRun,
                  "'" + text +
                      "' is no genotype: expected indices and '-' joined by dots, such as 0.2.-.1");
    }
    genotype.push_back(choice);
    begin = end + 1;
  }
  return genotype;
}

Genotype random_genotype(const std::vector<Decision>& decisions, RandomStream& stream) {
  Genotype genotype;
  genotype.reserve(decisions.size());
  for (const auto& decision : decisions) {
    genotype.push_back(is_active(decision, genotype) ? stream.below(decision.choices())
                                                     : kInactive);
  }
  return genotype;
}

void check_genotype(const std::vector<Decision>& decisions, const Genotype& genotype) {
  if (genotype.size() != decisions.size()) {
    const std::string culprit = genotype.size() < decisions.size()
                                    ? "none for " + decisions[genotype.size()].name
                                    : "more than the space has decisions";
    throw Error(ErrorKind::kConfig, "genotype " + to_text(genotype) + ": " +
                                        std::to_string(genotype.size()) + " choices, " + culprit +
                                        "; expected " + std::to_string(decisions.size()));
  }
  for (size_t i = 0; i < decisions.size(); ++i) {
    const int choice = genotype[i];
    const bool active = is_active(decisions[i], genotype);
    if (active ? choice >= 0 && choice < decisions[i].choices() : choice == kInactive) continue;
    throw Error(ErrorKind::kConfig,
                "genotype " + to_text(genotype) + ": " + decisions[i].name + " = " +
                    std::to_string(choice) + "; valid: " +
                    (active ? "0 to " + std::to_string(decisions[i].choices() - 1)
                            : "'-', as earlier choices make it meaningless"));
  }
}

long double count_points(const std::vector<Decision>& decisions) {
  // Walks the decisions once with the number of prefixes per state, where a state is the choices
  // that later conditions still look at.
  const auto last = last_readers(decisions);
  std::map<Genotype, long double> states{{{}, 1.0L}};
  for (size_t i = 0; i < decisions.size(); ++i) {
    std::map<Genotype, long double> next;
    const auto extend = [&](const Genotype& prefix, int choice, long double count) {
      Genotype state = prefix;
      state.push_back(choice);
      for (size_t j = 0; j <= i; ++j) {
        if (last[j] <= i) state[j] = kInactive - 1;  // no later condition looks at it
      }
      next[state] += count;
    };
    for (const auto& [prefix, count] : states) {
      if (!is_active(decisions[i], prefix)) {
        extend(prefix, kInactive, count);
      } else if (last[i] <= i) {
        extend(prefix, 0, count * decisions[i].choices());
      } else {
        for (int choice = 0; choice < decisions[i].choices(); ++choice)
          extend(prefix, choice, count);
      }
    }
    states = std::move(next);
  }
  long double total = 0;
  for (const auto& entry : states) total += entry.second;
  return total;
}

}  // namespace ridgeline
