#include "latency/measurement/operator_table.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "latency/measurement/drift_correction.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 2;
constexpr size_t kBothNumbers = 4;

/// The normal equations of sum ((a s + b - t) / t)^2.
WholeNetworkTerm solve(const std::vector<NetworkSample>& networks, size_t left_out) {
  double ss = 0, s1 = 0, one = 0, s = 0, b = 0;
  size_t count = 0;
  for (size_t i = 0; i < networks.size(); ++i) {
    if (i == left_out) continue;
    const double x = networks[i].sum_ms / networks[i].ms, u = 1 / networks[i].ms;
    ss += x * x, s1 += x * u, one += u * u, s += x, b += u;
    ++count;
  }
  const double determinant = ss * one - s1 * s1;
  // Networks of one size cannot tell a scale from an offset.
  if (count >= kBothNumbers && determinant > 1e-9 * ss * one) {
    return {.scale = (s * one - b * s1) / determinant,
            .offset_ms = (b * ss - s * s1) / determinant};
  }
  return {.scale = count > 0 ? s / ss : 1};
}

double error_of(const WholeNetworkTerm& term, const NetworkSample& network) {
  return std::abs(term.apply(network.sum_ms) / network.ms - 1);
}

Json to_json(const OperatorTable& table) {
  Json json;
  json["format"] = kFormat;
  json["device"] = table.device;
  json["libraries"] = table.libraries;
  json["reference_ms"] = table.reference_ms;
  json["run_on"] = table.place.device;
  json["threads"] = table.place.threads;
  json["batch"] = table.place.batch;
  json["precision"] = enum_name(table.place.precision);
  json["memory_format"] = enum_name(table.place.memory_format);
  json["whole_network"] = {{"scale", table.term.scale},
                           {"offset_ms", table.term.offset_ms},
                           {"networks", table.term.networks},
                           {"mape", table.term.mape},
                           {"held_out_mape", table.term.held_out_mape}};
  return json;
}

template <class E>
E enum_in(const Json& json, const char* key) {
  return enum_from_yaml<E>(YamlView::word(json.at(key).get<std::string>(), key));
}

OperatorTable from_json(const Json& json) {
  if (json.at("format").get<int>() != kFormat)
    throw Error(ErrorKind::kConfig, "written by another version of Ridgeline");
  OperatorTable table{.place = {.device = json.at("run_on").get<std::string>(),
                                .threads = json.at("threads").get<int>(),
                                .batch = json.at("batch").get<int>(),
                                .precision = enum_in<Precision>(json, "precision"),
                                .memory_format = enum_in<MemoryFormat>(json, "memory_format")},
                      .device = json.at("device").get<std::string>(),
                      .libraries = json.at("libraries").get<std::string>(),
                      .reference_ms = json.at("reference_ms").get<double>()};
  const Json& term = json.at("whole_network");
  table.term = {.scale = term.at("scale").get<double>(),
                .offset_ms = term.at("offset_ms").get<double>(),
                .networks = term.at("networks").get<int>(),
                .mape = term.at("mape").get<double>(),
                .held_out_mape = term.at("held_out_mape").get<double>()};
  for (const Json& row : json.at("networks")) {
    table.networks.push_back(
        {row.at(0).get<std::string>(), row.at(1).get<double>(), row.at(2).get<double>()});
  }
  for (const Json& row : json.at("operators")) {
    const OperatorEntry entry{row.at(1).get<double>(), row.at(2).get<double>(),
                              row.at(3).get<double>(), row.at(4).get<int>(),
                              row.at(5).get<bool>(),   row.at(6).get<double>()};
    if (!(entry.ms > 0)) throw Error(ErrorKind::kConfig, "an operator without a time");
    table.operators[row.at(0).get<std::string>()] = entry;
  }
  return table;
}

/// `rows` as a JSON list, one row a line.
std::string lines(const std::vector<Json>& rows) {
  std::string text = "[";
  for (size_t i = 0; i < rows.size(); ++i) text += (i > 0 ? ",\n" : "\n") + rows[i].dump();
  return text + "]";
}

}  // namespace

WholeNetworkTerm fit_whole_network_term(const std::vector<NetworkSample>& networks) {
  if (networks.empty()) return {};
  WholeNetworkTerm term = solve(networks, networks.size());
  term.networks = static_cast<int>(networks.size());
  for (size_t i = 0; i < networks.size(); ++i) {
    term.mape += error_of(term, networks[i]) / term.networks;
    term.held_out_mape += error_of(solve(networks, i), networks[i]) / term.networks;
  }
  return term;
}

OperatorTable OperatorTable::here(const RunPlace& place) {
  return {.place = place, .device = place.device_text(), .libraries = runtime_description()};
}

OperatorEntry OperatorTable::at_speed(const OperatorEntry& entry) const {
  if (reference_ms <= 0 || entry.reference_ms <= 0) return entry;
  OperatorEntry result = entry;
  const double factor = reference_ms / entry.reference_ms;
  for (double* ms : {&result.ms, &result.low_ms, &result.high_ms}) *ms *= factor;
  return result;
}

void OperatorTable::settle_speed() {
  std::vector<double> quiet, all;
  for (const auto& [signature, entry] : operators) {
    if (entry.reference_ms <= 0) continue;
    all.push_back(entry.reference_ms);
    if (!entry.noisy) quiet.push_back(entry.reference_ms);
  }
  const double nominal = nominal_reference(quiet.empty() ? std::move(all) : std::move(quiet));
  const double factor = reference_ms > 0 && nominal > 0 ? nominal / reference_ms : 1;
  for (NetworkSample& network : networks) network.sum_ms *= factor, network.ms *= factor;
  reference_ms = nominal;
  term = fit_whole_network_term(networks);
}

bool OperatorTable::measured_here() const {
  try {
    return place.device_text() == device && runtime_description() == libraries;
  } catch (const Error&) {
    return false;  // its device, such as cuda:1, is not there
  }
}

OperatorTable OperatorTable::load(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorKind::kConfig,
                "latency table " + path.string() +
                    " is not there; `ridgeline latency build-table --space SPACE --out " +
                    path.string() + "` makes it");
  }
  try {
    return from_json(Json::parse(read_file(path)));
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kConfig,
                "latency table " + path.string() + " is damaged or no table: " + error.what());
  } catch (const Error& error) {
    throw Error(error.kind(), "latency table " + path.string() + ": " + error.what());
  }
}

void OperatorTable::save(const std::filesystem::path& path) const {
  std::vector<Json> samples, rows;
  for (const auto& network : networks)
    samples.push_back(Json::array({network.network, network.sum_ms, network.ms}));
  for (const auto& [signature, entry] : operators) {
    rows.push_back(Json::array({signature, entry.ms, entry.low_ms, entry.high_ms, entry.runs,
                                entry.noisy, entry.reference_ms}));
  }
  std::string text = to_json(*this).dump(1);
  text.resize(text.rfind('\n'));  // the closing brace comes last
  write_file_atomic(path, text + ",\n \"networks\": " + lines(samples) +
                              ",\n \"operators\": " + lines(rows) + "\n}\n");
}

}  // namespace ridgeline
