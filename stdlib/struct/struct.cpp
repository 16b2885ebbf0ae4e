// _struct: values in C's layouts.
#include <cstring>

#include "stdlib/native_iterator.h"
#include "stdlib/struct/format.h"
#include "vm/objects/dict.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

using namespace structs;

struct Struct : NativeObject {
  static const NativeClass kClass;
  Str* text;
  Format* format;  // malloc'd; null before __init__
};
void finalize_struct(VM&, Cell* self) {
  auto* object = static_cast<Struct*>(self);
  delete object->format;
  object->format = nullptr;
}
const NativeClass Struct::kClass = {"_struct.Struct", trace_values<1>, finalize_struct};

struct UnpackIterator : NativeObject {
  static const NativeClass kClass;
  Struct* source;
  Value buffer;
  Value view;  // a memoryview that fixes the length of a bytearray
  uint64_t position;
  static Result<bool> step(VM& vm, UnpackIterator* self, Value* out);
};
const NativeClass UnpackIterator::kClass = {"_struct.unpack_iterator", trace_values<3>, nullptr,
                                            native_step<UnpackIterator>};

const char kCacheKey = 0;
constexpr uint32_t kMaxCached = 100;

Result<Struct*> init_struct(VM& vm, Struct* self, Value given) {
  std::string text;
  if (Str* string = try_as<Str>(given)) {
    if (!string->is_ascii()) {
      TRY(vm.call_method(string, TRY(intern(vm, "encode")), {TRY(make_str(vm, "ascii"))}));
      return vm.raise(Exc::UnicodeError, "format is not ASCII");
    }
    text = string->latin1();
  } else if (Bytes* bytes = try_as<Bytes>(given)) {
    text = bytes->view();
  } else {
    return vm.raise(Exc::TypeError, "Struct() argument 1 must be a str or bytes object, not {}",
                    vm.type_of(given));
  }
  Format parsed;
  TRY(parse_format(vm, text, &parsed));
  self->text = TRY(make_str(vm, text));
  vm.barrier(self);
  if (!self->format) {
    self->format = new Format;
    vm.heap().register_finalizer(self);
  }
  *self->format = std::move(parsed);
  return self;
}

Result<Value> struct_new(VM& vm, const Arguments& arguments) {
  return make_native<Struct>(vm, as<Type>(arguments.values[0]));
}
Result<void> struct_init(VM& vm, Struct* self, Value format) {
  TRY(init_struct(vm, self, format));
  return {};
}

/// The Struct of a format, from the cache.
Result<Struct*> struct_of(VM& vm, Value format) {
  if (Struct* given = try_native<Struct>(format)) return given;
  Dict* cache = static_cast<Dict*>(vm.module_state(&kCacheKey));
  bool cacheable = is_exact(format, BuiltinType::Str) || is_exact(format, BuiltinType::Bytes);
  Value found;
  if (cacheable && TRY(dict_get(vm, cache, format, &found)))
    return static_cast<Struct*>(found.cell());
  Struct* made =
      TRY(init_struct(vm, TRY(make_native<Struct>(vm, native_type<Struct>(vm))), format));
  if (cacheable) {
    if (cache->length >= kMaxCached) dict_clear(vm, cache);
    TRY(dict_set(vm, cache, format, made));
  }
  return made;
}

Result<const Format*> format_of(VM& vm, const Struct* self) {
  if (!self->format) return vm.raise(Exc::RuntimeError, "Struct object is not initialized");
  return static_cast<const Format*>(self->format);
}

Result<void> pack_values(VM& vm, const char* function, const Format& format,
                         std::span<const Value> values, uint8_t* out) {
  if (static_cast<int64_t>(values.size()) != format.items)
    return raise_struct_error(vm, std::string(function) + " expected " +
                                      std::to_string(format.items) + " items for packing (got " +
                                      std::to_string(values.size()) + ")");
  std::memset(out, 0, static_cast<size_t>(format.size));
  size_t next = 0;
  for (const Field& field : format.fields) {
    bool is_text = field.code == 's' || field.code == 'p';
    for (int64_t i = 0; i < (is_text ? 1 : field.repeat); ++i)
      TRY(pack_item(vm, format, field, values[next++], out + field.offset + i * field.size));
  }
  return {};
}

