#pragma once
// Async generators: the hooks of their event loop, and their steps as awaitables.
#include "vm/objects/frame.h"
#include "vm/objects/vm.h"

namespace apy {

/// sys.set_asyncgen_hooks: called with an async generator before its first step, and when it is
/// collected unfinished. None when not set.
struct AsyncGeneratorHooks {
  Value first_iteration = Value::none();
  Value finalizer = Value::none();
};
AsyncGeneratorHooks async_generator_hooks(VM& vm);
Result<void> set_async_generator_hooks(VM& vm, AsyncGeneratorHooks hooks);

/// A step or an aclose() is in progress, running or waiting.
inline bool async_generator_is_busy(const Generator* generator) {
  return generator->closing || generator->state == Generator::State::Running;
}

/// If `awaitable` is a step (`__anext__()`, `anext(g)`, `asend(None)`) that was not awaited before
/// and could begin now: uses it up and returns its generator, which Send runs in place. Else null.
Generator* take_async_step(Value awaitable);

/// Of the awaitables that asend, athrow and aclose give.
bool async_step_was_never_awaited(const Record* awaitable);
Result<void> warn_async_step_never_awaited(VM& vm, Record* awaitable);

}  // namespace apy
