#include "export/compare.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <sstream>

#include "core/error.h"

namespace ridgeline {
namespace {

constexpr int64_t kImages = 3;

/// Puts a module into evaluation mode for a scope.
class EvaluationMode {
 public:
  explicit EvaluationMode(torch::nn::Module& module)
      : module_(module), was_training_(module.is_training()) {
    module_.eval();
  }
  ~EvaluationMode() { module_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  torch::nn::Module& module_;
  bool was_training_;
};

std::string text_of(at::IntArrayRef sizes) {
  std::ostringstream text;
  text << sizes;
  return text.str();
}

}  // namespace

double output_difference(NetworkModule& module,
                         const std::function<at::Tensor(const at::Tensor&)>& other, uint64_t seed) {
  const at::NoGradGuard no_grad;
  const EvaluationMode evaluation(*module);
  const Shape& shape = module->network().input_shape();
  const at::Tensor images = at::randn({kImages, shape.channels, shape.height, shape.width},
                                      at::detail::createCPUGenerator(seed));
  const auto parameters = module->parameters();
  const at::Tensor placed = parameters.empty() ? images : images.to(parameters[0].options());
  const at::Tensor expected = module->forward(placed).to(at::kCPU, at::kDouble);
  const at::Tensor actual = other(images).to(at::kCPU, at::kDouble);
  if (expected.sizes() != actual.sizes()) {
    throw Error(ErrorKind::kRun, "export of " + module->network().name() +
                                     ": the reloaded network gives outputs of shape " +
                                     text_of(actual.sizes()) + " instead of " +
                                     text_of(expected.sizes()));
  }
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  return (expected - actual).abs().max().item<double>() / scale;
}

}  // namespace ridgeline
