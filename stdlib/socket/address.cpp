// Addresses between the script's form and the system's.
#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstring>

#include "stdlib/socket/socket.h"
#include "vm/objects/codec.h"
#include "vm/objects/protocol.h"
#include "vm/objects/text.h"

namespace apy {

Result<std::string> host_text(VM& vm, Value host) {
  std::string text;
  if (Str* string = try_as<Str>(host)) {
    if (!string->is_ascii())
      return vm.raise(Exc::UnicodeError, "host names beyond ASCII are not supported");
    text = to_utf8(string);
  } else if (is_kind(host, CellKind::Bytes) || is_kind(host, CellKind::ByteArray)) {
    std::string_view bytes;
    get_bytes(host, &bytes);
    text = bytes;
  } else {
    return vm.raise(Exc::TypeError, "str, bytes or bytearray expected, not {}", vm.type_of(host));
  }
  if (text.find('\0') != std::string::npos)
    return vm.raise(Exc::TypeError, "host name must not contain null character");
  return text;
}

namespace {

/// Fills in a numeric address, or one that the resolver knows.
Result<void> resolve_host(VM& vm, int family, Value host, SocketAddress* address) {
  std::string text = TRY(host_text(vm, host));
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address->storage);
  address->storage.ss_family = static_cast<sa_family_t>(family);
  address->size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (text.empty()) return {};  // any address, which is all zeros
  if (family == AF_INET && text == "<broadcast>") {
    v4->sin_addr.s_addr = INADDR_BROADCAST;
    return {};
  }
  void* numeric = family == AF_INET ? static_cast<void*>(&v4->sin_addr) : &v6->sin6_addr;
  if (inet_pton(family, text.c_str(), numeric) == 1) return {};
  addrinfo hints{};
  hints.ai_family = family;
  addrinfo* found = nullptr;
  int code = getaddrinfo(text.c_str(), nullptr, &hints, &found);
  if (code != 0) return raise_gaierror(vm, code);
  if (found->ai_addrlen <= sizeof address->storage)
    std::memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return {};
}

Result<uint16_t> parse_port(VM& vm, Value port, const char* function) {
  Value number = TRY(to_index(vm, port));
  int64_t value;
  if (!fits_int64(number, &value) || value < 0 || value > 0xffff)
    return vm.raise(Exc::OverflowError, "{}(): port must be 0-65535.", function);
  return static_cast<uint16_t>(value);
}

Result<SocketAddress> parse_inet(VM& vm, Value value, const char* function) {
  Tuple* tuple = try_as<Tuple>(value);
  if (!tuple)
    return vm.raise(Exc::TypeError, "{}(): AF_INET address must be tuple, not {}", function,
                    vm.type_of(value));
  if (tuple->length != 2)
    return vm.raise(Exc::TypeError, "AF_INET address must be a pair (host, port)");
  SocketAddress address;
  // CPython converts the host first and the port then, which shows in what is raised.
  TRY(host_text(vm, tuple->values()[0]));
  uint16_t port = TRY(parse_port(vm, tuple->values()[1], function));
  TRY(resolve_host(vm, AF_INET, tuple->values()[0], &address));
  reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
  return address;
}

Result<SocketAddress> parse_inet6(VM& vm, Value value, const char* function) {
  Tuple* tuple = try_as<Tuple>(value);
  if (!tuple)
    return vm.raise(Exc::TypeError, "{}(): AF_INET6 address must be tuple, not {}", function,
                    vm.type_of(value));
  if (tuple->length < 2 || tuple->length > 4)
    return vm.raise(Exc::TypeError,
                    "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])");
  int64_t numbers[2] = {0, 0};
  SocketAddress address;
  TRY(host_text(vm, tuple->values()[0]));
  uint16_t port = TRY(parse_port(vm, tuple->values()[1], function));
  for (uint64_t i = 2; i < tuple->length; ++i)
    numbers[i - 2] = TRY(to_int64(vm, tuple->values()[i]));
  TRY(resolve_host(vm, AF_INET6, tuple->values()[0], &address));
  if (numbers[0] < 0 || numbers[0] > 0xfffff)
    return vm.raise(Exc::OverflowError, "{}(): flowinfo must be 0-1048575.", function);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  v6->sin6_port = htons(port);
  v6->sin6_flowinfo = htonl(static_cast<uint32_t>(numbers[0]));
  if (tuple->length > 3) v6->sin6_scope_id = static_cast<uint32_t>(numbers[1]);
  return address;
}

Result<SocketAddress> parse_unix(VM& vm, Value value) {
  SocketAddress address;
  std::string path;
  std::string_view bytes;
  if (Str* text = try_as<Str>(value)) {
    path = TRY(encode_text(vm, text, "utf-8", "surrogateescape"))->view();
  } else if (get_bytes(value, &bytes)) {
    path = bytes;
  } else {
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
  }
  // A path ends with a zero byte; a name of the abstract space begins with one and has its length.
  bool is_abstract = !path.empty() && path[0] == '\0';
  if (path.size() + (is_abstract ? 0 : 1) > sizeof address.unix_path.sun_path)
    return vm.raise(Exc::OSError, "AF_UNIX path too long");
  address.unix_path.sun_family = AF_UNIX;
  std::memcpy(address.unix_path.sun_path, path.data(), path.size());
  size_t size = offsetof(sockaddr_un, sun_path) + path.size();
  address.size = static_cast<socklen_t>(is_abstract || path.empty() ? size : size + 1);
  return address;
}

}  // namespace

Result<SocketAddress> parse_address(VM& vm, int family, Value address, const char* function) {
  switch (family) {
    case AF_INET:
      return parse_inet(vm, address, function);
    case AF_INET6:
      return parse_inet6(vm, address, function);
    case AF_UNIX:
      return parse_unix(vm, address);
  }
  return vm.raise(Exc::OSError, "{}(): bad family", function);
}

Result<Value> address_value(VM& vm, const SocketAddress& address) {
  if (address.size == 0) return Value::none();
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
  switch (address.storage.ss_family) {
    case AF_INET: {
      auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
      inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
      Value pair[2] = {TRY(make_str(vm, text)), Value::small_int(ntohs(v4->sin_port))};
      return make_tuple(vm, pair);
    }
    case AF_INET6: {
      auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
      // With the scope in the text, as the resolver writes it.
      if (getnameinfo(&address.generic, address.size, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) != 0)
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
      Value parts[4] = {TRY(make_str(vm, text)), Value::small_int(ntohs(v6->sin6_port)),
                        Value::small_int(ntohl(v6->sin6_flowinfo)),
                        Value::small_int(v6->sin6_scope_id)};
      return make_tuple(vm, parts);
    }
    case AF_UNIX: {
      const char* path = address.unix_path.sun_path;
      size_t start = offsetof(sockaddr_un, sun_path);
      size_t size = address.size > start ? address.size - start : 0;
      if (size > 0 && path[0] == '\0') return make_bytes(vm, std::string_view(path, size));
      return decode_text(vm, std::string_view(path, strnlen(path, size)), Value(), "utf-8",
                         "surrogateescape");
    }
  }
  const char* raw = reinterpret_cast<const char*>(&address.storage);
  size_t start = sizeof(sa_family_t);
  std::string_view rest(raw + start, address.size > start ? address.size - start : 0);
  Value pair[2] = {Value::small_int(address.storage.ss_family), TRY(make_bytes(vm, rest))};
  return make_tuple(vm, pair);
}

}  // namespace apy
