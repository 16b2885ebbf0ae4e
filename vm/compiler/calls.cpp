// Calls. A call's window lies at the first free temporary: the callee, room for the frame's header,
// the arguments, and one spare register, since calling a class shifts the arguments by one.
// Arguments are evaluated right where the callee will find them.
#include <algorithm>

#include "vm/compiler/compiler.h"
#include "vm/objects/frame.h"

namespace apy {

Span Compiler::method_position(const ast::Node* whole, const ast::Attribute* attribute) {
  uint32_t name_size = attribute->attr.size();
  uint32_t end = attribute->span.end;
  Span start = {whole->span.begin, end};
  bool same_line = source_.text(start).find('\n') == std::string_view::npos;
  if (same_line || name_size > end - attribute->span.begin) return whole->span;
  return {end - name_size, whole == attribute ? end : whole->span.end};
}

bool Compiler::has_spread(Expressions arguments, ArenaSpan<ast::Keyword*> keywords) {
  for (ast::Expression* argument : arguments) {
    if (argument->is<ast::Starred>()) return true;
  }
  for (ast::Keyword* keyword : keywords) {
    if (!keyword->arg) return true;
  }
  return false;
}

void Compiler::call_window(Register base, uint32_t arguments, bool is_method, Register dst) {
  unit_->touch(base + kFrameWords + arguments + (is_method ? 2 : 1));
  unit_->touch(dst + 1);
}

void Compiler::call(ast::Call* node, Register dst) {
  if (super_call(node, dst)) return;
  TemporaryScope scope(*unit_);
  Register base = unit_->next;
  auto* method = node->func->try_as<ast::Attribute>();
  if (method && !can_optimize_super(method) && !has_spread(node->args, node->keywords)) {
    Register object = operand(method->value);
    at(method_position(method, method));
    emit(Opcode::LoadMethod, base, object, name_constant(method->attr));
    unit_->next = base + kFrameWords + 1;
    at(method_position(node, method));
    return call_arguments(node, node->args, node->keywords, base, true, 0, dst);
  }
  into(node->func, base);
  unit_->next = base + kFrameWords;
  call_arguments(node, node->args, node->keywords, base, false, 0, dst);
}

// `given` arguments are in their registers already, before those evaluated here.
void Compiler::call_arguments(const ast::Node* node, Expressions arguments,
                              ArenaSpan<ast::Keyword*> keywords, Register base, bool is_method,
                              uint32_t given, Register dst) {
  if (has_spread(arguments, keywords)) {
    return spread_call(node, arguments, keywords, base, given, dst);
  }
  for (ast::Expression* argument : arguments) push(argument);
  uint32_t count = given + arguments.size() + keywords.size();
  std::vector<ConstantDraft> names;
  for (ast::Keyword* keyword : keywords) {
    push(keyword->value);
    ConstantDraft name = ConstantDraft::from_str(mangled(keyword->arg));
    names.push_back(std::move(name));
  }
  call_window(base, count, is_method, dst);
  const auto* whole = node->try_as<ast::Call>();
  const auto* method = is_method && whole ? whole->func->try_as<ast::Attribute>() : nullptr;
  at(method ? method_position(node, method) : node->span);
  if (names.empty()) {
    emit(is_method ? Opcode::CallMethod : Opcode::Call, dst, base, count);
    return;
  }
  uint32_t index = constant_index(ConstantDraft::tuple(std::move(names)));
  emit(is_method ? Opcode::CallMethodKeyword : Opcode::CallKeyword, dst, base, count);
  unit_->builder.set_cache_word(index);
}

// f(*a, **k): the window holds the positional arguments as one iterable and the keyword arguments
// as one dict.
void Compiler::spread_call(const ast::Node* node, Expressions arguments,
                           ArenaSpan<ast::Keyword*> keywords, Register base, uint32_t given,
                           Register dst) {
  Register positional = base + kFrameWords, keyword_dict = positional + 1;
  unit_->next = std::max(unit_->next, keyword_dict + 1);
  unit_->touch(unit_->next);
  bool is_single = given == 0 && arguments.size() == 1 && arguments[0]->is<ast::Starred>();
  TemporaryScope scope(*unit_);
  if (is_single) {
    into(arguments[0]->as<ast::Starred>()->value, positional);
  } else if (given == 0 && arguments.empty()) {
    at(node);
    load_constant(ConstantDraft::tuple({}), positional);
  } else {
    Register list = unit_->temporary();
    if (given == 0) {
      collect_list(arguments, node, list);
    } else {
      emit_at(node, Opcode::BuildList, list, positional, given);
      for (ast::Expression* argument : arguments) {
        TemporaryScope item(*unit_);
        auto* starred = argument->try_as<ast::Starred>();
        Register value = operand(starred ? starred->value : argument);
        emit_at(node, starred ? Opcode::ListExtend : Opcode::ListAppend, list, value);
      }
    }
    emit_at(node, Opcode::ListToTuple, positional, list);
  }
  spread_keywords(keywords, node, base);
  call_window(base, 2, false, dst);
  emit_at(node, Opcode::CallSpread, dst, base);
}

void Compiler::spread_keywords(ArenaSpan<ast::Keyword*> keywords, const ast::Node* node,
                               Register base) {
  Register dict = base + kFrameWords + 1;
  if (keywords.empty()) {
    at(node);
    return load_constant({}, dict);
  }
  emit_at(node, Opcode::BuildDict, dict, dict, 0);
  // Named arguments are gathered in a dict of their own, so that one given twice is noticed.
  for (uint32_t i = 0; i < keywords.size();) {
    TemporaryScope scope(*unit_);
    if (!keywords[i]->arg) {
      Register mapping = operand(keywords[i++]->value);
      emit_at(node, Opcode::DictMerge, dict, mapping, base);
      continue;
    }
    Register run = unit_->next;
    uint32_t count = 0;
    for (; i < keywords.size() && keywords[i]->arg && count < 16; ++i, ++count) {
      at(keywords[i]);
      push_str(mangled(keywords[i]->arg));
      push(keywords[i]->value);
    }
    emit_at(node, Opcode::BuildDict, run, run, count);
    emit_at(node, Opcode::DictMerge, dict, run, base);
  }
}

}  // namespace apy
