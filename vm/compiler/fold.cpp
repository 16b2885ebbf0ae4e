#include "vm/compiler/fold.h"

#include <cmath>

namespace apy {
namespace {

using Kind = ConstantDraft::Kind;
using ast::BinaryOperator;
using ast::UnaryOperator;
using Wide = __int128;

constexpr Wide kMaxWide = (static_cast<Wide>(1) << 126);
constexpr size_t kMaxTextSize = 4096;
constexpr size_t kMaxTupleSize = 256;
constexpr int64_t kMaxExactInt = int64_t{1} << 53;

/// Ints beyond 127 bits are left to run time.
std::optional<Wide> wide_of(const ConstantDraft& constant) {
  if (constant.kind == Kind::Int) return constant.integer;
  if (constant.kind != Kind::BigInt) return {};
  std::string_view text = constant.text;
  bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && text[1] > '9') {
    char prefix = static_cast<char>(text[1] | 0x20);
    base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : 2;
    text.remove_prefix(2);
  }
  Wide value = 0;
  for (char c : text) {
    int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (value > (kMaxWide - digit) / base) return {};
    value = value * base + digit;
  }
  return negative ? -value : value;
}

ConstantDraft from_wide(Wide value) {
  if (value >= INT64_MIN && value <= INT64_MAX) {
    return ConstantDraft::from_int(static_cast<int64_t>(value));
  }
  ConstantDraft result;
  result.kind = Kind::BigInt;
  auto magnitude =
      value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  for (; magnitude; magnitude >>= 4) {
    result.text.insert(result.text.begin(), "0123456789abcdef"[static_cast<int>(magnitude & 15)]);
  }
  result.text.insert(0, value < 0 ? "-0x" : "0x");
  return result;
}

std::optional<Wide> floor_divide(Wide a, Wide b) {
  if (b == 0) return {};
  Wide quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

std::optional<Wide> multiply(Wide a, Wide b) {
  Wide result;
  if (__builtin_mul_overflow(a, b, &result)) return {};
  return result;
}

std::optional<Wide> power(Wide base, Wide exponent) {
  if (exponent < 0) return {};
  if (exponent == 0 || base == 1) return 1;
  if (base == 0) return 0;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  Wide result = 1;
  for (Wide i = 0; i < exponent; ++i) {
    auto next = multiply(result, base);
    if (!next || *next > kMaxWide || *next < -kMaxWide) return {};
    result = *next;
  }
  return result;
}

std::optional<Wide> fold_ints(BinaryOperator op, Wide a, Wide b) {
  Wide result;
  switch (op) {
    case BinaryOperator::Add:
      if (__builtin_add_overflow(a, b, &result)) return {};
      return result;
    case BinaryOperator::Sub:
      if (__builtin_sub_overflow(a, b, &result)) return {};
      return result;
    case BinaryOperator::Mult:
      return multiply(a, b);
    case BinaryOperator::FloorDiv:
      return floor_divide(a, b);
    case BinaryOperator::Mod: {
      auto quotient = floor_divide(a, b);
      if (!quotient) return {};
      return a - *quotient * b;
    }
    case BinaryOperator::Pow:
      return power(a, b);
    case BinaryOperator::LShift:
      if (b < 0 || b > 120) return {};
      return multiply(a, static_cast<Wide>(1) << static_cast<int>(b));
    case BinaryOperator::RShift:
      if (b < 0) return {};
      return a >> static_cast<int>(b > 127 ? 127 : b);
    case BinaryOperator::BitAnd:
      return a & b;
    case BinaryOperator::BitOr:
      return a | b;
    case BinaryOperator::BitXor:
      return a ^ b;
    default:
      return {};
  }
}

/// As a double if that is exact.
std::optional<double> double_of(const ConstantDraft& constant) {
  if (constant.kind == Kind::Float) return constant.real;
  if (constant.kind != Kind::Int) return {};
  if (constant.integer > kMaxExactInt || constant.integer < -kMaxExactInt) return {};
  return static_cast<double>(constant.integer);
}

std::optional<double> fold_floats(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::Add:
      return a + b;
    case BinaryOperator::Sub:
      return a - b;
    case BinaryOperator::Mult:
      return a * b;
    case BinaryOperator::Div:
      if (b == 0) return {};
      return a / b;
    default:
      return {};
  }
}

std::optional<ConstantDraft> fold_complex(BinaryOperator op, const ConstantDraft& left,
                                          const ConstantDraft& right) {
  auto part = [](const ConstantDraft& constant) -> std::optional<std::pair<double, double>> {
    if (constant.kind == Kind::Complex) return std::pair(constant.real, constant.imaginary);
    auto real = double_of(constant);
    if (!real) return {};
    return std::pair(*real, 0.0);
  };
  auto a = part(left), b = part(right);
  if (!a || !b) return {};
  if (op == BinaryOperator::Add) {
    return ConstantDraft::from_complex(a->first + b->first, a->second + b->second);
  }
  if (op == BinaryOperator::Sub) {
    return ConstantDraft::from_complex(a->first - b->first, a->second - b->second);
  }
  return {};
}

bool is_text(const ConstantDraft& constant) {
  return constant.kind == Kind::Str || constant.kind == Kind::Bytes;
}

std::optional<ConstantDraft> repeat(const ConstantDraft& sequence, int64_t count) {
  ConstantDraft result;
  result.kind = sequence.kind;
  if (count <= 0) return result;
  if (is_text(sequence)) {
    if (sequence.text.size() * static_cast<uint64_t>(count) > kMaxTextSize ||
        count > static_cast<int64_t>(kMaxTextSize)) {
      return {};
    }
    for (int64_t i = 0; i < count; ++i) result.text += sequence.text;
    return result;
  }
  if (count > static_cast<int64_t>(kMaxTupleSize) ||
      sequence.items.size() * static_cast<uint64_t>(count) > kMaxTupleSize) {
    return {};
  }
  for (int64_t i = 0; i < count; ++i) {
    for (const ConstantDraft& item : sequence.items) result.items.push_back(item.clone());
  }
  return result;
}

std::optional<ConstantDraft> fold_sequences(BinaryOperator op, const ConstantDraft& left,
                                            const ConstantDraft& right) {
  bool left_is_sequence = is_text(left) || left.kind == Kind::Tuple;
  bool right_is_sequence = is_text(right) || right.kind == Kind::Tuple;
  if (op == BinaryOperator::Mult && left_is_sequence && right.kind == Kind::Int) {
    return repeat(left, right.integer);
  }
  if (op == BinaryOperator::Mult && right_is_sequence && left.kind == Kind::Int) {
    return repeat(right, left.integer);
  }
  if (op != BinaryOperator::Add || !left_is_sequence || left.kind != right.kind) return {};
  if (left.text.size() + right.text.size() > kMaxTextSize) return {};
  if (left.items.size() + right.items.size() > kMaxTupleSize) return {};
  ConstantDraft result = left.clone();
  result.interned = false;
  result.text += right.text;
  for (const ConstantDraft& item : right.items) result.items.push_back(item.clone());
  return result;
}

}  // namespace

