// Exceptions: construction and the type BaseException. Types with fields are in
// exception_types.cpp, groups in exception_group.cpp.
#include "vm/objects/exception.h"

#include "vm/binding/bind.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/exception_fields.h"
#include "vm/objects/internals.h"

namespace apy {

Result<Exception*> make_exception(VM& vm, Type* type, std::span<const Value> args) {
  if (type->flags & Type::kHeapType) {
    Value made = TRY(vm.call(type, args));
    if (!is_exception(made))
      return vm.raise(Exc::TypeError,
                      "calling {} should have returned an instance of BaseException, not {}",
                      TRY(repr_text(vm, type)), vm.type_of(made));
    return as<Exception>(made);
  }
  Exception* exception = static_cast<Exception*>(TRY(allocate_instance(vm, type)));
  exception->args = TRY(make_tuple(vm, args));
  vm.barrier(exception);
  TRY(initialize_fields(vm, exception, args, nullptr));
  return exception;
}

Result<Exception*> make_exception(VM& vm, BuiltinType type, std::string_view message) {
  Value text = TRY(make_str(vm, message));
  return make_exception(vm, vm.type(type), {&text, 1});
}

Result<bool> exception_matches(VM& vm, Value exception, Value pattern) {
  if (Type* type = try_as<Type>(pattern); type && (type->flags & Type::kException)) {
    Type* own = vm.type_of(exception);
    return own == type || own->is_subtype_of(type);
  }
  if (Tuple* patterns = try_as<Tuple>(pattern)) {
    for (Value entry : patterns->span()) {
      Type* type = try_as<Type>(entry);
      if (!type || !(type->flags & Type::kException))
        return vm.raise(Exc::TypeError,
                        "catching classes that do not inherit from BaseException is not allowed");
    }
    for (Value entry : patterns->span())
      if (vm.type_of(exception)->is_subtype_of(as<Type>(entry))) return true;
    return false;
  }
  return vm.raise(Exc::TypeError,
                  "catching classes that do not inherit from BaseException is not allowed");
}

namespace {

Exception* self_exception(Value self) { return as<Exception>(self); }

Result<Value> exception_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls || !(cls->flags & Type::kException))
    return vm.raise(Exc::TypeError,
                    "BaseException.__new__(X): X is not a subtype of BaseException");
  ExceptionGroupKind kind = exception_kind(cls);
  if (kind == ExceptionGroupKind::Group) return group_new(vm, arguments);
  auto args = arguments.positional().subspan(1);
  if (cls == vm.type(Exc::OSError) && args.size() >= 2 && args.size() <= 5)
    cls = vm.type(os_error_type(vm, args[0]));
  Exception* exception = static_cast<Exception*>(TRY(allocate_instance(vm, cls)));
  exception->args = TRY(make_tuple(vm, args));
  vm.barrier(exception);
  if (kind == ExceptionGroupKind::OsError) TRY(initialize_fields(vm, exception, args, nullptr));
  return exception;
}

/// Are these the very items of the tuple? Mostly __new__ got the same arguments as __init__.
bool holds(const Tuple* tuple, std::span<const Value> items) {
  if (!tuple || !is_exact(tuple, BuiltinType::Tuple) || tuple->length != items.size()) return false;
  for (size_t i = 0; i < items.size(); ++i)
    if (!tuple->values()[i].is(items[i])) return false;
  return true;
}

Result<Value> exception_init(VM& vm, const Arguments& arguments) {
  Exception* exception =
      arguments.positional_count ? try_as<Exception>(arguments.values[0]) : nullptr;
  if (!exception)
    return vm.raise(Exc::TypeError, "descriptor '__init__' requires a 'BaseException' object");
  auto args = arguments.positional().subspan(1);
  if (!holds(try_as<Tuple>(exception->args), args)) exception->args = TRY(make_tuple(vm, args));
  vm.barrier(exception);
  TRY(initialize_fields(vm, exception,
                        {arguments.values + 1, args.size() + arguments.keyword_count()},
                        arguments.keyword_names));
  return Value::none();
}

Result<Value> exception_str(VM& vm, Exception* self) { return exception_text(vm, self); }

Result<Value> exception_repr(VM& vm, Exception* self) {
  Tuple* args = as<Tuple>(self->args);
  std::string text = to_utf8(vm.type_of(self)->name);
  if (args->length == 1)
    return make_str(vm, text + "(" + TRY(repr_text(vm, args->values()[0])) + ")");
  return make_str(vm, text + TRY(repr_text(vm, args)));
}

Result<Value> with_traceback(VM& vm, Exception* self, Value traceback) {
  if (!traceback.is_none() && !is_kind(traceback, CellKind::Traceback))
    return vm.raise(Exc::TypeError, "__traceback__ must be a traceback or None");
  self->traceback = traceback;
  vm.barrier(self);
  return self;
}

Result<Value> add_note(VM& vm, Exception* self, Value note) {
  if (!is_kind(note, CellKind::Str))
    return vm.raise(Exc::TypeError, "note must be a str, not '{}'", vm.type_of(note));
  Value notes = own_attribute(vm, self, vm.names().notes);
  if (notes.is_empty()) {
    notes = TRY(make_list(vm, size_t{1}));
    TRY(set_own_attribute(vm, self, vm.names().notes, notes));
  }
  if (!is_kind(notes, CellKind::List))
    return vm.raise(Exc::TypeError, "Cannot add note: __notes__ is not a list");
  TRY(list_append(vm, as<List>(notes), note));
  return Value::none();
}

