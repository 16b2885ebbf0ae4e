// functools.partial.
#include "stdlib/functools/types.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/dict.h"
#include "vm/objects/warning.h"

namespace apy {

Result<void> CallBuilder::reserve(size_t count) {
  if (count <= kInline) return {};
  storage_ = TRY(make_value_array(vm_, count));
  values_ = storage_->values();
  return {};
}

Result<Value> CallBuilder::call(Value callee, Tuple* keyword_names) {
  std::span<const Value> values(values_, count_);
  if (!keyword_names || keyword_names->length == 0) return vm_.call(callee, values);
  return vm_.call_keywords(callee, values, keyword_names);
}

namespace {

struct Partial : NativeObject {
  static const NativeClass kClass;
  Value function;
  Tuple* arguments;
  Dict* keywords;
};
const NativeClass Partial::kClass = {"functools.partial", trace_values<3>, nullptr};

/// `keywords` with the keyword arguments of a call put over them.
Result<Dict*> merged_keywords(VM& vm, Dict* keywords, const Arguments& arguments) {
  Dict* merged = TRY(dict_copy(vm, keywords));
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i)
    TRY(dict_set(vm, merged, arguments.keyword_names->values()[i], arguments.keyword_values()[i]));
  return merged;
}

Result<Value> partial_new(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count < 2)
    return vm.raise(Exc::TypeError, "type 'partial' takes at least one argument");
  Type* cls = try_as<Type>(arguments.values[0]);
  if (!cls) return vm.raise(Exc::TypeError, "partial.__new__(X): X is not a type object");
  Value function = arguments.values[1];
  if (!TRY(is_callable(vm, function)))
    return vm.raise(Exc::TypeError, "the first argument must be callable");
  std::span<const Value> own(arguments.values + 2, arguments.positional_count - 2);
  // A partial of a partial is one partial.
  auto* inner = cls == native_type<Partial>(vm) ? try_native<Partial>(function) : nullptr;
  if (inner && (vm.type_of(function) != cls || inner->attributes)) inner = nullptr;
  auto* self = TRY(make_native<Partial>(vm, cls));
  self->function = inner ? inner->function : function;
  size_t before = inner ? inner->arguments->length : 0;
  Tuple* all = TRY(make_tuple(vm, before + own.size()));
  for (size_t i = 0; i < before; ++i) all->values()[i] = inner->arguments->values()[i];
  for (size_t i = 0; i < own.size(); ++i) all->values()[before + i] = own[i];
  self->arguments = all;
  vm.barrier(self);
  Dict* base = inner ? inner->keywords : TRY(make_dict(vm));
  self->keywords = TRY(merged_keywords(vm, base, arguments));
  vm.barrier(self);
  return self;
}

/// Calls with `keywords`, all of whose keys are strings.
Result<Value> call_with(VM& vm, Partial* self, std::span<const Value> own, Dict* keywords) {
  CallBuilder call(vm);
  TRY(call.reserve(self->arguments->length + own.size() + keywords->length));
  call.add(self->arguments->span());
  call.add(own);
  Tuple* names = TRY(make_tuple(vm, keywords->length));
  size_t count = 0;
  for (DictCursor c(keywords); c.next();) {
    if (!is_kind(c.key(), CellKind::Str))
      return vm.raise(Exc::TypeError, "keywords must be strings");
    names->values()[count++] = c.key();
    call.add(c.value());
  }
  return call.call(self->function, names);
}

Result<Value> partial_call(VM& vm, const Arguments& arguments) {
  Partial* self = arguments.positional_count ? try_native<Partial>(arguments.values[0]) : nullptr;
  if (!self)
    return vm.raise(Exc::TypeError, "descriptor '__call__' requires a 'functools.partial' object");
  auto own = arguments.positional().subspan(1);
  if (self->keywords->length) {
    Dict* keywords = arguments.keyword_count() ? TRY(merged_keywords(vm, self->keywords, arguments))
                                               : self->keywords;
    return call_with(vm, self, own, keywords);
  }
  CallBuilder call(vm);
  TRY(call.reserve(self->arguments->length + own.size() + arguments.keyword_count()));
  call.add(self->arguments->span());
  call.add(own);
  call.add(arguments.keyword_values());
  return call.call(self->function, arguments.keyword_names);
}

