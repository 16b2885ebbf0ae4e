// From objects of the module `ast` to a syntax tree, so that compile() takes them.
//
// The compiler trusts its trees, but a program can put anything into its objects; so everything
// that it relies on is checked here, with CPython's words where it has some. Positions become
// places in a source made of blanks.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "parser/visit.h"
#include "vm/interpreter/trees.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

using ast::BinaryOperator;
using ast::BooleanOperator;
using ast::CompareOperator;
using ast::ConstantKind;
using ast::ConstantValue;
using ast::Expression;
using ast::ExpressionContext;
using ast::for_each_child;
using ast::Identifier;
using ast::kMaxExpressionHeight;
using ast::Node;
using ast::node_kind_name;
using ast::NodeKind;
using ast::operator_name;
using ast::Pattern;
using ast::Statement;
using ast::TypeParam;
using ast::UnaryOperator;
using ast::UnicodePrefix;

#define APY_NODE(Base, Kind, spelling, fields)                                      \
  template <class Visitor>                                                          \
  void fill_fields([[maybe_unused]] ast::Kind* node, [[maybe_unused]] Visitor& v) { \
    fields                                                                          \
  }
#define APY_CHILD(Type, field) v.child(#field, node->field, true);
#define APY_MAYBE(Type, field) v.child(#field, node->field, false);
#define APY_LIST(Type, field) v.list(#field, node->field, false);
#define APY_LIST_MAYBE(Type, field) v.list(#field, node->field, true);
#define APY_NAME(field) v.text(#field, node->field, true);
#define APY_MAYBE_NAME(field) v.text(#field, node->field, false);
#define APY_NAMES(field) v.names(#field, node->field);
#define APY_VALUE(Type, field) v.value(#field, node->field);
#define APY_NOTE(Type, field)
#include "parser/ast.def"

struct Place {
  Node* node;
  uint32_t line, column, end_line, end_column;
};

template <class T>
constexpr const char* sort_of() {
  if constexpr (std::is_same_v<T, Expression>)
    return "expr";
  else if constexpr (std::is_same_v<T, Statement>)
    return "stmt";
  else if constexpr (std::is_same_v<T, Pattern>)
    return "pattern";
  else if constexpr (std::is_same_v<T, TypeParam>)
    return "type_param";
  else
    return nullptr;
}

class Builder {
 public:
  Builder(VM& vm, ObjectTree& tree) : vm_(vm), tree_(tree) {
#define APY_NODE(Base, Kind, spelling, fields) kinds_[spelling] = NodeKind::Kind;
#define APY_CHILD(Type, field)
#define APY_MAYBE(Type, field)
#define APY_LIST(Type, field)
#define APY_LIST_MAYBE(Type, field)
#define APY_NAME(field)
#define APY_MAYBE_NAME(field)
#define APY_NAMES(field)
#define APY_VALUE(Type, field)
#define APY_NOTE(Type, field)
#include "parser/ast.def"
  }

  Result<Node*> node(Value object, const char* expected) {
    NativeDepth guard(vm_);
    TRY(guard.check(" during compilation"));
    NodeKind kind = TRY(kind_of(object, expected));
    Node* made = allocate(kind);
    Filler filler{*this, object, made, false};
    ast::visit(made, [&](auto* typed) { fill_fields(typed, filler); });
    if (filler.failed) return Error{};
    TRY(position(made, object));
    TRY(check(made));
    return made;
  }

  Result<void> make_source(std::string_view filename) {
    std::map<uint32_t, uint32_t> width;
    uint32_t last = 1;
    for (const Place& p : places_) {
      width[p.line] = std::max(width[p.line], p.column);
      width[p.end_line] = std::max(width[p.end_line], p.end_column);
      last = std::max({last, p.line, p.end_line});
    }
    std::string text;
    std::vector<uint32_t> starts(last + 1);
    for (uint32_t line = 1; line <= last; ++line) {
      starts[line] = static_cast<uint32_t>(text.size());
      auto found = width.find(line);
      text.append(found == width.end() ? 0 : found->second, ' ');
      text += '\n';
    }
    for (const Place& p : places_) {
      p.node->span.begin = starts[p.line] + p.column;
      p.node->span.end = std::max(p.node->span.begin, starts[p.end_line] + p.end_column);
    }
    tree_.source = std::make_unique<Source>(Source::from_text(std::string(filename), text));
    return {};
  }

