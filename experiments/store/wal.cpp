#include "experiments/store/wal.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

constexpr size_t kWalHeader = 32, kFrameHeader = 24;
constexpr uint32_t kMagic = 0x377f0682;  // its last bit: the checksums' words are big-endian
constexpr uint32_t kDefaultPage = 4096;

using Pair = std::pair<uint32_t, uint32_t>;  // salts or checksums

uint32_t word_at(const std::string& bytes, size_t at, bool big_endian = true) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[at + (big_endian ? i : 3 - i)]);
    word = word << 8 | byte;
  }
  return word;
}

Pair pair_at(const std::string& bytes, size_t at) {
  return {word_at(bytes, at), word_at(bytes, at + 4)};
}

Pair wal_checksum(const std::string& bytes, size_t begin, size_t size, bool big_endian, Pair sum) {
  for (size_t at = begin; at < begin + size; at += 8) {
    sum.first += word_at(bytes, at, big_endian) + sum.second;
    sum.second += word_at(bytes, at + 4, big_endian) + sum.first;
  }
  return sum;
}

bool is_page_size(uint32_t size) {
  return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/// One page of the log's present use.
struct Frame {
  size_t at = 0;        // of its header in the log
  size_t page = 0;      // bytes
  uint32_t number = 0;  // of the page, from 1
  uint32_t pages = 0;   // of the file after the transaction that ends here; else 0
  bool recovered = false;

  bool ends_transaction() const { return pages != 0; }
};

std::vector<Frame> frames_of(const std::string& wal) {
  std::vector<Frame> frames;
  if (wal.size() < kWalHeader + kFrameHeader) return frames;
  const uint32_t magic = word_at(wal, 0);
  const bool big_endian = (magic & 1) != 0;
  Pair sum = wal_checksum(wal, 0, kFrameHeader, big_endian, {0, 0});
  uint32_t page = word_at(wal, 8);
  bool sound = (magic & ~1U) == kMagic && is_page_size(page) && sum == pair_at(wal, kFrameHeader);
  if (!is_page_size(page)) page = kDefaultPage;
  const Pair salts = pair_at(wal, sound ? 16 : kWalHeader + 8);
  const size_t step = kFrameHeader + page;
  for (size_t at = kWalHeader; at + step <= wal.size(); at += step) {
    const Frame frame{at, page, word_at(wal, at), word_at(wal, at + 4), true};
    const Pair own = pair_at(wal, at + 8);
    if (sound) {
      sum = wal_checksum(wal, at, 8, big_endian, sum);
      sum = wal_checksum(wal, at + kFrameHeader, page, big_endian, sum);
      sound = own == salts && frame.number != 0 && sum == pair_at(wal, at + 16);
    }
    // Both salts change when the log begins anew: one alone that differs is damage.
    if (own.first != salts.first && own.second != salts.second) continue;
    frames.push_back(frame);
    frames.back().recovered = sound;
  }
  return frames;
}

std::string damage_text(const fs::path& store, const LostFrames& lost) {
  return wal_of(store).string() + " is damaged: SQLite does not recover " +
         std::to_string(lost.frames) + " of its pages, in which " +
         std::to_string(lost.transactions) +
         (lost.transactions == 1 ? " transaction ends" : " transactions end");
}

std::string bytes_of_wal(const fs::path& store) {
  std::error_code ignored;
  return fs::exists(wal_of(store), ignored) ? read_file(wal_of(store)) : std::string();
}

}  // namespace

LostFrames lost_frames(const std::string& wal) {
  LostFrames lost;
  for (const Frame& frame : frames_of(wal)) {
    if (frame.recovered) continue;
    ++lost.frames;
    lost.transactions += frame.ends_transaction();
  }
  return lost;
}

std::string image_with_log(std::string store, const std::string& wal, LogPart part) {
  auto frames = frames_of(wal);
  if (part == LogPart::kRecovered)
    std::erase_if(frames, [](const Frame& frame) { return !frame.recovered; });
  while (!frames.empty() && !frames.back().ends_transaction()) frames.pop_back();  // uncommitted
  const size_t most = store.size() + wal.size();
  const auto place = [](const Frame& frame) { return (frame.number - size_t{1}) * frame.page; };
  for (const Frame& frame : frames) {
    if (frame.number == 0 || place(frame) + frame.page > most) continue;  // damaged
    store.resize(std::max(store.size(), place(frame) + frame.page));
    store.replace(place(frame), frame.page, wal, frame.at + kFrameHeader, frame.page);
  }
  if (!frames.empty()) {
    const size_t size = size_t{frames.back().pages} * frames.back().page;
    if (size <= most) store.resize(size);
  }
  constexpr size_t kWriteVersion = 18, kReadVersion = 19;  // of the header: no log any more
  if (store.size() > kReadVersion) store[kWriteVersion] = store[kReadVersion] = 1;
  return store;
}

fs::path wal_of(const fs::path& store) {
  fs::path wal = store;
  wal += "-wal";
  return wal;
}

void refuse_orphaned_wal(const fs::path& store) {
  std::error_code error;
  const auto wal_bytes = fs::file_size(wal_of(store), error);
  if (error || wal_bytes == 0) return;
  const auto bytes = fs::file_size(store, error);
  if (!error && bytes > 0) return;
  throw Error(ErrorKind::kRun,
              store.string() + ": is " + (error ? "missing" : "empty") + ", but its log " +
                  wal_of(store).string() +
                  " holds what was committed last, and opening the store would delete it: nothing "
                  "was opened; put a copy of the store back beside its log, or move the log away "
                  "to give it up");
}

std::optional<std::string> wal_damage(const fs::path& store) {
  const LostFrames lost = lost_frames(bytes_of_wal(store));
  if (lost.transactions == 0) return std::nullopt;
  // The run may be writing it just now: only damage stays as it is.
  if (lost_frames(bytes_of_wal(store)) != lost) return std::nullopt;
  return damage_text(store, lost);
}

std::optional<std::string> keep_damaged_wal(const fs::path& store) {
  const std::string bytes = bytes_of_wal(store);
  const LostFrames lost = lost_frames(bytes);
  if (lost.transactions == 0) return std::nullopt;
  fs::path copy;
  for (int n = 1; copy.empty(); ++n) {
    fs::path name = wal_of(store);
    name += ".damaged-" + std::to_string(n);
    const bool taken = fs::exists(name);
    if (!taken) write_file_atomic(name, bytes);
    if (!taken || read_file(name) == bytes) copy = name;
  }
  return damage_text(store, lost) + "; a copy is " + copy.string();
}

}  // namespace ridgeline
