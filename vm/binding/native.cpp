// Making functions and modules from tables, and the slow path of calls to them: keywords, wrong
// counts, wrong types.
//
// CPython words argument errors by how a function happens to be implemented there. The signature
// tells well enough: functions whose parameters are all positional-only behave like its simplest
// calling conventions, the others like its keyword parser.
#include "vm/binding/native.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "vm/binding/signature.h"
#include "vm/objects/containers.h"
#include "vm/objects/internals.h"

namespace apy {

Str* suggest_name(VM& vm, const Str* wrong,
                  std::span<const Value> names);  // vm/interpreter/messages.h

using Kind = SignatureParameter::Kind;

std::string_view NativeFunctionDef::name() const {
  std::string_view text = signature;
  return text.substr(0, text.find('('));
}

// --- signatures ---

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// End of the parameter that starts `text`: a comma or parenthesis outside brackets and quotes.
size_t parameter_end(std::string_view text) {
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote) {
      if (c == '\\')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      if (depth-- == 0) return i;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return text.size();
}

}  // namespace

Signature::Signature(const NativeFunctionDef& definition) {
  std::string_view text = definition.signature;
  size_t open = text.find('(');
  text = open == text.npos ? std::string_view() : text.substr(open + 1);
  Kind kind = Kind::Normal;
  while (!text.empty()) {
    size_t end = parameter_end(text);
    std::string_view part = trimmed(text.substr(0, end));
    if (part == "/") {
      for (SignatureParameter& p : parameters) p.kind = Kind::PositionalOnly;
    } else if (part == "*") {
      kind = Kind::KeywordOnly;
    } else if (part.starts_with("**")) {
      parameters.push_back({part.substr(2), {}, Kind::VarKeyword});
    } else if (part.starts_with("*")) {
      parameters.push_back({part.substr(1), {}, Kind::VarPositional});
      kind = Kind::KeywordOnly;
    } else if (!part.empty()) {
      size_t equals = part.find('=');
      std::string_view fallback =
          equals == part.npos ? std::string_view() : trimmed(part.substr(equals + 1));
      parameters.push_back({trimmed(part.substr(0, equals)), fallback, kind});
    }
    bool last = end >= text.size() || text[end] != ',';
    if (last) break;
    text.remove_prefix(end + 1);
  }
  if (!parameters.empty()) {
    std::string_view first = parameters[0].name;
    has_receiver = first == "self" || first == "$self" ||
                   (definition.flags & NativeFunctionDef::kClassMethod) ||
                   definition.name() == "__new__";
  }
}

// --- errors ---