 private:
  struct Filler {
    Builder& builder;
    Value object;
    Node* node;
    bool failed;

    /// The attribute; none when it is absent or None.
    Value field(const char* name, bool required) {
      if (failed) return Value::none();
      Value value;
      auto key = intern(builder.vm_, name);
      auto found = key.is_ok() ? get_attribute_optional(builder.vm_, object, key.value(), &value)
                               : Result<bool>(Error{});
      failed = found.is_error();
      if (failed) return Value::none();
      if (!found.value() && required) {
        (void)builder.vm_.raise(Exc::TypeError, "required field \"{}\" missing from {}", name,
                                node_kind_name(node->kind));
        failed = true;
      }
      return found.value() ? value : Value::none();
    }
    template <class T>
    void child(const char* name, T*& out, bool required) {
      Value value = field(name, required);
      if (failed) return;
      if (value.is_none()) {
        if (!required) return;
        (void)builder.vm_.raise(Exc::ValueError, "field '{}' is required for {}", name,
                                node_kind_name(node->kind));
        failed = true;
        return;
      }
      out = convert<T>(name, value);
    }
    template <class T>
    T* convert(const char* name, Value value) {
      auto made = builder.node(value, sort_of<T>());
      failed = failed || made.is_error();
      if (failed) return nullptr;
      T* typed = made.value()->template try_as<T>();
      if (!typed) {
        const char* sort = sort_of<T>();
        auto shown = repr_text(builder.vm_, value);
        (void)builder.vm_.raise(Exc::TypeError, "expected some sort of {}, but got {}",
                                sort ? sort : name, shown.is_ok() ? shown.value() : "object");
        failed = true;
        return nullptr;
      }
      if constexpr (std::is_same_v<T, Expression>)
        failed = builder.check_context(typed, builder.context_of(node, name)).is_error();
      return failed ? nullptr : typed;
    }
    template <class T>
    void list(const char* name, ArenaSpan<T*>& out, bool may_be_null) {
      Value value = field(name, false);
      if (failed || value.is_none()) return;
      List* list = try_as<List>(value);
      if (!list) {
        (void)builder.vm_.raise(Exc::TypeError, "{} field \"{}\" must be a list, not a {}",
                                node_kind_name(node->kind), name, builder.vm_.type_of(value));
        failed = true;
        return;
      }
      std::vector<T*> items;
      for (uint64_t i = 0; i < list->length && !failed; ++i) {
        Value item = list->values()[i];
        if (item.is_none() && !may_be_null) {
          (void)builder.vm_.raise(Exc::ValueError, "None disallowed in {} list",
                                  sort_of<T>() ? "expression" : name);
          failed = true;
          return;
        }
        items.push_back(item.is_none() ? nullptr : convert<T>(name, item));
      }
      if (!failed) out = builder.tree_.arena.copy(items.data(), items.size());
    }
    void text(const char* name, Identifier& out, bool required) {
      Value value = field(name, required);
      if (failed || (value.is_none() && !required)) return;
      Str* text = try_as<Str>(value);
      if (!text) {
        (void)builder.vm_.raise(Exc::TypeError, "AST identifier must be of type str");
        failed = true;
        return;
      }
      out = Identifier(builder.tree_.names.intern(to_utf8(text)));
    }
    void names(const char* name, ArenaSpan<Identifier>& out) {
      Value value = field(name, false);
      List* list = failed ? nullptr : try_as<List>(value);
      if (!list) return;
      std::vector<Identifier> items;
      for (Value item : list->span()) {
        Str* text = try_as<Str>(item);
        if (!text) {
          (void)builder.vm_.raise(Exc::TypeError, "AST identifier must be of type str");
          failed = true;
          return;
        }
        items.push_back(Identifier(builder.tree_.names.intern(to_utf8(text))));
      }
      out = builder.tree_.arena.copy(items.data(), items.size());
    }
    void value(const char* name, int& out) {
      // Absent: f"{x}" without conversion, an import without dots.
      Value value = field(name, false);
      if (failed) return;
      if (value.is_none()) {
        out = node->is<ast::FormattedValue>() ? -1 : 0;
        return;
      }
      auto number = to_int64(builder.vm_, value);
      failed = number.is_error();
      out = static_cast<int>(number.value());
    }
    void value(const char* name, ConstantValue& out) {
      Value value = field(name, true);
      if (!failed) failed = builder.constant(value, &out).is_error();
    }
    void value(const char*, UnicodePrefix& out) {
      Value kind = field("kind", false);
      out = kind.is_none() ? UnicodePrefix::Absent : UnicodePrefix::Present;
    }
    void value(const char* name, ExpressionContext& out) { op(name, out, 3, false); }
    void value(const char* name, BooleanOperator& out) { op(name, out, 2, true); }
    void value(const char* name, UnaryOperator& out) { op(name, out, 4, true); }
    void value(const char* name, BinaryOperator& out) { op(name, out, 13, true); }
    template <class Operator>
    void op(const char* name, Operator& out, int count, bool required) {
      Value value = field(name, required);
      if (failed || (value.is_none() && !required)) return;
      failed = builder.find_operator(value, out, count).is_error();
    }
    void value(const char* name, ArenaSpan<CompareOperator>& out) {
      Value value = field(name, true);
      List* list = failed ? nullptr : try_as<List>(value);
      if (!list) return;
      std::vector<CompareOperator> items(list->length);
      for (uint64_t i = 0; i < list->length && !failed; ++i)
        failed = builder.find_operator(list->values()[i], items[i], 10).is_error();
      out = builder.tree_.arena.copy(items.data(), items.size());
    }
  };

