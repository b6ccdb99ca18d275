#include "core/file.h"
#include "latency/measurement/measurement_file.h"
#include "latency/measurement/sampling.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

SearchSpace space() {
  return SearchSpace::load(source_folder() / "configs" / "spaces" / "tiny.yaml");
}

}  // namespace

TEST_CASE("a larger sample begins with the smaller one, and another seed gives others") {
  const auto few = sample_architectures(space(), {3, 7, {}});
  const auto more = sample_architectures(space(), {5, 7, {}});
  REQUIRE(few.size() == 3);
  for (size_t i = 0; i < few.size(); ++i) CHECK(few[i] == more[i]);
  CHECK(few[2].name == space().name() + "-s7-0002");
  CHECK_FALSE(sample_architectures(space(), {1, 8, {}})[0].stages == few[0].stages);
  for (const auto& architecture : sample_architectures(space(), {20, 7, {48, 64}}))
    CHECK((architecture.resolution == 48 || architecture.resolution == 64));
}

TEST_CASE("measurements are rows that name architecture files which read back the same") {
  TempFolder folder;
  const auto networks = sample_architectures(space(), {2, 1, {}});
  MeasurementFile file(folder / "m.csv", {.batch = 8});
  file.put(networks[0], "tiny", {.median_ms = 99}, 10);
  file.put(networks[0], "tiny", {.median_ms = 12.5, .low_ms = 12, .high_ms = 13.5}, 10);
  file.save();
  CHECK(file.has(networks[0]));
  CHECK_FALSE(file.has(networks[1]));
  const std::string text = read_file(folder / "m.csv");
  CHECK_THAT(text, Catch::StartsWith("network,resolution,batch,precision,latency_ms,ci_ms,family"));
  CHECK_THAT(text,
             Catch::Contains("\nm_networks/" + networks[0].name + ".yaml," +
                             std::to_string(networks[0].resolution) + ",8,fp32,12.5,0.75,tiny,") &&
                 Catch::EndsWith(",10\n") && !Catch::Contains("99"));
  CHECK(load_architecture(folder / ("m_networks/" + networks[0].name + ".yaml")) == networks[0]);

  MeasurementFile later(folder / "m.csv", {.batch = 8});
  CHECK(later.size() == 1);
  CHECK(later.latency_ms(networks[0]) == 12.5);
  later.put(networks[1], "tiny", {.median_ms = 3, .low_ms = 3, .high_ms = 3, .noise = "a, b"}, 10);
  later.save();
  CHECK(MeasurementFile(folder / "m.csv", {.batch = 8}).size() == 2);
}

TEST_CASE("a file of other columns or of another place is not continued") {
  TempFolder folder;
  const auto networks = sample_architectures(space(), {1, 1, {}});
  MeasurementFile file(folder / "m.csv", {.batch = 8});
  file.put(networks[0], "tiny", {.median_ms = 1}, 10);
  file.save();
  CHECK_THAT(error_of([&] { MeasurementFile(folder / "m.csv", {.batch = 4}); }),
             Catch::Contains("m.csv:2: was measured at 8,fp32"));
  write_file_atomic(folder / "m.csv", "network,latency\n");
  CHECK_THAT(error_of([&] { MeasurementFile(folder / "m.csv", {}); }),
             Catch::Contains("m.csv:1: its columns are 'network,latency'"));
}
