#include <sstream>

#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline::test;

TEST_CASE("a table is built, extended and searched with, and measurements go on where they were") {
  TempFolder folder;
  const std::string table = folder / "t.json", rows = folder / "m.csv";
  const std::vector<std::string> build{"latency",      "build-table", "--space",    "tiny",
                                       "--resolution", "16",          "--networks", "2",
                                       "--out",        table,         "--samples"};
  auto with = build;
  with.push_back("1");
  const Outcome first = run_program(with);
  CHECK(first.exit_code == 0);
  CHECK_THAT(first.out, Catch::Contains("operators on ") && Catch::Contains("over 2 networks"));
  with.back() = "2";
  CHECK(run_program(with).exit_code == 0);
  with.insert(with.end(), {"--batch", "2"});
  const Outcome other = run_program(with);
  CHECK(other.exit_code == 3);
  CHECK_THAT(other.err, Catch::Contains("write to another file"));

  const std::vector<std::string> measure{"latency", "measure",   "--space", "tiny",  "--resolution",
                                         "16",      "--samples", "2",       "--out", rows};
  CHECK(run_program(measure).exit_code == 0);
  const std::string text = ridgeline::read_file(rows);
  CHECK(run_program(measure).exit_code == 0);
  CHECK(ridgeline::read_file(rows) == text);

  auto settings = formula_settings();
  for (const std::string& setting :
       {std::string("latency.kind=table"), "latency.table=" + table, std::string("latency.batch=1"),
        std::string("reward.target_ms=1000")}) {
    settings.insert(settings.end(), {"--set", setting});
  }
  std::vector<std::string> validate{"validate", source_folder() / "configs/quickstart.yaml"};
  validate.insert(validate.end(), settings.begin(), settings.end());
  const Outcome valid = run_program(validate);
  CHECK(valid.exit_code == 0);
  CHECK_THAT(valid.out, Catch::Contains("table of "));
}

TEST_CASE("the program hands a command the TorchScript module of each network") {
  TempFolder folder;
  const std::string tool = folder / "tool";
  ridgeline::write_file_atomic(
      tool,
      "#!/bin/sh\n[ \"$(head -c 2 \"$1\")\" = PK ] && [ -f \"${1%.pt}.yaml\" ] && echo 3 ms\n");
  std::filesystem::permissions(tool, std::filesystem::perms::owner_all);
  std::vector<std::string> validate{"validate", source_folder() / "configs/quickstart.yaml"};
  for (const std::string& setting :
       {std::string("latency.kind=command"), "latency.command=[" + tool + "]",
        std::string("latency.network_format=torchscript"), std::string("reward.target_ms=3")}) {
    validate.insert(validate.end(), {"--set", setting});
  }
  const Outcome valid = run_program(validate);
  INFO(valid.err);
  CHECK(valid.exit_code == 0);
  CHECK_THAT(valid.out, Catch::Contains("fp32, torchscript"));
  validate.back() = "latency.network_format=onyx";
  const Outcome other = run_program(validate);
  CHECK(other.exit_code == 3);
  CHECK_THAT(other.err, Catch::Contains("yaml, torchscript, onnx"));
}

TEST_CASE("the commands in the documents on latency have the options that they use") {
  for (const char* document : {"docs/latency.md", "docs/measuring_latency.md"}) {
    std::istringstream lines(ridgeline::read_file(source_folder() / document));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("ridgeline ")) continue;
      CAPTURE(document, line);
      std::istringstream words(line.substr(0, line.find('#')));
      std::vector<std::string> command, used;
      for (std::string word; words >> word;) {
        if (word.starts_with("--")) used.push_back(word);
        if (used.empty() && word != "ridgeline" && command.size() < 2) command.push_back(word);
      }
      if (command.size() == 2 && command[0] != "latency" && command[0] != "hardware")
        command.pop_back();  // an argument
      command.push_back("--help");
      const Outcome help = run_program(command);
      CHECK(help.exit_code == 0);
      for (const std::string& option : used) CHECK_THAT(help.out, Catch::Contains(option));
    }
  }
}

TEST_CASE("hardware files are listed and shown with what each figure means") {
  const Outcome list = run_program({"hardware", "list"});
  CHECK(list.exit_code == 0);
  CHECK_THAT(list.out, Catch::Contains("tpu_v3") && Catch::Contains("v100"));
  CHECK_THAT(list.out, Catch::Matches("[^]*h100[^\n]* not calibrated[^]*"));
  CHECK_THAT(list.out, Catch::Matches("[^]*tpu_v3 [^\n]*[0-9]  *calibrated[^]*"));
  const Outcome shown = run_program({"hardware", "show", "tpu_v3"});
  CHECK_THAT(shown.out,
             Catch::Contains("bandwidth_gbps: 900") && !Catch::Contains("is not calibrated"));
  CHECK_THAT(
      run_program({"hardware", "show", "h100"}).out,
      Catch::StartsWith("# hardware h100 is not calibrated") && Catch::Contains("calibrate"));
  const Outcome wrong = run_program({"hardware", "show", "tpu_v33"});
  CHECK(wrong.exit_code == 3);
  CHECK_THAT(wrong.err, Catch::Contains("tpu_v3"));
}
