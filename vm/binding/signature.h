#pragma once
// Signature: the parsed form of NativeFunctionDef::signature.
#include <string_view>
#include <vector>

#include "vm/binding/native.h"

namespace apy {

struct SignatureParameter {
  enum class Kind : uint8_t { PositionalOnly, Normal, KeywordOnly, VarPositional, VarKeyword };
  std::string_view name;
  std::string_view fallback;  // text of the default value; empty: required
  Kind kind;
  bool is_required() const {
    return fallback.empty() && kind != Kind::VarPositional && kind != Kind::VarKeyword;
  }
};

struct Signature {
  std::vector<SignatureParameter> parameters;
  bool has_receiver = false;  // the first parameter is self or cls

  explicit Signature(const NativeFunctionDef& definition);
  /// The parameters without the receiver.
  std::span<const SignatureParameter> own() const {
    return std::span(parameters).subspan(has_receiver ? 1 : 0);
  }
};

}  // namespace apy