namespace {

/// The class along the receiver's MRO whose table holds `definition`, or null.
const Type* owner_of(VM& vm, const NativeFunctionDef& definition, Value receiver) {
  bool is_class =
      definition.flags != NativeFunctionDef::kMethod && is_kind(receiver, CellKind::Type);
  const Type* type = is_class ? as<Type>(receiver) : vm.type_of(receiver);
  for (Value entry : type->mro->span()) {
    const Type* candidate = as<Type>(entry);
    if (!candidate->definition) continue;
    auto methods = candidate->definition->methods;
    if (&definition >= methods.data() && &definition < methods.data() + methods.size())
      return candidate;
  }
  return nullptr;
}

struct CallNames {
  std::string plain;      // "append", for constructors "list"
  std::string qualified;  // "list.append"
  bool is_constructor = false;
};

/// The builtin type whose table holds `definition`, or null.
const Type* builtin_owner(VM& vm, const NativeFunctionDef& definition) {
  for (int id = 1; id < static_cast<int>(BuiltinType::Count); ++id) {
    const Type* type = vm.type(static_cast<BuiltinType>(id));
    if (!type->definition) continue;
    auto methods = type->definition->methods;
    if (&definition >= methods.data() && &definition < methods.data() + methods.size()) return type;
  }
  return nullptr;
}

/// Methods that CPython derives from a type's slots all word a wrong count in one way.
bool is_slot_method(VM& vm, std::string_view name) {
  for (int i = static_cast<int>(Special::Repr); i < static_cast<int>(Special::Count); ++i) {
    const Str* special = vm.special_name(static_cast<Special>(i));
    if (special->latin1() != name) continue;
    switch (static_cast<Special>(i)) {
      case Special::Format:
      case Special::LengthHint:
      case Special::SetName:
      case Special::InitSubclass:
      case Special::ClassGetItem:
      case Special::InstanceCheck:
      case Special::SubclassCheck:
      case Special::Prepare:
      case Special::MroEntries:
      case Special::Missing:
      case Special::Reversed:
      case Special::Enter:
      case Special::Exit:
      case Special::AsyncEnter:
      case Special::AsyncExit:
      case Special::Complex:
      case Special::Round:
        return false;
      default:
        return true;
    }
  }
  return false;
}

/// Special methods that CPython's types list as methods of their own, beside the slot.
bool is_listed_method(std::string_view qualified) {
  return qualified == "list.__getitem__" || qualified == "dict.__getitem__" ||
         qualified == "dict.__contains__" || qualified == "set.__contains__" ||
         qualified == "frozenset.__contains__";
}

/// Whether CPython unpacks the arguments of this slot's method without a name for the message,
/// which then begins with a space.
bool is_unpacked_without_name(std::string_view type, std::string_view name) {
  if (name == "__mul__" || name == "__rmul__" || name == "__imul__")
    return type != "int" && type != "float" && type != "complex" && type != "bool";
  return name == "__pow__" || name == "__rpow__" || name == "__setitem__" || name == "__get__" ||
         name == "__set__" || name == "__setattr__";
}

CallNames names_for(VM& vm, const NativeFunctionDef& definition, const Signature& signature,
                    const Arguments& arguments) {
  CallNames names{std::string(definition.name()), std::string(definition.name())};
  if (!signature.has_receiver) {
    if (const Type* owner = builtin_owner(vm, definition))
      names.qualified = std::string(message_name(owner)) + "." + names.plain;
    return names;
  }
  const Type* owner =
      arguments.positional_count ? owner_of(vm, definition, arguments.values[0]) : nullptr;
  if (!owner) owner = builtin_owner(vm, definition);
  if (!owner) return names;
  std::string type_name(message_name(owner));
  // A method that was found on a class, through its metaclass or as a class method, has the class's
  // name.
  if (arguments.keyword_count() && arguments.positional_count)
    type_name = to_utf8(vm.type_of(arguments.values[0])->qualname);
  if (arguments.positional_count)
    if (Type* receiver = try_as<Type>(arguments.values[0])) type_name = to_utf8(receiver->qualname);
  if (names.plain == "__new__" || names.plain == "__init__") {
    names.plain = names.qualified = to_utf8(owner->name);
    names.is_constructor = true;
  } else {
    names.qualified = type_name + "." + names.plain;
  }
  return names;
}

const char* plural(size_t n) { return n == 1 ? "" : "s"; }

/// Functions without any parameter that can be given by name.
Error raise_positional(VM& vm, const CallNames& names, const Signature& signature,
                       const Arguments& arguments, size_t given) {
  auto own = signature.own();
  bool is_constructor = names.is_constructor;
  bool is_slot = !is_constructor && signature.has_receiver && is_slot_method(vm, names.plain) &&
                 !is_listed_method(names.qualified);
  if (arguments.keyword_count()) {
    if (is_slot)
      return vm.raise(Exc::TypeError, "wrapper {}() takes no keyword arguments", names.plain);
    return vm.raise(Exc::TypeError, "{}() takes no keyword arguments", names.qualified);
  }
  if (is_slot) {
    std::string_view type = names.qualified;
    type = type.substr(0, type.find('.'));
    size_t required = static_cast<size_t>(std::count_if(
        own.begin(), own.end(), [](const SignatureParameter& p) { return p.is_required(); }));
    size_t bound = given < required ? required : own.size();
    return vm.raise(Exc::TypeError, "{}expected {}{} argument{}, got {}",
                    is_unpacked_without_name(type, names.plain) ? " " : "",
                    required == own.size() ? ""
                    : given < required     ? "at least "
                                           : "at most ",
                    bound, plural(bound), given);
  }
  if (own.empty() && !is_constructor)
    return vm.raise(Exc::TypeError, "{}() takes no arguments ({} given)", names.qualified, given);
  if (own.size() == 1 && own[0].is_required() && !is_constructor)
    return vm.raise(Exc::TypeError, "{}() takes exactly one argument ({} given)", names.qualified,
                    given);
  size_t required = static_cast<size_t>(std::count_if(
      own.begin(), own.end(), [](const SignatureParameter& p) { return p.is_required(); }));
  bool open_ended = std::any_of(own.begin(), own.end(), [](const SignatureParameter& p) {
    return p.kind == Kind::VarPositional;
  });
  size_t bound = given < required ? required : own.size();
  const char* relation = required == own.size() && !open_ended ? ""
                         : given < required                    ? "at least "
                                                               : "at most ";
  return vm.raise(Exc::TypeError, "{} expected {}{} argument{}, got {}", names.plain, relation,
                  bound, plural(bound), given);
}

Error raise_too_many(VM& vm, const CallNames& names, const Signature& signature, size_t given,
                     size_t keyword_count) {
  auto own = signature.own();
  size_t positional = 0, required_positional = 0;
  for (const SignatureParameter& p : own) {
    if (p.kind == Kind::KeywordOnly || p.kind == Kind::VarKeyword) continue;
    ++positional;
    required_positional += p.is_required();
  }
  if (given + keyword_count > own.size()) {
    return vm.raise(Exc::TypeError, "{}() takes {} {} {}argument{} ({} given)", names.plain,
                    "at most", own.size(), given == 0 ? "keyword " : "", plural(own.size()),
                    given + keyword_count);
  }
  if (positional == 0)
    return vm.raise(Exc::TypeError, "{}() takes no positional arguments", names.plain);
  return vm.raise(Exc::TypeError, "{}() takes {} {} positional argument{} ({} given)", names.plain,
                  required_positional < positional ? "at most" : "exactly", positional,
                  plural(positional), given);
}

/// A signature as calls need it; made once for each function that is called with keywords.
struct BoundSignature {
  Signature signature;
  size_t positional = 0, required = 0;  // without the receiver
  size_t extra_index = 0;               // of **kwargs, counted from 1; 0: there are none
  bool has_rest = false, by_position_only = true;
  bool keyword_only = false;  // there are parameters that go by keyword only

