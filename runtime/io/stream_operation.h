#pragma once
// StreamOperation: what StreamReader.read() and its kin and StreamWriter.drain() give to `await`.
#include "runtime/io/stream_protocol.h"
#include "runtime/io/stream_reader.h"

namespace apy {

struct StreamOperation : NativeObject {
  static const NativeClass kClass;
  enum class Kind : uint8_t { Read, ReadAll, ReadLine, ReadUntil, ReadExactly, Next, Drain };
  enum class Stage : uint8_t { New, Waiting, Yielded, Done };
  Value subject;     // StreamReader; for Drain a StreamProtocol
  Value separators;  // ReadUntil: Tuple of Bytes
  Value future;      // while waiting
  Value reader;      // Drain: the stream's other half, whose exception is raised; or None
  Value transport;   // Drain
  ByteQueue collected;
  int64_t count;
  uint64_t searched;  // bytes of the buffer in which no separator begins
  Kind kind;
  Stage stage;
};

/// Once per engine, before the first operation.
Result<void> create_stream_operation_type(VM& vm);

Result<StreamOperation*> make_stream_operation(VM& vm, const IoState* state,
                                               StreamOperation::Kind kind, Value subject);

}  // namespace apy
