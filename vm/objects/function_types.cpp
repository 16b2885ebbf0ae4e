// Functions, bound methods and native functions as scripts see them.
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/frame.h"
#include "vm/objects/internals.h"
#include "vm/objects/warning.h"

namespace apy {

namespace {

std::string address_text(Value v) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%012lx", static_cast<unsigned long>(v.bits()));
  return text;
}

Value or_none(Value v) { return v.is_empty() ? Value::none() : v; }

// --- function ---

Function* function_of(Value self) { return as<Function>(self); }

Result<Value> function_new(VM& vm, Value cls, Value code, Value globals, Optional<Value> name,
                           Optional<Value> defaults, Optional<Value> closure,
                           Optional<Value> keyword_defaults) {
  (void)cls;
  Code* body = try_as<Code>(code);
  if (!body)
    return vm.raise(Exc::TypeError, "function() argument 'code' must be code, not {}",
                    vm.type_of(code));
  Dict* scope = try_as<Dict>(globals);
  if (!scope)
    return vm.raise(Exc::TypeError, "function() argument 'globals' must be dict, not {}",
                    vm.type_of(globals));
  auto is_given = [](const Optional<Value>& v) { return v.present && !v.value.is_none(); };
  if (is_given(defaults) && !is_kind(defaults.value, CellKind::Tuple))
    return vm.raise(Exc::TypeError, "arg 4 (defaults) must be None or tuple");
  if (is_given(keyword_defaults) && !is_kind(keyword_defaults.value, CellKind::Dict))
    return vm.raise(Exc::TypeError, "arg 6 (kwdefaults) must be None or dict");
  size_t free_count = body->free_names ? body->free_names->length : 0;
  Tuple* cells = closure.present ? try_as<Tuple>(closure.value) : nullptr;
  if (free_count != (cells ? cells->length : 0)) {
    if (!cells) return vm.raise(Exc::TypeError, "arg 5 (closure) must be tuple");
    return vm.raise(Exc::ValueError, "{} requires closure of length {}, not {}", body->name,
                    free_count, cells->length);
  }
  for (size_t i = 0; i < free_count; ++i)
    if (!is_kind(cells->values()[i], CellKind::CellVariable))
      return vm.raise(Exc::TypeError, "arg 5 (closure) expected cell, found {}",
                      vm.type_of(cells->values()[i]));
  Function* function = TRY(vm.allocate<Function>(BuiltinType::Function));
  function->code = body;
  function->globals = scope;
  Value builtins = dict_get_str(vm, scope, vm.names().builtins_);
  if (Module* module = try_as<Module>(builtins)) builtins = module->dict;
  function->builtins = is_kind(builtins, CellKind::Dict) ? as<Dict>(builtins) : vm.builtins();
  function->closure = cells;
  function->defaults = defaults.value_or(Value::none());
  function->keyword_defaults = keyword_defaults.value_or(Value::none());
  function->name = name.present && !name.value.is_none() ? name.value : Value(body->name);
  function->qualname = body->qualname;
  function->module = or_none(dict_get_str(vm, scope, vm.names().name_));
  function->doc = or_none(body->doc);
  return function;
}

Result<Value> function_get(VM& vm, Function* self, Value object, Optional<Value>) {
  if (object.is_none()) return self;
  return make_bound_method(vm, self, object);
}

Result<Value> function_call(VM& vm, const Arguments& arguments) {
  if (!arguments.positional_count)
    return vm.raise(Exc::TypeError, "descriptor '__call__' needs an argument");
  size_t count = arguments.positional_count - 1 + arguments.keyword_count();
  return vm.call_keywords(arguments.values[0], {arguments.values + 1, count},
                          arguments.keyword_names);
}

Result<Value> function_repr(VM& vm, Function* self) {
  return make_str(
      vm, "<function " + TRY(str_text(vm, self->qualname)) + " at " + address_text(self) + ">");
}

Result<Value> get_code(VM&, Value self) { return function_of(self)->code; }
Result<void> set_code(VM& vm, Value self, Value value) {
  Code* code = try_as<Code>(value);
  if (!code) return vm.raise(Exc::TypeError, "__code__ must be set to a code object");
  Function* function = function_of(self);
  size_t wanted = function->closure ? function->closure->length : 0;
  size_t free_count = code->free_names ? code->free_names->length : 0;
  if (wanted != free_count)
    return vm.raise(Exc::ValueError, "{}() requires a code object with {} free vars, not {}",
                    TRY(str_text(vm, function->name)), wanted, free_count);
  if ((code->flags ^ function->code->flags) & Code::kAnyGenerator)
    TRY(issue_warning_here(vm, Exc::DeprecationWarning,
                           "Assigning a code object of non-matching type is deprecated (e.g., from "
                           "a generator to a plain function)"));
  function->code = code;
  vm.barrier(function);
  return {};
}
Result<Value> get_defaults(VM&, Value self) { return or_none(function_of(self)->defaults); }
Result<void> set_defaults(VM& vm, Value self, Value value) {
  if (value.is_empty()) value = Value::none();
  if (!value.is_none() && !is_kind(value, CellKind::Tuple))
    return vm.raise(Exc::TypeError, "__defaults__ must be set to a tuple object");
  function_of(self)->defaults = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_keyword_defaults(VM&, Value self) {
  return or_none(function_of(self)->keyword_defaults);
}
Result<void> set_keyword_defaults(VM& vm, Value self, Value value) {
  if (value.is_empty()) value = Value::none();
  if (!value.is_none() && !is_kind(value, CellKind::Dict))
    return vm.raise(Exc::TypeError, "__kwdefaults__ must be set to a dict object");
  function_of(self)->keyword_defaults = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_closure(VM&, Value self) {
  Tuple* closure = function_of(self)->closure;
  return closure ? Value(closure) : Value::none();
}
Result<Value> get_globals(VM&, Value self) { return function_of(self)->globals; }
Result<Value> get_builtins(VM&, Value self) { return function_of(self)->builtins; }

Result<void> set_text(VM& vm, Value self, Value value, Value Function::*field, const char* name) {
  if (!is_kind(value, CellKind::Str))
    return vm.raise(Exc::TypeError, "{} must be set to a string object", name);
  function_of(self)->*field = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_name(VM&, Value self) { return or_none(function_of(self)->name); }
Result<void> set_name(VM& vm, Value self, Value value) {
  return set_text(vm, self, value, &Function::name, "__name__");
}
Result<Value> get_qualname(VM&, Value self) { return or_none(function_of(self)->qualname); }
Result<void> set_qualname(VM& vm, Value self, Value value) {
  return set_text(vm, self, value, &Function::qualname, "__qualname__");
}
template <Value Function::*Field>
Result<Value> get_plain(VM&, Value self) {
  return or_none(function_of(self)->*Field);
}
template <Value Function::*Field>
Result<void> set_plain(VM& vm, Value self, Value value) {
  function_of(self)->*Field = or_none(value);
  vm.barrier(self.cell());
  return {};
}

Result<Value> get_annotations(VM& vm, Value self) {
  Value known = function_of(self)->annotations;
  if (is_kind(known, CellKind::Dict)) return known;
  Value made =
      is_kind(known, CellKind::Function) ? TRY(vm.call(known, {})) : Value(TRY(make_dict(vm)));
  function_of(self)->annotations = made;
  vm.barrier(self.cell());
  return made;
}
Result<void> set_annotations(VM& vm, Value self, Value value) {
  if (value.is_none()) value = Value();
  if (!value.is_empty() && !is_kind(value, CellKind::Dict))
    return vm.raise(Exc::TypeError, "__annotations__ must be set to a dict object");
  function_of(self)->annotations = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_type_params(VM& vm, Value self) {
  Value known = function_of(self)->type_params;
  if (!known.is_empty()) return known;
  return TRY(make_tuple(vm, size_t{0}));
}
Result<void> set_type_params(VM& vm, Value self, Value value) {
  if (!is_kind(value, CellKind::Tuple))
    return vm.raise(Exc::TypeError, "__type_params__ must be set to a tuple");
  function_of(self)->type_params = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_dict(VM& vm, Value self) { return TRY(attributes_dict(vm, self.cell())); }
Result<void> set_dict(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "cannot delete __dict__");
  if (!is_kind(value, CellKind::Dict))
    return vm.raise(Exc::TypeError, "__dict__ must be set to a dictionary, not a '{}'",
                    vm.type_of(value));
  return set_attributes_dict(vm, self.cell(), as<Dict>(value));
}

constexpr NativeFunctionDef kFunctionMethods[] = {
    {"__new__(cls, code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)",
     "Create a function object.", bind<function_new>(), NativeFunctionDef::kStatic},
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<function_get>()},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<function_call>()},
    {"__repr__(self, /)", "Return repr(self).", bind<function_repr>()},
};
constexpr NativeGetSetDef kFunctionAttributes[] = {
    {"__code__", nullptr, get_code, set_code},
    {"__defaults__", nullptr, get_defaults, set_defaults},
    {"__kwdefaults__", nullptr, get_keyword_defaults, set_keyword_defaults},
    {"__closure__", nullptr, get_closure, readonly_member},
    {"__globals__", nullptr, get_globals, readonly_member},
    {"__builtins__", nullptr, get_builtins, readonly_member},
    {"__name__", nullptr, get_name, set_name},
    {"__qualname__", nullptr, get_qualname, set_qualname},
    {"__module__", nullptr, get_plain<&Function::module>, set_plain<&Function::module>},
    {"__doc__", nullptr, get_plain<&Function::doc>, set_plain<&Function::doc>},
    {"__annotations__", nullptr, get_annotations, set_annotations},
    {"__type_params__", nullptr, get_type_params, set_type_params},
    {"__dict__", nullptr, get_dict, set_dict},
};

// --- bound method ---

Result<Value> method_new(VM& vm, Value cls, Value function, Value self) {
  (void)cls;
  if (!TRY(is_callable(vm, function)))
    return vm.raise(Exc::TypeError, "first argument must be callable");
  if (self.is_none()) return vm.raise(Exc::TypeError, "instance must not be None");
  return make_bound_method(vm, function, self);
}

/// What methods themselves do not have comes from the function.
Result<Value> method_getattribute(VM& vm, BoundMethod* self, Value name) {
  Str* key = TRY(attribute_name(vm, name));
  if (!type_lookup(vm, vm.type(BuiltinType::Method), key).is_empty() || key == vm.names().class_)
    return generic_get_attribute(vm, self, key);
  return get_attribute(vm, self->function, key);
}
Result<void> method_setattr(VM& vm, BoundMethod* self, Value name, Value value) {
  Str* key = TRY(attribute_name(vm, name));
  if (!type_lookup(vm, vm.type(BuiltinType::Method), key).is_empty())
    return generic_set_attribute(vm, self, key, value);
  return raise_attribute_error(vm, self, key,
                               "'method' object has no attribute '" + to_utf8(key) +
                                   "' and no __dict__ for setting new attributes");
}
Result<Value> method_get(VM&, BoundMethod* self, Value, Optional<Value>) { return self; }
Result<Value> method_repr(VM& vm, BoundMethod* self) {
  Value name;
  if (!TRY(get_attribute_optional(vm, self->function, vm.names().qualname, &name)) &&
      !TRY(get_attribute_optional(vm, self->function, vm.names().name_, &name)))
    name = Value();
  std::string text = is_kind(name, CellKind::Str) ? to_utf8(as<Str>(name)) : "?";
  return make_str(vm, "<bound method " + text + " of " + TRY(repr_text(vm, self->self)) + ">");
}
Result<Value> method_equal(VM& vm, BoundMethod* self, Value other) {
  BoundMethod* right = try_as<BoundMethod>(other);
  if (!right) return Value::not_implemented();
  if (!self->self.is(right->self)) return Value::boolean(false);
  return Value::boolean(TRY(values_equal(vm, self->function, right->function)));
}
Result<int64_t> method_hash(VM& vm, BoundMethod* self) {
  int64_t function = TRY(hash_value(vm, self->function));
  return function ^ static_cast<int64_t>(std::rotr(self->self.bits(), 4) & 0x7FFFFFFFFFFFFFFF);
}
Result<Value> get_method_function(VM&, Value self) { return as<BoundMethod>(self)->function; }
Result<Value> get_method_self(VM&, Value self) { return as<BoundMethod>(self)->self; }
Result<Value> get_method_doc(VM& vm, Value self) {
  return get_attribute(vm, as<BoundMethod>(self)->function, vm.names().doc);
}

/// (getattr, (object, name)): what a method is pickled as.
Result<Value> reduced_to_getattr(VM& vm, Value object, Value name) {
  Value arguments[2] = {object, name};
  Value pair[2] = {dict_get_str(vm, vm.builtins(), TRY(intern(vm, "getattr"))),
                   TRY(make_tuple(vm, arguments))};
  if (pair[0].is_empty()) return vm.raise(Exc::AttributeError, "getattr");
  return make_tuple(vm, pair);
}
Result<Value> method_reduce(VM& vm, BoundMethod* self) {
  Value name = TRY(get_attribute(vm, self->function, vm.names().name_));
  return reduced_to_getattr(vm, self->self, name);
}

constexpr NativeFunctionDef kMethodMethods[] = {
    {"__new__(cls, function, instance, /)", "Create a bound instance method object.",
     bind<method_new>(), NativeFunctionDef::kStatic},
    {"__getattribute__(self, name, /)", "Return getattr(self, name).", bind<method_getattribute>()},
    {"__setattr__(self, name, value, /)", "Implement setattr(self, name, value).",
     bind<method_setattr>()},
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<method_get>()},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<function_call>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<method_equal>()},
    {"__hash__(self, /)", "Return hash(self).", bind<method_hash>()},
    {"__reduce__(self, /)", "What to pickle.", bind<method_reduce>()},
};
constexpr NativeGetSetDef kMethodAttributes[] = {
    {"__func__", "the function (or other callable) implementing a method", get_method_function,
     readonly_member},
    {"__self__", "the instance to which a method is bound", get_method_self, readonly_member},
    {"__doc__", nullptr, get_method_doc},
};

// --- native functions ---

NativeFunction* native_of(Value self) { return as<NativeFunction>(self); }

Result<Value> native_repr(VM& vm, Value self) {
  NativeFunction* native = try_as<NativeFunction>(self);
  if (!native)
    return vm.raise(Exc::TypeError, "expected a native function, not '{}'", vm.type_of(self));
  std::string name(native->definition->name());
  if (native->shape == shape_of(BuiltinType::MethodDescriptor)) {
    const char* kind = name.starts_with("__") && !(native->aux & NativeFunction::kClassMethod)
                           ? "slot wrapper"
                           : "method";
    return make_str(vm, std::string("<") + kind + " '" + name + "' of '" +
                            to_utf8(native->owner->name) + "' objects>");
  }
  if (native->aux & NativeFunction::kStatic && native->owner) {
    if (name == "__new__")
      return make_str(
          vm, "<built-in method __new__ of type object at " + address_text(native->owner) + ">");
    return make_str(vm, "<built-in function " + name + ">");
  }
  if (native->self.is_empty() || is_kind(native->self, CellKind::Module))
    return make_str(vm, "<built-in function " + name + ">");
  bool wrapper = name.starts_with("__") && !is_kind(native->self, CellKind::Type);
  std::string type = to_utf8(vm.type_of(native->self)->name);
  if (wrapper)
    return make_str(vm, "<method-wrapper '" + name + "' of " + type + " object at " +
                            address_text(native->self) + ">");
  return make_str(vm, "<built-in method " + name + " of " + type + " object at " +
                          address_text(native->self) + ">");
}

Result<Value> native_equal(VM& vm, Value self, Value other) {
  const NativeFunction *a = try_as<NativeFunction>(self), *b = try_as<NativeFunction>(other);
  (void)vm;
  if (!a || !b) return Value::not_implemented();
  return Value::boolean(a->definition == b->definition && a->self.is(b->self) &&
                        a->shape == b->shape);
}
Result<int64_t> native_hash(VM&, Value self) {
  const NativeFunction* native = native_of(self);
  uint64_t bits = reinterpret_cast<uintptr_t>(native->definition) ^ native->self.bits();
  return static_cast<int64_t>(std::rotr(bits, 4) & 0x7FFFFFFFFFFFFFFF);
}

Result<Value> descriptor_get(VM& vm, Value self, Value object, Optional<Value> owner) {
  NativeFunction* native = try_as<NativeFunction>(self);
  if (!native)
    return vm.raise(Exc::TypeError, "expected a method descriptor, not '{}'", vm.type_of(self));
  Type* cls = owner.present ? try_as<Type>(owner.value) : nullptr;
  if (!object.is_none() && native->owner && !(native->aux & NativeFunction::kClassMethod) &&
      !vm.type_of(object)->is_subtype_of(native->owner))
    return wrong_receiver(vm, *native->definition, to_utf8(native->owner->name).c_str(), object);
  return bind_descriptor(vm, self, object.is_none() ? Value() : object,
                         cls ? cls : vm.type_of(object));
}

Result<Value> get_native_name(VM& vm, Value self) {
  return intern(vm, native_of(self)->definition->name());
}
Result<Value> get_native_qualname(VM& vm, Value self) {
  const NativeFunction* native = native_of(self);
  std::string text;
  if (native->owner) {
    text = to_utf8(native->owner->qualname) + ".";
  } else if (!native->self.is_empty() && !is_kind(native->self, CellKind::Module)) {
    const Type* type =
        is_kind(native->self, CellKind::Type) ? as<Type>(native->self) : vm.type_of(native->self);
    text = to_utf8(type->qualname) + ".";
  }
  return make_str(vm, text + std::string(native->definition->name()));
}
Result<Value> get_native_doc(VM& vm, Value self) {
  const char* doc = native_of(self)->definition->doc;
  return doc ? Result<Value>(make_str(vm, doc)) : Result<Value>(Value::none());
}
Result<Value> get_native_self(VM& vm, Value self) {
  const NativeFunction* native = native_of(self);
  if (!native->self.is_empty()) return native->self;
  if (native->aux & NativeFunction::kStatic && native->owner) return native->owner;
  Value module;
  if (!native->module.is_empty() && TRY(dict_get(vm, vm.modules(), native->module, &module)))
    return module;
  return Value::none();
}
Result<Value> get_native_module(VM&, Value self) { return or_none(native_of(self)->module); }
Result<Value> get_native_owner(VM&, Value self) {
  const Type* owner = native_of(self)->owner;
  return owner ? Value(owner) : Value::none();
}
Result<Value> get_text_signature(VM& vm, Value self) {
  std::string text = native_of(self)->definition->signature;
  size_t open = text.find('(');
  if (open == text.npos) return Value::none();
  text.erase(0, open);
  if (!native_of(self)->owner && native_of(self)->self.is_empty()) {
    text.insert(1, text == "()" ? "$module" : "$module, ");
    return make_str(vm, text);
  }
  for (std::string_view receiver : {"(self", "(cls"}) {
    if (text.starts_with(receiver) &&
        (text[receiver.size()] == ',' || text[receiver.size()] == ')')) {
      text.insert(1, "$");
      break;
    }
  }
  return make_str(vm, text);
}

Result<Value> native_reduce(VM& vm, Value self) {
  const NativeFunction* native = try_as<NativeFunction>(self);
  if (!native)
    return vm.raise(Exc::TypeError, "expected a native function, not '{}'", vm.type_of(self));
  if (native->shape == shape_of(BuiltinType::MethodDescriptor) &&
      native->aux & NativeFunction::kClassMethod)
    return vm.raise(Exc::TypeError, "cannot pickle 'classmethod_descriptor' object");
  Value name = TRY(intern(vm, native->definition->name()));
  if (native->owner && (native->self.is_empty() || is_kind(native->self, CellKind::Module)))
    return reduced_to_getattr(vm, native->owner, name);
  if (native->self.is_empty() || is_kind(native->self, CellKind::Module)) return name;
  return reduced_to_getattr(vm, native->self, name);
}

constexpr NativeFunctionDef kNativeMethods[] = {
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<function_call>()},
    {"__repr__(self, /)", "Return repr(self).", bind<native_repr>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<native_equal>()},
    {"__hash__(self, /)", "Return hash(self).", bind<native_hash>()},
    {"__reduce__(self, /)", "What to pickle.", bind<native_reduce>()},
};
constexpr NativeGetSetDef kNativeAttributes[] = {
    {"__name__", nullptr, get_native_name},     {"__qualname__", nullptr, get_native_qualname},
    {"__doc__", nullptr, get_native_doc},       {"__self__", nullptr, get_native_self},
    {"__module__", nullptr, get_native_module}, {"__text_signature__", nullptr, get_text_signature},
};
constexpr NativeFunctionDef kDescriptorMethods[] = {
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<descriptor_get>()},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<function_call>()},
    {"__repr__(self, /)", "Return repr(self).", bind<native_repr>()},
    {"__reduce__(self, /)", "What to pickle.", bind<native_reduce>()},
};
constexpr NativeGetSetDef kDescriptorAttributes[] = {
    {"__name__", nullptr, get_native_name},
    {"__qualname__", nullptr, get_native_qualname},
    {"__doc__", nullptr, get_native_doc},
    {"__objclass__", nullptr, get_native_owner},
    {"__text_signature__", nullptr, get_text_signature},
};

}  // namespace

extern const NativeTypeDef kFunctionType = {"function", "Create a function object.",
                                            kFunctionMethods, kFunctionAttributes,
                                            Type::kHasWeakref};
extern const NativeTypeDef kMethodType = {
    "method", "Create a bound instance method object.", kMethodMethods, kMethodAttributes,
    Type::kHasWeakref | Type::kCustomGetAttribute | Type::kCustomSetAttr};
extern const NativeTypeDef kBuiltinFunctionType = {"builtin_function_or_method", nullptr,
                                                   kNativeMethods, kNativeAttributes,
                                                   Type::kHasWeakref | Type::kDisallowNew};
extern const NativeTypeDef kMethodDescriptorType = {
    "method_descriptor", nullptr, kDescriptorMethods, kDescriptorAttributes, Type::kDisallowNew};

}  // namespace apy
