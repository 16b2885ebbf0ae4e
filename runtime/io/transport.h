#pragma once
// Transport: a connected stream socket of a loop; the native half of asyncio's socket transports.
//
// Reading goes straight from the descriptor into the protocol: when the socket is readable the
// loop's turn receives and calls data_received (or, for a BufferedProtocol, into the buffer that
// the protocol gives). A protocol of asyncio's streams is fed without a call: the bytes go into its
// reader (stream_reader.h). Writing sends at once and keeps only what the system does not take.
//
// The script half (asyncio.selector_events) derives from this type, makes the socket and the extra
// information; nothing of it runs per message.
#include "runtime/io/byte_queue.h"
#include "runtime/io/descriptor_table.h"
#include "runtime/io/plain_method.h"
#include "vm/binding/native.h"

namespace apy {

struct Transport : IoObject {
  static const NativeClass kClass;
  Value loop;      // None once the connection is lost
  Value protocol;  // likewise
  Value socket;    // likewise
  Value extra;     // Dict
  Value server;    // or None
  Value context;   // of the callbacks
  ByteQueue output;
  uint64_t high_water, low_water;
  PlainMethod plain_write;
  uint32_t lost_count;  // not 0: the connection is lost or about to be told so
  int descriptor;
  bool is_socket;  // or a pipe
  bool closing;
  bool write_ended;  // write_eof() was called
  bool reading_paused;
  bool protocol_paused;
  bool protocol_connected;
  bool protocol_is_buffered;
};

extern const NativeTypeDef kTransportType;

/// `value` as a transport whose write() is the native one, else null.
Transport* plain_transport(VM& vm, Value value);
Result<void> transport_write(VM& vm, Transport* transport, Value data);
Result<void> transport_close(VM& vm, Transport* transport);
Result<void> transport_pause_reading(VM& vm, Transport* transport);
Result<void> transport_resume_reading(VM& vm, Transport* transport);

}  // namespace apy
