// list.sort: a stable merge sort that uses the order already there (powersort).
//
// The list is cut into runs that are ascending or descending (these are reversed); short runs are
// extended by binary insertion. Up to there the items are compared in the order of the reference
// implementation, so that sorting a list of values that cannot be compared names the same two
// types. Each boundary between two runs has a "power", the depth at which it would be in a nearly
// balanced binary tree over the list; runs on the stack are merged while the boundary below is
// deeper than the new one. Merging first skips what is already in place, then copies the shorter
// side out and merges; when one side wins many times in a row it searches by doubling steps
// (gallops).
//
// The items, or pairs of key and item, are in an array of the heap during the sort, and the
// copied-out side in another. Every value is in one of them at any time, so that a collection in
// the middle of a comparison finds it; both are reported as written to before each comparison that
// may allocate.
//
// The comparison is chosen once by looking at all keys: small ints, floats and strings compare
// without calls into the object model; tuples compare by their first items when those are all of
// one such type.
#include <algorithm>
#include <bit>
#include <cstring>

#include "vm/objects/containers.h"
#include "vm/objects/indexing.h"
#include "vm/objects/number.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

constexpr size_t kGallopAfter = 7;

/// Runs shorter than this are extended: the top six bits of the count, rounded up.
size_t minimum_run(size_t count) {
  bool rest = false;
  for (; count >= 64; count >>= 1) rest |= count & 1;
  return count + rest;
}

struct Item {
  Value key;
};
struct KeyedItem {
  Value key, item;
};

// A comparison: less(a, b) is 1 or 0, or -1 with an exception pending.
struct LessInts {
  int operator()(Value a, Value b) const { return a.as_small_int() < b.as_small_int(); }
};
struct LessInlineFloats {
  int operator()(Value a, Value b) const { return a.as_inline_float() < b.as_inline_float(); }
};
struct LessFloats {
  int operator()(Value a, Value b) const { return as_float(a) < as_float(b); }
};
struct LessStrings {
  int operator()(Value a, Value b) const {
    const Str *x = as<Str>(a), *y = as<Str>(b);
    if (!(x->aux & y->aux & 1)) return str_compare(x, y) < 0;  // not both of width 1
    const uint8_t *p = x->data, *q = y->data;
    size_t common = std::min(x->length, y->length);
    for (; common >= 8; common -= 8, p += 8, q += 8) {
      uint64_t left, right;
      std::memcpy(&left, p, 8);
      std::memcpy(&right, q, 8);
      if (left != right) {
        if constexpr (std::endian::native == std::endian::little) {
          left = __builtin_bswap64(left);
          right = __builtin_bswap64(right);
        }
        return left < right;
      }
    }
    for (; common > 0; --common, ++p, ++q)
      if (*p != *q) return *p < *q;
    return x->length < y->length;
  }
};
struct LessBy {
  VM& vm;
  int (*less)(VM& vm, Value a, Value b);
  int operator()(Value a, Value b) const { return less(vm, a, b); }
};

int less_strings(VM&, Value a, Value b) { return LessStrings()(a, b); }

int less_values(VM& vm, Value a, Value b) {
  auto result = compare_bool(vm, CompareOp::Less, a, b);
  return result.is_error() ? -1 : result.value();
}

/// Tuples that are not empty: the first items that differ decide; `first` compares the first ones.
template <int (*first)(VM&, Value, Value)>
int less_tuples(VM& vm, Value a, Value b) {
  const Tuple* left = as<Tuple>(a);
  const Tuple* right = as<Tuple>(b);
  Value x = left->values()[0], y = right->values()[0];
  if (!(x == y)) {
    int less = first(vm, x, y);
    if (less != 0) return less;
    int greater = first(vm, y, x);
    if (greater != 0) return greater < 0 ? -1 : 0;
  }
  size_t common = std::min(left->length, right->length);
  for (size_t i = 1; i < common; ++i) {
    x = left->values()[i];
    y = right->values()[i];
    if (x == y) continue;
    auto equal = values_equal(vm, x, y);
    if (equal.is_error()) return -1;
    if (!equal.value()) return less_values(vm, x, y);
  }
  return left->length < right->length;
}
int less_ints(VM&, Value a, Value b) { return a.as_small_int() < b.as_small_int(); }

template <class T, class Less>
class Sorter {
 public:
  Sorter(VM& vm, Cell* owner, T* items, size_t count, Less compare)
      : vm_(vm), owner_(owner), items_(items), count_(count), compare_(compare) {}

