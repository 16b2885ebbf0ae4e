// Names and numbers: the resolver, textual addresses, byte order, services and interfaces.
#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stdlib/socket/resolve.h"
#include "stdlib/socket/socket.h"
#include "vm/binding/bind.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

const char kGaiErrorKey = 0, kHostErrorKey = 0;

Error raise_resolver(VM& vm, const char* key, int code, const char* text) {
  Value arguments[2] = {Value::small_int(code), TRY(make_str(vm, text))};
  Value type = static_cast<Cell*>(vm.module_state(key));
  return vm.raise_exception(TRY(vm.call(type, arguments)));
}
Error raise_herror(VM& vm, int code) {
  return raise_resolver(vm, &kHostErrorKey, code, hstrerror(code));
}

/// A class made as a class statement would make it.
Result<void> add_error(VM& vm, Module* module, const char* key, const char* name) {
  Dict* names = TRY(make_dict(vm));
  TRY(dict_set_str(vm, names, vm.names().module_, TRY(make_str(vm, "socket"))));
  Value base = vm.type(BuiltinType::OSError);
  Value made = TRY(vm.call(vm.type(BuiltinType::Type),
                           {TRY(make_str(vm, name)), TRY(make_tuple(vm, {&base, 1})), names}));
  vm.module_state(key) = made.cell();
  return module_set(vm, module, name, made);
}

// --- the resolver ---

struct Resolved {
  addrinfo* first = nullptr;
  ~Resolved() {
    if (first) freeaddrinfo(first);
  }
};

Result<std::string> service_text(VM& vm, Value port) {
  if (is_int(port)) return int_to_string(vm, port);
  if (Str* text = try_as<Str>(port)) return to_utf8(text);
  if (Bytes* bytes = try_as<Bytes>(port)) return std::string(bytes->view());
  return vm.raise(Exc::OSError, "Int or String expected");
}

SocketAddress address_of(const addrinfo* info) {
  SocketAddress address;
  address.size = std::min<socklen_t>(info->ai_addrlen, sizeof address.storage);
  std::memcpy(&address.storage, info->ai_addr, address.size);
  return address;
}

}  // namespace

Result<void> ResolverRequest::parse(VM& vm, Value host_value, Value port,
                                    const Optional<int64_t>& family, const Optional<int64_t>& type,
                                    const Optional<int64_t>& protocol,
                                    const Optional<int64_t>& flags) {
  has_host = !host_value.is_none();
  has_service = !port.is_none();
  if (has_host) {
    if (!is_kind(host_value, CellKind::Str) && !is_kind(host_value, CellKind::Bytes))
      return vm.raise(Exc::TypeError, "getaddrinfo() argument 1 must be string or None");
    host = TRY(host_text(vm, host_value));
  }
  if (has_service) service = TRY(service_text(vm, port));
  hints.ai_family = static_cast<int>(family.value_or(AF_UNSPEC));
  hints.ai_socktype = static_cast<int>(type.value_or(0));
  hints.ai_protocol = static_cast<int>(protocol.value_or(0));
  hints.ai_flags = static_cast<int>(flags.value_or(0));
  return {};
}

void ResolverRequest::ask() noexcept {
  code = getaddrinfo(has_host ? host.c_str() : nullptr, has_service ? service.c_str() : nullptr,
                     &hints, &found);
  system_error = errno;
}

Result<Value> ResolverRequest::answer(VM& vm) const {
  if (code == EAI_SYSTEM) return raise_socket_error(vm, system_error);
  if (code != 0) return raise_gaierror(vm, code);
  List* list = TRY(make_list(vm, size_t{0}));
  for (addrinfo* info = found; info; info = info->ai_next) {
    Value entry[5] = {Value::small_int(info->ai_family), Value::small_int(info->ai_socktype),
                      Value::small_int(info->ai_protocol),
                      TRY(make_str(vm, info->ai_canonname ? info->ai_canonname : "")),
                      TRY(address_value(vm, address_of(info)))};
    TRY(list_append(vm, list, TRY(make_tuple(vm, entry))));
  }
  return list;
}

