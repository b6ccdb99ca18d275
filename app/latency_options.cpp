#include "app/latency_options.h"

#include <CLI/CLI.hpp>

#include "app/latency_commands.h"
#include "app/network_commands.h"

namespace ridgeline {
namespace {

void add_place(CLI::App* sub, PlaceOptions& place) {
  sub->add_option("--device", place.device, "cpu, cuda or cuda:N")->capture_default_str();
  sub->add_option("--threads", place.threads, "CPU threads")->capture_default_str();
  sub->add_option("--batch", place.batch, "images per inference")->capture_default_str();
  sub->add_option("--precision", place.precision, "fp32, tf32, bf16 or fp16")
      ->capture_default_str();
  sub->add_option("--memory-format", place.memory_format, "channels_last or contiguous")
      ->capture_default_str();
  sub->add_option("--confidence-width", place.half_width,
                  "timing ends when the 95 % confidence interval of the median is within this "
                  "fraction of it")
      ->capture_default_str();
  sub->add_option("--time-limit", place.time_limit_s,
                  "longest time in seconds for all runs of one network, over all rounds; each "
                  "round has at least 3 runs")
      ->capture_default_str();
  sub->add_option("--rounds", place.rounds,
                  "number of interleaved rounds; each round measures every network once, and the "
                  "median over the rounds counts")
      ->capture_default_str();
}

void add_sample(CLI::App* sub, SampleOptions& sample) {
  sub->add_option("--space", sample.space, "a name of configs/spaces, or a search-space file")
      ->required()
      ->type_name("SPACE");
  sub->add_option("--samples", sample.samples, "random networks")->capture_default_str();
  sub->add_option("--seed", sample.seed, "of the random networks")->capture_default_str();
  sub->add_option("--resolution", sample.resolutions,
                  "image sides, drawn per network (default: the space's own)")
      ->type_name("N");
}

void add_evaluate_command(CLI::App& latency) {
  static EvaluateOptions evaluate;
  auto* sub = latency.add_subcommand(
      "evaluate", "how well a hardware file predicts measurements that it was not fitted to");
  sub->footer(
      "example:\n  ridgeline latency evaluate --hardware my_calibrated.yaml --measurements "
      "other.csv "
      "--csv per_row.csv");
  sub->add_option("--hardware", evaluate.hardware, "a name of configs/hardware, or a file")
      ->required();
  sub->add_option("--measurements", evaluate.measurements, "as for `ridgeline calibrate`")
      ->required()
      ->type_name("CSV");
  sub->add_option("--select", evaluate.select, "only rows whose column has this value")
      ->type_name("COLUMN=VALUE");
  sub->add_option("--csv", evaluate.csv, "write every row with its prediction")->type_name("FILE");
  sub->callback([] { evaluate_command(evaluate); });
}

}  // namespace

void add_latency_commands(CLI::App& app) {
  auto* latency = app.add_subcommand("latency", "measure the latency of a space on this machine");
  latency->require_subcommand(1);

  static BuildTableOptions table;
  auto* sub = latency->add_subcommand(
      "build-table",
      "measure the operators of a space, for latency.kind table; goes on where it was");
  sub->footer(
      "example:\n  ridgeline latency build-table --space efficientnet_x --batch 8 --out cpu.json");
  add_sample(sub, table.sample);
  add_place(sub, table.place);
  sub->add_option("--networks", table.networks,
                  "whole networks to measure, to which the sum of operators is fitted")
      ->capture_default_str();
  sub->add_option("--out", table.out, "the table")->required()->type_name("TABLE.json");
  sub->callback([] { build_table_command(table); });

  static MeasureOptions measure;
  sub = latency->add_subcommand(
      "measure",
      "measure random networks of a space, for `ridgeline calibrate`; goes on where it was");
  sub->footer(
      "example:\n  ridgeline latency measure --space efficientnet_x --samples 40 --resolution 96 "
      "160 "
      "224 --out cpu.csv");
  add_sample(sub, measure.sample);
  add_place(sub, measure.place);
  sub->add_option("--out", measure.out, "rows; the networks go to a folder beside it")
      ->required()
      ->type_name("FILE.csv");
  sub->callback([] { measure_command(measure); });
  add_evaluate_command(*latency);
}

void add_hardware_commands(CLI::App& app) {
  auto* hardware = app.add_subcommand(
      "hardware", "hardware files: measure one, list them, show one, start a new one");
  hardware->require_subcommand(1);

  static HardwareMeasureOptions measure;
  auto* sub = hardware->add_subcommand(
      "measure", "measure this machine's peak rates, bandwidth and overhead into a hardware file");
  sub->footer("example:\n  ridgeline hardware measure --threads 1 --out my_cpu.yaml");
  sub->add_option("--device", measure.device, "cpu, cuda or cuda:N")->capture_default_str();
  sub->add_option("--threads", measure.threads, "CPU threads")->capture_default_str();
  sub->add_option("--time-limit", measure.time_limit_s, "seconds for all figures together")
      ->capture_default_str();
  sub->add_option("--out", measure.out, "the hardware file")->required()->type_name("FILE.yaml");
  sub->callback([] { hardware_measure_command(measure); });

  sub = hardware->add_subcommand("list", "the hardware files that come with Ridgeline");
  sub->footer("example:\n  ridgeline hardware list");
  sub->callback([] { hardware_list_command(); });

  static std::string name;
  sub = hardware->add_subcommand("show", "one hardware file with what each figure means");
  sub->add_option("name", name, "a name of configs/hardware, or a file")
      ->required()
      ->type_name("NAME");
  sub->footer("example:\n  ridgeline hardware show v100");
  sub->callback([] { hardware_show_command(name); });

  static std::string new_name;
  sub = hardware->add_subcommand("new", "print a hardware file to fill in");
  sub->add_option("name", new_name, "the device's name: one word")->required()->type_name("NAME");
  sub->footer("example:\n  ridgeline hardware new my_gpu > my_gpu.yaml");
  sub->callback([] { hardware_new_command(new_name); });
}

}  // namespace ridgeline
