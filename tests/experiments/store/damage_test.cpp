#include <algorithm>
#include <fstream>
#include <set>

#include "core/file.h"
#include "core/random.h"
#include "experiments/store/facts.h"
#include "experiments/store/store.h"
#include "experiments/store/store_rescue.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

namespace fs = std::filesystem;

Trial trial_of(uint64_t id) {
  Trial trial;
  trial.id = id;
  trial.phase = id < kFirstScalingId ? Phase::kSearch : Phase::kScaling;
  trial.genotype = {static_cast<int>(id % 7), static_cast<int>(id)};
  trial.architecture.stages.resize(1 + id % 3);
  trial.status = TrialStatus::kComplete;
  trial.accuracy = 0.5 + 1e-3 * static_cast<double>(id % 100);
  trial.latencies = {{"", 1.5}, {"tpu", 2.5}};
  trial.reward = 0.25;
  trial.params = 1000 + static_cast<int64_t>(id);
  trial.finished_at = "2026-01-01T00:00:00Z";
  return trial;
}

RecordedAttempt attempt_of(uint64_t id) {
  RecordedAttempt attempt{{id, 0, {}, "a host"}, 77 + id};
  attempt.result.evaluation.accuracy = 0.5;
  for (const int epoch : {1, 2, 3})
    attempt.result.evaluation.metrics.push_back({epoch, "train_loss", 1.0 / epoch});
  return attempt;
}

/// The record of a search: proposals with probabilities, and the mere ids of scaling trials.
void write_record(const fs::path& file) {
  TrialStore store(file);
  store.set_fact(kConfigFact, "0123456789abcdef");
  store.set_fact(latency_fact(99, ""), "12.75");
  store.append_event("started", "x");
  for (uint64_t id = 0; id < 40; ++id) {
    const Trial trial = trial_of(id);
    store.append_all({trial}, {{id, trial.genotype, 3, -1.5}}, {attempt_of(id)});
  }
  for (uint64_t id = kFirstScalingId; id < kFirstScalingId + 5; ++id)
    store.append_all({trial_of(id)}, {}, {attempt_of(id)});
}

/// All that a store says of what was tried, row by row.
std::set<std::string> rows_of(const fs::path& file) {
  std::set<std::string> rows;
  Database database(file, /*read_only=*/true);
  for (const std::string table : {"trials", "attempts", "metrics", "proposals", "facts"}) {
    Statement query(database, "SELECT * FROM " + table);
    while (query.row()) {
      std::string text = table;
      for (int i = 0; i < query.columns(); ++i)
        text += "|" + (query.is_null(i) ? "NULL" : query.text(i));
      rows.insert(text);
    }
  }
  return rows;
}

/// What a rescue left of the file; nothing where it found none to rescue.
std::optional<std::set<std::string>> rescued_rows(const fs::path& file, bool needs_proposals) {
  try {
    rescue_store(file, needs_proposals);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kRun);
    return std::nullopt;
  }
  return rows_of(file);
}

/// The id of a trial whose proposal is lost says nothing of it.
bool is_mere_id(const std::string& row) {
  return row.starts_with("proposals|") && row.find("|NULL|NULL|NULL|") != std::string::npos;
}

}  // namespace

TEST_CASE("whatever part of a store is cut off or zero, no row is kept that differs") {
  TempFolder folder;
  write_record(folder / "whole.sqlite");
  const std::string whole = read_file(folder / "whole.sqlite");
  const auto original = rows_of(folder / "whole.sqlite");
  RandomStream random(3, 0, "damage");
  const auto below = [&](size_t limit) {
    return static_cast<size_t>(random.uniform() * static_cast<double>(limit));
  };
  size_t rescued = 0, kept = 0;
  for (int n = 0; n < 50; ++n) {
    std::string damaged = whole;
    const size_t begin = below(whole.size());
    const size_t length = 1 + below(n % 4 == 1 ? 40 : 6000);
    if (n % 2 == 0) {
      damaged.resize(begin);
    } else {
      std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(begin),
                  std::min(length, whole.size() - begin), '\0');
    }
    INFO((n % 2 == 0 ? "cut at " : "zeros from ") << begin << ", length " << length);
    const auto file = folder / (std::to_string(n) + ".sqlite");
    std::ofstream(file, std::ios::binary) << damaged;
    const auto rows = rescued_rows(file, /*needs_proposals=*/n % 3 == 0);
    if (!rows) continue;
    rescued += damaged != whole;
    kept += rows->size();
    for (const auto& row : *rows) {
      INFO(row);
      CHECK((original.contains(row) || is_mere_id(row)));
    }
    fs::remove(file);
  }
  CHECK(rescued > 15);
  CHECK(kept > 15 * original.size() / 4);
}

TEST_CASE("a checksum of zero is damage in every table") {
  TempFolder folder;
  for (const char* table : {"trials", "attempts", "proposals"}) {
    const auto file = folder / (std::string(table) + ".sqlite");
    write_record(file);
    Database(file).execute("UPDATE " + std::string(table) + " SET checksum = 0");
    const auto lost = rescued_rows(file, false);
    REQUIRE(lost.has_value());
    for (const auto& row : *lost) CHECK((!row.starts_with(table) || is_mere_id(row)));
  }
}

TEST_CASE("of a proposal that reads as zeros nothing is kept, where a trial needs it") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_record(file);
  Database(file).execute(
      "UPDATE proposals SET updates = NULL, log_probability = NULL, genotype = NULL, "
      "checksum = 0 WHERE id = 8");
  SECTION("an asynchronous search loses the trials from there on") {
    const auto lost = rescue_store(file, /*needs_proposals=*/true);
    REQUIRE(lost.has_value());
    CHECK(contains(*lost, "the first 8 trials are kept"));
  }
  SECTION("a synchronous search makes it again") {
    const auto lost = rescue_store(file);
    REQUIRE(lost.has_value());
    CHECK(contains(*lost, "the first 45 trials are kept"));
    CHECK(contains(*lost, "1 proposal is lost and made again"));
  }
  CHECK_FALSE(rescue_store(file).has_value());
}

TEST_CASE("a fact that reads as zeros is taken anew") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_record(file);
  Database(file).execute("UPDATE facts SET value = CAST(x'30310000' AS TEXT) WHERE key = 'config'");
  const auto lost = rescue_store(file);
  REQUIRE(lost.has_value());
  CHECK(contains(*lost, "facts are lost"));
  TrialStore store(file);
  CHECK_FALSE(store.fact(kConfigFact).has_value());
  CHECK(store.fact(latency_fact(99, "")) == "12.75");
  CHECK(store.count(Phase::kSearch) == 40);
}

TEST_CASE("two trials with one place in the order of commits are not told apart") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_record(file);
  {
    Database database(file);
    database.execute("PRAGMA writable_schema = ON");
    database.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'commit_index INTEGER NOT NULL UNIQUE', "
        "'commit_index INTEGER NOT NULL') WHERE name = 'trials'");
    database.execute("DELETE FROM sqlite_schema WHERE name LIKE 'sqlite_autoindex_trials%'");
  }
  Database(file).execute("UPDATE trials SET commit_index = 6 WHERE id = 9");
  REQUIRE(rescue_store(file).has_value());
  CHECK(TrialStore(file).count(Phase::kSearch) == 6);
}
