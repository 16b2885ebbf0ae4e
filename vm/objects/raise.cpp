// Raising: making exceptions with formatted messages, chaining contexts, memory exhaustion.
#include <string>

#include "vm/binding/native.h"
#include "vm/objects/internals.h"
#include "vm/objects/protocol.h"

namespace apy {

std::string_view message_name(const Type* type) {
  // Types of modules carry the module in their definition's name, and messages show it.
  if (type->definition) return type->definition->name;
  return type->name->is_ascii() ? type->name->latin1() : std::string_view();
}

namespace {

void append_argument(StrBuilder& text, const FormatArgument& argument) {
  switch (argument.kind) {
    case FormatArgument::Kind::Text:
      text.append_utf8(argument.text);
      break;
    case FormatArgument::Kind::Integer:
      text.append(std::to_string(argument.integer));
      break;
    case FormatArgument::Kind::Unsigned:
      text.append(std::to_string(static_cast<uint64_t>(argument.integer)));
      break;
    case FormatArgument::Kind::String:
      text.append(as<Str>(argument.value));
      break;
    case FormatArgument::Kind::TypeName: {
      const Type* type = as<Type>(argument.value);
      std::string_view name = message_name(type);
      if (name.empty())
        text.append(type->name);
      else
        text.append_utf8(name);
      break;
    }
  }
}

/// If `exception` is further down in the chain that starts at `handled`, cuts the chain above it.
void break_context_cycle(VM& vm, Exception* handled, const Exception* exception) {
  Exception* slow = handled;
  bool step = false;
  for (Exception* at = handled;;) {
    Exception* next = try_as<Exception>(at->context);
    if (!next) return;
    if (next == exception) {
      at->context = Value::none();
      vm.barrier(at);
      return;
    }
    at = next;
    if (at == slow) return;  // a cycle that does not concern us
    if (step) slow = as<Exception>(slow->context);
    step = !step;
  }
}

}  // namespace

Error VM::raise_formatted(Exc type, std::string_view format, const FormatArgument* arguments,
                          size_t count) {
  StrBuilder text(*this);
  size_t at = 0;
  for (size_t used = 0; used < count; ++used) {
    size_t place = format.find("{}", at);
    if (place == format.npos) break;
    text.append_utf8(format.substr(at, place - at));
    append_argument(text, arguments[used]);
    at = place + 2;
  }
  text.append_utf8(format.substr(at));
  auto message = text.finish();
  if (message.is_error()) return Error{};
  Value argument = message.value();
  return raise_with(type, {&argument, 1});
}

Error VM::raise_exception(Value value) {
  Exception* exception = as<Exception>(value);
  Exception* handled = try_as<Exception>(handled_);
  if (handled && handled != exception) {
    break_context_cycle(*this, handled, exception);
    exception->context = handled;
    barrier(exception);
  }
  pending_ = exception;
  return {};
}

Error VM::raise_with(Exc type_id, std::span<const Value> args) {
  auto exception = make_exception(*this, type(type_id), args);
  if (exception.is_error()) return Error{};
  return raise_exception(exception.value());
}

Error VM::reraise(Value exception) {
  pending_ = exception;
  return {};
}

bool VM::catch_pending(Exc type_id) {
  if (pending_.is_empty() || !is_instance(pending_, type_id)) return false;
  pending_ = Value();
  return true;
}

Error VM::out_of_memory() {
  Exception* exception = internals_->memory_error;
  if (!exception) __builtin_trap();  // while the VM starts
  exception->context = exception->cause = exception->traceback = Value();
  exception->attributes = nullptr;
  return raise_exception(exception);
}

namespace {

/// Calls sys.unraisablehook if a program has put its own there.
Result<bool> call_unraisable_hook(VM& vm, Value exception, Value where) {
  Dict* sys = vm.sys_module() ? vm.sys_module()->dict : nullptr;
  if (!sys) return false;
  Value hook = dict_get_str(vm, sys, TRY(intern(vm, "unraisablehook")));
  if (hook.is_empty() || hook.is_none() ||
      hook.is(dict_get_str(vm, sys, TRY(intern(vm, "__unraisablehook__")))))
    return false;
  Value types = TRY(vm.import_module("types"));
  Value made = TRY(vm.call(TRY(get_attribute(vm, types, TRY(intern(vm, "SimpleNamespace")))), {}));
  Value traceback = try_as<Exception>(exception) ? as<Exception>(exception)->traceback : Value();
  auto put = [&](const char* name, Value value) -> Result<void> {
    return set_attribute(vm, made, TRY(intern(vm, name)), value);
  };
  TRY(put("exc_type", vm.type_of(exception)));
  TRY(put("exc_value", exception));
  TRY(put("exc_traceback", traceback.is_empty() ? Value::none() : traceback));
  TRY(put("err_msg", Value::none()));
  TRY(put("object", where.is_empty() ? Value::none() : where));
  TRY(vm.call(hook, {made}));
  return true;
}

}  // namespace

void VM::write_unraisable(Value where) {
  Value exception = take_pending();
  if (exception.is_empty()) return;
  auto called = call_unraisable_hook(*this, exception, where);
  if (called.is_ok() && called.value()) return;
  if (called.is_error()) exception = take_pending();
  std::string text = "Exception ignored in: ";
  Value handled = handled_;
  auto shown = repr_text(*this, where);
  if (shown.is_ok())
    text += shown.value();
  else
    (void)take_pending();
  text += "\n";
  auto formatted = format_exception(*this, exception);
  if (formatted.is_ok())
    text += formatted.value();
  else
    (void)take_pending();
  handled_ = handled;
  write_standard_error(*this, text);
}

}  // namespace apy
