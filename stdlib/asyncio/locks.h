#pragma once
// The native halves of asyncio.Lock, Event and Semaphore: taking, waiting, giving back.
#include "vm/binding/native.h"

namespace apy {

extern const NativeTypeDef kAsyncLockType, kAsyncEventType, kAsyncSemaphoreType;

}  // namespace apy
