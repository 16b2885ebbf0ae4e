#pragma once
// CodeUnit: one code object being compiled: its instructions, registers, control blocks, and which
// locals are certainly bound.
//
// Registers. Locals are [0, local_count), free variables follow, then temporaries like a stack:
// `next` is the first one free. A value that is needed for long is kept by not giving its temporary
// back.
//
// Bound locals. `bound` is the set of locals that are certainly bound here. Jumps carry it to their
// labels, where it is intersected; reading any other local takes a CheckBound. A name that is
// unbound anywhere in the code (`del`, the end of an `except ... as`) is taken out at every loop's
// top and every handler, since the unbinding may lie on the way there. Rejected: a fixpoint over
// the tree (loops hardly ever make the difference).
#include <optional>
#include <string>
#include <vector>

#include "parser/resolve.h"
#include "vm/bytecode/builder.h"

namespace apy {

/// A set of locals.
class BoundSet {
 public:
  bool contains(Register local) const {
    return local / 64 < words_.size() && (words_[local / 64] >> (local % 64) & 1);
  }
  void insert(Register local) {
    if (local / 64 >= words_.size()) words_.resize(local / 64 + 1);
    words_[local / 64] |= uint64_t{1} << (local % 64);
  }
  void remove(Register local) {
    if (local / 64 < words_.size()) words_[local / 64] &= ~(uint64_t{1} << (local % 64));
  }
  void intersect(const BoundSet& other);
  void subtract(const BoundSet& other);

 private:
  std::vector<uint64_t> words_;
};

/// What encloses the current statement and must be left in order: loops, protected regions,
/// handlers.
struct ControlBlock {
  enum class Kind : uint8_t {
    Loop,
    Protected,  ///< only a protected range: the body of try ... except
    Handler,    ///< inside an except or finally handler: the exception is being handled
    Finally,    ///< the body of try ... finally
    With,
    AsyncWith,
  };
  explicit ControlBlock(Kind kind) : kind(kind) {}
  Kind kind;
  // Loop:
  Label break_label, continue_label;
  // The protected range, if there is one (then `handler` is valid):
  Label handler;
  Register exception_register = 0;
  uint32_t range_begin = 0;
  // Handler:
  Register saved_handled = 0;
  bool restores_handled = false;
  ast::Identifier bound_name;  // to be unbound at the end
  // Finally:
  ArenaSpan<ast::Statement*> final_body;
  // With:
  Register exit_function = 0;
  Span position;
};

class CodeUnit {
 public:
  enum class Kind : uint8_t { Module, Function, Lambda, Class, Generator, TypeParameters };

  CodeUnit(CodeUnit* parent, Kind kind, const ast::Scope* scope)
      : parent(parent), kind(kind), scope(scope) {}

  CodeUnit* const parent;
  const Kind kind;
  const ast::Scope* const scope;
  CodeBuilder builder;
  std::string name, qualname;
  uint32_t flags = 0;
  int32_t first_line = 1;
  std::vector<std::string> local_names, cell_names, free_names;
  std::vector<Register> captured;  // for each free name: where the unit around has the cell
  /// Variables that no symbol stands for, such as `.type_params`: cells by name.
  std::vector<std::pair<std::string, Register>> hidden_cells;
  std::vector<ControlBlock> blocks;
  BoundSet bound, unbindable;
  BoundSet rebindable;                         // locals that an expression can assign (`:=`)
  std::vector<std::string> static_attributes;  // of a class: names assigned as self.NAME
  uint32_t parameter_count = 0;
  bool shows_locals = false;  // what comprehensions leave behind in named locals would be seen

  bool is_generator() const { return flags & Code::kAnyGenerator; }

  // --- registers ---
  Register next = 0;
  Register first_temporary = 0;
  Register temporary() { return run(1); }
  /// `count` consecutive temporaries.
  Register run(uint32_t count) {
    Register first = next;
    next += count;
    touch(next);
    return first;
  }
  /// A named local, or one that only the comprehensions compiled into the unit know.
  Register new_local(std::string name) {
    local_names.push_back(std::move(name));
    return static_cast<Register>(local_names.size() - 1);
  }
  /// Registers below `end` are used.
  void touch(Register end) {
    if (end > register_count_) register_count_ = end;
  }
  uint32_t register_count() const { return register_count_; }
  bool is_local(Register r) const { return r < first_temporary; }
  /// Makes sure that `dst` stays reserved while more code is generated.
  void hold(Register dst) {
    if (dst >= next) {
      next = dst + 1;
      touch(next);
    }
  }

  // --- instructions ---
  void emit(Opcode opcode, int64_t a = 0, int64_t b = 0, int64_t c = 0);
  /// The instruction emitted next is the only one that reads these registers, if they are
  /// temporaries: see CodeBuilder::pass_number.
  void pass_number(Register left, Register right = CodeBuilder::kMaxRegisters) {
    builder.pass_number(left, right, first_temporary);
  }
  void jump(Opcode opcode, int64_t a, int64_t b, Label target);
  void jump(Label target) { jump(Opcode::Jump, 0, 0, target); }
  void jump_back(Label target) { builder.emit_jump(Opcode::JumpBack, 0, 0, target); }
  Label label() { return builder.make_label(); }
  void place(Label label);
  /// The top of a loop.
  Label loop_top();
  bool is_reachable() const { return builder.is_reachable(); }

  // --- control blocks ---
  /// Enters a block; if it has a handler, its protected range starts here.
  void push_block(ControlBlock block);
  /// Leaves it, ending its range.
  ControlBlock pop_block();
  void end_range(const ControlBlock& block) {
    if (block.handler.is_valid()) {
      builder.add_range(block.range_begin, builder.mark(), block.handler, block.exception_register);
    }
  }

 private:
  uint32_t register_count_ = 0;
  std::vector<std::optional<BoundSet>> label_bounds_;
};

/// Gives temporaries back at the end of a scope.
class TemporaryScope {
 public:
  explicit TemporaryScope(CodeUnit& unit) : unit_(unit), next_(unit.next) {}
  TemporaryScope(const TemporaryScope&) = delete;
  ~TemporaryScope() { unit_.next = next_; }

 private:
  CodeUnit& unit_;
  Register next_;
};

}  // namespace apy
