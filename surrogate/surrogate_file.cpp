#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/random.h"
#include "surrogate/fitted_surrogate.h"

namespace ridgeline {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using nlohmann::ordered_json;

constexpr const char* kFormat = "ridgeline surrogate";
constexpr int kVersion = 1;
constexpr size_t kMostBytes = size_t{256} << 20;

/// The file's first line; the second is the content.
std::string header_of(const std::string& content) {
  char checksum[17];
  std::snprintf(checksum, sizeof checksum, "%016llx",
                static_cast<unsigned long long>(hash_text(content)));
  return ordered_json{{"format", kFormat}, {"version", kVersion}, {"checksum", checksum}}.dump();
}

ordered_json to_json(const MatrixXd& matrix) {
  return {{"rows", matrix.rows()},
          {"values", std::vector<double>(matrix.data(), matrix.data() + matrix.size())}};
}

VectorXd vector_from(const ordered_json& json) {
  const auto values = json.get<std::vector<double>>();
  return Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size()));
}

MatrixXd matrix_from(const ordered_json& json) {
  const auto values = json.at("values").get<std::vector<double>>();
  const Index rows = json.at("rows").get<Index>();
  if (rows <= 0) return {};
  return Eigen::Map<const MatrixXd>(values.data(), rows, static_cast<Index>(values.size()) / rows);
}

ordered_json to_json(const VectorXd& vector) {
  return std::vector<double>(vector.begin(), vector.end());
}

ordered_json to_json(const Standardization& standardization) {
  return {{"mean", to_json(standardization.mean)}, {"factor", to_json(standardization.factor)}};
}

Standardization standardization_from(const ordered_json& json) {
  Standardization standardization;
  standardization.mean = vector_from(json.at("mean"));
  standardization.factor = vector_from(json.at("factor"));
  return standardization;
}

ordered_json to_json(const Quadratic& model) {
  return {{"standardization", to_json(model.standardization)},
          {"constant", model.constant},
          {"linear", to_json(model.linear)},
          {"square", to_json(model.square)}};
}

ordered_json to_json(const BoostedTrees& model) {
  std::vector<int> features;
  std::vector<double> above;
  for (const auto& question : model.questions) {
    features.push_back(question.feature);
    above.push_back(question.above);
  }
  return {{"depth", model.depth}, {"constant", model.constant}, {"features", features},
          {"above", above},       {"asked", model.asked},       {"leaves", model.leaves}};
}

Quadratic quadratic_from(const ordered_json& json) {
  Quadratic model;
  model.standardization = standardization_from(json.at("standardization"));
  model.constant = json.at("constant").get<double>();
  model.linear = vector_from(json.at("linear"));
  model.square = matrix_from(json.at("square"));
  return model;
}

BoostedTrees trees_from(const ordered_json& json) {
  BoostedTrees model;
  model.depth = json.at("depth").get<int>();
  model.constant = json.at("constant").get<double>();
  model.leaves = json.at("leaves").get<std::vector<double>>();
  model.asked = json.at("asked").get<std::vector<uint32_t>>();
  const auto features = json.at("features").get<std::vector<int>>();
  const auto above = json.at("above").get<std::vector<double>>();
  for (size_t i = 0; i < features.size(); ++i)
    model.questions.push_back({features[i], above.at(i)});
  return model;
}

ordered_json to_json(const SurrogateFigures& figures) {
  return {{"model", enum_name(figures.model)},
          {"mean_absolute_error", figures.mean_absolute_error},
          {"root_mean_square_error", figures.root_mean_square_error},
          {"spearman", figures.spearman},
          {"kendall", figures.kendall},
          {"coverage_of_90_percent", figures.coverage}};
}

SurrogateModel model_from(const std::string& name) {
  for (const auto& [model, text] : EnumNames<SurrogateModel>::values) {
    if (name == text) return model;
  }
  throw Error(ErrorKind::kData, "unknown model " + name);
}

SurrogateFigures figures_from(const ordered_json& json) {
  return {.model = model_from(json.at("model").get<std::string>()),
          .mean_absolute_error = json.at("mean_absolute_error").get<double>(),
          .root_mean_square_error = json.at("root_mean_square_error").get<double>(),
          .spearman = json.at("spearman").get<double>(),
          .kendall = json.at("kendall").get<double>(),
          .coverage = json.at("coverage_of_90_percent").get<double>()};
}