namespace {

Result<Value> method_getaddrinfo(VM& vm, Value host, Value port, Optional<int64_t> family,
                                 Optional<int64_t> type, Optional<int64_t> protocol,
                                 Optional<int64_t> flags) {
  ResolverRequest request;
  TRY(request.parse(vm, host, port, family, type, protocol, flags));
  request.ask();
  return request.answer(vm);
}

Result<Value> method_getnameinfo(VM& vm, Value value, int64_t flags) {
  Tuple* tuple = try_as<Tuple>(value);
  if (!tuple) return vm.raise(Exc::TypeError, "getnameinfo() argument 1 must be a tuple");
  if (tuple->length < 2 || tuple->length > 4)
    return vm.raise(Exc::TypeError, "getnameinfo(): illegal sockaddr argument");
  if (!is_kind(tuple->values()[0], CellKind::Str))
    return vm.raise(Exc::TypeError, "getnameinfo(): illegal sockaddr argument");
  std::string host = TRY(host_text(vm, tuple->values()[0]));
  int64_t numbers[3] = {0, 0, 0};
  for (uint64_t i = 1; i < tuple->length; ++i)
    numbers[i - 1] = TRY(to_int64(vm, tuple->values()[i]));
  if (numbers[1] < 0 || numbers[1] > 0xfffff)
    return vm.raise(Exc::OverflowError, "getnameinfo(): flowinfo must be 0-1048575.");
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICHOST;
  Resolved found;
  int code = getaddrinfo(host.c_str(), std::to_string(numbers[0]).c_str(), &hints, &found.first);
  if (code != 0) return raise_gaierror(vm, code);
  if (found.first->ai_next)
    return vm.raise(Exc::OSError, "sockaddr resolved to multiple addresses");
  SocketAddress address = address_of(found.first);
  if (found.first->ai_family == AF_INET && tuple->length != 2)
    return vm.raise(Exc::OSError, "IPv4 sockaddr must be 2 tuple");
  if (found.first->ai_family == AF_INET6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_flowinfo = htonl(static_cast<uint32_t>(numbers[1]));
    v6->sin6_scope_id = static_cast<uint32_t>(numbers[2]);
  }
  char name[NI_MAXHOST], service[NI_MAXSERV];
  code = getnameinfo(&address.generic, address.size, name, sizeof name, service, sizeof service,
                     static_cast<int>(flags));
  if (code != 0) return raise_gaierror(vm, code);
  Value pair[2] = {TRY(make_str(vm, name)), TRY(make_str(vm, service))};
  return make_tuple(vm, pair);
}

/// The first IPv4 address of a host.
Result<std::string> ipv4_text(VM& vm, Value host) {
  Value pair[2] = {host, Value::small_int(0)};
  SocketAddress address =
      TRY(parse_address(vm, AF_INET, TRY(make_tuple(vm, pair)), "gethostbyname"));
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(&address.storage)->sin_addr, text,
            sizeof text);
  return std::string(text);
}
Result<Value> method_gethostbyname(VM& vm, Value host) {
  return make_str(vm, TRY(ipv4_text(vm, host)));
}

Result<Value> host_entry(VM& vm, const hostent* entry) {
  List* aliases = TRY(make_list(vm, size_t{0}));
  List* addresses = TRY(make_list(vm, size_t{0}));
  for (char** alias = entry->h_aliases; alias && *alias; ++alias)
    TRY(list_append(vm, aliases, TRY(make_str(vm, *alias))));
  for (char** each = entry->h_addr_list; each && *each; ++each) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(entry->h_addrtype, *each, text, sizeof text);
    TRY(list_append(vm, addresses, TRY(make_str(vm, text))));
  }
  Value parts[3] = {TRY(make_str(vm, entry->h_name)), aliases, addresses};
  return make_tuple(vm, parts);
}
Result<Value> method_gethostbyname_ex(VM& vm, Value host) {
  std::string name = TRY(host_text(vm, host));
  TRY(ipv4_text(vm, host));  // raises what the resolver says
  hostent entry{};
  hostent* found = nullptr;
  char data[16384];
  int error = 0;
  gethostbyname2_r(name.c_str(), AF_INET, &entry, data, sizeof data, &found, &error);
  if (!found) return raise_herror(vm, error);
  return host_entry(vm, found);
}
Result<Value> method_gethostbyaddr(VM& vm, Value host) {
  std::string name = TRY(host_text(vm, host));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  Resolved resolved;
  int code = getaddrinfo(name.c_str(), nullptr, &hints, &resolved.first);
  if (code != 0) return raise_gaierror(vm, code);
  SocketAddress address = address_of(resolved.first);
  int family = resolved.first->ai_family;
  const void* raw =
      family == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(&address.storage)->sin_addr)
          : &reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_addr;
  hostent entry{};
  hostent* found = nullptr;
  char data[16384];
  int error = 0;
  gethostbyaddr_r(raw, family == AF_INET ? 4 : 16, family, &entry, data, sizeof data, &found,
                  &error);
  if (!found) return raise_herror(vm, error);
  return host_entry(vm, found);
}