  Result<void> sort() {
    size_t minimum = minimum_run(count_);
    for (size_t begin = 0; begin < count_;) {
      size_t length = TRY(find_run(begin));
      size_t wanted = std::min(minimum, count_ - begin);
      if (length < wanted) {
        TRY(insert(begin, begin + length, begin + wanted));
        length = wanted;
      }
      TRY(push_run(begin, length));
      begin += length;
    }
    while (depth_ > 1) TRY(merge_top());
    return {};
  }

 private:
  int less(Value a, Value b) {
    if constexpr (std::is_same_v<Less, LessBy>) report_moves();
    return compare_(a, b);
  }
  void report_moves() {
    vm_.barrier(owner_);
    if (buffer_) vm_.barrier(buffer_);
  }

  struct Run {
    size_t begin, length;
    unsigned power;  // of the boundary to the run before it
  };

  /// Length of the run at `begin`, made ascending. A descending run may contain equal items: each
  /// group of them is reversed where it stands, so that reversing the run restores their order.
  Result<size_t> find_run(size_t begin) {
    T* run = items_ + begin;
    size_t remaining = count_ - begin, n = 1;
    size_t ascending = TRY(extend_run(run, n, remaining));
    if (ascending == remaining) return remaining;
    n = ascending;
    if (n > 1) {
      int rises = less(run[0].key, run[n - 1].key);
      if (rises < 0) return Error{};
      if (rises) return n;
      std::reverse(run, run + n);  // all are equal
    }
    size_t equal = 0;  // items at the end that are equal to the one before
    for (++n; n < remaining; ++n) {
      int falls = less(run[n].key, run[n - 1].key);
      if (falls < 0) return Error{};
      if (falls) {
        if (equal) std::reverse(run + n - equal - 1, run + n);
        equal = 0;
        continue;
      }
      int rises = less(run[n - 1].key, run[n].key);
      if (rises < 0) return Error{};
      if (rises) break;
      ++equal;
    }
    if (equal) std::reverse(run + n - equal - 1, run + n);
    std::reverse(run, run + n);
    return extend_run(run, n, remaining);
  }

  /// How far the first `n` items, which are ascending, go on ascending.
  Result<size_t> extend_run(const T* run, size_t n, size_t remaining) {
    for (; n < remaining; ++n) {
      int falls = less(run[n].key, run[n - 1].key);
      if (falls < 0) return Error{};
      if (falls) break;
    }
    return n;
  }

  /// Sorts [begin, end), of which [begin, sorted) is sorted.
  Result<void> insert(size_t begin, size_t sorted, size_t end) {
    for (; sorted < end; ++sorted) {
      T item = items_[sorted];
      size_t low = begin, high = sorted;
      while (low < high) {
        size_t middle = low + (high - low) / 2;
        int before = less(item.key, items_[middle].key);
        if (before < 0) return Error{};
        if (before)
          high = middle;
        else
          low = middle + 1;
      }
      std::move_backward(items_ + low, items_ + sorted, items_ + sorted + 1);
      items_[low] = item;
    }
    return {};
  }

  /// Depth of the boundary between runs [a, a+n) and [a+n, a+n+m) in a balanced tree over the list:
  /// the first binary digit in which the middles of the two, as fractions of the list, differ.
  unsigned boundary_power(size_t a, size_t n, size_t m) const {
    size_t left = 2 * a + n, right = left + n + m;  // twice the middles
    size_t whole = 2 * count_;
    unsigned power = 0;
    for (;;) {
      ++power;
      left *= 2;
      right *= 2;
      bool left_digit = left >= whole, right_digit = right >= whole;
      if (left_digit != right_digit) return power;
      if (left_digit) {
        left -= whole;
        right -= whole;
      }
    }
  }

  Result<void> push_run(size_t begin, size_t length) {
    unsigned power = 0;
    if (depth_ > 0) {
      const Run& last = runs_[depth_ - 1];
      power = boundary_power(last.begin, last.length, length);
      while (depth_ > 1 && runs_[depth_ - 1].power > power) TRY(merge_top());
    }
    runs_[depth_++] = {begin, length, power};
    return {};
  }

  Result<void> merge_top() {
    Run right = runs_[--depth_];
    Run& left = runs_[depth_ - 1];
    size_t total = left.length + right.length;
    TRY(merge(left.begin, left.length, right.length));
    left.length = total;
    return {};
  }

