#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iostream>

#include "app/commands.h"
#include "app/latency_commands.h"
#include "app/latency_options.h"
#include "app/reward_options.h"
#include "core/error.h"
#include "core/logging.h"
#include "export/format.h"

namespace ridgeline {
namespace {

constexpr const char* kFooter =
    "exit codes: 0 done, 1 internal error, 2 wrong command line, 3 invalid configuration, 4 "
    "unreadable data,\n"
    "  5 run folder (in use, damaged, of another configuration), 6 file system (full disk, "
    "permissions),\n"
    "  7 infeasible (target out of reach, trials failed), 8 `ridgeline doctor` found a problem,\n"
    "  130 interrupted (continue with `ridgeline resume`)";

CLI::App* command(CLI::App& app, const std::string& name, const std::string& what,
                  const std::string& example) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->footer("example:\n  " + example);
  return sub;
}

void add_settings(CLI::App* sub, std::vector<std::string>& settings, const std::string& help) {
  sub->add_option("--set", settings, help)
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
}

void add_strict(CLI::App* sub, bool& strict) {
  sub->add_flag("--strict", strict, "refuse keys that the chosen kinds do not use");
}

void add_doctor_command(CLI::App& app) {
  static DoctorOptions doctor;
  auto* sub = command(app, "doctor",
                      "check this machine and say what to do about each finding; exit code 0 if "
                      "there is no problem, else 8",
                      "ridgeline doctor --runs /data/runs");
  sub->add_option("--runs", doctor.runs, "folder where runs will be kept; nothing is left there")
      ->type_name("DIR")
      ->capture_default_str();
  sub->add_option("--time-limit", doctor.time_limit_s, "seconds for each check")
      ->type_name("S")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  sub->add_flag("--json", doctor.json, "as JSON");
  sub->callback([] { doctor_command(doctor); });
}

void add_init_command(CLI::App& app) {
  static InitOptions init;
  auto* sub = command(app, "init",
                      "write a short experiment file for your images and accelerator; without "
                      "options it asks",
                      "ridgeline init --data images/ --device cpu --out my.yaml\n"
                      "  ridgeline init --data fractal --device v100 --target 0.4ms");
  sub->add_option(
         "--data", init.data,
         "fractal (generated images), or a folder with image files in one folder per class, "
         "or with IDX or CIFAR files")
      ->capture_default_str();
  sub->add_option("--device", init.device,
                  "cpu, cuda or cuda:N (each network is timed on this machine), a name of "
                  "configs/hardware, or a hardware file")
      ->capture_default_str();
  sub->add_option("--target", init.target,
                  "latency target, such as 0.4ms; median: the median of the space's networks")
      ->capture_default_str();
  sub->add_option("--space", init.space,
                  "a name of configs/spaces, or a file (default: tiny for images up to 64 pixels, "
                  "else efficientnet_x)");
  sub->add_option("--batch", init.batch,
                  "images per inference (default: 1 where measured, else 128)")
      ->check(CLI::PositiveNumber);
  sub->add_option("--trials", init.trials, "number of networks to propose")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--out", init.out, "the new file")->type_name("FILE")->capture_default_str();
  sub->callback([sub] {
    init.asks = sub->count("--data") + sub->count("--device") + sub->count("--target") == 0;
    init_command(init);
  });
}

void add_data_command(CLI::App& app) {
  auto* data = app.add_subcommand("data", "the images of an experiment");
  data->require_subcommand(1);
  static DataCheckOptions check;
  auto* sub = data->add_subcommand(
      "check",
      "classes, counts, sizes, files that cannot be read, images in both training and validation");
  sub->footer("example:\n  ridgeline data check my.yaml --sheet sheet.png");
  sub->add_option("config", check.config, "experiment file")->required()->type_name("FILE");
  add_settings(sub, check.settings, "change a key of the file; may be repeated");
  add_strict(sub, check.strict);
  sub->add_flag("--all", check.all, "name every class and file");
  sub->add_option("--sheet", check.sheet, "write a picture of augmented training images")
      ->type_name("FILE.png");
  sub->callback([] { data_check_command(check); });
}

void add_run_commands(CLI::App& app) {
  static SearchOptions search;
  auto* sub =
      command(app, "search", "search for a network, train it longer, scale it and export it",
              "ridgeline search configs/quickstart.yaml --set search.trials=100 --run runs/first");
  sub->add_option("config", search.config,
                  "experiment file (configs/reference.yaml documents every key)")
      ->required()
      ->type_name("FILE");
  add_settings(sub, search.settings, "change a key of the file; may be repeated");
  add_strict(sub, search.strict);
  sub->add_option("--run", search.run, "folder of the run (default: runs/NAME)")->type_name("DIR");
  sub->callback([] { search_command(search); });

  static ResumeOptions resume;
  sub = command(app, "resume", "continue a run that was stopped or killed",
                "ridgeline resume runs/first --set runtime.workers=4");
  sub->add_option("run", resume.run, "folder of the run")->required()->type_name("DIR");
  add_settings(sub, resume.settings, "change a runtime.* key");
  add_strict(sub, resume.strict);
  sub->callback([] { resume_command(resume); });

  static ShowOptions show;
  sub = command(app, "show", "trials, best network and state of a run",
                "ridgeline show runs/first --all\n  ridgeline show runs/first --trial 7");
  sub->add_option("run", show.run, "folder of the run")->required()->type_name("DIR");
  auto* all = sub->add_flag("--all", show.all, "every trial, not the best ten");
  sub->add_option("--trial", show.trial, "one trial: its attempts and learning curve")
      ->type_name("ID")
      ->check(CLI::NonNegativeNumber)
      ->excludes(all);
  sub->callback([] { show_command(show); });

  static TrialOptions trial;
  sub = command(app, "trial", "evaluate one network (what a search starts per trial)",
                "ridgeline trial trials/7.json trials/7.result.json");
  sub->add_option("spec", trial.spec, "what to evaluate")->required()->type_name("SPEC.json");
  sub->add_option("result", trial.result, "where the result goes")
      ->required()
      ->type_name("RESULT.json");
  auto* parent =
      sub->add_option("--parent", trial.parent, "end when this process ends")->type_name("PID");
  auto* rank = sub->add_option("--rank", trial.rank,
                               "rank of this process in a data-parallel trial (set by rank 0, "
                               "which starts the others)")
                   ->type_name("K");
  rank->needs(parent)->needs(sub->add_option("--rendezvous", trial.rendezvous,
                                             "file through which the ranks find each other")
                                 ->type_name("FILE"));
  sub->add_option("--checkpoint-every", trial.checkpoint_every,
                  "seconds between two checkpoints; 0: only on SIGTERM")
      ->check(CLI::NonNegativeNumber)
      ->needs(sub->add_option("--checkpoint", trial.checkpoint,
                              "save the training's state to this file, and continue from it")
                  ->type_name("FILE"));
  sub->add_option("--gpu-processes", trial.gpu_processes,
                  "number of processes that share the GPU; the trial limits itself to its share of "
                  "the memory")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  sub->add_option(
         "--gpu-lock", trial.gpu_lock,
         "pause between two steps while another process measures latency on the GPU (lock file)")
      ->type_name("FILE");
  sub->callback([] { trial_command(trial); });
}

void add_store_commands(CLI::App& app) {
  static RunsOptions runs;
  auto* sub = command(app, "runs", "list the runs in a folder with progress and best result",
                      "ridgeline runs runs");
  sub->add_option("folder", runs.folder, "folder of run folders")
      ->type_name("DIR")
      ->capture_default_str();
  sub->callback([] { runs_command(runs); });

  static TrialsOptions trials;
  sub = command(app, "trials", "the trials of a run that meet a condition",
                "ridgeline trials runs/first --where \"status = 'complete' and latency_ms < 0.4\" "
                "--csv > trials.csv");
  sub->add_option("run", trials.run, "folder of the run")->required()->type_name("DIR");
  sub->add_option("--where", trials.where, "condition of SQL over the columns of a trial")
      ->type_name("SQL");
  sub->add_flag("--csv", trials.csv, "every column, as CSV");
  sub->add_flag("--json", trials.json, "every column, as JSON");
  sub->callback([] { trials_command(trials); });

  static ForkOptions fork;
  sub = command(app, "fork", "start a new run from the first trials of a run",
                "ridgeline fork runs/first --at 24 runs/second --set search.trials=200");
  sub->add_option("run", fork.run, "folder of the run")->required()->type_name("DIR");
  sub->add_option("new_run", fork.new_run, "folder of the new run")
      ->required()
      ->type_name("NEW_DIR");
  sub->add_option("--at", fork.at, "number of trials to copy")->required()->type_name("N");
  add_settings(sub, fork.settings, "change search.trials, or a failures.* or runtime.* key");
  sub->callback([] { fork_command(fork); });

  static GcOptions gc;
  sub = command(app, "gc", "remove trial files and old checkpoints of a run",
                "ridgeline gc runs/first");
  sub->add_option("run", gc.run, "folder of the run")->required()->type_name("DIR");
  sub->callback([] { gc_command(gc); });
}

void add_explaining_commands(CLI::App& app) {
  static ParetoOptions pareto;
  auto* sub = command(app, "pareto", "the front of accuracy and latency over a run's trials",
                      "ridgeline pareto runs/first --svg front.svg");
  sub->add_option("run", pareto.run, "folder of the run")->required()->type_name("DIR");
  sub->add_flag("--csv", pareto.csv, "as CSV");
  sub->add_flag("--json", pareto.json, "as JSON");
  sub->add_option("--svg", pareto.svg, "draw all complete trials and the front")->type_name("FILE");
  sub->callback([] { pareto_command(pareto); });

  static ExplainOptions explain;
  sub = command(
      app, "explain",
      "why this network won: effect of each decision, how the policy changed, how trials failed",
      "ridgeline explain runs/first --json > why.json");
  sub->add_option("run", explain.run, "folder of the run")->required()->type_name("DIR");
  sub->add_flag("--json", explain.json, "everything, as JSON");
  sub->callback([] { explain_command(explain); });
}

void add_scale_command(CLI::App& app) {
  static ScaleOptions scale;
  auto* sub =
      command(app, "scale", "scale a network into a family: by LACS, or by given coefficients",
              "ridgeline scale runs/first --set scaling.latency_ratio=3 --out family\n"
              "  ridgeline scale efficientnet_b0 --alpha 1.2 --beta 1.1 --gamma 1.15 --phi 0 1 2 "
              "--hardware v100 --batch 128\n"
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
  sub->add_option("--hardware", scale.hardware, "prices the members")->capture_default_str();
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
  sub->callback([] { reference_command(); });
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

/// The command whose options the user gave: the innermost sub-command on the line.
const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.front());
}

/// "; did you mean 'NAME'?", or ";".
std::string suggestion(const std::string& word, const std::vector<std::string>& names) {
  const std::string near = nearest_name(word, names);
  return near.empty() ? ";" : "; did you mean '" + near + "'?";
}

/// A word that is no command, or no option of its command, gets the nearest one.
[[noreturn]] void refuse_command_line(const CLI::App& app, int argc, char** argv,
                                      const std::string& what) {
  const CLI::App& command = innermost(app);
  std::vector<std::string> commands, options;
  for (const CLI::App* sub : command.get_subcommands({})) commands.push_back(sub->get_name());
  for (const CLI::App* owner = &command; owner != nullptr; owner = owner->get_parent()) {
    for (const CLI::Option* option : owner->get_options()) {
      for (const auto& name : option->get_lnames()) options.push_back("--" + name);
    }
  }
  const auto known = [](const std::vector<std::string>& names, const std::string& word) {
    return std::find(names.begin(), names.end(), word) != names.end();
  };
  bool inside = command.get_parent() == nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--") && !known(options, name)) {
      throw Error(ErrorKind::kUsage, "'" + name + "' is no option of `" +
                                         command.get_display_name() + "`" +
                                         suggestion(name, options) + " valid: " + join(options));
    }
    if (!inside) {
      inside = word == command.get_name();
    } else if (!commands.empty() && word[0] != '-' && !known(commands, word)) {
      throw Error(ErrorKind::kUsage, "'" + word + "' is no command" + suggestion(word, commands) +
                                         " valid: " + join(commands));
    }
  }
  throw Error(ErrorKind::kUsage,
              what + "; see `" +
                  (command.get_parent() ? "ridgeline " + command.get_name() : "ridgeline") +
                  " --help`");
}

