#pragma once
// operator.itemgetter, attrgetter and methodcaller.
#include "vm/binding/native.h"

namespace apy {

Result<void> add_getter_types(VM& vm, Module* module);

}  // namespace apy
