#pragma once

#include <functional>
#include <string>
#include <vector>

#include "search_space/architecture.h"

namespace ridgeline {

/// One searchable field of an architecture. Every value (number, enum, flag) travels as a double.
struct ArchitectureField {
  std::string key;  ///< as in YAML: "kernel"
  std::function<double(const YamlView&)> parse;
  std::function<void(Architecture&, double)> set;
  std::function<double(const Architecture&)> get;
};

/// The fields of the stem, of stage `index` (0-based), of the head, and of the top level, in the
/// order in which they are decided: the only description of their names, ranges and meanings.
std::vector<ArchitectureField> stem_fields();
std::vector<ArchitectureField> stage_fields(size_t index);
std::vector<ArchitectureField> head_fields();
std::vector<ArchitectureField> top_fields();
/// Never searched: drop_connect, batch_norm.
std::vector<ArchitectureField> regularisation_fields();
std::vector<ArchitectureField> batch_norm_fields();

}  // namespace ridgeline
