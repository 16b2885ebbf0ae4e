#pragma once
// The methods that str, bytes and bytearray share, once. TextMethods<Family>; a Family (StrFamily,
// BytesFamily<...>) says how to read units, take an operand from an argument, and make a result:
//
//   Self, Operand, Builder        the struct, what an argument becomes, StrBuilder or ByteBuilder
//   length(self), size(operand)
//   units(self, f)                f(const Unit*)
//   pair(self, operand, absent, f)  f(units, operand_units) with one unit type; `absent` when it
//   cannot occur slice(vm, self, b, e)         a new object (self itself when the type is immutable
//   and nothing is cut off) make(vm, builder) needle / operand / separator / affix(vm, value, ...)
//   with the error texts of the type
#include "vm/objects/indexing.h"
#include "vm/objects/units.h"

namespace apy {

/// A resolved [start:end] pair. When start lies behind the text nothing is found, not even an empty
/// operand.
struct TextBounds {
  size_t begin, end;
  bool valid;
};

/// `start` and `end` arguments: None or __index__, clamped. Unlike list.index they may be None.
inline Result<int64_t> text_bound(VM& vm, const Optional<Value>& bound, int64_t fallback) {
  if (!bound.present || bound.value.is_none()) return fallback;
  if (bound.value.is_small_int()) return bound.value.as_small_int();
  if (!is_int(bound.value) && type_special(vm, vm.type_of(bound.value), Special::Index).is_empty())
    return vm.raise(Exc::TypeError,
                    "slice indices must be integers or None or have an __index__ method");
  return to_int64_clamped(vm, bound.value);
}
inline TextBounds clamp_bounds(int64_t start, int64_t end, size_t length) {
  auto n = static_cast<int64_t>(length);
  auto clamp = [n](int64_t i) { return i < 0 ? std::max<int64_t>(i + n, 0) : i; };
  start = clamp(start);
  end = std::min(clamp(end), n);
  return {static_cast<size_t>(std::min(start, n)), static_cast<size_t>(end), start <= end};
}

inline Value compare_result(CompareOp op, int order) {
  switch (op) {
    case CompareOp::Less:
      return Value::boolean(order < 0);
    case CompareOp::LessEqual:
      return Value::boolean(order <= 0);
    case CompareOp::Equal:
      return Value::boolean(order == 0);
    case CompareOp::NotEqual:
      return Value::boolean(order != 0);
    case CompareOp::Greater:
      return Value::boolean(order > 0);
    case CompareOp::GreaterEqual:
      return Value::boolean(order >= 0);
  }
  return Value::none();
}

template <class Family>
struct TextMethods {
  using Self = typename Family::Self;
  using Operand = typename Family::Operand;
  using Builder = typename Family::Builder;
  using Bound = Optional<Value>;

  static Result<TextBounds> bounds(VM& vm, Self* self, const Bound& start, const Bound& end) {
    int64_t from = TRY(text_bound(vm, start, 0));
    int64_t to = TRY(text_bound(vm, end, INT64_MAX));
    return clamp_bounds(from, to, Family::length(self));
  }

  // --- searching ---

  static int64_t search(Self* self, Operand operand, TextBounds b, bool last) {
    if (!b.valid) return -1;
    size_t n = b.end - b.begin, m = Family::size(operand);
    return Family::pair(self, operand, int64_t{-1}, [&](const auto* s, const auto* p) {
      int64_t at = last ? rfind_units(s + b.begin, n, p, m) : find_units(s + b.begin, n, p, m);
      return at < 0 ? at : at + static_cast<int64_t>(b.begin);
    });
  }
  static Result<int64_t> find(VM& vm, Self* self, Value sub, Bound start, Bound end) {
    Operand operand = TRY(Family::needle(vm, sub, "find"));
    return search(self, operand, TRY(bounds(vm, self, start, end)), false);
  }
  static Result<int64_t> rfind(VM& vm, Self* self, Value sub, Bound start, Bound end) {
    Operand operand = TRY(Family::needle(vm, sub, "rfind"));
    return search(self, operand, TRY(bounds(vm, self, start, end)), true);
  }
  static Result<int64_t> index(VM& vm, Self* self, Value sub, Bound start, Bound end) {
    Operand operand = TRY(Family::needle(vm, sub, "index"));
    int64_t at = search(self, operand, TRY(bounds(vm, self, start, end)), false);
    if (at < 0) return vm.raise(Exc::ValueError, Family::kNotFound);
    return at;
  }
  static Result<int64_t> rindex(VM& vm, Self* self, Value sub, Bound start, Bound end) {
    Operand operand = TRY(Family::needle(vm, sub, "rindex"));
    int64_t at = search(self, operand, TRY(bounds(vm, self, start, end)), true);
    if (at < 0) return vm.raise(Exc::ValueError, Family::kNotFound);
    return at;
  }
  static Result<int64_t> count(VM& vm, Self* self, Value sub, Bound start, Bound end) {
    Operand operand = TRY(Family::needle(vm, sub, "count"));
    TextBounds b = TRY(bounds(vm, self, start, end));
    if (!b.valid) return int64_t{0};
    return Family::pair(self, operand, int64_t{0}, [&](const auto* s, const auto* p) {
      return static_cast<int64_t>(
          count_units(s + b.begin, b.end - b.begin, p, Family::size(operand), SIZE_MAX));
    });
  }

