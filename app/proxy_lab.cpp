#include "app/proxy_lab.h"

#include "app/pipeline.h"
#include "core/logging.h"
#include "core/units.h"
#include "experiments/cost_estimate.h"
#include "experiments/executors/trial_process.h"
#include "experiments/proxy/networks.h"
#include "runtime/device.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

ProxyFolder open_proxy_folder(const ExperimentConfig& config, const ProxyTrainingOptions& options) {
  if (!trains(config.accuracy.kind)) {
    throw Error(ErrorKind::kConfig, "accuracy.kind: " + enum_name(config.accuracy.kind) +
                                        " trains nothing, so there is no proxy to judge; valid: "
                                        "proxy, command");
  }
  return ProxyFolder::open(
      options.out.empty() ? fs::path("proxy") / config.name : fs::path(options.out), config);
}

}  // namespace

ProxyLab::ProxyLab(const ExperimentConfig& config, const ProxyTrainingOptions& options)
    : config_(config), folder_(open_proxy_folder(config, options)) {
  set_threads(1);
  auto evaluator = evaluator_of(config_.accuracy);
  CandidateBuilder candidates(config_.search_space(), data_shape(*evaluator));
  evaluator->require(candidates.space());
  require_trial_device(config_);
  networks_ = spread_networks(candidates, config_.seed, options.networks);
  bench(config_.accuracy.proxy, std::move(evaluator));
}

ProxyParts ProxyLab::parts() {
  return {.config = config_,
          .networks = networks_,
          .runner = [this](const ReductionConfig& r) -> TrialRunner& { return *bench(r).runner; },
          .finished = [this](const Evaluation& evaluation) { finished(evaluation); }};
}

void ProxyLab::say_cost(const std::vector<std::pair<ProxyRecipe, int>>& plans) {
  total_ = 0;
  double epochs = 0;
  for (const auto& [recipe, seeds] : plans) {
    const int trainings = seeds * static_cast<int>(networks_.size());
    total_ += trainings;
    const double side = recipe.reduction.resolution * recipe.reduction.width;
    epochs += trainings * recipe.epochs * recipe.reduction.images * side * side;
  }
  const size_t recorded = folder_.store().recorded_attempts().size();
  std::string text = std::to_string(total_) + " trainings";
  if (recorded > 0) {
    text += "; " + std::to_string(recorded) + " are recorded in " + folder_.path().string();
  } else if (config_.runtime.dry_trial) {
    ExperimentConfig whole = config_;
    whole.accuracy.training.epochs = 1;
    whole.accuracy.proxy = {};
    const double epoch_s = dry_trial_seconds(whole, networks_[0].architecture, *bench({}).executor);
    text += ", about " + format_duration(epochs * epoch_s) + " of work, " +
            format_duration(epochs * epoch_s / at_a_time()) + " with " +
            std::to_string(at_a_time()) + " at a time";
  }
  spdlog::info("{}", text);
  if (total_ > 0) bar_ = std::make_unique<ProgressBar>("proxy", total_);
}

int ProxyLab::at_a_time() const {
  return config_.executor() == ExecutorKind::kInProcess ? 1 : config_.runtime.workers;
}

void ProxyLab::clean_up() {
  if (bar_) bar_->finish();
  bar_.reset();
  benches_.clear();
  remove_checkpoints(folder_.trials_folder());
  std::error_code ignored;
  fs::remove(folder_.trials_folder(), ignored);
}

ProxyLab::Bench& ProxyLab::bench(const ReductionConfig& reduction,
                                 std::unique_ptr<AccuracyEvaluator> evaluator) {
  const auto key = std::array{reduction.resolution, reduction.width, reduction.images};
  const auto found = benches_.find(key);
  if (found != benches_.end()) return found->second;
  Bench bench;
  bench.config = std::make_unique<ExperimentConfig>(config_);
  bench.config->accuracy.proxy = reduction;
  if (!evaluator) {
    evaluator = evaluator_of(bench.config->accuracy);
    evaluator->require(config_.search_space());
  }
  bench.evaluator = std::move(evaluator);
  bench.executor = executor_of(*bench.config, *bench.evaluator, folder_.trials_folder());
  bench.runner = std::make_unique<TrialRunner>(*bench.executor, config_.failures);
  bench.runner->record_in(folder_.store());
  return benches_.emplace(key, std::move(bench)).first->second;
}

void ProxyLab::finished(const Evaluation& evaluation) {
  if (!bar_) return;
  bar_->update(++done_, evaluation.status == TrialStatus::kComplete
                            ? "last " + format_percent(evaluation.accuracy)
                            : "last " + enum_name(evaluation.status));
}

}  // namespace ridgeline
