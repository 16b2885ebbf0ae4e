#include "vm/compiler/facts.h"

#include "parser/visit.h"

namespace apy {
namespace {

class FactFinder {
 public:
  BodyFacts facts;

  void find(ast::Node* node);
  void find_in_generator(ast::GeneratorExp* node);
  template <class T>
  void find_all(ArenaSpan<T*> nodes) {
    for (T* node : nodes) {
      if (node) find(node);
    }
  }

 private:
  // What a definition evaluates in the scope around it.
  void find_in_arguments(ast::Arguments* arguments) {
    find_all(arguments->defaults);
    find_all(arguments->kw_defaults);
    auto annotation = [&](ast::Arg* parameter) {
      if (parameter && parameter->annotation) find(parameter->annotation);
    };
    for (ast::Arg* parameter : arguments->posonlyargs) annotation(parameter);
    for (ast::Arg* parameter : arguments->args) annotation(parameter);
    for (ast::Arg* parameter : arguments->kwonlyargs) annotation(parameter);
    annotation(arguments->vararg);
    annotation(arguments->kwarg);
  }
  template <class Node>
  void find_in_function(Node* node) {
    find_all(node->decorator_list);
    find_in_arguments(node->args);
    if (node->returns) find(node->returns);
  }
  template <class Node>
  void find_in_children(Node* node) {
    ast::for_each_child(node, [&](ast::Node* child) { find(child); });
  }
  void find_in_if(ast::If* node);
  void find_in_chain(ast::BinOp* node);
  void note_deleted(ast::Expression* target);
};

void FactFinder::find_in_if(ast::If* node) {
  while (true) {
    find(node->test);
    find_all(node->body);
    bool is_elif = node->orelse.size() == 1 && node->orelse[0]->is<ast::If>();
    if (!is_elif) return find_all(node->orelse);
    node = node->orelse[0]->as<ast::If>();
  }
}

void FactFinder::find_in_chain(ast::BinOp* node) {
  ast::BinOpSpine spine(node);
  find(spine.first());
  while (ast::BinOp* op = spine.next()) find(op->right);
}

void FactFinder::note_deleted(ast::Expression* target) {
  if (auto* name = target->try_as<ast::Name>()) facts.deleted.push_back(name->symbol);
  if (auto* tuple = target->try_as<ast::Tuple>()) {
    for (ast::Expression* element : tuple->elts) note_deleted(element);
  }
  if (auto* list = target->try_as<ast::List>()) {
    for (ast::Expression* element : list->elts) note_deleted(element);
  }
}

void FactFinder::find_in_generator(ast::GeneratorExp* node) {
  find(node->elt);
  for (uint32_t i = 0; i < node->generators.size(); ++i) {
    ast::Comprehension* clause = node->generators[i];
    find(clause->target);
    if (i > 0) find(clause->iter);
    find_all(clause->ifs);
  }
}

void FactFinder::find(ast::Node* node) {
  switch (node->kind) {
    case ast::NodeKind::FunctionDef:
      return find_in_function(node->as<ast::FunctionDef>());
    case ast::NodeKind::AsyncFunctionDef:
      return find_in_function(node->as<ast::AsyncFunctionDef>());
    case ast::NodeKind::Lambda:
      return find_in_arguments(node->as<ast::Lambda>()->args);
    case ast::NodeKind::ClassDef: {
      auto* definition = node->as<ast::ClassDef>();
      find_all(definition->decorator_list);
      find_all(definition->bases);
      return find_all(definition->keywords);
    }
    case ast::NodeKind::TypeAlias:
      return;
    case ast::NodeKind::GeneratorExp:
      return find(node->as<ast::GeneratorExp>()->generators[0]->iter);
    case ast::NodeKind::If:
      return find_in_if(node->as<ast::If>());
    case ast::NodeKind::BinOp:
      return find_in_chain(node->as<ast::BinOp>());
    case ast::NodeKind::AnnAssign:
      if (node->as<ast::AnnAssign>()->simple) facts.has_annotations = true;
      break;
    case ast::NodeKind::NamedExpr:
      facts.assigned_in_expressions.push_back(
          node->as<ast::NamedExpr>()->target->as<ast::Name>()->symbol);
      break;
    case ast::NodeKind::Delete:
      for (ast::Expression* target : node->as<ast::Delete>()->targets) note_deleted(target);
      break;
    case ast::NodeKind::ExceptHandler: {
      auto* handler = node->as<ast::ExceptHandler>();
      if (handler->name) facts.handler_names.push_back(handler->name);
      break;
    }
    default:
      break;
  }
  ast::visit(node, [&](auto* typed) { find_in_children(typed); });
}

}  // namespace

BodyFacts facts_of(ArenaSpan<ast::Statement*> body) {
  FactFinder finder;
  finder.find_all(body);
  return std::move(finder.facts);
}

BodyFacts facts_of(ast::Expression* expression) {
  FactFinder finder;
  finder.find(expression);
  return std::move(finder.facts);
}

BodyFacts facts_of(ast::GeneratorExp* generator) {
  FactFinder finder;
  finder.find_in_generator(generator);
  return std::move(finder.facts);
}

}  // namespace apy
