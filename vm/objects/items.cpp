// Membership, items, lengths, callability and class tests on any values.
#include <algorithm>

#include "vm/objects/class_checks.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/exact.h"
#include "vm/objects/internals.h"
#include "vm/objects/set.h"
#include "vm/objects/special_call.h"

namespace apy {

namespace {

bool has_special(VM& vm, Value v, Special special) {
  Value method = type_special(vm, vm.type_of(v), special);
  return !method.is_empty() && !method.is_none();
}

Result<Value> subscript_class(VM& vm, Type* cls, Value key) {
  Value hook;
  if (TRY(get_attribute_optional(vm, cls, vm.special_name(Special::ClassGetItem), &hook)) &&
      !hook.is_none())
    return vm.call(hook, {key});
  // The one class that has no __class_getitem__, which its own instances would inherit.
  if (cls == vm.type(BuiltinType::Type)) return make_generic_alias(vm, cls, key);
  return vm.raise(Exc::TypeError, "type '{}' is not subscriptable", cls->name);
}

}  // namespace

Result<bool> contains(VM& vm, Value container, Value item) {
  if (container.is_cell()) {
    switch (container.cell()->shape) {
      case shape_of(BuiltinType::Dict): {
        Value ignored;
        return dict_get(vm, as<Dict>(container), item, &ignored);
      }
      case shape_of(BuiltinType::Set):
      case shape_of(BuiltinType::FrozenSet):
        return set_contains(vm, as<Set>(container), item);
      case shape_of(BuiltinType::Str):
        if (Str* needle = try_as<Str>(item)) return str_contains(as<Str>(container), needle);
        break;
      case shape_of(BuiltinType::Tuple):
        return tuple_contains(vm, as<Tuple>(container), item);
      case shape_of(BuiltinType::List):
        return list_contains(vm, as<List>(container), item);
      case shape_of(BuiltinType::Range):
        return range_contains(vm, as<Range>(container), item);
      default:
        break;
    }
  }
  Type* type = vm.type_of(container);
  Value method = type_special(vm, type, Special::Contains);
  if (method.is_none()) return vm.raise(Exc::TypeError, "'{}' object is not a container", type);
  if (!method.is_empty()) {
    Value result = TRY(call_special_method(vm, method, container, {item}));
    return is_truthy(vm, result);
  }
  if (!has_special(vm, container, Special::Iter) &&
      type_special(vm, type, Special::GetItem).is_empty())
    return vm.raise(Exc::TypeError, "argument of type '{}' is not iterable", type);
  bool found = false;
  TRY(for_each(vm, container, [&](Value v) -> Result<bool> {
    found = TRY(values_equal(vm, v, item));
    return !found;
  }));
  return found;
}

Result<bool> get_slice(VM& vm, Cell* object, Value start, Value stop, Value* out) {
  auto range_of = [&](size_t length, size_t* begin, size_t* end) {
    auto clamp = [length](Value bound, size_t absent) {
      if (bound.is_none()) return absent;
      int64_t n = bound.as_small_int();
      if (n < 0) n += static_cast<int64_t>(length);
      return static_cast<size_t>(std::clamp<int64_t>(n, 0, static_cast<int64_t>(length)));
    };
    *begin = clamp(start, 0);
    *end = std::max(*begin, clamp(stop, length));
  };
  size_t begin, end;
  switch (object->shape) {
    case shape_of(BuiltinType::List): {
      List* list = static_cast<List*>(object);
      range_of(list->length, &begin, &end);
      *out = TRY(list_copy(vm, list, begin, end));
      return true;
    }
    case shape_of(BuiltinType::Tuple): {
      Tuple* tuple = static_cast<Tuple*>(object);
      range_of(tuple->length, &begin, &end);
      bool whole = begin == 0 && end == tuple->length;
      *out = whole ? tuple : TRY(make_tuple(vm, tuple->span().subspan(begin, end - begin)));
      return true;
    }
    case shape_of(BuiltinType::Str): {
      Str* string = static_cast<Str*>(object);
      range_of(string->length, &begin, &end);
      *out = TRY(str_slice(vm, string, begin, end));
      return true;
    }
    case shape_of(BuiltinType::Bytes): {
      Bytes* bytes = static_cast<Bytes*>(object);
      range_of(bytes->length, &begin, &end);
      *out = TRY(bytes_slice(vm, bytes, begin, end));
      return true;
    }
    default:
      return false;
  }
}

Result<Value> get_item(VM& vm, Value object, Value key) {
  if (object.is_cell()) {
    switch (object.cell()->shape) {
      case shape_of(BuiltinType::List):
        return list_get_item(vm, as<List>(object), key);
      case shape_of(BuiltinType::Tuple):
        return tuple_get_item(vm, as<Tuple>(object), key);
      case shape_of(BuiltinType::Dict):
        return dict_get_item(vm, as<Dict>(object), key);
      case shape_of(BuiltinType::Str):
        return str_get_item(vm, as<Str>(object), key);
      case shape_of(BuiltinType::Bytes):
        return bytes_get_item(vm, as<Bytes>(object), key);
      case shape_of(BuiltinType::ByteArray):
        return bytearray_get_item(vm, as<ByteArray>(object), key);
      default:
        break;
    }
  }
  Value method = type_special(vm, vm.type_of(object), Special::GetItem);
  if (!method.is_empty() && !method.is_none())
    return call_special_method(vm, method, object, {key});
  if (Type* cls = try_as<Type>(object)) return subscript_class(vm, cls, key);
  return vm.raise(Exc::TypeError, "'{}' object is not subscriptable", vm.type_of(object));
}

Result<void> set_item(VM& vm, Value object, Value key, Value value) {
  if (is_exact(object, BuiltinType::List)) return list_set_item(vm, as<List>(object), key, value);
  if (is_exact(object, BuiltinType::Dict)) return dict_set(vm, as<Dict>(object), key, value);
  if (is_exact(object, BuiltinType::ByteArray))
    return bytearray_set_item(vm, as<ByteArray>(object), key, value);
  Value method = type_special(vm, vm.type_of(object), Special::SetItem);
  if (method.is_empty() || method.is_none())
    return vm.raise(Exc::TypeError, "'{}' object does not support item assignment",
                    vm.type_of(object));
  TRY(call_special_method(vm, method, object, {key, value}));
  return {};
}

Result<void> delete_item(VM& vm, Value object, Value key) {
  if (is_exact(object, BuiltinType::List)) return list_set_item(vm, as<List>(object), key, Value());
  if (is_exact(object, BuiltinType::Dict)) {
    if (TRY(dict_remove(vm, as<Dict>(object), key, nullptr))) return {};
    return vm.raise_with(Exc::KeyError, {&key, 1});
  }
  Type* type = vm.type_of(object);
  Value method = type_special(vm, type, Special::DelItem);
  if (method.is_empty() || method.is_none()) {
    bool is_sequence = is_int(key) && ((type->flags & Type::kHeapType) ||
                                       has_special(vm, object, Special::GetItem));
    return vm.raise(Exc::TypeError,
                    is_sequence ? "'{}' object doesn't support item deletion"
                                : "'{}' object does not support item deletion",
                    type);
  }
  TRY(call_special_method(vm, method, object, {key}));
  return {};
}

Result<int64_t> length_of(VM& vm, Value object) {
  if (object.is_cell()) {
    switch (object.cell()->shape) {
      case shape_of(BuiltinType::List):
        return static_cast<int64_t>(as<List>(object)->length);
      case shape_of(BuiltinType::Tuple):
        return static_cast<int64_t>(as<Tuple>(object)->length);
      case shape_of(BuiltinType::Dict):
        return int64_t{as<Dict>(object)->length};
      case shape_of(BuiltinType::Str):
        return static_cast<int64_t>(as<Str>(object)->length);
      case shape_of(BuiltinType::Set):
      case shape_of(BuiltinType::FrozenSet):
        return int64_t{as<Set>(object)->length};
      case shape_of(BuiltinType::Bytes):
        return static_cast<int64_t>(as<Bytes>(object)->length);
      case shape_of(BuiltinType::ByteArray):
        return static_cast<int64_t>(as<ByteArray>(object)->length);
      default:
        break;
    }
  }
  Value method = type_special(vm, vm.type_of(object), Special::Length);
  if (method.is_empty() || method.is_none())
    return vm.raise(Exc::TypeError, "object of type '{}' has no len()", vm.type_of(object));
  Value result = TRY(call_special_method(vm, method, object, {}));
  Value integer = TRY(to_index(vm, result));
  int64_t length;
  bool fits = fits_int64(integer, &length);
  bool negative =
      fits ? length < 0 : is_kind(integer, CellKind::BigInt) && as<BigInt>(integer)->is_negative();
  if (negative) return vm.raise(Exc::ValueError, "__len__() should return >= 0");
  if (!fits)
    return vm.raise(Exc::OverflowError, "cannot fit '{}' into an index-sized integer",
                    vm.type_of(result));
  return length;
}

Result<int64_t> length_hint(VM& vm, Value object, int64_t fallback) {
  if (has_special(vm, object, Special::Length)) {
    auto length = length_of(vm, object);
    if (length.is_ok()) return length;
    if (!vm.catch_pending(Exc::TypeError)) return Error{};
  }
  Value method = type_special(vm, vm.type_of(object), Special::LengthHint);
  if (method.is_empty() || method.is_none()) return fallback;
  auto hint = call_special_method(vm, method, object, {});
  if (hint.is_error())
    return vm.catch_pending(Exc::TypeError) ? Result<int64_t>(fallback) : Error{};
  if (hint.value().is_not_implemented()) return fallback;
  int64_t length;
  if (!is_int(hint.value()))
    return vm.raise(Exc::TypeError, "__length_hint__ must be an integer, not {}",
                    vm.type_of(hint.value()));
  if (!fits_int64(hint.value(), &length) || length < 0)
    return vm.raise(Exc::ValueError, "__length_hint__() should return >= 0");
  return length;
}

// --- classes ---

namespace {

/// The class an object claims to have, when that differs from its type.
Result<Type*> claimed_class(VM& vm, Value object) {
  Type* type = vm.type_of(object);
  Value standard = type_special(vm, vm.type(BuiltinType::Object), Special::Class);
  if (type_special(vm, type, Special::Class).is(standard) &&
      !(type->flags & Type::kCustomGetAttribute))
    return type;
  Value claimed;
  if (TRY(get_attribute_optional(vm, object, vm.names().class_, &claimed)) &&
      is_kind(claimed, CellKind::Type))
    return as<Type>(claimed);
  return type;
}

/// Calls test(entry) for each class of a tuple or union until one is true.
template <class Test>
Result<bool> any_of_classes(VM& vm, std::span<const Value> classes, Test test) {
  NativeDepth guard(vm);
  TRY(guard.check(" in __instancecheck__"));
  for (Value entry : classes)
    if (TRY(test(entry))) return true;
  return false;
}

/// The members of X | Y, or null.
Tuple* union_members(Value v) {
  return is_exact(v, BuiltinType::UnionType) ? as<Tuple>(as<Record>(v)->fields()[0]) : nullptr;
}

/// Has `v` a tuple as `__bases__`, so that it may stand for a class? *result: it or null.
Result<bool> claimed_bases(VM& vm, Value v, Tuple** result) {
  Value bases;
  *result = nullptr;
  if (TRY(get_attribute_optional(vm, v, vm.names().bases, &bases))) *result = try_as<Tuple>(bases);
  return *result != nullptr;
}

/// issubclass by `__bases__` alone.
Result<bool> claims_base(VM& vm, Value sub, Value cls) {
  NativeDepth guard(vm);
  TRY(guard.check(" in __issubclass__"));
  while (true) {
    if (sub.is(cls)) return true;
    Tuple* bases;
    if (!TRY(claimed_bases(vm, sub, &bases)) || bases->length == 0) return false;
    for (size_t i = 0; i + 1 < bases->length; ++i)
      if (TRY(claims_base(vm, bases->values()[i], cls))) return true;
    sub = bases->values()[bases->length - 1];
    if (vm.poll_needed()) TRY(vm.poll());
  }
}

}  // namespace

namespace {
/// May `__class__` of it be another than its type? Not of the builtin types that are met most.
bool can_claim_class(VM& vm, Value object) {
  if (!object.is_cell()) return false;
  switch (object.cell()->kind) {
    case CellKind::Str:
    case CellKind::List:
    case CellKind::Tuple:
    case CellKind::Dict:
    case CellKind::Bytes:
    case CellKind::Function:
      return vm.type_of(object)->flags & Type::kHeapType;
    default:
      return true;
  }
}
}  // namespace

Result<bool> plain_instance_check(VM& vm, Value object, Value cls) {
  if (Type* type = try_as<Type>(cls)) {
    if (vm.type_of(object)->is_subtype_of(type)) return true;
    if (!can_claim_class(vm, object)) return false;
    Type* claimed = TRY(claimed_class(vm, object));
    return claimed != vm.type_of(object) && claimed->is_subtype_of(type);
  }
  Tuple* bases;
  if (!TRY(claimed_bases(vm, cls, &bases)))
    return vm.raise(Exc::TypeError,
                    "isinstance() arg 2 must be a type, a tuple of types, or a union");
  Value claimed;
  if (!TRY(get_attribute_optional(vm, object, vm.names().class_, &claimed))) return false;
  return claims_base(vm, claimed, cls);
}

Result<bool> plain_subclass_check(VM& vm, Value sub, Value cls) {
  if (is_kind(sub, CellKind::Type) && is_kind(cls, CellKind::Type))
    return as<Type>(sub)->is_subtype_of(as<Type>(cls));
  Tuple* bases;
  if (!is_kind(sub, CellKind::Type) && !TRY(claimed_bases(vm, sub, &bases)))
    return vm.raise(Exc::TypeError, "issubclass() arg 1 must be a class");
  if (!is_kind(cls, CellKind::Type) && !TRY(claimed_bases(vm, cls, &bases)))
    return vm.raise(Exc::TypeError,
                    "issubclass() arg 2 must be a class, a tuple of classes, or a union");
  return claims_base(vm, sub, cls);
}

namespace {

/// Tuples in tuples: as deep as CPython goes, though the native stack would hold more.
constexpr int kDeepestTuple = 10000;

Result<bool> instance_check(VM& vm, Value object, Value cls, int depth = 0);
Result<bool> subclass_check(VM& vm, Value sub, Value cls, int depth = 0);

bool uses_standard_check(VM& vm, Type* cls, Special special) {
  Type* metaclass = vm.type_of(cls);
  return metaclass == vm.type(BuiltinType::Type) ||
         type_special(vm, metaclass, special)
             .is(type_special(vm, vm.type(BuiltinType::Type), special));
}

Result<bool> instance_check(VM& vm, Value object, Value cls, int depth) {
  if (depth > kDeepestTuple) return vm.recursion_error(" in __instancecheck__");
  Type* type = try_as<Type>(cls);
  if (type && vm.type_of(object) == type) return true;
  if (type && uses_standard_check(vm, type, Special::InstanceCheck))
    return plain_instance_check(vm, object, cls);
  if (Tuple* tuple = try_as<Tuple>(cls))
    return any_of_classes(vm, tuple->span(), [&](Value entry) {
      return instance_check(vm, object, entry, depth + 1);
    });
  if (Tuple* members = union_members(cls)) {
    return any_of_classes(vm, members->span(), [&](Value entry) -> Result<bool> {
      if (is_exact(entry, BuiltinType::GenericAlias))
        return vm.raise(Exc::TypeError,
                        "isinstance() argument 2 cannot be a parameterized generic");
      return instance_check(vm, object,
                            entry.is_none() ? Value(vm.type(BuiltinType::NoneType)) : entry);
    });
  }
  if (is_exact(cls, BuiltinType::GenericAlias))
    return vm.raise(Exc::TypeError, "isinstance() argument 2 cannot be a parameterized generic");
  Value hook = type_special(vm, vm.type_of(cls), Special::InstanceCheck);
  if (hook.is_empty()) return plain_instance_check(vm, object, cls);
  Value answer = TRY(call_special_method(vm, hook, cls, {object}));
  return is_truthy(vm, answer);
}

Result<bool> subclass_check(VM& vm, Value sub, Value cls, int depth) {
  if (depth > kDeepestTuple) return vm.recursion_error(" in __subclasscheck__");
  Type* type = try_as<Type>(cls);
  if (type && uses_standard_check(vm, type, Special::SubclassCheck))
    return plain_subclass_check(vm, sub, cls);
  if (Tuple* tuple = try_as<Tuple>(cls))
    return any_of_classes(vm, tuple->span(),
                          [&](Value entry) { return subclass_check(vm, sub, entry, depth + 1); });
  if (Tuple* members = union_members(cls)) {
    return any_of_classes(vm, members->span(), [&](Value entry) {
      return subclass_check(vm, sub,
                            entry.is_none() ? Value(vm.type(BuiltinType::NoneType)) : entry);
    });
  }
  if (is_exact(cls, BuiltinType::GenericAlias))
    return vm.raise(Exc::TypeError, "issubclass() argument 2 cannot be a parameterized generic");
  Value hook = type_special(vm, vm.type_of(cls), Special::SubclassCheck);
  if (hook.is_empty()) return plain_subclass_check(vm, sub, cls);
  Value answer = TRY(call_special_method(vm, hook, cls, {sub}));
  return is_truthy(vm, answer);
}

}  // namespace

Result<void> check_no_keywords(VM& vm, const Arguments& arguments, Type* cls, BuiltinType base,
                               Special other) {
  if (arguments.keyword_count() == 0) return {};
  Type* native = vm.type(base);
  if (cls != native && !type_special(vm, cls, other).is(type_special(vm, native, other))) return {};
  return vm.raise(Exc::TypeError, "{}() takes no keyword arguments", native);
}

Result<bool> is_instance_of(VM& vm, Value object, Value class_or_tuple) {
  return instance_check(vm, object, class_or_tuple);
}

Result<bool> is_subclass_of(VM& vm, Value cls, Value class_or_tuple) {
  return subclass_check(vm, cls, class_or_tuple);
}

Result<bool> is_callable(VM& vm, Value v) {
  if (!v.is_cell()) return false;
  switch (v.cell()->kind) {
    case CellKind::Function:
    case CellKind::NativeFunction:
    case CellKind::BoundMethod:
    case CellKind::Type:
      return true;
    default:
      return !type_special(vm, vm.type_of(v.cell()), Special::Call).is_empty();
  }
}

}  // namespace apy