  static bool matches(Self* self, Operand operand, TextBounds b, bool at_end) {
    size_t m = Family::size(operand);
    if (!b.valid || m > b.end - b.begin) return false;
    size_t at = at_end ? b.end - m : b.begin;
    return Family::pair(self, operand, false, [&](const auto* s, const auto* p) {
      return m == 0 || std::memcmp(s + at, p, m * sizeof(*p)) == 0;
    });
  }
  static Result<bool> match_any(VM& vm, Self* self, Value what, const Bound& start,
                                const Bound& end, bool at_end) {
    const char* method = at_end ? "endswith" : "startswith";
    TextBounds b = TRY(bounds(vm, self, start, end));
    if (Tuple* tuple = try_as<Tuple>(what)) {
      for (size_t i = 0; i < tuple->length; ++i) {
        Operand operand = TRY(Family::affix_in_tuple(vm, tuple->values()[i], method));
        if (matches(self, operand, b, at_end)) return true;
      }
      return false;
    }
    return matches(self, TRY(Family::affix(vm, what, method)), b, at_end);
  }
  static Result<bool> startswith(VM& vm, Self* self, Value prefix, Bound start, Bound end) {
    return match_any(vm, self, prefix, start, end, false);
  }
  static Result<bool> endswith(VM& vm, Self* self, Value suffix, Bound start, Bound end) {
    return match_any(vm, self, suffix, start, end, true);
  }
  static Result<Value> removeprefix(VM& vm, Self* self, Value prefix) {
    Operand operand = TRY(Family::operand(vm, prefix, "removeprefix() argument"));
    size_t n = Family::length(self);
    bool found = matches(self, operand, {0, n, true}, false);
    return Family::slice(vm, self, found ? Family::size(operand) : 0, n);
  }
  static Result<Value> removesuffix(VM& vm, Self* self, Value suffix) {
    Operand operand = TRY(Family::operand(vm, suffix, "removesuffix() argument"));
    size_t n = Family::length(self);
    bool found = matches(self, operand, {0, n, true}, true);
    return Family::slice(vm, self, 0, found ? n - Family::size(operand) : n);
  }

  // --- splitting ---

