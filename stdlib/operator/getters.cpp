// Callables that fetch items, attributes or call a method.
#include "stdlib/operator/getters.h"

#include "stdlib/native_iterator.h"
#include "vm/objects/dict.h"

namespace apy {

namespace {

struct ItemGetter : NativeObject {
  static const NativeClass kClass;
  Tuple* keys;
};
const NativeClass ItemGetter::kClass = {"operator.itemgetter", trace_values<1>, nullptr};

struct AttributeGetter : NativeObject {
  static const NativeClass kClass;
  Tuple* names;  // as given: "a.b"
  Tuple* paths;  // for each a Tuple of its parts, interned
};
const NativeClass AttributeGetter::kClass = {"operator.attrgetter", trace_values<2>, nullptr};

struct MethodCaller : NativeObject {
  static const NativeClass kClass;
  Str* name;
  Tuple* arguments;      // positional ones, then the values of the keyword ones
  Tuple* keyword_names;  // or null
};
const NativeClass MethodCaller::kClass = {"operator.methodcaller", trace_values<3>, nullptr};

/// The class and the other positional arguments of a __new__ that takes no keywords and at least
/// one argument.
Result<std::span<const Value>> new_arguments(VM& vm, const Arguments& arguments, const char* name,
                                             Type** cls) {
  if (arguments.positional_count == 0 || !is_kind(arguments.values[0], CellKind::Type))
    return vm.raise(Exc::TypeError, "{}.__new__(): not enough arguments", name);
  *cls = as<Type>(arguments.values[0]);
  if (arguments.keyword_count())
    return vm.raise(Exc::TypeError, "{}() takes no keyword arguments", name);
  if (arguments.positional_count == 1)
    return vm.raise(Exc::TypeError, "{} expected 1 argument, got 0", name);
  return arguments.positional().subspan(1);
}

/// The one argument of a call.
Result<Value> only_argument(VM& vm, const Arguments& arguments, const char* name) {
  if (arguments.keyword_count())
    return vm.raise(Exc::TypeError, "{}() takes no keyword arguments", name);
  if (arguments.positional_count != 2)
    return vm.raise(Exc::TypeError, "{} expected 1 argument, got {}", name,
                    arguments.positional_count - 1);
  return arguments.values[1];
}

template <class T>
Result<T*> receiver(VM& vm, const Arguments& arguments) {
  T* self = arguments.positional_count ? try_native<T>(arguments.values[0]) : nullptr;
  if (self) return self;
  return vm.raise(Exc::TypeError, "descriptor '__call__' requires a '{}' object", T::kClass.name);
}

Result<Str*> repr_call(VM& vm, const char* name, std::span<const Value> items) {
  StrBuilder out(vm);
  out.append(name);
  out.append("(");
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out.append(", ");
    out.append(TRY(repr_of(vm, items[i])));
  }
  out.append(")");
  return out.finish();
}

Result<Value> reduce_call(VM& vm, Value self, Value arguments) {
  Value pair[2] = {vm.type_of(self), arguments};
  return make_tuple(vm, pair);
}

// --- itemgetter ---

Result<Value> item_new(VM& vm, const Arguments& arguments) {
  Type* cls;
  auto keys = TRY(new_arguments(vm, arguments, "itemgetter", &cls));
  auto* self = TRY(make_native<ItemGetter>(vm, cls));
  self->keys = TRY(make_tuple(vm, keys));
  vm.barrier(self);
  return self;
}

Result<Value> item_call(VM& vm, const Arguments& arguments) {
  auto* self = TRY(receiver<ItemGetter>(vm, arguments));
  Value object = TRY(only_argument(vm, arguments, "itemgetter"));
  Tuple* keys = self->keys;
  if (keys->length == 1) return get_item(vm, object, keys->values()[0]);
  Tuple* result = TRY(make_tuple(vm, keys->length));
  for (uint64_t i = 0; i < keys->length; ++i) {
    result->values()[i] = TRY(get_item(vm, object, keys->values()[i]));
    vm.barrier(result);
  }
  return result;
}

Result<Str*> item_repr(VM& vm, ItemGetter* self) {
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_str(vm, "operator.itemgetter(...)");
  return repr_call(vm, "operator.itemgetter", self->keys->span());
}
Result<Value> item_reduce(VM& vm, ItemGetter* self) { return reduce_call(vm, self, self->keys); }

// --- attrgetter ---

Result<Tuple*> split_path(VM& vm, Str* name) {
  RootVector parts(vm.heap());
  uint64_t begin = 0;
  for (uint64_t i = 0; i <= name->length; ++i) {
    if (i < name->length && name->at(i) != '.') continue;
    parts.values.push_back(TRY(intern(vm, TRY(str_slice(vm, name, begin, i)))));
    begin = i + 1;
  }
  return make_tuple(vm, std::span<const Value>(parts.values));
}

Result<Value> attribute_new(VM& vm, const Arguments& arguments) {
  Type* cls;
  auto names = TRY(new_arguments(vm, arguments, "attrgetter", &cls));
  for (Value name : names)
    if (!is_kind(name, CellKind::Str))
      return vm.raise(Exc::TypeError, "attribute name must be a string");
  auto* self = TRY(make_native<AttributeGetter>(vm, cls));
  self->names = TRY(make_tuple(vm, names));
  vm.barrier(self);
  Tuple* paths = TRY(make_tuple(vm, names.size()));
  self->paths = paths;
  vm.barrier(self);
  for (size_t i = 0; i < names.size(); ++i) {
    paths->values()[i] = TRY(split_path(vm, as<Str>(names[i])));
    vm.barrier(paths);
  }
  return self;
}

Result<Value> follow(VM& vm, Value object, Tuple* path) {
  for (Value part : path->span()) object = TRY(get_attribute(vm, object, as<Str>(part)));
  return object;
}

Result<Value> attribute_call(VM& vm, const Arguments& arguments) {
  auto* self = TRY(receiver<AttributeGetter>(vm, arguments));
  Value object = TRY(only_argument(vm, arguments, "attrgetter"));
  Tuple* paths = self->paths;
  if (paths->length == 1) return follow(vm, object, as<Tuple>(paths->values()[0]));
  Tuple* result = TRY(make_tuple(vm, paths->length));
  for (uint64_t i = 0; i < paths->length; ++i) {
    result->values()[i] = TRY(follow(vm, object, as<Tuple>(paths->values()[i])));
    vm.barrier(result);
  }
  return result;
}

Result<Str*> attribute_repr(VM& vm, AttributeGetter* self) {
  return repr_call(vm, "operator.attrgetter", self->names->span());
}
Result<Value> attribute_reduce(VM& vm, AttributeGetter* self) {
  return reduce_call(vm, self, self->names);
}

// --- methodcaller ---

Result<Value> method_new(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count == 0 || !is_kind(arguments.values[0], CellKind::Type))
    return vm.raise(Exc::TypeError, "methodcaller.__new__(): not enough arguments");
  if (arguments.positional_count == 1)
    return vm.raise(Exc::TypeError, "methodcaller needs at least one argument, the method name");
  Str* name = try_as<Str>(arguments.values[1]);
  if (!name) return vm.raise(Exc::TypeError, "method name must be a string");
  auto* self = TRY(make_native<MethodCaller>(vm, as<Type>(arguments.values[0])));
  self->name = TRY(intern(vm, name));
  vm.barrier(self);
  self->keyword_names = arguments.keyword_count() ? arguments.keyword_names : nullptr;
  size_t count = arguments.positional_count - 2 + arguments.keyword_count();
  self->arguments = TRY(make_tuple(vm, {arguments.values + 2, count}));
  vm.barrier(self);
  return self;
}

