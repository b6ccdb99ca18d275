#include "controller/state.h"

#include <cstring>

#include "core/bytes.h"
#include "core/error.h"

namespace ridgeline {
namespace {

constexpr std::string_view kMagic = "RIDGECTL";
constexpr uint32_t kVersion = 3;
constexpr size_t kLengthAt = kMagic.size() + sizeof(kVersion);
constexpr size_t kHeader = kLengthAt + sizeof(uint64_t);
constexpr size_t kChecksum = sizeof(uint64_t);

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::kRun, "controller state: " + why);
}

/// Lengths stand before names and counts before lists, so that different decisions give different
/// texts.
uint64_t fingerprint(const std::vector<Decision>& decisions) {
  std::string text;
  const auto add_text = [&](const std::string& part) {
    append_number(text, part.size());
    text += part;
  };
  for (const auto& decision : decisions) {
    add_text(decision.name);
    append_number(text, decision.labels.size());
    for (const auto& label : decision.labels) add_text(label);
    append_number(text, decision.active_when.size());
    for (const auto& clause : decision.active_when) {
      append_number(text, clause.terms.size());
      for (const auto& term : clause.terms) {
        append_number(text, term.decision);
        append_number(text, term.choices.size());
        for (const int choice : term.choices) append_number(text, choice);
      }
    }
  }
  return hash_text(text);
}

}  // namespace

StateWriter::StateWriter(ControllerKind kind, const std::vector<Decision>& decisions)
    : bytes_(kMagic) {
  append_number(bytes_, kVersion);
  append_number(bytes_, uint64_t{0});  // the length, known at the end
  text(enum_name(kind));
  integer(decisions.size());
  integer(fingerprint(decisions));
}

void StateWriter::integer(uint64_t value) { append_number(bytes_, value); }

void StateWriter::number(double value) { append_number(bytes_, value); }

void StateWriter::text(std::string_view value) {
  integer(value.size());
  bytes_ += value;
}

std::string StateWriter::finish() {
  const uint64_t length = bytes_.size() + kChecksum;
  std::memcpy(bytes_.data() + kLengthAt, &length, sizeof length);
  append_number(bytes_, hash_text(bytes_));
  return std::move(bytes_);
}

StateReader::StateReader(std::string_view bytes, ControllerKind kind,
                         const std::vector<Decision>& decisions) {
  check_frame(bytes);
  rest_ = bytes.substr(kHeader, bytes.size() - kHeader - kChecksum);
  const std::string saved_kind = text();
  if (saved_kind != enum_name(kind)) {
    refuse("saved by a '" + saved_kind + "' controller; this one is '" + enum_name(kind) + "'");
  }
  const uint64_t count = integer();
  if (count != decisions.size()) {
    refuse("saved for " + std::to_string(count) + " decisions; this search space has " +
           std::to_string(decisions.size()));
  }
  if (integer() != fingerprint(decisions)) {
    refuse(
        "saved for other decisions than this search space's: as many, but names, choices or "
        "conditions "
        "differ");
  }
}

void StateReader::check_frame(std::string_view bytes) const {
  const size_t seen = std::min(bytes.size(), kMagic.size());
  if (bytes.substr(0, seen) != kMagic.substr(0, seen)) {
    refuse("these bytes are not a controller's state; one begins with " + std::string(kMagic));
  }
  if (bytes.size() < kHeader + kChecksum) {
    refuse("truncated: " + std::to_string(bytes.size()) + " bytes do not hold even its header");
  }
  const auto version = number_at<uint32_t>(bytes.data() + kMagic.size());
  if (version != kVersion) {
    refuse("format version " + std::to_string(version) +
           " is unknown; this program reads version " + std::to_string(kVersion));
  }
  const auto length = number_at<uint64_t>(bytes.data() + kLengthAt);
  if (length != bytes.size()) {
    refuse(std::string(bytes.size() < length ? "truncated" : "damaged") + ": " +
           std::to_string(bytes.size()) + " bytes where " + std::to_string(length) +
           " are announced");
  }
  const size_t body = bytes.size() - kChecksum;
  if (number_at<uint64_t>(bytes.data() + body) != hash_text(bytes.substr(0, body))) {
    refuse("damaged: its checksum does not match its bytes");
  }
}

const char* StateReader::take(size_t size) {
  if (size > rest_.size()) refuse("damaged: a field reaches past its end");
  const char* start = rest_.data();
  rest_.remove_prefix(size);
  return start;
}

uint64_t StateReader::integer() { return number_at<uint64_t>(take(sizeof(uint64_t))); }

double StateReader::number() { return number_at<double>(take(sizeof(double))); }

std::string StateReader::text() {
  const uint64_t size = integer();
  return std::string(take(size), size);
}

void StateReader::finish() const {
  if (!rest_.empty()) refuse("damaged: " + std::to_string(rest_.size()) + " bytes are left over");
}

}  // namespace ridgeline
