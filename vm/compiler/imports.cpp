// import statements.
#include "vm/compiler/compiler.h"

namespace apy {
// The first part of a dotted name is no identifier of the tree, so it is looked for by its text; it
// may be mangled.
const ast::Symbol* Compiler::first_part_symbol(std::string_view part) {
  const ast::Symbol* mangled_symbol = nullptr;
  for (const ast::Symbol* symbol : unit_->scope->symbols) {
    std::string_view name = symbol->name.view();
    if (name == part) return symbol;
    if (part.starts_with("__") && name.starts_with('_') && name.ends_with(part)) {
      mangled_symbol = symbol;
    }
  }
  return mangled_symbol;
}

// `import a.b.c as d`: the module a, then the attributes b and c.
void Compiler::import_as(ast::Alias* alias, const ast::Node* node) {
  std::string_view name = alias->name.view();
  Register module = unit_->run(2);
  at(node);
  load_constant(ConstantDraft::from_int(0), module);
  load_constant({}, module + 1);
  emit(Opcode::ImportName, module, module, unit_->builder.name(name));
  size_t dot = name.find('.');
  if (!alias->asname) {
    // A path is bound by its first part.
    if (dot == std::string_view::npos) return store_name(alias->name, module);
    return store(first_part_symbol(name.substr(0, dot)), module);
  }
  while (dot != std::string_view::npos) {
    size_t end = name.find('.', dot + 1);
    std::string_view part =
        name.substr(dot + 1, end == std::string_view::npos ? end : end - dot - 1);
    emit(Opcode::ImportFrom, module, module, unit_->builder.name(part));
    dot = end;
  }
  store_name(alias->asname, module);
}

void Compiler::import(ast::Import* node) {
  for (ast::Alias* alias : node->names) {
    TemporaryScope scope(*unit_);
    import_as(alias, node);
  }
}

void Compiler::import_from(ast::ImportFrom* node) {
  TemporaryScope scope(*unit_);
  Register module = unit_->run(2);
  std::vector<ConstantDraft> names;
  for (ast::Alias* alias : node->names) {
    names.push_back(ConstantDraft::from_str(std::string(alias->name.view())));
  }
  at(node);
  load_constant(ConstantDraft::from_int(node->level), module);
  load_constant(ConstantDraft::tuple(std::move(names)), module + 1);
  std::string_view path = node->module ? node->module.view() : std::string_view();
  emit(Opcode::ImportName, module, module, unit_->builder.name(path));
  Register value = module + 1;
  for (ast::Alias* alias : node->names) {
    if (alias->name.view() == "*") return emit_at(node, Opcode::ImportStar, module);
    emit_at(node, Opcode::ImportFrom, value, module, unit_->builder.name(alias->name.view()));
    store_name(alias->asname ? alias->asname : alias->name, value);
  }
}

}  // namespace apy
