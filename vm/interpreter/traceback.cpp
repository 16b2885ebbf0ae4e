// Printing exceptions as CPython 3.13 does: chains of causes and contexts, trees of groups, notes,
// syntax errors.
//
// First the exceptions to be shown are collected, each once, by a queue: chains may be long and may
// even be cyclic. Then they are written, innermost cause first. Printing never fails for what
// scripts put into exceptions: what cannot be shown is replaced by a remark.
#include "vm/interpreter/traceback.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "lexer/render.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

constexpr size_t kMaxGroupWidth = 15;
constexpr int kMaxGroupDepth = 10;

/// An exception to be shown, with what is to be shown before it. Everything is reachable from the
/// first exception, or else in the keeper.
struct Shown {
  explicit Shown(Exception* exception) : exception(exception) {}
  Exception* exception;
  Shown* cause = nullptr;
  Shown* context = nullptr;
  std::vector<Shown*> members;  // of a group
  size_t member_count = 0;      // also those not shown
};

class ExceptionPrinter {
 public:
  explicit ExceptionPrinter(VM& vm) : vm_(vm), keeper_(vm.heap()) {}

  std::string run(Exception* exception) {
    write(collect(exception));
    return std::move(out_);
  }

 private:
  Shown* add(Exception* exception) {
    seen_.insert(exception);
    keeper_.values.push_back(exception);
    all_.push_back(std::make_unique<Shown>(exception));
    queue_.push_back(all_.back().get());
    return all_.back().get();
  }
  Shown* add_unseen(Value exception) {
    Exception* cell = try_as<Exception>(exception);
    return cell && !seen_.contains(cell) ? add(cell) : nullptr;
  }
  Shown* collect(Exception* exception) {
    Shown* first = add(exception);
    while (!queue_.empty()) {
      Shown* shown = queue_.back();
      queue_.pop_back();
      Exception* e = shown->exception;
      shown->cause = add_unseen(e->cause);
      bool suppressed = e->aux & Exception::kSuppressContext;
      if (!shown->cause && !suppressed) shown->context = add_unseen(e->context);
      Tuple* members =
          vm_.is_instance(e, Exc::BaseExceptionGroup) ? try_as<Tuple>(e->fields[1]) : nullptr;
      if (!members) continue;
      shown->member_count = members->length;
      for (uint64_t i = 0; i < members->length && i < kMaxGroupWidth; ++i)
        if (Exception* member = try_as<Exception>(members->values()[i]))
          shown->members.push_back(add(member));
    }
    return first;
  }

  // --- writing ---
  std::string margin() const { return std::string(2 * static_cast<size_t>(depth_), ' '); }
  /// Every line of `text` behind the margin of the group that is being shown.
  void emit(std::string_view text, char mark = '|') {
    if (depth_ == 0) {
      out_ += text;
      return;
    }
    while (!text.empty()) {
      size_t end = std::min(text.find('\n'), text.size() - 1);
      out_ += margin() + mark + ' ';
      out_ += text.substr(0, end + 1);
      text.remove_prefix(end + 1);
    }
  }

