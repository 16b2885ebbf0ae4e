// The exception types below BaseException: their fields and texts.
#include <cerrno>
#include <cmath>

#include "vm/binding/bind.h"
#include "vm/objects/exception_fields.h"
#include "vm/objects/str_functions.h"

namespace apy {

namespace {

constexpr BuiltinType kBases[] = {
    BuiltinType::None_,
#define BUILTIN_TYPE(Id, name, base, kind) BuiltinType::base,
#include "vm/objects/builtin_types.def"
#undef BUILTIN_TYPE
#define EXCEPTION(Id, base) BuiltinType::base,
#include "vm/objects/exceptions.def"
#undef EXCEPTION
};

constexpr ExceptionGroupKind kind_of(BuiltinType id) {
  using enum ExceptionGroupKind;
  for (; id != Exc::BaseException && id != BuiltinType::Object && id != BuiltinType::None_;
       id = kBases[static_cast<int>(id)]) {
    switch (id) {
      case Exc::StopIteration:
        return StopIteration;
      case Exc::SystemExit:
        return SystemExit;
      case Exc::ImportError:
        return ImportError;
      case Exc::OSError:
        return OsError;
      case Exc::SyntaxError:
        return SyntaxError;
      case Exc::UnicodeDecodeError:
        return UnicodeDecode;
      case Exc::UnicodeEncodeError:
        return UnicodeEncode;
      case Exc::UnicodeTranslateError:
        return UnicodeTranslate;
      case Exc::NameError:
        return NameError;
      case Exc::AttributeError:
        return AttributeError;
      case Exc::KeyError:
        return KeyError;
      case Exc::BaseExceptionGroup:
        return Group;
      default:
        break;
    }
  }
  return Plain;
}

struct KindTable {
  ExceptionGroupKind kinds[std::size(kBases)];
  constexpr KindTable() : kinds() {
    for (size_t i = 0; i < std::size(kBases); ++i) kinds[i] = kind_of(static_cast<BuiltinType>(i));
  }
};
constexpr KindTable kKindTable;

}  // namespace

ExceptionGroupKind exception_kind(const Type* type) {
  return kKindTable.kinds[static_cast<size_t>(type->builtin)];
}

namespace {

/// Stores named arguments; `names` are those that the type takes, `fields` where they go.
Result<void> store_keywords(VM& vm, Exception* exception, const Value* values, Tuple* keyword_names,
                            std::span<const char* const> names, const int* fields) {
  if (!keyword_names) return {};
  for (uint64_t i = 0; i < keyword_names->length; ++i) {
    const Str* name = as<Str>(keyword_names->values()[i]);
    size_t at = 0;
    while (at < names.size() && !str_equal(name, names[at])) ++at;
    if (at == names.size()) {
      const Type* type = vm.type_of(exception);
      while (type->flags & Type::kHeapType) type = type->base;
      if (names.empty())
        return vm.raise(Exc::TypeError, "{}() takes no keyword arguments",
                        vm.type_of(exception)->name);
      // The type that declares the names.
      while (exception_kind(type->base) == exception_kind(type)) type = type->base;
      return vm.raise(Exc::TypeError, "{}() got an unexpected keyword argument '{}'", type->name,
                      name);
    }
    exception->fields[fields[at]] = values[i];
  }
  return {};
}

Result<void> initialize_os_error(VM& vm, Exception* exception, std::span<const Value> args) {
  if (args.size() < 2 || args.size() > 5) return {};
  Value* fields = exception->fields;
  fields[0] = args[0];
  fields[1] = args[1];
  if (args.size() < 3 || args[2].is_none()) return {};
  if (vm.is_instance(exception, Exc::BlockingIOError)) {
    Type* type = vm.type_of(args[2]);
    bool is_number = is_int(args[2]);
    for (Special name : {Special::Index, Special::Int, Special::Float, Special::Complex})
      is_number |= !type_special(vm, type, name).is_empty();
    if (is_number) {
      int64_t count;
      if (!fits_int64(TRY(to_index(vm, args[2])), &count))
        return vm.raise(Exc::ValueError, "cannot fit '{}' into an index-sized integer", type);
    }
  }
  if (vm.is_instance(exception, Exc::BlockingIOError) && is_int(args[2])) {
    fields[4] = args[2];
    return {};
  }
  fields[2] = args[2];
  if (args.size() == 5 && !args[4].is_none()) fields[3] = args[4];
  exception->args = TRY(make_tuple(vm, args.first(2)));
  vm.barrier(exception);
  return {};
}

Result<void> initialize_syntax_error(VM& vm, Exception* exception, std::span<const Value> args) {
  Value* fields = exception->fields;
  if (!args.empty()) fields[0] = args[0];
  if (args.size() != 2) return {};
  Tuple* info = TRY(tuple_from(vm, args[1]));
  if (info->length < 4)
    return vm.raise(Exc::TypeError, "function takes at least 4 arguments ({} given)", info->length);
  if (info->length > 6)
    return vm.raise(Exc::TypeError, "function takes at most 6 arguments ({} given)", info->length);
  for (uint64_t i = 0; i < info->length; ++i) fields[i + 1] = info->values()[i];
  vm.barrier(exception);
  if (info->length == 5)
    return vm.raise(Exc::TypeError, "end_offset must be provided when end_lineno is provided");
  return {};
}

Result<void> initialize_unicode_error(VM& vm, Exception* exception, std::span<const Value> args,
                                      bool translate) {
  size_t wanted = translate ? 4 : 5;
  if (args.size() != wanted)
    return vm.raise(Exc::TypeError, "function takes exactly {} arguments ({} given)", wanted,
                    args.size());
  Value* fields = exception->fields;
  size_t first = translate ? 1 : 0;
  for (size_t i = 0; i < wanted; ++i) fields[first + i] = args[i];
  if (!translate && !is_kind(fields[0], CellKind::Str))
    return vm.raise(Exc::TypeError, "argument 1 must be str, not {}", vm.type_of(fields[0]));
  if (!is_int(fields[2]) || !is_int(fields[3])) {
    Value wrong = is_int(fields[2]) ? fields[3] : fields[2];
    return vm.raise(Exc::TypeError, "'{}' object cannot be interpreted as an integer",
                    vm.type_of(wrong));
  }
  if (!is_kind(fields[4], CellKind::Str))
    return vm.raise(Exc::TypeError, "argument {} must be str, not {}", wanted,
                    vm.type_of(fields[4]));
  vm.barrier(exception);
  return {};
}

}  // namespace

Result<void> initialize_fields(VM& vm, Exception* exception, std::span<const Value> arguments,
                               Tuple* keyword_names) {
  size_t keyword_count = keyword_names ? keyword_names->length : 0;
  auto args = arguments.first(arguments.size() - keyword_count);
  const Value* named = arguments.data() + args.size();
  Value* fields = exception->fields;
  auto keywords = [&](std::span<const char* const> names,
                      std::initializer_list<int> positions) -> Result<void> {
    vm.barrier(exception);
    if (!keyword_names) return {};
    return store_keywords(vm, exception, named, keyword_names, names, positions.begin());
  };
  switch (exception_kind(vm.type_of(exception))) {
    case ExceptionGroupKind::StopIteration:
      fields[0] = args.empty() ? Value::none() : args[0];
      return keywords({}, {});
    case ExceptionGroupKind::SystemExit:
      fields[0] = args.empty() ? Value::none() : args.size() == 1 ? args[0] : exception->args;
      return keywords({}, {});
    case ExceptionGroupKind::ImportError: {
      constexpr const char* kNames[] = {"name", "path", "name_from"};
      fields[0] = args.size() == 1 ? args[0] : Value::none();
      fields[1] = fields[2] = fields[3] = Value();
      return keywords(kNames, {1, 2, 3});
    }
    case ExceptionGroupKind::NameError: {
      constexpr const char* kNames[] = {"name"};
      return keywords(kNames, {0});
    }
    case ExceptionGroupKind::AttributeError: {
      constexpr const char* kNames[] = {"name", "obj"};
      return keywords(kNames, {0, 1});
    }
    case ExceptionGroupKind::OsError:
      TRY(initialize_os_error(vm, exception, args));
      return keywords({}, {});
    case ExceptionGroupKind::SyntaxError:
      TRY(keywords({}, {}));
      return initialize_syntax_error(vm, exception, args);
    case ExceptionGroupKind::UnicodeDecode:
    case ExceptionGroupKind::UnicodeEncode:
      TRY(keywords({}, {}));
      return initialize_unicode_error(vm, exception, args, false);
    case ExceptionGroupKind::UnicodeTranslate:
      TRY(keywords({}, {}));
      return initialize_unicode_error(vm, exception, args, true);
    case ExceptionGroupKind::Group:
    case ExceptionGroupKind::KeyError:
    case ExceptionGroupKind::Plain:
      return keywords({}, {});
  }
  return {};
}

BuiltinType os_error_type(VM&, Value number) {
  if (number.is_true()) number = Value::small_int(1);
  if (number.is_inline_float() &&
      number.as_inline_float() == std::trunc(number.as_inline_float()) &&
      std::abs(number.as_inline_float()) < 1e6)
    number = Value::small_int(static_cast<int64_t>(number.as_inline_float()));
  if (!number.is_small_int()) return Exc::OSError;
  switch (number.as_small_int()) {
    case EAGAIN:
    case EALREADY:
    case EINPROGRESS:
      return Exc::BlockingIOError;
    case EPIPE:
    case ESHUTDOWN:
      return Exc::BrokenPipeError;
    case ECHILD:
      return Exc::ChildProcessError;
    case ECONNABORTED:
      return Exc::ConnectionAbortedError;
    case ECONNREFUSED:
      return Exc::ConnectionRefusedError;
    case ECONNRESET:
      return Exc::ConnectionResetError;
    case EEXIST:
      return Exc::FileExistsError;
    case ENOENT:
      return Exc::FileNotFoundError;
    case EISDIR:
      return Exc::IsADirectoryError;
    case ENOTDIR:
      return Exc::NotADirectoryError;
    case EINTR:
      return Exc::InterruptedError;
    case EACCES:
    case EPERM:
      return Exc::PermissionError;
    case ESRCH:
      return Exc::ProcessLookupError;
    case ETIMEDOUT:
      return Exc::TimeoutError;
    default:
      return Exc::OSError;
  }
}

// --- texts ---

namespace {

Result<Str*> args_text(VM& vm, const Exception* exception) {
  Tuple* args = as<Tuple>(exception->args);
  if (args->length == 0) return vm.names().empty;
  if (args->length == 1) return str_of(vm, args->values()[0]);
  return repr_of(vm, args);
}

Result<Str*> os_error_text(VM& vm, Exception* exception) {
  Value number = exception->fields[0], text = exception->fields[1];
  if (number.is_empty() || text.is_empty()) return args_text(vm, exception);
  std::string out = "[Errno " + TRY(str_text(vm, number)) + "] " + TRY(str_text(vm, text));
  Value filename = field_or_none(exception, 2), other = field_or_none(exception, 3);
  if (!filename.is_none()) {
    out += ": " + TRY(repr_text(vm, filename));
    if (!other.is_none()) out += " -> " + TRY(repr_text(vm, other));
  }
  return make_str(vm, out);
}

Result<Str*> syntax_error_text(VM& vm, Exception* exception) {
  std::string out = TRY(str_text(vm, field_or_none(exception, 0)));
  const Str* filename = try_as<Str>(exception->fields[1]);
  Value line = field_or_none(exception, 2);
  std::string base;
  if (filename) {
    base = to_utf8(filename);
    size_t slash = base.rfind('/');
    if (slash != base.npos) base.erase(0, slash + 1);
  }
  bool has_line = line.is_small_int();
  if (filename && has_line)
    out += " (" + base + ", line " + std::to_string(line.as_small_int()) + ")";
  else if (filename)
    out += " (" + base + ")";
  else if (has_line)
    out += " (line " + std::to_string(line.as_small_int()) + ")";
  return make_str(vm, out);
}

std::string escaped(uint32_t c) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer,
                c < 0x100     ? "\\x%02x"
                : c < 0x10000 ? "\\u%04x"
                              : "\\U%08x",
                c);
  return buffer;
}

