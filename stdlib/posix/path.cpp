#include "stdlib/posix/path.h"

#include <cstring>
#include <limits>

#include "vm/objects/codec.h"
#include "vm/objects/text.h"

namespace apy {

Result<PathArgument> read_path(VM& vm, Value value, const char* function, bool allow_descriptor,
                               const char* argument) {
  PathArgument path;
  path.object = value;
  Value text = value;
  if (!is_kind(text, CellKind::Str) && !is_kind(text, CellKind::Bytes)) {
    if (allow_descriptor && !type_special(vm, vm.type_of(value), Special::Index).is_empty()) {
      int64_t number = TRY(to_int64(vm, value));
      if (number > std::numeric_limits<int>::max())
        return vm.raise(Exc::OverflowError, "fd is greater than maximum");
      if (number < std::numeric_limits<int>::min())
        return vm.raise(Exc::OverflowError, "fd is less than minimum");
      path.descriptor = static_cast<int>(number);
      return path;
    }
    if (type_lookup(vm, vm.type_of(value), vm.names().fspath).is_empty())
      return vm.raise(Exc::TypeError, "{}: {} should be string, bytes{} or {}, not {}", function,
                      argument, allow_descriptor ? ", os.PathLike" : "",
                      allow_descriptor ? "integer" : "os.PathLike", vm.type_of(value));
    text = TRY(vm.call_method(value, vm.names().fspath, {}));
    if (!is_kind(text, CellKind::Str) && !is_kind(text, CellKind::Bytes))
      return vm.raise(Exc::TypeError, "expected {}.__fspath__() to return str or bytes, not {}",
                      vm.type_of(value), vm.type_of(text));
  }
  path.object = text;
  if (Bytes* bytes = try_as<Bytes>(text)) {
    path.is_bytes = true;
    path.text = bytes->view();
  } else {
    Bytes* encoded = TRY(encode_text(vm, as<Str>(text), "utf-8", "surrogateescape"));
    path.text = encoded->view();
  }
  if (path.text.find('\0') != std::string::npos)
    return vm.raise(Exc::ValueError, "{}: embedded null {} in {}", function,
                    path.is_bytes ? "byte" : "character", argument);
  return path;
}

Result<Value> path_value(VM& vm, std::string_view text, bool as_bytes) {
  if (as_bytes) return make_bytes(vm, text);
  return decode_text(vm, text, Value(), "utf-8", "surrogateescape");
}

Error raise_path_error(VM& vm, int error, const PathArgument& path) {
  if (path.descriptor >= 0) {
    Value arguments[2] = {Value::small_int(error), TRY(make_str(vm, std::strerror(error)))};
    return vm.raise_exception(TRY(vm.call(vm.type(BuiltinType::OSError), arguments)));
  }
  Value arguments[3] = {Value::small_int(error), TRY(make_str(vm, std::strerror(error))),
                        path.object};
  return vm.raise_exception(TRY(vm.call(vm.type(BuiltinType::OSError), arguments)));
}

Error raise_path_error(VM& vm, int error, const PathArgument& from, const PathArgument& to) {
  Value arguments[5] = {Value::small_int(error), TRY(make_str(vm, std::strerror(error))),
                        from.object, Value::none(), to.object};
  return vm.raise_exception(TRY(vm.call(vm.type(BuiltinType::OSError), arguments)));
}

}  // namespace apy