  void write(Shown* last) {
    std::vector<std::pair<Shown*, const char*>>
        chain;  // with the words that follow what leads to it
    for (Shown* at = last; at;) {
      const char* words =
          at->cause ? "\nThe above exception was the direct cause of the following exception:\n\n"
          : at->context
              ? "\nDuring handling of the above exception, another exception occurred:\n\n"
              : nullptr;
      chain.push_back({at, words});
      at = at->cause ? at->cause : at->context;
    }
    for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
      if (link->second) emit(link->second);
      if (link->first->member_count == 0)
        write_plain(*link->first);
      else if (depth_ > kMaxGroupDepth)
        emit("... (max_group_depth is " + std::to_string(kMaxGroupDepth) + ")\n");
      else
        write_group(*link->first);
    }
  }

  void write_plain(const Shown& shown) {
    std::string entries = format_traceback(vm_, shown.exception->traceback);
    if (!entries.empty()) emit("Traceback (most recent call last):\n" + entries);
    emit(last_lines(shown.exception));
  }

  void write_group(const Shown& shown) {
    bool outermost = depth_ == 0;
    if (outermost) ++depth_;
    std::string entries = format_traceback(vm_, shown.exception->traceback);
    if (!entries.empty()) {
      emit("Exception Group Traceback (most recent call last):\n", outermost ? '+' : '|');
      emit(entries);
    }
    emit(last_lines(shown.exception));
    size_t hidden = shown.member_count - shown.members.size();
    size_t rows = shown.members.size() + (hidden > 0 ? 1 : 0);
    close_is_due_ = false;
    for (size_t i = 0; i < rows; ++i) {
      bool last = i + 1 == rows;
      if (last) close_is_due_ = true;  // a group inside may draw the closing line already
      bool is_member = i < shown.members.size();
      out_ += margin() + (i == 0 ? "+-" : "  ") + "+---------------- " +
              (is_member ? std::to_string(i + 1) : "...") + " ----------------\n";
      ++depth_;
      if (is_member)
        write(shown.members[i]);
      else
        emit("and " + std::to_string(hidden) + " more exception" + (hidden > 1 ? "s\n" : "\n"));
      if (last && close_is_due_) {
        out_ += margin() + "+------------------------------------\n";
        close_is_due_ = false;
      }
      --depth_;
    }
    if (outermost) depth_ = 0;
  }

  // --- the exception itself ---
  /// str(v) or repr(v), or a remark that it failed.
  std::string safe_text(Value v, const char* what, bool as_repr = false) {
    auto text = as_repr ? repr_text(vm_, v) : str_text(vm_, v);
    if (text.is_ok()) return text.value();
    vm_.take_pending();
    return std::string("<") + what + (as_repr ? " repr() failed>" : " str() failed>");
  }

  std::string type_name(Exception* exception) {
    Type* type = vm_.type_of(exception);
    std::string name = to_utf8(type->qualname);
    Value module;
    auto found = get_attribute_optional(vm_, type, vm_.names().module_, &module);
    if (found.is_error()) vm_.take_pending();
    if (found.is_error() || !found.value() || !is_kind(module, CellKind::Str))
      return "<unknown>." + name;
    std::string prefix = to_utf8(as<Str>(module));
    return prefix == "builtins" || prefix == "__main__" ? name : prefix + "." + name;
  }

  std::string last_lines(Exception* exception) {
    std::string text;
    if (vm_.is_instance(exception, Exc::SyntaxError)) {
      text = syntax_error_lines(exception);
    } else {
      std::string message = safe_text(exception, "exception") + suggestion_for(vm_, exception);
      text = type_name(exception) + (message.empty() ? "" : ": " + message) + "\n";
    }
    return text + notes(exception);
  }

  std::string notes(Exception* exception) {
    Value notes;
    auto found = get_attribute_optional(vm_, exception, vm_.names().notes, &notes);
    if (found.is_error()) {
      Value error = vm_.take_pending();
      return "Ignored error getting __notes__: " + safe_text(error, "__notes__", true) + "\n";
    }
    if (!found.value() || notes.is_none()) return {};
    if (!is_kind(notes, CellKind::List) && !is_kind(notes, CellKind::Tuple))
      return safe_text(notes, "__notes__", true) + "\n";
    std::string text;
    auto list = list_from(vm_, notes);
    if (list.is_error()) {
      vm_.take_pending();
      return {};
    }
    for (uint64_t i = 0; i < list.value()->length; ++i)
      text += safe_text(list.value()->values()[i], "note") + "\n";
    return text;
  }

  static uint32_t number(Value v) {
    return v.is_small_int() && v.as_small_int() > 0
               ? static_cast<uint32_t>(std::min<int64_t>(v.as_small_int(), UINT32_MAX))
               : 0;
  }

  std::string syntax_error_lines(Exception* exception) {
    const Value* fields = exception->fields;
    const Str* filename = try_as<Str>(fields[1]);
    const Str* text = try_as<Str>(fields[4]);
    SyntaxErrorPlace place;
    place.has_line = fields[2].is_small_int();
    place.line = number(fields[2]);
    place.offset = number(fields[3]);
    place.end_line = number(fields[5]);
    place.end_offset = number(fields[6]);
    place.has_text = text != nullptr;
    if (text) place.text = to_utf8(text);
    std::string name = filename ? to_utf8(filename) : "<string>";
    if (name.starts_with("<stdin>-")) name = "<stdin>";
    std::string out = render_place(name, place);
    bool has_message = !fields[0].is_empty() && !fields[0].is_none();
    std::string message = has_message ? safe_text(fields[0], "exception") : "<no detail available>";
    out += type_name(exception) + ": " + message;
    if (!place.has_line && filename) out += " (" + name + ")";
    return out + "\n";
  }

  VM& vm_;
  RootVector keeper_;
  std::unordered_set<const Exception*> seen_;
  std::vector<std::unique_ptr<Shown>> all_;
  std::vector<Shown*> queue_;
  std::string out_;
  int depth_ = 0;
  bool close_is_due_ = false;
};

}  // namespace

Result<std::string> format_exception(VM& vm, Value exception) {
  NativeDepth guard(vm);
  TRY(guard.check(" while formatting an exception"));
  return ExceptionPrinter(vm).run(as<Exception>(exception));
}

void write_standard_error(VM& vm, std::string_view text) {
  Value stream =
      vm.sys_module() ? dict_get_str(vm, vm.sys_module()->dict, vm.names().stderr_) : Value();
  if (stream.is_none()) return;
  if (!stream.is_empty()) {
    auto string = make_str(vm, text);
    if (string.is_ok() &&
        vm.call_method(stream, vm.names().write, {Value(string.value())}).is_ok() &&
        vm.call_method(stream, vm.names().flush, {}).is_ok())
      return;
    vm.take_pending();
  }
  while (!text.empty()) {
    ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void print_exception(VM& vm, Value exception) {
  auto text = format_exception(vm, exception);
  if (text.is_ok())
    write_standard_error(vm, text.value());
  else
    vm.take_pending();
}

}  // namespace apy
