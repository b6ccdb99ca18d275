#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scaling/lacs_config.h"

namespace ridgeline {

/// In ms; throws `kInfeasible` for a network that does not fit.
using NetworkPrice = std::function<double(const Architecture&)>;
/// The limit that a network breaks, in words.
using NetworkLimit = std::function<std::optional<std::string>(const Architecture&)>;

/// A latency on some hardware; infinite where the network does not fit there.
struct NamedLatency {
  std::string name;
  double ms = 0;
};

struct FamilyMember {
  std::string name;  ///< "B0", "B1", ...
  double phi = 0;
  ScalingFactors factors;  ///< as scaled; a fitted resolution is in them
  Architecture architecture;
  double latency_ms = 0;                ///< infinite where the network does not fit the device
  double target_ms = 0;                 ///< 0: none
  std::optional<double> accuracy = {};  ///< as its trial was scored; nothing: not trained
  std::string over_limit;  ///< why it is refused, and what is within reach; empty: it is not
  double intensity = 0;    ///< operational intensity I, FLOPs per byte; 0: not known
  std::vector<NamedLatency> elsewhere = {};  ///< on further hardware
};

/// How far `member` is from its target, relative to it; 0 where it has none.
double deviation_from_target(const FamilyMember& member);

/// B0..Bn of `base`: at each phi of `config.family`, or where `config.family_targets` are given, at
/// the phi whose latency is nearest to each. With `config.fit_resolution` and a target, the
/// resolution is the one (from the base's up to max_gamma^phi) whose latency is nearest to it;
/// depth and width are those of the largest exponent up to phi that leaves room for the base's
/// resolution. Targets by phi are latency_ratio^(phi / level) times the base's latency, in the
/// modes that have one. Throws `kInfeasible` for a listed target out of reach; the message gives
/// the range.
std::vector<FamilyMember> make_family(const Architecture& base, const CompoundCoefficients& best,
                                      const LacsConfig& config, const NetworkPrice& latency_ms,
                                      const NetworkLimit& over_limit = {});

}  // namespace ridgeline
