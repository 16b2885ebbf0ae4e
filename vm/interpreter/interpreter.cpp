// The dispatch loop.
//
// One set of handler bodies, compiled as computed goto and (APY_SWITCH_DISPATCH) as a switch.
// Rules:
//  1. `frame`, `pc`, `r` (registers) and `k` (constants) cache the running frame; vm.frame_ is
//  always up to date.
//  2. `pc` is already behind the instruction (and its cache words) when anything that can raise or
//  call runs, and is
//     stored into frame->pc by SYNC() before that.
//  3. A handler is a fast path, else a call into slow_paths (`SLOW`). Nothing here allocates.
//  4. Script-to-script calls, generator steps and awaits switch frames in place: the loop never
//  calls itself.
#include "vm/interpreter/interpreter.h"

#include "vm/binding/native.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/suspend.h"
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

inline bool both_inline_float(Value a, Value b) {
  return a.is_inline_float() && b.is_inline_float();
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

struct AttributeCache {
  ShapeId shape;
  uint32_t version;
  uint64_t payload;
};
struct GlobalCache {
  uint32_t layout;
  uint32_t offset;  // bytes from the table to the value
  uint32_t builtins_layout;
  uint32_t unused;
};
inline AttributeCache* attribute_cache(Instruction* instruction) {
  return reinterpret_cast<AttributeCache*>(instruction + 1);
}
inline GlobalCache* global_cache(Instruction* instruction) {
  return reinterpret_cast<GlobalCache*>(instruction + 1);
}
inline Value value_at(const void* base, size_t offset) {
  return *reinterpret_cast<const Value*>(static_cast<const char*>(base) + offset);
}

}  // namespace

#if APY_SWITCH_DISPATCH
#define DISPATCH() goto dispatch
#define TARGET(Name) case Opcode::Name:
#else
#define DISPATCH() goto* kLabels[static_cast<int>((instruction = pc)->opcode)]
#define TARGET(Name) label_##Name:
#endif

#define A instruction->a
#define B instruction->b
#define C instruction->c
#define NEXT(words) \
  do {              \
    pc += (words);  \
    DISPATCH();     \
  } while (0)
#define SYNC() (frame->pc = pc)
#define LOAD_FRAME()                          \
  do {                                        \
    frame = Interpreter::frame(vm);           \
    pc = const_cast<Instruction*>(frame->pc); \
    r = frame->registers();                   \
    k = frame->code->constants;               \
  } while (0)
/// The whole instruction in slow_paths. `words`: instruction and cache words.
#define SLOW(Name, words)                                 \
  do {                                                    \
    pc = instruction + (words);                           \
    SYNC();                                               \
    if (!slow::Name(vm, frame, instruction)) [[unlikely]] \
      goto exception;                                     \
    DISPATCH();                                           \
  } while (0)
#define SLOW_TARGET(Name, words) TARGET(Name) SLOW(Name, words);

#define ARITHMETIC_TARGET(Name, int_operation, float_operator)                                    \
  TARGET(Name) {                                                                                  \
    Value left = r[B], right = r[C];                                                              \
    if (Value::both_small_int(left, right)) [[likely]] {                                          \
      int64_t bits;                                                                               \
      if (!(int_operation)) [[likely]] {                                                          \
        r[A] = Value::from_bits(static_cast<uint64_t>(bits));                                     \
        NEXT(1);                                                                                  \
      }                                                                                           \
    } else if (both_inline_float(left, right)) {                                                  \
      Value sum =                                                                                 \
          Value::try_inline_float(left.as_inline_float() float_operator right.as_inline_float()); \
      if (!sum.is_empty()) [[likely]] {                                                           \
        r[A] = sum;                                                                               \
        NEXT(1);                                                                                  \
      }                                                                                           \
    }                                                                                             \
    SLOW(Name, 1);                                                                                \
  }

#define COMPARE_TARGETS(Name, symbol)                                               \
  TARGET(Name) {                                                                    \
    Value left = r[B], right = r[C];                                                \
    if (Value::both_small_int(left, right)) [[likely]] {                            \
      r[A] = Value::boolean(static_cast<int64_t>(left.bits())                       \
                                symbol static_cast<int64_t>(right.bits()));         \
      NEXT(1);                                                                      \
    }                                                                               \
    if (both_inline_float(left, right)) {                                           \
      r[A] = Value::boolean(left.as_inline_float() symbol right.as_inline_float()); \
      NEXT(1);                                                                      \
    }                                                                               \
    SLOW(Name, 1);                                                                  \
  }                                                                                 \
  TARGET(JumpIf##Name) {                                                            \
    Value left = r[A], right = r[B];                                                \
    bool truth;                                                                     \
    COMPARE_TRUTH(Name, symbol)                                                     \
    pc = instruction + 1 + (truth ? instruction->signed_c() : 0);                   \
    DISPATCH();                                                                     \
  }                                                                                 \
  TARGET(JumpUnless##Name) {                                                        \
    Value left = r[A], right = r[B];                                                \
    bool truth;                                                                     \
    COMPARE_TRUTH(Name, symbol)                                                     \
    pc = instruction + 1 + (truth ? 0 : instruction->signed_c());                   \
    DISPATCH();                                                                     \
  }                                                                                 \
  TARGET(JumpIf##Name##Int) {                                                       \
    Value left = r[A], right = Value::small_int(instruction->signed_b());           \
    bool truth;                                                                     \
    COMPARE_TRUTH(Name, symbol)                                                     \
    pc = instruction + 1 + (truth ? instruction->signed_c() : 0);                   \
    DISPATCH();                                                                     \
  }                                                                                 \
  TARGET(JumpUnless##Name##Int) {                                                   \
    Value left = r[A], right = Value::small_int(instruction->signed_b());           \
    bool truth;                                                                     \
    COMPARE_TRUTH(Name, symbol)                                                     \
    pc = instruction + 1 + (truth ? 0 : instruction->signed_c());                   \
    DISPATCH();                                                                     \
  }
