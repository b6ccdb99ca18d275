#include "benchmarks/quality_tasks.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "accuracy/formula.h"
#include "core/config_path.h"
#include "core/error.h"
#include "latency/factory.h"
#include "reward/reward.h"
#include "search_space/search_space.h"

namespace ridgeline {
namespace {

constexpr double kExponent = -0.09;  // EfficientNet-X's w

std::vector<Decision> digits(const std::string& name, int decisions, int choices) {
  std::vector<Decision> made;
  for (int d = 0; d < decisions; ++d) {
    made.push_back({.name = name + std::to_string(d), .labels = {}});
    for (int k = 0; k < choices; ++k) made.back().labels.push_back(std::to_string(k));
  }
  return made;
}

/// Mixed-radix index of a genotype whose decisions are all active.
size_t index_of(const std::vector<Decision>& decisions, const Genotype& genotype) {
  size_t index = 0;
  for (size_t d = 0; d < decisions.size(); ++d) {
    index = index * static_cast<size_t>(decisions[d].choices()) + static_cast<size_t>(genotype[d]);
  }
  return index;
}

Genotype genotype_of(const std::string& key) {
  Genotype genotype;
  for (const char digit : key) genotype.push_back(digit - '0');
  return genotype;
}

/// One column of a table, by the index of its key.
std::vector<double> values_of(const CsvTable& table, const std::string& key,
                              const std::string& column, const QualityTask& task) {
  size_t points = 1;
  for (const auto& decision : task.decisions) points *= static_cast<size_t>(decision.choices());
  std::vector<double> values(points, std::numeric_limits<double>::quiet_NaN());
  const size_t key_at = table.column(key);
  const size_t value_at = table.column(column);
  for (size_t row = 0; row < table.rows(); ++row) {
    const Genotype genotype = genotype_of(table.text(row, key_at));
    check_genotype(task.decisions, genotype);
    values[index_of(task.decisions, genotype)] = table.number(row, value_at);
  }
  const auto missing = std::count_if(values.begin(), values.end(), [](double v) { return v != v; });
  if (missing > 0) {
    throw Error(ErrorKind::kData, table.source() + ": column '" + column + "' lacks " +
                                      std::to_string(missing) + " of " + std::to_string(points) +
                                      " points");
  }
  return values;
}

QualityTask finished(QualityTask task, const std::vector<double>& signal_percent,
                     const std::vector<double>& score) {
  for (size_t i = 0; i < score.size(); ++i)
    task.table.push_back({.signal = signal_percent[i] / 100, .score = score[i]});
  task.best_score = *std::max_element(score.begin(), score.end());
  return task;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// ACC x (LAT/T)^w with T the median, as the shared baselines have it.
std::vector<double> rewards(const std::vector<double>& accuracy, const std::vector<double>& cost) {
  const double target = median(cost);
  std::vector<double> values;
  for (size_t i = 0; i < accuracy.size(); ++i) {
    values.push_back(accuracy[i] * std::pow(cost[i] / target, kExponent));
  }
  return values;
}

/// A task whose reward weighs `accuracy_percent` against `cost`.
QualityTask weighed(QualityTask task, const std::vector<double>& accuracy_percent,
                    const std::vector<double>& cost) {
  const auto values = rewards(accuracy_percent, cost);
  task = finished(std::move(task), values, values);
  for (size_t i = 0; i < cost.size(); ++i) {
    task.table[i].accuracy = accuracy_percent[i] / 100;
    task.table[i].cost = cost[i];
  }
  return task;
}

void add_nasbench201(const std::filesystem::path& data, std::vector<QualityTask>& tasks) {
  const CsvTable accuracy = CsvTable::load(data / "nasbench201" / "nasbench201_accuracy.csv.gz");
  const CsvTable latency = CsvTable::load(data / "nasbench201" / "nasbench201_latency_ms.csv.gz");
  const auto task = [](const std::string& name, const std::string& reported) {
    return QualityTask{.name = name, .reported = reported, .decisions = digits("edge", 6, 5)};
  };
  const auto column = [&](const CsvTable& table, const std::string& name) {
    return values_of(table, "ops", name, task("", ""));
  };
  const auto c100 = column(accuracy, "c100_test_e200");
  const auto c10_val = column(accuracy, "c10v_val_e200");
  tasks.push_back(finished(task("nb201_c10_proxy12", "c10_test_e200"),
                           column(accuracy, "c10_val_e12"), column(accuracy, "c10_test_e200")));
  tasks.push_back(finished(task("nb201_c100_test200", "c100_test_e200"), c100, c100));
  tasks.push_back(weighed(task("nb201_mo_c100_test_e200_titan_rtx_256_w-0.09", "reward"), c100,
                          column(latency, "titan_rtx_256")));
  tasks.push_back(finished(task("nb201_c100_proxy12", "c100_test_e200"),
                           column(accuracy, "c100_val_e12"), c100));
  tasks.push_back(finished(task("nb201_c10_val200", "c10v_val_e200"), c10_val, c10_val));
  tasks.push_back(weighed(task("nb201_mo_c10_val_e200_pixel3_w-0.09", "reward"), c10_val,
                          column(latency, "pixel3")));
}

void add_macro(const std::filesystem::path& data, std::vector<QualityTask>& tasks) {
  const CsvTable table = CsvTable::load(data / "search" / "nasbench_macro_cifar10.csv.gz");
  const auto task = [](const std::string& name, const std::string& reported) {
    return QualityTask{.name = name, .reported = reported, .decisions = digits("slot", 8, 3)};
  };
  const auto accuracy = values_of(table, "arch8", "mean_acc", task("", ""));
  const auto macs = values_of(table, "arch8", "macs", task("", ""));
  tasks.push_back(finished(task("macro_c10_mean", "mean_acc"), accuracy, accuracy));
  tasks.push_back(weighed(task("macro_mo_macs_w-0.09", "reward"), accuracy, macs));
}

QualityTask efficientnet_x() {
  const auto space = std::make_shared<const SearchSpace>(
      SearchSpace::from_yaml(YamlView::load_file(find_config("spaces", "efficientnet_x"))));
  LatencyConfig latency;
  latency.hardware = "v100";
  latency.batch = 128;
  const std::shared_ptr<const LatencyOracle> oracle = make_oracle(latency);
  RewardConfig reward;
  reward.target_ms = 22.5;  // EfficientNet-X-B0
  reward.w = kExponent;
  return {.name = "efficientnet_x_formula_v100",
          .reported = "reward",
          .decisions = space->decisions(),
          .formula = [=](const Genotype& genotype) -> QualityValue {
            const Architecture architecture = space->decode(genotype);
            const double ms = oracle->estimate(lower(architecture)).ms;
            const double accuracy = formula_accuracy(architecture);
            const double value = Reward(reward)(accuracy, ms);
            return {value, 100 * value, accuracy, ms};
          }};
}

}  // namespace

QualityValue QualityTask::value(const Genotype& genotype) const {
  return table.empty() ? formula(genotype) : table[index_of(decisions, genotype)];
}

std::vector<QualityTask> quality_tasks(const std::filesystem::path& data) {
  std::vector<QualityTask> tasks;
  add_nasbench201(data, tasks);
  add_macro(data, tasks);
  tasks.push_back(efficientnet_x());
  return tasks;
}

std::vector<QualityBaseline> quality_baselines(const CsvTable& table, const QualityTask& task) {
  const auto cell = [&](size_t row, const char* column) { return table.text(row, column); };
  const auto number = [&](size_t row, const char* column) { return table.number(row, column); };
  std::vector<QualityBaseline> found;
  for (size_t row = 0; row < table.rows(); ++row) {
    if (cell(row, "task") != task.name || cell(row, "reported") != task.reported ||
        cell(row, "budget_kind") != "evals") {
      continue;
    }
    found.push_back({.algorithm = cell(row, "algorithm"),
                     .evaluations = static_cast<int>(number(row, "budget")),
                     .mean = number(row, "mean"),
                     .sd = number(row, "sd"),
                     .repeats = static_cast<int>(number(row, "repeats"))});
  }
  return found;
}

}  // namespace ridgeline
