#pragma once
// The native half of asyncio.Queue: what happens for each item.
#include "vm/binding/native.h"

namespace apy {

extern const NativeTypeDef kAsyncQueueType;

}  // namespace apy
