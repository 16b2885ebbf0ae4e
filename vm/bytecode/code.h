#pragma once
// Code: a compiled function, class body or module.
#include "vm/bytecode/instruction.h"
#include "vm/objects/type.h"

namespace apy {

/// A protected range of instructions [begin, end): an exception raised there continues at `handler`
/// with the exception in register `exception_register`. Ranges are ordered inner before outer.
struct ExceptionRange {
  uint32_t begin, end, handler;
  uint16_t exception_register;
  uint16_t reserved;
};

/// Source position of an instruction: lines from 1, columns in UTF-8 bytes from 0; -1 = none.
struct Position {
  int32_t line, end_line, column, end_column;
};

struct Code : Cell {
  static constexpr CellKind kKind = CellKind::Code;
  // flags (values as CPython's co_flags where they exist)
  static constexpr uint32_t kOptimized = 1, kNewLocals = 2, kVarArgs = 4, kVarKeywords = 8,
                            kNested = 16;
  static constexpr uint32_t kGenerator = 0x20, kCoroutine = 0x80, kIterableCoroutine = 0x100;
  static constexpr uint32_t kAsyncGenerator = 0x200;
  static constexpr uint32_t kAnyGenerator = kGenerator | kCoroutine | kAsyncGenerator;
  static constexpr uint32_t kSimpleCall =
      1u << 30;  // only positional parameters, no *args etc.: the fast call path
  static constexpr uint32_t kClassBody = 1u << 29;
  static constexpr uint32_t kMayNeedClose =
      1u << 28;  // generator with handlers or delegation: see interpreter/finalize.cpp

  uint32_t flags;
  uint32_t argument_count;  // positional (incl. positional-only), without *args
  uint32_t positional_only_count;
  uint32_t keyword_only_count;
  uint32_t register_count;  // all registers, call windows included
  uint32_t local_count;     // named locals: registers [0, local_count) in `local_names` order
  uint32_t instruction_count;
  uint32_t constant_count, name_count, range_count, position_count;
  int32_t first_line;
  Instruction* instructions;     // in `instruction_storage`
  Value* constants;              // in `constant_storage`
  ExceptionRange* ranges;        // in `table_storage`
  Position* positions;           // one per instruction, in `table_storage`
  Cell* instruction_storage;     // ByteStorage
  ValueArray* constant_storage;  // constants (names are constants too)
  Cell* table_storage;           // ByteStorage
  Str* name;
  Str* qualname;
  Str* filename;
  Tuple* local_names;  // parameters first: positional, keyword-only, *args, **kwargs; then other
                       // locals
  Tuple* cell_names;   // locals that are cells (subset of local_names, by name)
  Tuple* free_names;   // closure order
  Value doc;           // Str or none
  Code* next_in_vm;    // intrusive list of all code objects (weak)

  void trace(Visitor& visitor) const;
};

}  // namespace apy
