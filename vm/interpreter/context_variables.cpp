#include "vm/interpreter/context_variables.h"

#include "vm/binding/bind.h"
#include "vm/interpreter/context.h"

namespace apy {

namespace {

struct VariableContext : NativeObject {
  static const NativeClass kClass;
  Dict* values;   // null: none
  Value entered;  // True while run() is active
  Value shared;   // True: another context has the same dict
};
struct ContextVariable : NativeObject {
  static const NativeClass kClass;
  Value name;
  Value fallback;  // empty: none
};
struct ContextToken : NativeObject {
  static const NativeClass kClass;
  Value variable;
  Value context;
  Value old_value;  // empty: none
  Value used;
};

template <size_t count>
void trace_fields(const Cell* self, Visitor& visitor) {
  visitor.visit_range(reinterpret_cast<const Value*>(static_cast<const NativeObject*>(self) + 1),
                      count);
}
const NativeClass VariableContext::kClass = {"_contextvars.Context", trace_fields<3>, nullptr};
const NativeClass ContextVariable::kClass = {"_contextvars.ContextVar", trace_fields<2>, nullptr};
const NativeClass ContextToken::kClass = {"_contextvars.Token", trace_fields<4>, nullptr};

const char kMissingKey = 0;  // its address names Token.MISSING

template <class T>
Result<T*> make(VM& vm) {
  auto* type = static_cast<Type*>(vm.module_state(&T::kClass));
  if (!type) {
    // A context was asked for before any script imported contextvars.
    TRY(vm.import_module("_contextvars"));
    type = static_cast<Type*>(vm.module_state(&T::kClass));
  }
  auto* object = static_cast<T*>(TRY(allocate_instance(vm, type)));
  object->native_class = &T::kClass;
  return object;
}

Value missing(VM& vm) { return static_cast<Cell*>(vm.module_state(&kMissingKey)); }

Result<VariableContext*> current_context(VM& vm) {
  if (auto* context = try_native<VariableContext>(vm.context()->variables)) return context;
  VariableContext* made = TRY(make<VariableContext>(vm));
  vm.context()->variables = made;
  return made;
}

Result<VariableContext*> copy_of(VM& vm, VariableContext* context) {
  VariableContext* copy = TRY(make<VariableContext>(vm));
  copy->values = context->values;
  if (copy->values) copy->shared = context->shared = Value::boolean(true);
  return copy;
}

/// The context's own dict, for changes.
Result<Dict*> own_values(VM& vm, VariableContext* context) {
  if (!context->values) {
    context->values = TRY(make_dict(vm));
  } else if (context->shared.is_true()) {
    context->values = TRY(dict_copy(vm, context->values));
    context->shared = Value();
  }
  vm.barrier(context);
  return context->values;
}

Result<bool> look_up(VM& vm, VariableContext* context, Value variable, Value* out) {
  if (!context || !context->values) return false;
  return dict_get(vm, context->values, variable, out);
}

// --- ContextVar ---

Result<Value> variable_new(VM& vm, Type*, Optional<Value> given, Optional<Value> fallback) {
  if (!given.present)
    return vm.raise(Exc::TypeError, "ContextVar() takes exactly 1 positional argument (0 given)");
  Value name = given.value;
  if (!is_kind(name, CellKind::Str))
    return vm.raise(Exc::TypeError, "context variable name must be a str");
  ContextVariable* variable = TRY(make<ContextVariable>(vm));
  variable->name = name;
  variable->fallback = fallback.value;
  return variable;
}

Result<Value> variable_get(VM& vm, ContextVariable* self, Optional<Value> fallback) {
  Value value;
  if (TRY(look_up(vm, try_native<VariableContext>(vm.context()->variables), self, &value)))
    return value;
  if (fallback.present) return fallback.value;
  if (!self->fallback.is_empty()) return self->fallback;
  Value argument = self;
  return vm.raise_with(Exc::LookupError, {&argument, 1});
}

Result<Value> variable_set(VM& vm, ContextVariable* self, Value value) {
  VariableContext* context = TRY(current_context(vm));
  ContextToken* token = TRY(make<ContextToken>(vm));
  token->variable = self;
  token->context = context;
  Value old;
  if (TRY(look_up(vm, context, self, &old))) {
    token->old_value = old;
    vm.barrier(token);
  }
  Dict* values = TRY(own_values(vm, context));
  TRY(dict_set(vm, values, self, value));
  return token;
}

Result<void> variable_reset(VM& vm, ContextVariable* self, Value argument) {
  auto* token = try_native<ContextToken>(argument);
  if (!token)
    return vm.raise(Exc::TypeError, "expected an instance of Token, got {}",
                    TRY(repr_text(vm, argument)));
  if (token->used.is_true())
    return vm.raise(Exc::RuntimeError, "{} has already been used once",
                    TRY(repr_text(vm, argument)));
  if (!token->variable.is(self))
    return vm.raise(Exc::ValueError, "{} was created by a different ContextVar",
                    TRY(repr_text(vm, argument)));
  VariableContext* context = TRY(current_context(vm));
  if (!token->context.is(context))
    return vm.raise(Exc::ValueError, "{} was created in a different Context",
                    TRY(repr_text(vm, argument)));
  token->used = Value::boolean(true);
  Dict* values = TRY(own_values(vm, context));
  if (!token->old_value.is_empty()) return dict_set(vm, values, self, token->old_value);
  TRY(dict_remove(vm, values, self, nullptr));
  return {};
}

std::string at_address(const Cell* cell) {
  char text[32];
  std::snprintf(text, sizeof text, " at %p>", static_cast<const void*>(cell));
  return text;
}

Result<Value> variable_repr(VM& vm, ContextVariable* self) {
  std::string text = "<ContextVar name=" + TRY(repr_text(vm, self->name));
  if (!self->fallback.is_empty()) text += " default=" + TRY(repr_text(vm, self->fallback));
  return make_str(vm, text + at_address(self));
}

Result<Value> class_getitem(VM& vm, Value cls, Value key) {
  return make_generic_alias(vm, cls, key);
}
Result<Value> get_variable_name(VM&, Value self) {
  return static_cast<ContextVariable*>(self.cell())->name;
}

constexpr NativeFunctionDef kVariableMethods[] = {
    {"__new__(cls, name=<unrepresentable>, /, *, default=<unrepresentable>)",
     "Create a context variable.", bind<variable_new>(), NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<variable_repr>()},
    {"__class_getitem__(cls, key, /)", "See PEP 585.", bind<class_getitem>(),
     NativeFunctionDef::kClassMethod},
    {"get(self, default=<unrepresentable>, /)",
     "Return a value for the context variable for the current context.", bind<variable_get>()},
    {"set(self, value, /)", "Set a new value in the current context; return a token for reset().",
     bind<variable_set>()},
    {"reset(self, token, /)", "Put back the value from before the set() that gave the token.",
     bind<variable_reset>()},
};
constexpr NativeGetSetDef kVariableAttributes[] = {{"name", "its name", get_variable_name}};

// --- Token ---

Result<Value> token_new(VM& vm, const Arguments&) {
  return vm.raise(Exc::RuntimeError, "Tokens can only be created by ContextVars");
}
Result<Value> token_repr(VM& vm, ContextToken* self) {
  std::string text = self->used.is_true() ? "<Token used var=" : "<Token var=";
  return make_str(vm, text + TRY(repr_text(vm, self->variable)) + at_address(self));
}
Result<Value> get_token_variable(VM&, Value self) {
  return static_cast<ContextToken*>(self.cell())->variable;
}
Result<Value> get_token_old_value(VM& vm, Value self) {
  Value old = static_cast<ContextToken*>(self.cell())->old_value;
  return old.is_empty() ? missing(vm) : old;
}

constexpr NativeFunctionDef kTokenMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Not for scripts.", bind<token_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<token_repr>()},
    {"__class_getitem__(cls, key, /)", "See PEP 585.", bind<class_getitem>(),
     NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kTokenAttributes[] = {
    {"var", "the variable", get_token_variable},
    {"old_value", "value before the set(), or Token.MISSING", get_token_old_value},
};

Result<Value> missing_repr(VM& vm, Value) { return make_str(vm, "<Token.MISSING>"); }
constexpr NativeFunctionDef kMissingMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<missing_repr>()}};

// --- Context ---

Result<Value> context_new(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count > 1 || arguments.keyword_count() > 0)
    return vm.raise(Exc::TypeError, "Context() does not accept any arguments");
  return make<VariableContext>(vm);
}

