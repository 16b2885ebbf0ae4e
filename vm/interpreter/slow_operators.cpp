// Slow paths: operators, comparison, iteration, unpacking, building.
#include <algorithm>

#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/messages.h"
#include "vm/interpreter/script_operators.h"
#include "vm/objects/format.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy {
/// Joins strings; vm/objects/str_format.cpp.
Result<Str*> str_join_array(VM& vm, const Value* strings, size_t count);
}  // namespace apy

namespace apy::slow {

namespace {

#define REGISTERS Value* r = frame->registers()

/// Stores a result; false when it is an error.
template <class T>
bool put(Frame* frame, uint32_t register_index, Result<T> result) {
  Result<Value> value = result;
  if (value.is_error()) return false;
  frame->registers()[register_index] = value.value();
  return true;
}

bool are_strings(Value a, Value b) {
  return is_exact(a, BuiltinType::Str) && is_exact(b, BuiltinType::Str);
}

template <BinaryOp op>
bool binary(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value a = r[i->b], b = r[i->c];
  if (op == BinaryOp::Add && are_strings(a, b))
    return put(frame, i->a, str_concat(vm, as<Str>(a), as<Str>(b)));
  // Only a subclass of str can come before str's own %.
  if (op == BinaryOp::Modulo && is_exact(a, BuiltinType::Str) &&
      (!b.is_cell() || !(vm.type_of(b)->flags & Type::kHeapType)))
    return put(frame, i->a, percent_format(vm, as<Str>(a), b));
  Value method = script_operator(vm, op, a, b);
  if (!method.is_empty()) return enter_script(vm, frame, method, i->a, Frame::kOperator, a, b);
  return put(frame, i->a, binary_operation(vm, op, a, b));
}

Result<Value> extended(VM& vm, List* list, Value items) {
  TRY(list_extend(vm, list, items));
  return list;
}

template <BinaryOp op>
bool in_place(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value a = r[i->b], b = r[i->c];
  if (op == BinaryOp::Add && are_strings(a, b))
    return put(frame, i->a, str_concat(vm, as<Str>(a), as<Str>(b)));
  if (op == BinaryOp::Add && is_exact(a, BuiltinType::List))
    return put(frame, i->a, extended(vm, as<List>(a), b));
  if (a.is_cell() && type_special(vm, vm.type_of(a), in_place_of(op)).is_empty()) {
    Value method = script_operator(vm, op, a, b);
    if (!method.is_empty()) return enter_script(vm, frame, method, i->a, Frame::kOperator, a, b);
  }
  return put(frame, i->a, in_place_operation(vm, op, a, b));
}

bool ordered(VM& vm, Frame* frame, Instruction* i, CompareOp op) {
  REGISTERS;
  Value method = script_comparison(vm, op, r[i->b], r[i->c]);
  if (!method.is_empty())
    return enter_script(vm, frame, method, i->a, Frame::kOperator, r[i->b], r[i->c]);
  if (auto truth = compare_plain(op, r[i->b], r[i->c])) {
    r[i->a] = Value::boolean(*truth);
    return true;
  }
  return put(frame, i->a, apy::compare(vm, op, r[i->b], r[i->c]));
}

}  // namespace

#define BINARY(Name, op) \
  bool Name(VM& vm, Frame* frame, Instruction* i) { return binary<BinaryOp::op>(vm, frame, i); }
BINARY(Add, Add)
BINARY(Subtract, Subtract)
BINARY(Multiply, Multiply)
BINARY(TrueDivide, TrueDivide)
BINARY(FloorDivide, FloorDivide)
BINARY(Modulo, Modulo)
BINARY(Power, Power)
BINARY(MatrixMultiply, MatrixMultiply)
BINARY(LeftShift, LeftShift)
BINARY(RightShift, RightShift)
BINARY(BitAnd, BitAnd)
BINARY(BitOr, BitOr)
BINARY(BitXor, BitXor)
#define PASSING(Name)        \
  BINARY(Name##ToLeft, Name) \
  BINARY(Name##ToRight, Name)
PASSING(Add)
PASSING(Subtract)
PASSING(Multiply)
PASSING(TrueDivide)
#undef PASSING
#undef BINARY

bool AddInt(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return put(frame, i->a,
             binary_operation(vm, BinaryOp::Add, r[i->b], Value::small_int(i->signed_c())));
}
bool SubtractInt(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return put(frame, i->a,
             binary_operation(vm, BinaryOp::Subtract, r[i->b], Value::small_int(i->signed_c())));
}
bool InPlaceAdd(VM& vm, Frame* frame, Instruction* i) {
  return in_place<BinaryOp::Add>(vm, frame, i);
}
bool InPlaceSubtract(VM& vm, Frame* frame, Instruction* i) {
  return in_place<BinaryOp::Subtract>(vm, frame, i);
}
bool InPlaceMultiply(VM& vm, Frame* frame, Instruction* i) {
  return in_place<BinaryOp::Multiply>(vm, frame, i);
}
bool InPlaceAddInt(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return put(frame, i->a,
             in_place_operation(vm, BinaryOp::Add, r[i->b], Value::small_int(i->signed_c())));
}
bool InPlaceSubtractInt(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return put(frame, i->a,
             in_place_operation(vm, BinaryOp::Subtract, r[i->b], Value::small_int(i->signed_c())));
}
bool InPlace(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return put(frame, i->a, in_place_operation(vm, static_cast<BinaryOp>(i->c), r[i->a], r[i->b]));
}
bool Negative(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, unary_operation(vm, UnaryOp::Negative, frame->registers()[i->b]));
}
bool Positive(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, unary_operation(vm, UnaryOp::Positive, frame->registers()[i->b]));
}
bool Invert(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, unary_operation(vm, UnaryOp::Invert, frame->registers()[i->b]));
}
bool Not(VM& vm, Frame* frame, Instruction* i) {
  auto truth = is_truthy(vm, frame->registers()[i->b]);
  if (truth.is_error()) return false;
  frame->registers()[i->a] = Value::boolean(!truth.value());
  return true;
}

