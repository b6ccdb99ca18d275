// How well shared weights rank networks, and what a search with them finds and costs. See kUsage.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/supernet/supernet_training.h"
#include "accuracy/training/proxy.h"
#include "controller/policy/make_controller.h"
#include "core/config_path.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/file.h"
#include "core/rank_correlation.h"
#include "core/units.h"
#include "experiments/candidate.h"
#include "latency/measurement/make_oracle.h"
#include "reward/reward.h"
#include "runtime/device.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

constexpr const char* kUsage =
    "Trains random networks of the tiny space one by one and scores them with shared weights too: "
    "Kendall's tau between both, on signdigits32 and on fractals. With --seeds N also searches "
    "with "
    "either accuracy and compares what they find after a longer training. Times are CPU seconds of "
    "one thread. The lines that begin with `network,` are the table of all accuracies; --known "
    "FILE takes the stand-alone ones from an earlier output.";

struct Options {
  std::string images, known, scratch = std::filesystem::temp_directory_path().string();
  int networks = 40, epochs = 5, seeds = 0, trials = 40, final_epochs = 15;
  SupernetConfig supernet;
  double learning_rate = 0;  // of the shared weights; 0: as alone
  std::vector<std::string> only;
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// A value and the CPU time it took.
struct Timed {
  double value = 0, seconds = 0;
};
template <class Action>
Timed timed(Action action) {
  const double start = cpu_seconds();
  const double value = action();
  return {value, cpu_seconds() - start};
}

class Task {
 public:
  Task(std::string name, AccuracyConfig config, const Options& options)
      : name_(std::move(name)),
        options_(options),
        config_(std::move(config)),
        proxy_(config_),
        builder_(SearchSpace::load(find_config("spaces", "tiny", ".")), data_shape(proxy_)) {
    LatencyConfig latency;
    latency.hardware = "xeon_skylake";
    latency.batch = 32;
    oracle_ = make_oracle(latency);
  }

  void correlate() {
    const std::vector<Genotype> networks = random_networks();
    std::vector<double> alone, shared;
    double alone_s = 0, scoring_s = 0;
    const Timed training = train_shared(1);
    for (size_t i = 0; i < networks.size(); ++i) {
      const Timed own = known_or_trained(networks[i]);
      const Timed score = timed([&] { return shared_accuracy(networks[i], 1); });
      alone.push_back(own.value);
      shared.push_back(score.value);
      alone_s += own.seconds;
      scoring_s += score.seconds;
      std::cout << "network," << name_ << "," << to_text(networks[i]) << "," << own.value << ","
                << own.seconds << "," << score.value << std::endl;
    }
    std::cout << name_ << ": Kendall " << format_fixed(kendall(alone, shared), 3) << ", Spearman "
              << format_fixed(spearman(alone, shared), 3) << " over " << networks.size()
              << " networks; alone (" << options_.epochs << " epochs each) "
              << format_fixed(alone_s, 0) << " s; shared weights (" << options_.supernet.epochs
              << " epochs x " << options_.supernet.paths << ") "
              << format_fixed(training.seconds, 0) << " s, scores " << format_fixed(scoring_s, 1)
              << " s; last training loss " << format_fixed(training.value, 3) << std::endl;
  }