Result<Value> context_run(VM& vm, const Arguments& arguments) {
  auto* self =
      arguments.positional_count ? try_native<VariableContext>(arguments.values[0]) : nullptr;
  if (!self)
    return vm.raise(Exc::TypeError,
                    "descriptor 'run' of '_contextvars.Context' object needs an argument");
  if (arguments.positional_count < 2)
    return vm.raise(Exc::TypeError, "run() missing 1 required positional argument");
  if (self->entered.is_true())
    return vm.raise(Exc::RuntimeError, "cannot enter context: {} is already entered",
                    TRY(repr_text(vm, self)));
  self->entered = Value::boolean(true);
  ContextVariablesScope scope(vm, self);
  auto result = vm.call_keywords(
      arguments.values[1],
      {arguments.values + 2, arguments.positional_count - 2 + arguments.keyword_count()},
      arguments.keyword_names);
  self->entered = Value();
  return result;
}

Result<Value> context_copy(VM& vm, VariableContext* self) { return copy_of(vm, self); }

Result<void> check_key(VM& vm, Value key) {
  if (try_native<ContextVariable>(key)) return {};
  return vm.raise(Exc::TypeError, "a ContextVar key was expected, got {}", TRY(repr_text(vm, key)));
}
Result<Value> context_getitem(VM& vm, VariableContext* self, Value key) {
  TRY(check_key(vm, key));
  Value value;
  if (TRY(look_up(vm, self, key, &value))) return value;
  return vm.raise_with(Exc::KeyError, {&key, 1});
}
Result<bool> context_contains(VM& vm, VariableContext* self, Value key) {
  TRY(check_key(vm, key));
  Value value;
  return look_up(vm, self, key, &value);
}
Result<Value> context_get(VM& vm, VariableContext* self, Value key, Optional<Value> fallback) {
  TRY(check_key(vm, key));
  Value value;
  if (TRY(look_up(vm, self, key, &value))) return value;
  return fallback.value_or(Value::none());
}
Result<int64_t> context_length(VM&, VariableContext* self) {
  return self->values ? self->values->length : 0;
}

