#include "lexer/token.h"

#include <cstddef>

namespace apy {

std::string_view token_kind_spelling(TokenKind kind) {
  static constexpr std::string_view kSpellings[] = {
#define APY_TOKEN(kind, description) description,
#define APY_OPERATOR(kind, spelling) spelling,
#define APY_KEYWORD(kind, spelling) spelling,
#include "lexer/token.def"
  };
  return kSpellings[static_cast<size_t>(kind)];
}

}  // namespace apy