  explicit BoundSignature(const NativeFunctionDef& definition) : signature(definition) {
    auto own = signature.own();
    for (size_t i = 0; i < own.size(); ++i) {
      Kind kind = own[i].kind;
      has_rest |= kind == Kind::VarPositional;
      keyword_only |= kind == Kind::KeywordOnly;
      by_position_only &= kind == Kind::PositionalOnly || kind == Kind::VarPositional;
      positional += kind == Kind::PositionalOnly || kind == Kind::Normal;
      required += own[i].is_required();
      if (kind == Kind::VarKeyword) extra_index = i + receiver() + 1;
    }
  }
  size_t receiver() const { return signature.has_receiver ? 1 : 0; }
};

const BoundSignature& bound_signature(VM& vm, const NativeFunctionDef& definition) {
  auto& known = vm.internals().signatures[&definition];
  if (!known) known = std::make_shared<const BoundSignature>(definition);
  return *static_cast<const BoundSignature*>(known.get());
}

int64_t find_parameter(const Signature& signature, const Str* name) {
  for (size_t i = 0; i < signature.parameters.size(); ++i) {
    const SignatureParameter& p = signature.parameters[i];
    if ((p.kind == Kind::Normal || p.kind == Kind::KeywordOnly) && str_equal(name, p.name))
      return static_cast<int64_t>(i);
  }
  return -1;
}

Error raise_unexpected_name(VM& vm, const CallNames& names, const Signature& signature, Str* name) {
  List* candidates = TRY(make_list(vm, size_t{0}));
  for (const SignatureParameter& p : signature.own())
    if (p.kind == Kind::Normal || p.kind == Kind::KeywordOnly)
      TRY(list_append(vm, candidates, TRY(make_str(vm, p.name))));
  Str* close = suggest_name(vm, name, candidates->span());
  if (close)
    return vm.raise(Exc::TypeError,
                    "{}() got an unexpected keyword argument '{}'. Did you mean '{}'?", names.plain,
                    name, close);
  return vm.raise(Exc::TypeError, "{}() got an unexpected keyword argument '{}'", names.plain,
                  name);
}

/// Puts the values of keyword arguments into their slots; what is wrong with others is found last.
Result<void> bind_keywords(VM& vm, const Signature& signature, const Arguments& arguments,
                           Value* slots, Dict* extra) {
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* name = as<Str>(arguments.keyword_names->values()[i]);
    int64_t index = find_parameter(signature, name);
    if (index >= 0 && slots[index].is_empty()) slots[index] = arguments.keyword_values()[i];
    if (index < 0 && extra) TRY(dict_set_str(vm, extra, name, arguments.keyword_values()[i]));
  }
  return {};
}

