#pragma once

#include <bit>
#include <cstring>
#include <string>

namespace ridgeline {

static_assert(std::endian::native == std::endian::little, "numbers in files are little-endian");

/// Appends the bytes of a number.
template <class T>
void append_number(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// The number that `append_number` put there; all its bytes must be there.
template <class T>
T number_at(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace ridgeline
