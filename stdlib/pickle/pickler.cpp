// The type Pickler, and dump() and dumps().
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/saver.h"

namespace apy {
TYPE_NAME_OF(pickle::Pickler, "_pickle.Pickler")
}  // namespace apy

namespace apy::pickle {

const NativeClass Pickler::kClass = {"_pickle.Pickler", trace_values<4>, nullptr};

namespace {

/// `memo` of a Pickler: shows and changes it.
struct PicklerMemo : NativeObject {
  static const NativeClass kClass;
  Pickler* pickler;
};
const NativeClass PicklerMemo::kClass = {"_pickle.PicklerMemoProxy", trace_values<1>, nullptr};

Result<void> set_options(VM& vm, Pickler* self, const Optional<Value>& protocol_given,
                         const Optional<bool>& fix_imports, const Optional<Value>& callback) {
  int64_t protocol = kDefaultProtocol;
  if (protocol_given.present && !protocol_given.value.is_none()) {
    protocol = TRY(to_int64(vm, protocol_given.value));
    if (protocol < 0) protocol = kHighestProtocol;
    if (protocol > kHighestProtocol)
      return vm.raise(Exc::ValueError, "pickle protocol must be <= {}", kHighestProtocol);
  }
  bool has_callback = callback.present && !callback.value.is_none();
  if (has_callback && protocol < 5)
    return vm.raise(Exc::ValueError, "buffer_callback needs protocol >= 5");
  self->protocol = static_cast<uint8_t>(protocol);
  self->fix_imports = fix_imports.present ? fix_imports.value : true;
  self->buffer_callback = has_callback ? callback.value : Value();
  vm.barrier(self);
  return {};
}

Result<void> set_file(VM& vm, Pickler* self, Value file) {
  Value write;
  if (!TRY(get_attribute_optional(vm, file, vm.names().write, &write)))
    return vm.raise(Exc::TypeError, "file must have a 'write' attribute");
  self->write = write;
  vm.barrier(self);
  return {};
}

Result<Value> pickler_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls) return vm.raise(Exc::TypeError, "Pickler.__new__(X): X is not a type object");
  return TRY(make_native<Pickler>(vm, cls));
}

Result<void> pickler_init(VM& vm, Pickler* self, Value file, Optional<Value> protocol,
                          Optional<bool> fix_imports, Optional<Value> buffer_callback) {
  TRY(set_options(vm, self, protocol, fix_imports, buffer_callback));
  TRY(set_file(vm, self, file));
  self->fast = false;
  Value table;
  TRY(get_attribute_optional(vm, self, TRY(intern(vm, "dispatch_table")), &table));
  self->dispatch_table = table;
  Memo* memo = TRY(make_memo(vm));
  self->memo = memo;
  vm.barrier(self);
  return {};
}

Result<void> pickler_dump(VM& vm, Pickler* self, Value object) {
  if (!self->memo) {
    std::string name = type_name(vm, self);
    return raise_pickling(vm, "Pickler.__init__() was not called by " + name + ".__init__()");
  }
  Saver saver(vm, self);
  return saver.dump(object);
}

Result<void> pickler_clear_memo(VM& vm, Pickler* self) {
  if (!self->memo) return {};
  Memo* memo = TRY(make_memo(vm));
  // Whoever is writing goes on with the same one.
  self->memo->table = memo->table;
  self->memo->count = 0;
  self->memo->slots = 0;
  return {};
}

Result<Value> pickler_persistent_id(VM&, Pickler*, Value) { return Value::none(); }

Result<Value> get_memo(VM& vm, Value self) {
  auto* proxy = TRY(make_native<PicklerMemo>(vm, native_type<PicklerMemo>(vm)));
  proxy->pickler = static_cast<Pickler*>(self.cell());
  vm.barrier(proxy);
  return proxy;
}

Result<void> set_memo(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "attribute deletion is not supported");
  Memo* memo = TRY(make_memo(vm));
  if (auto* proxy = try_native<PicklerMemo>(value)) {
    if (proxy->pickler->memo)
      TRY(proxy->pickler->memo->for_each(
          [&](Value key, int64_t number) { return memo->set(vm, key, number); }));
  } else if (Dict* dict = try_as<Dict>(value)) {
    for (DictCursor c(dict); c.next();) {
      Tuple* pair = try_as<Tuple>(c.value());
      if (!pair || pair->length != 2)
        return vm.raise(Exc::TypeError, "'memo' values must be 2-item tuples");
      TRY(memo->set(vm, pair->values()[1], TRY(to_int64(vm, pair->values()[0]))));
    }
  } else {
    return vm.raise(Exc::TypeError,
                    "'memo' attribute must be a PicklerMemoProxy object or dict, not {}",
                    vm.type_of(value));
  }
  static_cast<Pickler*>(self.cell())->memo = memo;
  vm.barrier(self.cell());
  return {};
}

