// The bytes are a script, which runs under limits; it may raise and print what it likes.
#include "engine.h"

namespace {

constexpr char kPrelude[] = R"apy(
def target(data):
    try:
        code = compile(data, 'f', 'exec', flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, {'__name__': '__main__', '__builtins__': builtins})
        if hasattr(result, 'send'):
            with asyncio.Runner() as runner: runner.run(result)
    except BaseException as error:
        try: traceback.format_exception(error)
        except BaseException: pass
    finally:
        reset()
)apy";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  apy_fuzz::give(kPrelude, data, size);
  return 0;
}
