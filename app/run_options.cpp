#include "app/run_options.h"

#include "app/commands.h"
#include "app/shared_options.h"

namespace ridgeline {
namespace {

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
  sub->add_option("--train-command", init.train_command,
                  "your own training program, such as 'python3 train.py --data images' "
                  "(docs/training_programs.md)")
      ->type_name("COMMAND");
  sub->add_option("--classes", init.classes,
                  "with --train-command: number of classes (default: those of --data)")
      ->check(CLI::Range(2, 1000000));
  sub->add_option("--resolution", init.resolution,
                  "with --train-command: side of the images (default: that of --data)")
      ->type_name("PX")
      ->check(CLI::Range(8, 4096));
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

}  // namespace

void add_run_options(CLI::App& app) {
  add_doctor_command(app);
  add_init_command(app);
  add_data_command(app);
  add_run_commands(app);
  add_store_commands(app);
  add_explaining_commands(app);
}

}  // namespace ridgeline