Result<Str*> unicode_error_text(VM& vm, Exception* exception, bool decode, bool translate) {
  const Value* fields = exception->fields;
  if (fields[4].is_empty() || !fields[2].is_small_int() || !fields[3].is_small_int())
    return vm.names().empty;
  int64_t start = fields[2].as_small_int(), end = fields[3].as_small_int();
  std::string reason = TRY(str_text(vm, fields[4]));
  std::string out;
  if (!translate) out = "'" + TRY(str_text(vm, fields[0])) + "' codec ";
  out += decode ? "can't decode " : translate ? "can't translate " : "can't encode ";
  int64_t length = 0;
  std::string_view bytes;
  const Str* text = try_as<Str>(fields[1]);
  if (decode && get_bytes(fields[1], &bytes))
    length = static_cast<int64_t>(bytes.size());
  else if (text)
    length = static_cast<int64_t>(text->length);
  bool single = start >= 0 && start < length && end == start + 1;
  if (single && decode) {
    char buffer[8];
    std::snprintf(buffer, sizeof buffer, "0x%02x",
                  static_cast<unsigned char>(bytes[static_cast<size_t>(start)]));
    out += std::string("byte ") + buffer + " in position " + std::to_string(start);
  } else if (single && text) {
    out += "character '" + escaped(text->at(static_cast<size_t>(start))) + "' in position " +
           std::to_string(start);
  } else {
    out += std::string(decode ? "bytes" : "characters") + " in position " + std::to_string(start) +
           "-" + std::to_string(end - 1);
  }
  return make_str(vm, out + ": " + reason);
}

}  // namespace