  Node* allocate(NodeKind kind) {
    switch (kind) {
#define APY_NODE(Base, Kind, spelling, fields)  \
  case NodeKind::Kind: {                        \
    auto* made = tree_.arena.make<ast::Kind>(); \
    made->kind = kind;                          \
    return made;                                \
  }
#define APY_CHILD(Type, field)
#define APY_MAYBE(Type, field)
#define APY_LIST(Type, field)
#define APY_LIST_MAYBE(Type, field)
#define APY_NAME(field)
#define APY_MAYBE_NAME(field)
#define APY_NAMES(field)
#define APY_VALUE(Type, field)
#define APY_NOTE(Type, field)
#include "parser/ast.def"
    }
    __builtin_unreachable();
  }

  Result<NodeKind> kind_of(Value object, const char* expected) {
    for (Value entry : vm_.type_of(object)->mro->span()) {
      auto found = kinds_.find(to_utf8(as<Type>(entry)->name));
      if (found != kinds_.end()) return found->second;
    }
    return vm_.raise(Exc::TypeError, "expected some sort of {}, but got {}",
                     expected ? expected : "AST node", TRY(repr_text(vm_, object)));
  }

  template <class Operator>
  Result<void> find_operator(Value object, Operator& out, int count) {
    std::string name = to_utf8(vm_.type_of(object)->name);
    for (int i = 0; i < count; ++i) {
      if (name == operator_name(static_cast<Operator>(i))) {
        out = static_cast<Operator>(i);
        return {};
      }
    }
    return vm_.raise(Exc::TypeError, "expected some sort of operator, but got {}",
                     TRY(repr_text(vm_, object)));
  }

  Result<void> constant(Value value, ConstantValue* out) {
    if (value.is_none()) return {};
    if (value.is_bool()) {
      out->kind = value.is_true() ? ConstantKind::True : ConstantKind::False;
    } else if (value.is_ellipsis()) {
      out->kind = ConstantKind::Ellipsis;
    } else if (value.is_small_int()) {
      out->kind = ConstantKind::Int;
      out->integer = value.as_small_int();
    } else if (is_exact(value, BuiltinType::Int)) {
      out->kind = ConstantKind::BigInt;
      out->text = tree_.arena.copy(TRY(hexadecimal(value)));
    } else if (is_exact(value, BuiltinType::Float)) {
      out->kind = ConstantKind::Float;
      out->real = TRY(to_double(vm_, value));
    } else if (is_exact(value, BuiltinType::Complex) && as<Complex>(value)->real == 0) {
      out->kind = ConstantKind::Imaginary;
      out->real = as<Complex>(value)->imaginary;
    } else if (is_exact(value, BuiltinType::Str)) {
      out->kind = ConstantKind::Str;
      out->text = tree_.arena.copy(to_utf8(as<Str>(value)));
    } else if (is_exact(value, BuiltinType::Bytes)) {
      out->kind = ConstantKind::Bytes;
      out->text = tree_.arena.copy(as<Bytes>(value)->view());
    } else {
      return vm_.raise(Exc::TypeError, "got an invalid type in Constant: {}", vm_.type_of(value));
    }
    return {};
  }
  Result<std::string> hexadecimal(Value value) {
    Value hex = dict_get_str(vm_, vm_.builtins(), TRY(intern(vm_, "hex")));
    return to_utf8(as<Str>(TRY(vm_.call(hex, {value}))));
  }

