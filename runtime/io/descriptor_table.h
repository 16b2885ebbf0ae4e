#pragma once
// What waits for which descriptor in a loop: asyncio's readers and writers.
//
// A reader or writer is a Handle (add_reader of a script) or an IoObject, native code such as a
// transport. When its descriptor is ready it becomes an entry of the loop's ring, readers before
// writers, as asyncio has it. The table belongs to the loop's core, which traces it.
#include <vector>

#include "vm/objects/type.h"

namespace apy {

class LoopCore;

enum class IoEvent : uint8_t { Readable, Writable };

/// Native code that a loop calls when a descriptor is ready (entry Ready::Io).
struct IoObject : NativeObject {
  /// Called in the loop's turn. Errors only for what ends the loop.
  Result<void> (*on_ready)(VM& vm, IoObject* self, IoEvent event);
};

class DescriptorTable {
 public:
  ~DescriptorTable();
  void trace(Visitor& visitor) const;

  /// Calls `target` when the descriptor is ready, in place of what was called before (a Handle is
  /// then cancelled). OSError when the system refuses the descriptor.
  Result<void> watch(VM& vm, LoopCore& core, int descriptor, IoEvent event, Value target);
  /// False if nothing was called.
  bool unwatch(VM& vm, LoopCore& core, int descriptor, IoEvent event);
  /// Empty if nothing is called.
  Value target(int descriptor, IoEvent event) const;
  /// Forgets everything, when the loop is closed.
  void clear(LoopCore& core);

  /// Makes ring entries of what is ready. Called from inside a poll; false: out of memory.
  bool note_ready(LoopCore& core, int descriptor, unsigned events);

  /// Memory that one read at a time may use before anything else runs; null when there is none.
  char* scratch();
  static constexpr size_t kScratchSize = 256 * 1024;

 private:
  struct Entry {
    Value targets[2];  // by IoEvent
    unsigned events() const {
      return (targets[0].is_empty() ? 0u : 1u) | (targets[1].is_empty() ? 0u : 2u);
    }
  };
  std::vector<Entry> entries_;  // by descriptor
  char* scratch_ = nullptr;
};

}  // namespace apy
