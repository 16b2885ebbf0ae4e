#pragma once
// What dict.cpp and set.cpp share.
#include "vm/objects/dict.h"
#include "vm/objects/protocol.h"

namespace apy {

/// hash(key); TypeError for unhashable values. Fast for small ints and strings.
inline Result<uint64_t> hash_key(VM& vm, Value key) {
  if (key.is_small_int()) return hash_small_int(key.as_small_int());
  if (is_exact(key, BuiltinType::Str)) {
    Str* string = as<Str>(key);
    return string->hash ? string->hash : str_hash(vm, string);
  }
  return static_cast<uint64_t>(TRY(hash_value(vm, key)));
}

}  // namespace apy
