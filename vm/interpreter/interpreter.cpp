// The dispatch loop: puts the handlers together (dispatch.h says how and states the rules).
#include "vm/interpreter/interpreter.h"

#include "vm/binding/native.h"
#include "vm/interpreter/dispatch.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/generator.h"
#include "vm/interpreter/inline_caches.h"
#include "vm/interpreter/script_operators.h"
#include "vm/interpreter/statistics.h"
#include "vm/interpreter/suspend.h"
#include "vm/interpreter/tracing.h"
#include "vm/objects/equality.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

/// Truth of the values that need no call; -1 for others.
inline int quick_truth(Value v) {
  if (v.is_bool()) return v.is_true();
  if (v.is_none()) return 0;
  if (v.is_small_int()) return v.as_small_int() != 0;
  return -1;
}

/// floor(a / b), b != 0.
inline int64_t floor_divide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return (a % b != 0 && ((a < 0) != (b < 0))) ? quotient - 1 : quotient;
}

inline int64_t floor_modulo(int64_t a, int64_t b) {
  int64_t remainder = a % b;
  return (remainder != 0 && ((remainder < 0) != (b < 0))) ? remainder + b : remainder;
}

/// An operand of mixed arithmetic as a double. An int is rounded as float() rounds it.
struct MixedOperand {
  [[gnu::always_inline]] explicit MixedOperand(Value v) {
    if (v.is_inline_float()) {
      value = v.as_inline_float();
    } else if (v.is_small_int()) {
      value = static_cast<double>(v.as_small_int());
      is_int = true;
    } else if (is_exact(v, BuiltinType::Float)) {
      value = as<FloatCell>(v)->value;
    } else {
      is_number = false;
    }
  }
  double value = 0;
  bool is_number = true, is_int = false;
};

/// The __init__ that is all there is to making an instance of `type`, if it takes just `count`
/// arguments with self; else null.
inline Function* plain_init_taking(const Type* type, uint32_t count) {
  if (!type->plain_init.is_cell() || (type->flags & Type::kAbstract)) return nullptr;
  Function* init = static_cast<Function*>(type->plain_init.cell());
  bool fits = (init->code->flags & Code::kSimpleCall) && init->code->argument_count == count;
  return fits ? init : nullptr;
}

inline Value value_at(const void* base, size_t offset) {
  return *reinterpret_cast<const Value*>(static_cast<const char*>(base) + offset);
}
inline Value& slot_at(Cell* cell, size_t offset) {
  return *reinterpret_cast<Value*>(reinterpret_cast<char*>(cell) + offset);
}
/// payload: offset of the ValueArray pointer << 32 | offset in it
inline Value overflow_slot(const Cell* cell, uint64_t payload) {
  const Cell* array = value_at(cell, payload >> 32).cell();
  return value_at(array, payload & 0xFFFFFFFF);
}

/// The value of `name` in the dict word of an instance, or empty.
inline Value dict_value(VM& vm, Value dict, Value name) {
  return dict.is_empty() ? Value() : dict_get_str(vm, as<Dict>(dict), as<Str>(name));
}

inline Opcode specialised_for_iter(const Cell* iterator) {
  switch (iterator->shape) {
    case shape_of(BuiltinType::RangeIterator):
      return Opcode::ForIterRange;
    case shape_of(BuiltinType::ListIterator):
      return Opcode::ForIterList;
    case shape_of(BuiltinType::TupleIterator):
      return Opcode::ForIterTuple;
    case shape_of(BuiltinType::Generator):
      return Opcode::ForIterGenerator;
    default:
      return native_step(iterator) ? Opcode::ForIterNative : Opcode::ForIter;
  }
}

}  // namespace

namespace {
enum : uint32_t {
#define OPCODE(Name, a, b, c, cache_words, ...) kWords##Name = 1 + cache_words,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
};
}  // namespace

#if APY_DISPATCH_TAIL

/// What the register happens to hold.
[[gnu::always_inline]] inline double any_double() {
  double value;
  asm("" : "=x"(value));
  return value;
}

#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"

