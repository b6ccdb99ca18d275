#include "search_space/fields.h"

namespace ridgeline {
namespace {

/// `Owner(architecture)` is the struct that holds `member`.
template <class Struct, class T, class Owner>
ArchitectureField field(const std::string& key, T Struct::*member, FieldInfo info, Owner owner) {
  return {
      key,
      [info](const YamlView& view) {
        T value{};
        ConfigReader::read(view, value, info);
        return static_cast<double>(value);
      },
      [member, owner](Architecture& a, double value) { owner(a).*member = static_cast<T>(value); },
      [member, owner](const Architecture& a) {
        return static_cast<double>(owner(const_cast<Architecture&>(a)).*member);
      }};
}

FieldInfo range(double min, double max) { return {.help = "", .min = min, .max = max}; }

Architecture& whole(Architecture& a) { return a; }

}  // namespace

std::vector<ArchitectureField> stem_fields() {
  const auto stem = [](Architecture& a) -> Stem& { return a.stem; };
  return {field("filters", &Stem::filters, range(1, 65536), stem),
          field("kernel", &Stem::kernel, range(1, 31), stem),
          field("stride", &Stem::stride, range(1, 8), stem),
          field("activation", &Stem::activation, {}, stem)};
}

std::vector<ArchitectureField> stage_fields(size_t index) {
  const auto stage = [index](Architecture& a) -> Stage& { return a.stages[index]; };
  return {field("layers", &Stage::layers, range(0, 1000), stage),
          field("operator", &Stage::op, {}, stage),
          field("reshape", &Stage::reshape, {}, stage),
          field("reshape_block", &Stage::reshape_block, range(2, 8), stage),
          field("kernel", &Stage::kernel, range(1, 31), stage),
          field("expansion", &Stage::expansion, range(1, 32), stage),
          field("se_ratio", &Stage::se_ratio, range(0, 8), stage),
          field("filters", &Stage::filters, range(1, 65536), stage),
          field("stride", &Stage::stride, range(1, 8), stage),
          field("activation", &Stage::activation, {}, stage),
          field("skip", &Stage::skip, {}, stage)};
}

std::vector<ArchitectureField> head_fields() {
  const auto head = [](Architecture& a) -> Head& { return a.head; };
  return {field("filters", &Head::filters, range(0, 65536), head),
          field("activation", &Head::activation, {}, head),
          field("dropout", &Head::dropout, range(0, 0.99), head)};
}

std::vector<ArchitectureField> top_fields() {
  return {field("resolution", &Architecture::resolution, range(1, 8192), whole),
          field("input_channels", &Architecture::input_channels, range(1, 1024), whole),
          field("classes", &Architecture::classes, range(2, 1e6), whole)};
}

std::vector<ArchitectureField> regularisation_fields() {
  return {field("drop_connect", &Architecture::drop_connect, range(0, 0.99), whole)};
}

std::vector<ArchitectureField> batch_norm_fields() {
  return {field("epsilon", &Architecture::bn_epsilon, range(1e-12, 1), whole),
          field("momentum", &Architecture::bn_momentum, range(0, 1), whole)};
}

}  // namespace ridgeline
