#include "benchmarks/quality_tasks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "accuracy/surrogate/formula.h"
#include "core/config_path.h"
#include "core/error.h"
#include "latency/measurement/make_oracle.h"
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

/// A task whose point of mixed-radix index i has `values[i]`.
QualityTask tabular(QualityTask task, std::vector<QualityValue> values) {
  for (const auto& value : values) task.best_score = std::max(task.best_score, value.score);
  task.evaluate = [decisions = task.decisions, table = std::move(values)](const Genotype& genotype,
                                                                          RandomStream&) {
    return table[index_of(decisions, genotype)];
  };
  return task;
}

QualityTask finished(QualityTask task, const std::vector<double>& signal_percent,
                     const std::vector<double>& score) {
  std::vector<QualityValue> values;
  for (size_t i = 0; i < score.size(); ++i)
    values.push_back({.signal = signal_percent[i] / 100, .score = score[i]});
  return tabular(std::move(task), std::move(values));
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
  const auto reward = rewards(accuracy_percent, cost);
  std::vector<QualityValue> values;
  for (size_t i = 0; i < cost.size(); ++i)
    values.push_back({reward[i] / 100, reward[i], accuracy_percent[i] / 100, cost[i]});
  return tabular(std::move(task), std::move(values));
}

/// Each evaluation is told one of several trainings, drawn anew; a point is worth their mean.
QualityTask redrawn(QualityTask task, const std::vector<double>& score,
                    std::array<std::vector<double>, 3> percent) {
  task.best_score = *std::max_element(score.begin(), score.end());
  task.evaluate = [=, decisions = task.decisions, trainings = std::move(percent)](
                      const Genotype& genotype, RandomStream& stream) -> QualityValue {
    const size_t point = index_of(decisions, genotype);
    const auto drawn = static_cast<size_t>(stream.below(static_cast<int>(trainings.size())));
    return {.signal = trainings[drawn][point] / 100, .score = score[point]};
  };
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
  tasks.push_back(redrawn(task("macro_c10_noisy", "mean_acc"), accuracy,
                          {values_of(table, "arch8", "test_acc_1", task("", "")),
                           values_of(table, "arch8", "test_acc_2", task("", "")),
                           values_of(table, "arch8", "test_acc_3", task("", ""))}));
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
          .evaluate = [=](const Genotype& genotype, RandomStream&) -> QualityValue {
            const Architecture architecture = space->decode(genotype);
            const double ms = oracle->estimate(lower(architecture)).ms;
            const double accuracy = formula_accuracy(architecture);
            const double value = Reward(reward)(accuracy, ms);
            return {value, 100 * value, accuracy, ms};
          }};
}

/// The distinct cells of a column: numbers by size where all are numbers, else texts in order.
std::vector<std::string> distinct_cells(const CsvTable& table, size_t column) {
  std::set<std::string> cells;
  for (size_t row = 0; row < table.rows(); ++row) cells.insert(table.text(row, column));
  std::vector<std::string> sorted(cells.begin(), cells.end());
  const auto number = [](const std::string& cell) {
    char* end = nullptr;
    const double value = std::strtod(cell.c_str(), &end);
    return cell.empty() || *end != '\0' ? std::nan("") : value;
  };
  const bool numbers = std::none_of(sorted.begin(), sorted.end(), [&](const std::string& cell) {
    return std::isnan(number(cell));
  });
  if (numbers) {
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](const auto& a, const auto& b) { return number(a) < number(b); });
  }
  return sorted;
}

/// 0 where the cell is empty.
double value_at(const CsvTable& table, size_t row, size_t column) {
  if (table.text(row, column).empty()) return 0;
  const double value = table.number(row, column);
  if (value >= 0) return value;
  throw Error(ErrorKind::kData, table.where(row) + ": '" + table.columns()[column] +
                                    "' is negative; a value is >= 0, and 0 where the trial failed");
}

}  // namespace

QualityTask table_task(const std::filesystem::path& path, const std::string& value,
                       const std::string& score, const std::vector<std::string>& ignored,
                       double scale) {
  const CsvTable table = CsvTable::load(path);
  const size_t signal_column = table.column(value);
  const size_t score_column = score.empty() ? signal_column : table.column(score);
  std::vector<size_t> passed_over = {signal_column, score_column};
  for (const auto& name : ignored) passed_over.push_back(table.column(name));
  QualityTask task{.name = path.stem().stem().string(), .reported = score.empty() ? value : score};
  std::vector<size_t> columns;
  for (size_t column = 0; column < table.columns().size(); ++column) {
    if (std::find(passed_over.begin(), passed_over.end(), column) != passed_over.end()) continue;
    columns.push_back(column);
    task.decisions.push_back({table.columns()[column], distinct_cells(table, column)});
  }
  std::map<Genotype, QualityValue> points;
  for (size_t row = 0; row < table.rows(); ++row) {
    Genotype genotype;
    for (size_t d = 0; d < columns.size(); ++d) {
      const auto& labels = task.decisions[d].labels;
      const auto at = std::find(labels.begin(), labels.end(), table.text(row, columns[d]));
      genotype.push_back(static_cast<int>(at - labels.begin()));
    }
    const double signal = value_at(table, row, signal_column);
    const double worth = signal > 0 ? scale * value_at(table, row, score_column) : 0;
    QualityValue point{.signal = signal, .score = worth, .complete = signal > 0};
    if (!points.emplace(std::move(genotype), point).second)
      throw Error(ErrorKind::kData, table.where(row) + ": an earlier row has the same decisions");
    task.best_score = std::max(task.best_score, worth);
  }
  task.evaluate = [known = std::move(points)](const Genotype& genotype, RandomStream&) {
    const auto found = known.find(genotype);
    return found == known.end() ? QualityValue{.complete = false} : found->second;
  };
  return task;
}

std::vector<QualityTask> quality_tasks(const std::filesystem::path& data) {
  std::vector<QualityTask> tasks;
  add_nasbench201(data, tasks);
  add_macro(data, tasks);
  for (const std::string name : {"nasbench_graph_pubmed", "nasbench_graph_computers"}) {
    tasks.push_back(
        table_task(data / "search" / (name + ".csv.gz"), "valid_accuracy", "", {}, /*scale=*/100));
  }
  tasks.push_back(table_task(data / "search" / "kernel_convolution_w6600.csv.gz", "share_of_best",
                             "", {}, /*scale=*/100));
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
