#pragma once

#include "accuracy/config.h"
#include "accuracy/data/fractal.h"
#include "search_space/architecture.h"
#include "tests/test_device.h"

namespace ridgeline::test {

/// About 6,000 parameters, 16 px.
inline Architecture small_architecture(int classes) {
  Architecture a;
  a.name = "small";
  a.resolution = 16;
  a.classes = classes;
  a.stem = {.filters = 8, .kernel = 3, .stride = 2, .activation = ActivationKind::kRelu};
  Stage stage;
  stage.op = BlockOperator::kFusedMbConv;
  stage.expansion = 1;
  stage.se_ratio = 0;
  stage.filters = 16;
  stage.stride = 2;
  stage.activation = ActivationKind::kRelu;
  a.stages = {stage};
  a.head = {.filters = 32, .activation = ActivationKind::kRelu, .dropout = 0.1};
  a.drop_connect = 0;
  a.bn_momentum = 0.1;
  return a;
}

/// Three classes of 16 px fractals, a second or less of training.
inline AccuracyConfig small_task() {
  AccuracyConfig config;
  config.data.classes = 3;
  config.data.fractal.image_size = 16;
  config.data.fractal.train_per_class = 100;
  config.data.fractal.test_per_class = 30;
  config.training.batch = 16;
  config.training.epochs = 4;
  config.training.crop_padding = 1;
  config.training.device = test_device();
  config.training.deterministic = true;
  return config;
}

/// 60 training images.
inline Dataset few_fractals() {
  DataConfig data;
  data.classes = 3;
  data.fractal.image_size = 16;
  data.fractal.train_per_class = 20;
  return generate_fractals(data);
}

}  // namespace ridgeline::test
