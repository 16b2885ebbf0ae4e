// Iteration: iter() and next() on any value.
//
// The builtin iterators are stepped directly; everything else goes through the special methods of
// its type. Exhaustion of a script iterator arrives as a pending StopIteration, which iterator_next
// absorbs.
#include "vm/binding/native.h"
#include "vm/objects/frame.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy {

Error stop_iteration(VM& vm, Value value) {
  if (value.is_empty()) return vm.raise_with(Exc::StopIteration, {});
  return vm.raise_with(Exc::StopIteration, {&value, 1});
}

namespace {

Result<Value> get_iterator_slow(VM& vm, Value iterable) {
  Type* type = vm.type_of(iterable);
  Value method = type_special(vm, type, Special::Iter);
  if (method.is_empty() && !type_special(vm, type, Special::GetItem).is_empty())
    return vm.make_record(BuiltinType::SequenceIterator, {iterable, Value::small_int(0)});
  if (method.is_empty() || method.is_none())
    return vm.raise(Exc::TypeError, "'{}' object is not iterable", type);
  bool found = false;
  Value iterator = TRY(vm.call_special(iterable, Special::Iter, {}, &found));
  Type* iterator_type = vm.type_of(iterator);
  if (type_special(vm, iterator_type, Special::Next).is_empty())
    return vm.raise(Exc::TypeError, "iter() returned non-iterator of type '{}'", iterator_type);
  return iterator;
}

Result<bool> next_of_generator(VM& vm, Generator* generator, Value* out) {
  switch (vm.resume(generator, Value::none(), Value(), out)) {
    case VM::ResumeOutcome::Yielded:
      return true;
    case VM::ResumeOutcome::Returned:
      return false;
    case VM::ResumeOutcome::AsyncYielded:  // only async generators do
    case VM::ResumeOutcome::Raised:
      return Error{};
  }
  return false;
}

/// Is __next__ that of the native class, rather than of a script's subclass?
bool has_own_next(VM& vm, const NativeObject* object) {
  Type* type = vm.type_of(object);
  if (!(type->flags & Type::kHeapType)) return true;
  auto* method = try_as<NativeFunction>(type_special(vm, type, Special::Next));
  const NativeTypeDef* owner = method && method->owner ? method->owner->definition : nullptr;
  return owner && owner->native_class == object->native_class;
}

Result<bool> next_slow(VM& vm, Value iterator, Value* out) {
  bool found = false;
  auto item = vm.call_special(iterator, Special::Next, {}, &found);
  if (item.is_ok()) {
    if (!found)
      return vm.raise(Exc::TypeError, "'{}' object is not an iterator", vm.type_of(iterator));
    *out = item.value();
    return true;
  }
  if (!found && !vm.has_pending())
    return vm.raise(Exc::TypeError, "'{}' object is not an iterator", vm.type_of(iterator));
  if (vm.catch_pending(Exc::StopIteration)) return false;
  return Error{};
}

}  // namespace

Result<Value> get_iterator(VM& vm, Value iterable) {
  if (iterable.is_cell()) {
    switch (iterable.cell()->shape) {
      case shape_of(BuiltinType::List):
        return make_list_iterator(vm, as<List>(iterable));
      case shape_of(BuiltinType::Tuple):
        return make_tuple_iterator(vm, as<Tuple>(iterable));
      case shape_of(BuiltinType::Range):
        return make_range_iterator(vm, as<Range>(iterable));
      case shape_of(BuiltinType::Dict):
        return make_dict_iterator(vm, BuiltinType::DictKeyIterator, as<Dict>(iterable));
      case shape_of(BuiltinType::Str):
        return make_str_iterator(vm, iterable);
      case shape_of(BuiltinType::Set):
      case shape_of(BuiltinType::FrozenSet):
        return make_set_iterator(vm, as<Set>(iterable));
      case shape_of(BuiltinType::Generator):
      case shape_of(BuiltinType::Enumerate):
      case shape_of(BuiltinType::Zip):
      case shape_of(BuiltinType::Map):
      case shape_of(BuiltinType::Filter):
        return iterable;
      default:
        break;
    }
  }
  return get_iterator_slow(vm, iterable);
}

