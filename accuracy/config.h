#pragma once

#include "accuracy/data_config.h"
#include "accuracy/training_config.h"
#include "tables/config.h"

namespace ridgeline {

/// proxy: train briefly and validate. formula: a smooth function of cost, depth and width that
/// needs no training, for trying out a configuration and for tests; it says nothing of real
/// accuracy. table, surrogate: of a space of plain decisions, looked up or fitted.
enum class AccuracyKind { kProxy, kFormula, kTable, kSurrogate };
template <>
struct EnumNames<AccuracyKind> {
  static constexpr std::array<std::pair<AccuracyKind, const char*>, 4> values{
      {{AccuracyKind::kProxy, "proxy"},
       {AccuracyKind::kFormula, "formula"},
       {AccuracyKind::kTable, "table"},
       {AccuracyKind::kSurrogate, "surrogate"}}};
};
/// Whether an evaluator of this kind prices points of plain decisions, by a table of them.
inline bool reads_table(AccuracyKind kind) {
  return kind == AccuracyKind::kTable || kind == AccuracyKind::kSurrogate;
}

struct AccuracyConfig {
  AccuracyKind kind = AccuracyKind::kProxy;
  DataConfig data;
  TrainingConfig training;
  TableConfig table;

  template <class V>
  void describe(V& v) {
    v.field("kind", kind,
            {.help = "proxy: short training, scored on validation images; formula: no training, a "
                     "made-up accuracy for trying out a configuration; table, surrogate: for "
                     "spaces of plain decisions, looked up in a CSV file or fitted to a file that "
                     "holds a sample"});
    const UsedBy proxy = used_by("kind", kind, {AccuracyKind::kProxy});
    v.section("data", data, "the images", proxy);
    v.section("training", training, "the training of a candidate network", proxy);
    v.section("table", table, "accuracies of a space of plain decisions",
              used_by("kind", kind, {AccuracyKind::kTable, AccuracyKind::kSurrogate}));
  }
};

}  // namespace ridgeline
