#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline::test;
using ridgeline::write_file_atomic;

namespace {

const std::string kExperiment = source_folder() / "configs/quickstart.yaml";

}  // namespace

TEST_CASE("the version is told as one line per library") {
  const Outcome version = run_program({"--version"});
  CHECK(version.exit_code == 0);
  std::istringstream lines(version.out);
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.find(' ');
    REQUIRE(space != std::string::npos);
    CHECK(space + 1 < line.size());
    names.push_back(line.substr(0, space));
  }
  CHECK(names ==
        std::vector<std::string>{"ridgeline", "libtorch", "cuda", "cudnn", "blas", "compiler"});
}

TEST_CASE("a wrong command line is exit code 2 and one line") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {},
           {"serch"},
           {"search"},
           {"profile", "efficientnet_b0", "--csv", "--json"},
           {"profile", "resnet50", "--resolution", "-8"},
           {"profile", "resnet50", "--resolution", "8193"},
           {"profile", "resnet50", "--resolution", "0"},
           {"profile", "resnet50", "--measured", "--threads", "0"},
           {"networks", "--csv", "--json"},
           {"networks", "--family", "resnets"},
           {"--log-level", "loud", "reference"}}) {
    const Outcome outcome = run_program(arguments);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
  }
}

TEST_CASE("a word that is no command gets the nearest one") {
  CHECK(contains(run_program({"serch", "x.yaml"}).err,
                 "'serch' is no command; did you mean 'search'?"));
  CHECK(contains(run_program({"qqqqqq"}).err, "'qqqqqq' is no command; valid: "));
  CHECK(contains(run_program({"search"}).err, "see `ridgeline search --help`"));
  CHECK(
      contains(run_program({"hardware", "lst"}).err, "'lst' is no command; did you mean 'list'?"));
}

TEST_CASE("an option that a command does not have gets the nearest one") {
  CHECK(contains(run_program({"--verison"}).err,
                 "'--verison' is no option of `ridgeline`; did you mean '--version'?"));
  CHECK(contains(run_program({"reward", "calibrate", "--gian=5%"}).err,
                 "'--gian' is no option of `calibrate`; did you mean '--gain'?"));
  CHECK(contains(run_program({"runs", "--jsn"}).err, "'--jsn' is no option of `runs`"));
}

TEST_CASE("output that cannot be written is an error, not a short file") {
  if (!std::filesystem::exists("/dev/full")) skip("there is no /dev/full");
  const std::string program = ridgeline_program();
  const int status = std::system(("'" + program + "' reference > /dev/full 2> /dev/null").c_str());
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 6);
}

TEST_CASE("a message is one line, whatever bytes it quotes") {
  TempFolder folder;
  write_file_atomic(folder / "e.yaml", std::string("space: \"a\\nb\\tc\"\n"));
  const Outcome outcome = run_program({"validate", folder / "e.yaml"});
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
  CHECK(outcome.err.find('\t') == std::string::npos);
}

TEST_CASE("validate says what an experiment will do, and exit code 3 what is wrong with it") {
  const Outcome good = run_program({"validate", kExperiment});
  CHECK(good.exit_code == 0);
  CHECK(contains(good.out, "quickstart.yaml: valid"));
  CHECK(contains(good.out, "data: 10 classes, 3 channels"));
  const Outcome bad = run_program({"validate", kExperiment, "--set", "reward.w=0.09"});
  CHECK(bad.exit_code == 3);
  CHECK(contains(bad.err, "reward.w"));
  CHECK(bad.err.find('\n') == bad.err.size() - 1);
  CHECK(run_program({"validate", kExperiment, "--set", "reward.target_ms=0.0001"}).exit_code == 7);
  CHECK(run_program({"validate", "nowhere.yaml"}).exit_code == 3);
}

TEST_CASE("limits hold the networks of the data's classes, not those of the space's") {
  // EfficientNet-X has 1000 classes, the data 10; the smallest networks have 1.7M and 0.4M
  // parameters.
  const Outcome outcome =
      run_program({"validate", kExperiment, "--set", "space=efficientnet_x", "--set",
                   "reward.target_ms=8", "--set", "reward.limits.params=1.2e6"});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.err, "reward.limits allow under 1 % of 1000 random networks"));
}

