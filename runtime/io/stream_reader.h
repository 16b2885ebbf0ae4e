#pragma once
// StreamReader: bytes of a stream on their way from a transport to a task; the native half of
// asyncio.StreamReader.
//
// read(), readline() and their kin give a StreamOperation, a native awaitable: awaiting one whose
// data are there costs a call. One that must wait makes the reader's waiter, a future, and hands
// that to the task; when data come the future is done, the task is woken in the loop's next
// iteration, and the operation goes on where it was, all as asyncio has it.
#include "runtime/io/byte_queue.h"
#include "runtime/io/plain_method.h"
#include "vm/binding/native.h"

namespace apy {

struct StreamReader : NativeObject {
  static const NativeClass kClass;
  IoState* state;  // the engine's, at hand
  Value loop;
  Value waiter;     // Future of the operation that waits, or None
  Value exception;  // or None
  Value transport;  // or None
  Value source_traceback;
  ByteQueue buffer;
  uint64_t limit;
  PlainMethod plain_feed;
  bool ended;   // feed_eof() was called
  bool paused;  // the transport, by us
};

extern const NativeTypeDef kStreamReaderType;

Result<void> reader_feed(VM& vm, StreamReader* reader, std::string_view data);
/// Is feed_data() the native one?
bool reader_is_plain(VM& vm, StreamReader* reader);
/// Lets the transport go on if it was paused and there is room again.
Result<void> reader_resume_transport(VM& vm, StreamReader* reader);

}  // namespace apy
