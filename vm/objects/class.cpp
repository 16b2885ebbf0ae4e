// Class creation: what type.__new__ does once the metaclass is known.
//
// Layout. Every instance of a script class has an attributes word, whether or not the class allows
// attributes; members that
// __slots__ declares are the first slots and stay inline for good, so that a member's descriptor is
// just a slot number. Of several bases one gives the layout (best_base); the others must not add to
// it.
#include <algorithm>

#include "vm/bytecode/code.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/frame.h"
#include "vm/objects/internals.h"
#include "vm/objects/special_call.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/warning.h"

namespace apy {

namespace {

constexpr uint32_t kDefaultInline = 4;
constexpr uint32_t kMaximumInline = 64;

bool is_variable_size(CellKind kind) {
  return kind == CellKind::BigInt || kind == CellKind::Tuple || kind == CellKind::Bytes;
}

// --- layout ---

/// Does the type add to the layout of its base?
bool is_solid(const Type* type) {
  if (!type->base) return true;
  if (type->flags & Type::kHeapType) return type->member_slots > type->base->member_slots;
  if (type->instance_kind == CellKind::Exception) {
    switch (type->builtin) {
      case Exc::BaseException:
      case Exc::StopIteration:
      case Exc::SystemExit:
      case Exc::ImportError:
      case Exc::OSError:
      case Exc::SyntaxError:
      case Exc::UnicodeDecodeError:
      case Exc::UnicodeEncodeError:
      case Exc::UnicodeTranslateError:
      case Exc::NameError:
      case Exc::AttributeError:
      case Exc::BaseExceptionGroup:
        return type->definition == builtin_type_definition(type->builtin);
      default:
        return false;
    }
  }
  return type->instance_kind != type->base->instance_kind ||
         type->instance_size != type->base->instance_size;
}

const Type* solid_base(const Type* type) {
  while (!is_solid(type)) type = type->base;
  return type;
}

}  // namespace

Result<Type*> best_base(VM& vm, Tuple* bases) {
  Type* best = nullptr;
  const Type* winner = nullptr;
  for (Value entry : bases->span()) {
    Type* base = try_as<Type>(entry);
    if (!base) return vm.raise(Exc::TypeError, "bases must be types");
    if (!(base->flags & Type::kCanSubclass))
      return vm.raise(Exc::TypeError, "type '{}' is not an acceptable base type", base);
    const Type* candidate = solid_base(base);
    if (!winner || (winner != candidate && candidate->is_subtype_of(winner))) {
      winner = candidate;
      best = base;
    } else if (!winner->is_subtype_of(candidate)) {
      return vm.raise(Exc::TypeError, "multiple bases have instance lay-out conflict");
    }
  }
  return best;
}

bool same_layout(const Type* from, const Type* to) {
  return from->instance_kind == to->instance_kind && from->instance_size == to->instance_size &&
         from->member_slots == to->member_slots && from->builtin == to->builtin &&
         (from->flags & Type::kHasDict) == (to->flags & Type::kHasDict) &&
         (from->member_slots == 0 || solid_base(from) == solid_base(to) ||
          solid_base(from)->base == solid_base(to)->base);
}

Result<Type*> calculate_metaclass(VM& vm, Type* metaclass, Tuple* bases) {
  Type* winner = metaclass;
  for (Value base : bases->span()) {
    Type* candidate = vm.type_of(base);
    if (winner->is_subtype_of(candidate)) continue;
    if (candidate->is_subtype_of(winner)) {
      winner = candidate;
      continue;
    }
    return vm.raise(
        Exc::TypeError,
        "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass "
        "of the metaclasses of all its bases");
  }
  return winner;
}

namespace {

/// How many attributes instances will have by the look of it: what methods of the class assign to
/// besides what they have from the base. (Classes learn later: see learn_slots.)
uint32_t expected_attributes(VM& vm, const Type* type) {
  if (!(type->flags & Type::kHasDict)) return 0;
  auto assigned_in = [&](const Type* cls) {
    return try_as<Tuple>(dict_get_str(vm, cls->dict, vm.names().static_attributes));
  };
  uint32_t count = 0;
  const Tuple* inherited = nullptr;
  if (type->base->flags & Type::kHeapType && type->base->flags & Type::kHasDict) {
    count = type->base->inline_slots -
            std::min<uint32_t>(type->base->inline_slots, type->base->member_slots);
    inherited = assigned_in(type->base);
  }
  if (const Tuple* own = assigned_in(type)) {
    for (Value name : own->span()) {
      auto known = inherited ? inherited->span() : std::span<const Value>();
      count += std::find(known.begin(), known.end(), name) == known.end();
    }
  }
  // A class without any may get attributes from outside.
  return count == 0 ? kDefaultInline : std::min(count, kMaximumInline);
}

}  // namespace

Result<void> finish_layout(VM& vm, Type* type) {
  if (type->instance_kind == CellKind::Instance) {
    uint32_t slots = type->member_slots + expected_attributes(vm, type);
    type->inline_slots = static_cast<uint16_t>(std::min<uint32_t>(slots, 0xFFF));
  } else {
    type->inline_slots = static_cast<uint16_t>(type->member_slots);
  }
  bool in_dict = is_variable_size(type->instance_kind) && (type->flags & Type::kHasDict);
  Shape* shape = TRY(in_dict ? dict_mode_shape(vm, type) : make_root_shape(vm, type));
  type->root_shape = shape;
  vm.barrier(type);
  return {};
}

namespace {

// --- __dict__ and __weakref__ of script classes ---

/// What a builtin base has as `__dict__` (types, modules, exceptions): it knows where the
/// attributes are and whether they may be replaced. Null for most classes.
GetSet* inherited_dict_descriptor(VM& vm, Value self) {
  Type* type = vm.type_of(self);
  while (type && type->flags & Type::kHeapType) type = type->base;
  return type ? try_as<GetSet>(type_lookup(vm, type, vm.names().dict_)) : nullptr;
}

Result<Value> get_instance_dict(VM& vm, Value self) {
  if (GetSet* inherited = inherited_dict_descriptor(vm, self))
    return getset_get(vm, inherited, self);
  return TRY(attributes_dict(vm, self.cell()));
}

Result<void> set_instance_dict(VM& vm, Value self, Value value) {
  if (GetSet* inherited = inherited_dict_descriptor(vm, self))
    return getset_set(vm, inherited, self, value);
  if (value.is_empty()) {
    Dict* none = TRY(make_dict(vm));
    return set_attributes_dict(vm, self.cell(), none);
  }
  if (!is_kind(value, CellKind::Dict))
    return vm.raise(Exc::TypeError, "__dict__ must be set to a dictionary, not a '{}'",
                    vm.type_of(value));
  return set_attributes_dict(vm, self.cell(), as<Dict>(value));
}

Result<Value> get_weak_reference(VM& vm, Value self) {
  Value first = Value::none();
  vm.internals().weak.for_each(self.cell(), [&](WeakReference* reference) {
    first = reference;
    return true;
  });
  return first;
}

constexpr NativeGetSetDef kInstanceDict = {"__dict__", nullptr, get_instance_dict,
                                           set_instance_dict};
constexpr NativeGetSetDef kInstanceWeakref = {
    "__weakref__", "list of weak references to the object", get_weak_reference};

Result<void> add_getset(VM& vm, Type* type, Str* name, const NativeGetSetDef* definition,
                        uint64_t slot = 0) {
  GetSet* getset = TRY(vm.allocate<GetSet>(definition ? BuiltinType::GetSetDescriptor
                                                      : BuiltinType::MemberDescriptor));
  getset->definition = definition;
  getset->owner = type;
  getset->name = name;
  getset->slot = slot;
  return dict_set_str(vm, type->dict, name, getset);
}

/// One run of make_class.
class ClassMaker {
 public:
  ClassMaker(VM& vm, Type* metaclass, Str* name, Tuple* bases, Dict* source)
      : vm_(vm),
        names_(vm.names()),
        metaclass_(metaclass),
        name_(name),
        bases_(bases),
        source_(source) {}
  Result<Type*> make(Tuple* keyword_names, const Value* keyword_values);

