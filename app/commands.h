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
  std::string run;                    ///< folder; empty: runs/NAME
};
void search_command(const SearchOptions& options);

struct ResumeOptions {
  std::string run;
  std::vector<std::string> settings;  ///< runtime.* only
};
void resume_command(const ResumeOptions& options);

struct ShowOptions {
  std::string run;
  bool all = false;    ///< every trial, not the best ten
  int64_t trial = -1;  ///< only this one, with its attempts and learning curve; -1: the run
};
void show_command(const ShowOptions& options);

struct ScaleOptions {
  std::string source;                 ///< run folder or architecture file
  std::vector<std::string> settings;  ///< run folder: scaling.*; with --config: anything
  std::string config;                 ///< LACS for an architecture file
  double alpha = 1.2, beta = 1.1, gamma = 1.15;
  std::vector<double> phi = {0, 1, 2};
  std::string hardware = "xeon_skylake";
  int batch = 1;
  std::string out;  ///< folder for the members' files; empty: none written
};
void scale_command(const ScaleOptions& options);

struct ExportOptions {
  std::string run;
  std::string formats = "yaml,torchscript";
  std::string out;
};
void export_command(const ExportOptions& options);

struct ProfileOptions {
  std::string architecture;
  std::string hardware = "xeon_skylake";
  int batch = 1;
  std::string precision;
  std::string format = "table";  ///< table, json, csv
  bool measured = false;         ///< on this machine instead of a hardware file
  std::string device = "cpu";
  int threads = 1;
};
void profile_command(const ProfileOptions& options);

struct ValidateOptions {
  std::string config;
  std::vector<std::string> settings;
};
void validate_command(const ValidateOptions& options);

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
  int parent = 0;       ///< the trial ends when this process does; 0: no matter
  int rank = 0;         ///< of a data-parallel trial; above 0: started by rank 0, which is `parent`
  std::string meeting;  ///< where the ranks find each other; with rank
};
void trial_command(const TrialOptions& options);

void reference_command();

/// "LibTorch 1.13.1, 0 CUDA devices"
std::string runtime_versions();

}  // namespace ridgeline
