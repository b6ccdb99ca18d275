#include "experiments/paper/real_training.h"

#include <cmath>
#include <map>
#include <memory>
#include <ostream>

#include "accuracy/evaluators/make_evaluator.h"
#include "core/error.h"
#include "core/units.h"
#include "experiments/candidate.h"
#include "experiments/paper/coefficients.h"
#include "experiments/paper/reproduction_search.h"
#include "latency/measurement/make_oracle.h"

namespace ridgeline::paper {
namespace {

constexpr int kLatencyBatch = 32;
constexpr double kTargetRatio = 2;  // of LACS: the scaled network takes twice as long

/// Asks another oracle once for each network.
class OnceOracle : public LatencyOracle {
 public:
  explicit OnceOracle(std::unique_ptr<LatencyOracle> oracle) : oracle_(std::move(oracle)) {}
  Latency estimate(const Network& network) const override {
    std::string key;
    for (const Node& node : network.nodes())
      key += describe(node.op) + to_string(node.shape) + "\n";
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
    return known_.emplace(key, oracle_->estimate(network)).first->second;
  }
  std::string description() const override { return oracle_->description(); }

 private:
  std::unique_ptr<LatencyOracle> oracle_;
  mutable std::map<std::string, Latency> known_;
};

std::unique_ptr<LatencyOracle> oracle_of(const RealTrainingPlan& plan) {
  LatencyConfig config;
  config.kind = plan.measured ? LatencyKind::kMeasured : LatencyKind::kRoofline;
  config.hardware = "xeon_skylake";
  config.batch = kLatencyBatch;
  // LACS times many networks, so the series are short.
  config.timing = {.warmup = 1, .repeats = 100, .confidence_width = 0.02, .time_limit_s = 0.6};
  return std::make_unique<OnceOracle>(make_oracle(config));
}

struct DataSet {
  std::string name;
  AccuracyConfig config;
};

std::vector<DataSet> data_sets(const std::filesystem::path& images, int epochs) {
  AccuracyConfig signs;
  signs.training.epochs = epochs;
  AccuracyConfig fractal = signs;
  signs.data.kind = DataKind::kIdx;
  signs.data.path = images.string();
  signs.data.idx = {"signdigits32_train_images.idx.gz", "signdigits32_train_labels.idx.gz",
                    "signdigits32_test_images.idx.gz", "signdigits32_test_labels.idx.gz"};
  return {{"signdigits32", signs}, {"fractal", fractal}};
}

/// Trains networks of one space on one data set.
class Trainings {
 public:
  Trainings(const DataSet& data, const RealTrainingPlan& plan)
      : plan_(plan),
        evaluator_(make_evaluator(data.config)),
        builder_(load_space("tiny"), data_shape(*evaluator_)),
        oracle_(oracle_of(plan)) {}

  const CandidateBuilder& builder() const { return builder_; }
  const LatencyOracle& oracle() const { return *oracle_; }
  double latency_ms(const Architecture& architecture) const {
    return oracle_->estimate(lower(architecture)).ms;
  }
  /// Validation accuracy after a short training; 0 for one that failed.
  double short_accuracy(const Architecture& architecture, uint64_t seed) {
    return evaluate({.architecture = architecture, .seed = seed, .weights_path = {}});
  }
  double test_accuracy(const Architecture& architecture, uint64_t seed) {
    return evaluate({.architecture = architecture,
                     .seed = seed,
                     .epochs = plan_.final_epochs,
                     .test_split = true,
                     .weights_path = {}});
  }

 private:
  double evaluate(const TrialSpec& spec) {
    const Evaluation result = evaluator_->evaluate(spec);
    return result.status == TrialStatus::kComplete ? result.accuracy : 0;
  }