/// TypeError for a keyword argument that no parameter takes, or that was given by position too.
/// `names()` gives the CallNames, which only messages need.
template <class Names>
Result<void> check_keywords(VM& vm, Names names, const Signature& signature,
                            const Arguments& arguments, bool has_extra) {
  size_t receiver = signature.has_receiver ? 1 : 0;
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* name = as<Str>(arguments.keyword_names->values()[i]);
    int64_t index = find_parameter(signature, name);
    if (index < 0 && !has_extra) return raise_unexpected_name(vm, names(), signature, name);
    bool by_position = index >= 0 && static_cast<size_t>(index) < arguments.positional_count &&
                       signature.parameters[static_cast<size_t>(index)].kind == Kind::Normal;
    if (by_position) {
      return vm.raise(Exc::TypeError, "argument for {}() given by name ('{}') and position ({})",
                      names().plain, name, static_cast<size_t>(index) + 1 - receiver);
    }
  }
  return {};
}

template <class Names>
Result<void> check_required(VM& vm, Names names, const Signature& signature, size_t given,
                            const Value* slots) {
  size_t receiver = signature.has_receiver ? 1 : 0;
  size_t required_positional_only = 0;
  for (const SignatureParameter& p : signature.own())
    if (p.kind == Kind::PositionalOnly) required_positional_only += p.is_required();
  if (given < required_positional_only) {
    return vm.raise(Exc::TypeError, "{}() takes {} {} positional argument{} ({} given)",
                    names().plain,
                    required_positional_only < signature.own().size() ? "at least" : "exactly",
                    required_positional_only, plural(required_positional_only), given);
  }
  for (size_t i = receiver; i < signature.parameters.size(); ++i) {
    const SignatureParameter& p = signature.parameters[i];
    if (!p.is_required() || !slots[i].is_empty()) continue;
    if (p.kind == Kind::KeywordOnly)
      return vm.raise(Exc::TypeError, "{}() missing required keyword-only argument: '{}'",
                      names().plain, p.name);
    return vm.raise(Exc::TypeError, "{}() missing required argument '{}' (pos {})", names().plain,
                    p.name, i + 1 - receiver);
  }
  return {};
}

}  // namespace