Result<Str*> exception_text(VM& vm, Exception* exception) { return args_text(vm, exception); }

namespace {

// Each is the __str__ of its type, found along the MRO like any method.
Result<Value> os_error_str(VM& vm, Exception* self) { return os_error_text(vm, self); }
Result<Value> syntax_error_str(VM& vm, Exception* self) { return syntax_error_text(vm, self); }
Result<Value> decode_error_str(VM& vm, Exception* self) {
  return unicode_error_text(vm, self, true, false);
}
Result<Value> encode_error_str(VM& vm, Exception* self) {
  return unicode_error_text(vm, self, false, false);
}
Result<Value> translate_error_str(VM& vm, Exception* self) {
  return unicode_error_text(vm, self, false, true);
}
Result<Value> import_error_str(VM& vm, Exception* self) {
  if (Str* text = try_as<Str>(self->fields[0])) return text;
  return args_text(vm, self);
}
Result<Value> key_error_str(VM& vm, Exception* self) {
  Tuple* args = as<Tuple>(self->args);
  return args->length == 1 ? repr_of(vm, args->values()[0]) : args_text(vm, self);
}

#define STR_METHOD(Name, function)       \
  constexpr NativeFunctionDef Name[] = { \
      {"__str__(self, /)", "Return str(self).", bind<function>()}};
STR_METHOD(kOSErrorMethods, os_error_str)
STR_METHOD(kSyntaxErrorMethods, syntax_error_str)
STR_METHOD(kUnicodeDecodeErrorMethods, decode_error_str)
STR_METHOD(kUnicodeEncodeErrorMethods, encode_error_str)
STR_METHOD(kUnicodeTranslateErrorMethods, translate_error_str)
STR_METHOD(kImportErrorMethods, import_error_str)
STR_METHOD(kKeyErrorMethods, key_error_str)
#undef STR_METHOD

}  // namespace

