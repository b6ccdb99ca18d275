#include "calibration/csv.h"

#include <zlib.h>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("a table reads quoted fields, comments and Windows line ends") {
  const CsvTable table =
      CsvTable::parse("# made by hand\na,b\r\n1,\"x, \"\"y\"\"\"\r\n\n-2.5e3,z\n", "t.csv");
  REQUIRE(table.rows() == 2);
  CHECK(table.header() == std::vector<std::string>{"a", "b"});
  CHECK(table.text(0, "b") == "x, \"y\"");
  CHECK(table.number(1, "a") == -2500);
  CHECK(table.where(1) == "t.csv:5");
}

TEST_CASE("a gzip'ed table reads as the plain one") {
  const TempFolder folder;
  const std::string text = "network,ms\nresnet50,1.5\n";
  const auto path = folder / "m.csv.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(file, text.data(), static_cast<unsigned>(text.size())) > 0);
  gzclose(file);
  write_file_atomic(folder / "m.csv", text);
  for (const char* name : {"m.csv", "m.csv.gz"}) {
    const CsvTable table = CsvTable::load(folder / name);
    CHECK(table.rows() == 1);
    CHECK(table.number(0, "ms") == 1.5);
  }
}

TEST_CASE("a bad table is an error that names the place") {
  CHECK_THAT(error_of([] { CsvTable::load("/no/such.csv"); }),
             Catch::Equals("/no/such.csv: cannot be read"));
  CHECK_THAT(error_of([] { CsvTable::parse("", "t.csv"); }),
             Catch::Equals("t.csv: empty, no header line"));
  CHECK_THAT(error_of([] { CsvTable::parse("a,b\n1\n", "t.csv"); }),
             Catch::Equals("t.csv:2: 1 fields, the header has 2"));
  const CsvTable table = CsvTable::parse("latency,b\n12ms,2\n", "t.csv");
  CHECK_THAT(error_of([&] { table.number(0, "latency"); }),
             Catch::StartsWith("t.csv:2: latency: '12ms' is not a number"));
  CHECK_THAT(error_of([&] { table.text(0, "latancy"); }),
             Catch::Equals("t.csv: no column 'latancy'; is it 'latency'?; columns: latency, b"));
}
