#pragma once
// The kinds of items that arrays hold, one per typecode.
#include "vm/objects/protocol.h"

namespace apy::arrays {

struct ItemKind {
  char code;
  uint8_t size;            // in bytes
  uint8_t machine_format;  // little-endian code of the pickle format
  bool is_text() const { return code == 'u' || code == 'w'; }
};

/// The kind with that typecode, or null.
const ItemKind* find_kind(char32_t code);

/// The value of the item at `data`.
Result<Value> read_item(VM& vm, const ItemKind& kind, const uint8_t* data);
/// The bytes of `value` as an item, in the low bytes of the result. Runs script code.
Result<uint64_t> pack_item(VM& vm, const ItemKind& kind, Value value);
/// Turns an item in one of the machine formats 0..21 into its value. `width` is the item's size.
unsigned machine_format_size(int64_t format);
Result<Value> read_machine_item(VM& vm, int64_t format, const uint8_t* data);

}  // namespace apy::arrays
