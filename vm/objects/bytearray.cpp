// The type bytearray: mutation and its method table.
//
// Storage that was outgrown is left to the collector, never freed at once: a method may hold a view
// of it while an argument's __index__ runs script code that resizes the array. While a buffer is
// exported (`exports` > 0) the length cannot change.
#include "vm/objects/bytes_family.h"
#include "vm/objects/exact.h"

namespace apy {
namespace {

using Methods = BytesMethods<ByteArray>;

/// BufferError while a view is alive. A view that nobody refers to any more may still be counted:
/// it is found out. Callers have computed positions already; so finalizers that change the length
/// count as a conflict too.
Result<void> check_resizable(VM& vm, ByteArray* self) {
  if (self->exports == 0) return {};
  uint64_t length = self->length;
  vm.heap().collect_full();
  TRY(vm.poll());
  if (self->exports == 0 && self->length == length) return {};
  return vm.raise(Exc::BufferError, "Existing exports of data: object cannot be re-sized");
}

Result<void> resize(VM& vm, ByteArray* self, size_t length) {
  if (length == self->length) return {};
  TRY(check_resizable(vm, self));
  size_t capacity = self->storage ? self->storage->capacity : 0;
  bool is_sparse = self->storage && self->storage->dropped > length && capacity > 256;
  if (length > capacity || (length < capacity / 4 && capacity > 256) || is_sparse) {
    if (length > kMaxTextBytes) return vm.out_of_memory();
    // Long ones grow in larger steps: each step copies everything into fresh pages.
    size_t spare = length < 4096 ? length / 8 + 16 : length / 4;
    size_t room = length > capacity ? length + spare : length;
    ByteStorage* storage = TRY(make_byte_storage(vm, room));
    size_t kept = std::min<size_t>(length, self->length);
    if (kept) std::memcpy(storage->data(), self->storage->data(), kept);
    self->storage = storage;
    vm.barrier(self);
  } else if (length > self->length) {
    std::memset(self->storage->data() + self->length, 0, length - self->length);
  }
  self->length = length;
  if (self->storage) self->storage->used = length;
  return {};
}

Result<void> splice(VM& vm, ByteArray* self, size_t begin, size_t end, std::string_view data) {
  size_t tail = self->length - end;
  size_t length = begin + data.size() + tail;
  if (length < self->length) {
    TRY(check_resizable(vm, self));
    ByteStorage* storage = self->storage;
    uint64_t removed = end - begin - data.size();
    // At the front nothing moves, as long as most of the memory is in use.
    if (begin == 0 && storage->dropped + removed <= length) {
      storage->drop_front(removed);
      self->length = storage->used = length;
    } else {
      uint8_t* bytes = storage->data();
      std::memmove(bytes + begin + data.size(), bytes + end, tail);
      TRY(resize(vm, self, length));
    }
  } else if (length > self->length) {
    TRY(resize(vm, self, length));
    uint8_t* bytes = self->storage->data();
    std::memmove(bytes + begin + data.size(), bytes + end, tail);
  }
  if (!data.empty()) std::memcpy(self->storage->data() + begin, data.data(), data.size());
  return {};
}

Result<Value> bytearray_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls) return vm.raise(Exc::TypeError, "bytearray.__new__(): not enough arguments");
  return TRY(allocate_instance(vm, cls));
}

Result<void> bytearray_init(VM& vm, ByteArray* self, Optional<Value> source,
                            Optional<Value> encoding, Optional<Value> errors) {
  TRY(resize(vm, self, 0));
  if (encoding.present || errors.present) {
    Bytes* bytes = TRY(encode_source(vm, source, encoding, errors, "bytearray"));
    return splice(vm, self, 0, 0, bytes->view());
  }
  if (!source.present) return {};
  if (try_as<Str>(source.value))
    return vm.raise(Exc::TypeError, "string argument without an encoding");
  ByteBuilder out(vm);
  TRY(append_bytes_from(vm, out, source.value, false));
  ByteArray* made = TRY(out.finish_bytearray());
  return splice(vm, self, 0, self->length, Methods::view(made));
}

Result<void> bytearray_append(VM& vm, ByteArray* self, Value item) {
  uint32_t byte = TRY(byte_value(vm, item));
  size_t at = self->length;
  TRY(resize(vm, self, at + 1));
  self->storage->data()[at] = static_cast<uint8_t>(byte);
  return {};
}