/// What was printed may stand in a buffer that a full disk refuses.
void require_output() {
  std::cout.flush();
  if (!std::cout) throw Error(ErrorKind::kIo, "cannot write the output; it is not complete");
}

/// File contents that a message quotes must neither break its line nor steer a terminal.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return text;
}

int run(int argc, char** argv) {
  CLI::App app{"Ridgeline: hardware-aware neural-architecture search", "ridgeline"};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", [] { return version_text(RIDGELINE_VERSION); });
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "debug, info, warn or error: what reaches stderr")
      ->capture_default_str();
  app.fallthrough();
  app.parse_complete_callback([&] { set_up_logging(log_level); });
  add_doctor_command(app);
  add_init_command(app);
  add_data_command(app);
  add_run_commands(app);
  add_store_commands(app);
  add_reward_commands(app);
  add_explaining_commands(app);
  add_scale_command(app);
  add_network_commands(app);
  add_roofline_command(app);
  add_calibrate_command(app);
  add_latency_commands(app);
  add_hardware_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::CallForAllHelp& e) {
    return app.exit(e);
  } catch (const CLI::CallForVersion& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    refuse_command_line(app, argc, argv, e.what());
  }
  require_output();
  return 0;
}

std::filesystem::path& program_file() {
  static std::filesystem::path file;
  return file;
}

}  // namespace

const std::filesystem::path& this_program() { return program_file(); }

int run_command_line(int argc, char** argv, const std::filesystem::path& program) {
  program_file() = program;
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    std::cerr << "ridgeline: " << one_line(error.what()) << "\n";
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "ridgeline: internal error: " << error.what() << "\n";
    return static_cast<int>(ErrorKind::kInternal);
  }
}

}  // namespace ridgeline
