#pragma once

#include "accuracy/training_kinds.h"
#include "core/config.h"

namespace ridgeline {

/// How a candidate is trained.
struct TrainingConfig {
  int epochs = 5;
  int batch = 32;
  int accumulate = 1;
  int validate_every = 1;
  LossKind loss = LossKind::kCrossEntropy;
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
  double crop_min_area = 0;
  int randaugment = 0;
  int randaugment_magnitude = 9;
  double mixup_alpha = 0;
  double cutmix_alpha = 0;
  std::string device = "cpu";
  KernelSource kernels = KernelSource::kRidgeline;
  bool bf16 = false;
  bool tf32 = false;
  int threads = 1;
  int processes = 1;
  BatchNormStatistics batch_norm_statistics = BatchNormStatistics::kSynchronised;
  double rank_time_limit_s = 120;
  bool deterministic = false;

  template <class V>
  void describe(V& v) {
    v.field("epochs", epochs, {.help = "epochs over the training images", .min = 1, .max = 100000});
    v.field("batch", batch, {.help = "images per step", .unit = "images", .min = 2, .max = 65536});
    v.field("accumulate", accumulate,
            {.help = "parts of a batch that are worked on one after another, their gradients added "
                     "up: needs less memory; batch norm then sees one part at a time; not with "
                     "several processes",
             .unit = "parts",
             .min = 1,
             .max = 4096});
    v.field("validate_every", validate_every,
            {.help = "measure the validation accuracy every so many epochs for the learning curve; "
                     "costs one pass over the validation images, changes no result; 0: only after "
                     "the last epoch",
             .unit = "epochs",
             .min = 0,
             .max = 100000});
    describe_steps(v);
    describe_regularisation(v);
    describe_device(v);
  }

 private:
  template <class V>
  void describe_steps(V& v) {
    v.field(
        "optimizer", optimizer,
        {.help = "sgd (with Nesterov momentum), rmsprop (as EfficientNet), adam or lamb (You et "
                 "al., 2020)"});
    v.field("loss", loss,
            {.help = "cross_entropy, or binary_cross_entropy: one yes or no per class (Wightman et "
                     "al., 2021)"});
    v.field("learning_rate", learning_rate,
            {.help = "peak learning rate", .min = 1e-9, .max = 100.0});
    v.field("momentum", momentum, {.help = "momentum", .min = 0.0, .max = 0.9999},
            used_by("optimizer", optimizer, {OptimizerKind::kSgd, OptimizerKind::kRmsProp}));
    v.field("rmsprop_decay", rmsprop_decay,
            {.help = "decay of the mean squared gradient (EfficientNet: 0.9)",
             .min = 0.0,
             .max = 0.99999},
            used_by("optimizer", optimizer, {OptimizerKind::kRmsProp}));
    v.field("schedule", schedule,
            {.help = "learning rate over time: constant, cosine (to zero) or exponential"});
    v.field("warmup_epochs", warmup_epochs,
            {.help = "length of the linear learning-rate warm-up",
             .unit = "epochs",
             .min = 0.0,
             .max = 1000.0});
    const UsedBy exponential = used_by("schedule", schedule, {ScheduleKind::kExponential});
    v.field("decay_rate", decay_rate,
            {.help = "factor of the learning rate per decay_epochs (EfficientNet: 0.97)",
             .min = 1e-6,
             .max = 1.0},
            exponential);
    v.field("decay_epochs", decay_epochs,
            {.help = "epochs per decay_rate (EfficientNet: 2.4)",
             .unit = "epochs",
             .min = 1e-3,
             .max = 1e6},
            exponential);
    v.field("gradient_clip", gradient_clip,
            {.help = "largest L2 norm of the gradient; 0: off", .min = 0.0, .max = 1e9});
  }

