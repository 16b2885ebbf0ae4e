#pragma once
// deque: a double-ended queue, a ring buffer of values.
#include "vm/binding/native.h"
#include "vm/objects/containers.h"

namespace apy {

struct Deque : NativeObject {
  static const NativeClass kClass;
  ValueArray* storage;  // null while empty; capacity is a power of two or used as such, see `mask`
  uint64_t head;        // position of the first item
  uint64_t length;
  uint64_t mask;     // places - 1
  int64_t limit;     // maxlen, -1: none
  uint64_t version;  // changes with every change of the items

  Value& at(uint64_t i) { return storage->values()[(head + i) & mask]; }
};

Result<void> deque_append(VM& vm, Deque* deque, Value item);
Result<void> deque_append_left(VM& vm, Deque* deque, Value item);
/// The deque is not empty.
Value deque_take(VM& vm, Deque* deque);
Value deque_take_left(VM& vm, Deque* deque);

extern const NativeTypeDef kDequeType, kDequeIteratorType, kDequeReverseIteratorType;

}  // namespace apy
