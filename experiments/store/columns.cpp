#include "experiments/store/columns.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace ridgeline {
namespace {

double number_from_text(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, number).ptr != end)
    throw Error(ErrorKind::kRun, "'" + text + "' is no number");
  return number;
}

}  // namespace

std::string text_of(const std::string& text) { return text; }
std::string text_of(const Genotype& genotype) { return to_text(genotype); }
std::string text_of(const Architecture& architecture) {
  const bool empty = architecture.stages.empty() && !architecture.is_plain();
  return empty ? "" : to_yaml(architecture);
}

std::string text_of(const std::vector<FurtherLatency>& latencies) {
  std::vector<std::string> parts;
  for (const auto& latency : latencies)
    parts.push_back(latency.accelerator + "=" + ConfigWriter::plain_number(latency.ms));
  return join(parts, " ");
}

std::string text_of(const std::optional<CompoundCoefficients>& c) {
  if (!c) return "";
  return ConfigWriter::plain_number(c->alpha) + " " + ConfigWriter::plain_number(c->beta) + " " +
         ConfigWriter::plain_number(c->gamma);
}

void read_text(const std::string& text, std::string& field) { field = text; }
void read_text(const std::string& text, Genotype& genotype) { genotype = genotype_from_text(text); }
void read_text(const std::string& text, Architecture& architecture) {
  if (!text.empty()) architecture = architecture_from_yaml(YamlView::parse(text, "architecture"));
}

void read_text(const std::string& text, std::vector<FurtherLatency>& latencies) {
  std::istringstream parts(text);
  for (std::string part; parts >> part;) {
    const size_t equals = std::min(part.find('='), part.size() - 1);
    latencies.push_back({part.substr(0, equals), number_from_text(part.substr(equals + 1))});
  }
}

void read_text(const std::string& text, std::optional<CompoundCoefficients>& coefficients) {
  std::istringstream parts(text);
  std::string alpha, beta, gamma;
  if (parts >> alpha >> beta >> gamma)
    coefficients = {number_from_text(alpha), number_from_text(beta), number_from_text(gamma)};
}

}  // namespace ridgeline