  /// Runs split(emit) into a new list of pieces.
  template <class Split>
  static Result<List*> pieces(VM& vm, Self* self, Split split) {
    List* list = TRY(make_list(vm, 12));
    auto emit = [&](size_t begin, size_t end) -> Result<void> {
      return list_append(vm, list, TRY(Family::slice(vm, self, begin, end)));
    };
    TRY(split(emit));
    return list;
  }
  static size_t limit_of(const Optional<int64_t>& maximum) {
    return maximum.value_or(-1) < 0 ? SIZE_MAX : static_cast<size_t>(maximum.value);
  }
  static Result<Operand> nonempty_separator(VM& vm, Value separator) {
    Operand operand = TRY(Family::separator(vm, separator));
    if (Family::size(operand) == 0) return vm.raise(Exc::ValueError, "empty separator");
    return operand;
  }
  template <bool kRight>
  static Result<List*> split_any(VM& vm, Self* self, const Bound& sep,
                                 const Optional<int64_t>& maximum) {
    size_t limit = limit_of(maximum);
    if (!sep.present || sep.value.is_none()) {
      List* list = TRY(pieces(vm, self, [&](auto emit) {
        return Family::units(self, [&](const auto* s) {
          auto is_space = [](uint32_t c) { return Family::is_space(c); };
          size_t n = Family::length(self);
          return kRight ? rsplit_space(s, n, limit, is_space, emit)
                        : split_space(s, n, limit, is_space, emit);
        });
      }));
      if (kRight && list->length) std::reverse(list->values(), list->values() + list->length);
      return list;
    }
    Operand operand = TRY(nonempty_separator(vm, sep.value));
    size_t n = Family::length(self), m = Family::size(operand);
    List* list = TRY(pieces(vm, self, [&](auto emit) -> Result<void> {
      bool possible =
          Family::pair(self, operand, false, [](const auto*, const auto*) { return true; });
      if (!possible) return emit(0, n);
      return Family::pair(self, operand, Result<void>(), [&](const auto* s, const auto* p) {
        return kRight ? rsplit_units(s, n, p, m, limit, emit)
                      : split_units(s, n, p, m, limit, emit);
      });
    }));
    if (kRight) std::reverse(list->values(), list->values() + list->length);
    return list;
  }
  static Result<List*> split(VM& vm, Self* self, Bound sep, Optional<int64_t> maximum) {
    return split_any<false>(vm, self, sep, maximum);
  }
  static Result<List*> rsplit(VM& vm, Self* self, Bound sep, Optional<int64_t> maximum) {
    return split_any<true>(vm, self, sep, maximum);
  }
  static Result<List*> splitlines(VM& vm, Self* self, Optional<bool> keep_ends) {
    return pieces(vm, self, [&](auto emit) {
      return Family::units(self, [&](const auto* s) {
        auto is_break = [](uint32_t c) { return Family::is_line_break(c); };
        return split_lines(s, Family::length(self), keep_ends.value_or(false), is_break, emit);
      });
    });
  }
  template <bool kRight>
  static Result<Value> partition_any(VM& vm, Self* self, Value separator) {
    Operand operand = TRY(Family::operand(vm, separator, nullptr));
    size_t n = Family::length(self), m = Family::size(operand);
    if (m == 0) return vm.raise(Exc::ValueError, "empty separator");
    int64_t found = search(self, operand, {0, n, true}, kRight);
    size_t head = found >= 0 ? static_cast<size_t>(found) : kRight ? 0 : n;
    size_t tail = found >= 0 ? head + m : kRight ? 0 : n;
    Value parts[] = {TRY(Family::slice(vm, self, 0, head)),
                     TRY(Family::slice(vm, self, head, tail)),
                     TRY(Family::slice(vm, self, tail, n))};
    // What need not be copied is the object itself, of whatever class.
    if (!Family::kMutable) {
      if (found >= 0)
        parts[1] = separator;
      else
        parts[kRight ? 2 : 0] = self;
    }
    return make_tuple(vm, parts);
  }
  static Result<Value> partition(VM& vm, Self* self, Value separator) {
    return partition_any<false>(vm, self, separator);
  }
  static Result<Value> rpartition(VM& vm, Self* self, Value separator) {
    return partition_any<true>(vm, self, separator);
  }

  // --- stripping and padding ---

  template <class Test>
  static Result<Value> strip_where(VM& vm, Self* self, bool left, bool right, Test test) {
    size_t begin = 0, end = Family::length(self);
    Family::units(self, [&](const auto* s) {
      while (left && begin < end && test(s[begin])) ++begin;
      while (right && end > begin && test(s[end - 1])) --end;
    });
    return Family::slice(vm, self, begin, end);
  }
  static Result<Value> strip_any(VM& vm, Self* self, const Bound& chars, const char* method,
                                 bool left, bool right) {
    if (!chars.present || chars.value.is_none())
      return strip_where(vm, self, left, right, [](uint32_t c) { return Family::is_space(c); });
    Operand operand = TRY(Family::strip_set(vm, chars.value, method));
    uint64_t low[4] = {};
    for (size_t i = 0; i < Family::size(operand); ++i)
      if (uint32_t c = Family::at(operand, i); c < 256) low[c / 64] |= uint64_t{1} << (c % 64);
    return strip_where(vm, self, left, right, [&](uint32_t c) {
      if (c < 256) return (low[c / 64] >> (c % 64) & 1) != 0;
      for (size_t i = 0; i < Family::size(operand); ++i)
        if (Family::at(operand, i) == c) return true;
      return false;
    });
  }
  static Result<Value> strip(VM& vm, Self* self, Bound chars) {
    return strip_any(vm, self, chars, "strip", true, true);
  }
  static Result<Value> lstrip(VM& vm, Self* self, Bound chars) {
    return strip_any(vm, self, chars, "lstrip", true, false);
  }
  static Result<Value> rstrip(VM& vm, Self* self, Bound chars) {
    return strip_any(vm, self, chars, "rstrip", false, true);
  }

