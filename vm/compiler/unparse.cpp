// Annotations as text. The output is what CPython's compiler stores: the least parentheses that
// keep the meaning, one space around binary operators, string literals as repr() shows them.
#include "vm/compiler/unparse.h"

#include <cmath>
#include <cstdio>

#include "lexer/unicode_identifier.h"
#include "vm/objects/number.h"

namespace apy {
namespace {

enum Precedence {
  kTuple,
  kTest,
  kOr,
  kAnd,
  kNot,
  kCompare,
  kBitOr,
  kBitXor,
  kBitAnd,
  kShift,
  kArithmetic,
  kTerm,
  kFactor,
  kPower,
  kAwait,
  kAtom
};

struct Operator {
  const char* text;
  int precedence;
};

Operator spelling_of(ast::BinaryOperator op) {
  static constexpr Operator kOperators[] = {
      {" + ", kArithmetic}, {" - ", kArithmetic}, {" * ", kTerm},   {" @ ", kTerm},
      {" / ", kTerm},       {" % ", kTerm},       {" ** ", kPower}, {" << ", kShift},
      {" >> ", kShift},     {" | ", kBitOr},      {" ^ ", kBitXor}, {" & ", kBitAnd},
      {" // ", kTerm}};
  return kOperators[static_cast<size_t>(op)];
}

const char* spelling_of(ast::CompareOperator op) {
  static constexpr const char* kOperators[] = {" == ", " != ", " < ",      " <= ", " > ",
                                               " >= ", " is ", " is not ", " in ", " not in "};
  return kOperators[static_cast<size_t>(op)];
}

char32_t decode(std::string_view text, size_t& i) {
  auto byte = [&](size_t at) {
    return static_cast<unsigned char>(at < text.size() ? text[at] : 0);
  };
  unsigned char first = byte(i);
  size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t code_point = size == 1 ? first : first & (0xFFu >> (size + 1));
  for (size_t k = 1; k < size; ++k) code_point = code_point << 6 | (byte(i + k) & 0x3F);
  i += size;
  return code_point;
}

class Unparser {
 public:
  std::string out;

  void expression(const ast::Expression* node, int level);

