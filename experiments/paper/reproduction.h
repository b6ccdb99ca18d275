#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/paper/block_search.h"

namespace ridgeline::paper {

/// The parts of docs/reproduction.md. Each ends with a line end.

/// Tables 3 and 4, Figures 2 to 4, and Table 6 and the dimensions of Table 5: no data needed.
std::string tables_section();
/// Tables 2 and 5: coefficients at one latency, their plateau, and what they rest on.
std::string coefficients_section();

/// The search on one device.
struct Device {
  std::string hardware;  ///< "v100"
  std::string title;     ///< "V100"
  std::string target;    ///< of the names of X: "gpu"
};
const std::vector<Device>& devices();

/// One line of text per finished step, to show progress.
using Progress = std::function<void(const std::string&)>;

/// The searched spaces, Table 1, what the search finds by itself and the direct search. `data`
/// holds accelnb/. With `policy_gradient`, the results of REINFORCE too: they may differ in another
/// version of LibTorch, and stand between two marker lines.
std::string search_section(const std::filesystem::path& data, bool policy_gradient,
                           const Progress& progress);

/// The whole page.
std::string reproduction_page(const std::filesystem::path& data, const Progress& progress);
/// `page` without what stands between the markers.
std::string without_policy_gradient(const std::string& page);

}  // namespace ridgeline::paper
