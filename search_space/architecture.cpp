#include "search_space/architecture.h"

#include "search_space/search_space.h"

namespace ridgeline {
namespace {

void emit_stage(YAML::Emitter& out, const Stage& s) {
  out << YAML::Flow << YAML::BeginMap;
  out << YAML::Key << "operator" << YAML::Value << enum_name(s.op);
  out << YAML::Key << "kernel" << YAML::Value << s.kernel;
  out << YAML::Key << "expansion" << YAML::Value << s.expansion;
  out << YAML::Key << "se_ratio" << YAML::Value << ConfigWriter::plain_number(s.se_ratio);
  out << YAML::Key << "filters" << YAML::Value << s.filters;
  out << YAML::Key << "layers" << YAML::Value << s.layers;
  out << YAML::Key << "stride" << YAML::Value << s.stride;
  out << YAML::Key << "skip" << YAML::Value << s.skip;
  out << YAML::Key << "activation" << YAML::Value << enum_name(s.activation);
  out << YAML::Key << "reshape" << YAML::Value << enum_name(s.reshape);
  out << YAML::Key << "reshape_block" << YAML::Value << s.reshape_block;
  out << YAML::EndMap;
}

std::string plain_yaml(const Architecture& a) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted << a.name;
  out << YAML::Key << "decisions" << YAML::Value << YAML::BeginMap;
  for (const auto& [decision, choice] : a.decisions) {
    out << YAML::Key << YAML::DoubleQuoted << decision;
    out << YAML::Value << YAML::DoubleQuoted << choice;
  }
  out << YAML::EndMap << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace

std::string to_yaml(const Architecture& a) {
  if (a.is_plain()) return plain_yaml(a);
  const auto number = [](double value) { return ConfigWriter::plain_number(value); };
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted << a.name;
  out << YAML::Key << "resolution" << YAML::Value << a.resolution;
  out << YAML::Key << "input_channels" << YAML::Value << a.input_channels;
  out << YAML::Key << "classes" << YAML::Value << a.classes;
  out << YAML::Key << "stem" << YAML::Value << YAML::Flow << YAML::BeginMap;
  out << YAML::Key << "filters" << YAML::Value << a.stem.filters;
  out << YAML::Key << "kernel" << YAML::Value << a.stem.kernel;
  out << YAML::Key << "stride" << YAML::Value << a.stem.stride;
  out << YAML::Key << "activation" << YAML::Value << enum_name(a.stem.activation) << YAML::EndMap;
  out << YAML::Key << "stages" << YAML::Value << YAML::BeginSeq;
  for (const auto& stage : a.stages) emit_stage(out, stage);
  out << YAML::EndSeq;
  out << YAML::Key << "head" << YAML::Value << YAML::Flow << YAML::BeginMap;
  out << YAML::Key << "filters" << YAML::Value << a.head.filters;
  out << YAML::Key << "activation" << YAML::Value << enum_name(a.head.activation);
  out << YAML::Key << "dropout" << YAML::Value << number(a.head.dropout) << YAML::EndMap;
  out << YAML::Key << "drop_connect" << YAML::Value << number(a.drop_connect);
  out << YAML::Key << "batch_norm" << YAML::Value << YAML::Flow << YAML::BeginMap;
  out << YAML::Key << "epsilon" << YAML::Value << number(a.bn_epsilon);
  out << YAML::Key << "momentum" << YAML::Value << number(a.bn_momentum) << YAML::EndMap;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

Architecture architecture_from_yaml(const YamlView& view) {
  const SearchSpace space = SearchSpace::from_yaml(view);
  if (!space.decisions().empty()) {
    view.fail("is a search space of " + std::to_string(space.decisions().size()) +
              " decisions (the first: " + space.decisions()[0].name +
              "); an architecture has one value per key, no lists");
  }
  return space.decode({});
}

Architecture load_architecture(const std::filesystem::path& path) {
  return architecture_from_yaml(YamlView::load_file(path));
}

}  // namespace ridgeline
