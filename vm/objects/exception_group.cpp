// BaseExceptionGroup and ExceptionGroup: nesting rules, split, subgroup, derive.
#include "vm/binding/bind.h"
#include "vm/objects/exception_fields.h"

namespace apy {

namespace {

constexpr int kMessage = 0, kExceptions = 1;

Tuple* members_of(const Exception* group) { return as<Tuple>(group->fields[kExceptions]); }

Result<Tuple*> checked_members(VM& vm, Value sequence, bool* all_plain) {
  bool is_sequence = is_kind(sequence, CellKind::List) || is_kind(sequence, CellKind::Tuple) ||
                     (!type_special(vm, vm.type_of(sequence), Special::GetItem).is_empty() &&
                      !is_kind(sequence, CellKind::Dict));
  if (!is_sequence)
    return vm.raise(Exc::TypeError, "second argument (exceptions) must be a sequence");
  Tuple* members = TRY(tuple_from(vm, sequence));
  if (members->length == 0)
    return vm.raise(Exc::ValueError, "second argument (exceptions) must be a non-empty sequence");
  *all_plain = true;
  for (uint64_t i = 0; i < members->length; ++i) {
    if (!is_exception(members->values()[i]))
      return vm.raise(Exc::ValueError,
                      "Item {} of second argument (exceptions) is not an exception", i);
    if (!vm.is_instance(members->values()[i], Exc::Exception)) *all_plain = false;
  }
  return members;
}

}  // namespace

Result<Value> group_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  size_t given = arguments.positional_count - 1;
  if (given != 2)
    return vm.raise(Exc::TypeError,
                    "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)", given);
  Value message = arguments.values[1];
  if (!is_kind(message, CellKind::Str))
    return vm.raise(Exc::TypeError, "BaseExceptionGroup.__new__() argument 1 must be str, not {}",
                    vm.type_of(message));
  bool all_plain;
  Tuple* members = TRY(checked_members(vm, arguments.values[2], &all_plain));
  Type* plain_group = vm.type(Exc::ExceptionGroup);
  if (cls == vm.type(Exc::BaseExceptionGroup) && all_plain) {
    cls = plain_group;
  } else if (cls == plain_group && !all_plain) {
    return vm.raise(Exc::TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
  } else if (!all_plain && cls->is_subtype_of(vm.type(Exc::Exception))) {
    return vm.raise(Exc::TypeError, "Cannot nest BaseExceptions in '{}'", cls->name);
  }
  Exception* group = static_cast<Exception*>(TRY(allocate_instance(vm, cls)));
  group->args = TRY(make_tuple(vm, arguments.positional().subspan(1)));
  group->fields[kMessage] = message;
  group->fields[kExceptions] = members;
  vm.barrier(group);
  return group;
}

namespace {

Exception* group_self(VM& vm, Value self) {
  return vm.is_instance(self, Exc::BaseExceptionGroup) ? as<Exception>(self) : nullptr;
}

/// The condition of split and subgroup: exception class(es) or a predicate.
struct Condition {
  Value pattern;
  bool is_predicate;
};

Result<Condition> make_condition(VM& vm, Value value) {
  auto is_exception_class = [](Value v) {
    return is_kind(v, CellKind::Type) && (as<Type>(v)->flags & Type::kException);
  };
  if (is_exception_class(value)) return Condition{value, false};
  if (Tuple* classes = try_as<Tuple>(value)) {
    bool all = true;
    for (Value entry : classes->span()) all &= is_exception_class(entry);
    if (all) return Condition{value, false};
  } else if (!is_kind(value, CellKind::Type) && TRY(is_callable(vm, value))) {
    return Condition{value, true};
  }
  return vm.raise(
      Exc::TypeError,
      "expected an exception type, a tuple of exception types, or a callable (other than a class)");
}

Result<bool> matches(VM& vm, Value exception, const Condition& condition) {
  if (!condition.is_predicate) return exception_matches(vm, exception, condition.pattern);
  Value answer = TRY(vm.call(condition.pattern, {exception}));
  return is_truthy(vm, answer);
}

/// A group with some of the members, made by the script-visible derive(), with what belongs to the
/// original.
Result<Value> derive_from(VM& vm, Exception* original, List* members) {
  if (members->length == 0) return Value::none();
  Value made = TRY(vm.call_method(original, TRY(intern(vm, "derive")), {members}));
  if (!vm.is_instance(made, Exc::BaseExceptionGroup))
    return vm.raise(Exc::TypeError, "derive must return an instance of BaseExceptionGroup");
  Exception* derived = as<Exception>(made);
  derived->traceback = original->traceback;
  derived->context = original->context;
  derived->cause = original->cause;
  derived->aux |= original->aux & Exception::kSuppressContext;
  vm.barrier(derived);
  Value notes = own_attribute(vm, original, vm.names().notes);
  if (List* list = try_as<List>(notes))
    TRY(set_own_attribute(vm, derived, vm.names().notes, TRY(make_list(vm, list->span()))));
  return made;
}

/// *match and *rest get a group (or exception) or None.
Result<void> split(VM& vm, Value exception, const Condition& condition, Value* match, Value* rest) {
  NativeDepth guard(vm);
  TRY(guard.check(" in exceptiongroup_split_recursive"));
  *match = *rest = Value::none();
  if (TRY(matches(vm, exception, condition))) {
    *match = exception;
    return {};
  }
  Exception* group = group_self(vm, exception);
  if (!group) {
    *rest = exception;
    return {};
  }
  List* matching = TRY(make_list(vm, size_t{0}));
  List* others = TRY(make_list(vm, size_t{0}));
  Tuple* members = members_of(group);
  for (uint64_t i = 0; i < members->length; ++i) {
    Value inner_match, inner_rest;
    TRY(split(vm, members->values()[i], condition, &inner_match, &inner_rest));
    if (!inner_match.is_none()) TRY(list_append(vm, matching, inner_match));
    if (!inner_rest.is_none()) TRY(list_append(vm, others, inner_rest));
  }
  *match = TRY(derive_from(vm, group, matching));
  *rest = TRY(derive_from(vm, group, others));
  return {};
}

Result<Value> split_method(VM& vm, Exception* self, Value condition) {
  Condition parsed = TRY(make_condition(vm, condition));
  Value pair[2];
  TRY(split(vm, self, parsed, &pair[0], &pair[1]));
  return make_tuple(vm, pair);
}

Result<Value> subgroup_method(VM& vm, Exception* self, Value condition) {
  Condition parsed = TRY(make_condition(vm, condition));
  Value match, rest;
  TRY(split(vm, self, parsed, &match, &rest));
  return match;
}

Result<Value> derive_method(VM& vm, Exception* self, Value exceptions) {
  return vm.call(vm.type(Exc::BaseExceptionGroup), {self->fields[kMessage], exceptions});
}

Result<Value> group_str(VM& vm, Exception* self) {
  uint64_t count =
      is_kind(self->fields[kExceptions], CellKind::Tuple) ? members_of(self)->length : 0;
  return make_str(vm, TRY(str_text(vm, field_or_none(self, kMessage))) + " (" +
                          std::to_string(count) + " sub-exception" + (count == 1 ? ")" : "s)"));
}

Result<Value> class_get_item(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

Result<Value> get_message(VM&, Value self) { return field_or_none(as<Exception>(self), kMessage); }
Result<Value> get_exceptions(VM&, Value self) {
  return field_or_none(as<Exception>(self), kExceptions);
}

constexpr NativeFunctionDef kGroupMethods[] = {
    {"split(self, matcher_value, /)", nullptr, bind<split_method>()},
    {"subgroup(self, matcher_value, /)", nullptr, bind<subgroup_method>()},
    {"derive(self, excs, /)", nullptr, bind<derive_method>()},
    {"__str__(self, /)", "Return str(self).", bind<group_str>()},
    {"__class_getitem__(cls, item, /)", "See PEP 585", bind<class_get_item>(),
     NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kGroupAttributes[] = {
    {"message", "exception message", get_message},
    {"exceptions", "nested exceptions", get_exceptions},
};

}  // namespace

extern const NativeTypeDef kBaseExceptionGroupType = {
    "BaseExceptionGroup", "A combination of multiple unrelated exceptions.", kGroupMethods,
    kGroupAttributes};
extern const NativeTypeDef kExceptionGroupType = {"ExceptionGroup", nullptr, {}};

}  // namespace apy
