#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/yaml.h"
#include "search_space/architecture.h"
#include "search_space/decision.h"

namespace ridgeline {

inline constexpr const char* kResolutionField = "resolution";
inline constexpr const char* kMomentumField = "batch_norm.momentum";

/// An immutable, validated factorized space read from the YAML format in which a scalar is decided
/// and a list is searched: of networks, or of plain named decisions (plain_decisions.h). `decode`
/// and `encode` are inverse to each other on valid genotypes.
class SearchSpace {
 public:
  static SearchSpace load(const std::filesystem::path& path);
  /// Throws `kConfig` with file:line:column for anything that is not a valid space.
  static SearchSpace from_yaml(const YamlView& view);

  const std::string& name() const;
  /// Its points are plain decisions: they have no network.
  bool is_plain() const;
  /// Of its networks, before the data replaces them.
  int classes() const;
  int input_channels() const;
  int resolution() const;
  /// Whether the file leaves the field open, `kResolutionField` or `kMomentumField`: then data and
  /// training decide it, and `encode` accepts any value.
  bool leaves_open(const std::string& field) const;
  /// Of plain decisions: the names of all in the order of the file, decided ones included.
  std::vector<std::string> plain_names() const;
  const std::vector<Decision>& decisions() const;
  /// Number of different genotypes (see `count_points`).
  long double size() const;

  /// Throws `kConfig` naming the decision for a genotype that is not of this space.
  Architecture decode(const Genotype& genotype) const;
  /// Throws `kConfig` naming the field whose value the space does not offer.
  Genotype encode(const Architecture& architecture) const;

 private:
  struct Impl;
  explicit SearchSpace(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace ridgeline
