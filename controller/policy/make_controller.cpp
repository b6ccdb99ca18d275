#include "controller/policy/make_controller.h"
#include "controller/checks.h"
#include "controller/controller.h"
#include "controller/evolution.h"
#include "controller/novelty.h"
#include "controller/nsga2.h"
#include "controller/policy/reinforce.h"
#include "controller/random_search.h"
#include "controller/screening.h"
#include "core/error.h"

namespace ridgeline {
namespace {

std::unique_ptr<Controller> make_kind(const ControllerConfig& config,
                                      const std::vector<Decision>& decisions, uint64_t seed) {
  switch (config.kind) {
    case ControllerKind::kReinforce:
    case ControllerKind::kPpo:
      return make_reinforce(config, decisions, seed);
    case ControllerKind::kEvolution:
      return make_evolution(config, decisions);
    case ControllerKind::kNsga2:
      return make_nsga2(config, decisions);
    case ControllerKind::kRandom:
      return make_random_search(decisions);
  }
  throw Error(ErrorKind::kInternal, "controller.kind: not one of the known kinds");
}

}  // namespace

std::unique_ptr<Controller> make_controller(const ControllerConfig& config,
                                            const std::vector<Decision>& decisions, uint64_t seed) {
  check_controller_config(config);
  check_decisions(decisions);
  auto controller = make_kind(config, decisions, seed);
  const int candidates = config.screening.value_or(1);
  if (config.redraws == 0 && candidates == 1) return controller;
  auto novel =
      std::make_unique<Novel>(std::move(controller), config.kind, decisions, config.redraws);
  if (candidates == 1) return novel;
  return make_screened(std::move(novel), config.kind, decisions, candidates);
}

}  // namespace ridgeline
