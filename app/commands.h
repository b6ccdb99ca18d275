#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ridgeline {

// One function per sub-command of the program; main.cpp describes their options. Each prints its
// result to stdout, progress and logs to stderr, and throws `Error` for what the user can mend.

struct SearchOptions {
  std::string config;
  std::vector<std::string> settings;  ///< "key=value"
  bool strict = false;                ///< refuse keys that the chosen kinds do not use
  std::string run;                    ///< folder; empty: runs/NAME
};
void search_command(const SearchOptions& options);

struct ResumeOptions {
  std::string run;
  std::vector<std::string> settings;  ///< runtime.* only
  bool strict = false;
};
void resume_command(const ResumeOptions& options);

struct ShowOptions {
  std::string run;
  bool all = false;    ///< every trial, not the best ten
  int64_t trial = -1;  ///< only this one, with its attempts and learning curve; -1: the run
};
void show_command(const ShowOptions& options);

struct ValidateOptions {
  std::string config;
  std::vector<std::string> settings;
  bool strict = false;
};
void validate_command(const ValidateOptions& options);

struct DataCheckOptions {
  std::string config;
  std::vector<std::string> settings;
  bool strict = false;
  bool all = false;   ///< name every file and class
  std::string sheet;  ///< PNG of augmented training images; empty: none
};
void data_check_command(const DataCheckOptions& options);

struct RunsOptions {
  std::string folder = "runs";
};
void runs_command(const RunsOptions& options);

struct TrialsOptions {
  std::string run;
  std::string where;  ///< SQL condition over the columns of a trial; empty: all
  bool csv = false, json = false;
};
void trials_command(const TrialsOptions& options);

/// The stored trials of a run under another reward, without training.
struct RerankOptions {
  std::string run;
  std::vector<std::string> targets;   ///< "12ms", "ACCELERATOR=8ms"; others: the run's
  std::string kind;                   ///< of the reward; empty: the run's
  std::vector<std::string> settings;  ///< reward.* only
  int top = 10;                       ///< rows of the table
  bool csv = false, json = false;     ///< all rows
  std::string out;                    ///< file for the winner's architecture; empty: none
};
void rerank_command(const RerankOptions& options);

/// Where the exponent w comes from: exactly one of the three.
struct RewardCalibrateOptions {
  std::string gain;                 ///< accuracy per latency doubling: "5%"
  std::vector<std::string> points;  ///< two of "75.2%:80ms"
  std::string run;                  ///< folder: the front of its trials
};
void reward_calibrate_command(const RewardCalibrateOptions& options);

struct ParetoOptions {
  std::string run;
  bool csv = false, json = false;
  std::string svg;  ///< picture of the trials and their front; empty: none
};
void pareto_command(const ParetoOptions& options);

struct ExplainOptions {
  std::string run;
  bool json = false;
};
void explain_command(const ExplainOptions& options);

struct ForkOptions {
  std::string run, new_run;
  int at = 0;  ///< so many trials are taken over
  std::vector<std::string> settings;
};
void fork_command(const ForkOptions& options);

struct GcOptions {
  std::string run;
};
void gc_command(const GcOptions& options);

struct TrialOptions {
  std::string spec, result;
  int parent = 0;  ///< the trial ends when this process does; 0: no matter
  int rank = 0;    ///< of a data-parallel trial; above 0: started by rank 0, which is `parent`
  std::string rendezvous;       ///< where the ranks find each other; with rank
  std::string checkpoint;       ///< file of the training's state; empty: none is kept
  double checkpoint_every = 0;  ///< seconds between two writes; 0: only when asked to stop
  int gpu_processes = 1;  ///< that hold memory of the trial's GPU at a time, itself among them
  std::string gpu_lock;   ///< lock file of the GPU; empty: nobody measures there
};
void trial_command(const TrialOptions& options);

struct ReferenceOptions {
  bool training = false;  ///< of a training file, not of an experiment
};
void reference_command(const ReferenceOptions& options);

/// A short, commented experiment file.
struct InitOptions {
  std::string out = "experiment.yaml";
  std::string data = "fractal";   ///< or a folder of images
  std::string device = "cpu";     ///< cpu, cuda, cuda:N: measured; a hardware file: calculated
  std::string target = "median";  ///< a latency, or the median of the space
  std::string space;              ///< empty: by the size of the images
  int batch = 0;                  ///< images per inference; 0: 1 where measured, else 128
  int trials = 100;
  std::string train_command;  ///< the user's own training program; empty: Ridgeline trains
  int classes = 0;            ///< of the images of that program; 0: as --data has them
  int resolution = 0;         ///< pixels, likewise
  bool asks = true;           ///< on a terminal, for data, device and target
};
void init_command(const InitOptions& options);

/// A line "NAME VERSION" each for Ridgeline, LibTorch, CUDA, cuDNN, BLAS and compiler.
std::string version_text(const std::string& ridgeline_version);

struct DoctorOptions {
  std::string runs = "runs";  ///< where runs will be kept
  int time_limit_s = 60;      ///< of each check
  bool json = false;
};
void doctor_command(const DoctorOptions& options);

}  // namespace ridgeline
