// Unpacks the sources of frozen modules.
#include <zlib.h>

#include "stdlib/frozen_modules.h"

namespace apy {

std::string frozen_source(const FrozenModule& module) {
  std::string source(module.size, '\0');
  uLongf size = module.size;
  int outcome =
      uncompress(reinterpret_cast<Bytef*>(source.data()), &size,
                 reinterpret_cast<const Bytef*>(module.packed.data()), module.packed.size());
  // The binary holds what the build packed; anything else is a broken file.
  if (outcome != Z_OK || size != module.size) __builtin_trap();
  return source;
}

}  // namespace apy