#define COMPARE(Name) \
  bool Name(VM& vm, Frame* frame, Instruction* i) { return ordered(vm, frame, i, CompareOp::Name); }
COMPARE(Less)
COMPARE(LessEqual)
COMPARE(Equal)
COMPARE(NotEqual)
COMPARE(Greater)
COMPARE(GreaterEqual)
#undef COMPARE

bool In(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto found = apy::contains(vm, r[i->c], r[i->b]);
  if (found.is_error()) return false;
  r[i->a] = Value::boolean(found.value());
  return true;
}
bool NotIn(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto found = apy::contains(vm, r[i->c], r[i->b]);
  if (found.is_error()) return false;
  r[i->a] = Value::boolean(!found.value());
  return true;
}
bool GetLength(VM& vm, Frame* frame, Instruction* i) {
  auto length = length_of(vm, frame->registers()[i->b]);
  if (length.is_error()) return false;
  frame->registers()[i->a] = Value::small_int(length.value());
  return true;
}

// --- for instructions that branch ---

int contains(VM& vm, Value container, Value item) {
  auto found = apy::contains(vm, container, item);
  return found.is_error() ? -1 : found.value();
}
int truth(VM& vm, Value value) {
  auto truth = is_truthy(vm, value);
  return truth.is_error() ? -1 : truth.value();
}
int next(VM& vm, Value iterator, Value* out) {
  Value item;
  auto more = iterator_next(vm, iterator, &item);
  if (more.is_error()) return -1;
  if (!more.value()) return 0;
  *out = item;
  return 1;
}

namespace {

int step_enumerate(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  Value item;
  auto more = iterator_next(vm, f[0], &item);
  if (more.is_error()) return -1;
  if (!more.value()) return 0;
  Value number = f[1];
  if (number.is_small_int() && number.as_small_int() < Value::kMaxSmallInt) {
    f[1] = Value::small_int(number.as_small_int() + 1);
  } else {
    auto sum = binary_operation(vm, BinaryOp::Add, number, Value::small_int(1));
    if (sum.is_error()) return -1;
    f[1] = sum.value();
    vm.barrier(iterator);
  }
  out[0] = number;
  out[1] = item;
  return 1;
}

int step_zip(VM& vm, const Tuple* iterators, Value* out) {
  Value items[2];
  for (int i = 0; i < 2; ++i) {
    auto more = iterator_next(vm, iterators->values()[i], &items[i]);
    if (more.is_error()) return -1;
    if (!more.value()) return 0;
  }
  out[0] = items[0];
  out[1] = items[1];
  return 1;
}

int step_items(VM& vm, Record* iterator, Value* out) {
  const DictEntry* entry = nullptr;
  switch (dict_iterator_next(iterator, &entry)) {
    case IteratorStep::Item:
      out[0] = entry->key;
      out[1] = entry->value;
      return 1;
    case IteratorStep::End:
      return 0;
    case IteratorStep::Changed:
      (void)dict_iterator_changed(vm, iterator);
      return -1;
  }
  __builtin_unreachable();
}

}  // namespace

