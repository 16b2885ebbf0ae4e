// The module array.
#include "stdlib/array/array.h"

#include <algorithm>
#include <cstring>

#include "vm/objects/codec.h"
#include "vm/objects/indexing.h"
#include "vm/objects/text.h"
#include "vm/objects/warning.h"

namespace apy::arrays {

namespace {

struct ArrayIterator : NativeObject {
  static const NativeClass kClass;
  Array* array;  // null: exhausted
  uint64_t index;
  static Result<bool> step(VM& vm, ArrayIterator* self, Value* out) {
    if (!self->array) return false;
    if (self->index >= self->array->length()) {
      self->array = nullptr;
      return false;
    }
    *out = TRY(read_item(vm, *self->array->kind, self->array->item(self->index)));
    ++self->index;
    return true;
  }
};
const NativeClass ArrayIterator::kClass = {"array.arrayiterator", trace_values<1>, nullptr,
                                           native_step<ArrayIterator>};

/// BufferError while a view is alive; one that nobody refers to any more is found out.
Result<void> check_resizable(VM& vm, Array* self) {
  if (self->bytes()->exports == 0) return {};
  uint64_t length = self->bytes()->length;
  vm.heap().collect_full();
  TRY(vm.poll());
  if (self->bytes()->exports == 0 && self->bytes()->length == length) return {};
  return vm.raise(Exc::BufferError, "cannot resize an array that is exporting buffers");
}

}  // namespace

const NativeClass Array::kClass = {"array.array", trace_buffer_object, nullptr};

Result<Array*> make_array(VM& vm, Type* type, const ItemKind& kind, std::string_view bytes) {
  Array* array = TRY(make_native<Array>(vm, type));
  array->kind = &kind;
  array->item_size = kind.size;
  array->format = kind.is_text() ? 'w' : kind.code;
  array->storage = TRY(make_bytearray(vm, bytes));
  vm.barrier(array);
  return array;
}

Result<void> splice(VM& vm, Array* array, uint64_t begin, uint64_t end, std::string_view bytes) {
  size_t size = array->kind->size;
  if ((end - begin) * size != bytes.size()) TRY(check_resizable(vm, array));
  return bytearray_splice(vm, array->bytes(), begin * size, end * size, bytes);
}

namespace {

std::string_view bytes_of(const uint64_t& word, const ItemKind& kind) {
  return {reinterpret_cast<const char*>(&word), kind.size};
}

Result<void> insert_at(VM& vm, Array* array, uint64_t index, Value item) {
  uint64_t word = TRY(pack_item(vm, *array->kind, item));
  index = std::min(index, array->length());
  return splice(vm, array, index, index, bytes_of(word, *array->kind));
}

}  // namespace

Result<void> append(VM& vm, Array* array, Value item) {
  return insert_at(vm, array, UINT64_MAX, item);
}

Result<void> extend(VM& vm, Array* array, Value iterable) {
  if (Array* other = try_native<Array>(iterable)) {
    if (other->kind != array->kind)
      return vm.raise(Exc::TypeError, "can only extend with array of same kind");
    std::string copy(other->view());
    return splice(vm, array, array->length(), array->length(), copy);
  }
  return for_each(vm, iterable, [&](Value item) -> Result<bool> {
    TRY(append(vm, array, item));
    return true;
  });
}

Result<void> from_bytes(VM& vm, Array* array, std::string_view bytes) {
  if (bytes.size() % array->kind->size)
    return vm.raise(Exc::ValueError, "bytes length not a multiple of item size");
  std::string copy(bytes);  // they may be the array's own
  return splice(vm, array, array->length(), array->length(), copy);
}

Result<void> from_text(VM& vm, Array* array, Str* text) {
  std::string words(text->length * 4, '\0');
  for (size_t i = 0; i < text->length; ++i) {
    uint32_t character = text->at(i);
    std::memcpy(words.data() + 4 * i, &character, 4);
  }
  return splice(vm, array, array->length(), array->length(), words);
}

Result<Str*> to_text(VM& vm, Array* array) {
  std::string copy(array->view());
  return decode_text(vm, copy, Value(), "utf-32-le");
}

namespace {

// --- construction ---

Result<const ItemKind*> kind_argument(VM& vm, Value value) {
  Str* text = try_as<Str>(value);
  if (!text || text->length != 1)
    return vm.raise(Exc::TypeError, "array() argument 1 must be a unicode character, not {}",
                    vm.type_of(value));
  const ItemKind* kind = find_kind(text->at(0));
  if (!kind)
    return vm.raise(Exc::ValueError,
                    "bad typecode (must be b, B, u, h, H, i, I, l, L, q, Q, f or d)");
  if (kind->code == 'u')
    TRY(issue_warning_here(vm, Exc::DeprecationWarning,
                           "The 'u' type code is deprecated and will be removed in Python 3.16"));
  return kind;
}

Result<void> fill(VM& vm, Array* array, Value initializer) {
  const ItemKind& kind = *array->kind;
  if (Str* text = try_as<Str>(initializer)) {
    if (!kind.is_text())
      return vm.raise(Exc::TypeError, "cannot use a str to initialize an array with typecode '{}'",
                      std::string_view(&kind.code, 1));
    return from_text(vm, array, text);
  }
  Array* source = try_native<Array>(initializer);
  if (source && source->kind->is_text() && !kind.is_text())
    return vm.raise(Exc::TypeError,
                    "cannot use a unicode array to initialize an array with typecode '{}'",
                    std::string_view(&kind.code, 1));
  if (source && (source->kind == &kind || (source->kind->is_text() && kind.is_text())))
    return from_bytes(vm, array, source->view());
  std::string_view bytes;
  if ((is_kind(initializer, CellKind::Bytes) || is_kind(initializer, CellKind::ByteArray)) &&
      get_bytes(initializer, &bytes))
    return from_bytes(vm, array, bytes);
  return for_each(vm, initializer, [&](Value item) -> Result<bool> {
    TRY(append(vm, array, item));
    return true;
  });
}

Result<Value> array_new(VM& vm, const Arguments& arguments) {
  Type* type = as<Type>(arguments.values[0]);
  if (arguments.keyword_count() && type == native_type<Array>(vm))
    return vm.raise(Exc::TypeError, "array.array() takes no keyword arguments");
  uint32_t count = arguments.positional_count - 1;
  if (count < 1)
    return vm.raise(Exc::TypeError, "array() takes at least 1 argument ({} given)", count);
  if (count > 2)
    return vm.raise(Exc::TypeError, "array() takes at most 2 arguments ({} given)", count);
  const ItemKind* kind = TRY(kind_argument(vm, arguments.values[1]));
  Array* array = TRY(make_array(vm, type, *kind, {}));
  if (count == 2) TRY(fill(vm, array, arguments.values[2]));
  return array;
}

/// The counterpart of __reduce_ex__: class, typecode, machine format, bytes.
Result<Value> reconstruct(VM& vm, Value cls, Value typecode, int64_t format, Value items) {
  Type* type = try_as<Type>(cls);
  if (!type)
    return vm.raise(Exc::TypeError, "first argument must be a type object, not {}",
                    vm.type_of(cls));
  if (!type->is_subtype_of(native_type<Array>(vm)))
    return vm.raise(Exc::TypeError, "{} is not a subtype of array.array", type);
  Str* code = try_as<Str>(typecode);
  const ItemKind* kind = code && code->length == 1 ? find_kind(code->at(0)) : nullptr;
  if (!kind) return vm.raise(Exc::ValueError, "second argument must be a valid type code");
  if (format < 0 || format > 21)
    return vm.raise(Exc::ValueError, "third argument must be a valid machine format code.");
  Bytes* bytes = try_as<Bytes>(items);
  if (!bytes)
    return vm.raise(Exc::TypeError, "fourth argument should be bytes, not {}", vm.type_of(items));
  Array* array = TRY(make_array(vm, type, *kind, {}));
  unsigned size = machine_format_size(format);
  if (bytes->length % size)
    return vm.raise(Exc::ValueError, "string length not a multiple of item size");
  if (format == kind->machine_format) {
    TRY(from_bytes(vm, array, bytes->view()));
    return array;
  }
  if (format >= 18) {
    static constexpr const char* kEncodings[] = {"utf-16-le", "utf-16-be", "utf-32-le",
                                                 "utf-32-be"};
    Str* text = TRY(decode_text(vm, bytes->view(), bytes, kEncodings[format - 18]));
    if (kind->is_text()) {
      TRY(from_text(vm, array, text));
      return array;
    }
  }
  for (uint64_t at = 0; at < bytes->length; at += size)
    TRY(append(vm, array, TRY(read_machine_item(vm, format, bytes->data() + at))));
  return array;
}

// --- methods ---

Result<int64_t> array_length(VM&, Array* self) { return static_cast<int64_t>(self->length()); }
Result<Value> array_iter(VM& vm, Array* self) {
  auto* iterator = TRY(make_native<ArrayIterator>(vm, native_type<ArrayIterator>(vm)));
  iterator->array = self;
  return iterator;
}
Result<Value> item_at(VM& vm, Array* self, uint64_t index) {
  return read_item(vm, *self->kind, self->item(index));
}

Result<Value> array_repr(VM& vm, Array* self) {
  StrBuilder builder(vm);
  builder.append(vm.type_of(self)->name);
  builder.append("('");
  builder.append(std::string_view(&self->kind->code, 1));
  builder.append("'");
  if (self->bytes()->length) {
    Value items = self->kind->is_text() ? Value(TRY(to_text(vm, self)))
                                        : Value(TRY(list_from(vm, TRY(array_iter(vm, self)))));
    builder.append(", ");
    builder.append(TRY(repr_of(vm, items)));
  }
  builder.append(")");
  return builder.finish();
}

/// Position of an item equal to `item` in [begin, end), or -1.
Result<int64_t> find(VM& vm, Array* self, Value item, uint64_t begin, uint64_t end) {
  for (uint64_t i = begin; i < end && i < self->length(); ++i)
    if (TRY(compare_bool(vm, CompareOp::Equal, TRY(item_at(vm, self, i)), item)))
      return static_cast<int64_t>(i);
  return int64_t{-1};
}
Result<bool> array_contains(VM& vm, Array* self, Value item) {
  return TRY(find(vm, self, item, 0, UINT64_MAX)) >= 0;
}
Result<int64_t> array_index(VM& vm, Array* self, Value item, Optional<Value> start,
                            Optional<Value> stop) {
  size_t begin = TRY(position_argument(vm, start, 0, self->length()));
  size_t end = TRY(position_argument(vm, stop, self->length(), self->length()));
  int64_t index = TRY(find(vm, self, item, begin, end));
  if (index < 0) return vm.raise(Exc::ValueError, "array.index(x): x not in array");
  return index;
}
Result<int64_t> array_count(VM& vm, Array* self, Value item) {
  int64_t count = 0;
  for (uint64_t i = 0; i < self->length(); ++i)
    count += TRY(compare_bool(vm, CompareOp::Equal, TRY(item_at(vm, self, i)), item));
  return count;
}
Result<void> array_remove(VM& vm, Array* self, Value item) {
  int64_t index = TRY(find(vm, self, item, 0, UINT64_MAX));
  if (index < 0) return vm.raise(Exc::ValueError, "array.remove(x): x not in array");
  auto at = static_cast<uint64_t>(index);
  return at < self->length() ? splice(vm, self, at, at + 1, {}) : Result<void>();
}
Result<Value> array_pop(VM& vm, Array* self, Optional<int64_t> index) {
  auto length = static_cast<int64_t>(self->length());
  if (length == 0) return vm.raise(Exc::IndexError, "pop from empty array");
  int64_t at = index.value_or(-1);
  if (at < 0) at += length;
  if (at < 0 || at >= length) return vm.raise(Exc::IndexError, "pop index out of range");
  Value item = TRY(item_at(vm, self, static_cast<uint64_t>(at)));
  TRY(splice(vm, self, static_cast<uint64_t>(at), static_cast<uint64_t>(at) + 1, {}));
  return item;
}
Result<void> array_insert(VM& vm, Array* self, int64_t index, Value item) {
  auto length = static_cast<int64_t>(self->length());
  if (index < 0) index = std::max<int64_t>(index + length, 0);
  return insert_at(vm, self, static_cast<uint64_t>(index), item);
}
Result<void> array_clear(VM& vm, Array* self) { return splice(vm, self, 0, self->length(), {}); }

Result<void> array_reverse(VM&, Array* self) {
  size_t size = self->kind->size;
  for (uint64_t i = 0, j = self->length(); i + 1 < j; ++i)
    std::swap_ranges(self->item(i), self->item(i) + size, self->item(--j));
  return {};
}
Result<void> array_byteswap(VM&, Array* self) {
  size_t size = self->kind->size;
  for (uint64_t i = 0; i < self->length(); ++i) std::reverse(self->item(i), self->item(i) + size);
  return {};
}

Result<Value> array_concatenate(VM& vm, Array* self, Value other) {
  Array* right = try_native<Array>(other);
  if (!right)
    return vm.raise(Exc::TypeError, "can only append array (not \"{}\") to array",
                    vm.type_of(other));
  if (right->kind != self->kind)
    return vm.raise(Exc::TypeError, "bad argument type for built-in operation");
  Array* sum = TRY(make_array(vm, native_type<Array>(vm), *self->kind, self->view()));
  TRY(extend(vm, sum, other));
  return sum;
}
Result<Value> array_in_place_concatenate(VM& vm, Array* self, Value other) {
  if (!try_native<Array>(other))
    return vm.raise(Exc::TypeError, "can only extend array with array (not \"{}\")",
                    vm.type_of(other));
  TRY(extend(vm, self, other));
  return self;
}
Result<Value> array_in_place_repeat(VM& vm, Array* self, Value times) {
  int64_t count = TRY(repeat_count(vm, times));
  if (count == kNotACount) return Value::not_implemented();
  size_t piece = self->bytes()->length, total;
  if (__builtin_mul_overflow(piece, static_cast<size_t>(count), &total) || total > kMaxTextBytes)
    return vm.out_of_memory();
  if (total == piece) return self;
  TRY(check_resizable(vm, self));
  TRY(bytearray_resize(vm, self->bytes(), total));
  for (size_t at = piece; at < total; at += piece)
    std::memcpy(self->data() + at, self->data(), piece);
  return self;
}
Result<Value> array_repeat(VM& vm, Array* self, Value times) {
  Array* copy = TRY(make_array(vm, native_type<Array>(vm), *self->kind, self->view()));
  return array_in_place_repeat(vm, copy, times);
}

template <CompareOp op>
Result<Value> array_compare(VM& vm, Array* self, Value other) {
  Array* right = try_native<Array>(other);
  if (!right) return Value::not_implemented();
  constexpr bool kEquality = op == CompareOp::Equal || op == CompareOp::NotEqual;
  if (kEquality && self->length() != right->length())
    return Value::boolean(op == CompareOp::NotEqual);
  if (kEquality && self->kind == right->kind && self->kind->code != 'f' && self->kind->code != 'd')
    return Value::boolean((self->view() == right->view()) == (op == CompareOp::Equal));
  uint64_t i = 0;
  for (; i < self->length() && i < right->length(); ++i) {
    Value a = TRY(item_at(vm, self, i)), b = TRY(item_at(vm, right, i));
    if (TRY(compare_bool(vm, CompareOp::Equal, a, b))) continue;
    if (kEquality) return Value::boolean(op == CompareOp::NotEqual);
    return compare(vm, op, a, b);
  }
  return compare(vm, op, TRY(make_int_unsigned(vm, self->length())),
                 TRY(make_int_unsigned(vm, right->length())));
}

Result<List*> array_tolist(VM& vm, Array* self) { return list_from(vm, TRY(array_iter(vm, self))); }
Result<void> array_fromlist(VM& vm, Array* self, Value value) {
  List* list = try_as<List>(value);
  if (!list) return vm.raise(Exc::TypeError, "arg must be list");
  uint64_t before = self->length(), count = list->length;
  for (uint64_t i = 0; i < count; ++i) {
    bool changed = list->length != count;
    if (!changed && append(vm, self, list->values()[i]).is_ok()) continue;
    if (changed) (void)vm.raise(Exc::RuntimeError, "list changed size during iteration");
    Value pending = vm.take_pending();
    if (self->length() > before) TRY(splice(vm, self, before, self->length(), {}));
    return vm.reraise(pending);
  }
  return {};
}
Result<Bytes*> array_tobytes(VM& vm, Array* self) { return make_bytes(vm, self->view()); }
Result<void> array_frombytes(VM& vm, Array* self, Value value) {
  std::string_view bytes;
  if (!get_bytes(value, &bytes))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
  return from_bytes(vm, self, bytes);
}
Result<void> array_tofile(VM& vm, Array* self, Value file) {
  constexpr size_t kBlock = 64 * 1024;
  for (size_t at = 0; at < self->bytes()->length; at += kBlock) {
    Value block = TRY(make_bytes(vm, self->view().substr(at, kBlock)));
    TRY(vm.call_method(file, TRY(intern(vm, "write")), {block}));
  }
  if (self->bytes()->length == 0) TRY(get_attribute(vm, file, TRY(intern(vm, "write"))));
  return {};
}
Result<void> array_fromfile(VM& vm, Array* self, Value file, int64_t count) {
  if (count < 0) return vm.raise(Exc::ValueError, "negative count");
  int64_t wanted;
  if (__builtin_mul_overflow(count, int64_t{self->kind->size}, &wanted)) return vm.out_of_memory();
  Value read = TRY(vm.call_method(file, TRY(intern(vm, "read")), {TRY(make_int(vm, wanted))}));
  Bytes* bytes = try_as<Bytes>(read);
  if (!bytes) return vm.raise(Exc::TypeError, "read() didn't return bytes");
  bool complete = static_cast<int64_t>(bytes->length) == wanted;
  TRY(from_bytes(vm, self, bytes->view()));
  if (!complete) return vm.raise(Exc::EOFError, "read() didn't return enough bytes");
  return {};
}
Result<void> array_fromunicode(VM& vm, Array* self, Value value) {
  Str* text = try_as<Str>(value);
  if (!text)
    return vm.raise(Exc::TypeError, "fromunicode() argument must be str, not {}",
                    vm.type_of(value));
  if (!self->kind->is_text())
    return vm.raise(Exc::ValueError,
                    "fromunicode() may only be called on unicode type arrays ('u' or 'w')");
  return from_text(vm, self, text);
}
Result<Str*> array_tounicode(VM& vm, Array* self) {
  if (!self->kind->is_text())
    return vm.raise(Exc::ValueError,
                    "tounicode() may only be called on unicode type arrays ('u' or 'w')");
  return to_text(vm, self);
}
Result<Value> array_buffer_info(VM& vm, Array* self) {
  Value parts[2] = {TRY(make_int_unsigned(vm, reinterpret_cast<uintptr_t>(self->data()))),
                    TRY(make_int_unsigned(vm, self->length()))};
  return make_tuple(vm, parts);
}
Result<Value> array_copy(VM& vm, Array* self) {
  return make_array(vm, native_type<Array>(vm), *self->kind, self->view());
}
Result<Value> array_deepcopy(VM& vm, Array* self, Value) { return array_copy(vm, self); }

Result<Value> array_reduce(VM& vm, Array* self, Value protocol) {
  if (!is_int(protocol))
    return vm.raise(Exc::TypeError, "__reduce_ex__ argument should be an integer");
  int64_t number = TRY(to_int64(vm, protocol));
  Value state = Value::none();
  TRY(get_attribute_optional(vm, self, vm.names().dict_, &state));
  Value code = TRY(make_str(vm, std::string_view(&self->kind->code, 1)));
  Value callable = vm.type_of(self), arguments;
  if (number < 3) {
    Value pair[2] = {code, TRY(array_tolist(vm, self))};
    arguments = TRY(make_tuple(vm, pair));
  } else {
    Value four[4] = {callable, code, Value::small_int(self->kind->machine_format),
                     TRY(array_tobytes(vm, self))};
    arguments = TRY(make_tuple(vm, four));
    callable = TRY(
        get_attribute(vm, TRY(vm.import_module("array")), TRY(intern(vm, "_array_reconstructor"))));
  }
  Value parts[3] = {callable, arguments, state};
  return make_tuple(vm, parts);
}
Result<int64_t> array_sizeof(VM&, Array* self) {
  size_t room = self->bytes()->storage ? Heap::slot_size(self->bytes()->storage) : 0;
  return static_cast<int64_t>(sizeof(Array) + sizeof(ByteArray) + room);
}
Result<Value> array_class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

Result<Array*> receiver(VM& vm, Value self) {
  if (Array* array = try_native<Array>(self)) return array;
  return vm.raise(Exc::TypeError, "an array is required, not '{}'", vm.type_of(self));
}
Result<Value> get_typecode(VM& vm, Value self) {
  return make_str(vm, std::string_view(&TRY(receiver(vm, self))->kind->code, 1));
}
Result<Value> get_item_size(VM& vm, Value self) {
  return Value::small_int(int64_t{TRY(receiver(vm, self))->kind->size});
}

Result<Value> iterator_reduce(VM& vm, ArrayIterator* self) {
  Value iter = TRY(get_attribute(vm, TRY(vm.import_module("builtins")), TRY(intern(vm, "iter"))));
  Value argument = self->array ? Value(self->array) : Value(TRY(make_list(vm, size_t{0})));
  Value arguments = TRY(make_tuple(vm, {&argument, 1}));
  if (!self->array) {
    Value pair[2] = {iter, arguments};
    return make_tuple(vm, pair);
  }
  Value parts[3] = {iter, arguments, TRY(make_int_unsigned(vm, self->index))};
  return make_tuple(vm, parts);
}
Result<void> iterator_setstate(VM& vm, ArrayIterator* self, Value state) {
  int64_t index = TRY(to_int64_clamped(vm, state));
  if (!self->array) return {};
  index = std::clamp<int64_t>(index, 0, static_cast<int64_t>(self->array->length()));
  self->index = static_cast<uint64_t>(index);
  return {};
}

Result<void> extend_type(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new array.", bind<array_new>(),
     NativeFunctionDef::kStatic},
    {"__len__(self, /)", "len(self)", bind<array_length>()},
    {"__getitem__(self, key, /)", "self[key]", bind<get_item_or_slice>()},
    {"__setitem__(self, key, value, /)", "self[key] = value", bind<set_item_or_slice>()},
    {"__delitem__(self, key, /)", "del self[key]", bind<delete_item_or_slice>()},
    {"__contains__(self, key, /)", "key in self", bind<array_contains>()},
    {"__iter__(self, /)", "iter(self)", bind<array_iter>()},
    {"__repr__(self, /)", "repr(self)", bind<array_repr>()},
    {"__add__(self, value, /)", "self+value", bind<array_concatenate>()},
    {"__iadd__(self, value, /)", "self+=value", bind<array_in_place_concatenate>()},
    {"__mul__(self, value, /)", "self*value", bind<array_repeat>()},
    {"__rmul__(self, value, /)", "value*self", bind<array_repeat>()},
    {"__imul__(self, value, /)", "self*=value", bind<array_in_place_repeat>()},
    {"__eq__(self, value, /)", "self==value", bind<array_compare<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "self!=value", bind<array_compare<CompareOp::NotEqual>>()},
    {"__lt__(self, value, /)", "self<value", bind<array_compare<CompareOp::Less>>()},
    {"__le__(self, value, /)", "self<=value", bind<array_compare<CompareOp::LessEqual>>()},
    {"__gt__(self, value, /)", "self>value", bind<array_compare<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "self>=value", bind<array_compare<CompareOp::GreaterEqual>>()},
    {"__copy__(self, /)", "A copy.", bind<array_copy>()},
    {"__deepcopy__(self, unused, /)", "A copy.", bind<array_deepcopy>()},
    {"__reduce_ex__(self, value, /)", "What to pickle.", bind<array_reduce>()},
    {"__sizeof__(self, /)", "Size in memory, in bytes.", bind<array_sizeof>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<array_class_getitem>(), NativeFunctionDef::kClassMethod},
    {"append(self, v, /)", "Add an item at the end.", bind<append>()},
    {"buffer_info(self, /)", "(address, number of items)", bind<array_buffer_info>()},
    {"byteswap(self, /)", "Turn the order of each item's bytes around.", bind<array_byteswap>()},
    {"clear(self, /)", "Remove all items.", bind<array_clear>()},
    {"count(self, v, /)", "How often v occurs.", bind<array_count>()},
    {"extend(self, bb, /)", "Add the items of an iterable or an array of the same kind.",
     bind<extend>()},
    {"frombytes(self, buffer, /)", "Add the items that a bytes-like object holds.",
     bind<array_frombytes>()},
    {"fromfile(self, f, n, /)", "Add n items read from a file.", bind<array_fromfile>()},
    {"fromlist(self, list, /)", "Add the items of a list; on an error none of them.",
     bind<array_fromlist>()},
    {"fromunicode(self, ustr, /)", "Add the characters of a str.", bind<array_fromunicode>()},
    {"index(self, v, start=0, stop=9223372036854775807, /)",
     "The first position of v in [start, stop); ValueError when there is none.",
     bind<array_index>()},
    {"insert(self, i, v, /)", "Put v before the item at position i.", bind<array_insert>()},
    {"pop(self, i=-1, /)", "Remove and return the item at position i.", bind<array_pop>()},
    {"remove(self, v, /)", "Remove the first item equal to v; ValueError without one.",
     bind<array_remove>()},
    {"reverse(self, /)", "Turn the order of the items around.", bind<array_reverse>()},
    {"tobytes(self, /)", "The items as bytes.", bind<array_tobytes>()},
    {"tofile(self, f, /)", "Write the items to a file as bytes.", bind<array_tofile>()},
    {"tolist(self, /)", "The items as a list.", bind<array_tolist>()},
    {"tounicode(self, /)", "The characters as a str.", bind<array_tounicode>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"typecode", "The character that names the kind of items.", get_typecode},
    {"itemsize", "The size of an item, in bytes.", get_item_size},
};
constexpr NativeTypeDef kArrayType = {
    .name = "array.array",
    .doc =
        "array(typecode [, initializer]) -> array\n\nItems of one machine type. The typecodes: b "
        "B (char), h H (short), i I (int), l L (long), q Q (long long), f (float), d (double), w "
        "(character), u (the same, deprecated); capitals are unsigned.",
    .methods = kMethods,
    .attributes = kAttributes,
    .flags = Type::kCanSubclass | Type::kSequence | Type::kHasWeakref,
    .instance_size = sizeof(Array),
    .native_class = &Array::kClass,
    .extend = extend_type};

constexpr NativeFunctionDef kIteratorMethods[] = {
    NATIVE_ITERATOR_METHODS(ArrayIterator),
    {"__reduce__(self, /)", "What to pickle.", bind<iterator_reduce>()},
    {"__setstate__(self, state, /)", "Set the position.", bind<iterator_setstate>()},
};
constexpr NativeTypeDef kIteratorType = {.name = "array.arrayiterator",
                                         .doc = nullptr,
                                         .methods = kIteratorMethods,
                                         .flags = Type::kDisallowNew,
                                         .instance_size = sizeof(ArrayIterator),
                                         .native_class = &ArrayIterator::kClass};

constexpr NativeFunctionDef kFunctions[] = {
    {"_array_reconstructor(arraytype, typecode, mformat_code, items, /)",
     "Internal. Used for pickling support.", bind<reconstruct>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kArrayType, "array"));
  Type* type = native_type<Array>(vm);
  TRY(module_set(vm, module, "ArrayType", type));
  TRY(add_native_type(vm, module, kIteratorType, "_arrayiterator"));
  TRY(module_set(vm, module, "typecodes", TRY(make_str(vm, "bBuwhHiIlLqQfd"))));
  Value abstract = TRY(get_attribute(vm, TRY(vm.import_module("collections.abc")),
                                     TRY(intern(vm, "MutableSequence"))));
  TRY(vm.call_method(abstract, TRY(intern(vm, "register")), {Value(type)}));
  return {};
}

}  // namespace

}  // namespace apy::arrays

namespace apy {
extern const NativeModuleDef kArrayModule = {"array", "Arrays of machine values.",
                                             arrays::kFunctions, arrays::initialize};
}  // namespace apy
