// What the collector follows in each kind of cell.
#include <iterator>

#include "vm/bytecode/code.h"
#include "vm/gc/heap.h"
#include "vm/objects/exception.h"
#include "vm/objects/frame.h"
#include "vm/objects/function.h"
#include "vm/objects/number.h"
#include "vm/objects/set.h"

namespace apy {

void Shape::trace(Visitor& visitor) const {
  visitor.visit(type);
  visitor.visit(parent);
  visitor.visit(key);
  visitor.visit(slots);
  visitor.visit(transitions);
}

// `special` is a cache of what the namespaces along the MRO hold.
void Type::trace(Visitor& visitor) const {
  visitor.visit(name);
  visitor.visit(qualname);
  visitor.visit(bases);
  visitor.visit(mro);
  visitor.visit(base);
  visitor.visit(dict);
  visitor.visit(subclasses);
  visitor.visit(root_shape);
  visitor.visit(dict_shape);
}

void Code::trace(Visitor& visitor) const {
  visitor.visit(instruction_storage);
  visitor.visit(constant_storage);
  visitor.visit(table_storage);
  visitor.visit(name);
  visitor.visit(qualname);
  visitor.visit(filename);
  visitor.visit(local_names);
  visitor.visit(cell_names);
  visitor.visit(free_names);
  visitor.visit(doc);
}

void Function::trace(Visitor& visitor) const {
  visitor.visit(code);
  visitor.visit(globals);
  visitor.visit(builtins);
  visitor.visit(closure);
  const Value values[] = {defaults, keyword_defaults, name,       qualname, module,
                          doc,      annotations,      type_params};
  visitor.visit_range(values, std::size(values));
  visitor.visit(attributes);
}

void Generator::trace(Visitor& visitor) const {
  const Value values[] = {handled, outer_handled, name, qualname, origin_or_finalizer};
  visitor.visit_range(values, std::size(values));
  visitor.visit(previous_base);
  visitor.visit(frame.callee);
  visitor.visit(frame.code);
  visitor.visit(frame.extra);
  visitor.visit_range(frame.registers(), aux);
  // Frames of the chain: in other generators, or on a VM stack, which is scanned anyway.
  if (innermost && (innermost->flags & Frame::kHeap)) visitor.visit(generator_of(innermost));
  if (frame.caller && (frame.caller->flags & Frame::kHeap))
    visitor.visit(generator_of(frame.caller));
}

void Traceback::trace(Visitor& visitor) const {
  visitor.visit(next);
  visitor.visit(code);
  visitor.visit(frame);
  visitor.visit(globals);
}

namespace {

/// Instances of script subclasses have an attributes word, and behind it members, after the native
/// part. Unused memory of the slot is zero.
void trace_extension(const Cell* cell, size_t native_size, Visitor& visitor) {
  if (cell->shape < static_cast<ShapeId>(BuiltinType::Count)) return;
  auto* words = reinterpret_cast<const Value*>(reinterpret_cast<const char*>(cell) + native_size);
  size_t room = Heap::slot_size(cell);
  if (room > native_size) visitor.visit_range(words, (room - native_size) / sizeof(Value));
}

/// Only the attributes word: the native part is of variable size.
void trace_attributes_behind(const Cell* cell, size_t size, Visitor& visitor) {
  if (cell->shape < static_cast<ShapeId>(BuiltinType::Count)) return;
  size_t offset = (size + 7) & ~size_t{7};
  // Classes without attributes have no such word.
  if (offset + sizeof(Value) > Heap::slot_size(cell)) return;
  visitor.visit(*reinterpret_cast<const Value*>(reinterpret_cast<const char*>(cell) + offset));
}

}  // namespace

void trace_cell(Cell* cell, Visitor& visitor) {
  switch (cell->kind) {
    case CellKind::Free:
    case CellKind::Count:
      return;
    case CellKind::BigInt: {
      auto* big = static_cast<BigInt*>(cell);
      return trace_attributes_behind(cell, sizeof(BigInt) + big->size * sizeof(uint64_t), visitor);
    }
    case CellKind::Bytes: {
      auto* bytes = static_cast<Bytes*>(cell);
      return trace_attributes_behind(cell, sizeof(Bytes) + bytes->length, visitor);
    }
    case CellKind::Tuple: {
      auto* tuple = static_cast<Tuple*>(cell);
      tuple->trace(visitor);
      return trace_attributes_behind(cell, sizeof(Tuple) + tuple->length * sizeof(Value), visitor);
    }
    case CellKind::Str: {
      auto* string = static_cast<Str*>(cell);
      string->trace(visitor);
      return trace_extension(cell, sizeof(Str) + sizeof(Cell*), visitor);
    }
#define EXTENSIBLE(Name)                      \
  case CellKind::Name:                        \
    static_cast<Name*>(cell)->trace(visitor); \
    return trace_extension(cell, sizeof(Name), visitor);
      EXTENSIBLE(FloatCell)
      EXTENSIBLE(Complex)
      EXTENSIBLE(ByteArray)
      EXTENSIBLE(List)
      EXTENSIBLE(Dict)
      EXTENSIBLE(Set)
      EXTENSIBLE(Exception)
      EXTENSIBLE(WeakReference)
#undef EXTENSIBLE
    case CellKind::Record:
      static_cast<Record*>(cell)->trace(visitor);
      return trace_extension(cell, sizeof(Record) + cell->aux * sizeof(Value), visitor);
    case CellKind::Instance:
      return static_cast<Instance*>(cell)->trace(visitor);
#define PLAIN(Name)    \
  case CellKind::Name: \
    return static_cast<Name*>(cell)->trace(visitor);
      PLAIN(ByteStorage)
      PLAIN(ValueArray)
      PLAIN(DictTable)
      PLAIN(SetTable)
      PLAIN(Range)
      PLAIN(Slice)
      PLAIN(Type)
      PLAIN(Shape)
      PLAIN(Module)
      PLAIN(Code)
      PLAIN(Function)
      PLAIN(NativeFunction)
      PLAIN(NativeObject)
      PLAIN(GetSet)
      PLAIN(BoundMethod)
      PLAIN(CellVariable)
      PLAIN(Generator)
      PLAIN(Traceback)
#undef PLAIN
  }
}

}  // namespace apy
