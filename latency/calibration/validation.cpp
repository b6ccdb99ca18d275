#include "latency/calibration/validation.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/parallel.h"
#include "core/random.h"
#include "core/units.h"

namespace ridgeline {
namespace {

/// Which fold each sample is in.
std::vector<int> folds_of(const std::vector<Sample>& samples, uint64_t seed, bool& by_family) {
  std::set<std::string> names;
  for (const Sample& sample : samples) names.insert(sample.family);
  const std::vector<std::string> families(names.begin(), names.end());
  by_family = families.size() > 1;
  RandomStream random(seed, 0, "folds of a calibration");
  std::vector<int> folds;
  for (const Sample& sample : samples) {
    const auto family = std::lower_bound(families.begin(), families.end(), sample.family);
    folds.push_back(by_family ? static_cast<int>(family - families.begin()) : random.below(5));
  }
  return folds;
}

/// Calls `predict(seen, unseen)` for every fold, in parallel, and puts the answers in order.
template <class Predict>
std::vector<double> held_out(const std::vector<Sample>& samples, const std::vector<int>& folds,
                             const Predict& predict) {
  std::vector<double> result(samples.size());
  const std::set<int> different(folds.begin(), folds.end());
  const std::vector<int> each(different.begin(), different.end());
  parallel_for(each.size(), [&](size_t at) {
    const int fold = each[at];
    std::vector<Sample> seen, unseen;
    for (size_t i = 0; i < samples.size(); ++i) {
      (folds[i] == fold ? unseen : seen).push_back(samples[i]);
    }
    const std::vector<double> predicted = predict(seen, unseen);
    size_t next = 0;
    for (size_t i = 0; i < samples.size(); ++i) {
      if (folds[i] == fold) result[i] = predicted[next++];
    }
  });
  return result;
}

std::vector<double> predict(const Fit& fit, const std::vector<Sample>& samples) {
  std::vector<double> result;
  for (const Sample& sample : samples) result.push_back(fit.predicted_ms(sample));
  return result;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double bytes_of(const Sample& sample) {
  double elements = 0;
  for (const KernelWork& work : sample.kernels) elements += work.elements;
  return elements;
}

bool is_smaller(const Sample& a, const Sample& b) {
  return a.family == b.family && a.batch == b.batch && a.precision == b.precision &&
         a.session == b.session && a.flops <= b.flops && a.kernels.size() <= b.kernels.size() &&
         bytes_of(a) <= bytes_of(b);
}

/// What contradicts `sample` most: is no smaller, and over 10 % faster; null where nothing does.
const Sample* fastest_larger(const Sample& sample, const std::vector<Sample>& samples) {
  const Sample* fastest = nullptr;
  for (const Sample& other : samples) {
    if (sample.measured_ms <= 1.1 * other.measured_ms) continue;
    if (fastest && other.measured_ms >= fastest->measured_ms) continue;
    if (is_smaller(sample, other)) fastest = &other;
  }
  return fastest;
}

}  // namespace

Agreement agreement(const std::vector<Sample>& samples, const std::vector<double>& predicted) {
  std::vector<double> measured;
  for (const Sample& sample : samples) measured.push_back(sample.measured_ms);
  return agreement(predicted, measured);
}

Validation validate(const Hardware& hardware, const std::vector<Sample>& samples,
                    const FitOptions& options, uint64_t seed) {
  Validation result;
  result.fit = fit_constants(hardware, samples, options);
  result.in_sample = predict(result.fit, samples);
  const std::vector<int> folds = folds_of(samples, seed, result.by_family);
  FitOptions of_part = options;  // the whole was enough; priors carry what a part lacks
  of_part.require_rows = false;
  result.held_out = held_out(samples, folds, [&](const auto& seen, const auto& unseen) {
    return predict(fit_constants(hardware, seen, of_part), unseen);
  });
  return result;
}

Split validate_split(const Hardware& hardware, std::vector<Sample> samples, size_t calibrate,
                     uint64_t seed) {
  if (calibrate + 2 > samples.size()) {
    throw Error(ErrorKind::kData, "calibration: " + std::to_string(calibrate) +
                                      " rows to fit leave fewer than two of " +
                                      std::to_string(samples.size()) + " to predict");
  }
  RandomStream random(seed, 0, "split of a calibration");
  for (size_t i = 0; i < calibrate; ++i) {
    const int other = random.below(static_cast<int>(samples.size() - i));
    std::swap(samples[i], samples[i + static_cast<size_t>(other)]);
  }
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(calibrate);
  Split split;
  split.unseen.assign(std::make_move_iterator(middle), std::make_move_iterator(samples.end()));
  samples.erase(middle, samples.end());
  split.seen = std::move(samples);
  const std::vector<Sample>&seen = split.seen, &unseen = split.unseen;
  split.fit = fit_constants(hardware, seen);
  split.predicted = predict(split.fit, unseen);
  split.in_sample = agreement(seen, predict(split.fit, seen));
  split.oracle = agreement(unseen, split.predicted);
  split.equation1 = agreement(unseen, predict_baseline(Baseline::kEquation1, seen, unseen));
  split.power_law = agreement(unseen, predict_baseline(Baseline::kPowerLaw, seen, unseen));
  return split;
}

BaselineValidation validate_baseline(Baseline baseline, const std::vector<Sample>& samples,
                                     uint64_t seed) {
  bool by_family = true;
  const std::vector<int> folds = folds_of(samples, seed, by_family);
  return {predict_baseline(baseline, samples, samples),
          held_out(samples, folds, [&](const auto& seen, const auto& unseen) {
            return predict_baseline(baseline, seen, unseen);
          })};
}

std::vector<FlaggedRow> flag_rows(const std::vector<Sample>& samples,
                                  const std::vector<double>& in_sample) {
  std::vector<double> sizes, errors;
  for (size_t i = 0; i < samples.size(); ++i) {
    errors.push_back(std::log(in_sample[i] / samples[i].measured_ms));
    sizes.push_back(std::abs(errors.back()));
  }
  const double limit = std::max(0.15, 3 * 1.4826 * median(sizes));
  std::vector<FlaggedRow> flagged;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (sizes[i] > limit) {
      flagged.push_back(
          {i, "predicted " + format_fixed(std::exp(errors[i]) * 100, 0) + " % of what was measured",
           std::exp(sizes[i])});
    }
    if (const Sample* larger = fastest_larger(samples[i], samples)) {
      flagged.push_back({i,
                         "smaller in FLOPs, bytes and kernels than " + larger->network +
                             " and slower (" + format_ms(samples[i].measured_ms) + ", " +
                             format_ms(larger->measured_ms) + ")",
                         samples[i].measured_ms / larger->measured_ms});
    }
  }
  std::stable_sort(flagged.begin(), flagged.end(),
                   [](const FlaggedRow& a, const FlaggedRow& b) { return a.factor > b.factor; });
  return flagged;
}

}  // namespace ridgeline
