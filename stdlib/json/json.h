#pragma once
// The native half of json: _json.
#include "vm/binding/bind.h"

namespace apy::json {

/// As deep as CPython goes.
constexpr uint32_t kMaxDepth = 10000;
/// One level of a value, while it exists.
class Nesting {
 public:
  explicit Nesting(uint32_t* depth) : depth_(depth) { ++*depth_; }
  Nesting(const Nesting&) = delete;
  ~Nesting() { --*depth_; }

 private:
  uint32_t* depth_;
};

/// Empty functions mean the builtin conversion.
struct DecoderOptions {
  bool strict = true;
  Value object_hook = Value::none(), object_pairs_hook = Value::none();
  Value parse_float = {}, parse_int = {}, parse_constant = Value::none();
};

// --- decode.cpp ---
extern const NativeTypeDef kScannerType;
/// (the string that begins at text[end], where it ends)
Result<Value> scan_string(VM& vm, Value text, int64_t end, Optional<bool> strict);
/// The first position from `index` on that is no JSON white space.
Result<int64_t> skip_space(VM& vm, Str* text, int64_t index);

// --- encode.cpp ---
Result<Value> encode(VM& vm, const Arguments& arguments);
Result<Value> quote(VM& vm, Value text);
Result<Value> quote_ascii(VM& vm, Value text);

}  // namespace apy::json
