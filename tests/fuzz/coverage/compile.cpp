// Lexer, parser, compiler and verifier over any bytes: they give code or an exception of four
// kinds.
#include "engine.h"

namespace {

constexpr char kPrelude[] = R"apy(
modes = ('exec', 'eval', 'single', 'tree')
def target(data):
    mode = modes[data[0] % 4] if data else 'exec'
    source = data[1:]
    try:
        if mode == 'tree':
            tree = ast.parse(source)
            ast.dump(tree)
            compile(tree, 'f', 'exec')
            ast.parse(ast.unparse(tree))
        else:
            compile(source, 'f', mode)
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError, KeyboardInterrupt):
        pass
    except BaseException as error:
        fail(type(error).__name__ + ': ' + str(error))
)apy";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string prelude =
      std::string("def fail(text): raise SystemExit(text)\n") + kPrelude;
  apy_fuzz::give(prelude.c_str(), data, size);
  return 0;
}
