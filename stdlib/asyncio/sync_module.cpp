// The native module _asyncio_sync: what asyncio.queues and asyncio.locks build on. A module of its
// own, so that programs without them do not make the types.
#include "stdlib/asyncio/locks.h"
#include "stdlib/asyncio/queue.h"
#include "stdlib/native_iterator.h"

namespace apy {

namespace {

Result<void> initialize(VM& vm, Module* module) {
  TRY(vm.import_module("_collections"));  // the type of the waiters' lines
  TRY(vm.import_module("_asyncio"));
  TRY(add_native_type(vm, module, kAsyncQueueType, "Queue"));
  TRY(add_native_type(vm, module, kAsyncLockType, "Lock"));
  TRY(add_native_type(vm, module, kAsyncEventType, "Event"));
  return add_native_type(vm, module, kAsyncSemaphoreType, "Semaphore");
}

}  // namespace

extern const NativeModuleDef kAsyncioSyncModule = {
    "_asyncio_sync", "Queues and locks of asyncio: the native halves.", {}, initialize};

}  // namespace apy