/// The bytes of any iterable as a bytearray of their own.
Result<ByteArray*> collect(VM& vm, Value iterable) {
  ByteBuilder out(vm);
  auto add = [&](Value item) -> Result<bool> {
    out.append(TRY(byte_value(vm, item)));
    return true;
  };
  TRY(for_each(vm, iterable, add));
  return out.finish_bytearray();
}

Result<void> bytearray_extend(VM& vm, ByteArray* self, Value iterable) {
  std::string_view data;
  if (get_bytes(iterable, &data)) {
    if (iterable.is(self)) data = TRY(make_bytes(vm, data))->view();
    return splice(vm, self, self->length, self->length, data);
  }
  Type* type = vm.type_of(iterable);
  if (type_special(vm, type, Special::Iter).is_empty() &&
      type_special(vm, type, Special::GetItem).is_empty())
    return vm.raise(Exc::TypeError, "can't extend bytearray with {}", type);
  if (try_as<Str>(iterable))
    return vm.raise(Exc::TypeError, "expected iterable of integers; got: 'str'");
  ByteArray* added = TRY(collect(vm, iterable));
  return splice(vm, self, self->length, self->length, Methods::view(added));
}

Result<void> bytearray_insert(VM& vm, ByteArray* self, int64_t index, Value item) {
  uint32_t byte = TRY(byte_value(vm, item));
  auto length = static_cast<int64_t>(self->length);
  if (index < 0) index = std::max<int64_t>(index + length, 0);
  auto at = static_cast<size_t>(std::min(index, length));
  char c = static_cast<char>(byte);
  return splice(vm, self, at, at, std::string_view(&c, 1));
}

Result<int64_t> bytearray_pop(VM& vm, ByteArray* self, Optional<int64_t> index) {
  auto length = static_cast<int64_t>(self->length);
  if (length == 0) return vm.raise(Exc::IndexError, "pop from empty bytearray");
  int64_t at = index.value_or(-1);
  if (at < 0) at += length;
  if (at < 0 || at >= length) return vm.raise(Exc::IndexError, "pop index out of range");
  int64_t byte = self->storage->data()[at];
  TRY(splice(vm, self, static_cast<size_t>(at), static_cast<size_t>(at) + 1, {}));
  return byte;
}

Result<void> bytearray_remove(VM& vm, ByteArray* self, Value item) {
  auto byte = static_cast<char>(TRY(byte_value(vm, item)));
  size_t at = Methods::view(self).find(byte);
  if (at == std::string_view::npos)
    return vm.raise(Exc::ValueError, "value not found in bytearray");
  return splice(vm, self, at, at + 1, {});
}

Result<void> bytearray_reverse(VM&, ByteArray* self) {
  if (self->length) std::reverse(self->storage->data(), self->storage->data() + self->length);
  return {};
}
Result<void> bytearray_clear(VM& vm, ByteArray* self) { return resize(vm, self, 0); }
Result<ByteArray*> bytearray_copy(VM& vm, ByteArray* self) {
  return make_bytearray(vm, Methods::view(self));
}

/// self[start:stop:step] = data with |step| != 1, or deletion of these bytes.
Result<void> assign_extended(VM& vm, ByteArray* self, SliceIndices s, std::string_view data) {
  if (static_cast<int64_t>(data.size()) != s.count)
    return vm.raise(Exc::ValueError,
                    "attempt to assign bytes of size {} to extended slice of size {}", data.size(),
                    s.count);
  for (int64_t i = 0; i < s.count; ++i)
    self->storage->data()[s.start + i * s.step] =
        static_cast<uint8_t>(data[static_cast<size_t>(i)]);
  return {};
}
Result<void> delete_slice(VM& vm, ByteArray* self, SliceIndices s) {
  if (s.count == 0) return {};
  auto begin = static_cast<size_t>(s.start);
  if (s.step == 1) return splice(vm, self, begin, begin + static_cast<size_t>(s.count), {});
  TRY(check_resizable(vm, self));
  int64_t step = s.step < 0 ? -s.step : s.step;
  int64_t first = s.step < 0 ? s.start + (s.count - 1) * s.step : s.start;
  uint8_t* bytes = self->storage->data();
  auto length = static_cast<int64_t>(self->length);
  int64_t to = first, removed = 0;
  for (int64_t from = first; from < length; ++from) {
    if (removed < s.count && from == first + removed * step)
      ++removed;
    else
      bytes[to++] = bytes[from];
  }
  return resize(vm, self, static_cast<size_t>(to));
}

}  // namespace

