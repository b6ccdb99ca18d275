#include "app/training_options.h"

#include "app/network_commands.h"
#include "app/shared_options.h"

namespace ridgeline {

void add_training_options(CLI::App& app) {
  static TrainOptions train;
  auto* sub = command(app, "train",
                      "train a found or a published network fully; the same command continues a "
                      "training that was broken off",
                      "ridgeline train runs/first --set training.epochs=100 --out trainings/first\n"
                      "  ridgeline train resnet50 --config train.yaml");
  sub->add_option("source", train.source,
                  "run folder (its best network), architecture file, name of "
                  "configs/architectures, or a name that `ridgeline networks` lists")
      ->required()
      ->type_name("RUN|ARCH|NETWORK");
  sub->add_option("--config", train.config,
                  "training file: images, preset, recipe (default: the images and the recipe of "
                  "the run)")
      ->type_name("FILE");
  add_settings(sub, train.settings, "change a key, such as training.epochs=100");
  add_strict(sub, train.strict);
  sub->add_option("--out", train.out, "folder of the training (default: trainings/NAME)")
      ->type_name("DIR");
  sub->add_option("--parent", train.parent)->group("");
  sub->add_option("--rank", train.rank)->group("");
  sub->add_option("--rendezvous", train.rendezvous)->group("");
  sub->callback([] { train_command(train); });
}

}  // namespace ridgeline