namespace {

Result<void> require_receiver(VM& vm, const NativeFunctionDef& definition, const Type* owner) {
  Signature signature(definition);
  if (!signature.has_receiver) return {};
  std::string_view name = definition.name();
  std::string owner_name = owner ? std::string(message_name(owner)) : std::string("object");
  if (name == "__new__")
    return vm.raise(Exc::TypeError, "{}.__new__(): not enough arguments", owner_name);
  if (name == "__init__" || name == "__call__" || is_slot_method(vm, name))
    return vm.raise(Exc::TypeError, "descriptor '{}' of '{}' object needs an argument", name,
                    owner_name);
  return vm.raise(Exc::TypeError, "unbound method {}.{}() needs an argument", owner_name, name);
}

}  // namespace

Result<void> require_receiver(VM& vm, const NativeFunctionDef& definition) {
  return require_receiver(vm, definition, builtin_owner(vm, definition));
}

Result<void> check_receiver(VM& vm, const NativeFunction* function, const Arguments& arguments) {
  const Type* owner = function->owner;
  if (function->aux & NativeFunction::kClassMethod) return {};
  if (arguments.positional_count == 0) return require_receiver(vm, *function->definition, owner);
  Value receiver = arguments.values[0];
  if (vm.type_of(receiver)->is_subtype_of(owner)) return {};
  return wrong_receiver(vm, *function->definition, std::string(message_name(owner)).c_str(),
                        receiver);
}

Result<void> bind_arguments(VM& vm, const NativeFunctionDef& definition, const Arguments& arguments,
                            Value* slots) {
  const BoundSignature& known = bound_signature(vm, definition);
  const Signature& signature = known.signature;
  const BoundEntry& bound = definition.bound;
  size_t receiver = known.receiver();
  // Only positional arguments for a function that has keyword-only parameters.
  uint32_t count_given = arguments.positional_count;
  if (!arguments.keyword_names && bound.minimum > 0 && bound.maximum >= 0 &&
      count_given >= static_cast<uint32_t>(bound.minimum) && count_given <= bound.parameter_count &&
      known.keyword_only && count_given <= receiver + known.positional) {
    for (uint32_t i = 0; i < bound.parameter_count; ++i)
      slots[i] = i < count_given ? arguments.values[i] : Value();
    return {};
  }
  if (arguments.positional_count < receiver) return require_receiver(vm, definition);
  auto names = [&] { return names_for(vm, definition, signature, arguments); };
  size_t given = arguments.positional_count - receiver;
  auto own = signature.own();
  Dict* extra = nullptr;
  if (known.by_position_only && (arguments.keyword_count() || given < known.required ||
                                 (!known.has_rest && given > own.size())))
    return raise_positional(vm, names(), signature, arguments, given);
  if (!known.has_rest && !known.extra_index &&
      (given > known.positional || given + arguments.keyword_count() > own.size()))
    return raise_too_many(vm, names(), signature, given, arguments.keyword_count());
  if (known.extra_index) extra = TRY(make_dict(vm));
  size_t count = std::min<size_t>(bound.parameter_count, signature.parameters.size());
  size_t taken = std::min<size_t>(arguments.positional_count, receiver + known.positional);
  for (size_t i = 0; i < bound.parameter_count; ++i)
    slots[i] = i < taken ? arguments.values[i] : Value();
  if (known.extra_index && known.extra_index <= count) slots[known.extra_index - 1] = extra;
  TRY(bind_keywords(vm, signature, arguments, slots, extra));
  TRY(check_required(vm, names, signature, given, slots));
  return check_keywords(vm, names, signature, arguments, extra != nullptr);
}

Result<void> check_new_arguments(VM& vm, const NativeFunction* function,
                                 const Arguments& arguments) {
  Type* owner = function->owner;
  if (!owner || (arguments.positional_count > 0 && arguments.values[0].is(owner))) return {};
  if (std::strncmp(function->definition->signature, "__new__(", 8) != 0) return {};
  if (arguments.positional_count == 0)
    return vm.raise(Exc::TypeError, "{}.__new__(): not enough arguments", message_name(owner));
  const Type* cls = try_as<Type>(arguments.values[0]);
  if (!cls)
    return vm.raise(Exc::TypeError, "{}.__new__(X): X is not a type object ({})",
                    message_name(owner), vm.type_of(arguments.values[0]));
  if (!cls->is_subtype_of(owner))
    return vm.raise(Exc::TypeError, "{}.__new__({}): {} is not a subtype of {}",
                    message_name(owner), message_name(cls), message_name(cls), message_name(owner));
  // The nearest native base decides about the layout and must be made by this very function.
  Type* native = const_cast<Type*>(cls);
  while (!is_kind(type_special(vm, native, Special::New), CellKind::NativeFunction))
    native = native->base;
  if (!type_special(vm, native, Special::New).is(function))
    return vm.raise(Exc::TypeError, "{}.__new__({}) is not safe, use {}.__new__()",
                    message_name(owner), message_name(cls), message_name(native));
  return {};
}