Result<void> bytearray_set_item(VM& vm, ByteArray* self, Value key, Value value) {
  if (Value::both_small_int(key, value)) {
    auto index = static_cast<uint64_t>(key.as_small_int());
    auto byte = static_cast<uint64_t>(value.as_small_int());
    if (index < self->length && byte < 256) {
      self->storage->data()[index] = static_cast<uint8_t>(byte);
      return {};
    }
  }
  Slice* slice = try_as<Slice>(key);
  if (!slice) {
    // The value before the range of the key: its __index__ may change the length.
    bool is_index = !type_special(vm, vm.type_of(key), Special::Index).is_empty();
    if (!key.is_small_int() && is_index) key = TRY(to_index(vm, key));
    uint32_t byte = is_index ? TRY(byte_value(vm, value)) : 0;
    int64_t at = TRY(index_in(vm, key, self->length, "bytearray", "bytearray index out of range"));
    self->storage->data()[at] = static_cast<uint8_t>(byte);
    return {};
  }
  slice = TRY(evaluate_slice(vm, slice));  // before `data`, since its parts may run script code
  std::string_view data;
  Bytes* copy = nullptr;
  if (!get_bytes(value, &data)) {
    if (is_int(value) || try_as<Str>(value))
      return vm.raise(Exc::TypeError,
                      "can assign only bytes, buffers, or iterables of ints in range(0, 256)");
    ByteBuilder out(vm);
    TRY(append_bytes_from(vm, out, value, false));
    copy = TRY(out.finish());
    data = copy->view();
    slice = TRY(evaluate_slice(vm, as<Slice>(key)));  // once more, as CPython does
  } else if (!is_kind(value, CellKind::ByteArray)) {
    slice = TRY(evaluate_slice(vm, as<Slice>(key)));
    if (!get_bytes(value, &data))
      return vm.raise(Exc::ValueError, "operation forbidden on released memoryview object");
  } else if (value.is(self)) {
    copy = TRY(make_bytes(vm, data));
    data = copy->view();
  }
  SliceIndices s = TRY(resolve_slice(vm, slice, self->length));
  if (s.step != 1) {
    if (data.empty() && s.count) return delete_slice(vm, self, s);
    return assign_extended(vm, self, s, data);
  }
  auto begin = static_cast<size_t>(s.start);
  return splice(vm, self, begin, begin + static_cast<size_t>(s.count), data);
}

