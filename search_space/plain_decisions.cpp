#include "search_space/plain_decisions.h"

#include <algorithm>

#include "core/error.h"

namespace ridgeline {
namespace {

std::vector<YamlView> one_or_more(const YamlView& given) {
  return given.is_list() ? given.items() : std::vector<YamlView>{given};
}

std::vector<std::string> read_labels(const YamlView& given) {
  std::vector<std::string> labels;
  for (const auto& item : one_or_more(given)) {
    labels.push_back(item.as_string());
    if (labels.back().empty()) item.fail("a choice needs a name");
    if (std::count(labels.begin(), labels.end(), labels.back()) > 1)
      item.fail("given twice in the list");
  }
  return labels;
}

}  // namespace

PlainDecisions::PlainDecisions(const YamlView& root) {
  root.refuse_unknown({"name", "decisions"});
  if (const auto given = root.find("name")) name_ = given->as_string();
  if (name_.empty()) name_ = std::filesystem::path(root.source()).stem().string();
  const YamlView decisions = root.at("decisions");
  for (const auto& [name, given] : decisions.entries()) read_entry(name, given);
  if (entries_.empty()) decisions.fail("names no decision; expected NAME: [choice, choice]");
}

void PlainDecisions::read_entry(const std::string& name, const YamlView& given) {
  if (name.empty()) given.fail("a decision needs a name");
  Entry entry{.decision = {.name = name, .labels = {}}};
  if (given.is_map()) {
    given.refuse_unknown({"choices", "active_when"});
    entry.decision.labels = read_labels(given.at("choices"));
    if (const auto condition = given.find("active_when")) read_condition(*condition, entry);
  } else {
    entry.decision.labels = read_labels(given);
  }
  if (entry.decision.choices() > 1 && !entry.never) entry.index = searched_++;
  entries_.push_back(std::move(entry));
}

void PlainDecisions::read_condition(const YamlView& given, Entry& entry) const {
  const std::vector<std::string> earlier = names();
  for (const auto& [name, choices] : given.entries()) {
    const auto found = std::find(earlier.begin(), earlier.end(), name);
    if (found == earlier.end()) {
      choices.fail("no earlier decision has this name; " +
                   (earlier.empty() ? "there is none before " + entry.decision.name
                                    : "valid: " + join(earlier)));
    }
    add_term(choices, entries_[static_cast<size_t>(found - earlier.begin())], entry);
  }
}

/// What asks of a searched decision becomes a term. A decided one that offers nothing of it rules
/// the entry out; else the entry is there wherever the decided one is.
void PlainDecisions::add_term(const YamlView& given, const Entry& other, Entry& entry) const {
  const auto& labels = other.decision.labels;
  Clause::Term term{.decision = other.index, .choices = {}};
  for (const auto& label : read_labels(given)) {
    const auto found = std::find(labels.begin(), labels.end(), label);
    if (found != labels.end()) {
      term.choices.push_back(static_cast<int>(found - labels.begin()));
    } else if (other.index >= 0) {
      given.fail("'" + label + "' is no choice of it; valid: " + join(labels));
    }
  }
  entry.never = entry.never || other.never || term.choices.empty();
  std::vector<Clause::Term> terms = {term};
  if (other.index < 0) {
    const auto& inherited = other.decision.active_when;
    terms = inherited.empty() ? std::vector<Clause::Term>{} : inherited[0].terms;
  }
  if (terms.empty()) return;
  auto& clauses = entry.decision.active_when;
  if (clauses.empty()) clauses.emplace_back();
  clauses[0].terms.insert(clauses[0].terms.end(), terms.begin(), terms.end());
}

std::vector<std::string> PlainDecisions::names() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.decision.name);
  return names;
}

std::vector<Decision> PlainDecisions::searched() const {
  std::vector<Decision> decisions;
  for (const auto& entry : entries_) {
    if (entry.index >= 0) decisions.push_back(entry.decision);
  }
  return decisions;
}

bool PlainDecisions::present(const Entry& entry, const Genotype& genotype) {
  return !entry.never && is_active(entry.decision, genotype);
}

Architecture PlainDecisions::decode(const Genotype& genotype) const {
  Architecture architecture;
  architecture.name = name_;
  for (const auto& entry : entries_) {
    if (!present(entry, genotype)) continue;
    const int choice = entry.index < 0 ? 0 : genotype[static_cast<size_t>(entry.index)];
    architecture.decisions.push_back(
        {entry.decision.name, entry.decision.labels[static_cast<size_t>(choice)]});
  }
  return architecture;
}

Genotype PlainDecisions::encode(const Architecture& architecture) const {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kConfig, "architecture " + architecture.name + ": " + what);
  };
  if (!architecture.is_plain()) {
    fail("describes a network; the space " + name_ + " is plain decisions");
  }
  Genotype genotype;
  size_t matched = 0;
  for (const auto& entry : entries_) {
    const auto& [name, labels, condition] = entry.decision;
    if (!present(entry, genotype)) {
      if (entry.index >= 0) genotype.push_back(kInactive);
      continue;
    }
    const auto given = std::find_if(
        architecture.decisions.begin(), architecture.decisions.end(),
        [&](const NamedChoice& choice) { return choice.decision == entry.decision.name; });
    if (given == architecture.decisions.end()) fail("lacks the decision " + name);
    const auto found = std::find(labels.begin(), labels.end(), given->choice);
    if (found == labels.end()) {
      fail(name + " = " + given->choice + " is not offered by the space " + name_ +
           "; valid: " + join(labels));
    }
    ++matched;
    if (entry.index >= 0) genotype.push_back(static_cast<int>(found - labels.begin()));
  }
  if (matched != architecture.decisions.size()) {
    fail("has decisions that the space " + name_ + " has not, or that its other choices rule out");
  }
  return genotype;
}

}  // namespace ridgeline
