#include "core/csv.h"
#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline::test;
using ridgeline::read_file;
using ridgeline::write_file_atomic;

namespace {

const std::string kRows =
    "network,resolution,batch,precision,latency_ms\n"
    "resnet18,224,8,fp16,4.1\nresnet50,224,8,fp16,9.5\nmobilenetv2_100,224,8,fp16,3.9\n"
    "mnasnet_100,224,8,fp16,3.7\nefficientnet_b0,224,8,fp16,6.9\nvgg11,224,8,fp16,8.2\n";

}  // namespace

TEST_CASE(
    "calibrate prints constants and errors, and writes a hardware file that prices networks") {
  const TempFolder folder;
  write_file_atomic(folder / "m.csv", kRows);
  const std::string out = folder / "mine.yaml";
  const Outcome outcome = run_program({"calibrate", "--hardware", "rtx_3090", "--measurements",
                                       folder / "m.csv", "--out", out, "--held-out"});
  CHECK(outcome.exit_code == 0);
  for (const char* part : {"6 rows to fit", "matrix_efficiency", "roofline, calibrated",
                           "Equation 1, one E", "MAdds + activations", "worst rows"}) {
    CAPTURE(part);
    CHECK(contains(outcome.out, part));
  }
  CHECK(contains(read_file(out), "on m.csv, 6 rows of 5 families"));
  CHECK(run_program({"profile", "efficientnet_b0", "--hardware", out}).exit_code == 0);
  const std::string first = read_file(out);
  run_program(
      {"calibrate", "--hardware", "rtx_3090", "--measurements", folder / "m.csv", "--out", out});
  CHECK(read_file(out) == first);
}

TEST_CASE("calibrate fits to some rows and predicts the others") {
  const TempFolder folder;
  write_file_atomic(folder / "m.csv", kRows + "resnet34,224,8,fp16,6.9\nresnet26,224,8,fp16,5.9\n");
  const std::string out = folder / "mine.yaml";
  std::vector<std::string> command{"calibrate",      "--hardware", "rtx_3090", "--measurements",
                                   folder / "m.csv", "--fit-rows", "6"};
  const Outcome part = run_program(command);
  CHECK(part.exit_code == 0);
  CHECK(contains(part.out, "8 rows, 6 of them drawn to fit"));
  CHECK(contains(part.out, "error of the 2 rows that the fit to 6 has not seen"));
  command.insert(command.end(), {"--out", out});
  CHECK(run_program(command).exit_code == 0);
  CHECK(contains(read_file(out), "on 6 rows of"));
  CHECK(contains(read_file(out), "power_law_ms: "));
  const Outcome profile = run_program({"profile", "efficientnet_b0", "--hardware", out});
  CHECK(contains(profile.out, "baseline, multiply-adds and activations (power_law): "));

  command[6] = "7";
  const Outcome too_many = run_program(command);
  CHECK(too_many.exit_code == 4);
  CHECK(contains(too_many.err, "7 rows to fit leave fewer than two of 8 to predict"));
  command[6] = "6";
  command.push_back("--held-out");
  CHECK(run_program(command).exit_code == 2);
}

TEST_CASE("calibrate refuses bad measurements with the place and an exit code") {
  const TempFolder folder;
  write_file_atomic(folder / "m.csv", kRows + "resnet34,224,8,fp16,-1\n");
  const Outcome outcome =
      run_program({"calibrate", "--hardware", "rtx_3090", "--measurements", folder / "m.csv"});
  CHECK(outcome.exit_code == 4);
  CHECK(contains(outcome.err, "m.csv:8: latency of resnet34 must be above 0 ms"));
  CHECK(run_program({"calibrate", "--hardware", "rtx_3090", "--measurements", "none.csv"})
            .exit_code == 4);
  CHECK(run_program({"calibrate", "--hardware", "rtx_3090"}).exit_code == 2);
}

TEST_CASE("a calibration that predicts badly is not written unless forced") {
  const TempFolder folder;
  write_file_atomic(folder / "m.csv",
                    "network,resolution,batch,precision,latency_ms\n"
                    "resnet18,224,8,fp16,40\nresnet50,224,8,fp16,2\nvgg11,224,8,fp16,1\n"
                    "mobilenet_v2,224,8,fp16,30\nmnasnet_100,224,8,fp16,3\n"
                    "efficientnet_b0,224,8,fp16,60\n");
  const std::string out = folder / "mine.yaml";
  std::vector<std::string> command{"calibrate",      "--hardware", "rtx_3090", "--measurements",
                                   folder / "m.csv", "--out",      out};
  const Outcome refused = run_program(command);
  CHECK(refused.exit_code == 4);
  CHECK(contains(refused.err, "--force"));
  CHECK_FALSE(std::filesystem::exists(out));
  command.push_back("--force");
  CHECK(run_program(command).exit_code == 0);
  CHECK(std::filesystem::exists(out));
}

TEST_CASE("a hardware file is scored on rows that it was not fitted to, row by row") {
  const TempFolder folder;
  write_file_atomic(folder / "m.csv", kRows + "nothing,224,8,fp16,1\n");
  const std::string rows = folder / "rows.csv";
  const Outcome outcome = run_program({"latency", "evaluate", "--hardware", "rtx_3090",
                                       "--measurements", folder / "m.csv", "--csv", rows});
  CHECK(outcome.exit_code == 0);
  for (const char* part : {"6 rows to evaluate", "1 rows left out", "roofline", "power law"}) {
    CAPTURE(part);
    CHECK(contains(outcome.out, part));
  }
  const auto table = ridgeline::CsvTable::load(rows);
  CHECK(table.rows() == 6);
  CHECK(table.number(0, "error") ==
        Approx(table.number(0, "predicted_ms") / table.number(0, "latency_ms") - 1));
}
