#include "accuracy/training/training_checkpoint.h"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <array>
#include <bit>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/error.h"
#include "core/file.h"
#include "core/logging.h"

namespace ridgeline {
namespace {

constexpr std::string_view kMagic = "RIDGETRN";
constexpr uint32_t kVersion = 2;
constexpr size_t kIdentityAt = kMagic.size() + sizeof(kVersion);
constexpr size_t kHeader = kIdentityAt + sizeof(uint64_t);
constexpr size_t kChecksum = sizeof(uint64_t);

/// Another LibTorch may round otherwise: a training stays with the one that began it.
uint64_t identity_of(const CheckpointPlan& plan) {
  return derive_seed(plan.identity, 0, TORCH_VERSION);
}

/// What is wrong with a file's bytes; empty: nothing.
std::string fault_of(const std::string& bytes, uint64_t identity) {
  if (bytes.size() < kHeader + kChecksum || !bytes.starts_with(kMagic)) return "is damaged";
  const size_t end = bytes.size() - kChecksum;
  if (number_at<uint64_t>(bytes.data() + end) != hash_text(std::string_view(bytes).substr(0, end)))
    return "is damaged";
  if (number_at<uint32_t>(bytes.data() + kMagic.size()) != kVersion) return "is of another version";
  if (number_at<uint64_t>(bytes.data() + kIdentityAt) != identity) return "is of another training";
  return {};
}

void append_words(std::vector<int64_t>& numbers, const RandomStream& stream) {
  for (const uint64_t word : stream.words()) numbers.push_back(std::bit_cast<int64_t>(word));
}

RandomStream stream_at(const int64_t* numbers) {
  std::array<uint64_t, 4> words{};
  for (size_t i = 0; i < words.size(); ++i) words[i] = std::bit_cast<uint64_t>(numbers[i]);
  return RandomStream::from_words(words);
}

}  // namespace

at::Tensor read_tensor(torch::serialize::InputArchive& archive, const std::string& name) {
  at::Tensor value;  // fresh: `read` would write into a tensor that is defined
  archive.read(name, value);
  return value;
}

void TrainingPosition::save(torch::serialize::OutputArchive& archive) const {
  std::vector<int64_t> numbers = {epoch, step};
  append_words(numbers, order);
  append_words(numbers, augmentation);
  archive.write("position", at::tensor(numbers, at::kLong));
  archive.write("loss_sum", at::scalar_tensor(loss_sum, at::kDouble));
  std::ostringstream curve;  // one entry for all: an archive is slow in many small ones
  for (const Metric& metric : metrics) {
    curve << metric.epoch << ' ' << metric.name << ' ' << std::bit_cast<int64_t>(metric.value)
          << '\n';
  }
  archive.write("metrics", c10::IValue(curve.str()));
}

void TrainingPosition::load(torch::serialize::InputArchive& archive) {
  const at::Tensor numbers = read_tensor(archive, "position").cpu();
  const int64_t* values = numbers.data_ptr<int64_t>();
  epoch = values[0];
  step = values[1];
  order = stream_at(values + 2);
  augmentation = stream_at(values + 6);
  loss_sum = read_tensor(archive, "loss_sum").item<double>();
  c10::IValue text;
  archive.read("metrics", text);
  std::istringstream curve(text.toStringRef());
  metrics.clear();
  Metric metric;
  int64_t bits = 0;
  while (curve >> metric.epoch >> metric.name >> bits) {
    metric.value = std::bit_cast<double>(bits);
    metrics.push_back(metric);
  }
}

void write_training_checkpoint(const CheckpointPlan& plan,
                               torch::serialize::OutputArchive& archive) {
  std::string bytes(kMagic);
  append_number(bytes, kVersion);
  append_number(bytes, identity_of(plan));
  archive.save_to([&](const void* data, size_t size) {
    bytes.append(static_cast<const char*>(data), size);
    return size;
  });
  append_number(bytes, hash_text(bytes));
  write_file_atomic(plan.path, bytes);
}

std::optional<TrainingArchive> read_training_checkpoint(const CheckpointPlan& plan) {
  if (plan.path.empty() || !std::filesystem::exists(plan.path)) return std::nullopt;
  std::string bytes, fault;
  try {
    bytes = read_file(plan.path);
    fault = fault_of(bytes, identity_of(plan));
  } catch (const Error&) {
    fault = "cannot be read";
  }
  if (!fault.empty()) {
    spdlog::warn("{}: the checkpoint {}; the training starts over", plan.path, fault);
    return std::nullopt;
  }
  const size_t end = bytes.size() - kChecksum;
  return TrainingArchive{number_at<uint64_t>(bytes.data() + end),
                         bytes.substr(kHeader, end - kHeader)};
}

bool CheckpointClock::due() {
  if (every_s_ <= 0) return false;
  const auto now = std::chrono::steady_clock::now();
  if (std::chrono::duration<double>(now - last_).count() < every_s_) return false;
  last_ = now;
  return true;
}

}  // namespace ridgeline