Result<Value> unpack_values(VM& vm, const Format& format, const uint8_t* in) {
  Tuple* tuple = TRY(make_tuple(vm, static_cast<size_t>(format.items)));
  Value* next = tuple->values();
  for (const Field& field : format.fields) {
    bool is_text = field.code == 's' || field.code == 'p';
    const uint8_t* item = in + field.offset;
    for (int64_t left = is_text ? 1 : field.repeat; left > 0; --left, item += field.size) {
      *next++ = TRY(unpack_item(vm, format, field, item));
      vm.barrier(tuple);
    }
  }
  return tuple;
}

Result<std::string_view> buffer_of(VM& vm, Value value) {
  std::string_view bytes;
  if (!get_bytes(value, &bytes))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
  return bytes;
}
const uint8_t* data_of(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

Result<Value> pack(VM& vm, Struct* self, std::span<const Value> values) {
  const Format* format = TRY(format_of(vm, self));
  // Made first: script code may run while the items are converted.
  Bytes* bytes = TRY(make_bytes(vm, static_cast<size_t>(format->size)));
  TRY(pack_values(vm, "pack", *format, values, bytes->data()));
  return bytes;
}

Result<Value> pack_into(VM& vm, Struct* self, std::span<const Value> arguments) {
  const Format* format = TRY(format_of(vm, self));
  if (arguments.empty()) return raise_struct_error(vm, "pack_into expected buffer argument");
  if (arguments.size() == 1) return raise_struct_error(vm, "pack_into expected offset argument");
  std::span<const Value> values = arguments.subspan(2);
  // Pack aside: converting the items may run script code, which may resize the buffer.
  Bytes* packed = TRY(make_bytes(vm, static_cast<size_t>(format->size)));
  if (static_cast<int64_t>(values.size()) != format->items)
    return raise_struct_error(vm, "pack_into expected " + std::to_string(format->items) +
                                      " items for packing (got " + std::to_string(values.size()) +
                                      ")");
  WritableBytes buffer = writable_bytes(arguments[0]);
  if (!buffer.data)
    return vm.raise(Exc::TypeError, "argument must be read-write bytes-like object, not {}",
                    vm.type_of(arguments[0]));
  int64_t offset = TRY(to_int64(vm, arguments[1])), given = offset,
          size = static_cast<int64_t>(buffer.size);
  if (offset < 0) {
    if (offset + format->size > 0)
      return raise_struct_error(vm, "no space to pack " + std::to_string(format->size) +
                                        " bytes at offset " + std::to_string(given));
    offset += size;
    if (offset < 0)
      return raise_struct_error(vm, "offset " + std::to_string(given) + " out of range for " +
                                        std::to_string(size) + "-byte buffer");
  }
  if (size - offset < format->size)
    return raise_struct_error(
        vm, "pack_into requires a buffer of at least " + std::to_string(format->size + offset) +
                " bytes for packing " + std::to_string(format->size) + " bytes at offset " +
                std::to_string(offset) + " (actual buffer size is " + std::to_string(size) + ")");
  TRY(pack_values(vm, "pack_into", *format, values, packed->data()));
  buffer = writable_bytes(arguments[0]);
  if (!buffer.data || static_cast<int64_t>(buffer.size) - offset < format->size)
    return vm.raise(Exc::BufferError, "the buffer changed while items were packed");
  std::memcpy(buffer.data + offset, packed->data(), static_cast<size_t>(format->size));
  return Value::none();
}

Result<Value> unpack(VM& vm, Struct* self, Value buffer) {
  const Format* format = TRY(format_of(vm, self));
  std::string_view bytes = TRY(buffer_of(vm, buffer));
  if (static_cast<int64_t>(bytes.size()) != format->size)
    return raise_struct_error(
        vm, "unpack requires a buffer of " + std::to_string(format->size) + " bytes");
  return unpack_values(vm, *format, data_of(bytes));
}

Result<Value> unpack_from(VM& vm, Struct* self, Value buffer, int64_t offset) {
  const Format* format = TRY(format_of(vm, self));
  std::string_view bytes = TRY(buffer_of(vm, buffer));
  int64_t given = offset, size = static_cast<int64_t>(bytes.size());
  if (offset < 0) {
    if (offset + format->size > 0)
      return raise_struct_error(vm, "not enough data to unpack " + std::to_string(format->size) +
                                        " bytes at offset " + std::to_string(given));
    offset += size;
    if (offset < 0)
      return raise_struct_error(vm, "offset " + std::to_string(given) + " out of range for " +
                                        std::to_string(size) + "-byte buffer");
  }
  if (size - offset < format->size)
    return raise_struct_error(
        vm, "unpack_from requires a buffer of at least " + std::to_string(format->size + offset) +
                " bytes for unpacking " + std::to_string(format->size) + " bytes at offset " +
                std::to_string(offset) + " (actual buffer size is " + std::to_string(size) + ")");
  return unpack_values(vm, *format, data_of(bytes) + offset);
}

Result<Value> iterate_unpack(VM& vm, Struct* self, Value buffer) {
  const Format* format = TRY(format_of(vm, self));
  std::string_view bytes = TRY(buffer_of(vm, buffer));
  if (format->size == 0)
    return raise_struct_error(vm, "cannot iteratively unpack with a struct of length 0");
  if (static_cast<int64_t>(bytes.size()) % format->size)
    return raise_struct_error(vm, "iterative unpacking requires a buffer of a multiple of " +
                                      std::to_string(format->size) + " bytes");
  auto* iterator = TRY(make_native<UnpackIterator>(vm, native_type<UnpackIterator>(vm)));
  iterator->source = self;
  iterator->buffer = buffer;
  if (is_kind(buffer, CellKind::ByteArray)) {
    iterator->view =
        TRY(vm.call(dict_get_str(vm, vm.builtins(), TRY(intern(vm, "memoryview"))), {buffer}));
    vm.barrier(iterator);
  }
  return iterator;
}

Result<bool> UnpackIterator::step(VM& vm, UnpackIterator* self, Value* out) {
  if (self->buffer.is_empty()) return false;
  const Format* format = TRY(format_of(vm, self->source));
  std::string_view bytes;
  if (!get_bytes(self->buffer, &bytes) ||
      self->position + static_cast<uint64_t>(format->size) > bytes.size()) {
    if (!self->view.is_empty()) TRY(vm.call_method(self->view, TRY(intern(vm, "release")), {}));
    self->buffer = self->view = Value();
    return false;
  }
  *out = TRY(unpack_values(vm, *format, data_of(bytes) + self->position));
  self->position += static_cast<uint64_t>(format->size);
  return true;
}
Result<int64_t> iterator_hint(VM&, UnpackIterator* self) {
  std::string_view bytes;
  if (self->buffer.is_empty() || !get_bytes(self->buffer, &bytes) || bytes.size() < self->position)
    return 0;
  return (static_cast<int64_t>(bytes.size()) - static_cast<int64_t>(self->position)) /
         self->source->format->size;
}

// --- methods and functions ---

Result<Value> pack_method(VM& vm, Struct* self, Rest values) {
  return pack(vm, self, values.values);
}
Result<Value> pack_into_method(VM& vm, Struct* self, Rest values) {
  return pack_into(vm, self, values.values);
}
Result<Value> unpack_from_method(VM& vm, Struct* self, Value buffer, Optional<int64_t> offset) {
  return unpack_from(vm, self, buffer, offset.value_or(0));
}
Result<Value> struct_repr(VM& vm, Struct* self) {
  StrBuilder out(vm);
  out.append(vm.type_of(self)->name);
  out.append("(");
  out.append(TRY(repr_of(vm, self->text ? Value(self->text) : Value::none())));
  out.append(")");
  return out.finish();
}
Result<Value> get_format(VM&, Value self) {
  Struct* object = static_cast<Struct*>(self.cell());
  return object->text ? Value(object->text) : Value::none();
}
Result<Value> get_size(VM&, Value self) {
  Struct* object = static_cast<Struct*>(self.cell());
  return Value::small_int(object->format ? object->format->size : -1);
}

Result<Value> pack_function(VM& vm, Rest arguments) {
  if (arguments.values.empty()) return vm.raise(Exc::TypeError, "missing format argument");
  return pack(vm, TRY(struct_of(vm, arguments.values[0])), arguments.values.subspan(1));
}
Result<Value> pack_into_function(VM& vm, Rest arguments) {
  if (arguments.values.empty()) return vm.raise(Exc::TypeError, "missing format argument");
  return pack_into(vm, TRY(struct_of(vm, arguments.values[0])), arguments.values.subspan(1));
}
Result<Value> unpack_function(VM& vm, Value format, Value buffer) {
  return unpack(vm, TRY(struct_of(vm, format)), buffer);
}
Result<Value> unpack_from_function(VM& vm, Value format, Value buffer, Optional<int64_t> offset) {
  return unpack_from(vm, TRY(struct_of(vm, format)), buffer, offset.value_or(0));
}
Result<Value> iterate_unpack_function(VM& vm, Value format, Value buffer) {
  return iterate_unpack(vm, TRY(struct_of(vm, format)), buffer);
}
Result<int64_t> size_function(VM& vm, Value format) {
  return TRY(struct_of(vm, format))->format->size;
}
Result<void> clear_cache(VM& vm) {
  dict_clear(vm, static_cast<Dict*>(vm.module_state(&kCacheKey)));
  return {};
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new Struct.", bind<struct_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, format)", "Reads the format.", bind<struct_init>()},
    {"pack(self, /, *values)", "The values as bytes.", bind<pack_method>()},
    {"pack_into(self, /, *args)",
     "Write values into a buffer: pack_into(buffer, offset, v1, v2, ...).",
     bind<pack_into_method>()},
    {"unpack(self, buffer, /)", "The values in a buffer, as a tuple.", bind<unpack>()},
    {"unpack_from(self, /, buffer, offset=0)", "The values in a buffer from an offset on.",
     bind<unpack_from_method>()},
    {"iter_unpack(self, buffer, /)", "An iterator over a buffer of several structs.",
     bind<iterate_unpack>()},
    {"__repr__(self, /)", "repr(self)", bind<struct_repr>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"format", "struct format string", get_format},
    {"size", "struct size in bytes", get_size},
};
const NativeTypeDef kStructType = {.name = "_struct.Struct",
                                   .doc = "Struct(fmt) --> compiled struct object",
                                   .methods = kMethods,
                                   .attributes = kAttributes,
                                   .flags = Type::kCanSubclass | Type::kHasWeakref,
                                   .instance_size = sizeof(Struct),
                                   .native_class = &Struct::kClass};