Result<Value> method_call(VM& vm, const Arguments& arguments) {
  auto* self = TRY(receiver<MethodCaller>(vm, arguments));
  Value object = TRY(only_argument(vm, arguments, "methodcaller"));
  Value bound;
  Value method = TRY(get_method(vm, object, self->name, &bound));
  RootVector values(vm.heap());
  if (!bound.is_empty()) values.values.push_back(bound);
  for (Value v : self->arguments->span()) values.values.push_back(v);
  std::span<const Value> all(values.values);
  if (!self->keyword_names) return vm.call(method, all);
  return vm.call_keywords(method, all, self->keyword_names);
}

std::span<const Value> positional(const MethodCaller* self) {
  size_t keywords = self->keyword_names ? self->keyword_names->length : 0;
  return self->arguments->span().first(self->arguments->length - keywords);
}

Result<Str*> method_repr(VM& vm, MethodCaller* self) {
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_str(vm, "operator.methodcaller(...)");
  StrBuilder out(vm);
  out.append("operator.methodcaller(");
  out.append(TRY(repr_of(vm, self->name)));
  auto plain = positional(self);
  for (uint64_t i = 0; i < self->arguments->length; ++i) {
    out.append(", ");
    if (i >= plain.size()) {
      out.append(as<Str>(self->keyword_names->values()[i - plain.size()]));
      out.append("=");
    }
    out.append(TRY(repr_of(vm, self->arguments->values()[i])));
  }
  out.append(")");
  return out.finish();
}

