#pragma once
// A question to the system's resolver: made and answered on the engine's thread, asked on any.
#include <netdb.h>

#include <string>

#include "vm/binding/bind.h"

namespace apy {

struct ResolverRequest {
  std::string host, service;
  bool has_host = false, has_service = false;
  addrinfo hints{};
  addrinfo* found = nullptr;
  int code = 0;
  int system_error = 0;

  ResolverRequest() = default;
  ResolverRequest(const ResolverRequest&) = delete;
  ~ResolverRequest() {
    if (found) freeaddrinfo(found);
  }

  /// From the arguments of getaddrinfo().
  Result<void> parse(VM& vm, Value host_value, Value port, const Optional<int64_t>& family,
                     const Optional<int64_t>& type, const Optional<int64_t>& protocol,
                     const Optional<int64_t>& flags);
  /// Asks. Touches nothing of the engine.
  void ask() noexcept;
  /// The list that getaddrinfo() returns, or its error.
  Result<Value> answer(VM& vm) const;
};

}  // namespace apy