namespace {

using Handler = HANDLER_CONVENTION RunOutcome (*)(HANDLER_SIGNATURE);

#define OPCODE(Name, ...) HANDLER(Name);
#include "vm/bytecode/opcodes.def"
#undef OPCODE
SECTION(Add);
SECTION(InPlaceAdd);
SECTION(Subtract);
SECTION(InPlaceSubtract);
SECTION(Multiply);
SECTION(InPlaceMultiply);
SECTION(TrueDivide);
SECTION(AddToLeft);
SECTION(AddToRight);
SECTION(SubtractToLeft);
SECTION(SubtractToRight);
SECTION(MultiplyToLeft);
SECTION(MultiplyToRight);
SECTION(TrueDivideToLeft);
SECTION(TrueDivideToRight);
PASSED_SECTION(store_number);
PASSED_SECTION(keep_left);
PASSED_SECTION(keep_right);
PASSED_SECTION(keep_left_of_jump);
PASSED_SECTION(keep_right_of_jump);
SECTION(poll);
SECTION(special_return);
SECTION(operator_returned);
SECTION(compare_branch);
SECTION(equality_branch);
SECTION(too_deep);
SECTION(suspend);
SECTION(unwind);
SECTION(unwind_again);

constexpr Handler kHandlers[] = {
#define OPCODE(Name, ...) handle_##Name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
};

#define TAKES_ARITHMETIC(Name, ...) \
  PASSED_HANDLER(Left, Name);       \
  PASSED_HANDLER(Right, Name);
#define TAKES_AND_PASSES(Name, ...) \
  PASSED_HANDLER(Left, Name);       \
  PASSED_HANDLER(Right, Name);
#define TAKES_IMMEDIATE(Name, ...) PASSED_HANDLER(Left, Name);
#define TAKES_COMPARISON(Name, ...)        \
  PASSED_HANDLER(Left, JumpIf##Name);      \
  PASSED_HANDLER(Left, JumpUnless##Name);  \
  PASSED_HANDLER(Right, JumpIf##Name);     \
  PASSED_HANDLER(Right, JumpUnless##Name); \
  PASSED_HANDLER(Left, JumpIf##Name##Int); \
  PASSED_HANDLER(Left, JumpUnless##Name##Int);
#include "vm/bytecode/takes_number.def"

/// Handlers by opcode, of those that take a number; null for others, which the verifier keeps from
/// being asked.
struct PassedHandlers {
  using PassedHandler = HANDLER_CONVENTION RunOutcome (*)(HANDLER_SIGNATURE);
  PassedHandler handlers[static_cast<size_t>(Opcode::Count)] = {};
  constexpr void set(Opcode opcode, PassedHandler handler) {
    handlers[static_cast<size_t>(opcode)] = handler;
  }
};
constexpr PassedHandlers kPassedLeft = [] {
  PassedHandlers table;
#define SET(Name) table.set(Opcode::Name, passed_Left_##Name);
#define TAKES_ARITHMETIC(Name, ...) SET(Name)
#define TAKES_AND_PASSES(Name, ...) SET(Name)
#define TAKES_IMMEDIATE(Name, ...) SET(Name)
#define TAKES_COMPARISON(Name, ...) \
  SET(JumpIf##Name)                 \
  SET(JumpUnless##Name)             \
  SET(JumpIf##Name##Int)            \
  SET(JumpUnless##Name##Int)
#include "vm/bytecode/takes_number.def"
#undef SET
  return table;
}();
constexpr PassedHandlers kPassedRight = [] {
  PassedHandlers table;
#define SET(Name) table.set(Opcode::Name, passed_Right_##Name);
#define TAKES_ARITHMETIC(Name, ...) SET(Name)
#define TAKES_AND_PASSES(Name, ...) SET(Name)
#define TAKES_COMPARISON(Name, ...) \
  SET(JumpIf##Name)                 \
  SET(JumpUnless##Name)
#include "vm/bytecode/takes_number.def"
#undef SET
  return table;
}();

#define OPCODE(Name, ...)                                                                     \
  __attribute__((preserve_none, noinline)) static RunOutcome slow_##Name(HANDLER_SIGNATURE) { \
    SLOW_BODY(Name);                                                                          \
  }                                                                                           \
  __attribute__((preserve_none, noinline)) static RunOutcome enter_slow_##Name(               \
      HANDLER_SIGNATURE) {                                                                    \
    ENTER_SLOW_BODY(Name);                                                                    \
  }
#include "vm/bytecode/opcodes.def"
#undef OPCODE

#include "vm/interpreter/handlers/all.inc"

/// Entry from C++, whose registers the handlers do not preserve.
RunOutcome run_frames(VM& vm, bool raising) {
  Frame* frame = Interpreter::frame(vm);
  Instruction* instruction = const_cast<Instruction*>(frame->pc);
  Value* r = frame->registers();
  Value* k = frame->code->constants;
  if (raising) return section_unwind(vm, instruction, r, k, 0);
  return kHandlers[static_cast<int>(instruction->opcode)](vm, instruction, r, k, 0);
}

}  // namespace

#else

namespace {

#if APY_OBSERVED_DISPATCH
bool call_counted(VM& vm, Frame* frame, Instruction* instruction, Opcode generic, SlowPath slow) {
  if (!statistics_of(vm)) return slow(vm, frame, instruction);
  ExecutionStatistics& statistics = *statistics_of(vm);
  Opcode form = instruction->opcode;
  statistics.count_slow(frame->code, instruction, form, generic);
  bool done = slow(vm, frame, instruction);
  statistics.count_outcome(instruction, form, generic);
  return done;
}

/// Counts and traces the instruction; false: exception pending.
bool observe(VM& vm, Frame* frame, Instruction* instruction) {
  const ModuleRegistry& registry = *vm.registry();
  if (registry.statistics) registry.statistics->count(instruction->opcode);
  return !registry.tracing || !registry.tracing->active() ||
         trace_instruction(vm, frame, instruction);
}
#endif

RunOutcome run_frames(VM& vm, bool raising) {
#if !APY_SWITCH_DISPATCH
  static const void* const kLabels[] = {
#define OPCODE(Name, ...) &&label_##Name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
  };
#endif
  Frame* frame = Interpreter::frame(vm);
  Instruction* instruction = const_cast<Instruction*>(frame->pc);
  Value* r = frame->registers();
  Value* k = frame->code->constants;
#if APY_PASSES_NUMBERS
  double passed = 0;
#endif
  if (raising) GO_TO(unwind);
  DISPATCH(instruction);
#if APY_SWITCH_DISPATCH
dispatch:
#if APY_OBSERVED_DISPATCH
  if (!observe(vm, FRAME, instruction)) RAISE();
#endif
  switch (instruction->opcode) {
    case Opcode::Count:
      __builtin_unreachable();
#endif
#include "vm/interpreter/handlers/all.inc"
#if APY_SWITCH_DISPATCH
  }
  __builtin_unreachable();
#endif
}

}  // namespace

#endif

#if APY_OBSERVED_DISPATCH

RunOutcome run_observed_frames(VM& vm, bool raising) {
  if (statistics_of(vm)) ++statistics_of(vm)->entries_from_native;
  return run_frames(vm, raising);
}

#else

namespace {

/// Goes on in the form of the loop that is asked for, until that does not change any more.
[[gnu::noinline, gnu::cold]] RunOutcome run_switching(VM& vm, RunOutcome outcome) {
  while (outcome >= RunOutcome::SwitchForm) {
    bool raising = outcome == RunOutcome::SwitchFormRaising;
    vm.registry()->switching = false;
    outcome = vm.registry()->observed ? run_observed_frames(vm, raising) : run_frames(vm, raising);
  }
  // Loops further out look at their next safe point whether they have to change as well.
  vm.request_interrupt();
  return outcome;
}

}  // namespace

RunOutcome Interpreter::run(VM& vm, Value* result, bool raising) {
  RunOutcome outcome =
      vm.registry()->observed ? run_observed_frames(vm, raising) : run_frames(vm, raising);
  if (outcome >= RunOutcome::SwitchForm) [[unlikely]]
    outcome = run_switching(vm, outcome);
  if (outcome != RunOutcome::Raised) *result = vm.carried_;
  return outcome;
}

#endif

}  // namespace apy
