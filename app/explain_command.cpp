#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/explanation.h"

namespace ridgeline {
namespace {

using Json = nlohmann::ordered_json;

Json estimate_json(const Estimate& estimate) {
  Json json = {{"mean", estimate.mean}, {"standard_error", nullptr}};
  if (!std::isnan(estimate.standard_error)) json["standard_error"] = estimate.standard_error;
  return json;
}

Json choice_json(const Explanation& why, size_t d, size_t c) {
  const ChoiceEffect& effect = why.effects[d].choices[c];
  Json json = {{"choice", why.decisions[d].labels[c]}, {"trials", effect.trials}};
  if (effect.trials > 0) {
    json["rank"] = effect.rank;
    json["reward"] = estimate_json(effect.reward);
    json["accuracy"] = estimate_json(effect.accuracy);
    json["latency_ms"] = estimate_json(effect.latency_ms);
  }
  auto policy = Json::array();
  for (const auto& moment : why.policy) policy.push_back(moment.marginals[d][c]);
  json["policy"] = std::move(policy);
  return json;
}

Json decision_json(const Explanation& why, size_t d) {
  Json json = {{"decision", why.decisions[d].name},
               {"trials", why.effects[d].trials},
               {"explained", why.effects[d].explained},
               {"winner", nullptr}};
  if (why.winner && why.winning[d] != kInactive)
    json["winner"] = why.decisions[d].labels[static_cast<size_t>(why.winning[d])];
  auto choices = Json::array();
  for (size_t c = 0; c < why.effects[d].choices.size(); ++c)
    choices.push_back(choice_json(why, d, c));
  json["choices"] = std::move(choices);
  return json;
}

}  // namespace

std::string explanation_json(const Explanation& why) {
  Json json = {{"run", why.run}, {"trials", why.trials}, {"winner", nullptr}};
  if (why.winner) {
    json["winner"] = {{"trial", why.winner->id},
                      {"genotype", why.winner->genotype},
                      {"reward", why.winner->reward},
                      {"accuracy", why.winner->accuracy},
                      {"latency_ms", why.winner->latency_ms()}};
  }
  auto moments = Json::array();
  for (const auto& moment : why.policy)
    moments.push_back({{"updates", moment.updates}, {"trials", moment.trials}});
  json["policy_moments"] = std::move(moments);
  json["decisions"] = Json::array();
  for (size_t d = 0; d < why.decisions.size(); ++d)
    json["decisions"].push_back(decision_json(why, d));
  json["failures"] = Json::array();
  for (const auto& group : why.failures) {
    json["failures"].push_back({{"status", enum_name(group.status)},
                                {"cause", group.cause},
                                {"trials", group.trials},
                                {"share", group.trials / static_cast<double>(why.trials)}});
  }
  json["attempts"] = Json::array();
  for (const auto& count : why.attempts) {
    json["attempts"].push_back({{"status", enum_name(count.status)},
                                {"cause", count.cause},
                                {"attempts", count.attempts}});
  }
  return json.dump(2) + "\n";
}

void explain_command(const ExplainOptions& options) {
  RunDirectory run = RunDirectory::read(options.run);
  const Explanation why = explain_run(run);
  std::cout << (options.json ? explanation_json(why) : explanation_text(why));
}

}  // namespace ridgeline
