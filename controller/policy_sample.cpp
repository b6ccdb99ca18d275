#include <ATen/ATen.h>

#include "controller/pick.h"
#include "controller/policy.h"

namespace ridgeline {
PolicySamples PolicyImpl::sample(int n, RandomStream& stream) const {
  std::vector<double> uniforms(static_cast<size_t>(n) * decisions_.size());  // [batch, decisions]
  for (double& uniform : uniforms) uniform = stream.uniform();
  return sample(uniforms);
}

PolicySamples PolicyImpl::sample(std::span<const double> uniforms,
                                 std::span<const Genotype> kept) const {
  const at::NoGradGuard no_grad;
  const size_t batch = uniforms.size() / decisions_.size();
  PolicySamples samples{std::vector<Genotype>(batch, Genotype(decisions_.size(), kInactive)),
                        std::vector<double>(batch, 0.0)};
  if (batch == 0) return samples;
  const auto n = static_cast<int64_t>(batch);
  const at::Tensor projected = projected_tokens();
  const at::Tensor zeros = at::zeros({n, hidden_}, embedding_.options());
  std::vector<Memory> memory(layers_.size(), Memory{zeros, zeros});
  at::Tensor tokens = at::zeros({n}, at::kLong);  // the start token
  for (size_t d = 0; d < decisions_.size(); ++d) {
    const at::Tensor output = step(projected.index_select(0, tokens), memory);  // [batch, hidden]
    const at::Tensor log_p = log_probabilities(heads_[head_of_[d]], output);    // [batch, choices]
    choose(d, log_p.to(at::kDouble).contiguous(), uniforms, kept, samples, tokens);
  }
  return samples;
}

// There are fewer tokens than steps in a batch, so the first layer's product with its input is made
// once per token and looked up at every step.
at::Tensor PolicyImpl::projected_tokens() const {
  const LstmLayer& first = layers_.front();
  return at::addmm(first.bias_ih + first.bias_hh, embedding_, first.weight_ih.t());
}

// One step of torch's LSTM equations: c' = f c + i g, h' = o tanh(c').
at::Tensor PolicyImpl::step(const at::Tensor& input_gates, std::vector<Memory>& memory) const {
  at::Tensor inputs = input_gates;  // [batch, 4 hidden]
  for (size_t l = 0; l < layers_.size(); ++l) {
    if (l > 0) {
      const LstmLayer& layer = layers_[l];
      inputs = at::addmm(layer.bias_ih + layer.bias_hh, memory[l - 1].hidden, layer.weight_ih.t());
    }
    auto& [hidden, cell] = memory[l];
    const at::Tensor gates = at::addmm(inputs, hidden, layers_[l].weight_hh.t());
    const at::Tensor sigmoids = gates.sigmoid();
    const auto part = [this](const at::Tensor& all, int64_t gate) {
      return all.narrow(1, gate * hidden_, hidden_);
    };
    cell = part(sigmoids, 1) * cell + part(sigmoids, 0) * part(gates, 2).tanh();
    hidden = part(sigmoids, 3) * cell.tanh();
  }
  return memory.back().hidden;
}

void PolicyImpl::choose(size_t decision, const at::Tensor& log_p, std::span<const double> uniforms,
                        std::span<const Genotype> kept, PolicySamples& samples,
                        at::Tensor& tokens) const {
  const auto choices = static_cast<size_t>(decisions_[decision].choices());
  const auto* row = log_p.data_ptr<double>();
  auto* next = tokens.data_ptr<int64_t>();
  for (size_t b = 0; b < samples.genotypes.size(); ++b, row += choices) {
    Genotype& genotype = samples.genotypes[b];
    if (is_active(decisions_[decision], genotype)) {
      const bool keep = !kept.empty() && kept[b][decision] >= 0;
      const int choice = keep ? kept[b][decision]
                              : pick({row, choices}, uniforms[b * decisions_.size() + decision]);
      genotype[decision] = choice;
      samples.log_prob[b] += row[choice];
    }
    next[b] = token(decision, genotype[decision]);
  }
}

}  // namespace ridgeline
