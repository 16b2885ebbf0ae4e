// The type memoryview. One dimension only: cast() to more is a NotImplementedError.
#include "vm/objects/memoryview.h"

#include <cstring>

#include "vm/objects/bytes_family.h"

namespace apy {
namespace {

void trace_view(const Cell* self, Visitor& visitor) {
  visitor.visit(static_cast<const MemoryView*>(self)->object);
  visitor.visit(static_cast<const MemoryView*>(self)->owner);
}

void release(MemoryView* view) {
  if (ByteArray* array = try_as<ByteArray>(view->object)) --array->exports;
  view->object = Value();
  view->owner = Value();
}

/// The format of the items that a bytes-like object other than a view shows.
char format_of(Value v) {
  BufferObject* object = try_buffer_object(v);
  return object ? object->format : 'B';
}

void finalize_view(VM&, Cell* self) { release(static_cast<MemoryView*>(self)); }

}  // namespace

const NativeClass MemoryView::kClass = {"memoryview", trace_view, finalize_view};

void trace_buffer_object(const Cell* self, Visitor& visitor) {
  visitor.visit(static_cast<const BufferObject*>(self)->storage);
}
BufferObject* try_buffer_object(Value v) {
  if (!is_kind(v, CellKind::NativeObject)) return nullptr;
  auto* object = static_cast<NativeObject*>(v.cell());
  return object->native_class->trace == trace_buffer_object ? static_cast<BufferObject*>(object)
                                                            : nullptr;
}

uint8_t* MemoryView::item(uint64_t index) const {
  ByteArray* array = try_as<ByteArray>(object);
  uint8_t* data =
      array ? (array->storage ? array->storage->data() : nullptr) : as<Bytes>(object)->data();
  return data + static_cast<int64_t>(offset) + static_cast<int64_t>(index) * stride;
}

bool get_view_bytes(Value v, std::string_view* out) {
  MemoryView* view = try_native<MemoryView>(v);
  if (!view) {
    BufferObject* object = try_buffer_object(v);
    return object && get_bytes(object->storage, out);
  }
  if (view->is_released() || !view->is_contiguous()) return false;
  if (view->length == 0)
    *out = {};
  else
    *out = {reinterpret_cast<char*>(view->item(0)), view->length * view->item_size};
  return true;
}

WritableBytes writable_bytes(Value v) {
  if (ByteArray* array = try_as<ByteArray>(v))
    return {array->storage ? array->storage->data() : reinterpret_cast<uint8_t*>(array),
            array->length};
  MemoryView* view = try_native<MemoryView>(v);
  BufferObject* object = try_buffer_object(v);
  if (object && try_as<ByteArray>(object->storage)) return writable_bytes(object->storage);
  std::string_view bytes;
  if (!view || view->readonly || !get_view_bytes(v, &bytes)) return {nullptr, 0};
  return {bytes.empty() ? reinterpret_cast<uint8_t*>(view) : view->item(0), bytes.size()};
}

Result<Bytes*> memoryview_bytes(VM& vm, MemoryView* view) {
  Bytes* bytes = TRY(make_bytes(vm, view->length * view->item_size));
  for (uint64_t i = 0; i < view->length; ++i)
    std::memcpy(bytes->data() + i * view->item_size, view->item(i), view->item_size);
  return bytes;
}

namespace {

Result<void> check(VM& vm, MemoryView* view) {
  if (!view->is_released()) return {};
  return vm.raise(Exc::ValueError, "operation forbidden on released memoryview object");
}

/// Size of a native format character, or 0.
uint32_t size_of_format(char format) {
  switch (format) {
    case 'B':
    case 'b':
    case 'c':
    case '?':
      return 1;
    case 'H':
    case 'h':
      return 2;
    case 'I':
    case 'i':
    case 'f':
      return 4;
    case 'L':
    case 'l':
    case 'Q':
    case 'q':
    case 'N':
    case 'n':
    case 'P':
    case 'd':
      return 8;
  }
  return 0;
}
bool is_signed_format(char format) {
  return format == 'b' || format == 'h' || format == 'i' || format == 'l' || format == 'q' ||
         format == 'n';
}

Result<Value> read_item(VM& vm, const MemoryView* view, uint64_t index) {
  if (size_of_format(view->format) == 0)
    return vm.raise(Exc::NotImplementedError, "memoryview: format {} not supported",
                    std::string_view(&view->format, 1));
  const uint8_t* data = view->item(index);
  uint64_t word = 0;
  std::memcpy(&word, data, view->item_size);
  switch (view->format) {
    case 'B':
      return Value::small_int(static_cast<int64_t>(word));
    case 'c':
      return make_bytes(vm, std::string_view(reinterpret_cast<const char*>(data), 1));
    case '?':
      return Value::boolean(word != 0);
    case 'f':
      return make_float(vm, std::bit_cast<float>(static_cast<uint32_t>(word)));
    case 'd':
      return make_float(vm, std::bit_cast<double>(word));
  }
  if (!is_signed_format(view->format)) return make_int_unsigned(vm, word);
  unsigned shift = 64 - 8 * view->item_size;
  return make_int(vm, static_cast<int64_t>(word << shift) >> shift);
}

Error wrong_item(VM& vm, const MemoryView* view, Exc type) {
  return vm.raise(type,
                  type == Exc::TypeError ? "memoryview: invalid type for format '{}'"
                                         : "memoryview: invalid value for format '{}'",
                  std::string_view(&view->format, 1));
}

/// The bytes of `value` as an item, in the low bytes of the result.
Result<uint64_t> pack_item(VM& vm, const MemoryView* view, Value value) {
  if (size_of_format(view->format) == 0)
    return vm.raise(Exc::NotImplementedError, "memoryview: format {} not supported",
                    std::string_view(&view->format, 1));
  switch (view->format) {
    case 'c': {
      Bytes* bytes = try_as<Bytes>(value);
      if (!bytes) return wrong_item(vm, view, Exc::TypeError);
      if (bytes->length != 1) return wrong_item(vm, view, Exc::ValueError);
      return uint64_t{bytes->data()[0]};
    }
    case '?':
      return uint64_t{TRY(is_truthy(vm, value))};
    case 'f':
    case 'd': {
      if (!is_float(value) && !is_int(value)) return wrong_item(vm, view, Exc::TypeError);
      double number = TRY(to_double(vm, value));
      if (view->format == 'd') return std::bit_cast<uint64_t>(number);
      return uint64_t{std::bit_cast<uint32_t>(static_cast<float>(number))};
    }
  }
  if (!is_int(value) && type_special(vm, vm.type_of(value), Special::Index).is_empty())
    return wrong_item(vm, view, Exc::TypeError);
  Value integer = TRY(to_index(vm, value));
  int64_t number;
  if (!fits_int64(integer, &number)) return wrong_item(vm, view, Exc::ValueError);
  unsigned bits = 8 * view->item_size;
  bool fits = is_signed_format(view->format)
                  ? bits == 64 ||
                        (number >= -(int64_t{1} << (bits - 1)) && number < int64_t{1} << (bits - 1))
                  : number >= 0 && (bits == 64 || number < int64_t{1} << bits);
  if (!fits) return wrong_item(vm, view, Exc::ValueError);
  return static_cast<uint64_t>(number);
}

/// A view over the same object.
Result<MemoryView*> make_view(VM& vm, Type* type, Value object, Value owner, bool readonly) {
  MemoryView* view = static_cast<MemoryView*>(TRY(allocate_instance(vm, type)));
  view->native_class = &MemoryView::kClass;
  view->object = object;
  view->owner = owner;
  view->stride = view->item_size = 1;
  view->format = 'B';
  view->readonly = readonly;
  if (ByteArray* array = try_as<ByteArray>(object)) {
    ++array->exports;
    vm.heap().register_finalizer(view);
  }
  return view;
}
Result<MemoryView*> copy_view(VM& vm, MemoryView* source) {
  MemoryView* view = TRY(
      make_view(vm, vm.type_of(Value(source)), source->object, source->owner, source->readonly));
  view->offset = source->offset;
  view->length = source->length;
  view->stride = source->stride;
  view->item_size = source->item_size;
  view->format = source->format;
  return view;
}

Result<Value> view_new(VM& vm, Type* cls, Value object) {
  if (MemoryView* source = try_native<MemoryView>(object)) {
    TRY(check(vm, source));
    return copy_view(vm, source);
  }
  std::string_view data;
  if (!get_bytes(object, &data)) {
    Value method = type_lookup(vm, vm.type_of(object), TRY(intern(vm, "__buffer__")));
    if (method.is_empty())
      return vm.raise(Exc::TypeError, "memoryview: a bytes-like object is required, not '{}'",
                      vm.type_of(object));
    constexpr int64_t kFullReadOnly = 0x11C;  // PyBUF_FULL_RO
    Value made = TRY(vm.call(method, {object, Value::small_int(kFullReadOnly)}));
    if (MemoryView* shown = try_native<MemoryView>(made)) return shown;
    return vm.raise(Exc::TypeError, "__buffer__ returned non-memoryview object");
  }
  BufferObject* buffer = try_buffer_object(object);
  Value storage = buffer ? buffer->storage : object;
  MemoryView* view = TRY(make_view(vm, cls, storage, object, is_kind(storage, CellKind::Bytes)));
  view->length = data.size();
  if (buffer) {
    view->format = buffer->format;
    view->stride = view->item_size = buffer->item_size;
    view->length /= buffer->item_size;
  }
  return view;
}

Result<int64_t> view_length(VM& vm, MemoryView* self) {
  TRY(check(vm, self));
  return static_cast<int64_t>(self->length);
}

/// `key` as an index; the errors are memoryview's own.
Result<uint64_t> index_of(VM& vm, MemoryView* self, Value key) {
  if (Tuple* keys = try_as<Tuple>(key)) {
    auto is_slice = [](Value part) { return is_kind(part, CellKind::Slice); };
    if (std::all_of(keys->span().begin(), keys->span().end(), is_slice) && keys->length > 0)
      return vm.raise(Exc::NotImplementedError, "multi-dimensional slicing is not implemented");
  }
  if (!is_int(key) && type_special(vm, vm.type_of(key), Special::Index).is_empty())
    return vm.raise(Exc::TypeError, "memoryview: invalid slice key");
  int64_t index = TRY(to_int64_clamped(vm, key));
  TRY(check(vm, self));
  if (index < 0) index += static_cast<int64_t>(self->length);
  if (index < 0 || index >= static_cast<int64_t>(self->length))
    return vm.raise(Exc::IndexError, "index out of bounds on dimension 1");
  return static_cast<uint64_t>(index);
}
Result<MemoryView*> slice_of(VM& vm, MemoryView* self, Slice* slice) {
  SliceIndices s = TRY(resolve_slice(vm, slice, self->length));
  TRY(check(vm, self));
  MemoryView* view = TRY(copy_view(vm, self));
  view->offset = static_cast<uint64_t>(static_cast<int64_t>(self->offset) + s.start * self->stride);
  view->length = static_cast<uint64_t>(s.count);
  view->stride = self->stride * s.step;
  return view;
}
Result<Value> view_get_item(VM& vm, MemoryView* self, Value key) {
  TRY(check(vm, self));
  if (Slice* slice = try_as<Slice>(key)) return slice_of(vm, self, slice);
  return read_item(vm, self, TRY(index_of(vm, self, key)));
}

Result<void> assign_slice(VM& vm, MemoryView* self, Slice* slice, Value value) {
  MemoryView* source = try_native<MemoryView>(value);
  std::string_view bytes;
  char format = 'B';
  if (source) {
    TRY(check(vm, source));
    format = source->format;
    bytes = TRY(memoryview_bytes(vm, source))->view();
  } else {
    // A copy: the source may be what the view looks at.
    format = format_of(value);
    bytes = TRY(make_bytes(vm, TRY(bytes_like(vm, value))))->view();
  }
  MemoryView* target = TRY(slice_of(vm, self, slice));
  Result<void> result;
  if (format != target->format || bytes.size() != target->length * target->item_size) {
    result = vm.raise(Exc::ValueError,
                      "memoryview assignment: lvalue and rvalue have different structures");
  } else {
    for (uint64_t i = 0; i < target->length; ++i)
      std::memcpy(target->item(i), bytes.data() + i * target->item_size, target->item_size);
  }
  release(target);
  return result;
}
Result<void> view_set_item(VM& vm, MemoryView* self, Value key, Value value) {
  TRY(check(vm, self));
  if (self->readonly) return vm.raise(Exc::TypeError, "cannot modify read-only memory");
  if (Slice* slice = try_as<Slice>(key)) return assign_slice(vm, self, slice, value);
  TRY(index_of(vm, self, key));
  uint64_t word = TRY(pack_item(vm, self, value));
  TRY(check(vm, self));
  uint64_t index = TRY(index_of(vm, self, key));
  std::memcpy(self->item(index), &word, self->item_size);
  return {};
}
Result<void> view_delete_item(VM& vm, MemoryView* self, Value) {
  TRY(check(vm, self));
  if (self->readonly) return vm.raise(Exc::TypeError, "cannot modify read-only memory");
  return vm.raise(Exc::TypeError, "cannot delete memory");
}

Result<Bytes*> view_tobytes(VM& vm, MemoryView* self, Optional<Value> order) {
  TRY(check(vm, self));
  if (order.present && !order.value.is_none()) {
    const Str* text = try_as<Str>(order.value);
    if (!text)
      return vm.raise(Exc::TypeError, "tobytes() argument 'order' must be str or None, not {}",
                      vm.type_of(order.value));
    if (!str_equal(text, "C") && !str_equal(text, "F") && !str_equal(text, "A"))
      return vm.raise(Exc::ValueError, "order must be 'C', 'F' or 'A'");
  }
  return memoryview_bytes(vm, self);
}
Result<List*> view_tolist(VM& vm, MemoryView* self) {
  TRY(check(vm, self));
  List* list = TRY(make_list(vm, self->length));
  for (uint64_t i = 0; i < self->length; ++i)
    TRY(list_append(vm, list, TRY(read_item(vm, self, i))));
  return list;
}
Result<Str*> view_hex(VM& vm, MemoryView* self, Optional<Value> separator,
                      Optional<int64_t> group) {
  TRY(check(vm, self));
  return bytes_hex(vm, TRY(memoryview_bytes(vm, self))->view(), separator, group.value_or(1));
}
Result<MemoryView*> view_toreadonly(VM& vm, MemoryView* self) {
  TRY(check(vm, self));
  MemoryView* view = TRY(copy_view(vm, self));
  view->readonly = true;
  return view;
}
Result<void> view_release(VM&, MemoryView* self) {
  release(self);
  return {};
}
Result<Value> view_enter(VM& vm, MemoryView* self) {
  TRY(check(vm, self));
  return self;
}
Result<void> view_exit(VM&, MemoryView* self, Rest) {
  release(self);
  return {};
}

Result<MemoryView*> view_cast(VM& vm, MemoryView* self, Str* format, Optional<Value> shape) {
  TRY(check(vm, self));
  std::string name = to_utf8(format);
  if (name.size() == 2 && name[0] == '@') name.erase(0, 1);
  uint32_t size = name.size() == 1 ? size_of_format(name[0]) : 0;
  if (!self->is_contiguous())
    return vm.raise(Exc::TypeError, "memoryview: casts are restricted to C-contiguous views");
  if (size == 0)
    return vm.raise(Exc::ValueError,
                    "memoryview: destination format must be a native single character format "
                    "prefixed with an optional '@'");
  auto is_byte = [](char c) { return c == 'B' || c == 'b' || c == 'c'; };
  if (!is_byte(self->format) && !is_byte(name[0]))
    return vm.raise(Exc::TypeError, "memoryview: cannot cast between two non-byte formats");
  uint64_t bytes = self->length * self->item_size;
  if (bytes % size)
    return vm.raise(Exc::TypeError, "memoryview: length is not a multiple of itemsize");
  if (shape.present) {
    int64_t dimensions = TRY(length_of(vm, shape.value));
    if (dimensions != 1)
      return vm.raise(Exc::NotImplementedError, "memoryview: only one dimension is supported");
    int64_t items = TRY(to_int64(vm, TRY(get_item(vm, shape.value, Value::small_int(0)))));
    if (items != static_cast<int64_t>(bytes / size))
      return vm.raise(Exc::TypeError, "memoryview: product(shape) * itemsize != buffer size");
  }
  MemoryView* view = TRY(copy_view(vm, self));
  view->format = name[0];
  view->item_size = size;
  view->stride = size;
  view->length = bytes / size;
  return view;
}

template <bool kEqual>
Result<Value> view_compare(VM& vm, MemoryView* self, Value other) {
  MemoryView* view = try_native<MemoryView>(other);
  if (self->is_released() || (view && view->is_released()))
    return Value::boolean(self == view ? kEqual : !kEqual);
  std::string_view bytes;
  if (!view && !get_bytes(other, &bytes)) return Value::not_implemented();
  char format = view ? view->format : format_of(other);
  bool is_float_format = format == 'f' || format == 'd';
  if (format == self->format && !is_float_format) {
    if (view) bytes = TRY(memoryview_bytes(vm, view))->view();
    bool equal = TRY(memoryview_bytes(vm, self))->view() == bytes;
    return Value::boolean(equal == kEqual);
  }
  Value left = TRY(view_tolist(vm, self));
  Value right = view ? Value(TRY(view_tolist(vm, view))) : Value(TRY(list_from(vm, other)));
  return Value::boolean(TRY(values_equal(vm, left, right)) == kEqual);
}

Result<Value> view_hash(VM& vm, MemoryView* self) {
  if (self->has_hash) return make_int(vm, self->hash);
  TRY(check(vm, self));
  if (!self->readonly) return vm.raise(Exc::ValueError, "cannot hash writable memoryview object");
  if (self->item_size != 1)
    return vm.raise(Exc::ValueError,
                    "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
  self->hash = TRY(hash_value(vm, TRY(memoryview_bytes(vm, self))));
  self->has_hash = true;
  return make_int(vm, self->hash);
}
Result<Str*> view_repr(VM& vm, MemoryView* self) {
  char text[64];
  std::snprintf(text, sizeof text, "<%s at %p>", self->is_released() ? "released memory" : "memory",
                static_cast<void*>(self));
  return make_str(vm, text);
}

// --- attributes ---

/// The receiver of an attribute; released views have none of them.
Result<MemoryView*> receiver(VM& vm, Value self) {
  MemoryView* view = try_native<MemoryView>(self);
  if (!view)
    return vm.raise(Exc::TypeError, "a memoryview is required, not '{}'", vm.type_of(self));
  TRY(check(vm, view));
  return view;
}
Result<Value> get_object(VM& vm, Value self) { return TRY(receiver(vm, self))->owner; }
Result<Value> get_nbytes(VM& vm, Value self) {
  MemoryView* view = TRY(receiver(vm, self));
  return make_int(vm, static_cast<int64_t>(view->length * view->item_size));
}
Result<Value> get_readonly(VM& vm, Value self) {
  return Value::boolean(TRY(receiver(vm, self))->readonly);
}
Result<Value> get_item_size(VM& vm, Value self) {
  return Value::small_int(static_cast<int64_t>(TRY(receiver(vm, self))->item_size));
}
Result<Value> get_format(VM& vm, Value self) {
  return make_str(vm, std::string_view(&TRY(receiver(vm, self))->format, 1));
}
Result<Value> get_ndim(VM& vm, Value self) {
  TRY(receiver(vm, self));
  return Value::small_int(1);
}
Result<Value> one_tuple(VM& vm, int64_t i) {
  Value item = TRY(make_int(vm, i));
  return make_tuple(vm, std::span<const Value>(&item, 1));
}
Result<Value> get_shape(VM& vm, Value self) {
  return one_tuple(vm, static_cast<int64_t>(TRY(receiver(vm, self))->length));
}
Result<Value> get_strides(VM& vm, Value self) {
  return one_tuple(vm, TRY(receiver(vm, self))->stride);
}
Result<Value> get_suboffsets(VM& vm, Value self) {
  TRY(receiver(vm, self));
  return make_tuple(vm, size_t{0});
}
Result<Value> get_contiguous(VM& vm, Value self) {
  return Value::boolean(TRY(receiver(vm, self))->is_contiguous());
}

/// Only equality is defined.
Result<Value> view_unordered(VM&, MemoryView*, Value) { return Value::not_implemented(); }

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, object)", "Create a new memoryview object which references the given object.",
     bind<view_new>(), NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<view_repr>()},
    {"__len__(self, /)", "Return len(self).", bind<view_length>()},
    {"__getitem__(self, key, /)", "Return self[key].", bind<view_get_item>()},
    {"__setitem__(self, key, value, /)", "Set self[key] to value.", bind<view_set_item>()},
    {"__delitem__(self, key, /)", "Delete self[key].", bind<view_delete_item>()},
    {"__lt__(self, value, /)", "Return self<value.", bind<view_unordered>()},
    {"__le__(self, value, /)", "Return self<=value.", bind<view_unordered>()},
    {"__gt__(self, value, /)", "Return self>value.", bind<view_unordered>()},
    {"__ge__(self, value, /)", "Return self>=value.", bind<view_unordered>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<view_compare<true>>()},
    {"__ne__(self, value, /)", "Return self!=value.", bind<view_compare<false>>()},
    {"__hash__(self, /)", "Return hash(self).", bind<view_hash>()},
    {"__enter__(self, /)", "Return self.", bind<view_enter>()},
    {"__exit__(self, /, *args)", "Release the underlying buffer.", bind<view_exit>()},
    {"tobytes(self, /, order='C')", "Return the data in the buffer as a byte string.",
     bind<view_tobytes>()},
    {"tolist(self, /)", "Return the data in the buffer as a list of elements.",
     bind<view_tolist>()},
    {"hex(self, /, sep=None, bytes_per_sep=1)",
     "Return the data in the buffer as a str of hexadecimal numbers.", bind<view_hex>()},
    {"toreadonly(self, /)", "Return a readonly version of the memoryview.",
     bind<view_toreadonly>()},
    {"release(self, /)", "Release the underlying buffer exposed by the memoryview object.",
     bind<view_release>()},
    {"cast(self, /, format, shape=None)", "Cast a memoryview to a new format or shape.",
     bind<view_cast>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"obj", "The underlying object of the memoryview.", get_object},
    {"nbytes",
     "The amount of space in bytes that the array would use in a contiguous representation.",
     get_nbytes},
    {"readonly", "A bool indicating whether the memory is read only.", get_readonly},
    {"itemsize", "The size in bytes of each element of the memoryview.", get_item_size},
    {"format",
     "A string containing the format (in struct module style) for each element in the view.",
     get_format},
    {"ndim",
     "An integer indicating how many dimensions of a multi-dimensional array the memory "
     "represents.",
     get_ndim},
    {"shape", "A tuple of ndim integers giving the shape of the memory as an N-dimensional array.",
     get_shape},
    {"strides", "A tuple of ndim integers giving the size in bytes to access each element.",
     get_strides},
    {"suboffsets", "A tuple of integers used internally for PIL-style arrays.", get_suboffsets},
    {"c_contiguous", "A bool indicating whether the memory is C contiguous.", get_contiguous},
    {"f_contiguous", "A bool indicating whether the memory is Fortran contiguous.", get_contiguous},
    {"contiguous", "A bool indicating whether the memory is contiguous.", get_contiguous},
};

}  // namespace

const NativeTypeDef kMemoryViewType = {
    .name = "memoryview",
    .doc = "Create a new memoryview object which references the given object.",
    .methods = kMethods,
    .attributes = kAttributes,
    .flags = Type::kSequence | Type::kHasWeakref,
    .instance_size = sizeof(MemoryView),
    .native_class = &MemoryView::kClass,
};

}  // namespace apy
