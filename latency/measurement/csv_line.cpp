#include "latency/measurement/csv_line.h"

namespace ridgeline {

std::vector<std::string> split_fields(const std::string& line) {
  std::vector<std::string> fields{""};
  for (const char c : line) {
    if (c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::string plain_field(std::string text) {
  for (char& c : text) {
    if (c == ',' || c == '"' || c == '\n') c = ';';
  }
  return text;
}

}  // namespace ridgeline
