#pragma once
// AttributeEntry: what an attribute name means on objects of one shape.
//
// Loads and stores of attributes keep the first answer in the inline cache behind the instruction.
// A site that meets several shapes asks the engine's table of such answers instead, by (shape,
// name). The table is emptied when a collection frees a name, and before the number of a dead shape
// is used again; answers that depend on the class hold only while the type has the same version.
//
// Rejected: a list of up to four answers at each site (needs memory that the site owns; the table
// is as fast and serves sites with any number of shapes).
#include "vm/objects/type.h"

namespace apy {

enum class AttributeKind : uint8_t {
  None,
  Slot,  // payload: byte offset of the inline slot, which is never empty
  Add,  // stores only: the attribute is new. payload as for Slot; `version` is the shape afterwards
  Overflow,   // payload: offset of the overflow array's pointer << 32 | offset of the slot in it
  Member,     // payload: byte offset of a `__slots__` member, which may be empty. Version
  TypeValue,  // payload: bits of a class attribute without `__get__`. Version
  Method,     // payload: bits of a function or method descriptor of the class. Version
  Dict,  // payload: byte offset of the pointer to the instance's own dict, in dict mode. Version
  Property,  // payload: bits of the property's getter, a script function. Version
};

struct AttributeEntry {
  ShapeId shape;
  uint32_t version;  // of the type, for the kinds that say so
  const Cell* name;
  uint64_t payload;
  AttributeKind kind;
  bool writable;  // Slot and Member: an assignment may store there

  bool matches(ShapeId wanted, Value name_constant) const {
    return shape == wanted && name == name_constant.cell();
  }
};

constexpr size_t kAttributeEntries = 1024;

inline size_t attribute_entry_index(ShapeId shape, Value name) {
  return ((name.bits() >> 4) ^ (size_t{shape} * 0x9E3779B1u)) % kAttributeEntries;
}

}  // namespace apy
