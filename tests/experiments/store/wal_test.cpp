#include "experiments/store/wal.h"

#include <fstream>

#include "core/file.h"
#include "core/random.h"
#include "experiments/store/store.h"
#include "experiments/store/store_rescue.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

namespace fs = std::filesystem;

constexpr size_t kTrials = 4, kTrialsBefore = 8;

void append_trials(TrialStore& store, uint64_t first, uint64_t end) {
  for (uint64_t id = first; id < end; ++id) {
    Trial trial;
    trial.id = id;
    trial.status = TrialStatus::kComplete;
    trial.reward = 0.5;
    store.append(trial);
  }
}

/// The files of a store whose process was killed: its trials are in the log alone.
struct Killed {
  std::string store, wal;

  explicit Killed(bool log_used_before = false) {
    TempFolder folder;
    const auto file = folder / "s.sqlite";
    TrialStore open(file);
    if (log_used_before) {
      append_trials(open, 100, 100 + kTrialsBefore);
      Database(file).checkpoint();  // the next transaction begins the log anew
    }
    append_trials(open, 0, kTrials);
    store = read_file(file);
    wal = read_file(wal_of(file));
  }
};

void write_pair(const fs::path& file, const std::string& store, const std::string& wal) {
  std::ofstream(file, std::ios::binary) << store;
  std::ofstream(wal_of(file), std::ios::binary) << wal;
}

}  // namespace

TEST_CASE("of a sound log nothing is lost, whatever it held before and wherever it ends") {
  const Killed fresh, used(/*log_used_before=*/true);
  for (const auto& wal : {fresh.wal, used.wal}) {
    CHECK(wal.size() > 10 * 4096);
    for (size_t size = 0; size < wal.size(); size += 1111)
      CHECK(lost_frames(wal.substr(0, size)).transactions == 0);
    CHECK(lost_frames(wal).transactions == 0);
  }
  CHECK(lost_frames(std::string(100000, '\0')).transactions == 0);
}

TEST_CASE("no bit of a log flips without a warning and a copy, where it costs a trial") {
  TempFolder folder;
  const bool used_before = GENERATE(false, true);
  const Killed sound(used_before);
  RandomStream random(1, 2, "flip");
  const size_t all = kTrials + (used_before ? kTrialsBefore : 0);
  size_t costly = 0, saved = 0;
  for (int n = 0; n < 40; ++n) {
    std::string wal = sound.wal;
    // Also the headers, of which there are few.
    const size_t place =
        n < 32 ? static_cast<size_t>(n)
               : static_cast<size_t>(random.uniform() * static_cast<double>(wal.size()));
    wal[place] = static_cast<char>(wal[place] ^ (1 << (n % 8)));
    INFO("bit flipped in byte " << place);
    const auto file = folder / (std::to_string(n) + ".sqlite");
    write_pair(file, sound.store, wal);
    write_pair(folder / "plain.sqlite", sound.store, wal);
    const size_t recovered = TrialStore(folder / "plain.sqlite").trials(Phase::kSearch).size();
    fs::remove(folder / "plain.sqlite");
    write_pair(file, sound.store, wal);
    const auto warned = rescue_store(file);
    TrialStore store(file);
    const size_t kept = store.trials(Phase::kSearch).size();
    CHECK(kept >= recovered);
    CHECK(kept <= all);
    fs::path copy = wal_of(file);
    copy += ".damaged-1";
    if (warned) {
      ++costly;
      saved += kept - recovered;
      CHECK(contains(*warned, "SQLite does not recover "));
      CHECK(read_file(copy) == wal);
      CHECK(store.events().back().text == *warned);
    } else {
      CHECK(kept == all);
      CHECK_FALSE(fs::exists(copy));
    }
  }
  CHECK(saved > 10);
  CHECK(costly > 10);
}

TEST_CASE("a damaged log costs the frames from there on, and is copied once") {
  TempFolder folder;
  const Killed sound;
  std::string wal = sound.wal;
  const size_t frame = 24 + 4096, frames = (wal.size() - 32) / frame;
  wal[32 + 5 * frame + 100] ^= 1;
  CHECK(lost_frames(wal).frames == frames - 5);
  const auto file = folder / "s.sqlite";
  write_pair(file, sound.store, wal);
  REQUIRE(keep_damaged_wal(file).has_value());
  CHECK(keep_damaged_wal(file).has_value());
  CHECK(fs::exists(folder / "s.sqlite-wal.damaged-1"));
  CHECK_FALSE(fs::exists(folder / "s.sqlite-wal.damaged-2"));
  CHECK(contains(wal_damage(file).value(), std::to_string(frames - 5) + " of its pages"));
}

TEST_CASE("a store that is missing or empty beside its log is refused, and nothing is touched") {
  TempFolder folder;
  const Killed sound;
  const auto file = folder / "s.sqlite";
  for (const bool missing : {false, true}) {
    write_pair(file, "", sound.wal);
    if (missing) fs::remove(file);
    for (const bool read_only : {true, false}) {
      const std::string message = error_of([&] { TrialStore(file, read_only); });
      CHECK(contains(message, missing ? "s.sqlite: is missing, but its log "
                                      : "s.sqlite: is empty, but its log "));
      CHECK(contains(message, "put a copy of the store back beside its log"));
    }
    CHECK(contains(error_of([&] { rescue_store(file); }), "but its log "));
    CHECK(fs::exists(file) == !missing);
    CHECK(read_file(wal_of(file)) == sound.wal);
  }
}

TEST_CASE("the file itself holds the first trials soon, not only the log") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  fs::copy_file(folder / "s.sqlite", folder / "new.sqlite");
  CHECK(TrialStore(folder / "new.sqlite", /*read_only=*/true).count(Phase::kSearch) == 0);
  store.hold();
  append_trials(store, 0, 2);
  REQUIRE(store.commit());
  fs::copy_file(folder / "s.sqlite", folder / "first.sqlite");
  CHECK(TrialStore(folder / "first.sqlite", /*read_only=*/true).count(Phase::kSearch) == 2);
}