 private:
  void constant(const ast::ConstantValue& value);
  void text_literal(std::string_view text, bool is_bytes);
  void binary(const ast::BinOp* node, int level);
  void unary(const ast::UnaryOp* node, int level);
  void boolean(const ast::BoolOp* node, int level);
  void compare(const ast::Compare* node, int level);
  void lambda(const ast::Lambda* node, int level);
  void arguments(const ast::Arguments* arguments);
  void condition(const ast::IfExp* node, int level);
  void dict(const ast::Dict* node);
  void comprehensions(ArenaSpan<ast::Comprehension*> generators);
  void call(const ast::Call* node);
  void attribute(const ast::Attribute* node);
  void subscript(const ast::Subscript* node);
  void tuple(const ast::Tuple* node, int level);
  void slice(const ast::Slice* node);
  void yield(const ast::Expression* value, const char* keyword);
  void joined(const ast::JoinedStr* node);
  void joined_body(const ast::JoinedStr* node, std::string& body);
  void formatted(const ast::FormattedValue* node, std::string& body);
  void list(const char* open, ArenaSpan<ast::Expression*> items, const char* close) {
    out += open;
    separated(items);
    out += close;
  }
  void separated(ArenaSpan<ast::Expression*> items) {
    bool first = true;
    for (ast::Expression* item : items) {
      if (!first) out += ", ";
      first = false;
      expression(item, kTest);
    }
  }
  void open(bool needed) {
    if (needed) out += '(';
  }
  void close(bool needed) {
    if (needed) out += ')';
  }
};

void append_escaped(std::string& out, std::string_view text, char quote, bool is_bytes) {
  for (size_t i = 0; i < text.size();) {
    size_t start = i;
    char32_t c = is_bytes ? static_cast<unsigned char>(text[i++]) : decode(text, i);
    char buffer[16];
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 32 || c == 127 || (is_bytes && c > 127) ||
               (c > 127 && c < 256 && !is_printable(c))) {
      std::snprintf(buffer, sizeof(buffer), "\\x%02x", static_cast<unsigned>(c));
      out += buffer;
    } else if (c > 127 && !is_printable(c)) {
      std::snprintf(buffer, sizeof(buffer), c > 0xFFFF ? "\\U%08x" : "\\u%04x",
                    static_cast<unsigned>(c));
      out += buffer;
    } else {
      out.append(text.substr(start, i - start));
    }
  }
}

void Unparser::text_literal(std::string_view text, bool is_bytes) {
  bool has_single = text.find('\'') != std::string_view::npos;
  bool has_double = text.find('"') != std::string_view::npos;
  char quote = has_single && !has_double ? '"' : '\'';
  if (is_bytes) out += 'b';
  out += quote;
  append_escaped(out, text, quote, is_bytes);
  out += quote;
}

void Unparser::constant(const ast::ConstantValue& value) {
  switch (value.kind) {
    case ast::ConstantKind::None:
      out += "None";
      break;
    case ast::ConstantKind::True:
      out += "True";
      break;
    case ast::ConstantKind::False:
      out += "False";
      break;
    case ast::ConstantKind::Ellipsis:
      out += "...";
      break;
    case ast::ConstantKind::Int:
      out += std::to_string(value.integer);
      break;
    case ast::ConstantKind::BigInt:
      out += value.text;
      break;
    case ast::ConstantKind::Float:
      out += std::isinf(value.real) ? "1e309" : float_repr(value.real);
      break;
    case ast::ConstantKind::Imaginary: {
      std::string digits = std::isinf(value.real) ? "1e309" : float_repr(value.real);
      if (digits.ends_with(".0")) digits.resize(digits.size() - 2);
      out += digits + "j";
      break;
    }
    case ast::ConstantKind::Str:
      text_literal(value.text, false);
      break;
    case ast::ConstantKind::Bytes:
      text_literal(value.text, true);
      break;
  }
}

void Unparser::binary(const ast::BinOp* node, int level) {
  Operator op = spelling_of(node->op);
  bool is_power = node->op == ast::BinaryOperator::Pow;
  // Chains lean left and may be long: collect those that need no parentheses and print them in a
  // loop.
  std::vector<const ast::BinOp*> chain{node};
  while (!is_power) {
    const auto* left = chain.back()->left->try_as<ast::BinOp>();
    if (!left || spelling_of(left->op).precedence != op.precedence) break;
    chain.push_back(left);
  }
  open(level > op.precedence);
  expression(chain.back()->left, op.precedence + (is_power ? 1 : 0));
  for (size_t i = chain.size(); i-- > 0;) {
    out += spelling_of(chain[i]->op).text;
    expression(chain[i]->right, op.precedence + (is_power ? 0 : 1));
  }
  close(level > op.precedence);
}

void Unparser::unary(const ast::UnaryOp* node, int level) {
  static constexpr Operator kOperators[] = {
      {"~", kFactor}, {"not ", kNot}, {"+", kFactor}, {"-", kFactor}};
  Operator op = kOperators[static_cast<size_t>(node->op)];
  open(level > op.precedence);
  out += op.text;
  expression(node->operand, op.precedence);
  close(level > op.precedence);
}

void Unparser::boolean(const ast::BoolOp* node, int level) {
  bool is_and = node->op == ast::BooleanOperator::And;
  int precedence = is_and ? kAnd : kOr;
  open(level > precedence);
  bool first = true;
  for (ast::Expression* value : node->values) {
    if (!first) out += is_and ? " and " : " or ";
    first = false;
    expression(value, precedence + 1);
  }
  close(level > precedence);
}

void Unparser::compare(const ast::Compare* node, int level) {
  open(level > kCompare);
  expression(node->left, kCompare + 1);
  for (uint32_t i = 0; i < node->ops.size(); ++i) {
    out += spelling_of(node->ops[i]);
    expression(node->comparators[i], kCompare + 1);
  }
  close(level > kCompare);
}

void Unparser::arguments(const ast::Arguments* arguments) {
  bool first = true;
  auto comma = [&] {
    if (!first) out += ", ";
    first = false;
  };
  auto parameter = [&](const ast::Arg* arg, const ast::Expression* default_value) {
    comma();
    out += arg->arg.view();
    if (!default_value) return;
    out += '=';
    expression(default_value, kTest);
  };
  uint32_t positional_only = arguments->posonlyargs.size();
  uint32_t total = positional_only + arguments->args.size();
  uint32_t first_default = total - arguments->defaults.size();
  for (uint32_t i = 0; i < total; ++i) {
    const ast::Arg* arg =
        i < positional_only ? arguments->posonlyargs[i] : arguments->args[i - positional_only];
    parameter(arg, i >= first_default ? arguments->defaults[i - first_default] : nullptr);
    if (i + 1 == positional_only) out += ", /";
  }
  if (arguments->vararg || !arguments->kwonlyargs.empty()) {
    comma();
    out += '*';
    if (arguments->vararg) out += arguments->vararg->arg.view();
  }
  for (uint32_t i = 0; i < arguments->kwonlyargs.size(); ++i) {
    parameter(arguments->kwonlyargs[i], arguments->kw_defaults[i]);
  }
  if (arguments->kwarg) {
    comma();
    out += "**";
    out += arguments->kwarg->arg.view();
  }
}

void Unparser::lambda(const ast::Lambda* node, int level) {
  open(level > kTest);
  size_t before = out.size() + 6;
  out += "lambda ";
  arguments(node->args);
  if (out.size() == before + 1) out.pop_back();
  out += ": ";
  expression(node->body, kTest);
  close(level > kTest);
}

void Unparser::condition(const ast::IfExp* node, int level) {
  open(level > kTest);
  expression(node->body, kTest + 1);
  out += " if ";
  expression(node->test, kTest + 1);
  out += " else ";
  expression(node->orelse, kTest);
  close(level > kTest);
}

void Unparser::dict(const ast::Dict* node) {
  out += '{';
  for (uint32_t i = 0; i < node->values.size(); ++i) {
    if (i) out += ", ";
    if (node->keys[i]) {
      expression(node->keys[i], kTest);
      out += ": ";
      expression(node->values[i], kTest);
    } else {
      out += "**";
      expression(node->values[i], kBitOr);
    }
  }
  out += '}';
}

void Unparser::comprehensions(ArenaSpan<ast::Comprehension*> generators) {
  for (ast::Comprehension* generator : generators) {
    out += generator->is_async ? " async for " : " for ";
    expression(generator->target, kTuple);
    out += " in ";
    expression(generator->iter, kTest + 1);
    for (ast::Expression* test : generator->ifs) {
      out += " if ";
      expression(test, kTest + 1);
    }
  }
}

void Unparser::call(const ast::Call* node) {
  expression(node->func, kAtom);
  bool is_generator =
      node->args.size() == 1 && node->keywords.empty() && node->args[0]->is<ast::GeneratorExp>();
  if (is_generator) return expression(node->args[0], kTest);
  out += '(';
  separated(node->args);
  bool first = node->args.empty();
  for (ast::Keyword* keyword : node->keywords) {
    if (!first) out += ", ";
    first = false;
    if (keyword->arg) {
      out += keyword->arg.view();
      out += '=';
    } else {
      out += "**";
    }
    expression(keyword->value, kTest);
  }
  out += ')';
}

void Unparser::attribute(const ast::Attribute* node) {
  expression(node->value, kAtom);
  const auto* literal = node->value->try_as<ast::Constant>();
  bool is_int = literal && (literal->value.kind == ast::ConstantKind::Int ||
                            literal->value.kind == ast::ConstantKind::BigInt);
  out += is_int ? " ." : ".";
  out += node->attr.view();
}

void Unparser::subscript(const ast::Subscript* node) {
  expression(node->value, kAtom);
  out += '[';
  expression(node->slice, kTuple);
  out += ']';
}

void Unparser::tuple(const ast::Tuple* node, int level) {
  if (node->elts.empty()) {
    out += "()";
    return;
  }
  open(level > kTuple);
  separated(node->elts);
  if (node->elts.size() == 1) out += ',';
  close(level > kTuple);
}

void Unparser::slice(const ast::Slice* node) {
  if (node->lower) expression(node->lower, kTest);
  out += ':';
  if (node->upper) expression(node->upper, kTest);
  if (node->step) {
    out += ':';
    expression(node->step, kTest);
  }
}

void Unparser::yield(const ast::Expression* value, const char* keyword) {
  out += '(';
  out += keyword;
  if (value) {
    out += ' ';
    expression(value, kTest);
  }
  out += ')';
}

void Unparser::formatted(const ast::FormattedValue* node, std::string& body) {
  Unparser inner;
  inner.expression(node->value, kTest + 1);
  body += inner.out.starts_with('{') ? "{ " : "{";
  body += inner.out;
  if (node->conversion > 0) {
    body += '!';
    body += static_cast<char>(node->conversion);
  }
  if (node->format_spec) {
    body += ':';
    if (auto* spec = node->format_spec->try_as<ast::JoinedStr>()) joined_body(spec, body);
  }
  body += '}';
}

void Unparser::joined_body(const ast::JoinedStr* node, std::string& body) {
  for (ast::Expression* value : node->values) {
    if (auto* field = value->try_as<ast::FormattedValue>()) {
      formatted(field, body);
    } else if (auto* text = value->try_as<ast::Constant>()) {
      for (char c : text->value.text) {
        body += c;
        if (c == '{' || c == '}') body += c;
      }
    }
  }
}

void Unparser::joined(const ast::JoinedStr* node) {
  std::string body;
  joined_body(node, body);
  out += 'f';
  text_literal(body, false);
}

void Unparser::expression(const ast::Expression* node, int level) {
  using ast::NodeKind;
  switch (node->kind) {
    case NodeKind::BoolOp:
      return boolean(node->as<ast::BoolOp>(), level);
    case NodeKind::BinOp:
      return binary(node->as<ast::BinOp>(), level);
    case NodeKind::UnaryOp:
      return unary(node->as<ast::UnaryOp>(), level);
    case NodeKind::Lambda:
      return lambda(node->as<ast::Lambda>(), level);
    case NodeKind::IfExp:
      return condition(node->as<ast::IfExp>(), level);
    case NodeKind::Dict:
      return dict(node->as<ast::Dict>());
    case NodeKind::Set:
      return list("{", node->as<ast::Set>()->elts, "}");
    case NodeKind::List:
      return list("[", node->as<ast::List>()->elts, "]");
    case NodeKind::Compare:
      return compare(node->as<ast::Compare>(), level);
    case NodeKind::Call:
      return call(node->as<ast::Call>());
    case NodeKind::JoinedStr:
      return joined(node->as<ast::JoinedStr>());
    case NodeKind::Constant:
      return constant(node->as<ast::Constant>()->value);
    case NodeKind::Attribute:
      return attribute(node->as<ast::Attribute>());
    case NodeKind::Subscript:
      return subscript(node->as<ast::Subscript>());
    case NodeKind::Tuple:
      return tuple(node->as<ast::Tuple>(), level);
    case NodeKind::Slice:
      return slice(node->as<ast::Slice>());
    case NodeKind::Yield:
      return yield(node->as<ast::Yield>()->value, "yield");
    case NodeKind::YieldFrom:
      return yield(node->as<ast::YieldFrom>()->value, "yield from");
    case NodeKind::Name:
      out += node->as<ast::Name>()->id.view();
      return;
    case NodeKind::Starred:
      out += '*';
      return expression(node->as<ast::Starred>()->value, kBitOr);
    case NodeKind::Await:
      open(level > kAwait);
      out += "await ";
      expression(node->as<ast::Await>()->value, kAtom);
      return close(level > kAwait);
    case NodeKind::NamedExpr:
      open(level > kTuple);
      expression(node->as<ast::NamedExpr>()->target, kAtom);
      out += " := ";
      expression(node->as<ast::NamedExpr>()->value, kAtom);
      return close(level > kTuple);
    case NodeKind::ListComp:
    case NodeKind::SetComp:
    case NodeKind::GeneratorExp: {
      // The three have the same fields.
      const char* brackets = node->is<ast::ListComp>()  ? "[]"
                             : node->is<ast::SetComp>() ? "{}"
                                                        : "()";
      auto parts = [&](const auto* comprehension) {
        out += brackets[0];
        expression(comprehension->elt, kTest);
        comprehensions(comprehension->generators);
        out += brackets[1];
      };
      if (auto* list_node = node->try_as<ast::ListComp>()) return parts(list_node);
      if (auto* set_node = node->try_as<ast::SetComp>()) return parts(set_node);
      return parts(node->as<ast::GeneratorExp>());
    }
    case NodeKind::DictComp: {
      auto* comprehension = node->as<ast::DictComp>();
      out += '{';
      expression(comprehension->key, kTest);
      out += ": ";
      expression(comprehension->value, kTest);
      comprehensions(comprehension->generators);
      out += '}';
      return;
    }
    default:
      return;
  }
}

}  // namespace

std::string unparse(const ast::Expression* expression) {
  Unparser unparser;
  unparser.expression(expression, kTest);
  return std::move(unparser.out);
}

}  // namespace apy
