#include <zlib.h>

#include <array>
#include <map>
#include <set>
#include <sstream>

#include "network/cost.h"
#include "network/published/known_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

// Counts that others published for hundreds of networks, read where they are. `acts` is the number
// of output elements of convolutions and linear layers: with parameters alone a stride or a pool
// could be wrong.

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

using CsvRow = std::map<std::string, std::string>;

/// Rows of a CSV file, gzip'ed or plain, by column name.
std::vector<CsvRow> read_csv(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  std::array<char, 1 << 16> buffer;
  for (int n = 0; (n = gzread(file, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(n));
  }
  gzclose(file);
  const auto split = [](const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::istringstream stream(text);
  std::string line;
  std::getline(stream, line);
  const std::vector<std::string> header = split(line);
  std::vector<CsvRow> rows;
  while (std::getline(stream, line)) {
    const std::vector<std::string> cells = split(line);
    CsvRow row;
    for (size_t i = 0; i < std::min(header.size(), cells.size()); ++i) row[header[i]] = cells[i];
    rows.push_back(row);
  }
  return rows;
}

struct Counts {
  int64_t params = 0, madds = 0, acts = 0, biases = 0, max_pools = 0;
};

Counts count(const Network& network) {
  const OperatorCost total = cost(network).total;
  Counts counts{
      .params = total.params, .madds = total.madds, .acts = 0, .biases = 0, .max_pools = 0};
  for (const Node& node : network.nodes()) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    const auto* linear = std::get_if<Linear>(&node.op);
    const auto* pool = std::get_if<Pool>(&node.op);
    if (conv || linear) counts.acts += node.shape.elements();
    if ((conv && conv->bias) || (linear && linear->bias)) counts.biases += node.shape.elements();
    if (pool && pool->kind == Pool::Kind::kMax) counts.max_pools += node.shape.elements();
  }
  return counts;
}

/// "RegNetY-4.0GF" -> "regnety_040", "ResNeXt-50" -> "resnext50_32x4d", "EfficientNet-B1" ->
/// "efficientnet_b1".
std::string name_of_pycls(const std::string& model) {
  static const std::map<std::string, std::string> kSizes = {
      {"200MF", "002"}, {"400MF", "004"}, {"600MF", "006"}, {"800MF", "008"},
      {"1.6GF", "016"}, {"3.2GF", "032"}, {"4.0GF", "040"}, {"6.4GF", "064"},
      {"8.0GF", "080"}, {"12GF", "120"},  {"16GF", "160"},  {"32GF", "320"}};
  const std::string family = model.substr(0, model.find('-'));
  const std::string size = model.substr(model.find('-') + 1);
  if (family == "RegNetX") return "regnetx_" + kSizes.at(size);
  if (family == "RegNetY") return "regnety_" + kSizes.at(size);
  if (family == "ResNet") return "resnet" + size;
  if (family == "ResNeXt") return "resnext" + size + "_32x4d";
  REQUIRE(family == "EfficientNet");
  return "efficientnet_b" + size.substr(1);
}

}  // namespace

TEST_CASE("every network that pycls published has its parameters, multiply-adds and activations") {
  const auto path = shared_data("latency/pycls_v100.csv");
  const std::vector<CsvRow> rows = read_csv(path);
  CHECK(rows.size() == 36);
  for (const CsvRow& row : rows) {
    INFO(row.at("model"));
    const Counts counts = count(load_network(name_of_pycls(row.at("model"))));
    CHECK(counts.params == std::stoll(row.at("params")));
    // pycls adds one per bias and output, and counts the output of a max pool as an activation.
    CHECK(counts.madds + counts.biases == std::stoll(row.at("macs")));
    CHECK(counts.acts + counts.max_pools == std::stoll(row.at("acts")));
  }
}

TEST_CASE("networks that timm has too agree with its parameters and activations") {
  const auto path = shared_data("latency/timm_infer_rtx3090.csv.gz");
  std::map<std::string, const KnownNetwork*> by_name;
  for (const KnownNetwork& known : known_networks()) by_name[known.name] = &known;
  std::set<std::pair<std::string, int>> checked;
  for (const CsvRow& row : read_csv(path)) {
    const std::string model = row.at("model");
    const std::string name = model.substr(0, model.find('.'));  // without the weights' tag
    const auto known = by_name.find(name);
    if (known == by_name.end() || row.at("macts_m").empty()) continue;
    const int resolution = std::stoi(row.at("img_size"));
    if (!checked.insert({name, resolution}).second) continue;
    INFO(name << " at " << resolution);
    const Counts counts = count(known->second->build(resolution));
    const double rounding = 0.00501;  // millions, two decimals
    CHECK(std::abs(static_cast<double>(counts.params) / 1e6 - std::stod(row.at("param_count_m"))) <
          rounding);
    CHECK(std::abs(static_cast<double>(counts.acts) / 1e6 - std::stod(row.at("macts_m"))) <
          rounding);
  }
  CHECK(checked.size() > 100);
}
