// From a syntax tree to objects of the module `ast`. parser/ast.def names the nodes and fields as
// `ast` does, so one visitor over the fields is all there is.
#include "parser/visit.h"
#include "vm/interpreter/trees.h"
#include "vm/objects/internals.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

using ast::CompareOperator;
using ast::ConstantKind;
using ast::ConstantValue;
using ast::Identifier;
using ast::Node;
using ast::node_kind_name;
using ast::NodeKind;
using ast::operator_name;
using ast::UnicodePrefix;

#define APY_NODE(Base, Kind, spelling, fields)                                             \
  template <class Visitor>                                                                 \
  void visit_fields([[maybe_unused]] const ast::Kind* node, [[maybe_unused]] Visitor& v) { \
    fields                                                                                 \
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

bool has_position(NodeKind kind) {
  switch (kind) {
    case NodeKind::Module:
    case NodeKind::InteractiveModule:
    case NodeKind::ExpressionModule:
    case NodeKind::Comprehension:
    case NodeKind::Arguments:
    case NodeKind::WithItem:
    case NodeKind::MatchCase:
      return false;
    default:
      return true;
  }
}

class Converter {
 public:
  Converter(VM& vm, const Source& source, Dict* classes)
      : vm_(vm), source_(source), classes_(classes) {}

  Result<Value> node(const Node* node) {
    NativeDepth guard(vm_);
    TRY(guard.check(" during ast construction"));
    Value object = TRY(instance(node_kind_name(node->kind)));
    FieldVisitor visitor{*this, object.cell(), false};
    ast::visit(const_cast<Node*>(node), [&](auto* typed) { visit_fields(typed, visitor); });
    if (visitor.failed) return Error{};
    if (node->kind == NodeKind::Module)
      TRY(put(object.cell(), "type_ignores", TRY(make_list(vm_, size_t{0}))));
    if (has_position(node->kind)) TRY(put_position(object.cell(), node->span));
    return object;
  }

 private:
  struct FieldVisitor {
    Converter& converter;
    Cell* object;
    bool failed;

    void put(const char* name, Result<Value> value) {
      if (failed || value.is_error() || converter.put(object, name, value.value()).is_error())
        failed = true;
    }
    void child(const char* name, const Node* child) {
      if (!failed) put(name, child ? converter.node(child) : Result<Value>(Value::none()));
    }
    template <class T>
    void list(const char* name, ArenaSpan<T*> list) {
      if (!failed) put(name, converter.nodes(list));
    }
    void text(const char* name, Identifier text) {
      if (!failed)
        put(name, text ? intern(converter.vm_, text.view()) : Result<Value>(Value::none()));
    }
    void names(const char* name, ArenaSpan<Identifier> names) {
      if (!failed) put(name, converter.identifiers(names));
    }
    void value(const char* name, int number) { put(name, Value::small_int(number)); }
    void value(const char* name, const ConstantValue& constant) {
      if (!failed) put(name, converter.constant(constant));
    }
    void value(const char*, UnicodePrefix prefix) {
      put("kind", prefix == UnicodePrefix::Present ? Result<Value>(intern(converter.vm_, "u"))
                                                   : Result<Value>(Value::none()));
    }
    template <class Operator>
    requires std::is_enum_v<Operator>
    void value(const char* name, Operator op) {
      if (!failed) put(name, converter.singleton(operator_name(op)));
    }
    void value(const char* name, const ArenaSpan<CompareOperator>& ops) {
      if (!failed) put(name, converter.operators(ops));
    }
  };

  Result<Value> instance(const char* name) {
    Type* type = try_as<Type>(dict_get_str(vm_, classes_, TRY(intern(vm_, name))));
    if (!type) return vm_.raise(Exc::SystemError, "ast has no class {}", name);
    return TRY(allocate_instance(vm_, type));
  }
  /// Operators and contexts exist once.
  Result<Value> singleton(const char* name) {
    Type* type = try_as<Type>(dict_get_str(vm_, classes_, TRY(intern(vm_, name))));
    if (!type) return vm_.raise(Exc::SystemError, "ast has no class {}", name);
    return get_attribute(vm_, type, TRY(intern(vm_, "_instance")));
  }
  Result<void> put(Cell* object, const char* name, Value value) {
    return set_own_attribute(vm_, object, TRY(intern(vm_, name)), value);
  }
  Result<void> put_position(Cell* object, Span span) {
    SourcePosition begin = source_.position_at(span.begin), end = source_.position_at(span.end);
    TRY(put(object, "lineno", Value::small_int(begin.line)));
    TRY(put(object, "col_offset", Value::small_int(begin.byte_column)));
    TRY(put(object, "end_lineno", Value::small_int(end.line)));
    return put(object, "end_col_offset", Value::small_int(end.byte_column));
  }
  template <class T>
  Result<Value> nodes(ArenaSpan<T*> list) {
    List* result = TRY(make_list(vm_, size_t{0}));
    for (const T* item : list)
      TRY(list_append(vm_, result, item ? TRY(node(item)) : Value::none()));
    return result;
  }
  Result<Value> identifiers(ArenaSpan<Identifier> names) {
    List* result = TRY(make_list(vm_, size_t{0}));
    for (Identifier name : names) TRY(list_append(vm_, result, TRY(intern(vm_, name.view()))));
    return result;
  }
  Result<Value> operators(const ArenaSpan<CompareOperator>& ops) {
    List* result = TRY(make_list(vm_, size_t{0}));
    for (CompareOperator op : ops) TRY(list_append(vm_, result, TRY(singleton(operator_name(op)))));
    return result;
  }
  Result<Value> constant(const ConstantValue& constant) {
    switch (constant.kind) {
      case ConstantKind::None:
        return Value::none();
      case ConstantKind::True:
        return Value::boolean(true);
      case ConstantKind::False:
        return Value::boolean(false);
      case ConstantKind::Ellipsis:
        return Value::ellipsis();
      case ConstantKind::Int:
        return make_int(vm_, constant.integer);
      case ConstantKind::BigInt:
        return big_int(constant.text);
      case ConstantKind::Float:
        return make_float(vm_, constant.real);
      case ConstantKind::Imaginary: {
        auto* complex = TRY(vm_.allocate<Complex>(BuiltinType::Complex));
        complex->real = 0;
        complex->imaginary = constant.real;
        return Value(complex);
      }
      case ConstantKind::Str:
        return make_str(vm_, constant.text);
      case ConstantKind::Bytes:
        return make_bytes(vm_, constant.text);
    }
    return Value::none();
  }
  Result<Value> big_int(std::string_view text) {
    int base = 10;
    if (text.size() > 2 && text[0] == '0') {
      char prefix = static_cast<char>(text[1] | 0x20);
      base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
      if (base != 10) text.remove_prefix(2);
    }
    return parse_int(vm_, text, base);
  }

  VM& vm_;
  const Source& source_;
  Dict* classes_;
};

}  // namespace

Result<Value> tree_to_objects(VM& vm, const ast::Node* root, const Source& source) {
  Value module = TRY(vm.import_module("_ast"));
  return Converter(vm, source, as<Module>(module)->dict).node(root);
}

}  // namespace apy
