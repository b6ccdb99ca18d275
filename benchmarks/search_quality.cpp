// Score of the best network that each controller has found after N evaluations, on published
// tables of trained networks: means over repeats, beside published baselines. Usage:
//   bench_search_quality DATA --task nb201_c100_test200 --controller '{kind: evolution}' gp_ei
//   bench_search_quality --table FILE --value COLUMN      (any CSV as a task)
// DATA is the folder of the tables. Without --task or --controller all of them run.
// OMP_NUM_THREADS=1 keeps BLAS to one thread per repeat.

#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <set>

#include "benchmarks/gp_baseline.h"
#include "benchmarks/quality_tasks.h"
#include "controller/controller.h"
#include "controller/policy/make_controller.h"
#include "controller/screening.h"
#include "core/error.h"
#include "core/file.h"
#include "report/plot.h"

namespace ridgeline {
namespace {

constexpr int kFirstDrawn = 20;  // what comes before would flatten the rest

struct Options {
  std::string data;
  std::string table, value, score;  // a task of one's own
  std::vector<std::string> ignored;
  std::vector<std::string> tasks;
  std::vector<std::string> controllers;
  std::vector<int> budgets = {50, 100, 200, 500, 1000};
  int repeats = 50;
  int batch = 8;
  int jobs = 2;
  uint64_t seed = 1;
  std::string curves;
  std::string plots;
};

/// What one search had found after each evaluation.
struct Course {
  std::vector<double> score;  ///< of the network whose signal is the best so far
  int distinct = 0;           ///< networks among the proposals
};

constexpr const char* kGpBaseline = "gp_ei";

/// As in a search whose trials take time.
std::unique_ptr<Controller> controller_of(const std::string& text,
                                          const std::vector<Decision>& decisions, uint64_t seed) {
  if (text == kGpBaseline) return make_gp_baseline(decisions);
  auto config = read_config<ControllerConfig>(YamlView::parse(text, "--controller"));
  choose_screening(/*free_trials=*/false, config);
  return make_controller(config, decisions, seed);
}

/// The search loop without anything around it: sample, evaluate, learn. Every proposal counts as an
/// evaluation, repeats and failures too; a failed one earns 0, as `search.failure_reward` has it.
Course search(const QualityTask& task, const std::string& controller_text, const Options& options,
              uint64_t seed) {
  const auto controller = controller_of(controller_text, task.decisions, seed);
  const int total = *std::max_element(options.budgets.begin(), options.budgets.end());
  Course course;
  std::set<Genotype> seen;
  double best_signal = -1e300;
  double best_score = 0;
  RandomStream evaluations(seed, 0, "evaluate");
  for (uint64_t batch = 0; static_cast<int>(course.score.size()) < total; ++batch) {
    RandomStream stream(seed, batch, "sample");
    const int count = std::min(options.batch, total - static_cast<int>(course.score.size()));
    std::vector<Observation> observations;
    for (auto& genotype : controller->sample(count, stream)) {
      const QualityValue value = task.evaluate(genotype, evaluations);
      seen.insert(genotype);
      if (value.signal > best_signal) {
        best_signal = value.signal;
        best_score = value.score;
      }
      course.score.push_back(best_score);
      observations.push_back(
          {.genotype = std::move(genotype),
           .reward = value.signal,
           .objectives = Objectives{value.accuracy, value.cost, value.complete}});
    }
    controller->update(observations);
  }
  course.distinct = static_cast<int>(seen.size());
  return course;
}

std::vector<Course> repeat(const QualityTask& task, const std::string& controller,
                           const Options& options) {
  std::vector<Course> courses(static_cast<size_t>(options.repeats));
#pragma omp parallel for schedule(dynamic) num_threads(options.jobs)
  for (int i = 0; i < options.repeats; ++i) {
    courses[static_cast<size_t>(i)] =
        search(task, controller, options, options.seed + static_cast<uint64_t>(i));
  }
  return courses;
}

struct Moments {
  double mean = 0;
  double sd = 0;
  double error = 0;  ///< standard error of the mean
};

Moments moments_at(const std::vector<Course>& courses, int evaluations) {
  const auto n = static_cast<double>(courses.size());
  const auto at = static_cast<size_t>(evaluations - 1);
  Moments m;
  for (const auto& course : courses) m.mean += course.score[at] / n;
  for (const auto& course : courses) m.sd += std::pow(course.score[at] - m.mean, 2);
  m.sd = std::sqrt(m.sd / std::max(1.0, n - 1));
  m.error = m.sd / std::sqrt(n);
  return m;
}

void print_header(const QualityTask& task, const Options& options) {
  std::printf("\n%s: %s", task.name.c_str(), task.reported.c_str());
  if (task.best_score > 0) std::printf(", best %.4f", task.best_score);
  std::printf("; mean (standard error) [standard deviation]\n%-24s", "evaluations");
  for (const int budget : options.budgets) std::printf(" %24d", budget);
  std::printf(" %9s\n", "distinct");
}

void print_baselines(const std::vector<QualityBaseline>& baselines, const Options& options) {
  for (const std::string algorithm : {"RS", "REA", "REINFORCE"}) {
    std::string line;
    for (const int budget : options.budgets) {
      char cell[40] = "                        -";
      for (const auto& b : baselines) {
        if (b.algorithm != algorithm || b.evaluations != budget) continue;
        std::snprintf(cell, sizeof cell, " %9.4f (%.4f) %4s[%.2f]", b.mean,
                      b.sd / std::sqrt(b.repeats), "", b.sd);
      }
      line += cell;
    }
    if (!baselines.empty())
      std::printf("%-24s%s\n", ("published " + algorithm).c_str(), line.c_str());
  }
}

void print_courses(const std::string& controller, const std::vector<Course>& courses,
                   const Options& options) {
  std::printf("%-24s", controller.c_str());
  if (controller.size() > 24) std::printf("\n%-24s", "");
  for (const int budget : options.budgets) {
    const Moments m = moments_at(courses, budget);
    std::printf(" %9.4f (%.4f) %4s[%.2f]", m.mean, m.error, "", m.sd);
  }
  double distinct = 0;
  for (const auto& course : courses) distinct += course.distinct;
  std::printf(" %9.0f\n", distinct / static_cast<double>(courses.size()));
  std::fflush(stdout);
}

/// Rows of about equal distance on a logarithmic axis.
void write_curve(std::ofstream& file, const QualityTask& task, const std::string& controller,
                 const std::vector<Course>& courses) {
  const auto total = static_cast<int>(courses.front().score.size());
  for (double n = 1; n <= total; n = std::max(n + 1, std::floor(n * 1.1))) {
    const Moments m = moments_at(courses, static_cast<int>(n));
    file << task.name << ",\"" << controller << "\"," << n << ',' << m.mean << ',' << m.sd << ','
         << m.error << '\n';
  }
}

Series series_of(const std::string& controller, const std::vector<Course>& courses) {
  Series series{.name = controller, .x = {}, .y = {}};
  const auto total = static_cast<int>(courses.front().score.size());
  for (double n = kFirstDrawn; n <= total; n = std::max(n + 1, std::floor(n * 1.05))) {
    const Moments m = moments_at(courses, static_cast<int>(n));
    series.x.push_back(n);
    series.y.push_back(m.mean);
    series.spread.push_back(m.error);
  }
  return series;
}

std::vector<Series> series_of(const std::vector<QualityBaseline>& baselines) {
  std::vector<Series> all;
  for (const std::string algorithm : {"RS", "REA", "REINFORCE"}) {
    Series series{.name = "published " + algorithm, .x = {}, .y = {}, .dashed = true};
    for (const auto& b : baselines) {
      if (b.algorithm != algorithm || b.evaluations < kFirstDrawn) continue;
      series.x.push_back(b.evaluations);
      series.y.push_back(b.mean);
    }
    if (!series.x.empty()) all.push_back(std::move(series));
  }
  return all;
}

/// The published curves dashed, ours with a band of one standard error to either side.
void draw(const QualityTask& task, const std::vector<Series>& series, const Options& options) {
  const Plot plot{.title = task.name,
                  .x = {.label = "evaluations", .kind = AxisKind::kLog},
                  .y = {.label = task.reported + " of the best so far"},
                  .series = series,
                  .note = "mean and standard error of " + std::to_string(options.repeats) +
                          " repeats, batch " + std::to_string(options.batch) +
                          "; dashed: published, 500 repeats"};
  write_file_atomic(std::filesystem::path(options.plots) / (task.name + ".svg"), to_svg(plot));
}

std::vector<QualityTask> tasks_of(const Options& options) {
  if (options.table.empty()) return quality_tasks(options.data);
  return {table_task(options.table, options.value, options.score, options.ignored)};
}

std::vector<QualityBaseline> baselines_of(const QualityTask& task, const Options& options) {
  if (!options.table.empty()) return {};
  static const CsvTable kTable =
      CsvTable::load(std::filesystem::path(options.data) / "search" / "search_baselines.csv");
  return quality_baselines(kTable, task);
}

void run(const Options& options) {
  std::ofstream curves;
  if (!options.curves.empty()) {
    curves.open(options.curves);
    curves << "task,controller,evaluations,mean,sd,standard_error\n";
    if (!curves) throw Error(ErrorKind::kIo, options.curves + ": cannot be written");
  }
  std::printf("%d repeats, batch %d, seeds from %llu\n", options.repeats, options.batch,
              static_cast<unsigned long long>(options.seed));
  if (!options.plots.empty()) make_folder(options.plots);
  std::vector<std::string> names;
  for (const auto& task : tasks_of(options)) {
    names.push_back(task.name);
    const auto& chosen = options.tasks;
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), task.name) == chosen.end())
      continue;
    print_header(task, options);
    print_baselines(baselines_of(task, options), options);
    std::vector<Series> series = series_of(baselines_of(task, options));
    for (const auto& controller : options.controllers) {
      const auto courses = repeat(task, controller, options);
      print_courses(controller, courses, options);
      series.push_back(series_of(controller, courses));
      if (curves.is_open()) write_curve(curves, task, controller, courses);
    }
    if (!options.plots.empty()) draw(task, series, options);
  }
  for (const auto& task : options.tasks) {
    if (std::find(names.begin(), names.end(), task) == names.end())
      throw Error(ErrorKind::kUsage, "no task '" + task + "'; tasks: " + join(names));
  }
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  using namespace ridgeline;
  Options options;
  CLI::App app("Search quality on tabular benchmarks");
  auto* data = app.add_option("data", options.data, "folder of the tables");
  auto* table =
      app.add_option("--table", options.table,
                     "a CSV (gzip or not) as the task instead: all columns are decisions "
                     "but --value, --score and --ignore; a point that fails has the value "
                     "0, none, or no row");
  auto* value = app.add_option("--value", options.value, "column of the reward, >= 0");
  table->needs(value)->excludes(data);
  app.add_option("--score", options.score, "column of what a point is worth; default: --value")
      ->needs(table);
  app.add_option("--ignore", options.ignored, "columns that are neither")->needs(table);
  app.add_option("--task", options.tasks, "only these tasks")->needs(data);
  app.add_option(
      "--controller", options.controllers,
      "a controller's settings as a YAML map; or gp_ei, a Gaussian process with expected "
      "improvement over mutations of the best");
  app.add_option("--budgets", options.budgets, "evaluations to report")->check(CLI::PositiveNumber);
  app.add_option("--repeats", options.repeats)->check(CLI::Range(1, 100000));
  app.add_option("--batch", options.batch, "proposals per update")->check(CLI::Range(1, 100000));
  app.add_option("--jobs", options.jobs, "repeats at a time")->check(CLI::Range(1, 1024));
  app.add_option("--seed", options.seed, "of the first repeat");
  app.add_option("--plots", options.plots, "folder for the curves as TASK.svg");
  app.add_option("--curves", options.curves, "CSV file for the mean after each evaluation");
  CLI11_PARSE(app, argc, argv);
  if (options.data.empty() && options.table.empty()) {
    std::fprintf(stderr, "bench_search_quality: give DATA, or --table FILE --value COLUMN\n");
    return 2;
  }
  if (options.controllers.empty()) {
    for (const auto& kind : enum_choices<ControllerKind>())
      options.controllers.push_back("{kind: " + kind + "}");
  }
  omp_set_num_threads(1);
  try {
    run(options);
  } catch (const Error& error) {
    std::fprintf(stderr, "bench_search_quality: %s\n", error.what());
    return error.exit_code();
  }
  return 0;
}
