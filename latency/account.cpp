#include "latency/account.h"

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/units.h"

namespace ridgeline {
namespace {

struct StageSum {
  std::string name;
  int kernels = 0;
  double flops = 0, bytes = 0, ms = 0;
};

std::string stage_of(const Node& node) { return node.name.substr(0, node.name.find('.')); }

std::vector<StageSum> sum_stages(const Network& network, const Latency& latency) {
  std::vector<StageSum> stages;
  for (const OperatorLatency& op : latency.operators) {
    if (op.ms == 0) continue;
    const std::string name = stage_of(network.node(op.node));
    auto stage = std::find_if(stages.begin(), stages.end(),
                              [&](const StageSum& sum) { return sum.name == name; });
    if (stage == stages.end()) stage = stages.insert(stages.end(), StageSum{.name = name});
    ++stage->kernels;
    stage->flops += op.flops;
    stage->bytes += op.bytes;
    stage->ms += op.ms;
  }
  return stages;
}

double share(double part, const Latency& latency) { return latency.ms > 0 ? part / latency.ms : 0; }

double ratio(double flops, double bytes) { return bytes > 0 ? flops / bytes : 0; }

std::string percent_cell(double value) { return format_fixed(value * 100, 1) + "%"; }

// "conv 3x3 + batch norm + swish": the operator that starts a kernel and what runs in it.
std::vector<std::string> kernel_labels(const Network& network, const Latency& latency) {
  std::vector<std::string> labels(latency.operators.size());
  for (const OperatorLatency& op : latency.operators) {
    const Operator& kind = network.node(op.node).op;
    const bool absent =
        std::holds_alternative<Dropout>(kind) || std::holds_alternative<DropConnect>(kind);
    if (absent) continue;
    const std::string text = describe(kind);
    if (op.fused_into >= 0) {
      labels[static_cast<size_t>(op.fused_into)] += " + " + text;
    } else {
      labels[static_cast<size_t>(op.node)] = text;
    }
  }
  return labels;
}

std::string summary(const Network& network, const Latency& latency) {
  std::string text = network.name() + " (" + to_string(network.input_shape()) + "), batch " +
                     std::to_string(latency.batch) + ", " + enum_name(latency.precision) + ", on " +
                     latency.device + " (" + latency.method + "): " + format_ms(latency.ms);
  if (latency.repeats > 0) {
    text += " +- " + format_ms(latency.spread_ms) + " over " + std::to_string(latency.repeats) +
            " runs";
  }
  text += "\nW " + format_count(latency.flops) + "FLOP, Q " + format_bytes(latency.bytes) + ", I " +
          format_fixed(latency.intensity, 1) + " FLOP/byte";
  if (latency.efficiency > 0) text += ", E " + percent_cell(latency.efficiency);
  return text + "\n";
}

std::string kernel_table(const Network& network, const Latency& latency) {
  const auto labels = kernel_labels(network, latency);
  TextTable table;
  table.header = {"ms", "share", "W FLOP", "Q bytes", "I", "E", "bound", "node", "operators"};
  for (const OperatorLatency& op : latency.operators) {
    if (op.ms == 0) continue;
    table.rows.push_back(
        {format_fixed(op.ms, 4), percent_cell(share(op.ms, latency)), format_count(op.flops),
         format_bytes(op.bytes), format_fixed(op.intensity, 1), percent_cell(op.efficiency),
         to_string(op.bound), network.node(op.node).name, labels[static_cast<size_t>(op.node)]});
  }
  return table.str();
}

std::string stage_table(const Network& network, const Latency& latency) {
  TextTable table;
  table.header = {"ms", "share", "W FLOP", "Q bytes", "I", "kernels", "stage"};
  for (const StageSum& stage : sum_stages(network, latency)) {
    table.rows.push_back({format_fixed(stage.ms, 4), percent_cell(share(stage.ms, latency)),
                          format_count(stage.flops), format_bytes(stage.bytes),
                          format_fixed(ratio(stage.flops, stage.bytes), 1),
                          std::to_string(stage.kernels), stage.name});
  }
  return table.str();
}

nlohmann::ordered_json operator_json(const Network& network, const Latency& latency,
                                     const OperatorLatency& op) {
  const Node& node = network.node(op.node);
  nlohmann::ordered_json json = {{"name", node.name}, {"operator", describe(node.op)}};
  if (op.ms == 0) {
    json["fused_into"] = op.fused_into >= 0
                             ? nlohmann::ordered_json(network.node(op.fused_into).name)
                             : nlohmann::ordered_json(nullptr);
    return json;
  }
  json.update({{"ms", op.ms},
               {"share", share(op.ms, latency)},
               {"flops", op.flops},
               {"bytes", op.bytes},
               {"intensity", op.intensity},
               {"efficiency", op.efficiency},
               {"bound", to_string(op.bound)}});
  return json;
}

}  // namespace

std::string account_table(const Network& network, const Latency& latency) {
  std::string text = summary(network, latency);
  if (!latency.operators.empty()) {
    text += "\n" + kernel_table(network, latency) + "\n" + stage_table(network, latency);
  }
  return text;
}

std::string account_json(const Network& network, const Latency& latency) {
  nlohmann::ordered_json json;
  json["network"] = network.name();
  json["latency"] = {{"ms", latency.ms},
                     {"batch", latency.batch},
                     {"precision", enum_name(latency.precision)},
                     {"device", latency.device},
                     {"method", latency.method},
                     {"spread_ms", latency.spread_ms},
                     {"repeats", latency.repeats},
                     {"low_ms", latency.low_ms},
                     {"high_ms", latency.high_ms},
                     {"reference_ms", latency.reference_ms},
                     {"noise", latency.noise},
                     {"flops", latency.flops},
                     {"bytes", latency.bytes},
                     {"intensity", latency.intensity},
                     {"efficiency", latency.efficiency}};
  json["operators"] = nlohmann::ordered_json::array();
  for (const OperatorLatency& op : latency.operators) {
    json["operators"].push_back(operator_json(network, latency, op));
  }
  json["stages"] = nlohmann::ordered_json::array();
  for (const StageSum& stage : sum_stages(network, latency)) {
    json["stages"].push_back({{"name", stage.name},
                              {"kernels", stage.kernels},
                              {"ms", stage.ms},
                              {"share", share(stage.ms, latency)},
                              {"flops", stage.flops},
                              {"bytes", stage.bytes},
                              {"intensity", ratio(stage.flops, stage.bytes)}});
  }
  return json.dump(2) + "\n";
}

std::string account_csv(const Network& network, const Latency& latency) {
  const auto number = ConfigWriter::plain_number;
  std::string text =
      "node,name,operator,fused_into,flops,bytes,intensity,efficiency,bound,ms,share\n";
  for (const OperatorLatency& op : latency.operators) {
    const Node& node = network.node(op.node);
    const std::string kernel = op.fused_into >= 0 ? network.node(op.fused_into).name : "";
    text +=
        join({std::to_string(op.node), node.name, describe(node.op), kernel, number(op.flops),
              number(op.bytes), number(op.intensity), number(op.efficiency),
              op.ms > 0 ? to_string(op.bound) : "", number(op.ms), number(share(op.ms, latency))},
             ",") +
        "\n";
  }
  return text;
}

}  // namespace ridgeline
