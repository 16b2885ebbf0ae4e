#pragma once
// What the parts of the module `_socket` share: the socket object, addresses, waiting.
#include <sys/socket.h>
#include <sys/un.h>

#include "vm/binding/native.h"

namespace apy {

/// A socket of the system. `timeout` in nanoseconds: negative blocks without limit, 0 never blocks;
/// the descriptor itself is in blocking mode only in the first case.
struct SocketObject : NativeObject {
  static const NativeClass kClass;
  int descriptor;  // -1 once closed
  int family, type, protocol;
  int64_t timeout;
};

extern const NativeTypeDef kSocketType;

/// Any address of the system, and how much of it is used.
struct SocketAddress {
  union {
    sockaddr generic;
    sockaddr_storage storage;
    sockaddr_un unix_path;
  };
  socklen_t size = 0;
  SocketAddress() : storage{} {}
};

// --- address.cpp ---
/// A script's form of an address, for sockets of `family`; `function` is for messages.
Result<SocketAddress> parse_address(VM& vm, int family, Value address, const char* function);
/// The script's form: tuple, str, bytes, or None for an address without a family.
Result<Value> address_value(VM& vm, const SocketAddress& address);
/// The bytes of a host name (str in ASCII, bytes, bytearray), or of None as `fallback`.
Result<std::string> host_text(VM& vm, Value host);
/// gaierror with the system's text for a code of getaddrinfo.
Error raise_gaierror(VM& vm, int code);

// --- wait.cpp ---
/// OSError, or its subclass for the number.
Error raise_socket_error(VM& vm, int error_number);
/// Nanoseconds from a number of seconds or None (-1); ValueError when negative or too large.
Result<int64_t> parse_timeout(VM& vm, Value seconds);
/// The point in time when a wait of `timeout` ends (-1: never).
int64_t deadline_after(int64_t timeout);
/// Nanoseconds until then; negative when it is past.
int64_t time_until(int64_t deadline);
/// Waits until the descriptor is ready for `events` (POLLIN, POLLOUT). Signals and what the host
/// asks of the engine are served meanwhile; TimeoutError "timed out" after the deadline.
Result<void> wait_for_descriptor(VM& vm, int descriptor, short events, int64_t deadline);
bool set_descriptor_blocking(int descriptor, bool blocking);

// --- transfer.cpp, resolve.cpp, constants.cpp ---
extern const std::span<const NativeFunctionDef> kTransferMethods;
extern const std::span<const NativeFunctionDef> kResolveFunctions;
Result<void> add_socket_constants(VM& vm, Module* module);
/// The exceptions gaierror and herror.
Result<void> add_socket_errors(VM& vm, Module* module);

}  // namespace apy
