// The type Unpickler, and load() and loads().
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/loader.h"
#include "vm/objects/text.h"

namespace apy::pickle {

namespace {

void trace_unpickler(const Cell* cell, Visitor& visitor) {
  auto* self = static_cast<const Unpickler*>(cell);
  visitor.visit_range(&self->read, 6);
  visitor.visit(self->memo);
  visitor.visit(self->far_memo);
}

}  // namespace

const NativeClass Unpickler::kClass = {"_pickle.Unpickler", trace_unpickler, nullptr};

namespace {

/// `memo` of an Unpickler.
struct UnpicklerMemo : NativeObject {
  static const NativeClass kClass;
  Unpickler* unpickler;
};
const NativeClass UnpicklerMemo::kClass = {"_pickle.UnpicklerMemoProxy", trace_values<1>, nullptr};

Result<Value> text_option(VM& vm, const Optional<Value>& given, const char* fallback,
                          const char* name) {
  if (!given.present) return TRY(intern(vm, fallback));
  if (is_kind(given.value, CellKind::Str)) return given.value;
  return vm.raise(Exc::TypeError, "Unpickler() argument '{}' must be str, not {}", name,
                  vm.type_of(given.value));
}

Result<void> set_options(VM& vm, Unpickler* self, const Optional<bool>& fix_imports,
                         const Optional<Value>& encoding, const Optional<Value>& errors,
                         const Optional<Value>& buffers) {
  self->fix_imports = fix_imports.present ? fix_imports.value : true;
  self->encoding = TRY(text_option(vm, encoding, "ASCII", "encoding"));
  self->errors = TRY(text_option(vm, errors, "strict", "errors"));
  bool has_buffers = buffers.present && !buffers.value.is_none();
  self->buffers = has_buffers ? TRY(get_iterator(vm, buffers.value)) : Value();
  self->memo = nullptr;
  self->far_memo = nullptr;
  self->memo_count = 0;
  self->protocol = 0;
  self->source = Value();
  self->cursor = self->end = nullptr;
  self->read = self->readline = Value();
  vm.barrier(self);
  return {};
}

Result<void> set_file(VM& vm, Unpickler* self, Value file) {
  Value read, readline;
  bool can_read = TRY(get_attribute_optional(vm, file, TRY(intern(vm, "read")), &read));
  bool has_lines = TRY(get_attribute_optional(vm, file, vm.names().readline, &readline));
  if (!can_read || !has_lines)
    return vm.raise(Exc::TypeError, "file must have 'read' and 'readline' attributes");
  self->read = read;
  self->readline = readline;
  self->initialised = true;
  vm.barrier(self);
  return {};
}

Result<Value> unpickler_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls) return vm.raise(Exc::TypeError, "Unpickler.__new__(X): X is not a type object");
  return TRY(make_native<Unpickler>(vm, cls));
}

Result<void> unpickler_init(VM& vm, Unpickler* self, Value file, Optional<bool> fix_imports,
                            Optional<Value> encoding, Optional<Value> errors,
                            Optional<Value> buffers) {
  self->initialised = false;
  TRY(set_options(vm, self, fix_imports, encoding, errors, buffers));
  return set_file(vm, self, file);
}

Result<Value> unpickler_load(VM& vm, Unpickler* self) {
  if (!self->initialised) {
    std::string name = type_name(vm, self);
    return raise_unpickling(vm, "Unpickler.__init__() was not called by " + name + ".__init__()");
  }
  Loader loader(vm, self);
  return loader.load();
}

Result<Value> unpickler_find_class(VM& vm, Unpickler* self, Value module_name, Value name) {
  return find_class(vm, self, module_name, name);
}

Result<Value> unpickler_persistent_load(VM& vm, Unpickler*, Value) {
  return raise_unpickling(
      vm,
      "A load persistent id instruction was encountered, but no persistent_load function was "
      "specified.");
}

/// The memo as a new dict.
Result<Dict*> memo_dict(VM& vm, Unpickler* self) {
  Dict* dict = TRY(make_dict(vm));
  uint64_t capacity = self->memo ? self->memo->capacity : 0;
  for (uint64_t i = 0; i < capacity; ++i) {
    Value v = self->memo->values()[i];
    if (!v.is_empty()) TRY(dict_set(vm, dict, Value::small_int(static_cast<int64_t>(i)), v));
  }
  if (self->far_memo)
    for (DictCursor c(self->far_memo); c.next();) TRY(dict_set(vm, dict, c.key(), c.value()));
  return dict;
}

Result<Value> get_memo(VM& vm, Value self) {
  auto* proxy = TRY(make_native<UnpicklerMemo>(vm, native_type<UnpicklerMemo>(vm)));
  proxy->unpickler = static_cast<Unpickler*>(self.cell());
  vm.barrier(proxy);
  return proxy;
}