Error wrong_argument(VM& vm, const NativeFunctionDef& definition, unsigned index,
                     const char* expected, Value got) {
  Signature signature(definition);
  auto own = signature.own();
  size_t position = index - (signature.has_receiver ? 1 : 0);
  std::string which = "argument";
  if (position < own.size() && own[position].kind != Kind::PositionalOnly) {
    which += " '" + std::string(own[position].name) + "'";
  } else if (own.size() > 1) {
    which += " " + std::to_string(position + 1);
  }
  if (got.is_none())
    return vm.raise(Exc::TypeError, "{}() {} must be {}, not None", definition.name(), which,
                    expected);
  return vm.raise(Exc::TypeError, "{}() {} must be {}, not {}", definition.name(), which, expected,
                  vm.type_of(got));
}

Error wrong_receiver(VM& vm, const NativeFunctionDef& definition, const char* type_name,
                     Value got) {
  Signature signature(definition);
  if (!signature.has_receiver) return wrong_argument(vm, definition, 0, type_name, got);
  if (definition.name() == "__new__") {
    return vm.raise(Exc::TypeError, "{}.__new__(X): X is not a type object ({})", type_name,
                    vm.type_of(got));
  }
  std::string_view name = definition.name();
  if (name == "__init__" || name == "__call__" || is_slot_method(vm, name))
    return vm.raise(Exc::TypeError, "descriptor '{}' requires a '{}' object but received a '{}'",
                    name, type_name, vm.type_of(got));
  return vm.raise(Exc::TypeError, "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
                  name, type_name, vm.type_of(got));
}

// --- functions and modules ---

Result<NativeFunction*> make_native_function(VM& vm, const NativeFunctionDef& definition,
                                             Type* owner, Value self, Value module_name) {
  bool is_descriptor = owner && self.is_empty() && !(definition.flags & NativeFunctionDef::kStatic);
  uint16_t aux = definition.flags & NativeFunctionDef::kStatic        ? NativeFunction::kStatic
                 : definition.flags & NativeFunctionDef::kClassMethod ? NativeFunction::kClassMethod
                                                                      : uint16_t{0};
  NativeFunction* function = TRY(vm.allocate<NativeFunction>(
      is_descriptor ? BuiltinType::MethodDescriptor : BuiltinType::BuiltinFunction,
      sizeof(NativeFunction), aux));
  function->definition = &definition;
  function->self = self;
  function->module = module_name;
  function->owner = owner;
  return function;
}

Result<Module*> make_module(VM& vm, std::string_view name) {
  Module* module = TRY(vm.allocate<Module>(BuiltinType::Module, sizeof(Module), Module::kBuiltin));
  module->dict = TRY(make_dict(vm));
  vm.barrier(module);
  Str* text = TRY(intern(vm, name));
  const Names& names = vm.names();
  TRY(dict_set_str(vm, module->dict, names.name_, text));
  for (Str* key : {names.doc, names.package, names.loader, names.spec})
    TRY(dict_set_str(vm, module->dict, key, Value::none()));
  return module;
}

Result<void> module_set(VM& vm, Module* module, std::string_view name, Value value) {
  Str* key = TRY(intern(vm, name));
  return dict_set_str(vm, module->dict, key, value);
}

}  // namespace apy
