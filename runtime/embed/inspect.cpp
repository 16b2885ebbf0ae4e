#include "runtime/embed/inspect.h"

#include "runtime/embed/access.h"
#include "vm/bytecode/disassemble.h"

namespace apy {

Outcome<std::string> disassemble_source(Engine& engine, std::string_view bytes,
                                        std::string_view name) {
  return v1::detail::enter(v1::detail::Access::shared(engine), [&](VM& vm) -> Result<std::string> {
    SourceOptions options;
    options.top_level_await = true;
    return disassemble(*TRY(compile_source(vm, bytes, name, options)));
  });
}

}  // namespace apy