ConstantDraft literal(const ast::ConstantValue& value) {
  ConstantDraft result;
  switch (value.kind) {
    case ast::ConstantKind::None:
      break;
    case ast::ConstantKind::True:
      result.kind = Kind::True;
      break;
    case ast::ConstantKind::False:
      result.kind = Kind::False;
      break;
    case ast::ConstantKind::Ellipsis:
      result.kind = Kind::Ellipsis;
      break;
    case ast::ConstantKind::Int:
      return ConstantDraft::from_int(value.integer);
    case ast::ConstantKind::BigInt:
      result.kind = Kind::BigInt;
      result.text = std::string(value.text);
      break;
    case ast::ConstantKind::Float:
      return ConstantDraft::from_float(value.real);
    case ast::ConstantKind::Imaginary:
      return ConstantDraft::from_complex(0, value.real);
    case ast::ConstantKind::Str:
      return ConstantDraft::from_str(std::string(value.text));
    case ast::ConstantKind::Bytes:
      result.kind = Kind::Bytes;
      result.text = std::string(value.text);
      break;
  }
  return result;
}

std::optional<ConstantDraft> fold_binary(BinaryOperator op, const ConstantDraft& left,
                                         const ConstantDraft& right) {
  auto a = wide_of(left), b = wide_of(right);
  if (a && b && op != BinaryOperator::Div) {
    auto result = fold_ints(op, *a, *b);
    if (!result) return {};
    return from_wide(*result);
  }
  if (left.kind == Kind::Complex || right.kind == Kind::Complex) {
    return fold_complex(op, left, right);
  }
  auto x = double_of(left), y = double_of(right);
  if (x && y) {
    auto result = fold_floats(op, *x, *y);
    if (!result) return {};
    return ConstantDraft::from_float(*result);
  }
  return fold_sequences(op, left, right);
}