  Result<int64_t> number(Value object, const char* name, int64_t fallback) {
    Value value;
    if (!TRY(get_attribute_optional(vm_, object, TRY(intern(vm_, name)), &value))) {
      if (fallback >= 0) return fallback;
      return vm_.raise(Exc::TypeError, "required field \"{}\" missing from {}", name,
                       vm_.type_of(object)->base);
    }
    if (value.is_none() && fallback >= 0) return fallback;
    return to_int64(vm_, value);
  }
  Result<void> position(Node* node, Value object) {
    bool is_placed = node->is<Statement>() || node->is<Expression>() || node->is<Pattern>() ||
                     node->is<TypeParam>() || node->is<ast::ExceptHandler>() ||
                     node->is<ast::Arg>() || node->is<ast::Keyword>() || node->is<ast::Alias>();
    if (!is_placed) return {};
    constexpr int64_t kMaxLine = 1 << 20, kMaxColumn = 1 << 14;
    bool strict = node->is<Statement>() || node->is<Expression>();
    int64_t line = TRY(number(object, "lineno", strict ? -1 : 1));
    int64_t column = TRY(number(object, "col_offset", strict ? -1 : 0));
    int64_t end_line = TRY(number(object, "end_lineno", line));
    int64_t end_column = TRY(number(object, "end_col_offset", column));
    if (line > end_line)
      return vm_.raise(Exc::ValueError, "AST node line range ({}, {}) is not valid", line,
                       end_line);
    auto clamp = [](int64_t v, int64_t low, int64_t high) {
      return static_cast<uint32_t>(std::clamp(v, low, high));
    };
    places_.push_back({node, clamp(line, 1, kMaxLine), clamp(column, 0, kMaxColumn),
                       clamp(end_line, 1, kMaxLine), clamp(end_column, 0, kMaxColumn)});
    return {};
  }

  ExpressionContext context_of(const Node* parent, std::string_view field) {
    if (parent->is<ast::Delete>()) return ExpressionContext::Del;
    if (field == "target" || field == "targets" || field == "optional_vars")
      return ExpressionContext::Store;
    if (field == "name" && parent->is<ast::TypeAlias>()) return ExpressionContext::Store;
    bool inherits = (field == "elts" && (parent->is<ast::Tuple>() || parent->is<ast::List>())) ||
                    (field == "value" && parent->is<ast::Starred>());
    // What is inside a target is looked at when the target is.
    return inherits ? kAnyContext : ExpressionContext::Load;
  }
  static constexpr auto kAnyContext = static_cast<ExpressionContext>(255);

  Result<void> check_context(Expression* node, ExpressionContext wanted) {
    if (wanted == kAnyContext) return {};
    ExpressionContext has = ExpressionContext::Load;
    bool can_be_target = true;
    ArenaSpan<Expression*> elements;
    Expression* inner = nullptr;
    if (auto* name = node->try_as<ast::Name>())
      has = name->ctx;
    else if (auto* attribute = node->try_as<ast::Attribute>())
      has = attribute->ctx;
    else if (auto* subscript = node->try_as<ast::Subscript>())
      has = subscript->ctx;
    else if (auto* starred = node->try_as<ast::Starred>())
      has = starred->ctx, inner = starred->value;
    else if (auto* list = node->try_as<ast::List>())
      has = list->ctx, elements = list->elts;
    else if (auto* tuple = node->try_as<ast::Tuple>())
      has = tuple->ctx, elements = tuple->elts;
    else
      can_be_target = false;
    if (!can_be_target && wanted != ExpressionContext::Load)
      return vm_.raise(Exc::ValueError, "expression which can't be assigned to in {} context",
                       operator_name(wanted));
    if (has != wanted)
      return vm_.raise(Exc::ValueError, "expression must have {} context but has {} instead",
                       operator_name(wanted), operator_name(has));
    for (Expression* element : elements) TRY(check_context(element, wanted));
    return inner ? check_context(inner, wanted) : Result<void>();
  }