int next_pair(VM& vm, Value iterator, Value* out) {
  auto* record = static_cast<Record*>(iterator.cell());
  switch (record->shape) {
    case shape_of(BuiltinType::DictItemIterator):
      return step_items(vm, record, out);
    case shape_of(BuiltinType::Enumerate): {
      // Iterators over iterators can be nested without limit.
      NativeDepth guard(vm);
      return guard.check().is_error() ? -1 : step_enumerate(vm, record, out);
    }
    case shape_of(BuiltinType::Zip): {
      const Tuple* iterators = as<Tuple>(record->fields()[0]);
      if (iterators->length != 2 || record->fields()[1].is_true()) return 2;
      NativeDepth guard(vm);
      return guard.check().is_error() ? -1 : step_zip(vm, iterators, out);
    }
    default:
      return 2;
  }
}

// --- iteration ---

bool GetIter(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, get_iterator(vm, frame->registers()[i->b]));
}

namespace {
bool cannot_unpack(VM& vm, Value source) {
  if (!vm.catch_pending(Exc::TypeError)) return false;
  (void)vm.raise(Exc::TypeError, "cannot unpack non-iterable {} object", vm.type_of(source));
  return false;
}
bool is_iterable(VM& vm, Value v) {
  Type* type = vm.type_of(v);
  Value iter = type_special(vm, type, Special::Iter);
  return !iter.is_empty() || !type_special(vm, type, Special::GetItem).is_empty();
}
}  // namespace

bool UnpackSequence(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value source = r[i->b];
  uint32_t expected = i->c;
  auto made = get_iterator(vm, source);
  if (made.is_error()) return is_iterable(vm, source) ? false : cannot_unpack(vm, source);
  Value iterator = made.value();
  Value item;
  uint32_t count = 0;
  // The items wait in a tuple, since the destination may be the source's own register.
  auto items = make_tuple(vm, expected);
  if (items.is_error()) return false;
  for (; count < expected; ++count) {
    auto more = iterator_next(vm, iterator, &item);
    if (more.is_error()) return false;
    if (!more.value()) {
      (void)vm.raise(Exc::ValueError, "not enough values to unpack (expected {}, got {})", expected,
                     count);
      return false;
    }
    items.value()->values()[count] = item;
    vm.barrier(items.value());
  }
  auto more = iterator_next(vm, iterator, &item);
  if (more.is_error()) return false;
  if (more.value()) {
    (void)vm.raise(Exc::ValueError, "too many values to unpack (expected {})", expected);
    return false;
  }
  std::copy_n(items.value()->values(), expected, r + i->a);
  return true;
}

bool UnpackRest(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  uint32_t before = i->c & 0xFF, after = i->c >> 8;
  Value source = r[i->b];
  auto all = list_from(vm, source);
  if (all.is_error()) return is_iterable(vm, source) ? false : cannot_unpack(vm, source);
  List* list = all.value();
  if (list->length < before + after) {
    (void)vm.raise(Exc::ValueError, "not enough values to unpack (expected at least {}, got {})",
                   before + after, list->length);
    return false;
  }
  uint64_t middle = list->length - before - after;
  auto rest = make_list(vm, list->span().subspan(before, middle));
  if (rest.is_error()) return false;
  std::copy_n(list->span().data(), before, r + i->a);
  r[i->a + before] = rest.value();
  std::copy_n(list->span().data() + before + middle, after, r + i->a + before + 1);
  return true;
}

// --- building ---

bool BuildTuple(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, make_tuple(vm, {frame->registers() + i->b, i->c}));
}
bool BuildList(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, make_list(vm, {frame->registers() + i->b, i->c}));
}
bool BuildSet(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto set = make_set(vm);
  if (set.is_error()) return false;
  for (uint32_t n = 0; n < i->c; ++n)
    if (set_add(vm, set.value(), r[i->b + n]).is_error()) return false;
  r[i->a] = set.value();
  return true;
}
bool BuildDict(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto dict = make_dict(vm, i->c);
  if (dict.is_error()) return false;
  for (uint32_t n = 0; n < i->c; ++n)
    if (dict_set(vm, dict.value(), r[i->b + 2 * n], r[i->b + 2 * n + 1]).is_error()) return false;
  r[i->a] = dict.value();
  return true;
}
bool BuildString(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  // Trees that programs make may have any expressions as the parts of an f-string.
  for (uint32_t n = 0; n < i->c; ++n) {
    if (try_as<Str>(r[i->b + n])) continue;
    (void)vm.raise(Exc::TypeError, "sequence item {}: expected str instance, {} found", n,
                   vm.type_of(r[i->b + n]));
    return false;
  }
  return put(frame, i->a, str_join_array(vm, r + i->b, i->c));
}
bool ListAppend(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return list_append(vm, as<List>(r[i->a]), r[i->b]).is_ok();
}
bool ListExtend(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  if (list_extend(vm, as<List>(r[i->a]), r[i->b]).is_ok()) return true;
  if (!is_iterable(vm, r[i->b]) && vm.catch_pending(Exc::TypeError))
    (void)vm.raise(Exc::TypeError, "Value after * must be an iterable, not {}",
                   vm.type_of(r[i->b]));
  return false;
}
bool ListToTuple(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, make_tuple(vm, as<List>(frame->registers()[i->b])->span()));
}
bool SetAdd(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return set_add(vm, as<Set>(r[i->a]), r[i->b]).is_ok();
}
bool SetUpdate(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return set_update(vm, as<Set>(r[i->a]), r[i->b]).is_ok();
}
bool DictSet(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return dict_set(vm, as<Dict>(r[i->a]), r[i->b], r[i->c]).is_ok();
}

