#pragma once
// Exceptions and tracebacks.
#include <string_view>

#include "vm/objects/type.h"

namespace apy {

struct Code;
struct Frame;

/// Any instance of BaseException.
struct Exception : Cell {
  static constexpr CellKind kKind = CellKind::Exception;
  static constexpr uint16_t kSuppressContext = 1;  // aux
  Cell* attributes;                                // own attributes
  Value args;                                      // Tuple
  Value traceback;                                 // Traceback or none (empty counts as none)
  Value context, cause;
  // What the type defines: OSError: errno, strerror, filename, filename2; SyntaxError: msg,
  // filename, lineno, offset, text, end_lineno, end_offset, print_file_and_line; ImportError: msg,
  // name, path, name_from; StopIteration/SystemExit: value/code; NameError: name; AttributeError:
  // name, obj; UnicodeError: encoding, object, start, end, reason; groups: message, exceptions.
  Value fields[8];
  void trace(Visitor& visitor) const {
    visitor.visit(attributes);
    visitor.visit(args);
    visitor.visit(traceback);
    visitor.visit(context);
    visitor.visit(cause);
    visitor.visit_range(fields, 8);
  }
};

/// One level of a traceback: which code was running where. `tb_frame` is made when asked for.
struct Traceback : Cell {
  static constexpr CellKind kKind = CellKind::Traceback;
  Value next;  // the level further in, or none
  Code* code;
  Value frame;        // frame object, or the address of the frame it may be made of
                      // (interpreter/frame_object.h)
  Value globals;      // Dict
  uint64_t position;  // index of the instruction in the code
  void trace(Visitor& visitor) const;
};

Result<Exception*> make_exception(VM& vm, Type* type, std::span<const Value> args);
Result<Exception*> make_exception(VM& vm, BuiltinType type, std::string_view message);
/// Is `exception` an instance of `pattern` (class or tuple of classes, as in `except`)? TypeError
/// for other patterns.
Result<bool> exception_matches(VM& vm, Value exception, Value pattern);
inline bool is_exception(Value v) { return is_kind(v, CellKind::Exception); }
/// The text that CPython prints for an uncaught exception, with chains, groups, notes and carets.
Result<std::string> format_exception(VM& vm, Value exception);
/// Text for the script-level sys.stderr (or fd 2, when there is none or it fails).
void write_standard_error(VM& vm, std::string_view text);
/// format_exception to the script-level sys.stderr (or fd 2).
void print_exception(VM& vm, Value exception);

}  // namespace apy
