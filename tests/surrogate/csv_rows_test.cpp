#include "surrogate/csv_rows.h"

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

class Table {
 public:
  explicit Table(const std::string& text) {
    write_file_atomic(
        folder_ / "s.yaml",
        "stages: [{filters: 16, kernel: [3, 5], se_ratio: [0, 0.25], layers: [1, 2]}]\n");
    write_file_atomic(folder_ / "c.yaml",
                      "columns: {stage1.kernel: k, stage1.layers: n, "
                      "stage1.se_ratio: {column: se, choices: {0: 0, 1: 0.25}}}\n");
    write_file_atomic(folder_ / "t.csv", text);
    options.table = folder_ / "t.csv";
    options.space = folder_ / "s.yaml";
    options.columns = folder_ / "c.yaml";
    options.target = "acc";
  }
  SurrogateData read() const { return read_csv_rows(options); }
  std::string error() const {
    return error_of([&] { read(); });
  }
  CsvRowsOptions options;

 private:
  TempFolder folder_;
};

}  // namespace

TEST_CASE("rows of a table become networks; what is skipped is counted with its reason") {
  Table table("part,k,n,se,acc\na,3,1,0,0.5\na,5.0,2,1,0.6\na,7,1,0,0.7\na,3,1,1,\nb,3,1,1,0.9\n");
  table.options.where = {"part=a"};
  const SurrogateData data = table.read();
  REQUIRE(data.rows.size() == 2);
  CHECK(data.rows[1].accuracy == 0.6);
  CHECK(data.rows[1].architecture.stages[0].kernel == 5);
  CHECK(data.rows[1].architecture.stages[0].layers == 2);
  CHECK(data.rows[1].architecture.stages[0].se_ratio == 0.25);
  CHECK(data.skipped ==
        std::map<std::string, int>{{"acc is empty", 1},
                                   {"part is not a", 1},
                                   {"the space does not offer stage1.kernel '7'", 1}});
}

TEST_CASE("a table that makes no sense is refused with the line, or the column") {
  Table percent("k,n,se,acc\n3,1,0,0.5\n3,1,0,65\n");
  CHECK_THAT(percent.error(), Catch::Contains("t.csv:3: acc 65 is no fraction from 0 to 1; for "
                                              "percent, add --unit percent"));
  CHECK_THAT(Table("k,n,se,acc\n3,1,0,good\n").error(), Catch::Contains("t.csv:2"));
  CHECK_THAT(Table("k,n,se,acc\n3,1,0,nan\n").error(), Catch::Contains("t.csv:2"));
  CHECK_THAT(Table("kernel,n,se,acc\n3,1,0,0.5\n").error(), Catch::Contains("'k'"));
  Table unnamed("k,n,se,acc\n3,1,0,0.5\n");
  unnamed.options.columns = "";
  CHECK_THAT(unnamed.error(), Catch::Contains("stage1."));
  unnamed.options.columns = "none";
  CHECK_THAT(unnamed.error(), Catch::Contains("accel_nasbench"));
  unnamed.options.where = {"k"};
  unnamed.options.columns = "";
}
