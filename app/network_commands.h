#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scaling/compound.h"

namespace ridgeline {

// The sub-commands about networks and hardware; see commands.h.

struct ScaleOptions {
  std::string source;                 ///< run folder or architecture file
  std::vector<std::string> settings;  ///< run folder: scaling.*; with --config: anything
  bool strict = false;
  std::string config;  ///< LACS for an architecture file
  double alpha = 1.2, beta = 1.1, gamma = 1.15;
  std::vector<double> phi = {0, 1, 2};
  std::vector<double> targets;  ///< ms; the members' latencies, instead of `phi`
  ResolutionRounding resolution_rounding = ResolutionRounding::kFloor;
  int resolution_multiple = 1;
  std::string hardware = "xeon_skylake";
  int batch = 1;
  std::vector<std::string> price_on;  ///< further hardware
  std::string out;                    ///< folder for the members' files; empty: none written
};
void scale_command(const ScaleOptions& options);

/// Full training of one network.
struct TrainOptions {
  std::string source;                 ///< run folder, architecture file, or known network
  std::string config;                 ///< training file; empty: a run's settings
  std::vector<std::string> settings;  ///< "key=value"
  bool strict = false;
  std::string out;         ///< folder; empty: trainings/NAME
  int parent = 0;          ///< of a further rank of a data-parallel training: rank 0's process
  int rank = 0;            ///< of that rank
  std::string rendezvous;  ///< where the ranks find each other
};
void train_command(const TrainOptions& options);

struct ExportOptions {
  std::string run;
  int64_t trial = -1;                  ///< this one instead of the best network; -1: the best
  std::string formats;                 ///< empty: the run's export.formats
  bool include_preprocessing = false;  ///< in the files that can be run
  std::string out;
};
void export_command(const ExportOptions& options);

/// Loads exported files again and prints what each was compared with. Throws `kRun` at the first
/// that differs, `kUnchecked` after the table when a file could not be checked here.
void verify_command(const std::vector<std::string>& files);

struct ScoreOptions {
  std::string model;                  ///< file or folder of an export, folder of a run
  std::string data;                   ///< experiment file, or a folder of images
  std::vector<std::string> settings;  ///< of the experiment file
  std::string split;                  ///< train, validation, test, all; empty: test or validation
  int batch = 64;
  int limit = 0;       ///< images; 0: all
  int resolution = 0;  ///< pixels, where the model does not record it; 0: as recorded
  std::vector<double> mean, deviation;  ///< instead of the recorded ones
  bool data_normalization = false;      ///< likewise: of the data's training images
  bool whole_images = false;            ///< of a folder: no middle crop
  int threads = 0;                      ///< 0: all cores
  bool json = false;
  std::string csv, svg;  ///< files for the classes and the confusion matrix; empty: none
};
/// Scores a trained network on labelled images. Throws `kUnchecked` when the program that the
/// file needs is not here.
void score_command(const ScoreOptions& options);

struct NetworksOptions {
  std::string family;  ///< empty: all
  bool csv = false, json = false;
};
void networks_command(const NetworksOptions& options);

struct ProfileOptions {
  std::string network;  ///< a known name, or an architecture file
  int resolution = 0;   ///< pixels; 0: the network's own
  std::string hardware = "xeon_skylake";
  int batch = 1;
  std::string precision;
  bool csv = false, json = false;
  bool measured = false;  ///< on this machine instead of a hardware file
  std::string device = "cpu";
  int threads = 1;
  std::string svg;  ///< picture of the kernels on the roofline; empty: none
};
void profile_command(const ProfileOptions& options);

struct RooflineOptions {
  std::vector<std::string> hardware = {"tpu_v3", "v100", "xeon_skylake"};
  std::vector<std::string> networks = {"efficientnet_b0", "efficientnet_b7",
                                       "efficientnet_x_b0_tpu", "efficientnet_x_b7_tpu",
                                       "resnet50"};
  int batch = 128;
  std::string svg;  ///< picture; empty: none
  bool csv = false, json = false;
};
void roofline_command(const RooflineOptions& options);

struct CalibrateOptions {
  std::string hardware;
  std::vector<std::string> measurements;  ///< CSV files
  std::vector<std::string> select;        ///< "column=value"
  std::string out;                        ///< hardware file to write; empty: none
  bool held_out = false;                  ///< print every family's errors
  int fit_rows = 0;    ///< fit to so many rows, drawn at random, and predict the others; 0: all
  bool force = false;  ///< write `out` although the errors outside the fit are over the bar
};
void calibrate_command(const CalibrateOptions& options);

struct EvaluateOptions {
  std::string hardware;
  std::vector<std::string> measurements;  ///< CSV files
  std::vector<std::string> select;        ///< "column=value"
  std::string csv;                        ///< every row's prediction; empty: none
};
/// How well a hardware file predicts rows that it was not fitted to.
void evaluate_command(const EvaluateOptions& options);

}  // namespace ridgeline