TEST_CASE("a key that the chosen kind does not use is a warning, and with --strict an error") {
  const auto outcome = [](const char* command, std::vector<std::string> more) {
    more.insert(more.begin(), {command, kExperiment, "--set", "accuracy.kind=formula"});
    return run_program(more);
  };
  const std::string training =
      "quickstart.yaml:28:3: accuracy.training: has no effect with "
      "accuracy.kind formula; used by: proxy, supernet, command\n";
  const Outcome warned = outcome("validate", {});
  CHECK(warned.exit_code == 0);
  CHECK(contains(warned.err, training));
  size_t warnings = 0;
  for (size_t at = 0; (at = warned.err.find("has no effect", at)) != std::string::npos; ++at)
    ++warnings;
  CHECK(warnings == 3);  // data, training, final_training
  const Outcome refused = outcome("validate", {"--strict"});
  CHECK(refused.exit_code == 3);
  CHECK(contains(refused.err, "accuracy.data: has no effect with accuracy.kind formula"));
  TempFolder folder;
  CHECK(outcome("search", {"--strict", "--run", folder / "run"}).exit_code == 3);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
  CHECK(run_program({"validate", kExperiment, "--strict"}).exit_code == 0);
}

TEST_CASE("unreadable data stops a run before anything is spent, exit code 4") {
  TempFolder folder;
  write_file_atomic(folder / "images.idx", std::string("\0\0\x08\x03\0\0\0\x05", 8));
  write_file_atomic(folder / "labels.idx", "short");
  const Outcome outcome = run_program(
      {"search", kExperiment, "--run", folder / "run", "--set", "accuracy.data.kind=idx", "--set",
       "accuracy.data.path=" + folder.path().string(), "--set",
       "accuracy.data.train_images=images.idx", "--set", "accuracy.data.train_labels=labels.idx"});
  CHECK(outcome.exit_code == 4);
  CHECK(contains(outcome.err, "images.idx"));
}

TEST_CASE("profile accounts for every operator, as table, JSON and CSV") {
  const Outcome table =
      run_program({"profile", "efficientnet_b0", "--hardware", "tpu_v3", "--batch", "128"});
  CHECK(table.exit_code == 0);
  CHECK(contains(table.out, "stage7.block0.depthwise.conv"));
  const auto json = nlohmann::json::parse(
      run_program({"profile", "efficientnet_b0", "--hardware", "v100", "--batch", "128", "--json"})
          .out);
  double sum = 0;
  for (const auto& op : json.at("operators"))
    sum += op.value("ms", 0.0);  // what is fused into another kernel has none
  CHECK(sum == Approx(json.at("latency").at("ms").get<double>()));
  CHECK(
      contains(run_program({"profile", "efficientnet_b0", "--hardware", "tpu_v4"}).err, "tpu_v3"));
  CHECK(run_program({"profile", "efficientnet_b0", "--hardware", "tpu_v4"}).exit_code == 3);
}

TEST_CASE("networks lists what can be named, as table, CSV and JSON") {
  const Outcome table = run_program({"networks"});
  CHECK(table.exit_code == 0);
  CHECK(contains(table.out, "efficientnet_x_b7_gpu_released"));
  CHECK(contains(table.out, "I: FLOP per byte at 2 FLOPs per multiply-add"));
  const Outcome csv = run_program({"networks", "--family", "regnety", "--csv"});
  CHECK(csv.out.rfind("network,family,resolution,params,madds,intensity,source\n", 0) == 0);
  CHECK(contains(csv.out, "\nregnety_008,regnety,224,6263168,797176832,"));
  CHECK_FALSE(contains(csv.out, "resnet50"));
  const auto json =
      nlohmann::json::parse(run_program({"networks", "--family", "resnest", "--json"}).out);
  for (const auto& network : json) CHECK(network.at("intensity").get<double>() > 1);
  CHECK(json.back().at("network") == "resnest269e");
  CHECK(json.back().at("params") == 110929480);
}

TEST_CASE("profile takes a known network, at another resolution too, beside Equation 1") {
  const Outcome own = run_program({"profile", "resnet50", "--hardware", "v100", "--batch", "8"});
  CHECK(own.exit_code == 0);
  CHECK(contains(own.out, "resnet50 (3x224x224), batch 8"));
  CHECK(contains(own.out, "baseline, Equation 1 on the whole network"));
  const auto profile = [](const std::string& resolution) {
    return nlohmann::json::parse(run_program({"profile", "resnet50", "--hardware", "v100", "--json",
                                              "--resolution", resolution})
                                     .out);
  };
  const auto small = profile("160");
  const auto large = profile("320");
  // Convolutions have four times the work on four times the pixels, the classifier the same.
  const double classifier = 2 * 2048 * 1000;
  CHECK(large.at("latency").at("flops").get<double>() - classifier ==
        Approx(4 * (small.at("latency").at("flops").get<double>() - classifier)));
  CHECK(small.at("baseline").at("method") == "whole_network");
  CHECK(small.at("baseline").at("ms").get<double>() < large.at("baseline").at("ms").get<double>());
}