namespace {
/// Does it look like a mapping to dict.update and `**`?
Result<bool> has_keys(VM& vm, Value v) {
  if (is_kind(v, CellKind::Dict)) return true;
  Value keys;
  return get_attribute_optional(vm, v, vm.names().keys, &keys);
}
}  // namespace

bool DictUpdate(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto mapping = has_keys(vm, r[i->b]);
  if (mapping.is_error()) return false;
  if (!mapping.value()) {
    (void)vm.raise(Exc::TypeError, "'{}' object is not a mapping", vm.type_of(r[i->b]));
    return false;
  }
  return dict_update(vm, as<Dict>(r[i->a]), r[i->b]).is_ok();
}

namespace {

Result<void> merge_keyword(VM& vm, Dict* target, Value callee, Value key, Value value) {
  Value present;
  if (TRY(dict_get(vm, target, key, &present)))
    return vm.raise(Exc::TypeError, "{} got multiple values for keyword argument '{}'",
                    callable_text(vm, callee), TRY(str_text(vm, key)));
  return dict_set(vm, target, key, value);
}

Result<void> merge_keywords(VM& vm, Dict* target, Value source, Value callee) {
  if (is_exact(source, BuiltinType::Dict)) {
    Dict* copy = TRY(dict_copy(vm, as<Dict>(source)));
    for (DictCursor cursor(copy); cursor.next();)
      TRY(merge_keyword(vm, target, callee, cursor.key(), cursor.value()));
    return {};
  }
  if (!TRY(has_keys(vm, source)))
    return vm.raise(Exc::TypeError, "{} argument after ** must be a mapping, not {}",
                    callable_text(vm, callee), vm.type_of(source));
  Value keys = TRY(vm.call_method(source, vm.names().keys, {}));
  return for_each(vm, keys, [&](Value key) -> Result<bool> {
    Value value = TRY(get_item(vm, source, key));
    TRY(merge_keyword(vm, target, callee, key, value));
    return true;
  });
}

}  // namespace

bool DictMerge(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return merge_keywords(vm, as<Dict>(r[i->a]), r[i->b], r[i->c]).is_ok();
}

bool ConvertValue(VM& vm, Frame* frame, Instruction* i) {
  Value value = frame->registers()[i->b];
  return put(frame, i->a,
             i->c == 's'   ? str_of(vm, value)
             : i->c == 'r' ? repr_of(vm, value)
                           : ascii_of(vm, value));
}
bool FormatValue(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value value = r[i->b];
  if (i->c == 0xFFFF) {
    if (is_exact(value, BuiltinType::Str)) {
      r[i->a] = value;
      return true;
    }
    return put(frame, i->a, format_value(vm, value, Value()));
  }
  return put(frame, i->a, format_value(vm, value, r[i->c]));
}

bool MakeFunction(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Code* code = as<Code>(frame->code->constants[i->b]);
  auto made = vm.allocate<Function>(BuiltinType::Function);
  if (made.is_error()) return false;
  Function* function = made.value();
  const Function* outer = frame->function();
  function->code = code;
  function->globals = outer->globals;
  function->builtins = outer->builtins;
  function->defaults = function->keyword_defaults = Value::none();
  function->name = code->name;
  function->qualname = code->qualname;
  function->doc = code->doc.is_empty() ? Value::none() : code->doc;
  Value module = dict_get_str(vm, outer->globals, vm.names().name_);
  function->module = module.is_empty() ? Value::none() : module;
  if (i->c != 0xFFFF) {
    const Value* parts = r + i->c;
    function->defaults = parts[0];
    function->keyword_defaults = parts[1];
    if (!parts[2].is_none()) function->annotations = parts[2];
    if (!parts[3].is_none()) function->closure = as<Tuple>(parts[3]);
  }
  r[i->a] = function;
  return true;
}

}  // namespace apy::slow
