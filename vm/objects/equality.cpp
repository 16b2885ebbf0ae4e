#include "vm/objects/equality.h"

#include "vm/objects/containers.h"
#include "vm/objects/number.h"
#include "vm/objects/str.h"

namespace apy {

namespace {

/// Deeper nesting is left to the general comparison, which guards the native stack.
constexpr int kDeepest = 8;
/// Every int up to this is a double.
constexpr int64_t kExactInDouble = int64_t{1} << 53;

Equality equality_of(bool equal) { return equal ? Equality::Yes : Equality::No; }

inline Equality item_equality(const Value* a, const Value* b, size_t count, int depth) {
  if (depth == kDeepest) return Equality::Undecided;
  for (size_t i = 0; i < count; ++i) {
    if (a[i].is(b[i])) continue;
    if (Value::both_small_int(a[i], b[i])) return Equality::No;
    Equality items = plain_equality_of_others(a[i], b[i], depth + 1);
    if (items != Equality::Yes) return items;
  }
  return Equality::Yes;
}

Equality cell_equality(const Cell* a, const Cell* b, int depth) {
  if (a->shape != b->shape) {
    auto is_plain = [](const Cell* cell) {
      return cell->shape == shape_of(BuiltinType::Str) ||
             cell->shape == shape_of(BuiltinType::Tuple) ||
             cell->shape == shape_of(BuiltinType::List);
    };
    return is_plain(a) && is_plain(b) ? Equality::No : Equality::Undecided;
  }
  switch (a->shape) {
    case shape_of(BuiltinType::Str):
      return equality_of(str_equal(static_cast<const Str*>(a), static_cast<const Str*>(b)));
    case shape_of(BuiltinType::Bytes):
      return equality_of(static_cast<const Bytes*>(a)->view() ==
                         static_cast<const Bytes*>(b)->view());
    case shape_of(BuiltinType::List): {
      auto x = static_cast<const List*>(a)->span(), y = static_cast<const List*>(b)->span();
      if (x.size() != y.size()) return Equality::No;
      return item_equality(x.data(), y.data(), x.size(), depth);
    }
    case shape_of(BuiltinType::Float):
      return equality_of(static_cast<const FloatCell*>(a)->value ==
                         static_cast<const FloatCell*>(b)->value);
    default:
      return Equality::Undecided;
  }
}

/// A number in the word itself, not both small ints.
Equality number_equality(Value a, Value b) {
  // Floats that are held in the word have one word each.
  if (a.is_inline_float() && b.is_inline_float()) return Equality::No;
  Value number = a.is_small_int() ? b : a, integer = a.is_small_int() ? a : b;
  if (!number.is_inline_float() || !integer.is_small_int()) return Equality::Undecided;
  int64_t i = integer.as_small_int();
  if (i < -kExactInDouble || i > kExactInDouble) return Equality::Undecided;
  return equality_of(number.as_inline_float() == static_cast<double>(i));
}

}  // namespace

Equality plain_equality_of_others(Value a, Value b, int depth) {
  if (a.is(b)) return Equality::Yes;
  if (is_exact(a, BuiltinType::Tuple) && is_exact(b, BuiltinType::Tuple)) {
    const Tuple *x = as<Tuple>(a), *y = as<Tuple>(b);
    if (x->length != y->length) return Equality::No;
    return item_equality(x->values(), y->values(), x->length, depth);
  }
  if (a.is_cell() && b.is_cell()) return cell_equality(a.cell(), b.cell(), depth);
  bool numbers = (a.is_small_int() || a.is_inline_float()) && !b.is_cell();
  if (numbers) return number_equality(a, b);
  // None and the like, or a number, beside a string.
  if (is_exact(a, BuiltinType::Str) || is_exact(b, BuiltinType::Str)) return Equality::No;
  return a.is_none() && !b.is_cell() ? Equality::No : Equality::Undecided;
}

}  // namespace apy