  void compare_searches() {
    double proxy_s = 0, shared_s = 0, proxy_worth = 0, shared_worth = 0;
    for (int seed = 1; seed <= options_.seeds; ++seed) {
      const auto stream = static_cast<uint64_t>(seed);
      const auto report = [&](const char* kind, const Genotype& found, double seconds) {
        const double accuracy = final_accuracy(found, stream);
        const double worth = reward(found, accuracy);
        std::cout << name_ << ", seed " << seed << ": " << kind << " search found "
                  << to_text(found) << " in " << format_fixed(seconds, 0) << " s: test accuracy "
                  << format_fixed(100 * accuracy, 2) << " %, reward " << format_fixed(worth, 4)
                  << std::endl;
        return worth;
      };
      Genotype found;
      const Timed proxy = timed([&] {
        found = search(options_.trials, stream,
                       [&](const Genotype& g) { return proxy_accuracy(g, stream); });
        return 0.0;
      });
      proxy_worth += report("proxy", found, proxy.seconds);
      proxy_s += proxy.seconds;
      const Timed shared = timed([&] {
        train_shared(stream);
        found = search(options_.trials, stream,
                       [&](const Genotype& g) { return shared_accuracy(g, stream); });
        return 0.0;
      });
      shared_worth += report("supernet", found, shared.seconds);
      shared_s += shared.seconds;
    }
    std::cout << name_ << ": mean reward of the proxy search "
              << format_fixed(proxy_worth / options_.seeds, 4) << ", of the supernet search "
              << format_fixed(shared_worth / options_.seeds, 4) << " at "
              << format_fixed(shared_s / proxy_s, 2) << " of its compute" << std::endl;
  }

 private:
  std::vector<Genotype> random_networks() const {
    RandomStream stream(1, 0, "supernet benchmark");
    std::vector<Genotype> networks;
    while (static_cast<int>(networks.size()) < options_.networks) {
      const Genotype genotype = random_genotype(builder_.space().decisions(), stream);
      if (std::find(networks.begin(), networks.end(), genotype) == networks.end())
        networks.push_back(genotype);
    }
    return networks;
  }

  Timed train_shared(uint64_t seed) {
    const auto& decisions = builder_.space().decisions();
    RandomStream stream(seed, 0, "base");
    double loss = 0;
    const Timed result = timed([&] {
      const auto weights = SharedWeights::of_space(
          decisions, builder_.architecture(random_genotype(decisions, stream)), seed);
      TrainingConfig training = config_.training;
      if (options_.learning_rate > 0) training.learning_rate = options_.learning_rate;
      loss = train_supernet(
          *weights,
          {decisions, [&](const Genotype& genotype) { return builder_.architecture(genotype); }},
          proxy_.data(), {.supernet = options_.supernet, .training = training, .seed = seed});
      const std::string file = options_.scratch + "/supernet.pt";
      save_weights(*weights, file);
      AccuracyConfig config = config_;
      config.kind = AccuracyKind::kSupernet;
      config.supernet.weights = file;
      shared_ = make_evaluator(config);
      return loss;
    });
    return result;
  }

  double shared_accuracy(const Genotype& genotype, uint64_t seed) {
    return complete(shared_->evaluate(spec(genotype, seed)));
  }
  double proxy_accuracy(const Genotype& genotype, uint64_t seed) {
    return complete(proxy_.evaluate(spec(genotype, seed)));
  }
  double final_accuracy(const Genotype& genotype, uint64_t seed) {
    TrialSpec final = spec(genotype, seed);
    final.epochs = options_.final_epochs;
    final.test_split = true;
    return complete(proxy_.evaluate(final));
  }
  TrialSpec spec(const Genotype& genotype, uint64_t seed) const {
    TrialSpec result;
    result.architecture = builder_.architecture(genotype);
    result.seed = seed;
    return result;
  }
  static double complete(const Evaluation& result) {
    return result.status == TrialStatus::kComplete ? result.accuracy : 0;
  }

  Timed known_or_trained(const Genotype& genotype) {
    if (!options_.known.empty()) {
      const CsvTable& table = known_table();
      for (size_t row = 0; row < table.rows(); ++row) {
        if (table.text(row, "data") == name_ && table.text(row, "genotype") == to_text(genotype))
          return {table.number(row, "alone"), table.number(row, "alone_s")};
      }
    }
    return timed([&] { return proxy_accuracy(genotype, 1); });
  }
  const CsvTable& known_table() {
    if (!table_) {
      std::string text = "network,data,genotype,alone,alone_s,shared\n", line;
      std::istringstream file(read_file(options_.known));
      while (std::getline(file, line)) {
        if (line.starts_with("network,") && !line.starts_with("network,data")) text += line + "\n";
      }
      table_ = CsvTable::parse(text, options_.known);
    }
    return *table_;
  }

