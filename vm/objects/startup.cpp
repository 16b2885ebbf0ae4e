// The builtin types at the start of a VM: empty shells in the order of their fixed shape numbers.
// Their namespaces are filled on first use (type_populate).
#include <iterator>

#include "vm/binding/native.h"
#include "vm/bytecode/code.h"
#include "vm/objects/dict.h"
#include "vm/objects/frame.h"
#include "vm/objects/internals.h"
#include "vm/objects/set.h"

namespace apy {

namespace {

struct BuiltinTypeInfo {
  const char* name;
  BuiltinType base;
  CellKind kind;
};

constexpr BuiltinTypeInfo kTypes[] = {
    {nullptr, BuiltinType::None_, CellKind::Free},
#define BUILTIN_TYPE(Id, name, base, kind) {name, BuiltinType::base, CellKind::kind},
#include "vm/objects/builtin_types.def"
#undef BUILTIN_TYPE
#define EXCEPTION(Id, base) {#Id, BuiltinType::base, CellKind::Exception},
#include "vm/objects/exceptions.def"
#undef EXCEPTION
};
constexpr int kTypeCount = static_cast<int>(BuiltinType::Count);
static_assert(std::size(kTypes) == kTypeCount);

struct NameInfo {
  Str* Names::*field;
  const char* text;
};
constexpr NameInfo kNames[] = {
#define NAME(identifier, text) {&Names::identifier, text},
#include "vm/objects/names.def"
#undef NAME
};
constexpr const char* kSpecialNames[] = {
#define SPECIAL(Id, name) name,
#include "vm/objects/special_names.def"
#undef SPECIAL
};

/// Bytes of the struct; what is of variable size (tuple, int, bytes) counts without that part.
uint32_t native_size(CellKind kind) {
  switch (kind) {
    case CellKind::FloatCell:
      return sizeof(FloatCell);
    case CellKind::BigInt:
      return sizeof(BigInt);
    case CellKind::Complex:
      return sizeof(Complex);
    case CellKind::Str:
      return sizeof(Str) + sizeof(Cell*);
    case CellKind::Bytes:
      return sizeof(Bytes);
    case CellKind::ByteArray:
      return sizeof(ByteArray);
    case CellKind::Tuple:
      return sizeof(Tuple);
    case CellKind::List:
      return sizeof(List);
    case CellKind::Dict:
      return sizeof(Dict);
    case CellKind::Set:
      return sizeof(Set);
    case CellKind::Range:
      return sizeof(Range);
    case CellKind::Slice:
      return sizeof(Slice);
    case CellKind::Type:
      return sizeof(Type);
    case CellKind::Instance:
      return sizeof(Instance);
    case CellKind::Module:
      return sizeof(Module);
    case CellKind::Function:
      return sizeof(Function);
    case CellKind::Exception:
      return sizeof(Exception);
    case CellKind::WeakReference:
      return sizeof(WeakReference);
    case CellKind::Record:
      return sizeof(Record);
    default:
      return sizeof(Cell);
  }
}

void create_shell(VM& vm, int id) {
  const BuiltinTypeInfo& info = kTypes[id];
  auto builtin = static_cast<BuiltinType>(id);
  Type* type = vm.allocate<Type>(BuiltinType::Type).value();
  VMAccess::type(vm, builtin) = type;
  type->builtin = builtin;
  type->definition = builtin_type_definition(builtin);
  type->flags = Type::kImmutable | (type->definition ? type->definition->flags : 0);
  type->version = vm.next_version();
  type->instance_kind = info.kind;
  type->instance_size = native_size(info.kind);
  if (type->definition && type->definition->instance_size)
    type->instance_size = type->definition->instance_size;
  if (info.kind == CellKind::Exception) {
    type->flags |= Type::kException | Type::kHasDict | Type::kCanSubclass;
    type->attributes_offset = sizeof(Cell);
  }
  if (!type->definition) type->flags |= Type::kDisallowNew;
  type->members_offset = info.kind == CellKind::Instance ? sizeof(Instance) : type->instance_size;
  if (id != static_cast<int>(BuiltinType::Object)) type->base = vm.type(info.base);

  Shape* shape = vm.allocate<Shape>(BuiltinType::Internal).value();
  shape->id = static_cast<ShapeId>(id);
  shape->type = type;
  type->root_shape = shape;
  VMAccess::shapes(vm)[id] = shape;
}

void link_bases(VM& vm, Type* type) {
  if (type->builtin == BuiltinType::ExceptionGroup) {
    Type* chain[] = {type, vm.type(Exc::BaseExceptionGroup), vm.type(Exc::Exception),
                     vm.type(Exc::BaseException), vm.type(BuiltinType::Object)};
    Value mro[5];
    for (int i = 0; i < 5; ++i) mro[i] = chain[i];
    type->bases = make_tuple(vm, {mro + 1, 2}).value();
    type->mro = make_tuple(vm, mro).value();
    return;
  }
  Value mro[16];
  size_t depth = 0;
  for (Type* t = type; t; t = t->base) mro[depth++] = t;
  type->mro = make_tuple(vm, {mro, depth}).value();
  type->bases = make_tuple(vm, {mro + 1, type->base ? size_t{1} : size_t{0}}).value();
  // Sequence patterns and the like look at the nearest type that says so.
  if (type->base) type->flags |= type->base->flags & (Type::kSequence | Type::kMapping);
}

void create_names(VM& vm) {
  Names& names = VMAccess::names(vm);
  for (const NameInfo& info : kNames) names.*info.field = intern(vm, info.text).value();
  for (int i = 0; i < static_cast<int>(Special::Count); ++i)
    names.special[i] = intern(vm, kSpecialNames[i]).value();
}

}  // namespace

void create_builtin_types(VM& vm) {
  VMAccess::shapes(vm).resize(kTypeCount, nullptr);
  for (int id = 1; id < kTypeCount; ++id) create_shell(vm, id);
  for (int id = 1; id < kTypeCount; ++id) {
    Type* type = vm.type(static_cast<BuiltinType>(id));
    link_bases(vm, type);
    type->dict = make_dict(vm).value();
  }
  create_names(vm);
  for (int id = 1; id < kTypeCount; ++id) {
    Type* type = vm.type(static_cast<BuiltinType>(id));
    type->name = type->qualname = intern(vm, kTypes[id].name).value();
  }
}

}  // namespace apy