Result<Str*> partial_repr(VM& vm, Partial* self) {
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_str(vm, "...");
  StrBuilder out(vm);
  Type* type = vm.type_of(Value(self));
  Value module = dict_get_str(vm, type->dict, vm.names().module_);
  if (Str* name = try_as<Str>(module)) {
    out.append(name);
    out.append(".");
  }
  out.append(type->qualname);
  out.append("(");
  out.append(TRY(repr_of(vm, self->function)));
  Tuple* arguments = self->arguments;
  for (uint64_t i = 0; i < arguments->length; ++i) {
    out.append(", ");
    out.append(TRY(repr_of(vm, arguments->values()[i])));
  }
  for (DictCursor c(self->keywords); c.next();) {
    out.append(", ");
    out.append(TRY(str_of(vm, c.key())));
    out.append("=");
    out.append(TRY(repr_of(vm, c.value())));
  }
  out.append(")");
  return out.finish();
}

Result<Value> partial_reduce(VM& vm, Partial* self) {
  Dict* own = self->attributes ? TRY(attributes_dict(vm, self)) : nullptr;
  Value state[4] = {self->function, self->arguments, self->keywords,
                    own ? Value(own) : Value::none()};
  Value triple[3] = {vm.type_of(Value(self)), TRY(make_tuple(vm, {&self->function, 1})),
                     TRY(make_tuple(vm, state))};
  return make_tuple(vm, triple);
}

Result<void> partial_setstate(VM& vm, Partial* self, Value state) {
  Tuple* items = try_as<Tuple>(state);
  bool good = items && items->length == 4 && is_kind(items->values()[1], CellKind::Tuple) &&
              (items->values()[2].is_none() || is_kind(items->values()[2], CellKind::Dict)) &&
              TRY(is_callable(vm, items->values()[0]));
  if (!good) return vm.raise(Exc::TypeError, "invalid partial state");
  const Value* v = items->values();
  Tuple* arguments = is_exact(v[1], BuiltinType::Tuple)
                         ? as<Tuple>(v[1])
                         : TRY(make_tuple(vm, as<Tuple>(v[1])->span()));
  Dict* keywords = is_exact(v[2], BuiltinType::Dict) ? as<Dict>(v[2])
                   : v[2].is_none()                  ? TRY(make_dict(vm))
                                                     : TRY(dict_copy(vm, as<Dict>(v[2])));
  self->function = v[0];
  self->arguments = arguments;
  self->keywords = keywords;
  vm.barrier(self);
  if (Dict* own = try_as<Dict>(v[3]))
    TRY(set_attributes_dict(vm, self, own));
  else if (self->attributes)
    TRY(set_attributes_dict(vm, self, TRY(make_dict(vm))));
  return {};
}

/// Found on a class it is not bound, which is going to change.
Result<Value> partial_get(VM& vm, Partial* self, Value instance, Optional<Value>) {
  if (!instance.is_none())
    TRY(issue_warning_here(vm, Exc::FutureWarning,
                           "functools.partial will be a method descriptor in future Python "
                           "versions; wrap it in staticmethod() if you want to preserve the old "
                           "behavior"));
  return self;
}

Result<Value> class_item(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

Result<Value> get_function(VM&, Value self) { return static_cast<Partial*>(self.cell())->function; }
Result<Value> get_arguments(VM&, Value self) {
  return static_cast<Partial*>(self.cell())->arguments;
}
Result<Value> get_keywords(VM&, Value self) { return static_cast<Partial*>(self.cell())->keywords; }

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<partial_new>(),
     NativeFunctionDef::kStatic},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<partial_call>()},
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<partial_get>()},
    {"__repr__(self, /)", "Return repr(self).", bind<partial_repr>()},
    {"__reduce__(self, /)", "", bind<partial_reduce>()},
    {"__setstate__(self, state, /)", "", bind<partial_setstate>()},
    {"__class_getitem__(cls, item, /)", "See PEP 585", bind<class_item>(),
     NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"func", "function object to use in future partial calls", get_function},
    {"args", "tuple of arguments to future partial calls", get_arguments},
    {"keywords", "dictionary of keyword arguments to future partial calls", get_keywords},
    NATIVE_DICT_ATTRIBUTE,
};

const NativeTypeDef kPartialType = {
    .name = "functools.partial",
    .doc =
        "partial(func, /, *args, **keywords)\n--\n\nA function like func with these arguments "
        "already given.",
    .methods = kMethods,
    .attributes = kAttributes,
    .flags = Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
    .instance_size = sizeof(Partial),
    .native_class = &Partial::kClass};

}  // namespace

Result<void> add_partial_type(VM& vm, Module* module) {
  return add_native_type(vm, module, kPartialType, "partial");
}

}  // namespace apy