  static Result<Value> padded(VM& vm, Self* self, size_t left, size_t right, uint32_t fill) {
    if (left == 0 && right == 0) return Family::slice(vm, self, 0, Family::length(self));
    Builder builder(vm);
    builder.append_repeated(fill, left);
    Family::append(builder, self, 0, Family::length(self));
    builder.append_repeated(fill, right);
    return Family::make(vm, builder);
  }
  static size_t missing(Self* self, int64_t width) {
    auto n = static_cast<int64_t>(Family::length(self));
    return width > n ? static_cast<size_t>(width - n) : 0;
  }
  static Result<Value> ljust(VM& vm, Self* self, int64_t width, Bound fill) {
    uint32_t unit = TRY(Family::fill(vm, fill, "ljust"));
    return padded(vm, self, 0, missing(self, width), unit);
  }
  static Result<Value> rjust(VM& vm, Self* self, int64_t width, Bound fill) {
    uint32_t unit = TRY(Family::fill(vm, fill, "rjust"));
    return padded(vm, self, missing(self, width), 0, unit);
  }
  static Result<Value> center(VM& vm, Self* self, int64_t width, Bound fill) {
    uint32_t unit = TRY(Family::fill(vm, fill, "center"));
    size_t pad = missing(self, width);
    size_t left = pad / 2 + (pad & static_cast<size_t>(width) & 1);
    return padded(vm, self, left, pad - left, unit);
  }
  static Result<Value> zfill(VM& vm, Self* self, int64_t width) {
    size_t pad = missing(self, width), n = Family::length(self);
    if (pad == 0) return Family::slice(vm, self, 0, n);
    uint32_t first = n ? Family::units(self, [](const auto* s) { return uint32_t{s[0]}; }) : 0;
    size_t sign = first == '+' || first == '-';
    Builder builder(vm);
    Family::append(builder, self, 0, sign);
    builder.append_repeated('0', pad);
    Family::append(builder, self, sign, n);
    return Family::make(vm, builder);
  }
  static Result<Value> expandtabs(VM& vm, Self* self, Optional<int64_t> tab_size) {
    int64_t size = tab_size.value_or(8);
    if (size > INT32_MAX || size < INT32_MIN)
      return vm.raise(Exc::OverflowError, "Python int too large to convert to C int");
    Builder builder(vm);
    size_t column = 0, width = size > 0 ? static_cast<size_t>(size) : 0;
    Family::units(self, [&](const auto* s) {
      for (size_t i = 0; i < Family::length(self); ++i) {
        if (s[i] == '\t') {
          size_t spaces = width ? width - column % width : 0;
          builder.append_repeated(' ', spaces);
          column += spaces;
          continue;
        }
        column = s[i] == '\n' || s[i] == '\r' ? 0 : column + 1;
        builder.append(uint32_t{s[i]});
      }
    });
    return Family::make(vm, builder);
  }

  // --- replacing, repeating, items ---

  static Result<Value> replace_all(VM& vm, Self* self, Operand old, Operand replacement,
                                   size_t limit) {
    size_t n = Family::length(self), m = Family::size(old), count = 0;
    count = Family::pair(self, old, size_t{0}, [&](const auto* s, const auto* p) {
      return count_units(s, n, p, m, limit);
    });
    if (count == 0) return Family::slice(vm, self, 0, n);
    size_t added = Family::size(replacement);
    if (added > 0 && count > kMaxTextBytes / added) return vm.out_of_memory();
    Builder builder(vm);
    builder.expect(n - m * count + added * count);
    Family::pair(self, old, 0, [&](const auto* s, const auto* p) {
      size_t from = 0;
      for (size_t i = 0; i < count; ++i) {
        size_t at;
        if (m == 0) {
          at = i;
        } else {
          at = from + static_cast<size_t>(find_units(s + from, n - from, p, m));
        }
        Family::append(builder, self, from, at);
        builder.append(replacement);
        from = at + m;
      }
      Family::append(builder, self, from, n);
      return 0;
    });
    return Family::make(vm, builder);
  }

  static Result<Value> get_item(VM& vm, Self* self, Value key) {
    Slice* slice = try_as<Slice>(key);
    if (!slice) return Family::item(vm, self, key);
    SliceIndices s = TRY(slice_indices_of(vm, slice, self->length));
    if (s.step == 1 || s.count <= 1)
      return Family::slice(vm, self, s.count ? static_cast<size_t>(s.start) : 0,
                           s.count ? static_cast<size_t>(s.start + s.count) : 0);
    return Family::stepped_slice(vm, self, s);
  }
  static Result<Value> multiply(VM& vm, Self* self, Value times) {
    int64_t count = TRY(repeat_count(vm, times));
    if (count == kNotACount) return Value::not_implemented();
    return Family::repeat(vm, self, count);
  }
  static Result<int64_t> length(VM&, Self* self) {
    return static_cast<int64_t>(Family::length(self));
  }
};

}  // namespace apy
