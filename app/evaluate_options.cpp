#include <CLI/CLI.hpp>

#include "app/network_commands.h"
#include "app/network_options.h"
#include "app/shared_options.h"

namespace ridgeline {

void add_evaluate_options(CLI::App& app) {
  static ScoreOptions score;
  auto* sub = command(app, "evaluate",
                      "score a trained network on labelled images: top-1, top-5, loss, classes",
                      "ridgeline evaluate exported/model.onnx --data my.yaml\n"
                      "  ridgeline evaluate runs/first --data images/ --split validation --csv "
                      "classes.csv --svg confusion.svg");
  sub->add_option("model", score.model,
                  "an exported file (*.ts.pt, *.onnx, *.py, *.pt, *.safetensors), the folder of an "
                  "export or of a training, or a run folder (its best network)")
      ->required()
      ->type_name("FILE|DIR");
  sub->add_option("--data", score.data,
                  "an experiment file (its accuracy.data), or a folder of images by class")
      ->required()
      ->type_name("CONFIG|DIR");
  add_settings(sub, score.settings, "change a key of the experiment file");
  sub->add_option("--split", score.split,
                  "train, validation, test or all (default: test where there is one, else "
                  "validation)")
      ->check(CLI::IsMember({"train", "validation", "test", "all"}));
  sub->add_option("--batch", score.batch, "images that the network is given together")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  sub->add_option("--limit", score.limit,
                  "use only this many images, balanced over the classes (default: all)")
      ->check(CLI::Range(1, 1'000'000'000));
  sub->add_option("--resolution", score.resolution,
                  "side of the square input, pixels, where the model does not record it")
      ->check(CLI::Range(1, 8192))
      ->type_name("PX");
  sub->add_option("--mean", score.mean, "of pixels from 0 to 1, per channel: 0.485,0.456,0.406")
      ->delimiter(',')
      ->type_name("X,...");
  sub->add_option("--std", score.deviation, "likewise: 0.229,0.224,0.225")
      ->delimiter(',')
      ->type_name("X,...");
  sub->add_flag("--data-normalization", score.data_normalization,
                "normalize with mean and std of the data's training images");
  sub->add_flag("--whole-images", score.whole_images,
                "a folder of images: shrink the middle square of each to the input, without the "
                "crop of its middle 7/8");
  sub->add_option("--threads", score.threads, "CPU threads (default: all cores)")
      ->check(CLI::Range(1, 4096));
  sub->add_flag("--json", score.json, "as JSON, with every class and the confusion matrix");
  sub->add_option("--csv", score.csv, "write every class's scores")->type_name("FILE");
  sub->add_option("--svg", score.svg, "draw the confusion matrix")->type_name("FILE");
  sub->callback([] { score_command(score); });
}

}  // namespace ridgeline
