#include <cstring>

#include "controller/controller.h"
#include "controller/policy/make_controller.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::conditional_space;
using test::error_of;

namespace {

ControllerConfig small_policy() { return {.policy = {.lstm = {.hidden = 12, .embedding = 7}}}; }

std::unique_ptr<Controller> fresh(uint64_t seed = 5) {
  return make_controller(small_policy(), conditional_space(), seed);
}

struct Step {
  std::vector<Genotype> genotypes;
  std::vector<double> rewards;
};

/// One step with numbers from stream `id`, and its record.
Step step(Controller& controller, uint64_t id) {
  RandomStream stream(3, id, "sample");
  Step made{controller.sample(6, stream), {}};
  for (const auto& g : made.genotypes) made.rewards.push_back(0.2 * g[2] + (g[1] == 2 ? 0.7 : 0.1));
  test::observe(controller, made.genotypes, made.rewards);
  return made;
}

void refuses(Controller& controller, const std::string& bytes, const std::string& message) {
  const std::string before = controller.save();
  CHECK(error_of([&] { controller.restore(bytes); }) == message);
  CHECK(controller.save() == before);
  try {
    controller.restore(bytes);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kRun);
  }
}

}  // namespace

TEST_CASE("a saved and restored controller steps bit for bit as the original") {
  const auto original = fresh();
  for (uint64_t i = 0; i < 5; ++i) step(*original, i);
  const auto copy = fresh(99);
  CHECK(copy->save() != original->save());
  copy->restore(original->save());
  CHECK(copy->save() == original->save());
  for (uint64_t i = 5; i < 10; ++i) {
    const Step ours = step(*original, i);
    const Step theirs = step(*copy, i);
    CHECK(ours.genotypes == theirs.genotypes);
    CHECK(original->save() == copy->save());
  }
}

TEST_CASE("a controller restored to before its first update starts its baseline anew") {
  const auto original = fresh();
  const std::string start = original->save();
  const Step first = step(*original, 0);
  const std::string after_first = original->save();
  original->restore(start);
  test::observe(*original, first.genotypes, first.rewards);
  CHECK(original->save() == after_first);
}

TEST_CASE("a controller replayed from the record equals the original bit for bit") {
  const auto original = fresh();
  std::vector<Step> record;
  for (uint64_t i = 0; i < 8; ++i) record.push_back(step(*original, i));
  const auto replayed = fresh();
  for (const auto& [genotypes, rewards] : record) test::observe(*replayed, genotypes, rewards);
  CHECK(replayed->save() == original->save());
  CHECK(step(*replayed, 8).genotypes == step(*original, 8).genotypes);
}

TEST_CASE("a random search restores its own bytes") {
  const auto controller =
      make_controller({.kind = ControllerKind::kRandom}, conditional_space(), 1);
  const std::string bytes = controller->save();
  controller->restore(bytes);
  CHECK(controller->save() == bytes);
}

TEST_CASE("bytes that are no controller's state are refused") {
  const auto controller = fresh();
  refuses(*controller, "name: tiny\nresolution: 32\n",
          "controller state: these bytes are not a controller's state; one begins with RIDGECTL");
  std::string future = controller->save();
  future[8] = 9;
  refuses(*controller, future,
          "controller state: format version 9 is unknown; this program reads version 3");
}

TEST_CASE("a state cut at any byte is refused as truncated and changes nothing") {
  const auto controller = fresh();
  const std::string bytes = controller->save();
  refuses(*controller, "", "controller state: truncated: 0 bytes do not hold even its header");
  refuses(*controller, bytes.substr(0, 100),
          "controller state: truncated: 100 bytes where " + std::to_string(bytes.size()) +
              " are announced");
  for (size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 97) {
    CHECK_THAT(error_of([&] { controller->restore(bytes.substr(0, size)); }),
               Catch::StartsWith("controller state: truncated: "));
  }
  CHECK(controller->save() == bytes);
}

TEST_CASE("a state with a changed or an added byte is refused as damaged") {
  const auto controller = fresh();
  const std::string bytes = controller->save();
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 1);
  refuses(*controller, flipped, "controller state: damaged: its checksum does not match its bytes");
  refuses(*controller, bytes + "x",
          "controller state: damaged: " + std::to_string(bytes.size() + 1) + " bytes where " +
              std::to_string(bytes.size()) + " are announced");
}

TEST_CASE("the state of another controller is refused with what differs") {
  const auto controller = fresh();
  const auto bytes_of = [](const ControllerConfig& config, const std::vector<Decision>& decisions) {
    return make_controller(config, decisions, 5)->save();
  };
  refuses(*controller, bytes_of({.kind = ControllerKind::kRandom}, conditional_space()),
          "controller state: saved by a 'random' controller; this one is 'reinforce'");
  refuses(*controller, bytes_of(small_policy(), test::plain_space()),
          "controller state: saved for 4 decisions; this search space has 3");
  refuses(*controller,
          bytes_of({.policy = {.lstm = {.hidden = 12, .layers = 2, .embedding = 7}}},
                   conditional_space()),
          "controller state: saved by a policy of hidden 12, layers 2, embedding 7; this one has "
          "hidden 12, layers 1, embedding 7");
}

TEST_CASE("the state of decisions with other names, labels or conditions is refused") {
  const auto controller = fresh();
  const auto refuses_change = [&](auto change) {
    auto decisions = conditional_space();
    change(decisions);
    refuses(*controller, make_controller(small_policy(), decisions, 5)->save(),
            "controller state: saved for other decisions than this search space's: as many, but "
            "names, choices or conditions differ");
  };
  refuses_change([](auto& decisions) { decisions[2].name = "skips"; });
  refuses_change([](auto& decisions) { decisions[1].labels[0] = "7"; });
  refuses_change([](auto& decisions) { decisions[1].active_when[0].terms[0].choices = {0}; });
  refuses_change([](auto& decisions) { decisions[1].active_when.clear(); });
}