  /// The first position in sorted [0, n) of `at` that is above `key` (upper) or not below it
  /// (lower), searched by doubling steps from the front or the back.
  Result<size_t> gallop(Value key, const T* at, size_t n, bool upper, bool from_back) {
    auto goes_before = [&](size_t i) -> int {  // is at[i] before the wanted position?
      if (!upper) return less(at[i].key, key);
      int below = less(key, at[i].key);
      return below < 0 ? -1 : !below;
    };
    size_t low = 0, high = n;
    for (size_t step = 1; low < high; step *= 2) {
      size_t i =
          from_back ? high - std::min(step, high - low) : low + std::min(step, high - low) - 1;
      int before = goes_before(i);
      if (before < 0) return Error{};
      if (before)
        low = i + 1;
      else
        high = i;
      if (bool(before) == from_back) break;
    }
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      int before = goes_before(middle);
      if (before < 0) return Error{};
      if (before)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

  /// Merges [begin, begin+n) with the m items behind.
  Result<void> merge(size_t begin, size_t n, size_t m) {
    T* a = items_ + begin;
    T* b = a + n;
    size_t skip = TRY(gallop(b[0].key, a, n, true, false));
    a += skip;
    n -= skip;
    if (n == 0) return {};
    m = TRY(gallop(a[n - 1].key, b, m, false, true));
    if (m == 0) return {};
    TRY(reserve(std::min(n, m)));
    return n <= m ? merge_forward(a, n, b, m) : merge_backward(a, n, b, m);
  }

  Result<void> reserve(size_t count) {
    size_t words = count * (sizeof(T) / sizeof(Value));
    if (buffer_ && buffer_->capacity >= words) return {};
    report_moves();
    buffer_ = TRY(make_value_array(vm_, words));
    return {};
  }
  T* buffer() { return reinterpret_cast<T*>(buffer_->values()); }

  /// The left side is copied out; the result grows from the front. On an error what is copied out
  /// goes back.
  Result<void> merge_forward(T* a, size_t n, T* b, size_t m) {
    T* left = buffer();
    std::copy_n(a, n, left);
    T* to = a;
    T* left_end = left + n;
    T* right_end = b + m;
    auto finish = [&] { std::copy(left, left_end, to); };
    while (left < left_end && b < right_end) {
      size_t left_wins = 0, right_wins = 0;
      while (left < left_end && b < right_end && left_wins < kGallopAfter &&
             right_wins < kGallopAfter) {
        int right_first = less(b->key, left->key);
        if (right_first < 0) return finish(), Error{};
        if (right_first) {
          *to++ = *b++;
          ++right_wins;
          left_wins = 0;
        } else {
          *to++ = *left++;
          ++left_wins;
          right_wins = 0;
        }
      }
      if (left == left_end || b == right_end) break;
      auto left_run = gallop(b->key, left, static_cast<size_t>(left_end - left), true, false);
      if (left_run.is_error()) return finish(), Error{};
      to = std::copy_n(left, left_run.value(), to);
      left += left_run.value();
      if (left == left_end) break;
      auto right_run = gallop(left->key, b, static_cast<size_t>(right_end - b), false, false);
      if (right_run.is_error()) return finish(), Error{};
      to = std::copy(b, b + right_run.value(), to);
      b += right_run.value();
    }
    finish();
    return {};
  }

  /// The right side is copied out; the result grows from the back.
  Result<void> merge_backward(T* a, size_t n, T* b, size_t m) {
    T* right = buffer();
    std::copy_n(b, m, right);
    T* to = b + m;  // one past the next place
    T* left_end = a + n;
    T* right_end = right + m;
    auto finish = [&] { std::copy(right, right_end, to - (right_end - right)); };
    while (a < left_end && right < right_end) {
      size_t left_wins = 0, right_wins = 0;
      while (a < left_end && right < right_end && left_wins < kGallopAfter &&
             right_wins < kGallopAfter) {
        int left_last = less(right_end[-1].key, left_end[-1].key);
        if (left_last < 0) return finish(), Error{};
        if (left_last) {
          *--to = *--left_end;
          ++left_wins;
          right_wins = 0;
        } else {
          *--to = *--right_end;
          ++right_wins;
          left_wins = 0;
        }
      }
      if (a == left_end || right == right_end) break;
      auto keep_left = gallop(right_end[-1].key, a, static_cast<size_t>(left_end - a), true, true);
      if (keep_left.is_error()) return finish(), Error{};
      to = std::copy_backward(a + keep_left.value(), left_end, to);
      left_end = a + keep_left.value();
      if (a == left_end) break;
      auto keep_right =
          gallop(left_end[-1].key, right, static_cast<size_t>(right_end - right), false, true);
      if (keep_right.is_error()) return finish(), Error{};
      to = std::copy_backward(right + keep_right.value(), right_end, to);
      right_end = right + keep_right.value();
    }
    finish();
    return {};
  }

  VM& vm_;
  Cell* owner_;  // of the items
  T* items_;
  size_t count_;
  Less compare_;
  ValueArray* buffer_ = nullptr;  // this object is on the native stack, so the collector sees it
  Run runs_[70];                  // powers on the stack increase, and there are at most 64
  size_t depth_ = 0;
};

enum class KeyKind { SmallInts, InlineFloats, Floats, Strings, Other };

KeyKind kind_of(Value v) {
  if (v.is_small_int()) return KeyKind::SmallInts;
  if (v.is_inline_float()) return KeyKind::InlineFloats;
  if (is_exact(v, BuiltinType::Float)) return KeyKind::Floats;
  if (is_exact(v, BuiltinType::Str)) return KeyKind::Strings;
  return KeyKind::Other;
}

/// The kind that all keys have; `key(i)` gives the i-th.
template <class F>
KeyKind common_kind(size_t count, F key) {
  KeyKind kind = kind_of(key(0));
  auto is_float_kind = [](KeyKind k) { return k == KeyKind::InlineFloats || k == KeyKind::Floats; };
  for (size_t i = 1; i < count && kind != KeyKind::Other; ++i) {
    KeyKind other = kind_of(key(i));
    if (other == kind) continue;
    if (!is_float_kind(kind) || !is_float_kind(other)) return KeyKind::Other;
    kind = KeyKind::Floats;
  }
  return kind;
}

template <class T>
bool all_tuples(const T* items, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (!is_exact(items[i].key, BuiltinType::Tuple) || as<Tuple>(items[i].key)->length == 0)
      return false;
  return true;
}

template <class T, class Less>
Result<void> sort_with(VM& vm, Cell* owner, T* items, size_t count, Less less) {
  Sorter<T, Less> sorter(vm, owner, items, count, less);
  return sorter.sort();
}

template <class T>
Result<void> sort_items(VM& vm, Cell* owner, T* items, size_t count) {
  auto by = [&](int (*less)(VM&, Value, Value)) {
    return sort_with(vm, owner, items, count, LessBy{vm, less});
  };
  switch (common_kind(count, [&](size_t i) { return items[i].key; })) {
    case KeyKind::SmallInts:
      return sort_with(vm, owner, items, count, LessInts());
    case KeyKind::InlineFloats:
      return sort_with(vm, owner, items, count, LessInlineFloats());
    case KeyKind::Floats:
      return sort_with(vm, owner, items, count, LessFloats());
    case KeyKind::Strings:
      return sort_with(vm, owner, items, count, LessStrings());
    case KeyKind::Other:
      break;
  }
  if (!all_tuples(items, count)) return by(less_values);
  switch (common_kind(count, [&](size_t i) { return as<Tuple>(items[i].key)->values()[0]; })) {
    case KeyKind::SmallInts:
      return by(less_tuples<less_ints>);
    case KeyKind::Strings:
      return by(less_tuples<less_strings>);
    default:
      return by(less_values);
  }
}

/// Sorts `count` values of `storage`; with a key function through an array of pairs.
Result<void> sort_storage(VM& vm, ValueArray* storage, size_t count, Value key, bool reverse) {
  Value* values = storage->values();
  if (key.is_none()) {
    // Reversing before and after keeps equal items in their order.
    if (reverse) std::reverse(values, values + count);
    auto result = sort_items(vm, storage, reinterpret_cast<Item*>(values), count);
    if (reverse) std::reverse(values, values + count);
    return result;
  }
  ValueArray* pairs = TRY(make_value_array(vm, count * 2));
  auto* items = reinterpret_cast<KeyedItem*>(pairs->values());
  for (size_t i = 0; i < count; ++i) {
    Value computed = TRY(vm.call(key, {values[i]}));
    items[i] = {computed, values[i]};
    vm.barrier(pairs, items + i);
  }
  if (reverse) std::reverse(items, items + count);
  auto result = sort_items(vm, pairs, items, count);
  if (reverse) std::reverse(items, items + count);
  for (size_t i = 0; i < count; ++i) values[i] = items[i].item;
  return result;
}

}  // namespace

Result<void> list_sort(VM& vm, List* list, Value key, bool reverse) {
  if (list->length < 2 && (key.is_none() || list->length == 0)) return {};
  ValueArray* storage = list->storage;
  size_t count = list->length;
  list->storage = nullptr;
  list->length = 0;
  auto result = sort_storage(vm, storage, count, key, reverse);
  bool modified = list->storage != nullptr;
  list->storage = storage;
  list->length = count;
  vm.barrier(list);
  vm.barrier(storage);
  if (result.is_error()) return Error{};
  if (modified) return vm.raise(Exc::ValueError, "list modified during sort");
  return {};
}

}  // namespace apy
