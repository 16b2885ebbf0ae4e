#pragma once
// VM::Internals: the VM's tables that only vm/objects (and, for modules, vm/interpreter) looks
// into.
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
  void drop_dead(const Heap& heap, bool full);

 private:
  void place(Str* string);
  void remove(const Str* string);
  void grow();
  std::vector<Str*> slots_;  // null: free; kRemoved: was used
  std::vector<Str*> young_;
  size_t used_ = 0;
};

/// Weak references by target.
struct WeakTable {
  std::unordered_multimap<const Cell*, WeakReference*> by_target;
  std::vector<WeakReference*> young;  // made since the last collection
};

/// Attribute lookups on types, by (version, name); see type_lookup.
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
  RootVector weak_callbacks;  // dead WeakReferences whose callback has still to run
  std::vector<MethodCacheEntry> method_cache{kMethodCacheSize};
  std::vector<SlotCacheEntry> slot_cache{kSlotCacheSize};
  std::vector<AttributeEntry> attribute_entries;  // kAttributeEntries once a site needs them
  /// What repr() is printing now, innermost last; with the context, since fibers take turns.
  std::vector<std::pair<const Context*, uint64_t>> being_printed;
  Exception* memory_error = nullptr;  // made in advance
  std::unordered_map<const void*, void*> module_states;
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
