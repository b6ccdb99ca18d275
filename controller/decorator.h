#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// A controller that hands everything on to another one; what it changes, it overrides.
class ControllerDecorator : public Controller {
 public:
  explicit ControllerDecorator(std::unique_ptr<Controller> inner) : inner_(std::move(inner)) {}

  std::vector<Genotype> sample(int n, RandomStream& stream) override {
    return inner_->sample(n, stream);
  }
  void add_pending(std::span<const Genotype> proposed) override { inner_->add_pending(proposed); }
  UpdateStats update(std::span<const Observation> batch) override { return inner_->update(batch); }
  std::vector<double> log_probabilities(std::span<const Genotype> genotypes) override {
    return inner_->log_probabilities(genotypes);
  }
  std::string save() const override { return inner_->save(); }
  void restore(const std::string& bytes) override { inner_->restore(bytes); }
  std::vector<std::vector<double>> marginals(int samples, RandomStream& stream) override {
    return inner_->marginals(samples, stream);
  }

 protected:
  Controller& inner() { return *inner_; }
  const Controller& inner() const { return *inner_; }

 private:
  std::unique_ptr<Controller> inner_;
};

}  // namespace ridgeline