Result<Value> get_bin(VM& vm, Value self) {
  (void)vm;
  return Value::small_int(static_cast<Pickler*>(self.cell())->protocol > 0);
}
Result<void> set_bin(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "can't delete numeric/char attribute");
  int64_t bin = TRY(to_int64(vm, value));
  auto* pickler = static_cast<Pickler*>(self.cell());
  if (bin && !pickler->protocol) pickler->protocol = 1;
  if (!bin) pickler->protocol = 0;
  return {};
}
Result<Value> get_fast(VM&, Value self) {
  return Value::small_int(static_cast<Pickler*>(self.cell())->fast);
}
Result<void> set_fast(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "can't delete numeric/char attribute");
  static_cast<Pickler*>(self.cell())->fast = TRY(to_int64(vm, value)) != 0;
  return {};
}
Result<Value> get_table(VM& vm, Value self) {
  Value table = static_cast<Pickler*>(self.cell())->dispatch_table;
  if (!table.is_empty()) return table;
  return vm.raise(Exc::AttributeError, "'{}' object has no attribute 'dispatch_table'",
                  vm.type_of(self));
}
Result<void> set_table(VM& vm, Value self, Value value) {
  static_cast<Pickler*>(self.cell())->dispatch_table = value;
  vm.barrier(self.cell());
  return {};
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<pickler_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, file, protocol=None, fix_imports=True, buffer_callback=None)",
     "Initialize self.", bind<pickler_init>()},
    {"dump(self, obj, /)", "Write the object's pickle to the file.", bind<pickler_dump>()},
    {"clear_memo(self, /)", "Forget which objects were written.", bind<pickler_clear_memo>()},
    {"persistent_id(self, obj, /)", "What stands for an object that is kept elsewhere, or None.",
     bind<pickler_persistent_id>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"memo", nullptr, get_memo, set_memo},
    {"bin", nullptr, get_bin, set_bin},
    {"fast", nullptr, get_fast, set_fast},
    {"dispatch_table", nullptr, get_table, set_table},
    NATIVE_DICT_ATTRIBUTE,
};

// --- the memo as scripts see it ---

Result<void> memo_clear(VM& vm, PicklerMemo* self) { return pickler_clear_memo(vm, self->pickler); }
Result<Value> memo_copy(VM& vm, PicklerMemo* self) {
  Dict* dict = TRY(make_dict(vm));
  if (self->pickler->memo)
    TRY(self->pickler->memo->for_each([&](Value key, int64_t number) -> Result<void> {
      Value pair[2] = {Value::small_int(number), key};
      return dict_set(vm, dict, TRY(make_int_unsigned(vm, key.bits())), TRY(make_tuple(vm, pair)));
    }));
  return dict;
}
Result<Value> memo_reduce(VM& vm, PicklerMemo* self) {
  Value contents = TRY(memo_copy(vm, self));
  Value pair[2] = {vm.type(BuiltinType::Dict), TRY(make_tuple(vm, {&contents, 1}))};
  return make_tuple(vm, pair);
}
constexpr NativeFunctionDef kMemoMethods[] = {
    {"clear(self, /)", "Remove all items from memo.", bind<memo_clear>()},
    {"copy(self, /)", "Copy the memo to a new object.", bind<memo_copy>()},
    {"__reduce__(self, /)", "Implement pickle support.", bind<memo_reduce>()},
};

/// A pickler for one object.
Result<Pickler*> make_pickler(VM& vm, const Optional<Value>& protocol,
                              const Optional<bool>& fix_imports, const Optional<Value>& callback) {
  auto* pickler = TRY(make_native<Pickler>(vm, native_type<Pickler>(vm)));
  TRY(set_options(vm, pickler, protocol, fix_imports, callback));
  pickler->memo = TRY(make_memo(vm));
  vm.barrier(pickler);
  return pickler;
}

}  // namespace

Result<Value> dumps(VM& vm, Value object, Optional<Value> protocol, Optional<bool> fix_imports,
                    Optional<Value> buffer_callback) {
  Pickler* pickler = TRY(make_pickler(vm, protocol, fix_imports, buffer_callback));
  Saver saver(vm, pickler);
  TRY(saver.dump(object));
  return saver.finish();
}

Result<Value> dump(VM& vm, Value object, Value file, Optional<Value> protocol,
                   Optional<bool> fix_imports, Optional<Value> buffer_callback) {
  Pickler* pickler = TRY(make_pickler(vm, protocol, fix_imports, buffer_callback));
  TRY(set_file(vm, pickler, file));
  Saver saver(vm, pickler);
  TRY(saver.dump(object));
  return Value::none();
}

const NativeTypeDef kPicklerType = {
    .name = "_pickle.Pickler",
    .doc = "This takes a binary file for writing a pickle data stream.",
    .methods = kMethods,
    .attributes = kAttributes,
    .flags = Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
    .instance_size = sizeof(Pickler),
    .native_class = &Pickler::kClass};

const NativeTypeDef kPicklerMemoType = {.name = "_pickle.PicklerMemoProxy",
                                        .doc = nullptr,
                                        .methods = kMemoMethods,
                                        .flags = Type::kDisallowNew,
                                        .instance_size = sizeof(PicklerMemo),
                                        .native_class = &PicklerMemo::kClass};

}  // namespace apy::pickle
