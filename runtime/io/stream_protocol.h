#pragma once
// StreamProtocol: flow control, and the way from a transport to a StreamReader; the native half of
// asyncio.streams.FlowControlMixin and StreamReaderProtocol.
#include "runtime/io/stream_reader.h"

namespace apy {

struct StreamProtocol : NativeObject {
  static const NativeClass kClass;
  IoState* state;  // the engine's, at hand
  Value loop;
  Value reader;         // what data_received() feeds, or None
  List* drain_waiters;  // futures of drain(); null: none
  PlainMethod plain_received;
  bool writing_paused;
  bool connection_lost;
};

extern const NativeTypeDef kStreamProtocolType;

/// The reader that takes what `protocol` receives, if no script method comes in between; else null.
StreamReader* stream_reader_behind(VM& vm, Value protocol);
Result<void> add_drain_waiter(VM& vm, StreamProtocol* protocol, Value future);
void remove_drain_waiter(VM& vm, StreamProtocol* protocol, Value future);

}  // namespace apy
