#pragma once
#include "vm/binding/bind.h"

namespace apy {

/// loop.getaddrinfo(): asks the resolver on libuv's threads; a future of `loop`.
Result<Value> resolve_in_loop(VM& vm, Value loop, Value host, Value port, Optional<int64_t> family,
                              Optional<int64_t> type, Optional<int64_t> protocol,
                              Optional<int64_t> flags);

}  // namespace apy
