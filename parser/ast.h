#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lexer/span.h"
#include "parser/arena.h"

// The syntax tree: plain structs, one per line of parser/ast.def, all in one Arena, never freed one
// by one. `node->kind` says what a node is; a pass is a `switch` over it with
// `node->as<ast::Call>()` in the cases.
//
// How deep a tree can be. Passes recurse, so the parser bounds what it builds: expressions are at
// most kMaxExpressionHeight high (see Node::height), blocks at most 100 deep (the lexer's limit
// on indentation). Two shapes are exempt, because programs do have long ones, and every pass
// walks them in a loop: left-leaning BinOp chains (`a + b + c ...`, see BinOpSpine), and `elif`
// chains (an If that is alone in `orelse`). What lies beyond gives a RecursionError in the parser.

namespace apy::ast {

enum class NodeKind : uint8_t {
#define APY_NODE(Base, Kind, spelling, fields) Kind,
#include "parser/ast.def"
};

/// How far the leaves of one expression may lie below its top.
inline constexpr uint16_t kMaxExpressionHeight = 500;

/// An interned name from the NameTable; equal names share one address. Empty means absent.
class Identifier {
 public:
  constexpr Identifier() = default;
  /// `interned` must come from NameTable::intern.
  constexpr explicit Identifier(std::string_view interned)
      : data_(interned.data()), size_(static_cast<uint32_t>(interned.size())) {}

  constexpr std::string_view view() const { return {data_, size_}; }
  constexpr const char* data() const { return data_; }
  constexpr uint32_t size() const { return size_; }
  constexpr explicit operator bool() const { return data_ != nullptr; }
  constexpr bool operator==(const Identifier& other) const { return data_ == other.data_; }
  /// Spread out enough for a table of a power of two.
  size_t hash() const { return reinterpret_cast<uintptr_t>(data_) * 0x9E3779B97F4A7C15u >> 20; }

 private:
  const char* data_ = nullptr;
  uint32_t size_ = 0;
};

enum class ExpressionContext : uint8_t { Load, Store, Del };
enum class BooleanOperator : uint8_t { And, Or };
enum class UnaryOperator : uint8_t { Invert, Not, UAdd, USub };
enum class BinaryOperator : uint8_t {
  Add,
  Sub,
  Mult,
  MatMult,
  Div,
  Mod,
  Pow,
  LShift,
  RShift,
  BitOr,
  BitXor,
  BitAnd,
  FloorDiv
};
enum class CompareOperator : uint8_t { Eq, NotEq, Lt, LtE, Gt, GtE, Is, IsNot, In, NotIn };
/// Whether a string constant was written with the prefix `u`; CPython keeps that as `kind`.
enum class UnicodePrefix : uint8_t { Absent, Present };

enum class ConstantKind : uint8_t {
  None,
  True,
  False,
  Ellipsis,
  Int,        ///< `integer`
  BigInt,     ///< `text`: digits without underscores, with their 0x, 0o or 0b prefix if any
  Float,      ///< `real`
  Imaginary,  ///< `real`
  Str,        ///< `text`: UTF-8 in which lone surrogates are encoded like other code points
  Bytes,      ///< `text`: the bytes
};

/// The value of a literal. Text lives in the tree's arena (or the source).
struct ConstantValue {
  ConstantKind kind = ConstantKind::None;
  union {
    int64_t integer = 0;
    double real;
  };
  std::string_view text;
};

class Scope;    // parser/resolve.h
struct Symbol;  // parser/resolve.h

/// What all nodes share.
struct Node {
  NodeKind kind;
  /// Of an expression: 1 + the height of its highest child, where a chain of BinOps that are each
  /// other's `left` counts once. Zero in other nodes.
  uint16_t height = 0;
  Span span;