namespace {

Result<void> bytearray_delete_item(VM& vm, ByteArray* self, Value key) {
  if (Slice* slice = try_as<Slice>(key))
    return delete_slice(vm, self, TRY(resolve_slice(vm, slice, self->length)));
  int64_t at = TRY(index_in(vm, key, self->length, "bytearray", "bytearray index out of range"));
  return splice(vm, self, static_cast<size_t>(at), static_cast<size_t>(at) + 1, {});
}

Result<Value> bytearray_in_place_add(VM& vm, ByteArray* self, Value other) {
  std::string_view data;
  if (!get_bytes(other, &data))
    return vm.raise(Exc::TypeError, "can't concat {} to {}", vm.type_of(other),
                    vm.type_of(Value(self)));
  if (other.is(self) && self->length)  // as if its own buffer were exported meanwhile
    return vm.raise(Exc::BufferError, "Existing exports of data: object cannot be re-sized");
  TRY(bytearray_extend(vm, self, other));
  return self;
}
Result<Value> bytearray_in_place_multiply(VM& vm, ByteArray* self, Value times) {
  int64_t count = TRY(repeat_count(vm, times));
  if (count == kNotACount) return Value::not_implemented();
  size_t piece = self->length;
  if (piece && static_cast<size_t>(count) > kMaxTextBytes / piece) return vm.out_of_memory();
  TRY(resize(vm, self, piece * static_cast<size_t>(count)));
  for (size_t at = piece; piece && at < self->length; at += piece)
    std::memcpy(self->storage->data() + at, self->storage->data(), piece);
  return self;
}
Result<int64_t> bytearray_alloc(VM&, ByteArray* self) {
  return static_cast<int64_t>(self->storage ? self->storage->capacity : 0);
}
Result<int64_t> bytearray_sizeof(VM&, ByteArray* self) {
  return static_cast<int64_t>(sizeof(ByteArray) + (self->storage ? self->storage->capacity : 0));
}
/// (class, the contents in the form that the protocol can write, state)
Result<Value> bytearray_reduced(VM& vm, ByteArray* self, int64_t protocol) {
  auto view = Methods::view(self);
  Tuple* arguments = TRY(make_tuple(vm, size_t{0}));
  if (protocol >= 3) {
    Value bytes = TRY(make_bytes(vm, view));
    if (!view.empty()) arguments = TRY(make_tuple(vm, {&bytes, 1}));
  } else if (!view.empty()) {
    Value text[] = {TRY(make_str_latin1(vm, view)), TRY(make_str(vm, "latin-1"))};
    arguments = TRY(make_tuple(vm, text));
  }
  Value state = TRY(vm.call_method(self, vm.names().getstate, {}));
  Value parts[] = {vm.type_of(Value(self)), arguments, state};
  return make_tuple(vm, parts);
}
Result<Value> bytearray_reduce(VM& vm, ByteArray* self) { return bytearray_reduced(vm, self, 2); }
Result<Value> bytearray_reduce_ex(VM& vm, ByteArray* self, Optional<int64_t> protocol) {
  return bytearray_reduced(vm, self, protocol.value_or(0));
}

constexpr auto kOwnMethods = std::to_array<NativeFunctionDef>({
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<bytearray_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, source=b'', encoding='utf-8', errors='strict')", "Initialize self.",
     bind<bytearray_init>()},
    {"__setitem__(self, key, value, /)", "Set self[key] to value.", bind<bytearray_set_item>()},
    {"__delitem__(self, key, /)", "Delete self[key].", bind<bytearray_delete_item>()},
    {"__iadd__(self, value, /)", "Implement self+=value.", bind<bytearray_in_place_add>()},
    {"__imul__(self, value, /)", "Implement self*=value.", bind<bytearray_in_place_multiply>()},
    {"__alloc__(self, /)", "Return the number of bytes actually allocated.",
     bind<bytearray_alloc>()},
    {"__sizeof__(self, /)", "Returns the size of the bytearray object in memory, in bytes.",
     bind<bytearray_sizeof>()},
    {"__reduce__(self, /)", "Return state information for pickling.", bind<bytearray_reduce>()},
    {"__reduce_ex__(self, proto=0, /)", "Return state information for pickling.",
     bind<bytearray_reduce_ex>()},
    {"append(self, item, /)", "Append a single item to the end of the bytearray.",
     bind<bytearray_append>()},
    {"extend(self, iterable_of_ints, /)",
     "Append all the items from the iterator or sequence to the end of the bytearray.",
     bind<bytearray_extend>()},
    {"insert(self, index, item, /)",
     "Insert a single item into the bytearray before the given index.", bind<bytearray_insert>()},
    {"pop(self, index=-1, /)", "Remove and return a single item from B.", bind<bytearray_pop>()},
    {"remove(self, value, /)", "Remove the first occurrence of a value in the bytearray.",
     bind<bytearray_remove>()},
    {"reverse(self, /)", "Reverse the order of the values in B in place.",
     bind<bytearray_reverse>()},
    {"clear(self, /)", "Remove all items from the bytearray.", bind<bytearray_clear>()},
    {"copy(self, /)", "Return a copy of B.", bind<bytearray_copy>()},
});
constexpr auto kMethods = join_tables(kOwnMethods, bytes_common_methods<ByteArray>());

/// A mutable object has no hash.
Result<void> add_constants(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

}  // namespace

Result<Value> bytearray_get_item(VM& vm, ByteArray* array, Value key) {
  return Methods::Text::get_item(vm, array, key);
}

extern const NativeTypeDef kByteArrayType = {
    .name = "bytearray",
    .doc =
        "bytearray(iterable_of_ints) -> bytearray\n"
        "bytearray(string, encoding[, errors]) -> bytearray\n"
        "bytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\n"
        "bytearray(int) -> bytes array of size given by the parameter initialized with null bytes\n"
        "bytearray() -> empty bytes array",
    .methods = kMethods,
    .flags = Type::kCanSubclass,
    .extend = add_constants,
};

Result<void> bytearray_resize(VM& vm, ByteArray* array, size_t length) {
  return resize(vm, array, length);
}
Result<void> bytearray_splice(VM& vm, ByteArray* array, size_t begin, size_t end,
                              std::string_view data) {
  return splice(vm, array, begin, end, data);
}

}  // namespace apy
