#pragma once
// What native input and output keeps per engine: the names of the protocol's methods.
#include "vm/objects/type.h"
#include "vm/objects/vm.h"

namespace apy {

// clang-format off
#define IO_NAMES(X)                                                                               \
  X(connection_made)                                                                              \
  X(connection_lost)                                                                              \
  X(data_received) X(eof_received) X(pause_writing) X(resume_writing) X(get_buffer)               \
      X(buffer_updated) X(feed_data) X(feed_eof) X(pause_reading) X(resume_reading) X(write)      \
          X(writelines) X(close) X(shutdown) X(is_closing) X(_detach) X(_attach) X(exception)     \
              X(write_eof) X(can_write_eof) X(get_extra_info) X(_drain_helper) X(abort) X(fileno) \
                  X(_drain) X(set_exception)
// clang-format on

struct IoState : NativeObject {
  static const NativeClass kClass;
  struct Names {
#define IO_NAME(name) Str* name;
    IO_NAMES(IO_NAME)
#undef IO_NAME
  } names;
  Type* operation_type;  // of StreamOperation
};

/// Made by the module at import; whoever has an object of runtime/io has it.
IoState& io_state(VM& vm);
Result<void> create_io_state(VM& vm);

/// Reports an error as asyncio does: call_exception_handler with message, exception, transport and
/// protocol. The exception is taken from the VM if it is empty.
Result<void> report_io_error(VM& vm, Value loop, std::string_view message, Value exception,
                             Value transport, Value protocol);

}  // namespace apy