ordered_json to_json(const SurrogateContent& content, const Encoding& encoding) {
  ordered_json figures = ordered_json::array(), names = ordered_json::array();
  for (const auto& one : content.figures) figures.push_back(to_json(one));
  for (const auto& feature : encoding.features()) names.push_back(feature.name);
  const Uncertainty& u = content.uncertainty;
  return {{"space", {{"name", content.space_name}, {"yaml", content.space_yaml}}},
          {"classes", content.shape.classes},
          {"channels", content.shape.channels},
          {"resolution", content.shape.resolution},
          {"batch_norm_momentum", content.shape.batch_norm_momentum},
          {"source", content.source},
          {"rows", content.rows},
          {"folds", content.folds},
          {"cross_validation", figures},
          {"features", names},
          {"model", std::visit([](const auto& model) { return to_json(model); }, content.model)},
          {"distance",
           {{"standardization", to_json(content.distance.standardization())},
            {"inverse", to_json(content.distance.inverse())}}},
          {"uncertainty",
           {{"noise", u.noise},
            {"growth", u.growth},
            {"most", u.most},
            {"inside", u.inside},
            {"edge", u.edge}}}};
}

SurrogateContent content_from(const ordered_json& json) {
  SurrogateContent content;
  content.space_name = json.at("space").at("name").get<std::string>();
  content.space_yaml = json.at("space").at("yaml").get<std::string>();
  content.shape = {.classes = json.at("classes").get<int>(),
                   .channels = json.at("channels").get<int>(),
                   .resolution = json.at("resolution").get<int>(),
                   .batch_norm_momentum = json.at("batch_norm_momentum").get<double>()};
  content.source = json.at("source").get<std::string>();
  content.rows = json.at("rows").get<int>();
  content.folds = json.at("folds").get<int>();
  for (const auto& one : json.at("cross_validation")) content.figures.push_back(figures_from(one));
  if (content.figures.at(0).model == SurrogateModel::kBoostedTrees) {
    content.model = trees_from(json.at("model"));
  } else {
    content.model = quadratic_from(json.at("model"));
  }
  const ordered_json& distance = json.at("distance");
  content.distance = DataDistance(standardization_from(distance.at("standardization")),
                                  matrix_from(distance.at("inverse")));
  const ordered_json& u = json.at("uncertainty");
  content.uncertainty = {.noise = u.at("noise").get<double>(),
                         .growth = u.at("growth").get<double>(),
                         .most = u.at("most").get<double>(),
                         .inside = u.at("inside").get<double>(),
                         .edge = u.at("edge").get<double>()};
  return content;
}

}  // namespace

std::string FittedSurrogate::to_text() const {
  const std::string content = to_json(content_, encoding_).dump();
  return header_of(content) + "\n" + content + "\n";
}

FittedSurrogate FittedSurrogate::parse(const std::string& text, const std::string& source) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kData,
                source + ": " + what + "; expected a file of `ridgeline surrogate fit`");
  };
  const size_t end = text.find('\n');
  const std::string header = text.substr(0, end);
  const ordered_json first = ordered_json::parse(header, nullptr, false);
  if (!first.is_object() || first.value("format", ordered_json()) != kFormat)
    fail("is no file of a surrogate");
  if (first.value("version", ordered_json()) != kVersion)
    fail("is of another version of the format; fit it again");
  if (end == std::string::npos || text.back() != '\n') fail("is cut off");
  const std::string content = text.substr(end + 1, text.size() - end - 2);
  if (header != header_of(content)) fail("is damaged: its checksum does not match");
  try {
    return FittedSurrogate(content_from(ordered_json::parse(content)));
  } catch (const ordered_json::exception& error) {
    fail(std::string("lacks a part: ") + error.what());
  } catch (const Error& error) {
    fail(error.what());
  }
  throw Error(ErrorKind::kInternal, "unreachable");
}

FittedSurrogate FittedSurrogate::load(const std::filesystem::path& path) {
  if (std::filesystem::is_regular_file(path) && std::filesystem::file_size(path) > kMostBytes) {
    throw Error(ErrorKind::kData, path.string() +
                                      ": is larger than any surrogate; expected a file "
                                      "of `ridgeline surrogate fit`");
  }
  return parse(read_file(path), path.string());
}

}  // namespace ridgeline
