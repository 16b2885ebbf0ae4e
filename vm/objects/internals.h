#pragma once
// VM::Internals: the VM's tables that only vm/objects (and, for modules, vm/interpreter) looks
// into.
#include <memory>
#include <unordered_map>
#include <vector>

#include "vm/objects/attribute_cache.h"
#include "vm/objects/vm.h"

namespace apy {

/// The strings that exist once. Open addressing; weak: a dead string leaves the table at the next
/// collection.
class InternTable {
 public:
  Str* find(uint64_t hash, const Str* string) const;
  /// `string` is not in the table yet.
  void insert(Str* string);
  /// Forgets the dead strings. A minor collection can only kill those that came since the last one.
  /// False when there were none.
  bool drop_dead(const Heap& heap, bool full);

 private:
  void place(Str* string);
  void remove(const Str* string);
  void grow();
  std::vector<Str*> slots_;  // null: free; kRemoved: was used
  std::vector<Str*> young_;
  size_t used_ = 0;
};

/// Weak references by target. Open addressing, since full collections go through all of it.
class WeakTable {
 public:
  void add(const Cell* target, WeakReference* reference);
  /// Calls `visit` for the references to `target` until it returns true.
  template <class F>
  void for_each(const Cell* target, F visit) const {
    if (slots_.empty()) return;
    size_t mask = slots_.size() - 1;
    for (size_t i = place_of(target); slots_[i].reference; i = (i + 1) & mask)
      if (slots_[i].target == target && visit(slots_[i].reference)) return;
  }
  /// Clears the references to dead targets and forgets the dead references; `died` is told of each
  /// reference whose target died.
  template <class F>
  void drop_dead(const Heap& heap, F died);

 private:
  struct Slot {
    const Cell* target;        // null with a reference: was used
    WeakReference* reference;  // null: free
  };
  size_t place_of(const Cell* target) const {
    return (reinterpret_cast<uintptr_t>(target) >> 4) * 0x9E3779B97F4A7C15u >> shift_;
  }
  void place(const Cell* target, WeakReference* reference);
  std::vector<Slot> slots_;
  unsigned shift_ = 64;
  size_t used_ = 0;
  std::vector<WeakReference*> young_;  // made since the last collection
};

/// Numbers of shapes. Inline caches hold them; so the number of a dead shape is given out again
/// only after a purge of all caches, and those are rare.
struct ShapeNumbers {
  std::vector<ShapeId> young;  // drawn since the last collection
  std::vector<ShapeId> dead;   // perhaps still in a cache
  std::vector<ShapeId> free;
};

/// Attribute lookups on types, by (version, name); see type_lookup. Names are interned, so that an
/// entry whose name died can be told from a new string at the same address.
struct MethodCacheEntry {
  uint32_t version;
  const Str* name;
  Value value;
};

struct SlotCacheEntry {
  ShapeId shape;
  int32_t slot;
  const Str* name;
};

struct VM::Internals {
  static constexpr size_t kMethodCacheSize = 4096;
  static constexpr size_t kSlotCacheSize = 1024;

  explicit Internals(Heap& heap) : weak_callbacks(heap) {}
  uint64_t hash_key[2] = {};
  InternTable interned;
  WeakTable weak;
  ShapeNumbers shape_numbers;
  std::vector<Type*> native_types;    // C++ code holds them where no collector looks
  const Code* known_codes = nullptr;  // head of the code list at the last collection
  RootVector weak_callbacks;          // dead WeakReferences whose callback has still to run
  std::vector<MethodCacheEntry> method_cache{kMethodCacheSize};
  std::vector<SlotCacheEntry> slot_cache{kSlotCacheSize};
  std::vector<AttributeEntry> attribute_entries;  // kAttributeEntries once a site needs them
  /// What repr() is printing now, innermost last; with the context, since fibers take turns.
  std::vector<std::pair<const Context*, uint64_t>> being_printed;
  Exception* memory_error = nullptr;  // made in advance
  FloatCell* zero = nullptr;          // 0.0, by far the commonest float that no word holds
  Tuple* empty_tuple = nullptr;       // the only one of the type itself; null until needed
  std::unordered_map<const void*, void*> module_states;
  /// What vm/binding keeps of native functions' signatures, by definition.
  std::unordered_map<const void*, std::shared_ptr<const void>> signatures;
  void clear_caches();
};

/// Access to the VM's private fields for its setup.
struct VMAccess {
  static std::vector<Shape*>& shapes(VM& vm) { return vm.shapes_; }
  static Type*& type(VM& vm, BuiltinType id) { return vm.types_[static_cast<int>(id)]; }
  static Names& names(VM& vm) { return vm.names_; }
  static Value& pending(VM& vm) { return vm.pending_; }
  static Dict*& builtins(VM& vm) { return vm.builtins_; }
  static Dict*& modules(VM& vm) { return vm.modules_; }
};

/// Makes all builtin types, their shapes and the names (startup.cpp).
void create_builtin_types(VM& vm);
/// Forgets shapes that died, and now and then makes their numbers free.
void process_shapes(VM& vm, const Heap& heap);
/// Makes inline caches that hold the number of a dead shape miss (vm/interpreter).
void forget_dead_shapes(VM& vm);
/// Clears weak references to dead cells and queues their callbacks.
void process_weak_references(VM::Internals& internals, const Heap& heap);
/// A reference to `target`; `callback` none: the existing one is used again. TypeError for types
/// without support.
Result<WeakReference*> make_weak_reference(VM& vm, Value target, Value callback);
/// Runs the callbacks of references whose target died. Errors are reported as unraisable.
void run_weak_callbacks(VM& vm);
/// Name for messages: with the module for types of native modules.
std::string_view message_name(const Type* type);

}  // namespace apy