void clear_memo(Unpickler* self) {
  self->memo = nullptr;
  self->far_memo = nullptr;
  self->memo_count = 0;
}

Result<void> set_memo(VM& vm, Value receiver, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "attribute deletion is not supported");
  auto* self = static_cast<Unpickler*>(receiver.cell());
  Dict* dict = try_as<Dict>(value);
  if (auto* proxy = try_native<UnpicklerMemo>(value)) dict = TRY(memo_dict(vm, proxy->unpickler));
  if (!dict)
    return vm.raise(Exc::TypeError,
                    "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
                    vm.type_of(value));
  for (DictCursor c(dict); c.next();) {
    if (!is_int(c.key())) return vm.raise(Exc::TypeError, "memo key must be integers");
    int64_t number;
    if (!fits_int64(c.key(), &number) || number < 0)
      return vm.raise(Exc::ValueError, "memo key must be positive integers.");
  }
  clear_memo(self);
  for (DictCursor c(dict); c.next();) {
    int64_t number = 0;
    fits_int64(c.key(), &number);
    TRY(self->memo_put(vm, static_cast<uint64_t>(number), c.value()));
  }
  return {};
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<unpickler_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
     "Initialize self.", bind<unpickler_init>()},
    {"load(self, /)", "Read one object from the file.", bind<unpickler_load>()},
    {"find_class(self, module_name, global_name, /)",
     "The object with this name, of a module that is imported when need be.",
     bind<unpickler_find_class>()},
    {"persistent_load(self, pid, /)", "The object that a persistent id stands for.",
     bind<unpickler_persistent_load>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"memo", nullptr, get_memo, set_memo},
    NATIVE_DICT_ATTRIBUTE,
};

Result<void> memo_clear(VM&, UnpicklerMemo* self) {
  clear_memo(self->unpickler);
  return {};
}
Result<Value> memo_copy(VM& vm, UnpicklerMemo* self) { return memo_dict(vm, self->unpickler); }
Result<Value> memo_reduce(VM& vm, UnpicklerMemo* self) {
  Value contents = TRY(memo_copy(vm, self));
  Value pair[2] = {vm.type(BuiltinType::Dict), TRY(make_tuple(vm, {&contents, 1}))};
  return make_tuple(vm, pair);
}
constexpr NativeFunctionDef kMemoMethods[] = {
    {"clear(self, /)", "Remove all items from memo.", bind<memo_clear>()},
    {"copy(self, /)", "Copy the memo to a new object.", bind<memo_copy>()},
    {"__reduce__(self, /)", "Implement pickling support.", bind<memo_reduce>()},
};

}  // namespace

Result<Value> loads(VM& vm, Value data, Optional<bool> fix_imports, Optional<Value> encoding,
                    Optional<Value> errors, Optional<Value> buffers) {
  auto* unpickler = TRY(make_native<Unpickler>(vm, native_type<Unpickler>(vm)));
  TRY(set_options(vm, unpickler, fix_imports, encoding, errors, buffers));
  Bytes* bytes = try_as<Bytes>(data);
  std::string_view view;
  if (!bytes) {
    if (!get_bytes(data, &view))
      return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'",
                      vm.type_of(data));
    bytes = TRY(make_bytes(vm, view));  // what can change may do so under way
  }
  unpickler->set_source(vm, bytes);
  Loader loader(vm, unpickler);
  return loader.load();
}

Result<Value> load(VM& vm, Value file, Optional<bool> fix_imports, Optional<Value> encoding,
                   Optional<Value> errors, Optional<Value> buffers) {
  auto* unpickler = TRY(make_native<Unpickler>(vm, native_type<Unpickler>(vm)));
  TRY(set_options(vm, unpickler, fix_imports, encoding, errors, buffers));
  TRY(set_file(vm, unpickler, file));
  Loader loader(vm, unpickler);
  return loader.load();
}

const NativeTypeDef kUnpicklerType = {
    .name = "_pickle.Unpickler",
    .doc = "This takes a binary file for reading a pickle data stream.",
    .methods = kMethods,
    .attributes = kAttributes,
    .flags = Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
    .instance_size = sizeof(Unpickler),
    .native_class = &Unpickler::kClass};

const NativeTypeDef kUnpicklerMemoType = {.name = "_pickle.UnpicklerMemoProxy",
                                          .doc = nullptr,
                                          .methods = kMemoMethods,
                                          .flags = Type::kDisallowNew,
                                          .instance_size = sizeof(UnpicklerMemo),
                                          .native_class = &UnpicklerMemo::kClass};

}  // namespace apy::pickle
