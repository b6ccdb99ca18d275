#include "experiments/paper/findings.h"

#include <algorithm>

#include "core/units.h"

namespace ridgeline::paper {
namespace {

constexpr int kStem = 1, kFirstStage = 3, kHead = 10;

bool has(const std::vector<int>& places, int place) {
  return std::find(places.begin(), places.end(), place) != places.end();
}

std::string list_text(const std::vector<int>& places) {
  std::string text;
  for (const int place : places) text += (text.empty() ? "" : ", ") + std::to_string(place);
  return text.empty() ? "none" : text;
}

std::string operator_text(const Stage& stage) {
  std::string text = stage.op == BlockOperator::kFusedMbConv ? "fused MBConv" : "MBConv";
  text += std::to_string(stage.expansion) + " " + std::to_string(stage.kernel) + "x" +
          std::to_string(stage.kernel);
  return stage.reshape == Reshape::kSpaceToDepth ? text + ", space-to-depth" : text;
}

}  // namespace

bool Findings::swish_exactly_where_fused() const {
  for (int stage = kFirstStage; stage < kHead; ++stage) {
    if (has(swish, stage) != has(fused, stage)) return false;
  }
  return true;
}

bool Findings::fused_early() const { return has(fused, 4) || has(fused, 5); }
bool Findings::fused_late() const { return has(fused, 7) || has(fused, 8); }

Findings findings_of(const Architecture& architecture) {
  Findings findings;
  const auto look = [&](ActivationKind kind, int place) {
    if (kind == ActivationKind::kSwish) findings.swish.push_back(place);
  };
  look(architecture.stem.activation, kStem);
  for (size_t i = 0; i < architecture.stages.size(); ++i) {
    const Stage& stage = architecture.stages[i];
    const int number = static_cast<int>(i) + kFirstStage;
    look(stage.activation, number);
    if (stage.op == BlockOperator::kFusedMbConv) findings.fused.push_back(number);
    if (stage.reshape == Reshape::kSpaceToDepth) findings.space_to_depth = true;
  }
  look(architecture.head.activation, kHead);
  return findings;
}

std::string text_of(const Findings& findings) {
  return "fused " + list_text(findings.fused) + "; swish " + list_text(findings.swish) +
         "; space-to-depth " + (findings.space_to_depth ? "yes" : "no");
}

std::string blocks_text(const Architecture& architecture) {
  std::string text;
  for (const Stage& stage : architecture.stages) {
    text += (text.empty() ? "e" : " e") + std::to_string(stage.expansion) + "k" +
            std::to_string(stage.kernel) + "l" + std::to_string(stage.layers) +
            (stage.se_ratio > 0 ? "s" : "");
  }
  return text;
}

std::string table1_text(const Architecture& ours, const Architecture& paper) {
  TextTable table;
  table.header = {"stage", "ours", "activation", "paper", "activation"};
  const auto add = [&](const std::string& stage, const std::string& our_operator,
                       ActivationKind our_activation, const std::string& paper_operator,
                       ActivationKind paper_activation) {
    table.rows.push_back({stage, our_operator, enum_name(our_activation), paper_operator,
                          enum_name(paper_activation)});
  };
  add("1", "convolution", ours.stem.activation, "convolution", paper.stem.activation);
  for (size_t i = 0; i < ours.stages.size(); ++i) {
    add(std::to_string(static_cast<int>(i) + kFirstStage), operator_text(ours.stages[i]),
        ours.stages[i].activation, operator_text(paper.stages[i]), paper.stages[i].activation);
  }
  add("10", "convolution", ours.head.activation, "convolution", paper.head.activation);
  return table.str();
}

}  // namespace ridgeline::paper