 private:
  Result<void> copy_namespace();
  Result<void> take_names();
  Result<void> wrap_implicit_descriptors();
  Result<void> inherit_layout();
  Result<void> add_members();
  Result<void> add_member(Value item, RootVector* members);
  Result<void> add_attribute_support();
  Result<void> set_mro();
  Result<void> set_names_of_attributes();
  Result<void> init_subclass(Tuple* keyword_names, const Value* keyword_values);
  Value get(Str* key) { return dict_get_str(vm_, type_->dict, key); }
  Result<void> remove(Str* key) {
    TRY(dict_remove(vm_, type_->dict, key, nullptr));
    return {};
  }

  VM& vm_;
  const Names& names_;
  Type* metaclass_;
  Str* name_;
  Tuple* bases_;
  Dict* source_;
  Type* type_ = nullptr;
  Type* base_ = nullptr;
  bool wants_dict_ = true, wants_weakref_ = true;
};

Result<void> ClassMaker::copy_namespace() {
  type_->dict = TRY(make_dict(vm_, source_->length));
  vm_.barrier(type_);
  for (DictCursor c(source_); c.next();) {
    Value key = c.key();
    if (Str* text = try_as<Str>(key)) key = TRY(intern(vm_, text));
    TRY(dict_set(vm_, type_->dict, key, c.value()));
  }
  return {};
}

/// __qualname__, __module__, __doc__.
Result<void> ClassMaker::take_names() {
  type_->name = type_->qualname = name_;
  Value qualname = get(names_.qualname);
  if (!qualname.is_empty()) {
    if (!is_kind(qualname, CellKind::Str))
      return vm_.raise(Exc::TypeError, "type __qualname__ must be a str, not {}",
                       vm_.type_of(qualname));
    type_->qualname = as<Str>(qualname);
    TRY(remove(names_.qualname));
  }
  vm_.barrier(type_);
  if (get(names_.module_).is_empty()) {
    if (Frame* frame = vm_.current_frame()) {
      Value module = dict_get_str(vm_, frame->function()->globals, names_.name_);
      if (!module.is_empty()) TRY(dict_set_str(vm_, type_->dict, names_.module_, module));
    }
  }
  return {};
}

Result<void> ClassMaker::wrap_implicit_descriptors() {
  auto wrap = [&](Special special, BuiltinType wrapper) -> Result<void> {
    Str* key = vm_.special_name(special);
    Value value = get(key);
    if (!is_kind(value, CellKind::Function)) return {};
    Record* record = TRY(vm_.make_record(wrapper, {value, Value()}));
    return dict_set_str(vm_, type_->dict, key, record);
  };
  TRY(wrap(Special::New, BuiltinType::StaticMethod));
  TRY(wrap(Special::InitSubclass, BuiltinType::ClassMethod));
  TRY(wrap(Special::ClassGetItem, BuiltinType::ClassMethod));
  if (!get(vm_.special_name(Special::Equal)).is_empty() &&
      get(vm_.special_name(Special::Hash)).is_empty())
    TRY(dict_set_str(vm_, type_->dict, vm_.special_name(Special::Hash), Value::none()));
  return {};
}

Result<void> ClassMaker::inherit_layout() {
  type_->flags =
      Type::kHeapType | Type::kCanSubclass | Type::kPopulated | (base_->flags & Type::kException);
  for (Value entry : bases_->span())
    type_->flags |= as<Type>(entry)->flags & (Type::kHasDict | Type::kHasWeakref);
  type_->base = base_;
  vm_.barrier(type_);
  type_->builtin = base_->builtin;
  type_->instance_kind = base_->instance_kind;
  type_->instance_size = base_->instance_size;
  type_->attributes_offset = base_->attributes_offset;
  type_->members_offset = base_->members_offset;
  type_->member_slots = base_->member_slots;
  type_->await_step =
      get(vm_.special_name(Special::Await)).is_empty() ? base_->await_step : nullptr;
  if (base_->flags & Type::kHeapType) return {};
  uint32_t size = (type_->instance_size + 7) & ~7u;
  switch (type_->instance_kind) {
    case CellKind::Instance:
      type_->attributes_offset = sizeof(Cell);
      type_->members_offset = sizeof(Instance);
      break;
    case CellKind::Exception:
    case CellKind::WeakReference:
    case CellKind::NativeObject:
    case CellKind::Module:
      type_->members_offset = size;
      if (type_->instance_kind == CellKind::WeakReference)
        type_->attributes_offset = static_cast<uint32_t>(sizeof(WeakReference) - sizeof(Cell*));
      break;
    case CellKind::Type:
      wants_dict_ = wants_weakref_ = false;
      break;
    default:
      if (base_->attributes_offset) {  // the native type has that word
        type_->members_offset = size;
        break;
      }
      type_->attributes_offset = is_variable_size(type_->instance_kind) ? 0 : size;
      type_->members_offset = size + static_cast<uint32_t>(sizeof(Cell*));
      break;
  }
  return {};
}

/// `__x` in a class body stands for `_Class__x`.
Result<Str*> mangle(VM& vm, const Str* class_name, Str* name) {
  if (name->width() != 1 || !name->latin1().starts_with("__") || name->latin1().ends_with("__"))
    return name;
  std::string text = to_utf8(class_name);
  text.erase(0, text.find_first_not_of('_'));
  if (text.empty()) return name;
  return intern(vm, "_" + text + to_utf8(name));
}

Result<void> ClassMaker::add_member(Value item, RootVector* members) {
  if (!is_kind(item, CellKind::Str))
    return vm_.raise(Exc::TypeError, "__slots__ items must be strings, not '{}'",
                     vm_.type_of(item));
  Str* name = TRY(intern(vm_, as<Str>(item)));
  if (!TRY(str_isidentifier(vm_, name)))
    return vm_.raise(Exc::TypeError, "__slots__ must be identifiers");
  if (name == names_.dict_) {
    if (wants_dict_ || (type_->flags & Type::kHasDict))
      return vm_.raise(Exc::TypeError, "__dict__ slot disallowed: we already got one");
    wants_dict_ = true;
    return {};
  }
  if (name == names_.weakref_) {
    if (wants_weakref_ || (type_->flags & Type::kHasWeakref))
      return vm_.raise(Exc::TypeError, "__weakref__ slot disallowed: we already got one");
    wants_weakref_ = true;
    return {};
  }
  name = TRY(mangle(vm_, name_, name));
  if (name != names_.qualname && name != names_.classcell && !get(name).is_empty())
    return vm_.raise(Exc::ValueError, "{} in __slots__ conflicts with class variable",
                     TRY(repr_text(vm_, name)));
  members->values.push_back(name);
  return {};
}

Result<void> ClassMaker::add_members() {
  Value slots = get(names_.slots);
  if (slots.is_empty()) return {};
  if (is_kind(slots, CellKind::Str)) slots = TRY(make_tuple(vm_, {&slots, 1}));
  Tuple* items = TRY(tuple_from(vm_, slots));
  wants_dict_ = wants_weakref_ = false;
  bool variable = is_variable_size(type_->instance_kind) || type_->instance_kind == CellKind::Type;
  if (items->length > 0 && variable)
    return vm_.raise(Exc::TypeError, "nonempty __slots__ not supported for subtype of '{}'",
                     base_->name);
  RootVector members(vm_.heap());
  for (Value item : items->span()) TRY(add_member(item, &members));
  bool unplaced = type_->instance_kind == CellKind::NativeObject ||
                  type_->instance_kind == CellKind::Module ||
                  type_->instance_kind == CellKind::Type;
  if (unplaced) {  // no room for members in these: they become ordinary attributes
    wants_dict_ = wants_dict_ || !members.values.empty();
    return {};
  }
  // In the order of their names, so that classes with the same slots have the same layout.
  std::sort(members.values.begin(), members.values.end(),
            [](Value a, Value b) { return str_compare(as<Str>(a), as<Str>(b)) < 0; });
  for (size_t i = 0; i < members.values.size(); ++i) {
    Str* name = as<Str>(members.values[i]);
    if (!get(name).is_empty()) continue;  // named twice
    TRY(add_getset(vm_, type_, name, nullptr, type_->member_slots));
    ++type_->member_slots;
  }
  return {};
}

Result<void> ClassMaker::add_attribute_support() {
  if (type_->instance_kind == CellKind::Type) return {};
  if (wants_dict_ && !(type_->flags & Type::kHasDict)) {
    type_->flags |= Type::kHasDict;
    if (get(names_.dict_).is_empty()) TRY(add_getset(vm_, type_, names_.dict_, &kInstanceDict));
  }
  if (wants_weakref_ && !(type_->flags & Type::kHasWeakref) &&
      !is_variable_size(type_->instance_kind)) {
    type_->flags |= Type::kHasWeakref;
    if (get(names_.weakref_).is_empty())
      TRY(add_getset(vm_, type_, names_.weakref_, &kInstanceWeakref));
  }
  if (get(names_.doc).is_empty()) TRY(dict_set_str(vm_, type_->dict, names_.doc, Value::none()));
  return {};
}

Result<void> ClassMaker::set_mro() {
  Value mro_method = type_lookup(vm_, metaclass_, names_.mro);
  Value standard = type_lookup(vm_, vm_.type(BuiltinType::Type), names_.mro);
  if (mro_method.is(standard)) {
    type_->mro = TRY(compute_mro(vm_, type_, bases_));
    vm_.barrier(type_);
    return {};
  }
  // The hook may look at the class before its order is known.
  Value provisional[2] = {type_, vm_.type(BuiltinType::Object)};
  type_->mro = TRY(make_tuple(vm_, provisional));
  vm_.barrier(type_);
  Value order = TRY(call_special_method(vm_, mro_method, type_, {}));
  Tuple* mro = TRY(tuple_from(vm_, order));
  for (Value entry : mro->span())
    if (!is_kind(entry, CellKind::Type))
      return vm_.raise(Exc::TypeError, "mro() returned a non-class ('{}')", vm_.type_of(entry));
  type_->mro = mro;
  vm_.barrier(type_);
  return {};
}

Result<void> ClassMaker::set_names_of_attributes() {
  Dict* snapshot = nullptr;
  for (DictCursor c(type_->dict); c.next();) {
    if (c.value().is_cell() &&
        !type_special(vm_, vm_.type_of(c.value()), Special::SetName).is_empty()) {
      snapshot = TRY(dict_copy(vm_, type_->dict));
      break;
    }
  }
  if (!snapshot) return {};
  for (DictCursor c(snapshot); c.next();) {
    Value key = c.key(), value = c.value();
    if (!value.is_cell()) continue;
    Value method = type_special(vm_, vm_.type_of(value), Special::SetName);
    if (method.is_empty()) continue;
    if (call_special_method(vm_, method, value, {type_, key}).is_ok()) continue;
    Value error = vm_.take_pending();
    std::string note = "Error calling __set_name__ on '" + to_utf8(vm_.type_of(value)->name) +
                       "' instance " + TRY(repr_text(vm_, key)) + " in '" + to_utf8(type_->name) +
                       "'";
    Value text = TRY(make_str(vm_, note));
    TRY(vm_.call_method(error, TRY(intern(vm_, "add_note")), {text}));
    return vm_.reraise(error);
  }
  return {};
}

Result<void> ClassMaker::init_subclass(Tuple* keyword_names, const Value* keyword_values) {
  Str* key = vm_.special_name(Special::InitSubclass);
  for (Value entry : type_->mro->span().subspan(1)) {
    Type* base = as<Type>(entry);
    TRY(type_populate(vm_, base));
    Value found = dict_get_str(vm_, base->dict, key);
    if (found.is_empty()) continue;
    size_t count = keyword_names ? keyword_names->length : 0;
    if (base == vm_.type(BuiltinType::Object) && count == 0) return {};
    Value bound = TRY(bind_descriptor(vm_, found, Value(), type_));
    TRY(vm_.call_keywords(bound, {keyword_values, count}, keyword_names));
    return {};
  }
  return {};
}

Result<Type*> ClassMaker::make(Tuple* keyword_names, const Value* keyword_values) {
  if (bases_->length == 0) {
    Value object = vm_.type(BuiltinType::Object);
    bases_ = TRY(make_tuple(vm_, {&object, 1}));
  }
  base_ = TRY(best_base(vm_, bases_));
  Cell* cell = vm_.heap().allocate(sizeof(Type), metaclass_->root_shape->id, CellKind::Type);
  if (!cell) return vm_.out_of_memory();
  type_ = static_cast<Type*>(cell);
  type_->version = vm_.next_version();
  type_->bases = bases_;
  TRY(copy_namespace());
  TRY(take_names());
  if (!type_->dict->has_only_str_keys())
    TRY(issue_warning_here(vm_, Exc::RuntimeWarning,
                           "non-string key in the __dict__ of class " + to_utf8(type_->name)));
  TRY(wrap_implicit_descriptors());
  Value classcell = get(names_.classcell);
  if (!classcell.is_empty()) {
    if (!is_kind(classcell, CellKind::CellVariable))
      return vm_.raise(Exc::TypeError, "__classcell__ must be a nonlocal cell, not {}",
                       TRY(repr_text(vm_, vm_.type_of(classcell))));
    TRY(remove(names_.classcell));
  }
  Str* dict_cell_name = TRY(intern(vm_, "__classdictcell__"));
  Value dict_cell = get(dict_cell_name);
  if (!dict_cell.is_empty()) {
    if (!is_kind(dict_cell, CellKind::CellVariable))
      return vm_.raise(Exc::TypeError, "__classdictcell__ must be a nonlocal cell, not {}",
                       TRY(repr_text(vm_, vm_.type_of(dict_cell))));
    TRY(remove(dict_cell_name));
  }
  TRY(inherit_layout());
  TRY(add_members());
  TRY(add_attribute_support());
  TRY(set_mro());
  update_class_flags(vm_, type_);
  TRY(finish_layout(vm_, type_));
  for (Value base : bases_->span()) TRY(add_subclass(vm_, as<Type>(base), type_));
  if (!classcell.is_empty()) {
    as<CellVariable>(classcell)->value = type_;
    vm_.barrier(classcell.cell());
  }
  if (!dict_cell.is_empty()) {
    as<CellVariable>(dict_cell)->value = TRY(get_attribute(vm_, type_, names_.dict_));
    vm_.barrier(dict_cell.cell());
  }
  TRY(set_names_of_attributes());
  TRY(init_subclass(keyword_names, keyword_values));
  return type_;
}

}  // namespace

Result<Type*> make_class(VM& vm, Type* metaclass, Str* name, Tuple* bases, Dict* dict,
                         Tuple* keyword_names, const Value* keyword_values) {
  ClassMaker maker(vm, metaclass, name, bases, dict);
  return maker.make(keyword_names, keyword_values);
}

}  // namespace apy
