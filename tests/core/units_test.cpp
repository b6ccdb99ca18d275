#include "core/units.h"

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("counts are printed with the suffix of their thousand") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(9999) == "9999");
  CHECK(format_count(12345) == "12.3k");
  CHECK(format_count(5288548) == "5.29M");
  CHECK(format_count(385814752) == "385.8M");
  CHECK(format_count(920.4e6) == "920.4M");
  CHECK(format_count(4.6e9) == "4.60G");
  CHECK(format_count(1.25e14) == "125.00T");
}

TEST_CASE("a count that rounds up to the next thousand moves to the next suffix") {
  CHECK(format_count(999999) == "1.00M");
  CHECK(format_count(999.99e6) == "1.00G");
}

TEST_CASE("bytes are counted in powers of 1024") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1536) == "1.50 KiB");
  CHECK(format_bytes(20.0 * 1024 * 1024) == "20.0 MiB");
  CHECK(format_bytes(16.0 * 1024 * 1024 * 1024) == "16.0 GiB");
}

TEST_CASE("milliseconds keep three significant digits and become seconds from 1000 on") {
  CHECK(format_ms(0) == "0 ms");
  CHECK(format_ms(0.0123) == "0.0123 ms");
  CHECK(format_ms(0.5) == "0.500 ms");
  CHECK(format_ms(1.234) == "1.23 ms");
  CHECK(format_ms(13.4) == "13.4 ms");
  CHECK(format_ms(321.7) == "322 ms");
  CHECK(format_ms(1234) == "1.23 s");
}

TEST_CASE("durations are printed in the two units that matter") {
  CHECK(format_duration(0.04) == "0.0s");
  CHECK(format_duration(9.9) == "9.9s");
  CHECK(format_duration(42) == "42s");
  CHECK(format_duration(59.7) == "1m00s");
  CHECK(format_duration(75) == "1m15s");
  CHECK(format_duration(3600 * 26 + 61) == "26h01m");
}

TEST_CASE("a fixed number of digits never has an exponent") {
  CHECK(format_fixed(0.1 + 0.2, 3) == "0.300");
  CHECK(format_fixed(1e9, 0) == "1000000000");
  CHECK(format_fixed(1e300, 1).size() == 303);
}

TEST_CASE("a table pads its columns, sets numbers to the right and ends lines without blanks") {
  const TextTable table{{"name", "ms", "note"}, {{"a", "1.25", "x"}, {"longer", "13.0", ""}}};
  CHECK(table.str() ==
        "name      ms  note\n"
        "a       1.25  x\n"
        "longer  13.0\n");
}
