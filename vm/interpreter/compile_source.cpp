// From text to a code object: lexer, parser, names, compiler.
#include "lexer/name_table.h"
#include "lexer/render.h"
#include "lexer/source.h"
#include "parser/parser.h"
#include "parser/resolve.h"
#include "vm/compiler/compile.h"
#include "vm/interpreter/setup.h"
#include "vm/interpreter/trees.h"
#include "vm/objects/character_names.h"
#include "vm/objects/warning.h"

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

/// A filter that makes the warning an error gives a SyntaxError at the place.
Result<void> issue_warnings(VM& vm, const std::vector<Diagnostic>& warnings, const Source& source) {
  for (const Diagnostic& warning : warnings) {
    SyntaxErrorPlace place = locate(source, warning);
    auto issued =
        issue_compiler_warning(vm, warning.message, source.name(), place.has_line ? place.line : 0);
    if (issued.is_ok()) continue;
    if (!vm.catch_pending(Exc::SyntaxWarning)) return Error{};
    return raise_diagnostic(vm, warning, source);
  }
  return {};
}

}  // namespace

namespace {

Source make_source(std::string_view text, std::string_view filename, const SourceOptions& options) {
  return options.is_file ? Source::from_bytes(std::string(filename), text)
                         : Source::from_text(std::string(filename), text);
}

Result<ast::Node*> parse_source(VM& vm, const Source& source, NameTable& names,
                                const SourceOptions& options, ParseResult* parsed) {
  ParseOptions parse_options;
  parse_options.mode = parse_mode(options.mode);
  parse_options.stack_limit = tight_stack_limit(vm);
  parse_options.lookup_character = character_by_name;
  parse_options.diamond_is_not_equal = options.diamond_is_not_equal;
  if (options.mode == SourceOptions::Mode::Eval && source.text().empty()) {
    // No token has a place.
    Value zero = Value::small_int(0);
    Value name = TRY(make_str(vm, source.name()));
    const Value details[] = {name, zero, zero, vm.names().empty, zero, zero};
    Value place = TRY(make_tuple(vm, details));
    Value message = TRY(make_str(vm, "invalid syntax"));
    return vm.raise_with(Exc::SyntaxError, std::initializer_list<Value>{message, place});
  }
  *parsed = parse(source, names, parse_options);
  TRY(issue_warnings(vm, parsed->warnings, source));
  if (!*parsed) return raise_diagnostic(vm, parsed->error, source);
  return parsed->root;
}

Result<Code*> compile_tree(VM& vm, ast::Node* root, const Source& source, NameTable& names,
                           const SourceOptions& options) {
  ResolveOptions resolve_options;
  resolve_options.allow_top_level_await = options.top_level_await;
  resolve_options.stack_limit = tight_stack_limit(vm);
  Resolution resolved = resolve(root, names, resolve_options);
  TRY(issue_warnings(vm, resolved.warnings, source));
  if (!resolved) return raise_diagnostic(vm, resolved.error, source);
  CompileOptions compile_options;
  compile_options.optimize = options.optimize;
  compile_options.use_namespace = options.dynamic_names;
  compile_options.top_level_await = options.top_level_await;
  compile_options.annotations_as_text = options.future_annotations;
  compile_options.stack_limit = resolve_options.stack_limit;
  return compile_module(vm, root, source, compile_options);
}

}  // namespace

Result<Code*> compile_source(VM& vm, std::string_view text, std::string_view filename,
                             const SourceOptions& options) {
  Source source = make_source(text, filename, options);
  NameTable names;
  ParseResult parsed;
  ast::Node* root = TRY(parse_source(vm, source, names, options, &parsed));
  return compile_tree(vm, root, source, names, options);
}

Result<Value> parse_to_objects(VM& vm, std::string_view text, std::string_view filename,
                               const SourceOptions& options) {
  Source source = make_source(text, filename, options);
  NameTable names;
  ParseResult parsed;
  ast::Node* root = TRY(parse_source(vm, source, names, options, &parsed));
  return tree_to_objects(vm, root, source);
}

Result<Code*> compile_objects(VM& vm, Value root, std::string_view filename,
                              const SourceOptions& options) {
  ObjectTree tree;
  TRY(objects_to_tree(vm, root, filename, &tree));
  using Mode = SourceOptions::Mode;
  bool fits = options.mode == Mode::Eval     ? tree.root->is<ast::ExpressionModule>()
              : options.mode == Mode::Single ? tree.root->is<ast::InteractiveModule>()
                                             : tree.root->is<ast::Module>();
  if (!fits)
    return vm.raise(Exc::TypeError, "expected {} node, got {}",
                    options.mode == Mode::Eval     ? "Expression"
                    : options.mode == Mode::Single ? "Interactive"
                                                   : "Module",
                    vm.type_of(root));
  return compile_tree(vm, tree.root, *tree.source, tree.names, options);
}

}  // namespace apy
