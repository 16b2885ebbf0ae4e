// The VM's life and its duties towards the heap. What it does for errors is in raise.cpp, for weak
// references in weak.cpp, at start in startup.cpp; calling and contexts are the interpreter's.
//
// Shapes are found by number; the table does not keep them alive, what has the shape does (tracing
// a cell reports its number). So script classes can die. Builtin types and those of native modules
// cannot: C++ code names them.
#include "vm/objects/vm.h"

#include <sys/random.h>

#include <cstdlib>
#include <cstring>
#include <ctime>

#include "vm/bytecode/code.h"
#include "vm/objects/dict.h"
#include "vm/objects/frame.h"
#include "vm/objects/internals.h"

namespace apy {

void trace_contexts(VM& vm, Visitor& visitor);  // vm/interpreter/context.h
bool is_in_running_chain(VM& vm, const Generator* generator);

namespace {

void draw_hash_key(uint64_t key[2]) {
  const char* seed = std::getenv("PYTHONHASHSEED");
  if (seed && *seed && std::strcmp(seed, "random") != 0) {
    uint64_t number = std::strtoull(seed, nullptr, 10);
    if (number != 0) {
      key[0] = number * 0x9E3779B97F4A7C15u;
      key[1] = (number ^ 0xD1B54A32D192ED03u) * 0xBF58476D1CE4E5B9u;
    }
    return;
  }
  if (getrandom(key, 16, GRND_NONBLOCK) != 16) {
    key[0] = reinterpret_cast<uintptr_t>(key);
    key[1] = static_cast<uint64_t>(clock());
  }
}

[[gnu::always_inline]] inline void sip_round(uint64_t& v0, uint64_t& v1, uint64_t& v2,
                                             uint64_t& v3) {
  v0 += v1;
  v1 = std::rotl(v1, 13);
  v1 ^= v0;
  v0 = std::rotl(v0, 32);
  v2 += v3;
  v3 = std::rotl(v3, 16);
  v3 ^= v2;
  v0 += v3;
  v3 = std::rotl(v3, 21);
  v3 ^= v0;
  v2 += v1;
  v1 = std::rotl(v1, 17);
  v1 ^= v2;
  v2 = std::rotl(v2, 32);
}

/// The size % 8 bytes behind the last whole word, as a little-endian number.
uint64_t last_bytes(const uint8_t* bytes, size_t size) {
  size_t rest = size & 7;
  if (rest == 0) return 0;
  if (size > 8) {
    uint64_t word;
    std::memcpy(&word, bytes + size - 8, 8);
    return word >> (64 - 8 * rest);
  }
  if (rest < 4)
    return bytes[0] | uint64_t{bytes[rest / 2]} << (8 * (rest / 2)) |
           uint64_t{bytes[rest - 1]} << (8 * (rest - 1));
  uint32_t first, last;
  std::memcpy(&first, bytes, 4);
  std::memcpy(&last, bytes + rest - 4, 4);
  return first | uint64_t{last} << (8 * (rest - 4));
}

}  // namespace

VM::VM() : heap_(*this), internals_(new Internals(heap_)) {
  // Nothing is reachable in the regular way until the types are there.
  heap_.set_enabled(false);
  draw_hash_key(internals_->hash_key);
  create_builtin_types(*this);
  heap_.set_shapes(reinterpret_cast<Cell* const*>(shapes_.data()), shape_of(BuiltinType::Count));
  builtins_ = make_dict(*this, 256).value();
  modules_ = make_dict(*this, 32).value();
  internals_->memory_error = allocate<Exception>(BuiltinType::MemoryError).value();
  internals_->memory_error->args = make_tuple(*this, size_t{0}).value();
  heap_.set_enabled(true);
}

VM::~VM() { delete internals_; }

ShapeId VM::add_shape(Shape* shape) {
  ShapeNumbers& numbers = internals_->shape_numbers;
  ShapeId id = static_cast<ShapeId>(shapes_.size());
  if (numbers.free.empty()) {
    shapes_.push_back(shape);
    heap_.set_shapes(reinterpret_cast<Cell* const*>(shapes_.data()), shape_of(BuiltinType::Count));
  } else {
    id = numbers.free.back();
    numbers.free.pop_back();
    shapes_[id] = shape;
  }
  heap_.shape_added(id);
  numbers.young.push_back(id);
  return id;
}

Result<Record*> VM::make_record(BuiltinType type, std::initializer_list<Value> fields) {
  size_t count = fields.size();
  Record* record = TRY(
      allocate<Record>(type, sizeof(Record) + count * sizeof(Value), static_cast<uint16_t>(count)));
  std::copy(fields.begin(), fields.end(), record->fields());
  return record;
}

uint64_t VM::hash_bytes(const void* data, size_t size) const {
  uint64_t k0 = internals_->hash_key[0], k1 = internals_->hash_key[1];
  uint64_t v0 = k0 ^ 0x736F6D6570736575u, v1 = k1 ^ 0x646F72616E646F6Du;
  uint64_t v2 = k0 ^ 0x6C7967656E657261u, v3 = k1 ^ 0x7465646279746573u;
  auto* bytes = static_cast<const uint8_t*>(data);
  size_t whole = size & ~size_t{7};
  for (size_t i = 0; i < whole; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    v3 ^= word;
    sip_round(v0, v1, v2, v3);
    v0 ^= word;
  }
  uint64_t last = static_cast<uint64_t>(size) << 56 | last_bytes(bytes, size);
  v3 ^= last;
  sip_round(v0, v1, v2, v3);
  v0 ^= last;
  v2 ^= 0xFF;
  for (int i = 0; i < 3; ++i) sip_round(v0, v1, v2, v3);
  return v0 ^ v1 ^ v2 ^ v3;
}

void*& VM::module_state(const void* key) { return internals_->module_states[key]; }

void VM::trace_roots(Visitor& visitor) {
  if (!visitor.only_changes()) {
    for (size_t i = 0; i < static_cast<size_t>(BuiltinType::Count); ++i) visitor.visit(shapes_[i]);
    for (const Type* type : types_) visitor.visit(type);
    auto* names = reinterpret_cast<Str* const*>(&names_);
    for (size_t i = 0; i < sizeof names_ / sizeof(Str*); ++i) visitor.visit(names[i]);
  }
  for (const Type* type : internals_->native_types) visitor.visit(type);
  for (const Str* character : latin1_characters_) visitor.visit(character);
  visitor.visit(pending_);
  visitor.visit(handled_);
  visitor.visit(base_);
  visitor.visit(builtins_);
  visitor.visit(modules_);
  visitor.visit(sys_module_);
  visitor.visit(internals_->memory_error);
  visitor.visit(internals_->zero);
  visitor.visit(internals_->empty_tuple);
  // A module's state may be a cell (its types, for example).
  for (auto& [key, state] : internals_->module_states)
    visitor.visit_conservatively(&state, &state + 1);
  trace_contexts(*this, visitor);
}

void VM::process_weak(Heap& heap) {
  bool full = heap.is_collecting_full();
  // Entries may name dead strings.
  if (internals_->interned.drop_dead(heap, full)) internals_->clear_caches();
  process_weak_references(*internals_, heap);
  // The newest are at the head; the others survived a collection.
  Code** link = &codes_;
  while (Code* code = *link) {
    if (!full && code == internals_->known_codes) break;
    if (heap.is_dead(code)) {
      *link = code->next_in_vm;
    } else {
      link = &code->next_in_vm;
    }
  }
  internals_->known_codes = codes_;
  process_shapes(*this, heap);
  if (!internals_->weak_callbacks.values.empty() || heap.has_finalizable()) request_interrupt();
}

bool VM::needs_finalizer(const Cell* cell) {
  // Awaitables of an async generator: only those that were never awaited.
  if (cell->shape == shape_of(BuiltinType::AsyncGeneratorStep) ||
      cell->shape == shape_of(BuiltinType::AsyncGeneratorThrow))
    return static_cast<const Record*>(cell)->fields()[1].is(Value::small_int(0));
  return cell->kind != CellKind::Generator ||
         generator_needs_finalizer(static_cast<const Generator*>(cell));
}

bool VM::is_running(const Cell* cell) {
  return cell->kind == CellKind::Generator &&
         is_in_running_chain(*this, static_cast<const Generator*>(cell));
}

void VM::Internals::clear_caches() {
  std::fill(method_cache.begin(), method_cache.end(), MethodCacheEntry{});
  std::fill(slot_cache.begin(), slot_cache.end(), SlotCacheEntry{});
  std::fill(attribute_entries.begin(), attribute_entries.end(), AttributeEntry{});
}

}  // namespace apy