  template <class V>
  void describe_regularisation(V& v) {
    v.field(
        "weight_decay", weight_decay,
        {.help = "L2 weight decay; not applied to batch norm and biases", .min = 0.0, .max = 1.0});
    v.field("label_smoothing", label_smoothing,
            {.help = "label smoothing (EfficientNet: 0.1)", .min = 0.0, .max = 0.99});
    v.field("ema_decay", ema_decay,
            {.help = "decay of the moving average of the weights that is used for evaluation; 0: "
                     "no average (EfficientNet: 0.9999)",
             .min = 0.0,
             .max = 0.999999});
    v.field("flip", flip, {.help = "random horizontal flips"});
    v.field("crop_padding", crop_padding,
            {.help = "random crops after padding by this many pixels; 0: off; not used with "
                     "crop_min_area",
             .unit = "pixels",
             .min = 0,
             .max = 64});
    v.field("crop_min_area", crop_min_area,
            {.help = "random-resized-crop: the smallest share of an image's area that a crop may "
                     "have (ImageNet: 0.08); its sides are as 3:4 to 4:3; 0: off",
             .min = 0.0,
             .max = 1.0});
    v.field("randaugment", randaugment,
            {.help = "RandAugment: so many random operations on each image (EfficientNet: 2); 0: "
                     "off",
             .min = 0,
             .max = 8});
    v.field("randaugment_magnitude", randaugment_magnitude,
            {.help = "how strong RandAugment's operations are", .min = 0, .max = 30});
    v.field("mixup_alpha", mixup_alpha,
            {.help = "mixup: each batch is blended with itself reversed, by a share drawn from "
                     "Beta(alpha, alpha) (usual: 0.2); 0: off",
             .min = 0.0,
             .max = 10.0});
    v.field("cutmix_alpha", cutmix_alpha,
            {.help = "cutmix: a rectangle of each image comes from another, its area drawn from "
                     "Beta(alpha, alpha) (usual: 1); 0: off; with mixup: each batch gets one of "
                     "the two",
             .min = 0.0,
             .max = 10.0});
  }

  template <class V>
  void describe_device(V& v) {
    v.field("device", device, {.help = "device of the training: cpu, cuda or cuda:N"});
    v.field("kernels", kernels,
            {.help = "ridgeline: on a CPU in float32, Ridgeline's own depthwise and 1x1 "
                     "convolutions and batch norms, which are faster; libtorch: only LibTorch's; "
                     "the last digits of results differ"});
    v.field("bf16", bf16,
            {.help = "run convolutions and linear layers in bfloat16; on CUDA this needs compute "
                     "capability 8.0 (A100) or later"});
    v.field("tf32", tf32,
            {.help = "cuda: allow TF32 (10-bit mantissa) in float32 convolutions and linear "
                     "layers; needs compute capability 8.0 or later; PyTorch by default allows it "
                     "for convolutions, not for linear layers"});
    v.field("threads", threads,
            {.help = "CPU threads per trial; another number changes the last digits of the results",
             .min = 1,
             .max = 1024});
    v.field("processes", processes,
            {.help = "data-parallel processes per trial, each with a share of every batch; on "
                     "CUDA, process k uses GPU k; another number changes the last digits of the "
                     "results",
             .min = 1,
             .max = 4096});
    v.field("batch_norm_statistics", batch_norm_statistics,
            {.help = "with several processes. synchronised: statistics of the whole batch, as with "
                     "one process; local: statistics of each process's share, faster, but other "
                     "results"});
    v.field("rank_time_limit_s", rank_time_limit_s,
            {.help = "with several processes: if a process does not respond for this long, the "
                     "trial ends as crashed",
             .unit = "s",
             .min = 1.0,
             .max = 1e6});
    v.field("deterministic", deterministic,
            {.help = "cuda: use only kernels that give identical bits each time (slower); a "
                     "network with an operator that has no such kernel fails; on cpu results are "
                     "always deterministic"});
  }
};

}  // namespace ridgeline
