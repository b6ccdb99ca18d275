#include "experiments/supernet_policy.h"

#include "controller/policy/make_controller.h"
#include "experiments/scoring.h"

namespace ridgeline {
namespace {

ControllerConfig tunas_controller(const SupernetConfig& supernet) {
  ControllerConfig config;
  config.kind = ControllerKind::kReinforce;
  config.policy.kind = PolicyKind::kFactorised;
  config.policy.logit_learning_rate = supernet.policy_learning_rate;
  // Rewards rise while the weights learn, so neither ranks nor the best so far mean anything.
  config.gradient.advantage = AdvantageKind::kDifference;
  config.gradient.entropy_weight = 0;
  config.gradient.replay_best = 0;
  config.gradient.local_share = 0;
  config.redraws = 0;
  config.screening = 1;
  return config;
}

class SupernetPolicy : public PathPolicy {
 public:
  SupernetPolicy(const ExperimentConfig& config, const CandidateBuilder& candidates,
                 std::vector<TargetOracle> oracles)
      : candidates_(candidates),
        oracles_(std::move(oracles)),
        scoring_(config),
        controller_(make_controller(tunas_controller(config.accuracy.supernet),
                                    candidates.space().decisions(), config.seed)) {}

  Genotype propose(RandomStream& stream) override { return controller_->sample(1, stream).front(); }

  bool wants_accuracy(const Genotype& genotype) override {
    return priced(genotype).status == TrialStatus::kPending;
  }

  void learn(const Genotype& genotype, double accuracy) override {
    Trial trial = priced(genotype);
    if (trial.status == TrialStatus::kPending) {
      trial.accuracy = accuracy;
      trial.reward = scoring_.reward(trial);
    }
    const Observation observation{.genotype = genotype, .reward = trial.reward};
    controller_->update({&observation, 1});
  }

  std::string save() const override { return controller_->save(); }
  void restore(const std::string& bytes) override { controller_->restore(bytes); }

 private:
  Trial priced(const Genotype& genotype) const {
    const CandidateNetwork candidate = candidates_.build(genotype);
    Trial trial;
    trial.params = candidate.cost.total.params;
    trial.madds = candidate.cost.total.madds;
    for (const auto& [accelerator, oracle] : oracles_)
      trial.latencies.push_back({accelerator, candidate.latency_ms(oracle)});
    scoring_.judge(trial, candidate.cost);
    return trial;
  }

  const CandidateBuilder& candidates_;
  std::vector<TargetOracle> oracles_;
  Scoring scoring_;
  std::unique_ptr<Controller> controller_;
};

}  // namespace

std::unique_ptr<PathPolicy> make_supernet_policy(const ExperimentConfig& config,
                                                 const CandidateBuilder& candidates,
                                                 std::vector<TargetOracle> oracles) {
  return std::make_unique<SupernetPolicy>(config, candidates, std::move(oracles));
}

}  // namespace ridgeline
