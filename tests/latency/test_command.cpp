#include <sys/stat.h>

#include "core/file.h"
#include "latency/command_oracle.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Cause = LatencyFailure::Cause;

namespace {

Architecture small_architecture() {
  Architecture architecture;
  architecture.name = "small";
  architecture.resolution = 32;
  architecture.classes = 10;
  architecture.stages = {Stage{}};
  return architecture;
}

/// An oracle over an executable script of these lines.
class ScriptOracle {
 public:
  explicit ScriptOracle(const std::string& lines, double timeout_s = 60) {
    const std::string path = folder_ / "latency tool";
    write_file_atomic(path, "#!/bin/sh\n" + lines + "\n");
    chmod(path.c_str(), 0755);
    config_.command.command = {path, "--unit", "ms; exit 3"};
    config_.command.timeout_s = timeout_s;
    config_.batch = 4;
  }
  Latency estimate() const {
    return CommandOracle(config_).estimate_architecture(small_architecture());
  }
  Cause cause() const {
    try {
      estimate();
    } catch (const LatencyFailure& failure) {
      return failure.cause();
    }
    throw std::runtime_error("expected a LatencyFailure");
  }
  std::string message() const {
    return error_of([&] { estimate(); });
  }

 private:
  TempFolder folder_;
  LatencyConfig config_;
};

}  // namespace

TEST_CASE("a command's last line is the latency of the architecture file that it was given",
          "[process]") {
  // The resolution of the file, found by the program itself, comes back: no shell saw "; exit 3".
  const ScriptOracle oracle(
      "echo loading\n[ \"$2\" = 'ms; exit 3' ] || exit 9\n"
      "sed -n 's/^resolution: *//p' \"$3\"\necho");
  const Latency latency = oracle.estimate();
  CHECK(latency.ms == 32);
  CHECK(latency.method == "command");
  CHECK(latency.batch == 4);
  CHECK(latency.flops > 0);
}

TEST_CASE("the file of the network is gone after the command", "[process]") {
  const ScriptOracle oracle("echo \"$3\" >&2; exit 1");
  const std::string message = oracle.message();
  const std::string path = message.substr(message.rfind(": ") + 2);
  CHECK_THAT(path, Catch::EndsWith(".yaml"));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a command can get what a writer makes of the network, the architecture beside it",
          "[process]") {
  TempFolder folder;
  const std::string tool = folder / "tool", seen = folder / "seen";
  write_file_atomic(tool, "#!/bin/sh\ncat \"$1\" && echo \"$1\" > '" + seen +
                              "' && grep -q 'resolution: 32' \"${1%.*}.yaml\"\n");
  chmod(tool.c_str(), 0755);
  LatencyConfig config;
  config.command.command = {tool};
  const NetworkWriter height = [](const Network& network, const auto& path) {
    write_file_atomic(path, std::to_string(network.input_shape().height) + " ms\n");
  };
  const NetworkWriter other = [](const Network&, const auto&) { FAIL("the other format"); };
  for (const auto format : {NetworkFormat::kTorchScript, NetworkFormat::kOnnx}) {
    const bool is_onnx = format == NetworkFormat::kOnnx;
    config.command.network_format = format;
    const CommandOracle oracle(
        config, {.torchscript = is_onnx ? other : height, .onnx = is_onnx ? height : other});
    CHECK(oracle.estimate_architecture(small_architecture()).ms == 32);
    CHECK_THAT(oracle.description(), Catch::EndsWith(enum_name(format)));
    std::string text = read_file(seen);
    text.pop_back();
    std::filesystem::path path = text;
    CHECK(path.extension() == (is_onnx ? ".onnx" : ".pt"));
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK_FALSE(std::filesystem::exists(path.replace_extension(".yaml")));

    CHECK_THAT(error_of([&] { CommandOracle{config}; }),
               Catch::Contains(std::string("latency.network_format: nothing here writes ") +
                               enum_name(format)));
  }
}

TEST_CASE("a network that cannot be written leaves no file behind", "[process]") {
  LatencyConfig config;
  config.command.command = {"true"};
  config.command.network_format = NetworkFormat::kTorchScript;
  std::filesystem::path beside;
  const NetworkWriter full = [&](const Network&, const std::filesystem::path& path) {
    beside = std::filesystem::path(path).replace_extension(".yaml");
    CHECK(std::filesystem::exists(beside));
    throw Error(ErrorKind::kIo, "disk full");
  };
  const CommandOracle oracle(config, {.torchscript = full});
  CHECK_THAT(error_of([&] { oracle.estimate_architecture(small_architecture()); }),
             Catch::Contains("disk full"));
  CHECK_FALSE(std::filesystem::exists(beside));
}

TEST_CASE("milliseconds are a positive number with or without its unit") {
  CHECK(milliseconds_of("12.5") == 12.5);
  CHECK(milliseconds_of("warming up\n1e-2 ms\n\n") == 0.01);
  CHECK(milliseconds_of("  3ms \r\n") == 3);
  for (const char* text : {"", "\n", "fast", "12.5 s", "12,5", "0", "-3", "nan", "inf", "3 ms ok",
                           "3 ms\nbye", "1e999"}) {
    INFO(text);
    CHECK_THROWS_AS(milliseconds_of(text), LatencyFailure);
  }
}

TEST_CASE("each way in which a command fails has its cause", "[process]") {
  const ScriptOracle failing("echo 'no such device' >&2\nexit 7");
  CHECK(failing.cause() == Cause::kFailed);
  CHECK_THAT(failing.message(), Catch::EndsWith("latency tool exited with code 7: no such device"));
  CHECK_THAT(ScriptOracle("kill -9 $$").message(), Catch::Contains("was ended by signal 9"));

  const ScriptOracle garbage("echo done");
  CHECK(garbage.cause() == Cause::kUnreadable);
  CHECK_THAT(garbage.message(), Catch::Contains("'done'"));

  const ScriptOracle flooding("while :; do echo 0123456789012345678901234567890123456789; done");
  CHECK(flooding.cause() == Cause::kFailed);
  CHECK_THAT(flooding.message(), Catch::Contains("wrote over 1 MiB and was ended"));

  const ScriptOracle hanging("sleep 1000", 0.2);
  CHECK(hanging.cause() == Cause::kTimedOut);
  CHECK_THAT(hanging.message(), Catch::Contains("latency.timeout_s"));
}

TEST_CASE("the latency counts as soon as the command has ended, whatever it leaves behind",
          "[process]") {
  CHECK(ScriptOracle("sleep 1000 & echo 5").estimate().ms == 5);
}

TEST_CASE("a command that is not there or not given stops at once", "[process]") {
  LatencyConfig config;
  CHECK_THAT(error_of([&] { CommandOracle{config}; }), Catch::Contains("latency.command"));
  config.command.command = {"no-such-program-anywhere"};
  const CommandOracle oracle(config);
  CHECK_THAT(error_of([&] { oracle.estimate_architecture(small_architecture()); }),
             Catch::Contains("cannot run no-such-program-anywhere"));
}
