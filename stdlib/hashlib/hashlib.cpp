// _hashlib: hash objects.
#include "stdlib/hashlib/hashes.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

struct Hash : NativeObject {
  static const NativeClass kClass;
  HashState state;
};
/// Key of the type of hashes whose digest has any length; they are Hash objects as well.
const char kXofKey = 0;
void trace_hash(const Cell*, Visitor&) {}
bool has_any_length(HashKind kind) { return hash_info(kind).digest_size == 0; }
Type* hash_type(VM& vm, HashKind kind) {
  return has_any_length(kind) ? static_cast<Type*>(vm.module_state(&kXofKey))
                              : native_type<Hash>(vm);
}
const NativeClass Hash::kClass = {"_hashlib.HASH", trace_hash, nullptr};

Result<void> add_data(VM& vm, Hash* self, Value data) {
  std::string_view bytes;
  if (is_kind(data, CellKind::Str))
    return vm.raise(Exc::TypeError, "Strings must be encoded before hashing");
  if (!get_bytes(data, &bytes))
    return vm.raise(Exc::TypeError, "object supporting the buffer API required");
  self->state.update(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return {};
}

template <HashKind kind>
Result<Value> make_hash(VM& vm, Optional<Value> data, Optional<Value>) {
  Hash* hash = TRY(make_native<Hash>(vm, hash_type(vm, kind)));
  hash->state.start(kind);
  if (data.present) TRY(add_data(vm, hash, data.value));
  return hash;
}

Result<Value> digest(VM& vm, Hash* self) {
  HashState copy = self->state;
  Bytes* bytes = TRY(make_bytes(vm, hash_info(copy.kind()).digest_size));
  copy.finish(bytes->data(), hash_info(copy.kind()).digest_size);
  return bytes;
}
Result<Value> long_digest(VM& vm, Hash* self, int64_t length) {
  if (length < 0) return vm.raise(Exc::ValueError, "value must be positive");
  if (length >= int64_t{1} << 29) return vm.raise(Exc::ValueError, "length is too large");
  HashState copy = self->state;
  Bytes* bytes = TRY(make_bytes(vm, static_cast<size_t>(length)));
  copy.finish(bytes->data(), static_cast<size_t>(length));
  return bytes;
}
Result<Value> long_hex_digest(VM& vm, Hash* self, int64_t length) {
  Value bytes = TRY(long_digest(vm, self, length));
  return vm.call_method(bytes, TRY(intern(vm, "hex")), {});
}
Result<Value> hex_digest(VM& vm, Hash* self) {
  Value bytes = TRY(digest(vm, self));
  return vm.call_method(bytes, TRY(intern(vm, "hex")), {});
}
Result<Value> copy_hash(VM& vm, Hash* self) {
  Hash* hash = TRY(make_native<Hash>(vm, hash_type(vm, self->state.kind())));
  hash->state = self->state;
  return hash;
}
const HashInfo& info_of(Value self) {
  return hash_info(static_cast<Hash*>(self.cell())->state.kind());
}
Result<Value> get_name(VM& vm, Value self) { return make_str(vm, info_of(self).name); }
Result<Value> get_digest_size(VM&, Value self) {
  return Value::small_int(info_of(self).digest_size);
}
Result<Value> get_block_size(VM&, Value self) { return Value::small_int(info_of(self).block_size); }
Result<Value> hash_repr(VM& vm, Hash* self) {
  StrBuilder out(vm);
  out.append("<");
  out.append(hash_info(self->state.kind()).name);
  out.append(has_any_length(self->state.kind()) ? " _hashlib.HASHXOF object @ "
                                                : " _hashlib.HASH object @ ");
  char buffer[24];
  out.append(std::string_view(buffer, static_cast<size_t>(snprintf(buffer, sizeof buffer, "%p",
                                                                   static_cast<void*>(self)))));
  out.append(">");
  return out.finish();
}

Result<bool> compare_digest(VM& vm, Value a, Value b) {
  std::string_view first, second;
  Str *x = try_as<Str>(a), *y = try_as<Str>(b);
  if (x && y) {
    if (!x->is_ascii() || !y->is_ascii())
      return vm.raise(Exc::TypeError,
                      "comparing strings with non-ASCII characters is not supported");
    first = x->latin1();
    second = y->latin1();
  } else {
    bool has_first = get_bytes(a, &first), has_second = get_bytes(b, &second);
    if (!has_first && !has_second)
      return vm.raise(Exc::TypeError,
                      "unsupported operand types(s) or combination of types: '{}' and '{}'",
                      vm.type_of(a), vm.type_of(b));
    if (!has_first || !has_second)
      return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'",
                      vm.type_of(has_first ? b : a));
  }
  // The time must not tell where they differ.
  volatile uint8_t difference = first.size() != second.size();
  for (size_t i = 0; i < second.size(); ++i)
    difference = static_cast<uint8_t>(difference | ((i < first.size() ? first[i] : 0) ^ second[i]));
  return difference == 0;
}

