// Opcodes that make containers, and fill them from the stack.
#include "stdlib/pickle/loader.h"
#include "vm/objects/set.h"

namespace apy::pickle {

Result<void> Loader::load_empty_tuple() { return push(TRY(make_tuple(vm_, size_t{0}))); }
Result<void> Loader::load_empty_list() { return push(TRY(make_list(vm_, size_t{0}))); }
Result<void> Loader::load_empty_dict() { return push(TRY(make_dict(vm_))); }
Result<void> Loader::load_empty_set() { return push(TRY(make_set(vm_))); }

Result<void> Loader::load_tuple() { return push(TRY(pop_tuple(TRY(pop_mark())))); }
Result<void> Loader::load_list() { return push(TRY(pop_list(TRY(pop_mark())))); }

template <unsigned count>
Result<void> Loader::load_short_tuple() {
  TRY(need(count));
  return push(TRY(pop_tuple(depth() - count)));
}
template Result<void> Loader::load_short_tuple<1>();
template Result<void> Loader::load_short_tuple<2>();
template Result<void> Loader::load_short_tuple<3>();

Result<void> Loader::load_dict() {
  size_t begin = TRY(pop_mark());
  size_t count = depth() - begin;
  if (count % 2) return error("odd number of items for DICT");
  Dict* dict = TRY(make_dict(vm_, count / 2));
  for (size_t i = 0; i < count; i += 2)
    TRY(dict_set(vm_, dict, bottom()[begin + i], bottom()[begin + i + 1]));
  cut(begin);
  return push(dict);
}

Result<void> Loader::load_frozenset() {
  size_t begin = TRY(pop_mark());
  List* items = TRY(pop_list(begin));
  return push(TRY(vm_.call(vm_.type(BuiltinType::FrozenSet), {items})));
}

// --- lists ---

Result<void> Loader::load_append() {
  TRY(need(2));
  return append_from(depth() - 1);
}

Result<void> Loader::load_appends() { return append_from(TRY(pop_mark())); }

/// The values from `begin` on become items of the one below.
Result<void> Loader::append_from(size_t begin) {
  if (begin <= floor_) return underflow();
  Value target = bottom()[begin - 1];
  if (depth() == begin) return {};
  if (is_exact(target, BuiltinType::List)) {
    List* list = as<List>(target);
    TRY(list_reserve(vm_, list, list->length + (depth() - begin)));
    for (size_t i = begin; i < depth(); ++i) TRY(list_append(vm_, list, bottom()[i]));
    cut(begin);
    return {};
  }
  List* items = TRY(pop_list(begin));
  Value extend;
  if (TRY(get_attribute_optional(vm_, target, TRY(intern(vm_, "extend")), &extend))) {
    TRY(vm_.call(extend, {items}));
    return {};
  }
  // Not every list-like object has it.
  Value append = TRY(get_attribute(vm_, target, TRY(intern(vm_, "append"))));
  for (size_t i = 0; i < items->length; ++i) TRY(vm_.call(append, {items->values()[i]}));
  return {};
}

// --- dicts ---

Result<void> Loader::load_setitem() {
  TRY(need(3));
  return set_items_from(depth() - 2);
}

Result<void> Loader::load_setitems() { return set_items_from(TRY(pop_mark())); }

Result<void> Loader::set_items_from(size_t begin) {
  if (begin <= floor_) return underflow();
  size_t count = depth() - begin;
  if (count == 0) return {};
  if (count % 2) return error("odd number of items for SETITEMS");
  Value target = bottom()[begin - 1];
  bool exact = is_exact(target, BuiltinType::Dict);
  if (exact && count > 10)
    TRY(dict_reserve(vm_, as<Dict>(target), as<Dict>(target)->length + count / 2));
  for (size_t i = begin; i < begin + count; i += 2) {
    Value key = bottom()[i], value = bottom()[i + 1];
    if (exact)
      TRY(dict_set(vm_, as<Dict>(target), key, value));
    else
      TRY(set_item(vm_, target, key, value));
  }
  cut(begin);
  return {};
}

// --- sets ---

Result<void> Loader::load_additems() {
  size_t begin = TRY(pop_mark());
  if (begin <= floor_) return underflow();
  Value target = bottom()[begin - 1];
  if (depth() == begin) return {};
  if (is_kind(target, CellKind::Set) && vm_.is_instance(target, BuiltinType::Set)) {
    for (size_t i = begin; i < depth(); ++i) TRY(set_add(vm_, as<Set>(target), bottom()[i]));
    cut(begin);
    return {};
  }
  List* items = TRY(pop_list(begin));
  Value add = TRY(get_attribute(vm_, target, TRY(intern(vm_, "add"))));
  for (size_t i = 0; i < items->length; ++i) TRY(vm_.call(add, {items->values()[i]}));
  return {};
}

}  // namespace apy::pickle