namespace {

template <bool (*step)(Record*, Value*)>
Result<bool> without_vm(VM&, Record* iterator, Value* out) {
  return step(iterator, out);
}

constexpr IteratorSteps make_steps() {
  IteratorSteps steps = {};
  auto set = [&](BuiltinType type, IteratorStepFunction step) {
    steps.of[static_cast<int>(type)] = step;
  };
  set(BuiltinType::ListIterator, without_vm<list_iterator_next>);
  set(BuiltinType::ListReverseIterator, without_vm<list_reverse_iterator_next>);
  set(BuiltinType::TupleIterator, without_vm<tuple_iterator_next>);
  set(BuiltinType::RangeIterator, without_vm<range_iterator_next>);
  set(BuiltinType::LongRangeIterator, range_iterator_next_slow);
  for (auto type : {BuiltinType::DictKeyIterator, BuiltinType::DictValueIterator,
                    BuiltinType::DictItemIterator})
    set(type, dict_iterator_step);
  for (auto type : {BuiltinType::DictReverseKeyIterator, BuiltinType::DictReverseValueIterator,
                    BuiltinType::DictReverseItemIterator})
    set(type, dict_reverse_iterator_step);
  set(BuiltinType::StrIterator, str_iterator_next);
  set(BuiltinType::StrAsciiIterator, str_iterator_next);
  set(BuiltinType::BytesIterator, bytes_iterator_next);
  set(BuiltinType::ByteArrayIterator, bytes_iterator_next);
  set(BuiltinType::SetIterator, set_iterator_next);
  set(BuiltinType::SequenceIterator, sequence_iterator_next);
  set(BuiltinType::CallableIterator, callable_iterator_next);
  set(BuiltinType::Reversed, reversed_next);
  return steps;
}

}  // namespace

constinit const IteratorSteps kIteratorSteps = make_steps();

Result<bool> iterator_next(VM& vm, Value iterator, Value* out) {
  if (!iterator.is_cell()) return next_slow(vm, iterator, out);
  Cell* cell = iterator.cell();
  auto* record = static_cast<Record*>(cell);
  if (auto step = native_step(cell)) return step(vm, record, out);
  // Iterators over iterators can be nested without limit.
  NativeDepth guard(vm);
  TRY(guard.check());
  if (cell->kind == CellKind::NativeObject) {
    auto* object = static_cast<NativeObject*>(cell);
    if (object->native_class->next && has_own_next(vm, object)) [[likely]]
      return object->native_class->next(vm, object, out);
    return next_slow(vm, iterator, out);
  }
  switch (cell->shape) {
    case shape_of(BuiltinType::Enumerate):
      return enumerate_next(vm, record, out);
    case shape_of(BuiltinType::Zip):
      return zip_next(vm, record, out);
    case shape_of(BuiltinType::Map):
      return map_next(vm, record, out);
    case shape_of(BuiltinType::Filter):
      return filter_next(vm, record, out);
    case shape_of(BuiltinType::Generator): {
      auto* generator = static_cast<Generator*>(cell);
      if (generator->state == Generator::State::Finished) return false;
      if (generator->state != Generator::State::Running)
        return next_of_generator(vm, generator, out);
      return next_slow(vm, iterator, out);
    }
    default:
      return next_slow(vm, iterator, out);
  }
}

Result<List*> list_from(VM& vm, Value iterable) {
  if (is_exact(iterable, BuiltinType::List)) {
    List* list = as<List>(iterable);
    return list_copy(vm, list, 0, list->length);
  }
  List* list = TRY(make_list(vm, size_t{0}));
  TRY(list_extend(vm, list, iterable));
  return list;
}

Result<Tuple*> tuple_from(VM& vm, Value iterable) {
  if (is_exact(iterable, BuiltinType::Tuple)) return as<Tuple>(iterable);
  if (is_exact(iterable, BuiltinType::List)) {
    Tuple* tuple = TRY(make_tuple(vm, as<List>(iterable)->length));
    std::span<const Value> items = as<List>(iterable)->span();
    for (size_t i = 0; i < items.size(); ++i) tuple->values()[i] = items[i];
    return tuple;
  }
  List* list = TRY(list_from(vm, iterable));
  return make_tuple(vm, list->span());
}

}  // namespace apy