constexpr NativeFunctionDef kMethods[] = {
    {"update(self, obj, /)", "Add data.", bind<add_data>()},
    {"digest(self, /)", "The hash of the data so far.", bind<digest>()},
    {"hexdigest(self, /)", "The hash as hexadecimal digits.", bind<hex_digest>()},
    {"copy(self, /)", "A copy of the object.", bind<copy_hash>()},
    {"__repr__(self, /)", "repr(self)", bind<hash_repr>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"name", "The name of the algorithm.", get_name},
    {"digest_size", "Bytes of a hash.", get_digest_size},
    {"block_size", "Bytes of a block.", get_block_size},
};
const NativeTypeDef kHashType = {.name = "_hashlib.HASH",
                                 .doc = "A hash in the making.",
                                 .methods = kMethods,
                                 .attributes = kAttributes,
                                 .flags = Type::kDisallowNew,
                                 .instance_size = sizeof(Hash),
                                 .native_class = &Hash::kClass};

constexpr NativeFunctionDef kXofMethods[] = {
    {"digest(self, /, length)", "The hash of the data so far, `length` bytes of it.",
     bind<long_digest>()},
    {"hexdigest(self, /, length)", "The hash as hexadecimal digits, `length` bytes of it.",
     bind<long_hex_digest>()},
};
const NativeTypeDef kXofType = {.name = "_hashlib.HASHXOF",
                                .doc = "A hash in the making whose digest has any length.",
                                .methods = kXofMethods,
                                .flags = Type::kDisallowNew,
                                .instance_size = sizeof(Hash)};

constexpr NativeFunctionDef kFunctions[] = {
    {"md5(string=b'', *, usedforsecurity=True)", "An MD5 hash.", bind<make_hash<HashKind::Md5>>()},
    {"sha1(string=b'', *, usedforsecurity=True)", "A SHA-1 hash.",
     bind<make_hash<HashKind::Sha1>>()},
    {"sha224(string=b'', *, usedforsecurity=True)", "A SHA-224 hash.",
     bind<make_hash<HashKind::Sha224>>()},
    {"sha256(string=b'', *, usedforsecurity=True)", "A SHA-256 hash.",
     bind<make_hash<HashKind::Sha256>>()},
    {"sha384(string=b'', *, usedforsecurity=True)", "A SHA-384 hash.",
     bind<make_hash<HashKind::Sha384>>()},
    {"sha512(string=b'', *, usedforsecurity=True)", "A SHA-512 hash.",
     bind<make_hash<HashKind::Sha512>>()},
    {"sha3_224(string=b'', *, usedforsecurity=True)", "A SHA3-224 hash.",
     bind<make_hash<HashKind::Sha3_224>>()},
    {"sha3_256(string=b'', *, usedforsecurity=True)", "A SHA3-256 hash.",
     bind<make_hash<HashKind::Sha3_256>>()},
    {"sha3_384(string=b'', *, usedforsecurity=True)", "A SHA3-384 hash.",
     bind<make_hash<HashKind::Sha3_384>>()},
    {"sha3_512(string=b'', *, usedforsecurity=True)", "A SHA3-512 hash.",
     bind<make_hash<HashKind::Sha3_512>>()},
    {"shake_128(string=b'', *, usedforsecurity=True)", "A SHAKE128 hash.",
     bind<make_hash<HashKind::Shake128>>()},
    {"shake_256(string=b'', *, usedforsecurity=True)", "A SHAKE256 hash.",
     bind<make_hash<HashKind::Shake256>>()},
    {"compare_digest(a, b, /)", "a == b, in a time that does not tell where they differ.",
     bind<compare_digest>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kHashType, "HASH"));
  Type* with_any_length = TRY(make_native_type(vm, kXofType, native_type<Hash>(vm)));
  vm.module_state(&kXofKey) = with_any_length;
  return module_set(vm, module, "HASHXOF", with_any_length);
}

}  // namespace

extern const NativeModuleDef kHashlibModule = {"_hashlib", "Hashes.", kFunctions, initialize};

}  // namespace apy
