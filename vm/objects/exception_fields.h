#pragma once
// The fields of the builtin exception types: where they are in Exception::fields, and how __init__
// fills them.
#include "vm/objects/descriptor.h"

namespace apy {

/// Exception types with the same struct of fields.
enum class ExceptionGroupKind : uint8_t {
  Plain,
  StopIteration,
  SystemExit,
  ImportError,
  OsError,
  SyntaxError,
  UnicodeDecode,
  UnicodeEncode,
  UnicodeTranslate,
  NameError,
  AttributeError,
  KeyError,
  Group,
};

ExceptionGroupKind exception_kind(const Type* type);

/// What __init__ does beside setting args. The last keyword_names->length of `arguments` are named.
Result<void> initialize_fields(VM& vm, Exception* exception, std::span<const Value> arguments,
                               Tuple* keyword_names);
/// The subclass of OSError for an errno, or OSError.
BuiltinType os_error_type(VM& vm, Value number);
/// str(exception) of builtin exceptions.
Result<Str*> exception_text(VM& vm, Exception* exception);
/// cls(message, exceptions) for groups: the checks and the class to use.
Result<Value> group_new(VM& vm, const Arguments& arguments);

inline Value field_or_none(const Exception* exception, int index) {
  Value v = exception->fields[index];
  return v.is_empty() ? Value::none() : v;
}

template <int N>
Result<Value> get_exception_field(VM&, Value self) {
  return field_or_none(as<Exception>(self), N);
}
template <int N>
Result<void> set_exception_field(VM& vm, Value self, Value value) {
  as<Exception>(self)->fields[N] = value.is_empty() ? Value::none() : value;
  vm.barrier(self.cell());
  return {};
}

}  // namespace apy