  double reward(const Genotype& genotype, double accuracy) const {
    RewardConfig config;
    config.target_ms = 0.1;
    return Reward(config)(accuracy, builder_.build(genotype).latency_ms(*oracle_));
  }

  template <class Accuracy>
  Genotype search(int trials, uint64_t seed, const Accuracy& accuracy) const {
    constexpr int kBatch = 8;
    ControllerConfig config;
    config.screening = 32;
    const auto controller = make_controller(config, builder_.space().decisions(), seed);
    std::map<Genotype, double> known;
    for (int done = 0; done < trials; done += kBatch) {
      RandomStream stream(seed, static_cast<uint64_t>(done), "supernet benchmark search");
      std::vector<Observation> observations;
      for (const Genotype& genotype : controller->sample(std::min(kBatch, trials - done), stream)) {
        const auto found = known.find(genotype);
        const double worth =
            found != known.end() ? found->second : reward(genotype, accuracy(genotype));
        known[genotype] = worth;
        observations.push_back({.genotype = genotype, .reward = worth});
      }
      controller->update(observations);
    }
    return std::max_element(known.begin(), known.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
  }

  std::string name_;
  const Options& options_;
  AccuracyConfig config_;
  ProxyEvaluator proxy_;
  std::unique_ptr<AccuracyEvaluator> shared_;
  CandidateBuilder builder_;
  std::unique_ptr<LatencyOracle> oracle_;
  std::optional<CsvTable> table_;
};

void run(const Options& options) {
  set_threads(1);
  AccuracyConfig signs;
  signs.training.epochs = options.epochs;
  AccuracyConfig fractal = signs;
  signs.data.kind = DataKind::kIdx;
  signs.data.path = options.images;
  signs.data.idx = {"signdigits32_train_images.idx.gz", "signdigits32_train_labels.idx.gz",
                    "signdigits32_test_images.idx.gz", "signdigits32_test_labels.idx.gz"};
  std::cout << "network,data,genotype,alone,alone_s,shared" << std::endl;
  for (const auto& [name, config] : {std::pair{"signdigits32", signs}, {"fractal", fractal}}) {
    if (!options.only.empty() &&
        std::find(options.only.begin(), options.only.end(), name) == options.only.end())
      continue;
    Task task(name, config, options);
    if (options.networks > 0) task.correlate();
    if (options.seeds > 0) task.compare_searches();
  }
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  ridgeline::Options options;
  CLI::App app(ridgeline::kUsage);
  app.add_option("--images", options.images, "the folder of signdigits32_*.idx.gz")->required();
  app.add_option("--networks", options.networks, "random networks; 0: none");
  app.add_option("--epochs", options.epochs, "of a network alone");
  app.add_option("--known", options.known, "earlier output of this program");
  app.add_option("--scratch", options.scratch,
                 "folder for the shared weights (default: that for temporary files)");
  app.add_option("--supernet-epochs", options.supernet.epochs, "of the shared weights");
  app.add_option("--paths", options.supernet.paths, "per step of the shared weights");
  app.add_option("--learning-rate", options.learning_rate, "of the shared weights");
  app.add_option("--seeds", options.seeds, "searches of each kind; 0: none");
  app.add_option("--trials", options.trials, "per search");
  app.add_option("--final-epochs", options.final_epochs, "of what a search found");
  app.add_option("--only", options.only, "signdigits32 or fractal");
  CLI11_PARSE(app, argc, argv);
  try {
    ridgeline::run(options);
  } catch (const ridgeline::Error& error) {
    std::cerr << "bench_supernet: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