// --- attributes ---

namespace {

#define FIELD(name, index) \
  { name, nullptr, get_exception_field<index>, set_exception_field<index> }
constexpr NativeGetSetDef kStopIterationAttributes[] = {FIELD("value", 0)};
constexpr NativeGetSetDef kSystemExitAttributes[] = {FIELD("code", 0)};
constexpr NativeGetSetDef kImportErrorAttributes[] = {FIELD("msg", 0), FIELD("name", 1),
                                                      FIELD("path", 2), FIELD("name_from", 3)};
constexpr NativeGetSetDef kNameErrorAttributes[] = {FIELD("name", 0)};
constexpr NativeGetSetDef kAttributeErrorAttributes[] = {FIELD("name", 0), FIELD("obj", 1)};
constexpr NativeGetSetDef kSyntaxErrorAttributes[] = {
    FIELD("msg", 0),        FIELD("filename", 1),
    FIELD("lineno", 2),     FIELD("offset", 3),
    FIELD("text", 4),       FIELD("end_lineno", 5),
    FIELD("end_offset", 6), FIELD("print_file_and_line", 7)};
constexpr NativeGetSetDef kUnicodeErrorAttributes[] = {FIELD("encoding", 0), FIELD("object", 1),
                                                       FIELD("start", 2), FIELD("end", 3),
                                                       FIELD("reason", 4)};

Result<Value> get_characters_written(VM& vm, Value self) {
  Value count = as<Exception>(self)->fields[4];
  if (count.is_empty() || count.is_none())
    return raise_no_attribute(vm, self, TRY(intern(vm, "characters_written")));
  return count;
}
constexpr NativeGetSetDef kOSErrorAttributes[] = {
    FIELD("errno", 0),
    FIELD("strerror", 1),
    FIELD("filename", 2),
    FIELD("filename2", 3),
    {"characters_written", nullptr, get_characters_written, set_exception_field<4>}};
#undef FIELD

}  // namespace