  template <class T>
  bool is() const {
    return T::holds(kind);
  }
  /// This node as a T; its kind must be right.
  template <class T>
  T* as() {
    assert(T::holds(kind));
    return static_cast<T*>(this);
  }
  template <class T>
  const T* as() const {
    assert(T::holds(kind));
    return static_cast<const T*>(this);
  }
  /// This node as a T, or null if it is something else.
  template <class T>
  T* try_as() {
    return T::holds(kind) ? static_cast<T*>(this) : nullptr;
  }
  template <class T>
  const T* try_as() const {
    return T::holds(kind) ? static_cast<const T*>(this) : nullptr;
  }
};

// Bases, in the order of their kinds in ast.def.
struct Statement : Node {
  static constexpr bool holds(NodeKind kind) {
    return kind >= NodeKind::FunctionDef && kind <= NodeKind::Continue;
  }
};
struct Expression : Node {
  static constexpr bool holds(NodeKind kind) {
    return kind >= NodeKind::BoolOp && kind <= NodeKind::Slice;
  }
};
struct Pattern : Node {
  static constexpr bool holds(NodeKind kind) {
    return kind >= NodeKind::MatchValue && kind <= NodeKind::MatchOr;
  }
};
struct TypeParam : Node {
  static constexpr bool holds(NodeKind kind) {
    return kind >= NodeKind::TypeVar && kind <= NodeKind::TypeVarTuple;
  }
};

#define APY_NODE(Base, Kind, spelling, fields) struct Kind;
#include "parser/ast.def"

#define APY_NODE(Base, Kind, spelling, fields)                             \
  struct Kind : Base {                                                     \
    static constexpr NodeKind kKind = NodeKind::Kind;                      \
    static constexpr bool holds(NodeKind other) { return other == kKind; } \
    fields                                                                 \
  };
#define APY_CHILD(Type, field) Type* field = nullptr;
#define APY_MAYBE(Type, field) Type* field = nullptr;
#define APY_LIST(Type, field) ArenaSpan<Type*> field;
#define APY_LIST_MAYBE(Type, field) ArenaSpan<Type*> field;
#define APY_NAME(field) Identifier field;
#define APY_MAYBE_NAME(field) Identifier field;
#define APY_NAMES(field) ArenaSpan<Identifier> field;
#define APY_VALUE(Type, field) Type field = {};
#define APY_NOTE(Type, field) Type field = {};
#include "parser/ast.def"

/// The name of a node's kind as CPython's `ast` spells it.
const char* node_kind_name(NodeKind kind);
const char* operator_name(BinaryOperator op);   ///< "Add", "Sub", ...
const char* operator_name(UnaryOperator op);    ///< "Invert", "Not", ...
const char* operator_name(BooleanOperator op);  ///< "And", "Or"
const char* operator_name(CompareOperator op);  ///< "Eq", "NotEq", ...
const char* operator_name(ExpressionContext context);

/// Walks a chain of BinOps from the innermost left operand outwards without recursion:
///   BinOpSpine spine(node);
///   compile(spine.first());
///   while (BinOp* next = spine.next()) { compile(next->right); emit(next->op); }
/// Reverses the `left` pointers on the way down and restores them on the way up, so it needs no
/// memory; it must be run to its end (the destructor sees to that).
class BinOpSpine {
 public:
  explicit BinOpSpine(BinOp* outermost) : current_(outermost) {
    while (BinOp* inner = current_->left->try_as<BinOp>()) {
      current_->left = above_;
      above_ = current_;
      current_ = inner;
    }
    pending_ = true;
  }
  BinOpSpine(const BinOpSpine&) = delete;
  BinOpSpine& operator=(const BinOpSpine&) = delete;
  ~BinOpSpine() {
    while (next()) {
    }
  }

  /// The leftmost operand of the chain, which is no BinOp.
  Expression* first() const { return current_->left; }
  /// The next BinOp outwards, or null after the outermost.
  BinOp* next() {
    if (pending_) {
      pending_ = false;
      return current_;
    }
    if (!above_) return nullptr;
    BinOp* outer = above_;
    above_ = static_cast<BinOp*>(outer->left);
    outer->left = current_;
    current_ = outer;
    return outer;
  }

 private:
  BinOp* current_;
  BinOp* above_ = nullptr;
  bool pending_ = false;
};

}  // namespace apy::ast
