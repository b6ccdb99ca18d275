#include "accuracy/supernet/covering.h"

#include <algorithm>
#include <map>
#include <string>

#include "search_space/fields.h"

namespace ridgeline {
namespace {

/// A field with the values that the space offers for it.
struct Offer {
  ArchitectureField field;
  std::vector<double> values;
  double largest() const { return *std::max_element(values.begin(), values.end()); }
  bool has(double value) const {
    return std::find(values.begin(), values.end(), value) != values.end();
  }
};

class Covering {
 public:
  Covering(const std::vector<Decision>& decisions, Architecture base) : base_(std::move(base)) {
    for (const Decision& decision : decisions) labels_[decision.name] = decision.labels;
    stem_ = offers("stem.", stem_fields());
    head_ = offers("head.", head_fields());
    for (size_t i = 0; i < base_.stages.size(); ++i)
      stages_.push_back(offers("stage" + std::to_string(i + 1) + ".", stage_fields(i)));
    set_largest(stem_);
    set_largest(head_);
    for (const auto& stage : stages_) set_largest(stage);
  }

  /// Stage `stage` (as many as there are: the head) directly behind stage `before` (-1: the stem).
  void add_pair(int before, int stage) {
    const int count = static_cast<int>(stages_.size());
    std::vector<Architecture> variants = {base_};
    for (int i = before + 1; i < stage; ++i) {
      const Offer& layers = offer(i, "layers");
      if (!layers.has(0)) return;
      for (auto& variant : variants) layers.field.set(variant, 0);
    }
    for (const int i : {before, stage}) {
      if (i < 0 || i >= count) continue;
      if (offer(i, "layers").largest() == 0) return;
      for (const char* key : {"operator", "reshape", "reshape_block", "stride"})
        multiply(variants, offer(i, key));
    }
    // Without expansion a depthwise convolution works on the stage's input itself.
    if (stage < count && offer(stage, "expansion").has(1)) {
      multiply(variants,
               {offer(stage, "expansion").field, {1, offer(stage, "expansion").largest()}});
    }
    if (stage == count && find(head_, "filters").has(0))
      multiply(variants, {find(head_, "filters").field, {0, find(head_, "filters").largest()}});
    result_.insert(result_.end(), variants.begin(), variants.end());
  }

  std::vector<Architecture> run() {
    for (int stage = 0; stage <= static_cast<int>(stages_.size()); ++stage) {
      for (int before = -1; before < stage; ++before) add_pair(before, stage);
    }
    return std::move(result_);
  }

 private:
  using Offers = std::vector<Offer>;

  Offers offers(const std::string& prefix, std::vector<ArchitectureField> fields) {
    Offers result;
    for (auto& field : fields) {
      Offer offer{field, {}};
      const auto searched = labels_.find(prefix + field.key);
      if (searched == labels_.end()) {
        offer.values = {field.get(base_)};
      } else {
        for (const auto& label : searched->second)
          offer.values.push_back(field.parse(YamlView::word(label, prefix + field.key)));
      }
      result.push_back(std::move(offer));
    }
    return result;
  }

  void set_largest(const Offers& offers) {
    for (const auto& offer : offers) offer.field.set(base_, offer.largest());
  }

  static const Offer& find(const Offers& offers, const std::string& key) {
    return *std::find_if(offers.begin(), offers.end(),
                         [&](const Offer& offer) { return offer.field.key == key; });
  }
  const Offer& offer(int stage, const std::string& key) const {
    return find(stages_[static_cast<size_t>(stage)], key);
  }

  static void multiply(std::vector<Architecture>& variants, const Offer& offer) {
    std::vector<Architecture> product;
    for (const auto& variant : variants) {
      for (const double value : offer.values) {
        product.push_back(variant);
        offer.field.set(product.back(), value);
      }
    }
    variants = std::move(product);
  }

  Architecture base_;
  std::map<std::string, std::vector<std::string>> labels_;
  Offers stem_, head_;
  std::vector<Offers> stages_;
  std::vector<Architecture> result_;
};

}  // namespace

std::vector<Architecture> covering_architectures(const std::vector<Decision>& decisions,
                                                 const Architecture& base) {
  return Covering(decisions, base).run();
}

}  // namespace ridgeline
