#pragma once
// StreamWriter: the native half of asyncio.StreamWriter: write() goes straight into the transport,
// drain() is a native awaitable.
#include "vm/binding/native.h"

namespace apy {

struct StreamWriter : NativeObject {
  static const NativeClass kClass;
  Value transport, protocol, reader, loop;
};

extern const NativeTypeDef kStreamWriterType;

}  // namespace apy
