#include "controller/checks.h"
#include "controller/controller.h"
#include "controller/random_search.h"
#include "controller/reinforce.h"
#include "core/error.h"

namespace ridgeline {

std::unique_ptr<Controller> make_controller(const ControllerConfig& config,
                                            const std::vector<Decision>& decisions, uint64_t seed) {
  check_controller_config(config);
  check_decisions(decisions);
  switch (config.kind) {
    case ControllerKind::kReinforce:
      return make_reinforce(config, decisions, seed);
    case ControllerKind::kRandom:
      return make_random_search(decisions);
  }
  throw Error(ErrorKind::kInternal, "controller.kind: not one of the known kinds");
}

}  // namespace ridgeline
