// From text to a code object: lexer, parser, names, compiler.
#include "lexer/name_table.h"
#include "lexer/source.h"
#include "parser/parser.h"
#include "parser/resolve.h"
#include "vm/compiler/compile.h"
#include "vm/interpreter/setup.h"
#include "vm/objects/character_names.h"

namespace apy {

namespace {

ParseMode parse_mode(SourceOptions::Mode mode) {
  switch (mode) {
    case SourceOptions::Mode::Eval:
      return ParseMode::Expression;
    case SourceOptions::Mode::Single:
      return ParseMode::Interactive;
    default:
      return ParseMode::File;
  }
}

/// Null (each pass takes its own budget below the caller) unless the stack that is left is smaller
/// than that: on a fiber, or deep in a recursion.
const void* tight_stack_limit(VM& vm) {
  constexpr ptrdiff_t kAmple = 256 * 1024;
  char marker;
  const char* limit = Interpreter::native_stack_limit(vm);
  return &marker - limit < kAmple ? limit : nullptr;
}

}  // namespace

Result<Code*> compile_source(VM& vm, std::string_view text, std::string_view filename,
                             const SourceOptions& options) {
  Source source = options.is_file ? Source::from_bytes(std::string(filename), text)
                                  : Source::from_text(std::string(filename), text);
  NameTable names;
  ParseOptions parse_options;
  parse_options.mode = parse_mode(options.mode);
  parse_options.stack_limit = tight_stack_limit(vm);
  parse_options.lookup_character = character_by_name;
  ParseResult parsed = parse(source, names, parse_options);
  if (!parsed) return raise_diagnostic(vm, parsed.error, source);
  ResolveOptions resolve_options;
  resolve_options.allow_top_level_await = options.top_level_await;
  resolve_options.stack_limit = parse_options.stack_limit;
  Resolution resolved = resolve(parsed.root, names, resolve_options);
  if (!resolved) return raise_diagnostic(vm, resolved.error, source);
  CompileOptions compile_options;
  compile_options.use_namespace = options.dynamic_names;
  compile_options.top_level_await = options.top_level_await;
  compile_options.annotations_as_text = options.future_annotations;
  compile_options.stack_limit = parse_options.stack_limit;
  return compile_module(vm, parsed.root, source, compile_options);
}

}  // namespace apy