#define PLAIN(Id, doc) extern const NativeTypeDef k##Id##Type = {#Id, doc, {}};
#define WITH_FIELDS(Id, Table, doc) extern const NativeTypeDef k##Id##Type = {#Id, doc, {}, Table};
#define WITH_TEXT(Id, Table, doc) \
  extern const NativeTypeDef k##Id##Type = {#Id, doc, k##Id##Methods, Table};

PLAIN(GeneratorExit, "Request that a generator exit.")
PLAIN(KeyboardInterrupt, "Program interrupted by user.")
WITH_FIELDS(SystemExit, kSystemExitAttributes, "Request to exit from the interpreter.")
PLAIN(Exception, "Common base class for all non-exit exceptions.")
PLAIN(ArithmeticError, "Base class for arithmetic errors.")
PLAIN(FloatingPointError, "Floating-point operation failed.")
PLAIN(OverflowError, "Result too large to be represented.")
PLAIN(ZeroDivisionError, "Second argument to a division or modulo operation was zero.")
PLAIN(AssertionError, "Assertion failed.")
WITH_FIELDS(AttributeError, kAttributeErrorAttributes, "Attribute not found.")
PLAIN(BufferError, "Buffer error.")
PLAIN(EOFError, "Read beyond end of file.")
WITH_TEXT(ImportError, kImportErrorAttributes,
          "Import can't find module, or can't find name in module.")