  Result<void> require(bool holds, const char* message) {
    if (holds) return {};
    return vm_.raise(Exc::ValueError, message);
  }
  template <class T>
  Result<void> require_filled(const ArenaSpan<T*>& list, const char* field, const Node* owner) {
    if (!list.empty()) return {};
    return vm_.raise(Exc::ValueError, "empty {} on {}", field, node_kind_name(owner->kind));
  }

  /// What the compiler takes for granted, and the height of expressions.
  Result<void> check(Node* node) {
    TRY(check_lists(node));
    TRY(check_parts(node));
    if (!node->is<Expression>()) return {};
    uint32_t height = 1;
    if (auto* op = node->try_as<ast::BinOp>()) {
      height = std::max(op->left->height + (op->left->is<ast::BinOp>() ? 0u : 1u),
                        op->right->height + 1u);
    } else {
      for_each_child_of(node, [&](Node* child) { height = std::max(height, child->height + 1u); });
    }
    if (height > kMaxExpressionHeight)
      return vm_.raise(Exc::RecursionError, "maximum recursion depth exceeded during compilation");
    node->height = static_cast<uint16_t>(height);
    return {};
  }
  template <class F>
  void for_each_child_of(Node* node, F function) {
    ast::visit(node, [&](auto* typed) {
      for_each_child(typed, [&](auto* child) { function(static_cast<Node*>(child)); });
    });
  }

  Result<void> check_lists(Node* node) {
    if (auto* f = node->try_as<ast::FunctionDef>()) return require_filled(f->body, "body", node);
    if (auto* f = node->try_as<ast::AsyncFunctionDef>())
      return require_filled(f->body, "body", node);
    if (auto* c = node->try_as<ast::ClassDef>()) return require_filled(c->body, "body", node);
    if (auto* d = node->try_as<ast::Delete>()) return require_filled(d->targets, "targets", node);
    if (auto* a = node->try_as<ast::Assign>()) return require_filled(a->targets, "targets", node);
    if (auto* f = node->try_as<ast::For>()) return require_filled(f->body, "body", node);
    if (auto* f = node->try_as<ast::AsyncFor>()) return require_filled(f->body, "body", node);
    if (auto* w = node->try_as<ast::While>()) return require_filled(w->body, "body", node);
    if (auto* i = node->try_as<ast::If>()) return require_filled(i->body, "body", node);
    if (auto* h = node->try_as<ast::ExceptHandler>()) return require_filled(h->body, "body", node);
    if (auto* c = node->try_as<ast::MatchCase>()) return require_filled(c->body, "body", node);
    if (auto* m = node->try_as<ast::Match>()) return require_filled(m->cases, "cases", node);
    if (auto* i = node->try_as<ast::Import>()) return require_filled(i->names, "names", node);
    if (auto* i = node->try_as<ast::ImportFrom>()) return require_filled(i->names, "names", node);
    if (auto* w = node->try_as<ast::With>()) {
      TRY(require_filled(w->items, "items", node));
      return require_filled(w->body, "body", node);
    }
    if (auto* w = node->try_as<ast::AsyncWith>()) {
      TRY(require_filled(w->items, "items", node));
      return require_filled(w->body, "body", node);
    }
    if (auto* c = node->try_as<ast::ListComp>())
      return require(!c->generators.empty(), "comprehension with no generators");
    if (auto* c = node->try_as<ast::SetComp>())
      return require(!c->generators.empty(), "comprehension with no generators");
    if (auto* c = node->try_as<ast::DictComp>())
      return require(!c->generators.empty(), "comprehension with no generators");
    if (auto* c = node->try_as<ast::GeneratorExp>())
      return require(!c->generators.empty(), "comprehension with no generators");
    return {};
  }

  template <class T>
  Result<void> check_try(T* node) {
    TRY(require_filled(node->body, "body", node));
    TRY(require(!node->handlers.empty() || !node->finalbody.empty(),
                "Try has neither handlers nor finalbody"));
    return require(!node->handlers.empty() || node->orelse.empty(),
                   "Try has orelse but no except handlers");
  }

