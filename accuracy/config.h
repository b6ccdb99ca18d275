#pragma once

#include "core/config.h"
#include "tables/config.h"

namespace ridgeline {

enum class DataKind { kFractal, kIdx, kCifar10, kCifar100 };
template <>
struct EnumNames<DataKind> {
  static constexpr std::array<std::pair<DataKind, const char*>, 4> values{
      {{DataKind::kFractal, "fractal"},
       {DataKind::kIdx, "idx"},
       {DataKind::kCifar10, "cifar10"},
       {DataKind::kCifar100, "cifar100"}}};
};

/// Where the images come from.
struct DataConfig {
  DataKind kind = DataKind::kFractal;
  std::string path;
  std::string train_images, train_labels, test_images, test_labels;
  double validation_share = 0.2;
  int train_limit = 0;
  int classes = 10;
  int image_size = 32;
  int train_per_class = 200;
  int test_per_class = 50;
  uint32_t seed = 1;

  template <class V>
  void describe(V& v) {
    v.field("kind", kind, {.help = "fractal: generated, no file needed; idx; cifar10; cifar100"});
    v.field("path", path,
            {.help = "cifar: folder of the binary files; idx: folder that the four file names are "
                     "relative to"});
    v.field("train_images", train_images,
            {.help = "idx: images, .gz or not, N x H x W or N x H x W x C bytes"});
    v.field("train_labels", train_labels, {.help = "idx: labels of train_images"});
    v.field("test_images", test_images,
            {.help = "idx: images held out to the end; may be empty: then the validation part is "
                     "reported"});
    v.field("test_labels", test_labels, {.help = "idx: labels of test_images"});
    v.field(
        "validation_share", validation_share,
        {.help = "share of the training images held out to score trials", .min = 0.01, .max = 0.9});
    v.field("train_limit", train_limit,
            {.help = "use only so many training images (drawn by class in turn, before validation "
                     "is held out); 0: all",
             .unit = "images",
             .min = 0,
             .max = 1e9});
    v.field("classes", classes,
            {.help = "fractal: number of classes; idx: labels are 0 .. classes - 1",
             .min = 2,
             .max = 1000});
    v.field("image_size", image_size,
            {.help = "fractal: side of an image", .unit = "pixels", .min = 8, .max = 512});
    v.field("train_per_class", train_per_class,
            {.help = "fractal: training images per class", .min = 1, .max = 100000});
    v.field("test_per_class", test_per_class,
            {.help = "fractal: test images per class", .min = 1, .max = 100000});
    v.field("seed", seed,
            {.help = "of generated classes and images, and of the choice of train_limit and "
                     "validation images",
             .min = 0,
             .max = 4294967295.0});
  }
};

enum class OptimizerKind { kSgd, kRmsProp, kAdam };
template <>
struct EnumNames<OptimizerKind> {
  static constexpr std::array<std::pair<OptimizerKind, const char*>, 3> values{
      {{OptimizerKind::kSgd, "sgd"},
       {OptimizerKind::kRmsProp, "rmsprop"},
       {OptimizerKind::kAdam, "adam"}}};
};
enum class ScheduleKind { kConstant, kCosine, kExponential };
template <>
struct EnumNames<ScheduleKind> {
  static constexpr std::array<std::pair<ScheduleKind, const char*>, 3> values{
      {{ScheduleKind::kConstant, "constant"},
       {ScheduleKind::kCosine, "cosine"},
       {ScheduleKind::kExponential, "exponential"}}};
};

/// Over which images batch norm takes mean and variance in a training of several processes.
enum class BatchNormStatistics { kSynchronised, kLocal };
template <>
struct EnumNames<BatchNormStatistics> {
  static constexpr std::array<std::pair<BatchNormStatistics, const char*>, 2> values{
      {{BatchNormStatistics::kSynchronised, "synchronised"},
       {BatchNormStatistics::kLocal, "local"}}};
};

/// How a candidate is trained.
struct TrainingConfig {
  int epochs = 5;
  int batch = 32;
  int validate_every = 1;
  OptimizerKind optimizer = OptimizerKind::kSgd;
  double learning_rate = 0.1;
  double momentum = 0.9;
  double rmsprop_decay = 0.9;
  double weight_decay = 1e-4;
  ScheduleKind schedule = ScheduleKind::kCosine;
  double warmup_epochs = 0.5;
  double decay_rate = 0.97;
  double decay_epochs = 2.4;
  double label_smoothing = 0.1;
  double ema_decay = 0.0;
  double gradient_clip = 5.0;
  bool flip = false;
  int crop_padding = 2;
  std::string device = "cpu";
  bool bf16 = false;
  bool tf32 = false;
  int threads = 1;
  int processes = 1;
  BatchNormStatistics batch_norm_statistics = BatchNormStatistics::kSynchronised;
  double rank_time_limit_s = 120;
  bool deterministic = false;

