#pragma once
// Cell: the 8-byte header of everything on the heap.
//
// `shape` identifies type and attribute layout (see objects/shape.h); exact instances of builtin
// types have the fixed shape numbers of BuiltinType, so `cell->shape == shape_of(BuiltinType::Str)`
// is a compare with a constant. `kind` says which C++ struct this is (also for instances of script
// subclasses of a builtin type) and so how it is traced. `gc` belongs to the collector, `aux` to
// the struct.
#include <cstddef>
#include <cstdint>

#include "vm/value/value.h"

namespace apy {

using ShapeId = uint32_t;

enum class CellKind : uint8_t {
  Free = 0,  // not a cell: unused memory of a heap block
#define CELL_KIND(Name) Name,
#include "vm/gc/cell_kinds.def"
#undef CELL_KIND
  Count,
};

struct Cell {
  ShapeId shape;
  CellKind kind;
  uint8_t gc;
  uint16_t aux;

  /// Set while the cell is marked and not yet in the remembered set: a store into it must be
  /// reported.
  static constexpr uint8_t kNeedsBarrier = 1;
};
static_assert(sizeof(Cell) == 8);

inline bool is_kind(Value v, CellKind kind) { return v.is_cell() && v.cell()->kind == kind; }

/// `v` as a T when it is one (or of a script subclass), else null. T names its kind in T::kKind.
template <class T>
T* try_as(Value v) {
  return is_kind(v, T::kKind) ? static_cast<T*>(v.cell()) : nullptr;
}
/// `v` is known to be a T.
template <class T>
T* as(Value v) {
  return static_cast<T*>(v.cell());
}

}  // namespace apy
