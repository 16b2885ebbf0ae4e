// The module gc: the collector as scripts see it. Generations are the two kinds of collection,
// minor and full.
#include <algorithm>
#include <iterator>

#include "stdlib/native_modules.h"
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/interpreter/safe_point.h"
#include "vm/objects/frame.h"

namespace apy {

namespace {

bool is_visible(VM& vm, const Cell* cell) {
  return cell->kind != CellKind::Free && cell->shape != shape_of(BuiltinType::Internal) &&
         vm.shape(cell->shape) != nullptr;
}

/// Forgets what earlier expressions left in the registers of the calling frame: everything from the
/// window of the call that is running now. The collector takes all registers for roots, and a
/// script that calls collect() wants to see its effect.
void clear_stale_registers(VM& vm) {
  Frame* frame = vm.current_frame();
  if (!frame || frame->pc == frame->code->instructions) return;
  const Instruction& call = frame->pc[-1];
  if (call.opcode != Opcode::Call && call.opcode != Opcode::CallMethod) return;
  std::fill(frame->registers() + call.b, frame->registers() + frame->code->register_count, Value());
}

Result<int64_t> gc_collect(VM& vm, Optional<int64_t> generation) {
  int64_t which = generation.value_or(2);
  if (which < 0 || which > 2) return vm.raise(Exc::ValueError, "invalid generation");
  clear_stale_registers(vm);
  uint64_t before = vm.heap().bytes_in_use();
  if (which == 0) {
    vm.heap().collect_minor();
  } else {
    vm.heap().collect_full();
  }
  run_finalizers(vm);
  uint64_t after = vm.heap().bytes_in_use();
  // An estimate: cells are not counted while they are swept.
  return static_cast<int64_t>((before > after ? before - after : 0) / 64);
}

Result<void> gc_enable(VM& vm) {
  vm.heap().set_enabled(true);
  return {};
}
Result<void> gc_disable(VM& vm) {
  vm.heap().set_enabled(false);
  return {};
}
Result<bool> gc_isenabled(VM& vm) { return vm.heap().enabled(); }

Result<Value> gc_get_count(VM& vm) {
  HeapStatistics statistics = vm.heap().statistics();
  Value counts[] = {Value::small_int(0),
                    Value::small_int(static_cast<int64_t>(statistics.minor_collections)),
                    Value::small_int(static_cast<int64_t>(statistics.full_collections))};
  return make_tuple(vm, counts);
}

Result<Value> gc_get_threshold(VM& vm) {
  Value thresholds[] = {Value::small_int(2000), Value::small_int(10), Value::small_int(0)};
  return make_tuple(vm, thresholds);
}
Result<void> gc_set_threshold(VM&, int64_t, Optional<int64_t>, Optional<int64_t>) { return {}; }

Result<void> set(VM& vm, Dict* dict, std::string_view name, uint64_t number) {
  return dict_set_str(vm, dict, TRY(intern(vm, name)),
                      TRY(make_int(vm, static_cast<int64_t>(number))));
}

Result<Value> gc_get_stats(VM& vm) {
  HeapStatistics statistics = vm.heap().statistics();
  List* generations = TRY(make_list(vm, size_t{0}));
  for (uint64_t collections :
       {statistics.minor_collections, uint64_t{0}, statistics.full_collections}) {
    Dict* dict = TRY(make_dict(vm));
    TRY(list_append(vm, generations, dict));
    TRY(set(vm, dict, "collections", collections));
    TRY(set(vm, dict, "collected", 0));
    TRY(set(vm, dict, "uncollectable", 0));
  }
  return generations;
}

/// What CPython has no name for: sizes and pauses (docs/performance.md says what each means).
Result<Value> gc_stats(VM& vm) {
  HeapStatistics statistics = vm.heap().statistics();
  Dict* dict = TRY(make_dict(vm));
  TRY(set(vm, dict, "minor_collections", statistics.minor_collections));
  TRY(set(vm, dict, "full_collections", statistics.full_collections));
  TRY(set(vm, dict, "steps", statistics.steps));
  TRY(set(vm, dict, "bytes_in_use", statistics.bytes_in_use));
  TRY(set(vm, dict, "bytes_peak", statistics.bytes_peak));
  TRY(set(vm, dict, "bytes_mapped", statistics.bytes_mapped));
  TRY(set(vm, dict, "bytes_live_after_full", statistics.bytes_live_after_full));
  TRY(set(vm, dict, "bytes_allocated_total", statistics.bytes_allocated_total));
  TRY(set(vm, dict, "longest_pause_ns", statistics.longest_pause_ns));
  TRY(set(vm, dict, "longest_pause_cpu_ns", statistics.longest_pause_cpu_ns));
  TRY(set(vm, dict, "total_pause_ns", statistics.total_pause_ns));
  TRY(set(vm, dict, "longest_requested_ns", statistics.longest_requested_ns));
  Dict* pauses = TRY(make_dict(vm));
  for (size_t i = 0; i < std::size(statistics.pauses); ++i) {
    bool last = i == std::size(HeapStatistics::kPauseBounds);
    Value bound = last ? Value::none()
                       : Value::small_int(static_cast<int64_t>(HeapStatistics::kPauseBounds[i]));
    TRY(dict_set(vm, pauses, bound, Value::small_int(static_cast<int64_t>(statistics.pauses[i]))));
  }
  TRY(dict_set_str(vm, dict, TRY(intern(vm, "pauses")), pauses));
  return dict;
}

Result<Value> gc_get_objects(VM& vm, Optional<Value>) {
  vm.heap().collect_full();
  RootVector found(vm.heap());
  struct Context {
    VM* vm;
    RootVector* found;
  } context{&vm, &found};
  vm.heap().for_each_cell(
      [](Cell* cell, void* data) {
        Context& c = *static_cast<Context*>(data);
        bool container = cell->kind == CellKind::Instance || cell->kind == CellKind::List ||
                         cell->kind == CellKind::Dict || cell->kind == CellKind::Set ||
                         cell->kind == CellKind::Tuple || cell->kind == CellKind::Type ||
                         cell->kind == CellKind::Module || cell->kind == CellKind::Function ||
                         cell->kind == CellKind::Generator || cell->kind == CellKind::NativeObject;
        if (container && is_visible(*c.vm, cell)) c.found->values.push_back(cell);
      },
      &context);
  return make_list(vm, found.values);
}

Result<bool> gc_is_tracked(VM&, Value object) {
  return object.is_cell() && object.cell()->kind != CellKind::Str &&
         object.cell()->kind != CellKind::Bytes && object.cell()->kind != CellKind::BigInt &&
         object.cell()->kind != CellKind::FloatCell && object.cell()->kind != CellKind::Complex;
}
Result<bool> gc_is_finalized(VM&, Value) { return false; }
Result<void> gc_nothing(VM&) { return {}; }
Result<int64_t> gc_get_freeze_count(VM&) { return 0; }
Result<int64_t> gc_get_debug(VM&) { return 0; }
Result<void> gc_set_debug(VM&, int64_t) { return {}; }
Result<Value> gc_empty_list(VM& vm, Rest) { return make_list(vm, size_t{0}); }

constexpr NativeFunctionDef kFunctions[] = {
    {"collect(generation=2)",
     "Run the garbage collector; the number of collected objects is an estimate.",
     bind<gc_collect>()},
    {"enable()", "Enable automatic garbage collection.", bind<gc_enable>()},
    {"disable()", "Disable automatic garbage collection.", bind<gc_disable>()},
    {"isenabled()", "Returns true if automatic garbage collection is enabled.",
     bind<gc_isenabled>()},
    {"get_count()", "Return (0, minor collections, full collections).", bind<gc_get_count>()},
    {"get_threshold()", "Kept for compatibility: the collector paces itself.",
     bind<gc_get_threshold>()},
    {"set_threshold(threshold0, threshold1=10, threshold2=0, /)",
     "Without effect: the collector paces itself.", bind<gc_set_threshold>()},
    {"get_stats()", "Return a list of dictionaries with per-generation statistics.",
     bind<gc_get_stats>()},
    {"stats()", "Sizes in bytes and pauses in nanoseconds; 'pauses' counts those below each bound.",
     bind<gc_stats>()},
    {"get_objects(generation=None)", "Return a list of the containers that exist.",
     bind<gc_get_objects>()},
    {"get_referrers(*objs)", "Not known to this collector: always an empty list.",
     bind<gc_empty_list>()},
    {"get_referents(*objs)", "Not known to this collector: always an empty list.",
     bind<gc_empty_list>()},
    {"is_tracked(obj, /)", "Returns true if the object is a container.", bind<gc_is_tracked>()},
    {"is_finalized(obj, /)", "Always False.", bind<gc_is_finalized>()},
    {"freeze()", "Without effect.", bind<gc_nothing>()},
    {"unfreeze()", "Without effect.", bind<gc_nothing>()},
    {"get_freeze_count()", "Always 0.", bind<gc_get_freeze_count>()},
    {"get_debug()", "Always 0.", bind<gc_get_debug>()},
    {"set_debug(flags, /)", "Without effect.", bind<gc_set_debug>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(module_set(vm, module, "garbage", TRY(make_list(vm, size_t{0}))));
  TRY(module_set(vm, module, "callbacks", TRY(make_list(vm, size_t{0}))));
  struct Flag {
    const char* name;
    int value;
  };
  constexpr Flag kFlags[] = {{"DEBUG_STATS", 1},
                             {"DEBUG_COLLECTABLE", 2},
                             {"DEBUG_UNCOLLECTABLE", 4},
                             {"DEBUG_SAVEALL", 32},
                             {"DEBUG_LEAK", 38}};
  for (const Flag& flag : kFlags)
    TRY(module_set(vm, module, flag.name, Value::small_int(flag.value)));
  return {};
}

}  // namespace

extern const NativeModuleDef kGcModule = {"gc", "The garbage collector.", kFunctions, initialize};

}  // namespace apy
