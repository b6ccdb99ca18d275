#include "accuracy/data/image_folder_data.h"

#include <algorithm>

#include "core/error.h"
#include "core/logging.h"

namespace ridgeline {
namespace {

/// What is wrong with the first few.
std::string bad_images_text(const std::vector<const CachedImage*>& bad) {
  constexpr size_t kNamed = 5;
  std::vector<std::string> texts;
  for (size_t i = 0; i < std::min(kNamed, bad.size()); ++i)
    texts.push_back(bad[i]->path + " (" + bad[i]->problem + ")");
  if (bad.size() > kNamed) texts.emplace_back("and others; `ridgeline data check` names them all");
  return std::to_string(bad.size()) + (bad.size() == 1 ? " image" : " images") +
         " cannot be read: " + join(texts, "; ");
}

void judge_bad_images(const std::vector<const CachedImage*>& bad, const DataConfig& config) {
  if (bad.empty()) return;
  const std::string text = config.path + ": " + bad_images_text(bad);
  if (config.folder.on_bad_image == BadImages::kFail) {
    throw Error(ErrorKind::kData,
                text + "; mend or remove them, or leave them out with on_bad_image: skip");
  }
  spdlog::warn("{}; left out", text);
}

}  // namespace

int cached_side(int resolution) { return (resolution * 8 + 6) / 7; }

Dataset read_image_folder(const DataConfig& config) {
  if (config.path.empty()) {
    throw Error(ErrorKind::kData, "data kind folder needs the folder of the images: path");
  }
  const ImageFolder folder = scan_image_folder(config.path);
  const auto cache = ImageCache::open(folder, {.folder = config.folder.cache,
                                               .side = cached_side(config.folder.resolution),
                                               .interpolation = config.folder.interpolation});
  Dataset data;
  data.classes = static_cast<int>(folder.classes.size());
  data.class_names = folder.classes;
  const int side = cache->side();
  data.train = data.validation = data.test =
      ImageSet{side, side, 3, {}, {}, cache, {}, config.folder.resolution};
  const std::array<ImageSet*, 3> parts{&data.train, &data.validation, &data.test};
  std::vector<const CachedImage*> bad;
  for (size_t i = 0; i < cache->images().size(); ++i) {
    const CachedImage& image = cache->images()[i];
    if (!image.problem.empty()) {
      bad.push_back(&image);
      continue;
    }
    ImageSet& part = *parts[static_cast<size_t>(image.split)];
    part.labels.push_back(image.label);
    part.places.push_back(static_cast<int>(i));
  }
  judge_bad_images(bad, config);
  for (int c = 0; c < data.classes; ++c) {
    if (std::count(data.train.labels.begin(), data.train.labels.end(), c) > 0) continue;
    throw Error(ErrorKind::kData, config.path + ": class '" +
                                      data.class_names[static_cast<size_t>(c)] +
                                      "' has no training image that can be read");
  }
  return data;
}

}  // namespace ridgeline