#define COMPARE_TRUTH(Name, symbol)                                                      \
  if (Value::both_small_int(left, right)) [[likely]] {                                   \
    truth = static_cast<int64_t>(left.bits()) symbol static_cast<int64_t>(right.bits()); \
  } else if (both_inline_float(left, right)) {                                           \
    truth = left.as_inline_float() symbol right.as_inline_float();                       \
  } else {                                                                               \
    pc = instruction + 1;                                                                \
    SYNC();                                                                              \
    auto compared = compare_bool(vm, CompareOp::Name, left, right);                      \
    if (compared.is_error()) [[unlikely]]                                                \
      goto exception;                                                                    \
    truth = compared.value();                                                            \
  }

RunOutcome Interpreter::run(VM& vm, Value* result, bool raising) {
#if !APY_SWITCH_DISPATCH
  static const void* const kLabels[] = {
#define OPCODE(Name, ...) &&label_##Name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
  };
#endif
  Frame* frame;
  Instruction* pc;
  Value* r;
  Value* k;
  Instruction* instruction;
  bool keep_traceback = false;  // Reraise: this frame is in the traceback already
  // Operands of the shared call sequence.
  Value* window;
  uint32_t count;
  uint32_t dst;
  Value carried;  // what a suspending frame hands out
  LOAD_FRAME();
  if (raising) goto exception;

#if APY_SWITCH_DISPATCH
dispatch:
  instruction = pc;
  switch (instruction->opcode) {
    case Opcode::Count:
      __builtin_unreachable();
#else
  DISPATCH();
#endif

      // --- moves, constants, variables ---
      TARGET(Nop) NEXT(1);
      TARGET(Move) {
        r[A] = r[B];
        NEXT(1);
      }
      TARGET(LoadConst) {
        r[A] = k[B];
        NEXT(1);
      }
      TARGET(LoadInt) {
        r[A] = Value::small_int(instruction->bc());
        NEXT(1);
      }
      TARGET(Clear) {
        r[A] = Value();
        NEXT(1);
      }
      TARGET(ClearRange) {
        for (uint32_t i = 0; i < B; ++i) r[A + i] = Value();
        NEXT(1);
      }
      TARGET(CheckBound) {
        if (!r[A].is_empty()) [[likely]]
          NEXT(1);
        SLOW(CheckBound, 1);
      }
      SLOW_TARGET(MakeCell, 1)
      TARGET(CopyFree) {
        const Tuple* closure = frame->function()->closure;
        for (uint32_t i = 0; i < B; ++i) r[A + i] = closure->values()[i];
        NEXT(1);
      }
      TARGET(LoadCell) {
        Value value = as<CellVariable>(r[B])->value;
        if (!value.is_empty()) [[likely]] {
          r[A] = value;
          NEXT(1);
        }
        SLOW(LoadCell, 1);
      }
      TARGET(StoreCell) {
        CellVariable* cell = as<CellVariable>(r[A]);
        cell->value = r[B];
        vm.barrier(cell);
        NEXT(1);
      }
      SLOW_TARGET(ClearCell, 1)
      SLOW_TARGET(LoadGlobal, 3)
      TARGET(LoadGlobalModule) {
        const GlobalCache* cache = global_cache(instruction);
        const Dict* globals = frame->function()->globals;
        if (globals->layout == cache->layout) [[likely]] {
          r[A] = value_at(globals->table, cache->offset);
          NEXT(3);
        }
        instruction->opcode = Opcode::LoadGlobal;
        SLOW(LoadGlobal, 3);
      }
      TARGET(LoadGlobalBuiltin) {
        const GlobalCache* cache = global_cache(instruction);
        const Function* function = frame->function();
        if (function->globals->layout == cache->layout &&
            function->builtins->layout == cache->builtins_layout) [[likely]] {
          r[A] = value_at(function->builtins->table, cache->offset);
          NEXT(3);
        }
        instruction->opcode = Opcode::LoadGlobal;
        SLOW(LoadGlobal, 3);
      }
      SLOW_TARGET(StoreGlobal, 1)
      SLOW_TARGET(DeleteGlobal, 1)
      SLOW_TARGET(LoadName, 1)
      SLOW_TARGET(StoreName, 1)
      SLOW_TARGET(DeleteName, 1)
      SLOW_TARGET(LoadNameOrCell, 1)
      SLOW_TARGET(LoadNamespace, 1)

      // --- attributes and items ---
      SLOW_TARGET(LoadAttr, 3)
      TARGET(LoadAttrSlot) {
        Value object = r[B];
        const AttributeCache* cache = attribute_cache(instruction);
        if (object.is_cell_or_empty() && object.cell()->shape == cache->shape) [[likely]] {
          r[A] = value_at(object.cell(), cache->payload);
          NEXT(3);
        }
        instruction->opcode = Opcode::LoadAttr;
        SLOW(LoadAttr, 3);
      }
      TARGET(LoadAttrOverflow) {
        Value object = r[B];
        const AttributeCache* cache = attribute_cache(instruction);
        if (object.is_cell_or_empty() && object.cell()->shape == cache->shape) [[likely]] {
          // payload: offset of the ValueArray pointer << 32 | offset in it
          const Cell* array = value_at(object.cell(), cache->payload >> 32).cell();
          r[A] = value_at(array, cache->payload & 0xFFFFFFFF);
          NEXT(3);
        }
        instruction->opcode = Opcode::LoadAttr;
        SLOW(LoadAttr, 3);
      }
      TARGET(LoadAttrType) {
        Value object = r[B];
        const AttributeCache* cache = attribute_cache(instruction);
        if (object.is_cell_or_empty() && object.cell()->shape == cache->shape &&
            vm.shapes_[cache->shape]->type->version == cache->version) [[likely]] {
          r[A] = Value::from_bits(cache->payload);
          NEXT(3);
        }
        instruction->opcode = Opcode::LoadAttr;
        SLOW(LoadAttr, 3);
      }
      TARGET(LoadAttrModule) {
        Value object = r[B];
        const GlobalCache* cache = global_cache(instruction);
        if (is_exact(object, BuiltinType::Module)) [[likely]] {
          const Dict* dict = as<Module>(object)->dict;
          if (dict->layout == cache->layout) [[likely]] {
            r[A] = value_at(dict->table, cache->offset);
            NEXT(3);
          }
        }
        instruction->opcode = Opcode::LoadAttr;
        SLOW(LoadAttr, 3);
      }
      SLOW_TARGET(StoreAttr, 3)
      TARGET(StoreAttrSlot) {
        Value object = r[A];
        const AttributeCache* cache = attribute_cache(instruction);
        if (object.is_cell_or_empty() && object.cell()->shape == cache->shape) [[likely]] {
          *reinterpret_cast<Value*>(reinterpret_cast<char*>(object.cell()) + cache->payload) = r[C];
          vm.barrier(object.cell());
          NEXT(3);
        }
        instruction->opcode = Opcode::StoreAttr;
        SLOW(StoreAttr, 3);
      }
      TARGET(StoreAttrAdd) {
        // payload: offset of the slot; version: the shape after the store. The cache is filled only
        // for instances whose inline capacity holds the slot, and the capacity is rechecked since
        // it may differ between instances.
        Value object = r[A];
        const AttributeCache* cache = attribute_cache(instruction);
        if (object.is_cell_or_empty() && object.cell()->shape == cache->shape &&
            cache->payload < sizeof(Instance) + object.cell()->aux * sizeof(Value)) [[likely]] {
          *reinterpret_cast<Value*>(reinterpret_cast<char*>(object.cell()) + cache->payload) = r[C];
          object.cell()->shape = cache->version;
          vm.barrier(object.cell());
          NEXT(3);
        }
        instruction->opcode = Opcode::StoreAttr;
        SLOW(StoreAttr, 3);
      }
      SLOW_TARGET(DeleteAttr, 1)
      SLOW_TARGET(LoadMethod, 3)
      TARGET(LoadMethodType) {
        Value object = r[B];
        const AttributeCache* cache = attribute_cache(instruction);
        if (object.is_cell_or_empty() && object.cell()->shape == cache->shape &&
            vm.shapes_[cache->shape]->type->version == cache->version) [[likely]] {
          r[A + kFrameWords] = object;
          r[A] = Value::from_bits(cache->payload);
          NEXT(3);
        }
        instruction->opcode = Opcode::LoadMethod;
        SLOW(LoadMethod, 3);
      }
      TARGET(LoadMethodModule) {
        Value object = r[B];
        const GlobalCache* cache = global_cache(instruction);
        if (is_exact(object, BuiltinType::Module)) [[likely]] {
          const Dict* dict = as<Module>(object)->dict;
          if (dict->layout == cache->layout) [[likely]] {
            r[A] = value_at(dict->table, cache->offset);
            r[A + kFrameWords] = Value();
            NEXT(3);
          }
        }
        instruction->opcode = Opcode::LoadMethod;
        SLOW(LoadMethod, 3);
      }
      SLOW_TARGET(LoadSuperAttr, 1)
      SLOW_TARGET(LoadSuperMethod, 3)
      SLOW_TARGET(LoadSpecial, 1)
      TARGET(LoadItem) {
        Value object = r[B], key = r[C];
        if (object.is_cell_or_empty()) [[likely]] {
          if (key.is_small_int()) {
            int64_t index = key.as_small_int();
            if (object.cell()->shape == shape_of(BuiltinType::List)) {
              const List* list = as<List>(object);
              if (index < 0) index += static_cast<int64_t>(list->length);
              if (static_cast<uint64_t>(index) < list->length) [[likely]] {
                r[A] = list->values()[index];
                NEXT(2);
              }
            } else if (object.cell()->shape == shape_of(BuiltinType::Tuple)) {
              const Tuple* tuple = as<Tuple>(object);
              if (index < 0) index += static_cast<int64_t>(tuple->length);
              if (static_cast<uint64_t>(index) < tuple->length) [[likely]] {
                r[A] = tuple->values()[index];
                NEXT(2);
              }
            }
          }
          if (object.cell()->shape == shape_of(BuiltinType::Dict)) {
            Value value;
            pc = instruction + 2;
            SYNC();
            auto found = dict_get(vm, as<Dict>(object), key, &value);
            if (found.is_error()) [[unlikely]]
              goto exception;
            if (found.value()) [[likely]] {
              r[A] = value;
              DISPATCH();
            }
          }
        }
        SLOW(LoadItem, 2);
      }
      TARGET(StoreItem) {
        Value object = r[A], key = r[B];
        if (object.is_cell_or_empty()) [[likely]] {
          if (object.cell()->shape == shape_of(BuiltinType::List) && key.is_small_int()) {
            List* list = as<List>(object);
            int64_t index = key.as_small_int();
            if (index < 0) index += static_cast<int64_t>(list->length);
            if (static_cast<uint64_t>(index) < list->length) [[likely]] {
              list->values()[index] = r[C];
              vm.barrier(list->storage);
              NEXT(2);
            }
          } else if (object.cell()->shape == shape_of(BuiltinType::Dict)) {
            pc = instruction + 2;
            SYNC();
            if (dict_set(vm, as<Dict>(object), key, r[C]).is_error()) [[unlikely]]
              goto exception;
            DISPATCH();
          }
        }
        SLOW(StoreItem, 2);
      }
      SLOW_TARGET(DeleteItem, 1)
      SLOW_TARGET(BuildSlice, 1)

      // --- operators ---
      ARITHMETIC_TARGET(Add,
                        __builtin_add_overflow(static_cast<int64_t>(left.bits()),
                                               static_cast<int64_t>(right.bits() - 1), &bits),
                        +)
      ARITHMETIC_TARGET(InPlaceAdd,
                        __builtin_add_overflow(static_cast<int64_t>(left.bits()),
                                               static_cast<int64_t>(right.bits() - 1), &bits),
                        +)
      ARITHMETIC_TARGET(Subtract,
                        (__builtin_sub_overflow(static_cast<int64_t>(left.bits()),
                                                static_cast<int64_t>(right.bits() - 1), &bits)),
                        -)
      ARITHMETIC_TARGET(InPlaceSubtract,
                        (__builtin_sub_overflow(static_cast<int64_t>(left.bits()),
                                                static_cast<int64_t>(right.bits() - 1), &bits)),
                        -)
      ARITHMETIC_TARGET(
          Multiply,
          (__builtin_mul_overflow(left.as_small_int(), static_cast<int64_t>(right.bits() - 1), &bits) || (bits |= 1, false)), *)
      ARITHMETIC_TARGET(
          InPlaceMultiply,
          (__builtin_mul_overflow(left.as_small_int(), static_cast<int64_t>(right.bits() - 1), &bits) || (bits |= 1, false)), *)
      TARGET(TrueDivide) {
        Value left = r[B], right = r[C];
        if (both_inline_float(left, right)) {
          // An inline float is never zero.
          Value quotient =
              Value::try_inline_float(left.as_inline_float() / right.as_inline_float());
          if (!quotient.is_empty()) [[likely]] {
            r[A] = quotient;
            NEXT(1);
          }
        } else if (Value::both_small_int(left, right)) {
          constexpr int64_t kExact = int64_t{1} << 53;
          int64_t a = left.as_small_int(), b = right.as_small_int();
          if (b != 0 && a >= -kExact && a <= kExact && b >= -kExact && b <= kExact) {
            Value quotient =
                Value::try_inline_float(static_cast<double>(a) / static_cast<double>(b));
            if (!quotient.is_empty()) [[likely]] {
              r[A] = quotient;
              NEXT(1);
            }
          }
        }
        SLOW(TrueDivide, 1);
      }
      TARGET(FloorDivide) {
        Value left = r[B], right = r[C];
        if (Value::both_small_int(left, right)) [[likely]] {
          int64_t b = right.as_small_int();
          if (b > 0) [[likely]] {
            r[A] = Value::small_int(floor_divide(left.as_small_int(), b));
            NEXT(1);
          }
        }
        SLOW(FloorDivide, 1);
      }
      TARGET(Modulo) {
        Value left = r[B], right = r[C];
        if (Value::both_small_int(left, right)) [[likely]] {
          int64_t b = right.as_small_int();
          if (b != 0) [[likely]] {
            r[A] = Value::small_int(floor_modulo(left.as_small_int(), b));
            NEXT(1);
          }
        }
        SLOW(Modulo, 1);
      }
      SLOW_TARGET(Power, 1)
      SLOW_TARGET(MatrixMultiply, 1)
      TARGET(LeftShift) {
        Value left = r[B], right = r[C];
        if (Value::both_small_int(left, right)) [[likely]] {
          int64_t a = left.as_small_int(), b = right.as_small_int();
          if (b >= 0 && b < 62) [[likely]] {
            int64_t shifted = static_cast<int64_t>(static_cast<uint64_t>(a) << b);
            if ((shifted >> b) == a && Value::fits_small_int(shifted)) [[likely]] {
              r[A] = Value::small_int(shifted);
              NEXT(1);
            }
          }
        }
        SLOW(LeftShift, 1);
      }
      TARGET(RightShift) {
        Value left = r[B], right = r[C];
        if (Value::both_small_int(left, right)) [[likely]] {
          int64_t b = right.as_small_int();
          if (b >= 0) [[likely]] {
            r[A] = Value::small_int(left.as_small_int() >> (b < 63 ? b : 63));
            NEXT(1);
          }
        }
        SLOW(RightShift, 1);
      }
      TARGET(BitAnd) {
        Value left = r[B], right = r[C];
        if (Value::both_small_int(left, right)) [[likely]] {
          r[A] = Value::from_bits(left.bits() & right.bits());
          NEXT(1);
        }
        SLOW(BitAnd, 1);
      }
      TARGET(BitOr) {
        Value left = r[B], right = r[C];
        if (Value::both_small_int(left, right)) [[likely]] {
          r[A] = Value::from_bits(left.bits() | right.bits());
          NEXT(1);
        }
        SLOW(BitOr, 1);
      }
      TARGET(BitXor) {
        Value left = r[B], right = r[C];
        if (Value::both_small_int(left, right)) [[likely]] {
          r[A] = Value::from_bits((left.bits() ^ right.bits()) | 1);
          NEXT(1);
        }
        SLOW(BitXor, 1);
      }
      TARGET(AddInt) {
        Value left = r[B];
        int64_t bits;
        if (left.is_small_int() &&
            !__builtin_add_overflow(static_cast<int64_t>(left.bits()),
                                    int64_t{instruction->signed_c()} * 2, &bits)) [[likely]] {
          r[A] = Value::from_bits(static_cast<uint64_t>(bits));
          NEXT(1);
        }
        SLOW(AddInt, 1);
      }
      TARGET(SubtractInt) {
        Value left = r[B];
        int64_t bits;
        if (left.is_small_int() &&
            !__builtin_sub_overflow(static_cast<int64_t>(left.bits()),
                                    int64_t{instruction->signed_c()} * 2, &bits)) [[likely]] {
          r[A] = Value::from_bits(static_cast<uint64_t>(bits));
          NEXT(1);
        }
        SLOW(SubtractInt, 1);
      }
      TARGET(InPlaceAddInt) {
        Value left = r[B];
        int64_t bits;
        if (left.is_small_int() &&
            !__builtin_add_overflow(static_cast<int64_t>(left.bits()),
                                    int64_t{instruction->signed_c()} * 2, &bits)) [[likely]] {
          r[A] = Value::from_bits(static_cast<uint64_t>(bits));
          NEXT(1);
        }
        SLOW(InPlaceAddInt, 1);
      }
      TARGET(InPlaceSubtractInt) {
        Value left = r[B];
        int64_t bits;
        if (left.is_small_int() &&
            !__builtin_sub_overflow(static_cast<int64_t>(left.bits()),
                                    int64_t{instruction->signed_c()} * 2, &bits)) [[likely]] {
          r[A] = Value::from_bits(static_cast<uint64_t>(bits));
          NEXT(1);
        }
        SLOW(InPlaceSubtractInt, 1);
      }
      SLOW_TARGET(InPlace, 1)
      TARGET(Negative) {
        Value v = r[B];
        if (v.is_small_int() && v.as_small_int() != Value::kMinSmallInt) [[likely]] {
          r[A] = Value::small_int(-v.as_small_int());
          NEXT(1);
        }
        if (v.is_inline_float()) {
          r[A] = Value::try_inline_float(-v.as_inline_float());
          NEXT(1);
        }
        SLOW(Negative, 1);
      }
      SLOW_TARGET(Positive, 1)
      SLOW_TARGET(Invert, 1)
      TARGET(Not) {
        int truth = quick_truth(r[B]);
        if (truth >= 0) [[likely]] {
          r[A] = Value::boolean(!truth);
          NEXT(1);
        }
        SLOW(Not, 1);
      }
      COMPARE_TARGETS(Less, <)
      COMPARE_TARGETS(LessEqual, <=)
      COMPARE_TARGETS(Equal, ==)
      COMPARE_TARGETS(NotEqual, !=)
      COMPARE_TARGETS(Greater, >)
      COMPARE_TARGETS(GreaterEqual, >=)
      TARGET(Is) {
        r[A] = Value::boolean(r[B].is(r[C]));
        NEXT(1);
      }
      TARGET(IsNot) {
        r[A] = Value::boolean(!r[B].is(r[C]));
        NEXT(1);
      }
      SLOW_TARGET(In, 1)
      SLOW_TARGET(NotIn, 1)

      // --- jumps ---
      TARGET(Jump) {
        pc = instruction + 1 + instruction->bc();
        DISPATCH();
      }
      TARGET(JumpBack) {
        pc = instruction + 1 + instruction->bc();
        if (vm.poll_needed()) [[unlikely]] {
          frame->pc = instruction + 1;
          if (vm.poll().is_error()) goto exception;
        }
        DISPATCH();
      }
      TARGET(JumpIfTrue) {
        int truth = quick_truth(r[A]);
        if (truth < 0) [[unlikely]] {
          pc = instruction + 1;
          SYNC();
          auto tested = is_truthy(vm, r[A]);
          if (tested.is_error()) [[unlikely]]
            goto exception;
          truth = tested.value();
        }
        pc = instruction + 1 + (truth ? instruction->bc() : 0);
        DISPATCH();
      }
      TARGET(JumpIfFalse) {
        int truth = quick_truth(r[A]);
        if (truth < 0) [[unlikely]] {
          pc = instruction + 1;
          SYNC();
          auto tested = is_truthy(vm, r[A]);
          if (tested.is_error()) [[unlikely]]
            goto exception;
          truth = tested.value();
        }
        pc = instruction + 1 + (truth ? 0 : instruction->bc());
        DISPATCH();
      }
      TARGET(JumpIfNone) {
        pc = instruction + 1 + (r[A].is_none() ? instruction->bc() : 0);
        DISPATCH();
      }
      TARGET(JumpIfNotNone) {
        pc = instruction + 1 + (r[A].is_none() ? 0 : instruction->bc());
        DISPATCH();
      }
      TARGET(JumpIfEmpty) {
        pc = instruction + 1 + (r[A].is_empty() ? instruction->bc() : 0);
        DISPATCH();
      }
      TARGET(JumpIfIs) {
        pc = instruction + 1 + (r[A].is(r[B]) ? instruction->signed_c() : 0);
        DISPATCH();
      }
      TARGET(JumpIfIsNot) {
        pc = instruction + 1 + (r[A].is(r[B]) ? 0 : instruction->signed_c());
        DISPATCH();
      }
      TARGET(JumpIfIn) {
        pc = instruction + 1;
        SYNC();
        auto found = contains(vm, r[B], r[A]);
        if (found.is_error()) [[unlikely]]
          goto exception;
        pc += found.value() ? instruction->signed_c() : 0;
        DISPATCH();
      }
      TARGET(JumpIfNotIn) {
        pc = instruction + 1;
        SYNC();
        auto found = contains(vm, r[B], r[A]);
        if (found.is_error()) [[unlikely]]
          goto exception;
        pc += found.value() ? 0 : instruction->signed_c();
        DISPATCH();
      }

      // --- iteration and unpacking ---
      SLOW_TARGET(GetIter, 1)
      TARGET(ForIter) {
        Value iterator = r[B];
        pc = instruction + 1;
        if (iterator.is_cell_or_empty()) [[likely]] {
          Cell* cell = iterator.cell();
          Value item;
          switch (cell->shape) {
            case shape_of(BuiltinType::RangeIterator):
              if (!range_iterator_is_small(static_cast<Record*>(cell))) [[unlikely]]
                break;
              if (range_iterator_next(static_cast<Record*>(cell), &item)) {
                r[A] = item;
              } else {
                pc += instruction->signed_c();
              }
              DISPATCH();
            case shape_of(BuiltinType::ListIterator):
              if (list_iterator_next(static_cast<Record*>(cell), &item)) {
                r[A] = item;
              } else {
                pc += instruction->signed_c();
              }
              DISPATCH();
            case shape_of(BuiltinType::TupleIterator):
              if (tuple_iterator_next(static_cast<Record*>(cell), &item)) {
                r[A] = item;
              } else {
                pc += instruction->signed_c();
              }
              DISPATCH();
            case shape_of(BuiltinType::Generator): {
              Generator* generator = static_cast<Generator*>(cell);
              if (generator->state == Generator::State::Finished) {
                pc += instruction->signed_c();
                DISPATCH();
              }
              SYNC();
              if (!begin_resume(vm, generator, Value::none(), true)) [[unlikely]]
                goto exception;
              LOAD_FRAME();
              DISPATCH();
            }
            default:
              break;
          }
        }
        SYNC();
        Value item;
        auto more = iterator_next(vm, iterator, &item);
        if (more.is_error()) [[unlikely]]
          goto exception;
        if (more.value()) {
          r[A] = item;
        } else {
          pc += instruction->signed_c();
        }
        DISPATCH();
      }
      TARGET(UnpackSequence) {
        Value source = r[B];
        const Value* values = nullptr;
        if (is_exact(source, BuiltinType::Tuple)) {
          if (as<Tuple>(source)->length == C) values = as<Tuple>(source)->values();
        } else if (is_exact(source, BuiltinType::List)) {
          if (as<List>(source)->length == C && C > 0) values = as<List>(source)->values();
        }
        if (values) [[likely]] {
          for (uint32_t i = 0; i < C; ++i) r[A + i] = values[i];
          NEXT(1);
        }
        SLOW(UnpackSequence, 1);
      }
      SLOW_TARGET(UnpackRest, 1)

      // --- building ---
      SLOW_TARGET(BuildTuple, 1)
      SLOW_TARGET(BuildList, 1)
      SLOW_TARGET(BuildSet, 1)
      SLOW_TARGET(BuildDict, 1)
      SLOW_TARGET(BuildString, 1)
      TARGET(ListAppend) {
        pc = instruction + 1;
        SYNC();
        if (list_append(vm, as<List>(r[A]), r[B]).is_error()) [[unlikely]]
          goto exception;
        DISPATCH();
      }
      SLOW_TARGET(ListExtend, 1)
      SLOW_TARGET(ListToTuple, 1)
      SLOW_TARGET(SetAdd, 1)
      SLOW_TARGET(SetUpdate, 1)
      SLOW_TARGET(DictSet, 1)
      SLOW_TARGET(DictUpdate, 1)
      SLOW_TARGET(DictMerge, 1)
      SLOW_TARGET(ConvertValue, 1)
      SLOW_TARGET(FormatValue, 1)

      // --- functions and calls ---
      SLOW_TARGET(MakeFunction, 1)
      TARGET(Call) {
        window = r + B;
        count = C;
        dst = A;
        pc = instruction + 1;
        goto call;
      }
      TARGET(CallMethod) {
        window = r + B;
        count = C;
        dst = A;
        pc = instruction + 1;
        if (!window[kFrameWords].is_empty()) [[likely]] {
          ++count;
          goto call;
        }
        // No receiver: take the gap out, so that the arguments follow the header and one word is
        // spare.
        std::copy(window + kFrameWords + 1, window + kFrameWords + 1 + count, window + kFrameWords);
        goto call;
      }
      SLOW_TARGET(LoadBuildClass, 1)

    call:
      SYNC();
      if (is_kind(window[0], CellKind::Function)) [[likely]] {
        Function* function = as<Function>(window[0]);
        Code* code = function->code;
        if ((code->flags & Code::kAnyGenerator) && (code->flags & Code::kSimpleCall) &&
            code->argument_count == count) {
          auto generator = make_generator(vm, function, window + kFrameWords);
          if (generator.is_error()) [[unlikely]]
            goto exception;
          r[dst] = generator.value();
          DISPATCH();
        }
        if ((code->flags & (Code::kSimpleCall | Code::kAnyGenerator)) == Code::kSimpleCall &&
            code->argument_count == count) [[likely]] {
          if (frame->flags & Frame::kHeap) {
            window = move_window(vm, window, count);
            if (!window) [[unlikely]]
              goto exception;
          }
          if (!frame_fits(vm, window, code, frame->depth())) [[unlikely]] {
            (void)vm.recursion_error("");
            goto exception;
          }
          frame = push_frame(vm, window, function, code, dst, 0);
          pc = code->instructions;
          r = frame->registers();
          k = code->constants;
          DISPATCH();
        }
      } else if (is_kind(window[0], CellKind::NativeFunction)) {
        NativeFunction* native = as<NativeFunction>(window[0]);
        Arguments arguments{window + kFrameWords, count, nullptr};
        if (!native->self.is_empty()) {
          // The word below the arguments belongs to the unused frame header.
          window[kFrameWords - 1] = native->self;
          --arguments.values;
          ++arguments.positional_count;
        }
        if (native->aux & NativeFunction::kStatic &&
            check_new_arguments(vm, native, arguments).is_error()) [[unlikely]]
          goto exception;
        Value value = native->definition->bound.entry(vm, *native->definition, arguments);
        if (value.is_empty()) [[unlikely]]
          goto exception;
        r[dst] = value;
        DISPATCH();
      }
      if (frame->flags & Frame::kHeap) {
        window = move_window(vm, window, count);
        if (!window) [[unlikely]]
          goto exception;
      }
      switch (enter_call(vm, window, dst, count, nullptr)) {
        case CallOutcome::Error:
          goto exception;
        case CallOutcome::Done:
          DISPATCH();
        case CallOutcome::Entered:
          LOAD_FRAME();
          DISPATCH();
      }
      __builtin_unreachable();

#define KEYWORD_CALL(Name, words)                            \
  TARGET(Name) {                                             \
    pc = instruction + (words);                              \
    SYNC();                                                  \
    if (!slow::Name(vm, frame, instruction)) goto exception; \
    LOAD_FRAME();                                            \
    DISPATCH();                                              \
  }
      KEYWORD_CALL(CallKeyword, 2)
      KEYWORD_CALL(CallMethodKeyword, 2)
      KEYWORD_CALL(CallSpread, 1)

      TARGET(Return) {
        Value value = r[A];
        Frame* caller = frame->caller;
        if (!(frame->flags & (Frame::kEntry | Frame::kConstructor | Frame::kHeap |
                              Frame::kHasObject))) [[likely]] {
          Interpreter::frame(vm) = caller;
          if (caller->flags & Frame::kHeap) vm.stack_top_ = reinterpret_cast<Value*>(frame);
          uint32_t target = frame->dst;
          frame = caller;
          r = caller->registers();
          r[target] = value;
          pc = const_cast<Instruction*>(caller->pc);
          k = caller->code->constants;
          DISPATCH();
        }
        pc = instruction + 1;
        SYNC();
        if (frame->flags & Frame::kConstructor) {
          if (!value.is_none()) [[unlikely]] {
            (void)vm.raise(Exc::TypeError, "__init__() should return None, not '{}'",
                           vm.type_of(value));
            goto exception;
          }
          value = frame->own_extra();
        }
        if (frame->flags & Frame::kHasObject) detach_frame(vm, frame);
        if (frame->flags & Frame::kHeap) {
          Generator* generator = generator_of(frame);
          bool entry = frame->flags & Frame::kEntry;
          bool as_base = generator->is_base;
          bool async_generator = generator->shape == shape_of(BuiltinType::AsyncGenerator);
          finish_generator(vm, generator);
          if (entry) {
            *result = value;
            return RunOutcome::Returned;
          }
          LOAD_FRAME();
          if (as_base) {  // a for loop's generator is exhausted
            pc += pc[-1].signed_c();
            DISPATCH();
          }
          if (async_generator) {
            (void)vm.raise_with(Exc::StopAsyncIteration, {});
            goto exception;
          }
          r[pc[-1].a] = value;
          DISPATCH();
        }
        Interpreter::frame(vm) = caller;
        if (frame->flags & Frame::kEntry) {
          *result = value;
          return RunOutcome::Returned;
        }
        if (caller->flags & Frame::kHeap) vm.stack_top_ = reinterpret_cast<Value*>(frame);
        uint32_t target = frame->dst;
        LOAD_FRAME();
        r[target] = value;
        DISPATCH();
      }

      // --- generators and await ---
      TARGET(Yield) {
        carried = r[B];
        pc = instruction + 1;
        SYNC();
        frame->flags &= ~Frame::kAtSend;
        goto suspend;
      }
      TARGET(YieldAsync) {
        Generator* generator = generator_of(frame);
        Value value = r[B];
        pc = instruction + 1;
        SYNC();
        frame->flags &= ~Frame::kAtSend;
        generator->closing = 0;
        if (generator->is_base) {
          Generator* base = vm.base_;
          vm.base_ = base->previous_base;
          base->innermost = frame;
          base->state = Generator::State::Suspended;
          base->handled = vm.handled_.is(base->outer_handled) ? Value() : vm.handled_;
          vm.handled_ = base->outer_handled;
          Interpreter::frame(vm) = frame->caller;
          frame->caller = nullptr;
          vm.barrier(base);
          *result = value;
          return RunOutcome::AsyncYielded;
        }
        // A step of `async for` in the awaiting frame: the value is the result of its Send.
        Value outside = handled_outside(vm, generator);
        generator->handled = vm.handled_.is(outside) ? Value() : vm.handled_;
        vm.handled_ = outside;
        generator->innermost = frame;
        generator->state = Generator::State::Suspended;
        Interpreter::frame(vm) = frame->caller;
        frame->caller = nullptr;
        vm.barrier(generator);
        LOAD_FRAME();
        r[pc[-1].a] = value;
        DISPATCH();
      }
      SLOW_TARGET(GetAwaitable, 1)
      SLOW_TARGET(GetYieldFrom, 1)
      TARGET(Send) {
        Value awaited = r[B];
        pc = instruction + 1;
        SYNC();
        if (is_kind(awaited, CellKind::Generator)) [[likely]] {
          Generator* generator = as<Generator>(awaited);
          if (generator->state == Generator::State::Finished &&
              generator->shape == shape_of(BuiltinType::Generator)) {
            r[A] = Value::none();
            DISPATCH();
          }
          // While it waits this frame is in no running chain: what it holds must be known to the
          // collector.
          vm.barrier(generator_of(frame));
          if (!begin_resume(vm, generator, r[C], false)) [[unlikely]]
            goto exception;
          LOAD_FRAME();
          DISPATCH();
        }
        Value value;
        switch (slow::send_foreign(vm, awaited, r[C], &value)) {
          case slow::SendOutcome::Error:
            goto exception;
          case slow::SendOutcome::Done:
            r[A] = value;
            DISPATCH();
          case slow::SendOutcome::Suspend:
            break;
        }
        // Park here: the instruction runs again when the chain is resumed.
        frame->pc = instruction;
        frame->flags |= Frame::kAtSend;
        carried = value;
        goto suspend;
      }
    suspend : {
      // The whole chain up to the base stops; the resumer goes on with `carried`.
      Generator* base = vm.base_;
      vm.base_ = base->previous_base;
      base->innermost = frame;
      base->state = Generator::State::Suspended;
      base->handled = vm.handled_.is(base->outer_handled) ? Value() : vm.handled_;
      vm.handled_ = base->outer_handled;
      Interpreter::frame(vm) = base->frame.caller;
      base->frame.caller = nullptr;
      vm.barrier(base);
      vm.barrier(generator_of(frame));
      if (base->frame.flags & Frame::kEntry) {
        *result = carried;
        return RunOutcome::Yielded;
      }
      LOAD_FRAME();
      r[pc[-1].a] = carried;  // a ForIter
      DISPATCH();
    }
      SLOW_TARGET(GetAsyncIter, 1)
      SLOW_TARGET(GetAsyncNext, 1)
      TARGET(EndAsyncFor) {
        pc = instruction + 1;
        SYNC();
        if (vm.is_instance(r[A], BuiltinType::StopAsyncIteration)) {
          pc += instruction->bc();
          DISPATCH();
        }
        (void)vm.reraise(r[A]);
        keep_traceback = true;
        goto exception;
      }

      // --- exceptions ---
      TARGET(Raise) {
        pc = instruction + 1;
        SYNC();
        (void)slow::Raise(vm, frame, instruction);
        goto exception;
      }
      TARGET(RaiseFrom) {
        pc = instruction + 1;
        SYNC();
        (void)slow::RaiseFrom(vm, frame, instruction);
        goto exception;
      }
      TARGET(RaiseCurrent) {
        pc = instruction + 1;
        SYNC();
        keep_traceback = !vm.handled_.is_empty() && !vm.handled_.is_none();
        (void)slow::RaiseCurrent(vm, frame, instruction);
        goto exception;
      }
      TARGET(Reraise) {
        pc = instruction + 1;
        SYNC();
        (void)vm.reraise(r[A]);
        keep_traceback = true;
        goto exception;
      }
      TARGET(PushHandled) {
        // A generator's resumer may change until it is resumed again: its exception is not kept,
        // empty stands for it.
        bool is_resumers = (frame->flags & Frame::kHeap) &&
                           vm.handled_.is(handled_outside(vm, generator_of(frame)));
        Value exception = r[B];
        r[A] = is_resumers ? Value() : vm.handled_;
        vm.handled_ = exception;
        NEXT(1);
      }
      TARGET(PopHandled) {
        bool is_resumers = r[A].is_empty() && (frame->flags & Frame::kHeap);
        vm.handled_ = is_resumers ? handled_outside(vm, generator_of(frame)) : r[A];
        NEXT(1);
      }
      SLOW_TARGET(MatchException, 1)
      SLOW_TARGET(SplitGroup, 1)
      SLOW_TARGET(JoinGroups, 1)
      SLOW_TARGET(ExceptionTriple, 1)

      // --- imports, match statement, the rest ---
      SLOW_TARGET(ImportName, 1)
      SLOW_TARGET(ImportFrom, 1)
      SLOW_TARGET(ImportStar, 1)
      SLOW_TARGET(MatchSequence, 1)
      SLOW_TARGET(MatchMapping, 1)
      SLOW_TARGET(MatchKeys, 1)
      SLOW_TARGET(MatchClass, 1)
      SLOW_TARGET(GetLength, 1)
      SLOW_TARGET(Intrinsic, 1)

#if APY_SWITCH_DISPATCH
  }
  __builtin_unreachable();
#endif

exception:
  // vm.frame_ is the frame that raised, or (entering a call failed) still the caller.
  frame = Interpreter::frame(vm);
  while (true) {
    if (!keep_traceback) add_traceback(vm, frame);
    keep_traceback = false;
    if (const ExceptionRange* handler = find_handler(frame)) {
      r = frame->registers();
      k = frame->code->constants;
      r[handler->exception_register] = vm.take_pending();
      pc = frame->code->instructions + handler->handler;
      DISPATCH();
    }
    bool entry = frame->flags & Frame::kEntry;
    Frame* caller = frame->caller;
    if (frame->flags & Frame::kHasObject) detach_frame(vm, frame);
    if (frame->flags & Frame::kHeap) {
      Generator* generator = generator_of(frame);
      convert_stop_iteration(vm, generator);
      finish_generator(vm, generator);
    } else {
      Interpreter::frame(vm) = caller;
      if (caller && (caller->flags & Frame::kHeap)) vm.stack_top_ = reinterpret_cast<Value*>(frame);
    }
    if (entry) return RunOutcome::Raised;
    frame = caller;
  }
}

}  // namespace apy