  template <class V>
  void describe(V& v) {
    v.field("epochs", epochs, {.help = "passes over the training part", .min = 1, .max = 100000});
    v.field("batch", batch, {.help = "images per step", .unit = "images", .min = 2, .max = 65536});
    v.field("validate_every", validate_every,
            {.help = "the learning curve has a validation accuracy every so many epochs; costs a "
                     "pass over the held-out part, changes no result; 0: after the last only",
             .unit = "epochs",
             .min = 0,
             .max = 100000});
    v.field("optimizer", optimizer, {.help = "sgd (Nesterov), rmsprop (EfficientNet's), adam"});
    v.field("learning_rate", learning_rate, {.help = "peak step size", .min = 1e-9, .max = 100.0});
    v.field("momentum", momentum, {.help = "sgd, rmsprop", .min = 0.0, .max = 0.9999});
    v.field("rmsprop_decay", rmsprop_decay,
            {.help = "rmsprop: decay of the squared gradient (EfficientNet: 0.9)",
             .min = 0.0,
             .max = 0.99999});
    v.field(
        "weight_decay", weight_decay,
        {.help = "L2, on weights only: not on batch norm, not on biases", .min = 0.0, .max = 1.0});
    v.field("schedule", schedule, {.help = "constant, cosine to zero, or exponential"});
    v.field("warmup_epochs", warmup_epochs,
            {.help = "linear warm-up", .unit = "epochs", .min = 0.0, .max = 1000.0});
    v.field("decay_rate", decay_rate,
            {.help = "exponential: factor (EfficientNet: 0.97)", .min = 1e-6, .max = 1.0});
    v.field("decay_epochs", decay_epochs,
            {.help = "exponential: epochs per factor (EfficientNet: 2.4)",
             .unit = "epochs",
             .min = 1e-3,
             .max = 1e6});
    v.field("label_smoothing", label_smoothing,
            {.help = "EfficientNet: 0.1", .min = 0.0, .max = 0.99});
    v.field(
        "ema_decay", ema_decay,
        {.help = "moving average of the weights used for evaluation; 0: off (EfficientNet: 0.9999)",
         .min = 0.0,
         .max = 0.999999});
    v.field("gradient_clip", gradient_clip,
            {.help = "largest L2 norm of the gradient; 0: off", .min = 0.0, .max = 1e9});
    v.field("flip", flip, {.help = "random horizontal flips"});
    v.field("crop_padding", crop_padding,
            {.help = "random crops after padding by this; 0: off",
             .unit = "pixels",
             .min = 0,
             .max = 64});
    v.field("device", device, {.help = "cpu, cuda or cuda:N"});
    v.field("bf16", bf16,
            {.help = "convolutions and linear layers in bfloat16; cuda: compute capability 8.0 or "
                     "later (A100)"});
    v.field(
        "tf32", tf32,
        {.help = "cuda: float32 convolutions and linear layers may round their factors to "
                 "TF32's 10 bits, on GPUs of compute capability 8.0 or later. PyTorch allows that "
                 "for convolutions by default, not for linear layers"});
    v.field(
        "threads", threads,
        {.help = "CPU threads of one trial; another number changes the last digits of the results",
         .min = 1,
         .max = 1024});
    v.field("processes", processes,
            {.help = "data-parallel processes of one trial, each with its share of every batch; on "
                     "cuda process k takes GPU k; another number changes the last digits of the "
                     "results",
             .min = 1,
             .max = 4096});
    v.field("batch_norm_statistics", batch_norm_statistics,
            {.help = "several processes: synchronised (over the whole batch, as one process) or "
                     "local (each process over its share; faster, other results)"});
    v.field(
        "rank_time_limit_s", rank_time_limit_s,
        {.help = "several processes: a process that does not answer the others for so long ends "
                 "the trial: status crashed",
         .unit = "s",
         .min = 1.0,
         .max = 1e6});
    v.field("deterministic", deterministic,
            {.help = "cuda: only kernels that give the same bits each time, at some speed; a "
                     "network with an operator that has none fails; cpu always does"});
  }
};

/// proxy: train briefly and validate. formula: a smooth function of cost, depth and width that
/// needs no training, for trying out a configuration and for tests; it says nothing of real
/// accuracy. table, surrogate: of a space of plain decisions, looked up or fitted.
enum class AccuracyKind { kProxy, kFormula, kTable, kSurrogate };
template <>
struct EnumNames<AccuracyKind> {
  static constexpr std::array<std::pair<AccuracyKind, const char*>, 4> values{
      {{AccuracyKind::kProxy, "proxy"},
       {AccuracyKind::kFormula, "formula"},
       {AccuracyKind::kTable, "table"},
       {AccuracyKind::kSurrogate, "surrogate"}}};
};
/// Whether an evaluator of this kind prices points of plain decisions, by a table of them.
inline bool reads_table(AccuracyKind kind) {
  return kind == AccuracyKind::kTable || kind == AccuracyKind::kSurrogate;
}

struct AccuracyConfig {
  AccuracyKind kind = AccuracyKind::kProxy;
  DataConfig data;
  TrainingConfig training;
  TableConfig table;

  template <class V>
  void describe(V& v) {
    v.field("kind", kind,
            {.help = "proxy: short training and validation; formula: no training, for trying out a "
                     "configuration; of plain decisions: table: looked up, surrogate: fitted to a "
                     "table of a sample"});
    v.section("data", data, "the images");
    v.section("training", training, "the proxy training of one candidate");
    v.section("table", table, "kinds table and surrogate: accuracies by decisions");
  }
};

}  // namespace ridgeline