PLAIN(ModuleNotFoundError, "Module not found.")
PLAIN(LookupError, "Base class for lookup errors.")
PLAIN(IndexError, "Sequence index out of range.")
WITH_TEXT(KeyError, {}, "Mapping key not found.")
PLAIN(MemoryError, "Out of memory.")
WITH_FIELDS(NameError, kNameErrorAttributes, "Name not found globally.")
PLAIN(UnboundLocalError, "Local name referenced but not bound to a value.")
WITH_TEXT(OSError, kOSErrorAttributes, "Base class for I/O related errors.")
PLAIN(BlockingIOError, "I/O operation would block.")
PLAIN(ChildProcessError, "Child process error.")
PLAIN(ConnectionError, "Connection error.")
PLAIN(BrokenPipeError, "Broken pipe.")
PLAIN(ConnectionAbortedError, "Connection aborted.")
PLAIN(ConnectionRefusedError, "Connection refused.")
PLAIN(ConnectionResetError, "Connection reset.")
PLAIN(FileExistsError, "File already exists.")
PLAIN(FileNotFoundError, "File not found.")
PLAIN(InterruptedError, "Interrupted by signal.")
PLAIN(IsADirectoryError, "Operation doesn't work on directories.")
PLAIN(NotADirectoryError, "Operation only works on directories.")
PLAIN(PermissionError, "Not enough permissions.")
PLAIN(ProcessLookupError, "Process not found.")
PLAIN(TimeoutError, "Timeout expired.")
PLAIN(ReferenceError, "Weak ref proxy used after referent went away.")
PLAIN(RuntimeError, "Unspecified run-time error.")
PLAIN(NotImplementedError, "Method or function hasn't been implemented yet.")
PLAIN(RecursionError, "Recursion limit exceeded.")
PLAIN(PythonFinalizationError, "Operation blocked during Python finalization.")
PLAIN(StopAsyncIteration, "Signal the end from iterator.__anext__().")
WITH_FIELDS(StopIteration, kStopIterationAttributes, "Signal the end from iterator.__next__().")
WITH_TEXT(SyntaxError, kSyntaxErrorAttributes, "Invalid syntax.")
PLAIN(IndentationError, "Improper indentation.")
PLAIN(TabError, "Improper mixture of spaces and tabs.")
PLAIN(SystemError, "Internal error in the interpreter.")
PLAIN(TypeError, "Inappropriate argument type.")
PLAIN(ValueError, "Inappropriate argument value (of correct type).")
PLAIN(UnicodeError, "Unicode related error.")
WITH_TEXT(UnicodeDecodeError, kUnicodeErrorAttributes, "Unicode decoding error.")
WITH_TEXT(UnicodeEncodeError, kUnicodeErrorAttributes, "Unicode encoding error.")
WITH_TEXT(UnicodeTranslateError, kUnicodeErrorAttributes, "Unicode translation error.")
PLAIN(Warning, "Base class for warning categories.")
PLAIN(BytesWarning, "Base class for warnings about bytes and buffer related problems.")
PLAIN(DeprecationWarning, "Base class for warnings about deprecated features.")
PLAIN(EncodingWarning, "Base class for warnings about encodings.")
PLAIN(FutureWarning,
      "Base class for warnings about constructs that will change semantically in the future.")
PLAIN(ImportWarning, "Base class for warnings about probable mistakes in module imports")
PLAIN(PendingDeprecationWarning,
      "Base class for warnings about features which will be deprecated in the future.")
PLAIN(ResourceWarning, "Base class for warnings about resource usage.")
PLAIN(RuntimeWarning, "Base class for warnings about dubious runtime behavior.")
PLAIN(SyntaxWarning, "Base class for warnings about dubious syntax.")
PLAIN(UnicodeWarning, "Base class for warnings about Unicode related problems.")
PLAIN(UserWarning, "Base class for warnings generated by user code.")

#undef PLAIN
#undef WITH_FIELDS
#undef WITH_TEXT

}  // namespace apy
