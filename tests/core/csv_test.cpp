#include "core/csv.h"

#include <zlib.h>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

TEST_CASE("a CSV file becomes named columns and rows of cells") {
  const CsvTable table =
      CsvTable::parse("# by hand\narch,acc\r\n\"a,\"\"b\"\"\",-2.5e3\n\nc,\n", "t.csv");
  CHECK(table.columns() == std::vector<std::string>{"arch", "acc"});
  REQUIRE(table.rows() == 2);
  CHECK(table.text(0, "arch") == "a,\"b\"");
  CHECK(table.text(1, 0) == "c");
  CHECK(table.text(1, 1).empty());
  CHECK(table.number(0, "acc") == -2500);
  CHECK(table.where(1) == "t.csv:5");
  CHECK(table.has("acc"));
  CHECK_FALSE(table.has("loss"));
}

TEST_CASE("a gzip'ed CSV file is read as the plain one") {
  const test::TempFolder folder;
  const std::string text = "network,ms\nresnet50,1.5\n";
  const auto path = (folder / "t.csv.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(file, text.data(), static_cast<unsigned>(text.size())) > 0);
  gzclose(file);
  write_file_atomic(folder / "t.csv", text);
  for (const char* name : {"t.csv", "t.csv.gz"}) {
    const CsvTable table = CsvTable::load(folder / name);
    REQUIRE(table.rows() == 1);
    CHECK(table.number(0, "ms") == 1.5);
  }
}

TEST_CASE("a CSV file that is no table is refused with its line") {
  const auto error = [](const std::string& text) {
    return error_of([&] { CsvTable::parse(text, "t.csv"); });
  };
  CHECK(error("a,b\n1\n") == "t.csv:2: 1 cells where 2 columns are named");
  CHECK(error("a,a\n") == "t.csv: two columns are named 'a'");
  CHECK(error("a\n\"1\n") == "t.csv:2: a quoted cell has no closing quote on its line");
  CHECK(error("a\n\"1\"2\n") == "t.csv:2: text after a closing quote");
  CHECK(error("") == "t.csv: empty; expected a first line of column names");
  CHECK_THAT(error_of([] { CsvTable::load("/no/such.csv"); }),
             Catch::StartsWith("/no/such.csv: cannot be opened"));
  const test::TempFolder folder;
  CHECK_THAT(error_of([&] { CsvTable::load(folder.path()); }),
             Catch::Contains("is a folder; expected a file"));
}

TEST_CASE("a column or number that is not there is refused by name") {
  const CsvTable table = CsvTable::parse("accuracy,latency\n0.5,nan\n,12ms\n", "t.csv");
  CHECK(error_of([&] { table.column("acuracy"); }) ==
        "t.csv: no column 'acuracy'; did you mean 'accuracy'?");
  CHECK(error_of([&] { table.text(0, "zzzzzzzzz"); }) ==
        "t.csv: no column 'zzzzzzzzz'; columns: accuracy, latency");
  CHECK_THAT(error_of([&] { table.number(0, 1); }),
             Catch::StartsWith("t.csv:2: latency: 'nan' is no finite number"));
  CHECK_THAT(error_of([&] { table.number(1, "latency"); }),
             Catch::StartsWith("t.csv:3: latency: '12ms' is no finite number (units"));
  CHECK_THAT(error_of([&] { table.number(1, 0); }), Catch::Contains("'' is no finite number"));
}
