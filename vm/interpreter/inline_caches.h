#pragma once
// The inline caches behind instructions, as the handlers and the slow paths that fill them see
// them.
#include "vm/bytecode/instruction.h"
#include "vm/interpreter/interpreter.h"
#include "vm/objects/attribute_cache.h"

namespace apy {

/// LoadAttr..., StoreAttr..., LoadMethod...: an AttributeEntry but for name and kind, which the
/// instruction holds.
struct AttributeCache {
  ShapeId shape;
  uint32_t version;
  uint64_t payload;
};
/// LoadSuperMethodType.
struct SuperCache {
  ShapeId shape;
  uint32_t version;
  Value method;
  Value cls;
};
/// LoadGlobal..., attributes of modules.
struct GlobalCache {
  uint32_t layout;
  uint32_t offset;  // bytes from the table to the value
  uint32_t builtins_layout;
  uint32_t unused;
};

inline AttributeCache* attribute_cache(Instruction* instruction) {
  return reinterpret_cast<AttributeCache*>(instruction + 1);
}
inline SuperCache* super_cache(Instruction* instruction) {
  return reinterpret_cast<SuperCache*>(instruction + 1);
}
inline GlobalCache* global_cache(Instruction* instruction) {
  return reinterpret_cast<GlobalCache*>(instruction + 1);
}

/// The place in the engine's attribute cache for (shape, name); a site that asks has made the
/// cache.
inline const AttributeEntry& attribute_entry(VM& vm, ShapeId shape, Value name) {
  return Interpreter::attribute_entries(vm)[attribute_entry_index(shape, name)];
}

}  // namespace apy
