#include "vm/interpreter/script_operators.h"

#include <array>

#include "vm/objects/equality.h"
#include "vm/objects/protocol.h"
#include "vm/objects/special_call.h"

namespace apy::slow {

namespace {

/// What an operator instruction asks for.
struct Operation {
  enum class Kind : uint8_t { Binary, InPlace, Compare, Branch } kind;
  uint8_t op;
  bool int_operand;  // the right operand is a number in the instruction
};

// clang-format off
#define BINARY_OPERATIONS(OPERATION) \
  OPERATION(Add) OPERATION(Subtract) OPERATION(Multiply) OPERATION(TrueDivide) OPERATION(FloorDivide) \
  OPERATION(Modulo) OPERATION(Power) OPERATION(MatrixMultiply) OPERATION(LeftShift) \
  OPERATION(RightShift) OPERATION(BitAnd) OPERATION(BitOr) OPERATION(BitXor)
#define COMPARISONS(COMPARISON) \
  COMPARISON(Less) COMPARISON(LessEqual) COMPARISON(Equal) COMPARISON(NotEqual) COMPARISON(Greater) \
  COMPARISON(GreaterEqual)
// clang-format on

constexpr Operation find_operation(Opcode opcode) {
  using Kind = Operation::Kind;
  switch (opcode) {
#define OPERATION(Name) \
  case Opcode::Name:    \
    return {Kind::Binary, static_cast<uint8_t>(BinaryOp::Name), false};
    BINARY_OPERATIONS(OPERATION)
#undef OPERATION
#define OPERATION(Name)       \
  case Opcode::InPlace##Name: \
    return {Kind::InPlace, static_cast<uint8_t>(BinaryOp::Name), false};
    OPERATION(Add)
    OPERATION(Subtract)
    OPERATION(Multiply)
#undef OPERATION
#define OPERATION(Name)       \
  case Opcode::Name##ToLeft:  \
  case Opcode::Name##ToRight: \
    return {Kind::Binary, static_cast<uint8_t>(BinaryOp::Name), false};
    OPERATION(Add)
    OPERATION(Subtract)
    OPERATION(Multiply)
    OPERATION(TrueDivide)
#undef OPERATION
#define COMPARISON(Name)                                                  \
  case Opcode::Name:                                                      \
    return {Kind::Compare, static_cast<uint8_t>(CompareOp::Name), false}; \
  case Opcode::JumpIf##Name:                                              \
  case Opcode::JumpUnless##Name:                                          \
    return {Kind::Branch, static_cast<uint8_t>(CompareOp::Name), false};  \
  case Opcode::JumpIf##Name##Int:                                         \
  case Opcode::JumpUnless##Name##Int:                                     \
    return {Kind::Branch, static_cast<uint8_t>(CompareOp::Name), true};
    COMPARISONS(COMPARISON)
#undef COMPARISON
    default:
      return {Kind::Binary, 0, false};  // no operator: nobody asks
  }
}

constexpr auto kOperations = [] {
  std::array<Operation, static_cast<size_t>(Opcode::Count)> operations{};
  for (size_t i = 0; i < operations.size(); ++i)
    operations[i] = find_operation(static_cast<Opcode>(i));
  return operations;
}();
const Operation& operation_of(Opcode opcode) { return kOperations[static_cast<size_t>(opcode)]; }
#undef BINARY_OPERATIONS
#undef COMPARISONS

Value right_of_branch(const Frame* frame, const Instruction* i, bool int_operand) {
  return int_operand ? Value::small_int(i->signed_b()) : frame->registers()[i->b];
}

/// Numbers that a double holds exactly; most zeros are here, which are no inline floats.
bool as_double(Value v, double* out) {
  constexpr int64_t kExact = int64_t{1} << 53;
  if (v.is_inline_float()) {
    *out = v.as_inline_float();
  } else if (is_exact(v, BuiltinType::Float)) {
    *out = as<FloatCell>(v)->value;
  } else if (v.is_small_int() && v.as_small_int() >= -kExact && v.as_small_int() <= kExact) {
    *out = static_cast<double>(v.as_small_int());
  } else {
    return false;
  }
  return true;
}

OperatorOutcome decide(VM& vm, Result<Value> value) {
  if (value.is_error()) return OperatorOutcome::Error;
  auto truth = is_truthy(vm, value.value());
  if (truth.is_error()) return OperatorOutcome::Error;
  return truth.value() ? OperatorOutcome::True : OperatorOutcome::False;
}

/// The special method of `a` when it is a script function and the type of `b` does not come first.
Value script_method(VM& vm, Special special, Value a, Value b) {
  if (!a.is_cell()) return Value();
  Type* left_type = vm.type_of(a.cell());
  if (!(left_type->flags & Type::kHeapType)) return Value();
  Value method = type_special(vm, left_type, special);
  if (!is_kind(method, CellKind::Function)) return Value();
  Type* right_type = vm.type_of(b);
  bool right_first = right_type != left_type && (right_type->flags & Type::kHeapType) &&
                     right_type->is_subtype_of(left_type);
  return right_first ? Value() : method;
}

}  // namespace

Value script_operator(VM& vm, BinaryOp op, Value a, Value b) {
  return script_method(vm, special_of(op), a, b);
}

Value script_comparison(VM& vm, CompareOp op, Value a, Value b) {
  return script_method(vm, special_of(op), a, b);
}

bool float_operands(Value a, Value b, double* x, double* y) {
  return !Value::both_small_int(a, b) && as_double(a, x) && as_double(b, y);
}

namespace {
bool compare_strings(CompareOp op, const Str* a, const Str* b) {
  switch (op) {
    case CompareOp::Equal:
      return str_equal(a, b);
    case CompareOp::NotEqual:
      return !str_equal(a, b);
    case CompareOp::Less:
      return str_compare(a, b) < 0;
    case CompareOp::LessEqual:
      return str_compare(a, b) <= 0;
    case CompareOp::Greater:
      return str_compare(a, b) > 0;
    case CompareOp::GreaterEqual:
      return str_compare(a, b) >= 0;
  }
  return false;
}
}  // namespace

std::optional<bool> compare_plain(CompareOp op, Value a, Value b) {
  if (is_exact(a, BuiltinType::Str) && is_exact(b, BuiltinType::Str))
    return compare_strings(op, as<Str>(a), as<Str>(b));
  bool equality = op == CompareOp::Equal || op == CompareOp::NotEqual;
  if (equality && (is_exact(a, BuiltinType::Str) || is_exact(a, BuiltinType::Tuple))) {
    Equality outcome = plain_equality(a, b);
    if (outcome == Equality::Undecided) return {};
    return (outcome == Equality::Yes) == (op == CompareOp::Equal);
  }
  double x, y;
  if (float_operands(a, b, &x, &y)) {
    switch (op) {
      case CompareOp::Less:
        return x < y;
      case CompareOp::LessEqual:
        return x <= y;
      case CompareOp::Equal:
        return x == y;
      case CompareOp::NotEqual:
        return x != y;
      case CompareOp::Greater:
        return x > y;
      case CompareOp::GreaterEqual:
        return x >= y;
    }
  }
  return {};
}

OperatorOutcome compare_branch(VM& vm, Frame* frame, const Instruction* i) {
  Operation operation = operation_of(i->opcode);
  CompareOp op = static_cast<CompareOp>(operation.op);
  Value left = frame->registers()[i->a], right = right_of_branch(frame, i, operation.int_operand);
  Value method = script_comparison(vm, op, left, right);
  if (method.is_empty()) {
    if (auto truth = compare_plain(op, left, right))
      return *truth ? OperatorOutcome::True : OperatorOutcome::False;
  }
  if (!method.is_empty()) {
    // No register receives the value: operator_returned sees it first.
    return enter_script(vm, frame, method, 0, Frame::kOperator, left, right)
               ? OperatorOutcome::Entered
               : OperatorOutcome::Error;
  }
  return decide(vm, compare(vm, op, left, right));
}

OperatorOutcome operator_returned(VM& vm, Frame* frame, Value value) {
  const Instruction* i = frame->pc - 1;
  Operation operation = operation_of(i->opcode);
  Value* r = frame->registers();
  if (operation.kind == Operation::Kind::Branch) {
    if (value.is_not_implemented()) {
      Value right = right_of_branch(frame, i, operation.int_operand);
      return decide(vm, compare_declined(vm, static_cast<CompareOp>(operation.op), r[i->a], right));
    }
    return decide(vm, value);
  }
  if (value.is_not_implemented()) {
    bool in_place = operation.kind == Operation::Kind::InPlace;
    auto result =
        operation.kind == Operation::Kind::Compare
            ? compare_declined(vm, static_cast<CompareOp>(operation.op), r[i->b], r[i->c])
            : binary_declined(vm, static_cast<BinaryOp>(operation.op), in_place, r[i->b], r[i->c]);
    if (result.is_error()) return OperatorOutcome::Error;
    value = result.value();
  }
  r[i->a] = value;
  return OperatorOutcome::Done;
}

}  // namespace apy::slow
