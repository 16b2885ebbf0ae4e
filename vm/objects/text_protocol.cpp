// repr(), str(), ascii() and format() of any value.
#include "vm/objects/descriptor.h"
#include "vm/objects/format.h"
#include "vm/objects/internals.h"
#include "vm/objects/special_call.h"
#include "vm/objects/str_functions.h"

namespace apy {

namespace {

Result<Str*> checked_text(VM& vm, Value text, const char* method) {
  if (Str* string = try_as<Str>(text)) return string;
  return vm.raise(Exc::TypeError, "{} returned non-string (type {})", method, vm.type_of(text));
}

Result<Str*> escape_non_ascii(VM& vm, const Str* text) {
  constexpr char kDigits[] = "0123456789abcdef";
  StrBuilder builder(vm);
  for (size_t i = 0; i < text->length; ++i) {
    uint32_t c = text->at(i);
    if (c < 0x80) {
      builder.append(c);
      continue;
    }
    int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
    builder.append('\\');
    builder.append(digits == 2 ? 'x' : digits == 4 ? 'u' : 'U');
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
      builder.append(static_cast<uint32_t>(kDigits[(c >> shift) & 15]));
  }
  return builder.finish();
}

}  // namespace

Result<Str*> repr_of(VM& vm, Value v) {
  if (v.is_small_int()) return str_from_int64(vm, v.as_small_int());
  if (is_exact(v, BuiltinType::Str)) return str_repr(vm, as<Str>(v));
  if (v.is_inline_float()) return make_str_latin1(vm, float_repr(v.as_inline_float()));
  NativeDepth guard(vm);
  TRY(guard.check(" while getting the repr of an object"));
  Value method = type_special(vm, vm.type_of(v), Special::Repr);
  Value text = TRY(call_special_method(vm, method, v, {}));
  return checked_text(vm, text, "__repr__");
}

Result<Str*> str_of(VM& vm, Value v) {
  if (is_exact(v, BuiltinType::Str)) return as<Str>(v);
  if (v.is_small_int()) return str_from_int64(vm, v.as_small_int());
  if (v.is_inline_float()) return make_str_latin1(vm, float_repr(v.as_inline_float()));
  NativeDepth guard(vm);
  TRY(guard.check(" while getting the str of an object"));
  Value method = type_special(vm, vm.type_of(v), Special::String);
  Value text = TRY(call_special_method(vm, method, v, {}));
  return checked_text(vm, text, "__str__");
}

Result<Str*> ascii_of(VM& vm, Value v) {
  Str* text = TRY(repr_of(vm, v));
  return text->is_ascii() ? Result<Str*>(text) : escape_non_ascii(vm, text);
}

Result<Value> format_value(VM& vm, Value v, Value spec) {
  bool plain = spec.is_empty() || (is_kind(spec, CellKind::Str) && as<Str>(spec)->length == 0);
  if (plain) {
    if (is_exact(v, BuiltinType::Str)) return v;
    if (v.is_small_int() || v.is_inline_float()) return str_of(vm, v);
    spec = vm.names().empty;
  } else if (is_exact(spec, BuiltinType::Str)) {
    if (v.is_small_int()) return format_int(vm, v, as<Str>(spec));
    if (v.is_inline_float()) return format_float(vm, v, as<Str>(spec));
    if (is_exact(v, BuiltinType::Str)) return format_string(vm, as<Str>(v), as<Str>(spec));
  }
  Value method = type_special(vm, vm.type_of(v), Special::Format);
  if (method.is_empty())
    return vm.raise(Exc::TypeError, "Type {} doesn't define __format__", vm.type_of(v));
  Value text = TRY(call_special_method(vm, method, v, {spec}));
  if (!is_kind(text, CellKind::Str))
    return vm.raise(Exc::TypeError, "__format__ must return a str, not {}", vm.type_of(text));
  return text;
}

Result<std::string> repr_text(VM& vm, Value v) { return to_utf8(TRY(repr_of(vm, v))); }
Result<std::string> str_text(VM& vm, Value v) { return to_utf8(TRY(str_of(vm, v))); }

ReprGuard::ReprGuard(VM& vm, Value v) : vm_(vm), entered_(true) {
  auto& printed = vm.internals().being_printed;
  for (auto& [context, bits] : printed)
    if (bits == v.bits() && context == vm.context()) entered_ = false;
  if (entered_) printed.emplace_back(vm.context(), v.bits());
}

ReprGuard::~ReprGuard() {
  if (!entered_) return;
  // Fibers take turns: the entry need not be the last one, but it is the last of this context.
  auto& printed = vm_.internals().being_printed;
  for (size_t i = printed.size(); i > 0; --i) {
    if (printed[i - 1].first == vm_.context()) {
      printed.erase(printed.begin() + static_cast<ptrdiff_t>(i - 1));
      return;
    }
  }
}

}  // namespace apy
