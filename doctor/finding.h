#pragma once

#include <string>

#include "core/config.h"

namespace ridgeline {

/// `kWarning`: it runs, but slower than it could, or a part that some need is missing.
/// `kProblem`: a search would fail, or be many times too slow.
enum class Verdict { kOk, kWarning, kProblem };

template <>
struct EnumNames<Verdict> {
  static constexpr std::array<std::pair<Verdict, const char*>, 3> values{
      {{Verdict::kOk, "ok"}, {Verdict::kWarning, "warning"}, {Verdict::kProblem, "problem"}}};
};

/// What one check of the set-up found.
struct Finding {
  std::string check = {};  ///< "blas", "threads", "gpu 0", ...
  Verdict verdict = Verdict::kOk;
  std::string seen = {};    ///< what is there, in one line
  std::string remedy = {};  ///< what to do about it; empty where all is well
};

}  // namespace ridgeline
