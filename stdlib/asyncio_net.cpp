// The native module _asyncio_net: transports and streams, on which asyncio.streams and
// asyncio.selector_events build.
#include "runtime/io/io_state.h"
#include "runtime/io/stream_operation.h"
#include "runtime/io/stream_writer.h"
#include "runtime/io/transport.h"
#include "stdlib/native_iterator.h"
#include "stdlib/socket/resolve_in_loop.h"

namespace apy {

namespace {

constexpr NativeFunctionDef kFunctions[] = {
    {"getaddrinfo(loop, host, port, family=0, type=0, proto=0, flags=0, /)",
     "A future for the result of socket.getaddrinfo(), which runs in a thread.",
     bind<resolve_in_loop>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(create_io_state(vm));
  TRY(create_stream_operation_type(vm));
  TRY(add_native_type(vm, module, kTransportType, "SocketTransport"));
  TRY(add_native_type(vm, module, kStreamReaderType, "StreamReader"));
  TRY(add_native_type(vm, module, kStreamProtocolType, "FlowControl"));
  return add_native_type(vm, module, kStreamWriterType, "StreamWriter");
}

}  // namespace

extern const NativeModuleDef kAsyncioNetModule = {
    "_asyncio_net", "Transports and streams of asyncio.", kFunctions, initialize};

}  // namespace apy