Result<Value> method_gethostname(VM& vm) {
  char name[1024];
  if (::gethostname(name, sizeof name) != 0) return raise_socket_error(vm, errno);
  name[sizeof name - 1] = '\0';
  return make_str(vm, name);
}

// --- textual and packed addresses ---

Result<Value> method_inet_aton(VM& vm, Str* text) {
  in_addr packed{};
  if (::inet_aton(to_utf8(text).c_str(), &packed) == 0)
    return vm.raise(Exc::OSError, "illegal IP address string passed to inet_aton");
  return make_bytes(vm, std::string_view(reinterpret_cast<char*>(&packed), sizeof packed));
}
Result<Value> method_inet_ntoa(VM& vm, Value value) {
  std::string_view packed;
  if (!get_bytes(value, &packed))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
  if (packed.size() != sizeof(in_addr))
    return vm.raise(Exc::OSError, "packed IP wrong length for inet_ntoa");
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, packed.data(), text, sizeof text);
  return make_str(vm, text);
}
Result<Value> method_inet_pton(VM& vm, int64_t family, Str* text) {
  char packed[sizeof(in6_addr)];
  int done = ::inet_pton(static_cast<int>(family), to_utf8(text).c_str(), packed);
  if (done < 0) return raise_socket_error(vm, errno);
  if (done == 0) return vm.raise(Exc::OSError, "illegal IP address string passed to inet_pton");
  return make_bytes(vm, std::string_view(packed, family == AF_INET ? 4 : 16));
}
Result<Value> method_inet_ntop(VM& vm, int64_t family, Value value) {
  std::string_view packed;
  if (!get_bytes(value, &packed))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
  if (family != AF_INET && family != AF_INET6)
    return vm.raise(Exc::ValueError, "unknown address family {}", family);
  if (packed.size() != (family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr)))
    return vm.raise(Exc::ValueError, "invalid length of packed IP address string");
  char text[INET6_ADDRSTRLEN];
  inet_ntop(static_cast<int>(family), packed.data(), text, sizeof text);
  return make_str(vm, text);
}

// --- byte order ---

template <bool to_host>
Result<int64_t> short_order(VM& vm, Value value) {
  const char* name = to_host ? "ntohs" : "htons";
  int64_t number;
  if (!fits_int64(TRY(to_index(vm, value)), &number) || number > 0xffff)
    return vm.raise(Exc::OverflowError,
                    "{}: Python int too large to convert to C 16-bit unsigned integer", name);
  if (number < 0)
    return vm.raise(Exc::OverflowError,
                    "{}: can't convert negative Python int to C 16-bit unsigned integer", name);
  return htons(static_cast<uint16_t>(number));
}
Result<int64_t> long_order(VM& vm, Value value) {
  if (!is_int(value)) return vm.raise(Exc::TypeError, "expected int, {} found", vm.type_of(value));
  int64_t number;
  if (!fits_int64(value, &number) || number > 0xffffffff)
    return vm.raise(Exc::OverflowError, "int larger than 32 bits");
  if (number < 0)
    return vm.raise(Exc::OverflowError, "can't convert negative value to unsigned int");
  return htonl(static_cast<uint32_t>(number));
}

// --- services, protocols, interfaces ---

