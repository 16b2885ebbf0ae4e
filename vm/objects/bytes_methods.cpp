// The type bytes: its method table and what only bytes has.
#include "vm/objects/bytes_family.h"
#include "vm/objects/exact.h"

namespace apy {
namespace {

using Methods = BytesMethods<Bytes>;

/// Instance of `cls` (bytes or a subclass of it) with these bytes.
Result<Value> bytes_as_class(VM& vm, Type* cls, Bytes* bytes) {
  if (cls == vm.type(BuiltinType::Bytes)) {
    if (is_exact(bytes, BuiltinType::Bytes)) return bytes;
    return make_bytes(vm, bytes->view());
  }
  Cell* cell = TRY(allocate_variable_instance(vm, cls, sizeof(Bytes) + bytes->length));
  Bytes* instance = static_cast<Bytes*>(cell);
  instance->length = bytes->length;
  if (bytes->length) std::memcpy(instance->data(), bytes->data(), bytes->length);
  return instance;
}

Result<Value> bytes_new(VM& vm, Type* cls, Optional<Value> source, Optional<Value> encoding,
                        Optional<Value> errors) {
  Bytes* bytes;
  if (encoding.present || errors.present) {
    bytes = TRY(encode_source(vm, source, encoding, errors, "bytes"));
  } else if (!source.present) {
    bytes = TRY(make_bytes(vm, size_t{0}));
  } else if (is_exact(source.value, BuiltinType::Bytes)) {
    bytes = as<Bytes>(source.value);
  } else if (try_as<Str>(source.value) &&
             type_lookup(vm, vm.type_of(source.value), vm.names().bytes_).is_empty()) {
    return vm.raise(Exc::TypeError, "string argument without an encoding");
  } else {
    ByteBuilder out(vm);
    TRY(append_bytes_from(vm, out, source.value, true));
    bytes = TRY(out.finish());
  }
  return bytes_as_class(vm, cls, bytes);
}

Result<Value> hash_method(VM& vm, Bytes* self) { return make_int(vm, bytes_hash(vm, self)); }
Result<Value> bytes_bytes(VM& vm, Bytes* self) {
  return bytes_as_class(vm, vm.type(BuiltinType::Bytes), self);
}
Result<Tuple*> bytes_getnewargs(VM& vm, Bytes* self) {
  Value exact = TRY(bytes_bytes(vm, self));
  return make_tuple(vm, std::span<const Value>(&exact, 1));
}
Result<int64_t> bytes_sizeof(VM&, Bytes* self) { return static_cast<int64_t>(33 + self->length); }

constexpr auto kOwnMethods = std::to_array<NativeFunctionDef>({
    {"__new__(cls, source=b'', encoding='utf-8', errors='strict')",
     "Create and return a new object.", bind<bytes_new>(), NativeFunctionDef::kStatic},
    {"__hash__(self, /)", "Return hash(self).", bind<hash_method>()},
    {"__bytes__(self, /)", "Convert this value to exact type bytes.", bind<bytes_bytes>()},
    {"__getnewargs__(self, /)", "Return the arguments to make a copy with.",
     bind<bytes_getnewargs>()},
    {"__sizeof__(self, /)", "Return the size of the object in memory, in bytes.",
     bind<bytes_sizeof>()},
});
constexpr auto kMethods = join_tables(kOwnMethods, bytes_common_methods<Bytes>());

}  // namespace

Result<Value> bytes_get_item(VM& vm, Bytes* bytes, Value key) {
  return Methods::Text::get_item(vm, bytes, key);
}

Result<Bytes*> bytes_concat(VM& vm, const Bytes* left, const Bytes* right) {
  Bytes* result = TRY(make_bytes(vm, left->length + right->length));
  std::memcpy(result->data(), left->data(), left->length);
  std::memcpy(result->data() + left->length, right->data(), right->length);
  return result;
}

int64_t bytes_hash(VM& vm, Bytes* bytes) {
  if (bytes->hash == 0) {
    uint64_t hash = vm.hash_bytes(bytes->data(), bytes->length);
    bytes->hash = hash == 0 || hash == ~uint64_t{0} ? 1 : hash;
  }
  return static_cast<int64_t>(bytes->hash);
}

Result<Bytes*> bytes_slice(VM& vm, Bytes* bytes, size_t begin, size_t end) {
  return BytesFamily<Bytes>::slice(vm, bytes, begin, end);
}

extern const NativeTypeDef kBytesType = {
    .name = "bytes",
    .doc =
        "bytes(iterable_of_ints) -> bytes\n"
        "bytes(string, encoding[, errors]) -> bytes\n"
        "bytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer\n"
        "bytes(int) -> bytes object of size given by the parameter initialized with null bytes\n"
        "bytes() -> empty bytes object",
    .methods = kMethods,
    .flags = Type::kCanSubclass,
};

}  // namespace apy
