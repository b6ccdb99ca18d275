#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ridgeline {

/// Where and how this machine runs networks.
struct PlaceOptions {
  std::string device = "cpu";
  int threads = 1;
  int batch = 1;
  std::string precision = "fp32";
  std::string memory_format = "channels_last";
  double half_width = 0.02;  ///< of the 95 % interval of a whole network's median, as a share of it
  double time_limit_s = 5;   ///< for the runs of one network, over all rounds
  int rounds = 5;            ///< in which whole networks are timed
};

/// Random networks of a space.
struct SampleOptions {
  std::string space;  ///< a name of configs/spaces, or a file
  int samples = 100;
  uint64_t seed = 0;
  std::vector<int> resolutions;  ///< empty: the space's own
};

struct BuildTableOptions {
  SampleOptions sample;
  PlaceOptions place;
  int networks = 12;  ///< measured as a whole, for the whole-network term
  std::string out;
};
void build_table_command(const BuildTableOptions& options);

struct MeasureOptions {
  SampleOptions sample;
  PlaceOptions place;
  std::string out;
};
void measure_command(const MeasureOptions& options);

struct HardwareMeasureOptions {
  std::string device = "cpu";
  int threads = 1;
  double time_limit_s = 120;
  std::string out;
};
void hardware_measure_command(const HardwareMeasureOptions& options);
void hardware_list_command();
/// A name of configs/hardware, or a file.
void hardware_show_command(const std::string& name);
void hardware_new_command(const std::string& name);

}  // namespace ridgeline
