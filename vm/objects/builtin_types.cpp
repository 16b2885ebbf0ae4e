// The definitions of the builtin types by their number. Each is in the file of its type.
#include "vm/binding/native.h"

namespace apy {

#define BUILTIN_TYPE(Id, name, base, kind) extern const NativeTypeDef k##Id##Type;
#include "vm/objects/builtin_types.def"
#undef BUILTIN_TYPE
#define EXCEPTION(Id, base) extern const NativeTypeDef k##Id##Type;
#include "vm/objects/exceptions.def"
#undef EXCEPTION

extern const NativeTypeDef kInternalType = {"internal", nullptr, {}};

namespace {

const NativeTypeDef* const kDefinitions[] = {
    nullptr,
#define BUILTIN_TYPE(Id, name, base, kind) &k##Id##Type,
#include "vm/objects/builtin_types.def"
#undef BUILTIN_TYPE
#define EXCEPTION(Id, base) &k##Id##Type,
#include "vm/objects/exceptions.def"
#undef EXCEPTION
};

}  // namespace

const NativeTypeDef* builtin_type_definition(BuiltinType type) {
  if (type == BuiltinType::Internal) return nullptr;
  return kDefinitions[static_cast<int>(type)];
}

}  // namespace apy
