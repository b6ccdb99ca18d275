#include "report/svg.h"

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("text is escaped for XML, and control characters are replaced") {
  CHECK(escape_xml("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(escape_xml("bell\a tab\t") == "bell? tab?");
  CHECK(escape_xml("\xC3\xA9") == "\xC3\xA9");
}

TEST_CASE("coordinates have at most two decimals and no minus zero") {
  CHECK(svg_number(12) == "12");
  CHECK(svg_number(1.5) == "1.5");
  CHECK(svg_number(1.0 / 3) == "0.33");
  CHECK(svg_number(-0.001) == "0");
  CHECK(svg_number(-10) == "-10");
}

TEST_CASE("the width of a text counts characters, not bytes") {
  CHECK(text_width("\xC3\xA9\xC3\xA9", 10) == text_width("ee", 10));
  CHECK(text_width("abcd", 10) == Approx(2 * text_width("ab", 10)));
}