TEST_CASE("profile answers an unknown network with the nearest, and a small input with what fits") {
  const Outcome unknown = run_program({"profile", "resnest101"});
  CHECK(unknown.exit_code == 3);
  CHECK(contains(unknown.err, "did you mean 'resnest101e'?"));
  CHECK(unknown.err.find('\n') == unknown.err.size() - 1);
  const Outcome small = run_program({"profile", "resnet18", "--resolution", "16"});
  CHECK(small.exit_code == 3);
  CHECK(contains(small.err, "valid: at least 32"));
}

TEST_CASE("scale by coefficients prints the family and writes files that load back") {
  TempFolder folder;
  const Outcome outcome =
      run_program({"scale", "efficientnet_b0", "--alpha", "1.2", "--beta", "1.1", "--gamma", "1.15",
                   "--phi", "0", "1", "--hardware", "v100", "--out", folder / "family"});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, "B1"));
  CHECK(run_program({"profile", folder / "family" / "B1.yaml", "--hardware", "v100"}).exit_code ==
        0);
}

TEST_CASE("scale by latencies finds the exponents, and says what is out of reach") {
  const Outcome reached =
      run_program({"scale", "efficientnet_b0", "--targets", "60", "120", "--hardware", "v100",
                   "--batch", "128", "--price-on", "tpu_v3", "--resolution-multiple", "4"});
  CHECK(reached.exit_code == 0);
  CHECK(contains(reached.out, "tpu_v3"));
  CHECK(contains(reached.out, "resolution down to a multiple of 4"));
  const Outcome below = run_program(
      {"scale", "efficientnet_b0", "--targets", "1", "--hardware", "v100", "--batch", "128"});
  CHECK(below.exit_code == 7);
  CHECK(contains(below.err, "the base network's, to"));
  const Outcome shrunk = run_program({"scale", "efficientnet_b0", "--beta", "0.9"});
  CHECK(shrunk.exit_code == 3);
  CHECK(contains(shrunk.err, "beta is 0.9; coefficients must be at least 1"));
}

TEST_CASE("every command explains itself with an example") {
  const auto commands_of = [](const std::string& help) {
    std::vector<std::string> names;
    std::istringstream lines(help.substr(std::min(help.find("Subcommands:"), help.size())));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line) && line.starts_with("  ") && line.find("exit codes") != 0) {
      if (line.size() > 2 && line[2] != ' ') names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    return names;
  };
  std::vector<std::vector<std::string>> pending = {{}};
  int checked = 0;
  while (!pending.empty()) {
    const std::vector<std::string> path = pending.back();
    pending.pop_back();
    std::vector<std::string> arguments = path;
    arguments.push_back("--help");
    const Outcome outcome = run_program(arguments);
    REQUIRE(outcome.exit_code == 0);
    const auto inner = commands_of(outcome.out);
    for (const std::string& name : inner) {
      pending.push_back(path);
      pending.back().push_back(name);
    }
    if (!inner.empty()) continue;
    ++checked;
    std::string command = "ridgeline";
    for (const auto& word : path) command += " " + word;
    INFO(command);
    CHECK(contains(outcome.out, "  " + command));
  }
  CHECK(checked > 20);
  CHECK(contains(run_program({"--help"}).out, "exit codes: 0 done"));
}

TEST_CASE("validate says how large the input is, where that comes from, and how it is normalized") {
  TempFolder folder;
  const auto validate = [&](const std::string& space, const std::string& more) {
    write_file_atomic(folder / "e.yaml",
                      "space:\n  stages: [{kernel: 3, filters: [8, 16], stride: 2}]\n" + space +
                          "latency: {kind: roofline, hardware: v100, batch: 128}\n"
                          "reward: {target_ms: 1}\nruntime: {preflight: warn}\n" +
                          more);
    const Outcome outcome = run_program({"validate", folder / "e.yaml"});
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    return outcome.out;
  };
  const std::string images =
      "accuracy: {data: {kind: fractal, image_size: 24, train_per_class: 4, test_per_class: 1}}\n";
  const std::string open = validate("", images);
  CHECK(contains(open, "\ninput size: 24 px, that of the images (the space gives none)\n"));
  CHECK(contains(open, "\nnormalization: (pixel - mean) / std with {mean: [0."));
  CHECK(
      contains(validate("  resolution: 32\n", images),
               "\ninput size: 32 px, given by the space; the images are 24 px and are resized\n"));
  CHECK(contains(validate("  resolution: [16, 24]\n", images),
                 "\ninput size: searched, 16, 24 px\n"));
  const std::string formula = validate("", "accuracy: {kind: formula}\n");
  CHECK(contains(formula, "\ninput size: 224 px, the default: the space gives no `resolution`"));
  CHECK_FALSE(contains(formula, "normalization:"));
}
