// Pickling tuples, lists, dicts and sets. Script code that runs meanwhile (reductions, a file's
// write) may change every one of them.
#include "stdlib/pickle/saver.h"
#include "vm/objects/set.h"

namespace apy::pickle {

/// One open container in `fast` mode.
class Saver::FastLevel {
 public:
  FastLevel(Saver& saver, Value v) : saver_(saver), v_(v), active_(saver.self_->fast) {}
  FastLevel(const FastLevel&) = delete;
  Result<void> enter() { return active_ ? saver_.enter_fast(v_) : Result<void>(); }
  ~FastLevel() {
    if (!active_) return;
    if (saver_.fast_depth_-- > kFastNesting && saver_.fast_open_)
      (void)saver_.fast_open_->set(saver_.vm_, v_, 0);  // known keys need no memory
  }

 private:
  Saver& saver_;
  Value v_;
  bool active_;
};

Result<void> Saver::enter_fast(Value v) {
  if (++fast_depth_ <= kFastNesting) return {};
  if (!fast_open_) fast_open_ = TRY(make_memo(vm_));
  if (fast_open_->find(v) > 0) {
    char address[24];
    std::snprintf(address, sizeof address, "0x%lx", static_cast<unsigned long>(v.bits()));
    return vm_.raise(Exc::ValueError,
                     "fast mode: can't pickle cyclic objects including object type {} at {}",
                     vm_.type_of(v), address);
  }
  return fast_open_->set(vm_, v, 1);
}

Result<void> Saver::save_tuple_items(Tuple* tuple) {
  for (size_t i = 0; i < tuple->length; ++i) TRY(save(tuple->values()[i]));
  return {};
}

Result<void> Saver::save_tuple(Tuple* tuple) {
  size_t count = tuple->length;
  if (count == 0) {
    if (binary()) return put(Opcode::EmptyTuple);
    return out_.append("(t");
  }
  // A tuple that is reached again through its own items is in the memo when they are written: then
  // they are taken from the stack again.
  if (count <= 3 && protocol_ >= 2) {
    TRY(save_tuple_items(tuple));
    if (is_known(tuple)) {
      for (size_t i = 0; i < count; ++i) TRY(put(Opcode::Pop));
      TRY(recall(tuple));
      return {};
    }
    constexpr Opcode kShort[] = {Opcode::Tuple1, Opcode::Tuple2, Opcode::Tuple3};
    TRY(put(kShort[count - 1]));
    return memoize(tuple);
  }
  TRY(put(Opcode::Mark));
  TRY(save_tuple_items(tuple));
  if (is_known(tuple)) {
    if (binary()) {
      TRY(put(Opcode::PopMark));
    } else {
      for (size_t i = 0; i <= count; ++i) TRY(put(Opcode::Pop));
    }
    TRY(recall(tuple));
    return {};
  }
  TRY(put(Opcode::Tuple));
  return memoize(tuple);
}

Result<void> Saver::save_list(List* list) {
  FastLevel level(*this, list);
  TRY(level.enter());
  if (binary())
    TRY(put(Opcode::EmptyList));
  else
    TRY(out_.append("(l"));
  TRY(memoize(list));
  if (list->length == 0) return {};
  if (!binary()) return save_items(TRY(get_iterator(vm_, list)));
  if (list->length == 1) {
    TRY(save(list->values()[0]));
    return put(Opcode::Append);
  }
  size_t done = 0;
  do {
    TRY(put(Opcode::Mark));
    for (size_t batch = 0; batch < kBatchSize && done < list->length; ++batch)
      TRY(save(list->values()[done++]));
    TRY(put(Opcode::Appends));
  } while (done < list->length);
  return {};
}

Result<void> Saver::save_items(Value iterator) {
  Value item;
  if (!binary()) {
    while (TRY(iterator_next(vm_, iterator, &item))) {
      TRY(save(item));
      TRY(put(Opcode::Append));
    }
    return {};
  }
  for (size_t batch = kBatchSize; batch == kBatchSize;) {
    if (!TRY(iterator_next(vm_, iterator, &item))) return {};
    Value next;
    if (!TRY(iterator_next(vm_, iterator, &next))) {
      TRY(save(item));
      return put(Opcode::Append);
    }
    TRY(put(Opcode::Mark));
    TRY(save(item));
    for (batch = 1;;) {
      TRY(save(next));
      if (++batch == kBatchSize || !TRY(iterator_next(vm_, iterator, &next))) break;
    }
    TRY(put(Opcode::Appends));
  }
  return {};
}

Result<void> Saver::save_pair(Value pair) {
  Tuple* items = try_as<Tuple>(pair);
  if (!items || items->length != 2)
    return vm_.raise(Exc::TypeError, "dict items iterator must return 2-tuples");
  TRY(save(items->values()[0]));
  return save(items->values()[1]);
}

Result<void> Saver::save_pairs(Value iterator) {
  Value item;
  if (!binary()) {
    while (TRY(iterator_next(vm_, iterator, &item))) {
      TRY(save_pair(item));
      TRY(put(Opcode::SetItem));
    }
    return {};
  }
  for (size_t batch = kBatchSize; batch == kBatchSize;) {
    if (!TRY(iterator_next(vm_, iterator, &item))) return {};
    Value next;
    if (!TRY(iterator_next(vm_, iterator, &next))) {
      TRY(save_pair(item));
      return put(Opcode::SetItem);
    }
    TRY(put(Opcode::Mark));
    TRY(save_pair(item));
    for (batch = 1;;) {
      TRY(save_pair(next));
      if (++batch == kBatchSize || !TRY(iterator_next(vm_, iterator, &next))) break;
    }
    TRY(put(Opcode::SetItems));
  }
  return {};
}

Result<void> Saver::save_dict(Dict* dict) {
  FastLevel level(*this, dict);
  TRY(level.enter());
  if (binary())
    TRY(put(Opcode::EmptyDict));
  else
    TRY(out_.append("(d"));
  TRY(memoize(dict));
  if (dict->length == 0) return {};
  if (!binary()) {
    Value items = TRY(vm_.call_method(dict, vm_.names().items, {}));
    return save_pairs(TRY(get_iterator(vm_, items)));
  }
  uint32_t length = dict->length;
  DictCursor cursor(dict);
  if (length == 1) {
    cursor.next();
    Value value = cursor.value();
    TRY(save(cursor.key()));
    TRY(save(value));
    return put(Opcode::SetItem);
  }
  size_t batch;
  do {
    batch = 0;
    TRY(put(Opcode::Mark));
    while (batch < kBatchSize && cursor.next()) {
      Value value = cursor.value();
      TRY(save(cursor.key()));
      TRY(save(value));
      ++batch;
      if (dict->length != length) [[unlikely]]
        return vm_.raise(Exc::RuntimeError, "dictionary changed size during iteration");
    }
    TRY(put(Opcode::SetItems));
  } while (batch == kBatchSize);
  return {};
}

Result<void> Saver::save_old_set(Set* set, BuiltinType type) {
  Value items = TRY(list_from(vm_, set));
  return save_reduction(vm_.type(type), {items}, set);
}

Result<void> Saver::save_set(Set* set) {
  if (protocol_ < 4) return save_old_set(set, BuiltinType::Set);
  TRY(put(Opcode::EmptySet));
  TRY(memoize(set));
  uint32_t length = set->length;
  if (length == 0) return {};
  size_t position = 0, batch;
  do {
    batch = 0;
    Value item;
    TRY(put(Opcode::Mark));
    while (batch < kBatchSize && set_next(set, &position, &item)) {
      TRY(save(item));
      ++batch;
      if (set->length != length) [[unlikely]]
        return vm_.raise(Exc::RuntimeError, "set changed size during iteration");
    }
    TRY(put(Opcode::AddItems));
  } while (batch == kBatchSize);
  return {};
}

Result<void> Saver::save_frozenset(Set* set) {
  if (protocol_ < 4) return save_old_set(set, BuiltinType::FrozenSet);
  TRY(put(Opcode::Mark));
  size_t position = 0;
  Value item;
  while (set_next(set, &position, &item)) TRY(save(item));
  if (is_known(set)) {
    TRY(put(Opcode::PopMark));
    TRY(recall(set));
    return {};
  }
  TRY(put(Opcode::FrozenSet));
  return memoize(set);
}

}  // namespace apy::pickle
