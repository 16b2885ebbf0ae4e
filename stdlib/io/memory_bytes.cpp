// io.BytesIO, but for what all streams of bytes have.
//
// The content is a bytes object until something is written or getbuffer() is called, then a
// bytearray, which knows how many views of it there are.
#include <algorithm>
#include <cstring>

#include "stdlib/io/memory.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"

namespace apy {

Result<int64_t> stream_count(VM& vm, Value size) {
  if (size.is_none()) return int64_t{-1};
  if (size.is_small_int()) return size.as_small_int();
  auto index = to_index(vm, size);
  if (index.is_error()) {
    if (!vm.catch_pending(Exc::TypeError)) return Error{};
    return vm.raise(Exc::TypeError, "argument should be integer or None, not '{}'",
                    vm.type_of(size));
  }
  return to_int64(vm, index.value());
}

std::string stream_class_name(VM& vm, NativeObject* stream) {
  Type* type = vm.type_of(stream);
  Str* module = try_as<Str>(type_lookup(vm, type, vm.names().module_));
  bool is_own = module && str_equal(module, "_io");
  return (is_own ? "_io." : "") + to_utf8(type->name);
}

Result<Value> stream_attributes(VM& vm, NativeObject* stream) {
  if (!stream->attributes && !existing_attributes_dict(vm, stream)) return Value::none();
  Dict* own = TRY(attributes_dict(vm, stream));
  if (own->length == 0) return Value::none();
  return TRY(dict_copy(vm, own));
}

Result<void> set_stream_attributes(VM& vm, NativeObject* stream, Value attributes,
                                   const char* which) {
  if (attributes.is_none()) return {};
  Dict* given = try_as<Dict>(attributes);
  if (!given)
    return vm.raise(Exc::TypeError, "{} item of state should be a dict, got a {}", which,
                    vm.type_of(attributes));
  Dict* own = TRY(attributes_dict(vm, stream));
  for (DictCursor c(given); c.next();) TRY(dict_set(vm, own, c.key(), c.value()));
  return {};
}

namespace {

void trace_bytes(const Cell* cell, Visitor& visitor) {
  visitor.visit(static_cast<const MemoryBytes*>(cell)->owner);
}

Result<void> check(VM& vm, const MemoryBytes* self) {
  if (self->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  return {};
}

std::string_view content(const MemoryBytes* self) {
  if (!self->owner) return {};
  if (self->owner->kind == CellKind::Bytes) return static_cast<const Bytes*>(self->owner)->view();
  auto* array = static_cast<const ByteArray*>(self->owner);
  if (!array->storage) return {};
  return {reinterpret_cast<const char*>(array->storage->data()), array->length};
}

/// The content as an array that can be written to.
Result<ByteArray*> writable(VM& vm, MemoryBytes* self) {
  if (self->owner && self->owner->kind == CellKind::ByteArray)
    return static_cast<ByteArray*>(self->owner);
  ByteArray* array = TRY(make_bytearray(vm, content(self)));
  self->owner = array;
  vm.barrier(self);
  return array;
}

Result<Value> make_view(VM& vm, Value object) {
  return vm.call(native_type<MemoryView>(vm), {object});
}

/// BufferError while a view of the content is alive.
Result<void> check_no_views(VM& vm, MemoryBytes* self) {
  if (!self->owner || self->owner->kind != CellKind::ByteArray) return {};
  auto* array = static_cast<ByteArray*>(self->owner);
  if (array->exports == 0) return {};
  // The array finds out whether the views are still in use.
  uint64_t length = array->length;
  TRY(bytearray_resize(vm, array, length + 1));
  return bytearray_resize(vm, array, length);
}

/// The `count` bytes from the position on, which are then behind the position. There are so many.
Result<Value> take(VM& vm, MemoryBytes* self, std::string_view all, size_t count) {
  if (count == all.size() && count > 0 && is_exact(Value(self->owner), BuiltinType::Bytes)) {
    self->position = count;
    return Value(self->owner);
  }
  Bytes* piece = TRY(make_bytes(vm, count));
  copy_bytes(piece->data(), reinterpret_cast<const uint8_t*>(all.data()) + self->position, count);
  self->position += count;
  return piece;
}

/// Empty at the end.
Result<Value> take_line(VM& vm, MemoryBytes* self, int64_t limit) {
  std::string_view all = content(self);
  if (self->position >= all.size()) return make_bytes(vm, std::string_view());
  size_t left = all.size() - self->position;
  const char* begin = all.data() + self->position;
  auto* end = static_cast<const char*>(std::memchr(begin, '\n', left));
  size_t count = end ? static_cast<size_t>(end - begin) + 1 : left;
  if (limit >= 0) count = std::min(count, static_cast<size_t>(limit));
  return take(vm, self, all, count);
}

Result<Value> bytes_new(VM& vm, const Arguments& arguments) {
  return TRY(make_native<MemoryBytes>(vm, as<Type>(arguments.values[0])));
}

/// The bytes of any bytes-like object; TypeError for other values.
Result<std::string_view> bytes_given(VM& vm, Value data) {
  std::string_view view;
  if (get_bytes(data, &view)) return view;
  if (is_kind(data, CellKind::Str) || !is_kind(data, CellKind::NativeObject))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(data));
  Value made = TRY(vm.call(vm.type(BuiltinType::Bytes), {TRY(make_view(vm, data))}));
  return as<Bytes>(made)->view();
}

Result<void> bytes_init(VM& vm, MemoryBytes* self, Optional<Value> initial) {
  TRY(check_no_views(vm, self));
  self->closed = false;
  self->position = 0;
  self->owner = nullptr;
  if (!initial.present || initial.value.is_none()) return {};
  if (is_exact(initial.value, BuiltinType::Bytes)) {
    self->owner = initial.value.cell();
  } else {
    self->owner = TRY(make_bytes(vm, TRY(bytes_given(vm, initial.value))));
  }
  vm.barrier(self);
  return {};
}

Result<Value> bytes_getvalue(VM& vm, MemoryBytes* self) {
  TRY(check(vm, self));
  if (self->owner && is_exact(Value(self->owner), BuiltinType::Bytes)) return Value(self->owner);
  return TRY(make_bytes(vm, content(self)));
}

Result<Value> bytes_getbuffer(VM& vm, MemoryBytes* self) {
  TRY(check(vm, self));
  return make_view(vm, TRY(writable(vm, self)));
}

Result<Value> bytes_read(VM& vm, MemoryBytes* self, Optional<Value> size) {
  TRY(check(vm, self));
  int64_t count = size.present ? TRY(stream_count(vm, size.value)) : -1;
  std::string_view all = content(self);
  if (self->position >= all.size()) return make_bytes(vm, std::string_view());
  size_t left = all.size() - self->position;
  return take(vm, self, all, count < 0 ? left : std::min(left, static_cast<size_t>(count)));
}

Result<Value> bytes_readline(VM& vm, MemoryBytes* self, Optional<Value> size) {
  TRY(check(vm, self));
  return take_line(vm, self, size.present ? TRY(stream_count(vm, size.value)) : -1);
}

Result<Value> bytes_readlines(VM& vm, MemoryBytes* self, Optional<Value> size) {
  TRY(check(vm, self));
  int64_t limit = size.present ? TRY(stream_count(vm, size.value)) : -1;
  List* lines = TRY(make_list(vm, size_t{0}));
  for (int64_t total = 0;;) {
    Value line = TRY(take_line(vm, self, -1));
    if (as<Bytes>(line)->length == 0) return lines;
    TRY(list_append(vm, lines, line));
    total += static_cast<int64_t>(as<Bytes>(line)->length);
    if (limit > 0 && total >= limit) return lines;
  }
}

Result<int64_t> bytes_readinto(VM& vm, MemoryBytes* self, Value buffer) {
  TRY(check(vm, self));
  Value target = buffer;
  if (is_kind(buffer, CellKind::NativeObject) && !writable_bytes(buffer).data)
    target = TRY(make_view(vm, buffer));
  WritableBytes place = writable_bytes(target);
  if (!place.data) {
    if (ByteArray* empty = try_as<ByteArray>(target); empty && empty->length == 0)
      return int64_t{0};
    return vm.raise(Exc::TypeError,
                    "readinto() argument must be read-write bytes-like object, not {}",
                    vm.type_of(buffer));
  }
  std::string_view all = content(self);
  if (self->position >= all.size()) return int64_t{0};
  size_t count = std::min<size_t>(place.size, all.size() - self->position);
  std::memmove(place.data, all.data() + self->position, count);
  self->position += count;
  return static_cast<int64_t>(count);
}

Result<bool> bytes_step(VM& vm, Cell* cell, Value* out) {
  auto* self = static_cast<MemoryBytes*>(cell);
  TRY(check(vm, self));
  *out = TRY(take_line(vm, self, -1));
  return as<Bytes>(*out)->length > 0;
}
Result<Value> bytes_next(VM& vm, MemoryBytes* self) {
  Value line;
  if (TRY(bytes_step(vm, self, &line))) return line;
  return stop_iteration(vm);
}
Result<Value> bytes_iter(VM& vm, MemoryBytes* self) {
  TRY(check(vm, self));
  return self;
}

Result<int64_t> bytes_write(VM& vm, MemoryBytes* self, Value value) {
  TRY(check(vm, self));
  TRY(check_no_views(vm, self));
  std::string_view data = TRY(bytes_given(vm, value));
  // A script can get hold of the array itself through a view.
  if (value.is(self->owner)) data = TRY(make_bytes(vm, data))->view();
  if (data.empty()) return int64_t{0};
  if (self->position > static_cast<uint64_t>(INT64_MAX) - data.size())
    return vm.raise(Exc::OverflowError, "new position too large");
  ByteArray* array = TRY(writable(vm, self));
  if (self->position > array->length) TRY(bytearray_resize(vm, array, self->position));
  size_t begin = self->position, end = std::min<size_t>(begin + data.size(), array->length);
  TRY(bytearray_splice(vm, array, begin, end, data));
  self->position += data.size();
  return static_cast<int64_t>(data.size());
}
Result<void> bytes_writelines(VM& vm, MemoryBytes* self, Value lines) {
  TRY(check(vm, self));
  return for_each(vm, lines, [&](Value line) -> Result<bool> {
    TRY(bytes_write(vm, self, line));
    return true;
  });
}

Result<int64_t> bytes_seek(VM& vm, MemoryBytes* self, int64_t offset, Optional<int64_t> whence) {
  TRY(check(vm, self));
  int64_t from = whence.value_or(0);
  if (from == 0 && offset < 0) return vm.raise(Exc::ValueError, "negative seek value {}", offset);
  if (from < 0 || from > 2)
    return vm.raise(Exc::ValueError, "invalid whence ({}, should be 0, 1 or 2)", from);
  int64_t origin = from == 0   ? 0
                   : from == 1 ? static_cast<int64_t>(self->position)
                               : static_cast<int64_t>(content(self).size());
  if (offset > INT64_MAX - origin) return vm.raise(Exc::OverflowError, "new position too large");
  int64_t position = std::max<int64_t>(origin + offset, 0);
  self->position = static_cast<uint64_t>(position);
  return position;
}
Result<int64_t> bytes_tell(VM& vm, MemoryBytes* self) {
  TRY(check(vm, self));
  return static_cast<int64_t>(self->position);
}

Result<int64_t> bytes_truncate(VM& vm, MemoryBytes* self, Optional<Value> size) {
  TRY(check(vm, self));
  TRY(check_no_views(vm, self));
  auto wanted = static_cast<int64_t>(self->position);
  if (size.present && !size.value.is_none()) {
    wanted = TRY(stream_count(vm, size.value));
    if (wanted < 0) return vm.raise(Exc::ValueError, "negative size value {}", wanted);
  }
  if (static_cast<uint64_t>(wanted) < content(self).size())
    TRY(bytearray_resize(vm, TRY(writable(vm, self)), static_cast<size_t>(wanted)));
  return wanted;
}

Result<void> bytes_close(VM& vm, MemoryBytes* self) {
  TRY(check_no_views(vm, self));
  self->owner = nullptr;
  self->closed = true;
  return {};
}
Result<void> bytes_flush(VM& vm, MemoryBytes* self) { return check(vm, self); }
Result<bool> bytes_yes(VM& vm, MemoryBytes* self) {
  TRY(check(vm, self));
  return true;
}
Result<bool> bytes_no(VM& vm, MemoryBytes* self) {
  TRY(check(vm, self));
  return false;
}

Result<Value> bytes_get_state(VM& vm, MemoryBytes* self) {
  Value state[] = {TRY(bytes_getvalue(vm, self)),
                   Value::small_int(static_cast<int64_t>(self->position)),
                   TRY(stream_attributes(vm, self))};
  return make_tuple(vm, state);
}

Result<void> bytes_set_state(VM& vm, MemoryBytes* self, Value state) {
  Tuple* parts = try_as<Tuple>(state);
  if (!parts || parts->length < 3)
    return vm.raise(Exc::TypeError, "{}.__setstate__ argument should be 3-tuple, got {}",
                    stream_class_name(vm, self), vm.type_of(state));
  TRY(check(vm, self));
  TRY(bytes_init(vm, self, {true, parts->values()[0]}));
  Value position = parts->values()[1];
  if (!is_int(position))
    return vm.raise(Exc::TypeError, "second item of state must be an integer, not {}",
                    vm.type_of(position));
  int64_t at = TRY(to_int64(vm, position));
  if (at < 0) return vm.raise(Exc::ValueError, "position value cannot be negative");
  self->position = static_cast<uint64_t>(at);
  return set_stream_attributes(vm, self, parts->values()[2], "third");
}

Result<Value> get_closed(VM&, Value self) {
  return Value::boolean(static_cast<MemoryBytes*>(self.cell())->closed);
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new stream.", bind<bytes_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, initial_bytes=b'')", "Begins with some bytes.", bind<bytes_init>()},
    {"getvalue(self, /)", "The whole content.", bind<bytes_getvalue>()},
    {"getbuffer(self, /)", "A view of the content, which cannot change its length meanwhile.",
     bind<bytes_getbuffer>()},
    {"read(self, size=-1, /)", "Read at most size bytes, or all.", bind<bytes_read>()},
    {"read1(self, size=-1, /)", "Read at most size bytes, or all.", bind<bytes_read>()},
    {"readline(self, size=-1, /)", "Read a line with its newline.", bind<bytes_readline>()},
    {"readlines(self, size=None, /)", "All lines, or lines until they have size bytes.",
     bind<bytes_readlines>()},
    {"readinto(self, buffer, /)", "Fill the buffer; the number of bytes.", bind<bytes_readinto>()},
    {"write(self, b, /)", "Write at the position; the number of bytes.", bind<bytes_write>()},
    {"writelines(self, lines, /)", "Write each item of an iterable.", bind<bytes_writelines>()},
    {"seek(self, pos, whence=0, /)", "Change the position; returns it.", bind<bytes_seek>()},
    {"tell(self, /)", "The position.", bind<bytes_tell>()},
    {"truncate(self, size=None, /)", "Cut the content at size, or at the position.",
     bind<bytes_truncate>()},
    {"close(self, /)", "Drop the content.", bind<bytes_close>()},
    {"flush(self, /)", "Does nothing.", bind<bytes_flush>()},
    {"readable(self, /)", "True.", bind<bytes_yes>()},
    {"writable(self, /)", "True.", bind<bytes_yes>()},
    {"seekable(self, /)", "True.", bind<bytes_yes>()},
    {"isatty(self, /)", "False.", bind<bytes_no>()},
    {"__iter__(self, /)", nullptr, bind<bytes_iter>()},
    {"__next__(self, /)", nullptr, bind<bytes_next>()},
    {"__getstate__(self, /)", "Helper for pickle.", bind<bytes_get_state>()},
    {"__setstate__(self, state, /)", "Helper for pickle.", bind<bytes_set_state>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"closed", "Was close called?", get_closed},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kMemoryTextType, "Text"));
  return add_native_type(vm, module, kMemoryBytesType, "Bytes");
}

}  // namespace

const NativeClass MemoryBytes::kClass = {"_memory_streams.Bytes", trace_bytes, nullptr, bytes_step};

const NativeTypeDef kMemoryBytesType = {"_memory_streams.Bytes",
                                        "Bytes in memory.",
                                        kMethods,
                                        kAttributes,
                                        Type::kCanSubclass | Type::kHasWeakref,
                                        sizeof(MemoryBytes),
                                        &MemoryBytes::kClass};

extern const NativeModuleDef kMemoryStreamsModule = {
    "_memory_streams", "The native part of io.StringIO and io.BytesIO.", {}, initialize};

}  // namespace apy
