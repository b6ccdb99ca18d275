#include "core/csv.h"

#include <zlib.h>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

CsvTable read_text(const std::string& text) {
  const test::TempFolder folder;
  write_file_atomic(folder / "t.csv", text);
  return read_csv(folder / "t.csv");
}

}  // namespace

TEST_CASE("a CSV file becomes named columns and rows of cells") {
  const CsvTable table = read_text("arch,acc\r\n\"a,\"\"b\"\"\",0.5\n\nc,\n");
  CHECK(table.columns == std::vector<std::string>{"arch", "acc"});
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0] == std::vector<std::string>{"a,\"b\"", "0.5"});
  CHECK(table.rows[1] == std::vector<std::string>{"c", ""});
  CHECK(table.number(0, table.column("acc")) == 0.5);
}

TEST_CASE("a gzip'ed CSV file is read as the plain one") {
  const test::TempFolder folder;
  const auto path = (folder / "t.csv.gz").string();
  const std::string text = "a,b\n1,2\n";
  gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(file, text.data(), static_cast<unsigned>(text.size())) == 8);
  gzclose(file);
  CHECK(read_csv(path).rows == std::vector<std::vector<std::string>>{{"1", "2"}});
}

TEST_CASE("a CSV file that is no table is refused with its line") {
  CHECK_THAT(error_of([] { read_text("a,b\n1\n"); }),
             Catch::EndsWith("t.csv:2: 1 cells where 2 columns are named"));
  CHECK_THAT(error_of([] { read_text("a,a\n"); }), Catch::EndsWith("two columns are named 'a'"));
  CHECK_THAT(error_of([] { read_text("a\n\"1\n"); }), Catch::Contains("no closing quote"));
  CHECK_THAT(error_of([] { read_text(""); }), Catch::Contains("expected a first line"));
}

TEST_CASE("a column or number that is not there is refused by name") {
  const CsvTable table = read_text("accuracy,latency\n0.5,nan\n,x\n");
  CHECK_THAT(error_of([&] { table.column("acuracy"); }),
             Catch::EndsWith("no column 'acuracy'; did you mean 'accuracy'?"));
  CHECK_THAT(error_of([&] { table.number(0, 1); }),
             Catch::EndsWith("row 1, column 'latency': 'nan' is no finite number"));
  CHECK_THAT(error_of([&] { table.number(1, 0); }), Catch::Contains("'' is no finite number"));
}
