#pragma once

#include "latency/config.h"
#include "latency/oracle.h"
#include "tables/lookup.h"
#include "tables/surrogate.h"

namespace ridgeline {

/// What the oracles of plain decisions share. A network is no point of theirs: `estimate` throws.
class PointOracle : public LatencyOracle {
 public:
  Latency estimate(const Network& network) const final;

 protected:
  PointOracle(const LatencyConfig& config, std::string method);
  Latency latency_of(double ms) const;
  const std::string& method() const { return method_; }

 private:
  std::string method_, device_;
  int batch_;
  Precision precision_;
};

/// The latency that a CSV table has for a point of plain decisions (method "table_file").
class FileOracle : public PointOracle {
 public:
  /// Throws as `read_table_rows`, and `kConfig` for a unit that is no latency's.
  explicit FileOracle(const LatencyConfig& config);

  /// Throws `LatencyFailure` for a point that the table lacks.
  using LatencyOracle::estimate_architecture;
  Latency estimate_architecture(const Architecture& architecture, const Network&) const override;
  void require(const SearchSpace& space) const override { table_.require(space); }
  std::string description() const override;

 private:
  LookupTable table_;
};

/// The same with a `Surrogate` fitted to the table (method "surrogate").
class SurrogateOracle : public PointOracle {
 public:
  explicit SurrogateOracle(const LatencyConfig& config);

  using LatencyOracle::estimate_architecture;
  Latency estimate_architecture(const Architecture& architecture, const Network&) const override;
  void require(const SearchSpace& space) const override { surrogate_.require(space); }
  std::string description() const override;

 private:
  Surrogate surrogate_;
};

/// For searches in which latency has no part: everything takes 1 ms, which is then the target too,
/// so that the reward of every kind is the accuracy.
class NoOracle : public LatencyOracle {
 public:
  Latency estimate(const Network&) const override { return unit(); }
  using LatencyOracle::estimate_architecture;
  Latency estimate_architecture(const Architecture&, const Network&) const override {
    return unit();
  }
  std::string description() const override { return "none: accuracy alone counts"; }

 private:
  static Latency unit();
};

}  // namespace ridgeline
