#include "runtime/embed/inspect.h"

#include "runtime/async/state.h"
#include "runtime/embed/access.h"
#include "vm/bytecode/disassemble.h"
#include "vm/interpreter/statistics.h"

namespace apy {

Outcome<std::string> disassemble_source(Engine& engine, std::string_view bytes,
                                        std::string_view name) {
  return v1::detail::enter(v1::detail::Access::shared(engine), [&](VM& vm) -> Result<std::string> {
    SourceOptions options;
    options.top_level_await = true;
    return disassemble(*TRY(compile_source(vm, bytes, name, options)));
  });
}

namespace {

std::string number(uint64_t n) { return std::to_string(n); }

std::string milliseconds(uint64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f ms", static_cast<double>(nanoseconds) / 1e6);
  return text;
}

std::string describe_heap(const Heap& heap) {
  HeapStatistics counts = heap.statistics();
  return "heap: " + number(counts.bytes_allocated_total) + " bytes allocated, " +
         number(counts.bytes_in_use) + " in use, " + number(counts.bytes_peak) + " at the peak, " +
         number(counts.bytes_live_after_full) + " live after the last full collection\n" +
         "collections: " + number(counts.minor_collections) + " minor, " +
         number(counts.full_collections) + " full; pauses " + milliseconds(counts.total_pause_ns) +
         " in all, " + milliseconds(counts.longest_pause_ns) + " the longest\n";
}

std::string describe_async(VM& vm) {
  const AsyncState& state = async_state(vm);
  FiberStatistics fibers = state.fibers.statistics();
  return "tasks: " + number(state.task_counter) + "; fibers: " + number(fibers.switches) +
         " switches, " + number(fibers.most_live) + " live at the peak\n";
}

}  // namespace

void start_statistics(Engine& engine) {
  VM& vm = v1::detail::Access::shared(engine)->core->vm();
  if (statistics_of(vm)) return;
  statistics_of(vm) = new ExecutionStatistics(vm.heap());
  vm.registry()->observed = true;
}

std::string describe_statistics(Engine& engine) {
  VM& vm = v1::detail::Access::shared(engine)->core->vm();
  const ExecutionStatistics* statistics = statistics_of(vm);
  if (!statistics) return {};
  return describe_statistics(*statistics) + describe_heap(vm.heap()) + describe_async(vm);
}

}  // namespace apy