/// A snapshot: later changes to the context do not show.
Result<Dict*> snapshot(VM& vm, VariableContext* self) {
  if (!self->values) return make_dict(vm);
  return dict_copy(vm, self->values);
}
Result<Value> context_iter(VM& vm, VariableContext* self) {
  return get_iterator(vm, TRY(snapshot(vm, self)));
}
Result<Value> context_keys(VM& vm, VariableContext* self) {
  return vm.call_method(TRY(snapshot(vm, self)), vm.names().keys, {});
}
Result<Value> context_items(VM& vm, VariableContext* self) {
  return vm.call_method(TRY(snapshot(vm, self)), vm.names().items, {});
}
Result<Value> context_values(VM& vm, VariableContext* self) {
  return vm.call_method(TRY(snapshot(vm, self)), TRY(intern(vm, "values")), {});
}
Result<Value> context_equal(VM& vm, VariableContext* self, Value other) {
  auto* context = try_native<VariableContext>(other);
  if (!context) return Value::not_implemented();
  return Value::boolean(TRY(dict_equal(vm, TRY(snapshot(vm, self)), TRY(snapshot(vm, context)))));
}
Result<Value> unhashable(VM& vm, VariableContext*) {
  return vm.raise(Exc::TypeError, "unhashable type: '_contextvars.Context'");
}