Result<int64_t> method_getservbyname(VM& vm, Str* name, Optional<Str*> protocol) {
  std::string protocol_name = protocol.present ? to_utf8(protocol.value) : "";
  servent entry{};
  servent* found = nullptr;
  char data[4096];
  getservbyname_r(to_utf8(name).c_str(), protocol.present ? protocol_name.c_str() : nullptr, &entry,
                  data, sizeof data, &found);
  if (!found) return vm.raise(Exc::OSError, "service/proto not found");
  return ntohs(static_cast<uint16_t>(found->s_port));
}
Result<Value> method_getservbyport(VM& vm, int64_t port, Optional<Str*> protocol) {
  if (port < 0 || port > 0xffff)
    return vm.raise(Exc::OverflowError, "getservbyport: port must be 0-65535.");
  std::string protocol_name = protocol.present ? to_utf8(protocol.value) : "";
  servent entry{};
  servent* found = nullptr;
  char data[4096];
  getservbyport_r(htons(static_cast<uint16_t>(port)),
                  protocol.present ? protocol_name.c_str() : nullptr, &entry, data, sizeof data,
                  &found);
  if (!found) return vm.raise(Exc::OSError, "port/proto not found");
  return make_str(vm, found->s_name);
}
Result<int64_t> method_getprotobyname(VM& vm, Str* name) {
  protoent entry{};
  protoent* found = nullptr;
  char data[4096];
  getprotobyname_r(to_utf8(name).c_str(), &entry, data, sizeof data, &found);
  if (!found) return vm.raise(Exc::OSError, "protocol not found");
  return found->p_proto;
}
Result<Value> method_if_nameindex(VM& vm) {
  struct Interfaces {
    struct if_nameindex* first = ::if_nameindex();
    ~Interfaces() {
      if (first) if_freenameindex(first);
    }
  } interfaces;
  if (!interfaces.first) return raise_socket_error(vm, errno);
  List* list = TRY(make_list(vm, size_t{0}));
  for (auto* each = interfaces.first; each->if_index != 0; ++each) {
    Value pair[2] = {Value::small_int(each->if_index), TRY(make_str(vm, each->if_name))};
    TRY(list_append(vm, list, TRY(make_tuple(vm, pair))));
  }
  return list;
}
Result<int64_t> method_if_nametoindex(VM& vm, Str* name) {
  unsigned index = ::if_nametoindex(to_utf8(name).c_str());
  if (index == 0) return vm.raise(Exc::OSError, "no interface with this name");
  return index;
}
Result<Value> method_if_indextoname(VM& vm, int64_t index) {
  char name[IF_NAMESIZE];
  if (index < 0 || index > UINT32_MAX || !::if_indextoname(static_cast<unsigned>(index), name))
    return raise_socket_error(vm, index < 0 || index > UINT32_MAX ? ENXIO : errno);
  return make_str(vm, name);
}

constexpr NativeFunctionDef kFunctions[] = {
    {"getaddrinfo(host, port, family=0, type=0, proto=0, flags=0)",
     "Addresses of a host and service: (family, type, proto, canonname, address) each.",
     bind<method_getaddrinfo>()},
    {"getnameinfo(sockaddr, flags, /)", "The (host, service) of an address.",
     bind<method_getnameinfo>()},
    {"gethostbyname(host, /)", "The IPv4 address of a host.", bind<method_gethostbyname>()},
    {"gethostbyname_ex(host, /)", "(name, aliases, addresses) of a host.",
     bind<method_gethostbyname_ex>()},
    {"gethostbyaddr(host, /)", "(name, aliases, addresses) of an address.",
     bind<method_gethostbyaddr>()},
    {"gethostname()", "The name of this machine.", bind<method_gethostname>()},
    {"inet_aton(ip_addr, /)", "The four bytes of an IPv4 address.", bind<method_inet_aton>()},
    {"inet_ntoa(packed_ip, /)", "The text of four bytes.", bind<method_inet_ntoa>()},
    {"inet_pton(af, ip, /)", "The bytes of an IPv4 or IPv6 address.", bind<method_inet_pton>()},
    {"inet_ntop(af, packed_ip, /)", "The text of a packed IPv4 or IPv6 address.",
     bind<method_inet_ntop>()},
    {"htons(x, /)", "16 bits from host to network order.", bind<short_order<false>>()},
    {"ntohs(x, /)", "16 bits from network to host order.", bind<short_order<true>>()},
    {"htonl(x, /)", "32 bits from host to network order.", bind<long_order>()},
    {"ntohl(x, /)", "32 bits from network to host order.", bind<long_order>()},
    {"getservbyname(servicename, protocolname=None, /)", "The port of a service.",
     bind<method_getservbyname>()},
    {"getservbyport(port, protocolname=None, /)", "The service of a port.",
     bind<method_getservbyport>()},
    {"getprotobyname(name, /)", "The number of a protocol.", bind<method_getprotobyname>()},
    {"if_nameindex()", "(index, name) of each network interface.", bind<method_if_nameindex>()},
    {"if_nametoindex(oname, /)", "The index of a network interface.",
     bind<method_if_nametoindex>()},
    {"if_indextoname(if_index, /)", "The name of a network interface.",
     bind<method_if_indextoname>()},
};

}  // namespace

extern const std::span<const NativeFunctionDef> kResolveFunctions = kFunctions;

Error raise_gaierror(VM& vm, int code) {
  if (code == EAI_SYSTEM) return raise_socket_error(vm, errno);
  return raise_resolver(vm, &kGaiErrorKey, code, gai_strerror(code));
}

Result<void> add_socket_errors(VM& vm, Module* module) {
  TRY(add_error(vm, module, &kGaiErrorKey, "gaierror"));
  TRY(add_error(vm, module, &kHostErrorKey, "herror"));
  TRY(module_set(vm, module, "timeout", vm.type(BuiltinType::TimeoutError)));
  return module_set(vm, module, "error", vm.type(BuiltinType::OSError));
}

}  // namespace apy