std::optional<ConstantDraft> fold_unary(UnaryOperator op, const ConstantDraft& operand) {
  if (op == UnaryOperator::Not) return ConstantDraft::boolean(!is_true(operand));
  if (auto integer = wide_of(operand)) {
    if (op == UnaryOperator::UAdd) return operand.clone();
    return from_wide(op == UnaryOperator::USub ? -*integer : ~*integer);
  }
  if (operand.kind == Kind::BigInt && op == UnaryOperator::USub) {
    ConstantDraft result = operand.clone();
    if (result.text.front() == '-') {
      result.text.erase(0, 1);
    } else {
      result.text.insert(0, "-");
    }
    return result;
  }
  bool is_float = operand.kind == Kind::Float || operand.kind == Kind::Complex;
  if (!is_float || op == UnaryOperator::Invert) return {};
  ConstantDraft result = operand.clone();
  if (op == UnaryOperator::USub) {
    result.real = -result.real;
    result.imaginary = -result.imaginary;
  }
  return result;
}

std::optional<ConstantDraft> fold(const ast::Expression* expression, int optimize) {
  switch (expression->kind) {
    case ast::NodeKind::Constant:
      return literal(expression->as<ast::Constant>()->value);
    case ast::NodeKind::Name:
      if (expression->as<ast::Name>()->id.view() != "__debug__") return {};
      return ConstantDraft::boolean(optimize == 0);
    case ast::NodeKind::UnaryOp: {
      auto* node = expression->as<ast::UnaryOp>();
      auto operand = fold(node->operand, optimize);
      if (!operand) return {};
      return fold_unary(node->op, *operand);
    }
    case ast::NodeKind::BinOp: {
      auto* node = expression->as<ast::BinOp>();
      // Chains are folded by whoever walks them; see Compiler::binary_operation.
      if (node->left->is<ast::BinOp>()) return {};
      auto left = fold(node->left, optimize);
      if (!left) return {};
      auto right = fold(node->right, optimize);
      if (!right) return {};
      return fold_binary(node->op, *left, *right);
    }
    case ast::NodeKind::Tuple: {
      auto* node = expression->as<ast::Tuple>();
      std::vector<ConstantDraft> items;
      for (ast::Expression* element : node->elts) {
        auto item = fold(element, optimize);
        if (!item) return {};
        items.push_back(std::move(*item));
      }
      return ConstantDraft::tuple(std::move(items));
    }
    default:
      return {};
  }
}

bool is_true(const ConstantDraft& constant) {
  switch (constant.kind) {
    case Kind::None:
    case Kind::False:
      return false;
    case Kind::Int:
      return constant.integer != 0;
    case Kind::Float:
      return constant.real != 0;
    case Kind::Complex:
      return constant.real != 0 || constant.imaginary != 0;
    case Kind::Str:
    case Kind::Bytes:
      return !constant.text.empty();
    case Kind::Tuple:
    case Kind::FrozenSet:
      return !constant.items.empty();
    default:
      return true;
  }
}

}  // namespace apy
