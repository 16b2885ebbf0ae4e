#pragma once
// Formats of the module struct, and the conversion of single items.
#include <vector>

#include "vm/objects/protocol.h"

namespace apy::structs {

struct Field {
  char code;
  uint8_t size;    // bytes of one item
  int64_t repeat;  // of s and p: the length of the one item
  int64_t offset;
};

struct Format {
  std::vector<Field> fields;  // without padding
  int64_t size = 0;
  int64_t items = 0;  // how many values are packed
  bool little_endian = true;
  bool native = true;
};

/// struct.error(message)
Error raise_struct_error(VM& vm, const std::string& message);
Result<void> parse_format(VM& vm, std::string_view text, Format* out);
/// Writes one item of the field to `out`.
Result<void> pack_item(VM& vm, const Format& format, const Field& field, Value value, uint8_t* out);
Result<Value> unpack_item(VM& vm, const Format& format, const Field& field, const uint8_t* in);

}  // namespace apy::structs