constexpr NativeFunctionDef kContextMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create an empty context.", bind<context_new>(),
     NativeFunctionDef::kStatic},
    {"__getitem__(self, key, /)", "Return self[key].", bind<context_getitem>()},
    {"__contains__(self, key, /)", "Return bool(key in self).", bind<context_contains>()},
    {"__len__(self, /)", "Return len(self).", bind<context_length>()},
    {"__iter__(self, /)", "Implement iter(self).", bind<context_iter>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<context_equal>()},
    {"__hash__(self, /)", "Not hashable.", bind<unhashable>()},
    {"run(self, callable, /, *args, **kwargs)", "Call something in this context.",
     bind<context_run>()},
    {"copy(self, /)", "Return a shallow copy of the context object.", bind<context_copy>()},
    {"get(self, key, default=None, /)",
     "Return the value for `key` if it has one here, else the default.", bind<context_get>()},
    {"keys(self, /)", "The variables that have values here.", bind<context_keys>()},
    {"values(self, /)", "Their values.", bind<context_values>()},
    {"items(self, /)", "Pairs of variable and value.", bind<context_items>()},
};

template <class T>
constexpr NativeTypeDef type_definition(const char* doc, std::span<const NativeFunctionDef> methods,
                                        std::span<const NativeGetSetDef> attributes) {
  return {.name = T::kClass.name,
          .doc = doc,
          .methods = methods,
          .attributes = attributes,
          .instance_size = sizeof(T),
          .native_class = &T::kClass};
}
const NativeTypeDef kContextType =
    type_definition<VariableContext>("Values of context variables.", kContextMethods, {});
const NativeTypeDef kVariableType = type_definition<ContextVariable>(
    "A variable whose value depends on the context.", kVariableMethods, kVariableAttributes);
const NativeTypeDef kTokenType = type_definition<ContextToken>("What ContextVar.set() returns.",
                                                               kTokenMethods, kTokenAttributes);
const NativeTypeDef kMissingType = {
    .name = "_contextvars.Token.MISSING", .doc = nullptr, .methods = kMissingMethods};

Result<void> add_type(VM& vm, Module* module, const char* name, const NativeTypeDef& definition) {
  Type* type = TRY(make_native_type(vm, definition));
  type->flags &= ~Type::kCanSubclass;
  vm.module_state(definition.native_class) = type;
  return module_set(vm, module, name, type);
}

}  // namespace

Result<void> add_context_variable_types(VM& vm, Module* module) {
  TRY(add_type(vm, module, "Context", kContextType));
  TRY(add_type(vm, module, "ContextVar", kVariableType));
  TRY(add_type(vm, module, "Token", kTokenType));
  Type* missing_type = TRY(make_native_type(vm, kMissingType));
  Value missing = TRY(allocate_instance(vm, missing_type));
  vm.module_state(&kMissingKey) = missing.cell();
  auto* token = static_cast<Type*>(vm.module_state(&ContextToken::kClass));
  TRY(type_populate(vm, token));
  TRY(dict_set_str(vm, token->dict, TRY(intern(vm, "MISSING")), missing));
  type_modified(vm, token);
  return {};
}

Result<Value> copy_context_variables(VM& vm) {
  auto* context = try_native<VariableContext>(vm.context()->variables);
  if (!context || !context->values) return Value::none();
  return copy_of(vm, context);
}

Result<Value> context_object(VM& vm, Value* place, Cell* owner) {
  if (place->is_empty() || place->is_none()) {
    *place = TRY(make<VariableContext>(vm));
    vm.barrier(owner);
  }
  return *place;
}

Result<Value> copy_context_object(VM& vm) { return copy_of(vm, TRY(current_context(vm))); }

}  // namespace apy
