#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

// The bytes of a controller's state, little-endian:
//
//   state   := "RIDGECTL" version:u32 length:u64 payload checksum:u64
//   payload := kind:text decisions:u64 fingerprint:u64 field*
//   text    := length:u64 byte*
//
// length is that of the whole state; the checksum is FNV-1a of everything before it; the
// fingerprint is FNV-1a of all names, labels and conditions. The fields (u64, f64, text)
// are the controller's own.

/// Writes one state, field by field.
class StateWriter {
 public:
  StateWriter(ControllerKind kind, const std::vector<Decision>& decisions);
  void integer(uint64_t value);
  void number(double value);
  void text(std::string_view value);
  /// The whole state; the writer is used up.
  std::string finish();

 private:
  std::string bytes_;
};

/// Reads one state, field by field in the order of writing. Throws `kRun`, saying why, for bytes
/// that are foreign, truncated, damaged, or of another kind of controller or other decisions.
class StateReader {
 public:
  /// `bytes` must outlive the reader.
  StateReader(std::string_view bytes, ControllerKind kind, const std::vector<Decision>& decisions);
  uint64_t integer();
  double number();
  std::string text();
  /// Throws when fields are left over.
  void finish() const;

 private:
  void check_frame(std::string_view bytes) const;
  const char* take(size_t size);

  std::string_view rest_;
};

}  // namespace ridgeline
