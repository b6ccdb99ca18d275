#pragma once

#include <optional>
#include <string>
#include <vector>

#include "accuracy/data_config.h"
#include "accuracy/normalization.h"
#include "accuracy/proxy_config.h"
#include "accuracy/supernet_config.h"
#include "accuracy/training_config.h"
#include "accuracy/zero_cost_config.h"
#include "tables/config.h"

namespace ridgeline {

/// proxy: train briefly and validate. supernet: with weights that all networks of the space share,
/// trained once. command: by the user's own program. formula: a smooth
/// function of cost, depth and width that needs no training, for trying out a configuration and for
/// tests; it says nothing of real accuracy. table: of a space of plain decisions, looked up.
/// surrogate: a file of `ridgeline surrogate fit`, or fitted to a table of plain decisions.
/// zero_cost: a score of the untrained network, mapped to (0, 1); no accuracy.
enum class AccuracyKind { kProxy, kSupernet, kCommand, kFormula, kTable, kSurrogate, kZeroCost };
template <>
struct EnumNames<AccuracyKind> {
  static constexpr std::array<std::pair<AccuracyKind, const char*>, 7> values{
      {{AccuracyKind::kProxy, "proxy"},
       {AccuracyKind::kSupernet, "supernet"},
       {AccuracyKind::kCommand, "command"},
       {AccuracyKind::kFormula, "formula"},
       {AccuracyKind::kTable, "table"},
       {AccuracyKind::kSurrogate, "surrogate"},
       {AccuracyKind::kZeroCost, "zero_cost"}}};
};
/// Whether an evaluator of this kind prices points of plain decisions, by a table of them.
inline bool reads_table(AccuracyKind kind) {
  return kind == AccuracyKind::kTable || kind == AccuracyKind::kSurrogate;
}

/// Whether an evaluator of this kind trains networks, which takes time and a device.
inline bool trains(AccuracyKind kind) {
  return kind == AccuracyKind::kProxy || kind == AccuracyKind::kSupernet ||
         kind == AccuracyKind::kCommand;
}
/// Whether it trains them itself, on the images of `accuracy.data`.
inline bool trains_on_data(AccuracyKind kind) {
  return kind == AccuracyKind::kProxy || kind == AccuracyKind::kSupernet;
}

struct AccuracyConfig {
  AccuracyKind kind = AccuracyKind::kProxy;
  std::optional<std::vector<std::string>> command = {};
  std::optional<Normalization> normalization = {};
  DataConfig data;
  TrainingConfig training;
  ReductionConfig proxy;
  SupernetConfig supernet;
  TableConfig table;
  std::string surrogate = {};
  ZeroCostConfig zero_cost;

  template <class V>
  void describe(V& v) {
    v.field(
        "kind", kind,
        {.help = "proxy: short training, scored on validation images; supernet: scored with "
                 "weights that all networks of the space share, trained once before the search "
                 "(docs/supernet.md); command: your own training program; formula: no training, a "
                 "made-up accuracy for trying out a configuration; table: for "
                 "spaces of plain decisions, looked up in a CSV file; surrogate: predicted, by a "
                 "file of `ridgeline surrogate fit`, or for plain decisions by a fit to `table`; "
                 "zero_cost: a score of the untrained network (docs/proxy.md)"});
    v.field(
        "command", command,
        {.help = "your program and its arguments; it runs in a folder with the network and "
                 "trial.json, and prints lines such as {\"step\": 1, \"accuracy\": 0.5}; the last "
                 "one counts (docs/training_programs.md)"},
        used_by("kind", kind, {AccuracyKind::kCommand}));
    v.field("normalization", normalization,
            {.help = "what your program does to pixels from 0 to 1, such as {mean: [0.485, 0.456, "
                     "0.406], std: [0.229, 0.224, 0.225]}; the exported files record it"},
            used_by("kind", kind, {AccuracyKind::kCommand}));
    v.section("data", data, "the images",
              used_by("kind", kind,
                      {AccuracyKind::kProxy, AccuracyKind::kSupernet, AccuracyKind::kZeroCost}));
    v.section(
        "training", training,
        "the training of a candidate network, and with supernet that of the shared weights, but "
        "for its epochs; command: your program is told epochs, batch, device and threads",
        used_by("kind", kind,
                {AccuracyKind::kProxy, AccuracyKind::kSupernet, AccuracyKind::kCommand}));
    v.section("proxy", proxy, "how much smaller a trial is than the final training",
              used_by("kind", kind, {AccuracyKind::kProxy}));
    v.section("supernet", supernet, "the training of the shared weights",
              used_by("kind", kind, {AccuracyKind::kSupernet}));
    v.section("zero_cost", zero_cost, "the score instead of an accuracy",
              used_by("kind", kind, {AccuracyKind::kZeroCost}));
    v.section("table", table, "accuracies of a space of plain decisions",
              used_by("kind", kind, {AccuracyKind::kTable, AccuracyKind::kSurrogate}));
    v.field("surrogate", surrogate,
            {.help = "file of `ridgeline surrogate fit` (docs/surrogates.md); must be given for a "
                     "space of networks; \"\": fitted to `table`"},
            used_by("kind", kind, {AccuracyKind::kSurrogate}));
  }
};

}  // namespace ridgeline
