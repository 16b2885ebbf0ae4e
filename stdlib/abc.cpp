// _abc: what abstract base classes do at every isinstance() and issubclass().
//
// Each ABC has an AbcData: the classes registered with it, and caches of earlier answers. The
// caches hold the versions of classes: a version is never used again and changes with the class, so
// they keep no class alive and an entry can never be wrong. A negative answer is also given up when
// any class is registered anywhere (the token).
#include "stdlib/native_iterator.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/set.h"

namespace apy {

namespace {

struct AbcData : NativeObject {
  static const NativeClass kClass;
  Set* registry;  // of types
  Set* positive;  // versions of subclasses
  Set* negative;  // versions of classes that are none
  uint64_t negative_token;
};
const NativeClass AbcData::kClass = {"_abc._abc_data", trace_values<3>, nullptr};
const NativeTypeDef kAbcDataType = {
    "_abc._abc_data", "", {}, {}, Type::kDisallowNew, sizeof(AbcData), &AbcData::kClass};

constexpr char kTokenKey = 0;
/// Counts registrations.
uint64_t& token(VM& vm) { return reinterpret_cast<uint64_t&>(vm.module_state(&kTokenKey)); }

Result<AbcData*> data_of(VM& vm, Value cls) {
  if (Type* type = try_as<Type>(cls)) {
    Value data = dict_get_str(vm, type->dict, TRY(intern(vm, "_abc_impl")));
    if (AbcData* found = data.is_empty() ? nullptr : try_native<AbcData>(data)) return found;
  }
  return vm.raise(Exc::TypeError, "_abc_impl is set to a wrong type");
}

Value version_of(const Type* type) { return Value::small_int(type->version); }

Result<bool> is_abstract(VM& vm, Value value) {
  Value flag;
  if (!TRY(get_attribute_optional(vm, value, vm.names().isabstractmethod, &flag))) return false;
  return is_truthy(vm, flag);
}

Result<void> set_abstract_methods(VM& vm, Type* cls) {
  Set* names = TRY(make_set(vm, BuiltinType::FrozenSet));
  for (DictCursor cursor(cls->dict); cursor.next();) {
    Value name = cursor.key();
    if (TRY(is_abstract(vm, cursor.value()))) TRY(set_add(vm, names, name));
  }
  for (Value base : cls->bases->span()) {
    Value inherited = dict_get_str(vm, as<Type>(base)->dict, vm.names().abstractmethods);
    // `type` has the descriptor under this name.
    if (inherited.is_empty() || as<Type>(base) == vm.type(BuiltinType::Type)) continue;
    TRY(for_each(vm, inherited, [&](Value name) -> Result<bool> {
      Value value;
      Str* string = try_as<Str>(name);
      if (string && TRY(get_attribute_optional(vm, cls, string, &value)) &&
          TRY(is_abstract(vm, value)))
        TRY(set_add(vm, names, name));
      return true;
    }));
  }
  return set_attribute(vm, cls, vm.names().abstractmethods, names);
}

Result<void> abc_init(VM& vm, Type* cls) {
  TRY(set_abstract_methods(vm, cls));
  Set* registry = TRY(make_set(vm));
  Set* positive = TRY(make_set(vm));
  Set* negative = TRY(make_set(vm));
  AbcData* data = TRY(make_native<AbcData>(vm, native_type<AbcData>(vm)));
  data->registry = registry;
  data->positive = positive;
  data->negative = negative;
  data->negative_token = token(vm);
  return set_attribute(vm, cls, TRY(intern(vm, "_abc_impl")), data);
}

constexpr uint32_t kPatternKinds = Type::kSequence | Type::kMapping;

/// A class registered as a sequence or mapping matches such patterns from now on, and so do those
/// derived from it; builtin types stay what they are.
Result<void> take_pattern_kind(VM& vm, Type* type, uint32_t kind) {
  if (type->flags & Type::kImmutable || (type->flags & kPatternKinds) == kind) return {};
  type->flags = (type->flags & ~kPatternKinds) | kind;
  List* below = TRY(list_subclasses(vm, type));
  for (Value entry : below->span()) TRY(take_pattern_kind(vm, as<Type>(entry), kind));
  return {};
}

Result<Value> abc_register(VM& vm, Type* cls, Value subclass) {
  Type* type = try_as<Type>(subclass);
  if (!type) return vm.raise(Exc::TypeError, "Can only register classes");
  if (TRY(is_subclass_of(vm, subclass, cls))) return subclass;
  // A cycle of ABCs would make every check run in circles.
  if (TRY(is_subclass_of(vm, cls, subclass)))
    return vm.raise(Exc::RuntimeError, "Refusing to create an inheritance cycle");
  AbcData* data = TRY(data_of(vm, cls));
  TRY(set_add(vm, data->registry, subclass));
  ++token(vm);
  if (uint32_t kind = cls->flags & kPatternKinds) TRY(take_pattern_kind(vm, type, kind));
  return subclass;
}

/// A cached answer: 1 yes, 0 no, -1 unknown.
Result<int> cached(VM& vm, AbcData* data, Type* type) {
  if (TRY(set_contains(vm, data->positive, version_of(type)))) return 1;
  if (data->negative_token != token(vm)) {
    set_clear(vm, data->negative);
    data->negative_token = token(vm);
    return -1;
  }
  return TRY(set_contains(vm, data->negative, version_of(type))) ? 0 : -1;
}

/// What a subclass check finds out without caches.
Result<bool> derives(VM& vm, Type* cls, AbcData* data, Type* type) {
  Value answer = TRY(vm.call_method(cls, TRY(intern(vm, "__subclasshook__")), {type}));
  if (answer.is_bool()) return answer.as_bool();
  if (!answer.is_not_implemented())
    return vm.raise(Exc::AssertionError,
                    "__subclasshook__ must return either False, True, or NotImplemented");
  if (type->is_subtype_of(cls)) return true;
  Value registered = TRY(list_from(vm, data->registry));
  for (Value other : as<List>(registered)->span())
    if (TRY(is_subclass_of(vm, type, other))) return true;
  Value subclasses = TRY(vm.call_method(cls, TRY(intern(vm, "__subclasses__")), {}));
  bool found = false;
  TRY(for_each(vm, subclasses, [&](Value other) -> Result<bool> {
    found = TRY(is_subclass_of(vm, type, other));
    return !found;
  }));
  return found;
}

Result<bool> abc_subclasscheck(VM& vm, Type* cls, Value subclass) {
  Type* type = try_as<Type>(subclass);
  if (!type) return vm.raise(Exc::TypeError, "issubclass() arg 1 must be a class");
  AbcData* data = TRY(data_of(vm, cls));
  int known = TRY(cached(vm, data, type));
  if (known >= 0) return known == 1;
  NativeDepth guard(vm);
  TRY(guard.check(" in __subclasscheck__"));
  bool answer = TRY(derives(vm, cls, data, type));
  TRY(set_add(vm, answer ? data->positive : data->negative, version_of(type)));
  return answer;
}

Result<bool> ask(VM& vm, Type* cls, Value subclass) {
  Value answer = TRY(vm.call_method(cls, vm.special_name(Special::SubclassCheck), {subclass}));
  return is_truthy(vm, answer);
}

Result<bool> abc_instancecheck(VM& vm, Type* cls, Value instance) {
  AbcData* data = TRY(data_of(vm, cls));
  Value subclass = TRY(get_attribute(vm, instance, vm.names().class_));
  Type* type = vm.type_of(instance);
  if (Type* claimed = try_as<Type>(subclass)) {
    int known = TRY(cached(vm, data, claimed));
    if (known == 1 || (known == 0 && claimed == type)) return known == 1;
  }
  if (TRY(ask(vm, cls, subclass))) return true;
  return subclass.is(type) ? Result<bool>(false) : ask(vm, cls, type);
}

Result<int64_t> get_cache_token(VM& vm) { return static_cast<int64_t>(token(vm)); }

Result<void> reset_registry(VM& vm, Type* cls) {
  set_clear(vm, TRY(data_of(vm, cls))->registry);
  ++token(vm);
  return {};
}
Result<void> reset_caches(VM& vm, Type* cls) {
  AbcData* data = TRY(data_of(vm, cls));
  set_clear(vm, data->positive);
  set_clear(vm, data->negative);
  return {};
}

/// Instances match sequence or mapping patterns.
Result<void> set_pattern_kind(VM&, Type* cls, bool mapping) {
  cls->flags |= mapping ? Type::kMapping : Type::kSequence;
  return {};
}

constexpr NativeFunctionDef kFunctions[] = {
    {"_abc_init(cls, /)", "Make a class abstract as its methods say.", bind<abc_init>()},
    {"_abc_register(cls, subclass, /)", "Register a virtual subclass.", bind<abc_register>()},
    {"_abc_instancecheck(cls, instance, /)", "isinstance(instance, cls)",
     bind<abc_instancecheck>()},
    {"_abc_subclasscheck(cls, subclass, /)", "issubclass(subclass, cls)",
     bind<abc_subclasscheck>()},
    {"get_cache_token()", "A number that changes with every registration.",
     bind<get_cache_token>()},
    {"_reset_registry(cls, /)", "Forget the registered classes.", bind<reset_registry>()},
    {"_reset_caches(cls, /)", "Forget the cached answers.", bind<reset_caches>()},
    {"_set_pattern_kind(cls, mapping, /)", "Let instances match sequence or mapping patterns.",
     bind<set_pattern_kind>()},
};

Result<void> initialize(VM& vm, Module* module) {
  return add_native_type(vm, module, kAbcDataType, "_abc_data");
}

}  // namespace

extern const NativeModuleDef kAbcModule = {"_abc", "The native half of abc.", kFunctions,
                                           initialize};

}  // namespace apy