constexpr NativeFunctionDef kIteratorMethods[] = {
    NATIVE_ITERATOR_METHODS(UnpackIterator),
    {"__length_hint__(self, /)", "How many items are left.", bind<iterator_hint>()},
};
const NativeTypeDef kIteratorType = {.name = "_struct.unpack_iterator",
                                     .doc = nullptr,
                                     .methods = kIteratorMethods,
                                     .flags = Type::kDisallowNew,
                                     .instance_size = sizeof(UnpackIterator),
                                     .native_class = &UnpackIterator::kClass};

constexpr NativeFunctionDef kFunctions[] = {
    {"pack(*args)", "pack(format, v1, v2, ...): the values as bytes.", bind<pack_function>()},
    {"pack_into(*args)",
     "pack_into(format, buffer, offset, v1, v2, ...): write the values into a buffer.",
     bind<pack_into_function>()},
    {"unpack(format, buffer, /)", "The values in a buffer, as a tuple.", bind<unpack_function>()},
    {"unpack_from(format, /, buffer, offset=0)", "The values in a buffer from an offset on.",
     bind<unpack_from_function>()},
    {"iter_unpack(format, buffer, /)", "An iterator over a buffer of several structs.",
     bind<iterate_unpack_function>()},
    {"calcsize(format, /)", "The size of a struct in bytes.", bind<size_function>()},
    {"_clearcache()", "Forget the formats.", bind<clear_cache>()},
};

Result<void> initialize(VM& vm, Module* module) {
  vm.module_state(&kCacheKey) = TRY(make_dict(vm));
  TRY(add_native_type(vm, module, kStructType, "Struct"));
  return add_native_type(vm, module, kIteratorType, "unpack_iterator");
}

}  // namespace

extern const NativeModuleDef kStructModule = {"_struct", "Values in C's layouts.", kFunctions,
                                              initialize};

}  // namespace apy
