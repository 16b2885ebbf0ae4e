#pragma once
// co_flags of `from __future__ import ...`; the values are CPython's.
#include <cstdint>

namespace apy {

constexpr uint32_t kFutureAnnotations = 0x1000000;

}  // namespace apy
