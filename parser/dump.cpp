#include "parser/dump.h"

#include <vector>

#include "parser/visit.h"

namespace apy {

namespace {

using namespace ast;

// visit_fields(node, visitor): calls visitor.child/list/text/names/value(name, field) for each
// field that `ast` knows, in its order.
#define APY_NODE(Base, Kind, spelling, fields)                                        \
  template <class Visitor>                                                            \
  void visit_fields([[maybe_unused]] const Kind* node, [[maybe_unused]] Visitor& v) { \
    fields                                                                            \
  }
#define APY_CHILD(Type, field) v.child(#field, node->field);
#define APY_MAYBE(Type, field) v.child(#field, node->field);
#define APY_LIST(Type, field) v.list(#field, node->field);
#define APY_LIST_MAYBE(Type, field) v.list(#field, node->field);
#define APY_NAME(field) v.text(#field, node->field);
#define APY_MAYBE_NAME(field) v.text(#field, node->field);
#define APY_NAMES(field) v.names(#field, node->field);
#define APY_VALUE(Type, field) v.value(#field, node->field);
#define APY_NOTE(Type, field)
#include "parser/ast.def"

template <class Visitor>
void visit_any(const Node* node, Visitor& visitor) {
  visit(const_cast<Node*>(node), [&visitor](auto* typed) { visit_fields(typed, visitor); });
}

/// Counts what a node prints between its parentheses.
struct ArgumentCounter {
  int count = 0;
  void child(const char*, const Node* child) { count += child != nullptr; }
  template <class T>
  void list(const char*, ArenaSpan<T*> list) {
    count += !list.empty();
  }
  void text(const char*, Identifier name) { count += static_cast<bool>(name); }
  void names(const char*, ArenaSpan<Identifier> names) { count += !names.empty(); }
  template <class T>
  void value(const char*, const T&) {
    ++count;
  }
  void value(const char*, UnicodePrefix prefix) { count += prefix == UnicodePrefix::Present; }
};

int argument_count(const Node* node) {
  ArgumentCounter counter;
  visit_any(node, counter);
  return counter.count;
}

/// Whether all that a node prints fits one line: no list, and no child that has arguments.
struct SimplicityCheck : ArgumentCounter {
  bool all_simple = true;
  void child(const char* name, const Node* child) {
    ArgumentCounter::child(name, child);
    if (child && argument_count(child) > 0) all_simple = false;
  }
  template <class T>
  void list(const char* name, ArenaSpan<T*> list) {
    ArgumentCounter::list(name, list);
    if (!list.empty()) all_simple = false;
  }
  void names(const char* name, ArenaSpan<Identifier> names) {
    ArgumentCounter::names(name, names);
    if (!names.empty()) all_simple = false;
  }
  using ArgumentCounter::value;
  void value(const char*, const ArenaSpan<CompareOperator>&) {
    ++count;
    all_simple = false;
  }
};

class Dumper {
 public:
  explicit Dumper(std::string& out) : out_(out) {}

  void node(const Node* node) {
    if (const auto* chain = node->try_as<BinOp>()) {
      left_chain(chain);
      return;
    }
    open(node);
    visit_any(node, *this);
    close();
  }

  void child(const char* name, const Node* child) {
    if (!child) return;
    field(name);
    node(child);
  }

  template <class T>
  void list(const char* name, ArenaSpan<T*> list) {
    if (list.empty()) return;
    field(name);
    open_list();
    for (const T* item : list) {
      element();
      if (item) {
        node(item);
      } else {
        out_ += "None";
      }
    }
    close_list();
  }

  void text(const char* name, Identifier text) {
    if (!text) return;
    field(name);
    quote(text.view());
  }

  void names(const char* name, ArenaSpan<Identifier> names) {
    if (names.empty()) return;
    field(name);
    open_list();
    for (Identifier item : names) {
      element();
      quote(item.view());
    }
    close_list();
  }

  void value(const char* name, int number) {
    field(name);
    out_ += std::to_string(number);
  }
  void value(const char* name, const ConstantValue& constant) {
    field(name);
    out_ += constant_repr(constant);
  }
  void value(const char*, UnicodePrefix prefix) {
    if (prefix == UnicodePrefix::Absent) return;
    field("kind");
    out_ += "'u'";
  }
  template <class Operator>
  requires std::is_enum_v<Operator>
  void value(const char* name, Operator op) {
    field(name);
    out_ += operator_name(op);
    out_ += "()";
  }
  void value(const char* name, const ArenaSpan<CompareOperator>& ops) {
    field(name);
    open_list();
    for (CompareOperator op : ops) {
      element();
      out_ += operator_name(op);
      out_ += "()";
    }
    close_list();
  }

 private:
  struct Level {
    bool one_line;
    bool first = true;
  };

  /// BinOps leaning left are as many levels as the program has operators: no recursion there.
  void left_chain(const BinOp* outermost) {
    std::vector<const BinOp*> chain;
    for (const BinOp* op = outermost; op; op = op->left->try_as<BinOp>()) chain.push_back(op);
    for (const BinOp* op : chain) {
      open(op);
      field("left");
    }
    node(chain.back()->left);
    for (size_t i = chain.size(); i-- > 0;) {
      value("op", chain[i]->op);
      field("right");
      node(chain[i]->right);
      close();
    }
  }

  void open(const Node* node) {
    SimplicityCheck check;
    visit_any(node, check);
    out_ += node_kind_name(node->kind);
    out_ += '(';
    levels_.push_back({check.all_simple && check.count <= 3});
  }
  void close() {
    out_ += ')';
    levels_.pop_back();
  }
  void open_list() {
    out_ += '[';
    levels_.push_back({false});
  }
  void close_list() {
    out_ += ']';
    levels_.pop_back();
  }

  /// The separator before an item of the innermost node or list.
  void element() {
    Level& level = levels_.back();
    if (!level.first) out_ += level.one_line ? ", " : ",";
    if (!level.one_line) {
      out_ += '\n';
      out_.append(levels_.size() * 2, ' ');
    }
    level.first = false;
  }
  void field(const char* name) {
    element();
    out_ += name;
    out_ += '=';
  }
  void quote(std::string_view name) {
    out_ += '\'';
    out_ += name;
    out_ += '\'';
  }

  std::string& out_;
  std::vector<Level> levels_;
};

}  // namespace

std::string dump(const ast::Node* root) {
  std::string out;
  Dumper(out).node(root);
  return out;
}

}  // namespace apy
