// The match statement. A pattern is a chain of tests that each jump to `fail`. Captured values stay
// in their registers until the whole pattern has matched; only then are the names assigned, before
// the guard.
#include <algorithm>

#include "parser/visit.h"
#include "vm/compiler/compiler.h"
#include "vm/compiler/fold.h"

namespace apy {

struct Compiler::PatternState {
  struct Capture {
    ast::Identifier name;
    Register value;
    const ast::Node* node;
  };
  std::vector<Capture> captures;
};

namespace {

bool is_wildcard(const ast::Pattern* node) {
  auto* as = node->try_as<ast::MatchAs>();
  return as && !as->pattern && !as->name;
}

bool is_star_wildcard(const ast::Pattern* node) {
  auto* star = node->try_as<ast::MatchStar>();
  return star && !star->name;
}

uint32_t count_captures(ast::Pattern* node) {
  uint32_t count = 0;
  auto* as = node->try_as<ast::MatchAs>();
  auto* star = node->try_as<ast::MatchStar>();
  auto* mapping = node->try_as<ast::MatchMapping>();
  if ((as && as->name) || (star && star->name) || (mapping && mapping->rest)) ++count;
  ast::visit(node, [&](auto* typed) {
    ast::for_each_child(typed, [&](ast::Node* child) {
      if (auto* inner = child->try_as<ast::Pattern>()) count += count_captures(inner);
    });
  });
  return count;
}

/// Of an irrefutable pattern that is not last: what CPython says about it; else empty.
std::string unreachable_rest(const ast::Pattern* node) {
  if (auto* as = node->try_as<ast::MatchAs>()) {
    if (as->pattern) return unreachable_rest(as->pattern);
    if (!as->name) return "wildcard makes remaining patterns unreachable";
    return "name capture '" + std::string(as->name.view()) +
           "' makes remaining patterns unreachable";
  }
  if (auto* choice = node->try_as<ast::MatchOr>()) return unreachable_rest(choice->patterns.back());
  return {};
}

}  // namespace

void Compiler::match_statement(ast::Match* node) {
  TemporaryScope scope(*unit_);
  Register subject = push(node->subject);
  Label end = unit_->label();
  for (uint32_t i = 0; i < node->cases.size(); ++i) {
    ast::MatchCase* choice = node->cases[i];
    TemporaryScope case_scope(*unit_);
    if (i + 1 < node->cases.size() && !choice->guard) {
      std::string fault = unreachable_rest(choice->pattern);
      if (!fault.empty()) fail(choice->pattern->span, fault);
    }
    Label next = unit_->label();
    PatternState state;
    pattern(choice->pattern, subject, next, state);
    for (const PatternState::Capture& captured : state.captures) {
      at(captured.node);
      store_name(captured.name, captured.value);
    }
    if (choice->guard) jump_if(choice->guard, false, next);
    statements(choice->body);
    unit_->jump(end);
    unit_->place(next);
  }
  unit_->place(end);
}

void Compiler::capture(ast::Identifier name, Register value, const ast::Node* node,
                       PatternState& state) {
  for (const PatternState::Capture& other : state.captures) {
    if (other.name == name) {
      fail(node->span,
           "multiple assignments to name '" + std::string(name.view()) + "' in pattern");
    }
  }
  state.captures.push_back({name, value, node});
}

void Compiler::pattern(ast::Pattern* node, Register subject, Label fail_label,
                       PatternState& state) {
  if (too_deep()) return;
  switch (node->kind) {
    case ast::NodeKind::MatchValue:
      return value_pattern(node->as<ast::MatchValue>(), subject, fail_label);
    case ast::NodeKind::MatchSingleton:
      return singleton_pattern(node->as<ast::MatchSingleton>(), subject, fail_label);
    case ast::NodeKind::MatchSequence:
      return sequence_pattern(node->as<ast::MatchSequence>(), subject, fail_label, state);
    case ast::NodeKind::MatchMapping:
      return mapping_pattern(node->as<ast::MatchMapping>(), subject, fail_label, state);
    case ast::NodeKind::MatchClass:
      return class_pattern(node->as<ast::MatchClass>(), subject, fail_label, state);
    case ast::NodeKind::MatchStar: {
      auto* star = node->as<ast::MatchStar>();
      if (star->name) capture(star->name, subject, node, state);
      return;
    }
    case ast::NodeKind::MatchAs: {
      auto* as = node->as<ast::MatchAs>();
      if (as->pattern) pattern(as->pattern, subject, fail_label, state);
      if (as->name) capture(as->name, subject, node, state);
      return;
    }
    case ast::NodeKind::MatchOr:
      return or_pattern(node->as<ast::MatchOr>(), subject, fail_label, state);
    default:
      __builtin_unreachable();
  }
}

void Compiler::value_pattern(ast::MatchValue* node, Register subject, Label fail_label) {
  TemporaryScope scope(*unit_);
  auto constant = folded(node->value);
  if (constant && constant->kind == ConstantDraft::Kind::Int && constant->integer >= INT16_MIN &&
      constant->integer <= INT16_MAX) {
    at(node);
    return unit_->jump(Opcode::JumpUnlessEqualInt, subject, constant->integer, fail_label);
  }
  Register value = operand(node->value);
  at(node);
  unit_->jump(Opcode::JumpUnlessEqual, subject, value, fail_label);
}

void Compiler::singleton_pattern(ast::MatchSingleton* node, Register subject, Label fail_label) {
  TemporaryScope scope(*unit_);
  at(node);
  if (node->value.kind == ast::ConstantKind::None) {
    return unit_->jump(Opcode::JumpIfNotNone, subject, 0, fail_label);
  }
  Register value = push_constant(literal(node->value));
  unit_->jump(Opcode::JumpIfIsNot, subject, value, fail_label);
}

// --- sequences ----------------------------------------------------------------------------------

void Compiler::sequence_pattern(ast::MatchSequence* node, Register subject, Label fail_label,
                                PatternState& state) {
  uint32_t size = node->patterns.size(), star = size;
  bool only_wildcards = true;
  for (uint32_t i = 0; i < size; ++i) {
    if (node->patterns[i]->is<ast::MatchStar>()) {
      if (star != size) {
        fail(node->span, "multiple starred expressions in sequence pattern");
      }
      star = i;
      only_wildcards = only_wildcards && is_star_wildcard(node->patterns[i]);
    } else {
      only_wildcards = only_wildcards && is_wildcard(node->patterns[i]);
    }
  }
  at(node);
  Register test = unit_->temporary();
  emit(Opcode::MatchSequence, test, subject);
  unit_->jump(Opcode::JumpIfFalse, test, 0, fail_label);
  if (star == size || size > 1) {
    emit(Opcode::GetLength, test, subject);
    uint32_t wanted = star == size ? size : size - 1;
    Register count = 0;
    bool is_short = wanted <= INT16_MAX;
    if (!is_short) count = push_constant(ConstantDraft::from_int(wanted));
    if (star == size) {
      unit_->jump(is_short ? Opcode::JumpUnlessEqualInt : Opcode::JumpUnlessEqual, test,
                  is_short ? wanted : count, fail_label);
    } else {
      unit_->jump(is_short ? Opcode::JumpUnlessGreaterEqualInt : Opcode::JumpUnlessGreaterEqual,
                  test, is_short ? wanted : count, fail_label);
    }
  }
  if (only_wildcards) return;
  if (star != size && is_star_wildcard(node->patterns[star])) {
    return sequence_items(node, subject, fail_label, state);
  }
  Register base = unit_->run(size);
  if (star != size) {
    if (star >= 256 || size - star - 1 >= 256) {
      return fail(node->span, "too many expressions in star-unpacking sequence pattern");
    }
    emit(Opcode::UnpackRest, base, subject, star | (size - star - 1) << 8);
  } else {
    emit(Opcode::UnpackSequence, base, subject, size);
  }
  for (uint32_t i = 0; i < size; ++i) pattern(node->patterns[i], base + i, fail_label, state);
}

// `[first, *_, last]`: what the star would collect is not needed, so single items are fetched.
void Compiler::sequence_items(ast::MatchSequence* node, Register subject, Label fail_label,
                              PatternState& state) {
  uint32_t size = node->patterns.size();
  bool after_star = false;
  for (uint32_t i = 0; i < size; ++i) {
    if (node->patterns[i]->is<ast::MatchStar>()) {
      after_star = true;
      continue;
    }
    if (is_wildcard(node->patterns[i])) continue;
    at(node);
    Register item = unit_->temporary();
    if (after_star) {
      emit(Opcode::GetLength, item, subject);
      Register offset = push_constant(ConstantDraft::from_int(size - i));
      emit(Opcode::Subtract, item, item, offset);
    } else {
      load_constant(ConstantDraft::from_int(i), item);
    }
    emit(Opcode::LoadItem, item, subject, item);
    pattern(node->patterns[i], item, fail_label, state);
  }
}

// --- mappings and classes -----------------------------------------------------------------------

void Compiler::mapping_pattern(ast::MatchMapping* node, Register subject, Label fail_label,
                               PatternState& state) {
  uint32_t size = node->keys.size();
  at(node);
  Register test = unit_->temporary();
  emit(Opcode::MatchMapping, test, subject);
  unit_->jump(Opcode::JumpIfFalse, test, 0, fail_label);
  if (size == 0 && !node->rest) return;
  if (size > 0 && size <= INT16_MAX) {
    emit(Opcode::GetLength, test, subject);
    unit_->jump(Opcode::JumpUnlessGreaterEqualInt, test, size, fail_label);
  }
  Register run = unit_->run(2);
  Register keys = run + 1;
  {
    TemporaryScope scope(*unit_);
    Register base = unit_->next;
    std::vector<std::string> seen;
    for (ast::Expression* key : node->keys) {
      if (auto constant = folded(key)) {
        std::string text;
        constant->append_key(text);
        if (std::find(seen.begin(), seen.end(), text) != seen.end()) {
          fail(node->span, "mapping pattern checks duplicate key (" +
                               std::string(source_.text(key->span)) + ")");
        }
        seen.push_back(std::move(text));
      }
      push(key);
    }
    emit_at(node, Opcode::BuildTuple, keys, base, size);
  }
  Register values = unit_->temporary();
  emit(Opcode::MatchKeys, values, subject, keys);
  unit_->jump(Opcode::JumpIfNone, values, 0, fail_label);
  Register base = unit_->run(size);
  emit(Opcode::UnpackSequence, base, values, size);
  for (uint32_t i = 0; i < size; ++i) pattern(node->patterns[i], base + i, fail_label, state);
  if (!node->rest) return;
  at(node);
  emit(Opcode::Move, run, subject);
  Register rest = unit_->temporary();
  emit(Opcode::Intrinsic, rest, run, static_cast<int>(IntrinsicKind::DictItemsForMapping));
  capture(node->rest, rest, node, state);
}

void Compiler::class_pattern(ast::MatchClass* node, Register subject, Label fail_label,
                             PatternState& state) {
  uint32_t positional = node->patterns.size(), named = node->kwd_attrs.size();
  for (uint32_t i = 0; i < named; ++i) {
    for (uint32_t k = i + 1; k < named; ++k) {
      if (node->kwd_attrs[i] == node->kwd_attrs[k]) {
        fail(node->kwd_patterns[k]->span,
             "attribute name repeated in class pattern: " + std::string(node->kwd_attrs[k].view()));
      }
    }
  }
  Register attributes = unit_->temporary();
  {
    TemporaryScope scope(*unit_);
    Register base = unit_->temporary();
    push(node->cls);
    at(node);
    emit(Opcode::Move, base, subject);
    std::vector<ConstantDraft> names;
    for (ast::Identifier name : node->kwd_attrs) {
      names.push_back(ConstantDraft::from_str(std::string(name.view())));
    }
    push_constant(ConstantDraft::tuple(std::move(names)));
    emit(Opcode::MatchClass, attributes, base, positional);
  }
  unit_->jump(Opcode::JumpIfNone, attributes, 0, fail_label);
  Register base = unit_->run(positional + named);
  emit(Opcode::UnpackSequence, base, attributes, positional + named);
  for (uint32_t i = 0; i < positional + named; ++i) {
    ast::Pattern* part = i < positional ? node->patterns[i] : node->kwd_patterns[i - positional];
    pattern(part, base + i, fail_label, state);
  }
}

// --- alternatives -------------------------------------------------------------------------------

// Each alternative must capture the same names; it copies them to registers that all alternatives
// share.
void Compiler::or_pattern(ast::MatchOr* node, Register subject, Label fail_label,
                          PatternState& state) {
  Label matched = unit_->label();
  Register shared = unit_->run(count_captures(node->patterns[0]));
  std::vector<PatternState::Capture> captures;
  for (uint32_t i = 0; i < node->patterns.size(); ++i) {
    bool is_last = i + 1 == node->patterns.size();
    if (!is_last) {
      std::string fault = unreachable_rest(node->patterns[i]);
      if (!fault.empty()) fail(node->patterns[i]->span, fault);
    }
    Label next = is_last ? fail_label : unit_->label();
    TemporaryScope scope(*unit_);
    PatternState inner;
    pattern(node->patterns[i], subject, next, inner);
    if (i == 0) {
      captures = inner.captures;
      for (uint32_t k = 0; k < captures.size(); ++k) captures[k].value = shared + k;
    }
    bool same_names = inner.captures.size() == captures.size();
    for (const PatternState::Capture& captured : inner.captures) {
      auto same = std::find_if(captures.begin(), captures.end(),
                               [&](const auto& other) { return other.name == captured.name; });
      if (same == captures.end()) {
        same_names = false;
        continue;
      }
      emit(Opcode::Move, same->value, captured.value);
    }
    if (!same_names) return fail(node->span, "alternative patterns bind different names");
    if (!is_last) {
      unit_->jump(matched);
      unit_->place(next);
    }
  }
  unit_->place(matched);
  for (const PatternState::Capture& captured : captures) {
    capture(captured.name, captured.value, captured.node, state);
  }
}

}  // namespace apy