  RealTrainingPlan plan_;
  std::unique_ptr<AccuracyEvaluator> evaluator_;
  CandidateBuilder builder_;
  std::unique_ptr<LatencyOracle> oracle_;
};

/// The middle choice of every decision: the network whose latency is the target, and the base of
/// the scaling.
Architecture middle_network(const CandidateBuilder& builder) {
  const auto& decisions = builder.space().decisions();
  Genotype genotype(decisions.size(), kInactive);
  for (size_t i = 0; i < decisions.size(); ++i) {
    if (is_active(decisions[i], genotype)) genotype[i] = decisions[i].choices() / 2;
  }
  return builder.architecture(genotype);
}

std::string search_table(Trainings& trainings, const RealTrainingPlan& plan,
                         const std::function<void(const std::string&)>& progress) {
  const Reward reward = paper_reward(trainings.latency_ms(middle_network(trainings.builder())));
  TextTable table;
  table.header = {"search", "seed", "best reward", "test accuracy %", "ms", "test reward"};
  for (const ControllerKind kind : {ControllerKind::kReinforce, ControllerKind::kRandom}) {
    double sum = 0;
    for (int seed = 1; seed <= plan.seeds; ++seed) {
      progress(enum_name(kind) + ", seed " + std::to_string(seed));
      const auto stream = static_cast<uint64_t>(seed);
      const Problem problem{
          trainings.builder().space().decisions(), [&](const Genotype& genotype) {
            Scored scored{.genotype = genotype,
                          .architecture = trainings.builder().architecture(genotype)};
            scored.accuracy = trainings.short_accuracy(scored.architecture, stream);
            scored.latency_ms = trainings.latency_ms(scored.architecture);
            scored.reward = reward(scored.accuracy, scored.latency_ms);
            return scored;
          }};
      const Scored best =
          search(problem,
                 {.controller = kind, .trials = plan.trials, .seed = stream, .parallel = false})
              .best;
      const double accuracy = trainings.test_accuracy(best.architecture, stream);
      const double worth = reward(accuracy, best.latency_ms);
      sum += worth;
      table.rows.push_back({enum_name(kind), std::to_string(seed), format_fixed(best.reward, 4),
                            format_fixed(100 * accuracy, 2), format_fixed(best.latency_ms, 4),
                            format_fixed(worth, 4)});
    }
    table.rows.push_back({enum_name(kind), "mean", "", "", "", format_fixed(sum / plan.seeds, 4)});
  }
  return table.str();
}

/// Of the scaled versions of `base` by the coefficients, the one nearest to the latency.
Architecture nearest_in_latency(const Trainings& trainings, const Architecture& base,
                                const CompoundCoefficients& coefficients, double target_ms) {
  Architecture nearest = base;
  for (double phi = 0; phi <= 8; phi += 0.02) {
    const Architecture scaled = scale(base, coefficients.at(phi));
    // Larger ones are only slower, and timing them would take long.
    if (trainings.latency_ms(scaled) > 1.5 * target_ms && phi > 1) break;
    const auto distance = [&](const Architecture& architecture) {
      return std::abs(std::log(trainings.latency_ms(architecture) / target_ms));
    };
    if (distance(scaled) < distance(nearest)) nearest = scaled;
  }
  return nearest;
}

std::string lacs_table(Trainings& trainings, const RealTrainingPlan& plan,
                       const std::function<void(const std::string&)>& progress) {
  const Architecture base = middle_network(trainings.builder());
  // accuracy_only goes first: its rounded networks are few, and LACS can aim at any latency.
  const CompoundCoefficients accuracy_only = {1.2, 1.1, 1.15};
  const Architecture other =
      nearest_in_latency(trainings, base, accuracy_only, kTargetRatio * trainings.latency_ms(base));
  const double target_ms = trainings.latency_ms(other);
  progress("LACS");
  const LacsFamily lacs =
      run_lacs({.base = base,
                .oracle = trainings.oracle(),
                .accuracy = [&](const Architecture& a) { return trainings.short_accuracy(a, 1); },
                .target_ms = target_ms,
                .max_candidates = plan.candidates,
                .coarse_step = plan.measured ? 0.25 : 0.1,
                .fine_step = plan.measured ? 0.05 : 0.02,
                .tolerance = plan.measured ? 0.06 : 0.03});
  TextTable table;
  table.header = {"scaling", "alpha, beta, gamma",         "ms",
                  "pixels",  "test accuracy %, each seed", "mean"};
  const auto add = [&](const std::string& name, const CompoundCoefficients& c,
                       const Architecture& architecture) {
    progress(name);
    std::string each;
    double sum = 0;
    for (int seed = 1; seed <= plan.seeds; ++seed) {
      const double accuracy = trainings.test_accuracy(architecture, static_cast<uint64_t>(seed));
      sum += accuracy;
      each += (each.empty() ? "" : ", ") + format_fixed(100 * accuracy, 2);
    }
    table.rows.push_back({name,
                          format_fixed(c.alpha, 2) + ", " + format_fixed(c.beta, 2) + ", " +
                              format_fixed(c.gamma, 2),
                          format_fixed(trainings.latency_ms(architecture), 4),
                          std::to_string(architecture.resolution), each,
                          format_fixed(100 * sum / plan.seeds, 2)});
  };
  add("LACS", lacs.coefficients, lacs.at_target.architecture);
  add("accuracy_only", accuracy_only, other);
  return table.str();
}

}  // namespace

void report_real_training(const std::filesystem::path& images, const RealTrainingPlan& plan,
                          std::ostream& out,
                          const std::function<void(const std::string&)>& progress) {
  if (plan.trials < 1 || plan.seeds < 1 || plan.epochs < 1 || plan.final_epochs < 1 ||
      plan.candidates < 1) {
    throw Error(ErrorKind::kUsage, "trials, seeds, epochs and candidates must be at least 1");
  }
  for (const DataSet& data : data_sets(images, plan.epochs)) {
    if (!plan.only.empty() && plan.only != data.name) continue;
    progress(data.name);
    Trainings trainings(data, plan);
    out << data.name << ": " << plan.trials << " trials of " << plan.epochs
        << " epochs; compared after " << plan.final_epochs
        << " epochs, on test images\nlatency: " << trainings.oracle().description() << "\n\n"
        << search_table(trainings, plan, progress) << "\n"
        << std::flush << lacs_table(trainings, plan, progress) << "\n"
        << std::flush;
  }
}

}  // namespace ridgeline::paper
