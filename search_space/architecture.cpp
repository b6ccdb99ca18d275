#include "search_space/architecture.h"

#include <algorithm>

#include "search_space/search_space.h"

namespace ridgeline {
namespace {

/// What YAML::Emitter makes of a text in double quotes.
std::string quoted(const std::string& text) {
  const auto stays = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), stays)) return '"' + text + '"';
  YAML::Emitter out;
  out << YAML::DoubleQuoted << text;
  return out.c_str();
}

/// "{key: value, key: value}", as YAML::Emitter sets it, which takes a hundred times as long: a
/// search writes one text per trial.
class FlowMap {
 public:
  explicit FlowMap(std::string& text) : text_(text) { text_ += '{'; }
  void operator()(const char* key, const std::string& value) {
    if (!first_) text_ += ", ";
    first_ = false;
    ((text_ += key) += ": ") += value;
  }
  void operator()(const char* key, int value) { (*this)(key, std::to_string(value)); }
  void operator()(const char* key, double value) {
    (*this)(key, ConfigWriter::plain_number(value));
  }
  void end() { text_ += '}'; }

 private:
  std::string& text_;
  bool first_ = true;
};

void write_stage(std::string& text, const Stage& s) {
  FlowMap map(text);
  map("operator", enum_name(s.op));
  map("kernel", s.kernel);
  map("expansion", s.expansion);
  map("se_ratio", s.se_ratio);
  map("filters", s.filters);
  map("layers", s.layers);
  map("stride", s.stride);
  map("skip", std::string(s.skip ? "true" : "false"));
  map("activation", enum_name(s.activation));
  map("reshape", enum_name(s.reshape));
  map("reshape_block", s.reshape_block);
  map.end();
}

std::string plain_yaml(const Architecture& a) {
  std::string text = "name: " + quoted(a.name) + "\ndecisions:\n";
  for (const auto& [decision, choice] : a.decisions)
    text += "  " + quoted(decision) + ": " + quoted(choice) + "\n";
  return text;
}

void write_stem(std::string& text, const Stem& stem) {
  FlowMap map(text);
  map("filters", stem.filters);
  map("kernel", stem.kernel);
  map("stride", stem.stride);
  map("activation", enum_name(stem.activation));
  map.end();
}

void write_head(std::string& text, const Head& head) {
  FlowMap map(text);
  map("filters", head.filters);
  map("activation", enum_name(head.activation));
  map("dropout", head.dropout);
  map.end();
}

}  // namespace

std::string to_yaml(const Architecture& a) {
  if (a.is_plain()) return plain_yaml(a);
  std::string text = "name: " + quoted(a.name);
  text.reserve(text.size() + 512 + 192 * a.stages.size());
  text += "\nresolution: " + std::to_string(a.resolution);
  text += "\ninput_channels: " + std::to_string(a.input_channels);
  text += "\nclasses: " + std::to_string(a.classes);
  text += "\nstem: ";
  write_stem(text, a.stem);
  text += a.stages.empty() ? "\nstages:\n  []\n" : "\nstages:\n";
  for (const auto& stage : a.stages) {
    text += "  - ";
    write_stage(text, stage);
    text += '\n';
  }
  text += "head: ";
  write_head(text, a.head);
  text += "\ndrop_connect: " + ConfigWriter::plain_number(a.drop_connect);
  text += "\nbatch_norm: ";
  FlowMap batch_norm(text);
  batch_norm("epsilon", a.bn_epsilon);
  batch_norm("momentum", a.bn_momentum);
  batch_norm.end();
  return text + "\n";
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
