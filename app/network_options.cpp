#include "app/network_options.h"

#include "app/commands.h"
#include "app/network_commands.h"
#include "app/shared_options.h"
#include "export/format.h"

namespace ridgeline {
namespace {

void add_scale_command(CLI::App& app) {
  static ScaleOptions scale;
  auto* sub = command(
      app, "scale", "scale a network into a family: by LACS, or by given coefficients",
      "ridgeline scale runs/first --set scaling.latency_ratio=3 --out family\n"
      "  ridgeline scale efficientnet_b0 --alpha 1.2 --beta 1.1 --gamma 1.15 --phi 0 1 2 "
      "--hardware v100 --batch 128\n"
      "  ridgeline scale efficientnet_b0 --targets 2 4 8 --hardware v100 --price-on tpu_v3\n"
      "  ridgeline scale net.yaml --config configs/quickstart.yaml");
  sub->add_option("source", scale.source,
                  "run folder (LACS on its best network) or architecture file")
      ->required()
      ->type_name("DIR|ARCH.yaml");
  sub->add_option("--config", scale.config,
                  "architecture file: search the coefficients with this experiment's oracle, "
                  "evaluator and reward")
      ->type_name("FILE");
  add_settings(sub, scale.settings, "change a key, such as scaling.latency_ratio=3");
  add_strict(sub, scale.strict);
  sub->add_option("--alpha", scale.alpha, "depth coefficient")->capture_default_str();
  sub->add_option("--beta", scale.beta, "width coefficient")->capture_default_str();
  sub->add_option("--gamma", scale.gamma, "resolution coefficient")->capture_default_str();
  sub->add_option("--phi", scale.phi, "compound exponents of the members")->capture_default_str();
  sub->add_option("--targets", scale.targets, "latencies of the members, instead of --phi")
      ->type_name("MS...");
  sub->add_option_function<std::string>(
         "--resolution-rounding",
         [](const std::string& text) {
           scale.resolution_rounding =
               text == "nearest" ? ResolutionRounding::kNearest : ResolutionRounding::kFloor;
         },
         "resolutions down, or to the nearest multiple")
      ->check(CLI::IsMember(enum_choices<ResolutionRounding>()));
  sub->add_option("--resolution-multiple", scale.resolution_multiple,
                  "resolutions are multiples of this")
      ->capture_default_str()
      ->check(CLI::Range(1, 512));
  sub->add_option("--hardware", scale.hardware, "prices the members")->capture_default_str();
  sub->add_option("--price-on", scale.price_on, "prices them on this hardware too")
      ->type_name("NAME...");
  sub->add_option("--batch", scale.batch, "images per inference")->capture_default_str();
  sub->add_option("--out", scale.out, "write the members' architecture files there")
      ->type_name("DIR");
  sub->callback([] { scale_command(scale); });
}

void add_network_commands(CLI::App& app) {
  static ExportOptions exporting;
  auto* sub = command(app, "export",
                      "write the best network of a run for other tools, and check what was written",
                      "ridgeline export runs/first --format all --out exported");
  sub->add_option("run", exporting.run, "folder of the run")->required()->type_name("DIR");
  sub->add_option("--trial", exporting.trial,
                  "this trial's network, with random weights (default: the best network)")
      ->type_name("ID")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("--format", exporting.formats,
                  "comma-separated: " + join(enum_choices<ExportFormat>()) +
                      ", all (default: the run's export.formats)");
  sub->add_flag("--include-preprocessing", exporting.include_preprocessing,
                "the files take pixels from 0 to 1 and normalize them themselves");
  sub->add_option("--out", exporting.out, "folder for the files")->required()->type_name("DIR");
  sub->callback([] { export_command(exporting); });

  static std::vector<std::string> exported;
  sub = command(app, "verify", "load exported files again and compare their outputs",
                "ridgeline verify exported/model.onnx exported/model.py");
  sub->add_option("files", exported, "files of an export, in its folder")
      ->required()
      ->type_name("FILE");
  sub->callback([] { verify_command(exported); });

  static NetworksOptions networks;
  sub = command(
      app, "networks",
      "list the published networks that you can name, with parameters, multiply-adds, I and source",
      "ridgeline networks --family regnety --csv > regnety.csv");
  sub->add_option("--family", networks.family, "only this family");
  sub->add_flag("--csv", networks.csv, "as CSV, exact counts");
  sub->add_flag("--json", networks.json, "as JSON, exact counts");
  sub->callback([] { networks_command(networks); });

  static ProfileOptions profile;
  sub = command(app, "profile", "price a network per operator: W, Q, I, E, bound and time",
                "ridgeline profile efficientnet_x_b0_tpu --hardware tpu_v3 --batch 128\n"
                "  ridgeline profile resnet50 --resolution 160 --hardware v100 --csv");
  sub->add_option("network", profile.network,
                  "a name that `ridgeline networks` lists, an architecture file, or a name of "
                  "configs/architectures")
      ->required()
      ->type_name("NETWORK|ARCH");
  sub->add_option("--resolution", profile.resolution,
                  "side of the square input, pixels (default: the network's own)")
      ->check(CLI::Range(1, 8192))
      ->type_name("PX");
  sub->add_option("--hardware", profile.hardware, "a name of configs/hardware, or a hardware file")
      ->capture_default_str();
  sub->add_option("--batch", profile.batch, "images per inference")->capture_default_str();
  sub->add_option("--precision", profile.precision,
                  "fp32, tf32, bf16 or fp16 (default: the hardware's)");
  sub->add_flag("--csv", profile.csv, "as CSV");
  sub->add_flag("--json", profile.json, "as JSON");
  sub->add_flag("--measured", profile.measured, "run it on this machine instead");
  sub->add_option("--device", profile.device, "measured: cpu, cuda or cuda:N")
      ->capture_default_str();
  sub->add_option("--threads", profile.threads, "measured: CPU threads")->capture_default_str();
  sub->add_option("--svg", profile.svg, "draw the network's kernels on the roofline")
      ->type_name("FILE");
  sub->callback([] { profile_command(profile); });

  static ValidateOptions validate;
  sub = command(app, "validate",
                "check an experiment file, its data and its space without running a search",
                "ridgeline validate configs/quickstart.yaml --set reward.target_ms=3");
  sub->add_option("config", validate.config, "experiment file")->required()->type_name("FILE");
  add_settings(sub, validate.settings, "change a key of the file");
  add_strict(sub, validate.strict);
  sub->callback([] { validate_command(validate); });

  sub = command(app, "reference",
                "print every key of an experiment file with meaning, default, range and unit",
                "ridgeline reference > my_experiment.yaml");
  static ReferenceOptions reference;
  sub->add_flag("--training", reference.training,
                "the keys of a training file (`ridgeline train`)");
  sub->callback([] { reference_command(reference); });
}

void add_roofline_command(CLI::App& app) {
  static RooflineOptions roofline;
  auto* sub =
      command(app, "roofline", "networks on the rooflines of devices, as table and picture",
              "ridgeline roofline --hardware tpu_v3 v100 --networks efficientnet_b0 resnet50 "
              "--svg roofline.svg");
  sub->add_option("--hardware", roofline.hardware, "names of configs/hardware, or hardware files")
      ->type_name("NAME...")
      ->capture_default_str();
  sub->add_option("--networks", roofline.networks, "known networks, or architecture files")
      ->type_name("NAME...")
      ->capture_default_str();
  sub->add_option("--batch", roofline.batch, "images per inference")->capture_default_str();
  sub->add_option("--svg", roofline.svg, "draw the rooflines")->type_name("FILE");
  sub->add_flag("--csv", roofline.csv, "the table as CSV");
  sub->add_flag("--json", roofline.json, "the table as JSON");
  sub->callback([] { roofline_command(roofline); });
}

void add_calibrate_command(CLI::App& app) {
  static CalibrateOptions calibrate;
  auto* sub = command(
      app, "calibrate", "fit the analytic oracle's constants to measured latencies",
      "ridgeline calibrate --hardware my.yaml --measurements m.csv --out my_calibrated.yaml\n"
      "  ridgeline calibrate --hardware rtx_3090 --measurements timm.csv.gz --select precision=amp "
      "layout=nhwc framework=pytorch-2.4.0-cu124\n"
      "  ridgeline calibrate --hardware a100 --measurements accel_nasbench.csv.gz --select "
      "device=a100 --fit-rows 200");
  sub->add_option("--hardware", calibrate.hardware,
                  "a name of configs/hardware, or a hardware file: peaks and software policy")
      ->required();
  sub->add_option("--measurements", calibrate.measurements,
                  "CSV with network,resolution,batch,precision,latency_ms[,family], plain or "
                  "gzip'ed, or a published table (docs/latency.md)")
      ->required()
      ->type_name("CSV");
  sub->add_option("--select", calibrate.select, "only rows whose column has this value")
      ->type_name("COLUMN=VALUE");
  sub->add_option("--out", calibrate.out, "write the hardware file with the fitted constants")
      ->type_name("FILE");
  sub->add_option("--fit-rows", calibrate.fit_rows,
                  "fit to N rows drawn at random, and predict all others")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000000));
  sub->add_flag("--force", calibrate.force,
                "write the file although it predicts rows outside the fit badly");
  sub->add_flag("--held-out", calibrate.held_out,
                "every family's error when it is left out of the fit");
  sub->callback([] { calibrate_command(calibrate); });
}

}  // namespace

void add_network_options(CLI::App& app) {
  add_scale_command(app);
  add_network_commands(app);
  add_evaluate_options(app);
  add_roofline_command(app);
  add_calibrate_command(app);
}

}  // namespace ridgeline
