#pragma once
// Layouts and steps of the builtin iterators; shared by the interpreter's loops, iterator_next and
// the scripts' __next__.
//
// All are Records. Positions are small ints, so that stepping needs no write barrier. An exhausted
// iterator lets go of what it iterated over (field 0 becomes None) and stays exhausted.
//
//   list, tuple, str, bytes iterators   0 the sequence    1 index of the next item
//   list_reverseiterator                0 the list        1 index of the next item, going down; -1
//   at the end range_iterator                      0 the next value  1 step   2 how many are left
//   (small int) longrange_iterator (not small)      0 the next value  1 step   2 None   3 how many
//   are left (int) set_iterator                        0 the set         1 position in the table  2
//   length seen at the start dict_*iterator, dict_reverse*       0 the dict        1 entry  2
//   length seen at the start  3 how many are left iterator (over __getitem__)         0 the object
//   1 index of the next item callable_iterator                   0 the callable    1 sentinel
//   reversed                            0 the object      1 index of the next item, going down
//   enumerate                           0 iterator        1 the next number (int)
//   zip                                 0 tuple of iterators   1 strict (bool)
//   map                                 0 function        1 tuple of iterators
//   filter                              0 function        1 iterator
#include <initializer_list>

#include "vm/objects/containers.h"
#include "vm/objects/dict.h"
#include "vm/objects/type.h"

namespace apy {

class VM;
struct Set;

/// The step of a builtin iterator that iterates over no other iterator, or null.
using IteratorStepFunction = Result<bool> (*)(VM&, Record*, Value*);
struct IteratorSteps {
  IteratorStepFunction of[static_cast<int>(BuiltinType::Count)];
};
extern const IteratorSteps kIteratorSteps;
inline IteratorStepFunction native_step(const Cell* iterator) {
  return iterator->shape < std::size(kIteratorSteps.of) ? kIteratorSteps.of[iterator->shape]
                                                        : nullptr;
}

inline bool list_iterator_next(Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  const List* list = as<List>(f[0]);
  auto index = static_cast<uint64_t>(f[1].as_small_int());
  if (index < list->length) [[likely]] {
    *out = list->values()[index];
    f[1] = Value::small_int(static_cast<int64_t>(index + 1));
    return true;
  }
  f[0] = Value::none();
  return false;
}

inline bool list_reverse_iterator_next(Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  const List* list = as<List>(f[0]);
  int64_t index = f[1].as_small_int();
  if (index >= 0 && static_cast<uint64_t>(index) < list->length) {
    *out = list->values()[index];
    f[1] = Value::small_int(index - 1);
    return true;
  }
  f[0] = Value::none();
  f[1] = Value::small_int(-1);
  return false;
}

inline bool tuple_iterator_next(Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  const Tuple* tuple = as<Tuple>(f[0]);
  auto index = static_cast<uint64_t>(f[1].as_small_int());
  if (index < tuple->length) [[likely]] {
    *out = tuple->values()[index];
    f[1] = Value::small_int(static_cast<int64_t>(index + 1));
    return true;
  }
  f[0] = Value::none();
  return false;
}

/// True for ranges of small ints: then range_iterator_next applies, else range_iterator_next_slow.
inline bool range_iterator_is_small(const Record* iterator) {
  return iterator->fields()[2].is_small_int();
}
inline bool range_iterator_next(Record* iterator, Value* out) {
  // Arithmetic on the words of small ints: 2n+1 stands for n.
  Value* f = iterator->fields();
  uint64_t left = f[2].bits();
  if (static_cast<int64_t>(left) <= 1) return false;
  *out = f[0];
  f[2] = Value::from_bits(left - 2);
  // After the last item this may wrap around; it is not used then.
  f[0] = Value::from_bits(f[0].bits() + f[1].bits() - 1);
  return true;
}
Result<bool> range_iterator_next_slow(VM& vm, Record* iterator, Value* out);

enum class IteratorStep { Item, End, Changed };

/// One step of a dict_*iterator. Changed: return dict_iterator_changed().
inline IteratorStep dict_iterator_next(Record* iterator, const DictEntry** out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return IteratorStep::End;
  const Dict* dict = as<Dict>(f[0]);
  if (dict->length != static_cast<uint64_t>(f[2].as_small_int())) return IteratorStep::Changed;
  const DictTable* table = dict->table;
  auto position = static_cast<uint64_t>(f[1].as_small_int());
  if (table) {
    if (position < table->first) position = table->first;
    const DictEntry* entries = table->entries();
    for (; position < table->filled; ++position) {
      if (entries[position].key.is_empty()) continue;
      int64_t left = f[3].as_small_int();
      if (left == 0) return IteratorStep::Changed;
      f[1] = Value::small_int(static_cast<int64_t>(position + 1));
      f[3] = Value::small_int(left - 1);
      *out = &entries[position];
      return IteratorStep::Item;
    }
  }
  f[0] = Value::none();
  return IteratorStep::End;
}
/// Raises "dictionary changed size during iteration" or "dictionary keys changed during iteration".
Error dict_iterator_changed(VM& vm, Record* iterator);
/// Steps that may raise or allocate; they look at the iterator's shape (key, value or item).
Result<bool> dict_iterator_step(VM& vm, Record* iterator, Value* out);
Result<bool> dict_reverse_iterator_step(VM& vm, Record* iterator, Value* out);
Result<bool> str_iterator_next(VM& vm, Record* iterator, Value* out);
Result<bool> bytes_iterator_next(VM& vm, Record* iterator, Value* out);
Result<bool> set_iterator_next(VM& vm, Record* iterator, Value* out);
Result<bool> sequence_iterator_next(VM& vm, Record* iterator, Value* out);
Result<bool> callable_iterator_next(VM& vm, Record* iterator, Value* out);
Result<bool> reversed_next(VM& vm, Record* iterator, Value* out);
Result<bool> enumerate_next(VM& vm, Record* iterator, Value* out);
Result<bool> zip_next(VM& vm, Record* iterator, Value* out);
Result<bool> map_next(VM& vm, Record* iterator, Value* out);
Result<bool> filter_next(VM& vm, Record* iterator, Value* out);

/// A new iterator over a container of that exact kind (or a subclass whose __iter__ is the builtin
/// one).
Result<Value> make_list_iterator(VM& vm, List* list);
Result<Value> make_list_reverse_iterator(VM& vm, List* list);
Result<Value> make_tuple_iterator(VM& vm, Tuple* tuple);
Result<Value> make_str_iterator(VM& vm, Value string);
Result<Value> make_bytes_iterator(VM& vm, Value bytes_or_bytearray);
Result<Value> make_range_iterator(VM& vm, Range* range);
Result<Value> make_range_reverse_iterator(VM& vm, Range* range);
Result<Value> make_set_iterator(VM& vm, Set* set);
/// `type` one of Dict{Key,Value,Item}Iterator or DictReverse{Key,Value,Item}Iterator.
Result<Value> make_dict_iterator(VM& vm, BuiltinType type, Dict* dict);
/// iter(callable, sentinel)
Result<Value> make_callable_iterator(VM& vm, Value callable, Value sentinel);

/// A Record of `cls`, which is the builtin `exact` or a subclass of it (then with room for
/// attributes).
Result<Record*> make_record_of(VM& vm, Type* cls, BuiltinType exact,
                               std::initializer_list<Value> fields);

}  // namespace apy