  Result<void> check_parts(Node* node) {
    if (auto* t = node->try_as<ast::Try>()) return check_try(t);
    if (auto* t = node->try_as<ast::TryStar>()) return check_try(t);
    if (auto* r = node->try_as<ast::Raise>())
      return require(r->exc || !r->cause, "Raise with cause but no exception");
    if (auto* b = node->try_as<ast::BoolOp>())
      return require(b->values.size() >= 2, "BoolOp with less than 2 values");
    if (auto* c = node->try_as<ast::Compare>()) {
      TRY(require(!c->comparators.empty(), "Compare with no comparators"));
      return require(c->comparators.size() == c->ops.size(),
                     "Compare has a different number of comparators and operands");
    }
    if (auto* d = node->try_as<ast::Dict>())
      return require(d->keys.size() == d->values.size(),
                     "Dict doesn't have the same number of keys as values");
    if (auto* a = node->try_as<ast::Arguments>()) {
      TRY(require(a->defaults.size() <= a->posonlyargs.size() + a->args.size(),
                  "more positional defaults than args on arguments"));
      return require(a->kw_defaults.size() == a->kwonlyargs.size(),
                     "length of kwonlyargs is not the same as kw_defaults on arguments");
    }
    if (auto* n = node->try_as<ast::NamedExpr>())
      return n->target->is<ast::Name>()
                 ? Result<void>()
                 : vm_.raise(Exc::TypeError, "NamedExpr target must be a Name");
    if (auto* a = node->try_as<ast::AugAssign>())
      return require(a->target->is<ast::Name>() || a->target->is<ast::Attribute>() ||
                         a->target->is<ast::Subscript>(),
                     "illegal expression for augmented assignment");
    if (auto* a = node->try_as<ast::AnnAssign>()) {
      if (a->simple && !a->target->is<ast::Name>())
        return vm_.raise(Exc::TypeError, "AnnAssign with simple non-Name target");
      return require(a->target->is<ast::Name>() || a->target->is<ast::Attribute>() ||
                         a->target->is<ast::Subscript>(),
                     "illegal target for annotation");
    }
    if (auto* t = node->try_as<ast::TypeAlias>())
      return t->name->is<ast::Name>() ? Result<void>()
                                      : vm_.raise(Exc::TypeError, "TypeAlias with non-Name name");
    return check_patterns(node);
  }

  Result<void> check_patterns(Node* node) {
    if (auto* f = node->try_as<ast::FormattedValue>())
      return require(!f->format_spec || f->format_spec->is<ast::JoinedStr>(),
                     "FormattedValue with a format_spec that is no JoinedStr");
    if (auto* m = node->try_as<ast::MatchOr>())
      return require(m->patterns.size() >= 2, "MatchOr requires at least 2 patterns");
    if (auto* m = node->try_as<ast::MatchMapping>())
      return require(m->keys.size() == m->patterns.size(),
                     "MatchMapping doesn't have the same number of keys as patterns");
    if (auto* m = node->try_as<ast::MatchClass>())
      return require(m->kwd_attrs.size() == m->kwd_patterns.size(),
                     "MatchClass doesn't have the same number of keyword attributes as patterns");
    if (auto* m = node->try_as<ast::MatchAs>())
      return require(m->name || !m->pattern,
                     "MatchAs must specify a target name if a pattern is given");
    if (auto* m = node->try_as<ast::MatchSingleton>())
      return require(m->value.kind == ConstantKind::None || m->value.kind == ConstantKind::True ||
                         m->value.kind == ConstantKind::False,
                     "MatchSingleton can only contain True, False and None");
    return {};
  }

  VM& vm_;
  ObjectTree& tree_;
  std::unordered_map<std::string, NodeKind> kinds_;
  std::vector<Place> places_;
};

}  // namespace

Result<void> objects_to_tree(VM& vm, Value root, std::string_view filename, ObjectTree* tree) {
  Builder builder(vm, *tree);
  tree->root = TRY(builder.node(root, "Module"));
  bool is_root = tree->root->is<ast::Module>() || tree->root->is<ast::InteractiveModule>() ||
                 tree->root->is<ast::ExpressionModule>();
  if (!is_root) return vm.raise(Exc::TypeError, "expected Module node, got {}", vm.type_of(root));
  return builder.make_source(filename);
}

Result<bool> is_tree_object(VM& vm, Value v) {
  Value module = dict_get_str(vm, vm.modules(), TRY(intern(vm, "_ast")));
  if (module.is_empty() || !is_kind(module, CellKind::Module)) return false;
  Type* base =
      try_as<Type>(dict_get_str(vm, as<apy::Module>(module)->dict, TRY(intern(vm, "AST"))));
  return base && vm.type_of(v)->is_subtype_of(base);
}

}  // namespace apy
