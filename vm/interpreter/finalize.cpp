// Finalizers: what the collector queued is done at safe points.
//
// Generators are finalised when they may have something left to do: coroutines always (one that was
// never awaited is worth a warning), async generators for their loop's hook, generators whose code
// has a handler or delegates. They register when they are made; that is a push to a list, and the
// collector drops those that finished without looking at anything but their state.
#include "vm/bytecode/code.h"
#include "vm/interpreter/async_generator.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/generator.h"
#include "vm/interpreter/safe_point.h"
#include "vm/objects/internals.h"
#include "vm/objects/protocol.h"
#include "vm/objects/warning.h"

namespace apy {

namespace {

Result<void> warn_never_awaited(VM& vm, Generator* coroutine) {
  if (is_kind(coroutine->origin_or_finalizer, CellKind::Tuple)) {
    Value warnings = TRY(vm.import_module("warnings"));
    TRY(vm.call(TRY(get_attribute(vm, warnings, TRY(intern(vm, "_warn_unawaited_coroutine")))),
                {coroutine}));
    return {};
  }
  Code* code = try_as<Code>(coroutine->origin_or_finalizer);
  int64_t line =
      coroutine->outer_handled.is_small_int() ? coroutine->outer_handled.as_small_int() : 1;
  std::string text = "coroutine '" + TRY(str_text(vm, coroutine->qualname)) + "' was never awaited";
  std::string file = code ? to_utf8(code->filename) : "sys";
  return issue_warning(vm, Exc::RuntimeWarning, text, file, line, coroutine);
}

Result<void> finalize_generator(VM& vm, Generator* generator) {
  if (!generator_needs_finalizer(generator)) return {};
  if (generator->shape == shape_of(BuiltinType::AsyncGenerator)) {
    Value hook = generator->origin_or_finalizer;
    if (!hook.is_empty() && !generator->closed) {
      TRY(vm.call(hook, {generator}));
      return {};
    }
  }
  if (generator->state == Generator::State::Created) {
    if (generator->shape == shape_of(BuiltinType::Coroutine))
      TRY(warn_never_awaited(vm, generator));
    return {};
  }
  TRY(generator_close(vm, generator));
  return {};
}

Result<void> finalize(VM& vm, Cell* cell) {
  if (Generator* generator = try_as<Generator>(cell)) return finalize_generator(vm, generator);
  if (cell->shape == shape_of(BuiltinType::AsyncGeneratorStep) ||
      cell->shape == shape_of(BuiltinType::AsyncGeneratorThrow)) {
    Record* awaitable = static_cast<Record*>(cell);
    return async_step_was_never_awaited(awaitable) ? warn_async_step_never_awaited(vm, awaitable)
                                                   : Result<void>();
  }
  NativeObject* object = try_as<NativeObject>(cell);
  if (object && object->native_class->finalize) {
    object->native_class->finalize(vm, object);
    return {};
  }
  bool found;
  TRY(vm.call_special(cell, Special::Del, {}, &found));
  return {};
}

}  // namespace

void run_finalizers(VM& vm) {
  Value pending = vm.take_pending();
  while (Cell* cell = vm.heap().take_finalizable())
    if (finalize(vm, cell).is_error()) {
      Value method = type_special(vm, vm.type_of(cell), Special::Del);
      vm.write_unraisable(is_kind(method, CellKind::Function) ? method : Value(cell));
    }
  run_weak_callbacks(vm);
  if (!pending.is_empty()) (void)vm.reraise(pending);
}

}  // namespace apy