/// The arguments that make the exception again: of OSError those that are no longer in args.
Result<Value> arguments_again(VM& vm, Exception* self, ExceptionGroupKind kind) {
  Tuple* args = try_as<Tuple>(self->args);
  Value filename = self->fields[2], filename2 = self->fields[3];
  bool shortened = kind == ExceptionGroupKind::OsError && args && args->length == 2 &&
                   !filename.is_empty() && !filename.is_none();
  if (!shortened) return self->args;
  Value all[5] = {args->values()[0], args->values()[1], filename, Value::none(), filename2};
  bool has_second = !filename2.is_empty() && !filename2.is_none();
  return make_tuple(vm, std::span<const Value>(all, has_second ? 5 : 3));
}

/// Fields that are arguments by keyword only, put beside the own attributes.
Result<void> add_keyword_fields(VM& vm, Exception* self, ExceptionGroupKind kind, Dict* state) {
  auto add = [&](const char* name, int index) -> Result<void> {
    Value v = self->fields[index];
    if (v.is_empty() || v.is_none()) return {};
    return dict_set(vm, state, TRY(intern(vm, name)), v);
  };
  switch (kind) {
    case ExceptionGroupKind::ImportError:
      TRY(add("name", 1));
      TRY(add("path", 2));
      return add("name_from", 3);
    case ExceptionGroupKind::AttributeError:
      TRY(add("name", 0));
      return dict_set(vm, state, vm.names().args, self->args);
    default:
      return {};
  }
}

Result<Value> exception_reduce(VM& vm, Exception* self) {
  ExceptionGroupKind kind = exception_kind(vm.type_of(self));
  Value state = Value::none();
  Dict* own = TRY(dict_copy(vm, TRY(attributes_dict(vm, self))));
  TRY(add_keyword_fields(vm, self, kind, own));
  if (own->length > 0) state = own;
  Value parts[3] = {vm.type_of(self), TRY(arguments_again(vm, self, kind)), state};
  return make_tuple(vm, std::span<const Value>(parts, state.is_none() ? 2 : 3));
}

Result<Value> exception_set_state(VM& vm, Exception* self, Value state) {
  if (state.is_none()) return Value::none();
  Dict* dict = try_as<Dict>(state);
  if (!dict) return vm.raise(Exc::TypeError, "state is not a dictionary");
  for (DictCursor c(dict); c.next();)
    TRY(set_attribute(vm, self, TRY(attribute_name(vm, c.key())), c.value()));
  return Value::none();
}

Result<Value> get_args(VM&, Value self) { return self_exception(self)->args; }
Result<void> set_args(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "args may not be deleted");
  Tuple* args = TRY(tuple_from(vm, value));
  self_exception(self)->args = args;
  vm.barrier(self.cell());
  return {};
}

Result<Value> get_traceback(VM&, Value self) {
  Value v = self_exception(self)->traceback;
  return v.is_empty() ? Value::none() : v;
}
Result<void> set_traceback(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "__traceback__ may not be deleted");
  if (!value.is_none() && !is_kind(value, CellKind::Traceback))
    return vm.raise(Exc::TypeError, "__traceback__ must be a traceback or None");
  self_exception(self)->traceback = value;
  vm.barrier(self.cell());
  return {};
}

Result<void> set_linked(VM& vm, Value self, Value value, const char* name,
                        Value Exception::*field) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "{} may not be deleted", name);
  if (!value.is_none() && !is_exception(value))
    return vm.raise(Exc::TypeError, "exception {} must be None or derive from BaseException",
                    field == &Exception::cause ? "cause" : "context");
  self_exception(self)->*field = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_context(VM&, Value self) {
  Value v = self_exception(self)->context;
  return v.is_empty() ? Value::none() : v;
}
Result<void> set_context(VM& vm, Value self, Value value) {
  return set_linked(vm, self, value, "__context__", &Exception::context);
}
Result<Value> get_cause(VM&, Value self) {
  Value v = self_exception(self)->cause;
  return v.is_empty() ? Value::none() : v;
}
Result<void> set_cause(VM& vm, Value self, Value value) {
  TRY(set_linked(vm, self, value, "__cause__", &Exception::cause));
  self.cell()->aux |= Exception::kSuppressContext;
  return {};
}
Result<Value> get_suppress(VM&, Value self) {
  return Value::boolean(self.cell()->aux & Exception::kSuppressContext);
}
Result<void> set_suppress(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "can't delete numeric/char attribute");
  if (!value.is_bool()) return vm.raise(Exc::TypeError, "attribute value type must be bool");
  if (value.is_true())
    self.cell()->aux |= Exception::kSuppressContext;
  else
    self.cell()->aux &= static_cast<uint16_t>(~Exception::kSuppressContext);
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

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<exception_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Initialize self.", bind<exception_init>()},
    {"__str__(self, /)", "Return str(self).", bind<exception_str>()},
    {"__repr__(self, /)", "Return repr(self).", bind<exception_repr>()},
    {"with_traceback(self, object, /)", "Set self.__traceback__ to tb and return self.",
     bind<with_traceback>()},
    {"add_note(self, object, /)", "Add a note to the exception", bind<add_note>()},
    {"__reduce__(self, /)", "Helper for pickle.", bind<exception_reduce>()},
    {"__setstate__(self, object, /)", "Helper for pickle.", bind<exception_set_state>()},
};

constexpr NativeGetSetDef kAttributes[] = {
    {"args", nullptr, get_args, set_args},
    {"__traceback__", nullptr, get_traceback, set_traceback},
    {"__context__", "exception context", get_context, set_context},
    {"__cause__", "exception cause", get_cause, set_cause},
    {"__suppress_context__", nullptr, get_suppress, set_suppress},
    {"__dict__", nullptr, get_dict, set_dict},
};

}  // namespace

extern const NativeTypeDef kBaseExceptionType = {"BaseException",
                                                 "Common base class for all exceptions", kMethods,
                                                 kAttributes, Type::kHasWeakref};

}  // namespace apy
