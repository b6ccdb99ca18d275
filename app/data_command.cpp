#include <iostream>

#include "accuracy/data/data_report.h"
#include "accuracy/images/encode_png.h"
#include "accuracy/images/image_folder.h"
#include "app/commands.h"
#include "core/file.h"
#include "experiments/config.h"
#include "experiments/config_places.h"

namespace ridgeline {
namespace {

constexpr int kSheetImages = 64;
constexpr size_t kListed = 20;

void check(const DataCheckOptions& options, const ExperimentConfig& config) {
  if (!trains_on_data(config.accuracy.kind)) {
    throw Error(ErrorKind::kConfig, "accuracy.kind: is " + enum_name(config.accuracy.kind) +
                                        ", which uses no images: there are none to check");
  }
  // Unreadable images are what this command is for: they stop it at its end.
  DataConfig data_config = config.accuracy.data;
  data_config.folder.on_bad_image = BadImages::kSkip;
  const Dataset data = load_dataset(data_config);
  const DataReport report = examine(data);
  std::cout << report.str(options.all ? 0 : kListed);
  if (data_config.kind == DataKind::kFolder) {
    std::cout << "files without the extension of an image: "
              << scan_image_folder(data_config.path).ignored << "\n";
  }
  if (!options.sheet.empty()) {
    const Image sheet =
        contact_sheet(data, config.accuracy.training, report.side, kSheetImages, data_config.seed);
    write_file_atomic(options.sheet, encode_png(sheet));
    std::cout << options.sheet << " shows what a network sees of training images\n";
  }
  if (!report.unreadable.empty() && config.accuracy.data.folder.on_bad_image == BadImages::kFail) {
    throw Error(ErrorKind::kData, std::to_string(report.unreadable.size()) +
                                      " image files cannot be read; mend or remove them, or set "
                                      "accuracy.data.on_bad_image: skip");
  }
}

}  // namespace

void data_check_command(const DataCheckOptions& options) {
  const ExperimentConfig config = load_experiment(options.config, options.settings, options.strict);
  at_places(config, [&] { check(options, config); });
}

}  // namespace ridgeline