Result<Value> method_reduce(VM& vm, MethodCaller* self) {
  auto plain = positional(self);
  RootVector values(vm.heap());
  values.values.push_back(self->name);
  if (!self->keyword_names) {
    values.values.insert(values.values.end(), plain.begin(), plain.end());
    return reduce_call(vm, self, TRY(make_tuple(vm, std::span<const Value>(values.values))));
  }
  // Keyword arguments travel in a partial(methodcaller, name, ...).
  Value functools = TRY(vm.import_module("functools"));
  Value partial = TRY(get_attribute(vm, functools, TRY(intern(vm, "partial"))));
  values.values.insert(values.values.begin(), Value(vm.type_of(Value(self))));
  for (Value v : self->arguments->span()) values.values.push_back(v);
  Value made =
      TRY(vm.call_keywords(partial, std::span<const Value>(values.values), self->keyword_names));
  Value pair[2] = {made, TRY(make_tuple(vm, size_t{0}))};
  return make_tuple(vm, pair);
}

#define GETTER_METHODS(prefix)                                                                   \
  {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<prefix##_new>(),     \
   NativeFunctionDef::kStatic},                                                                  \
      {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<prefix##_call>()}, \
      {"__repr__(self, /)", "Return repr(self).", bind<prefix##_repr>()}, {                      \
    "__reduce__(self, /)", "Return state information for pickling", bind<prefix##_reduce>()      \
  }

/// Of the instances: what they are called with.
Result<Value> get_call_signature(VM& vm, Value) { return make_str(vm, "(obj, /)"); }
constexpr NativeGetSetDef kGetterAttributes[] = {
    {"__text_signature__", nullptr, get_call_signature}};

constexpr NativeFunctionDef kItemMethods[] = {GETTER_METHODS(item)};
constexpr NativeFunctionDef kAttributeMethods[] = {GETTER_METHODS(attribute)};
constexpr NativeFunctionDef kMethodMethods[] = {GETTER_METHODS(method)};

const NativeTypeDef kItemGetterType = {
    .name = "operator.itemgetter",
    .doc =
        "itemgetter(item, /, *items)\n--\n\nReturn a callable object that fetches the given "
        "item(s) from its operand.\n"
        "After f = itemgetter(2), the call f(r) returns r[2].",
    .methods = kItemMethods,
    .attributes = kGetterAttributes,
    .flags = Type::kCanSubclass,
    .instance_size = sizeof(ItemGetter),
    .native_class = &ItemGetter::kClass};
const NativeTypeDef kAttributeGetterType = {
    .name = "operator.attrgetter",
    .doc =
        "attrgetter(attr, /, *attrs)\n--\n\nReturn a callable object that fetches the given "
        "attribute(s) from its\n"
        "operand. After f = attrgetter('name'), the call f(r) returns r.name.",
    .methods = kAttributeMethods,
    .attributes = kGetterAttributes,
    .flags = Type::kCanSubclass,
    .instance_size = sizeof(AttributeGetter),
    .native_class = &AttributeGetter::kClass};
const NativeTypeDef kMethodCallerType = {
    .name = "operator.methodcaller",
    .doc =
        "methodcaller(name, /, *args, **kwargs)\n--\n\nReturn a callable object that calls the "
        "given method on its\n"
        "operand. After f = methodcaller('name'), the call f(r) returns r.name().",
    .methods = kMethodMethods,
    .attributes = kGetterAttributes,
    .flags = Type::kCanSubclass,
    .instance_size = sizeof(MethodCaller),
    .native_class = &MethodCaller::kClass};

}  // namespace

Result<void> add_getter_types(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kItemGetterType, "itemgetter"));
  TRY(add_native_type(vm, module, kAttributeGetterType, "attrgetter"));
  return add_native_type(vm, module, kMethodCallerType, "methodcaller");
}

}  // namespace apy
