// io.StringIO, but for what all text streams have.
//
// The text is an array of characters of one width, which grows when a wider one is written and
// never becomes narrower: what is read is narrowed when the string is made. `seen` lets texts that
// have been ASCII all along be copied without looking at each character.
#include <algorithm>

#include "stdlib/io/memory.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/text.h"
#include "vm/objects/units.h"

namespace apy {

namespace {

void trace_text(const Cell* cell, Visitor& visitor) {
  auto* self = static_cast<const MemoryText*>(cell);
  visitor.visit(self->owner);
  visitor.visit(self->newline);
}

Result<void> check(VM& vm, const MemoryText* self) {
  if (!self->ready) return vm.raise(Exc::ValueError, "I/O operation on uninitialized object");
  if (self->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file");
  return {};
}

template <class F>
decltype(auto) with_content(const MemoryText* self, F f) {
  switch (self->width) {
    case 1:
      return f(self->data);
    case 2:
      return f(reinterpret_cast<const uint16_t*>(self->data));
    default:
      return f(reinterpret_cast<const uint32_t*>(self->data));
  }
}

/// The characters [begin, begin + count) as a string.
Result<Str*> piece(VM& vm, const MemoryText* self, uint64_t begin, uint64_t count) {
  if (count == 0) return vm.names().empty;
  if (begin == 0 && is_kind(Value(self->owner), CellKind::Str)) {
    Str* whole = static_cast<Str*>(self->owner);
    if (whole->length == count && is_exact(whole, BuiltinType::Str)) return whole;
  }
  if (self->seen < 0x80 && count > 1) {
    Str* text = TRY(allocate_str(vm, count, 1, true));
    copy_bytes(units_of<uint8_t>(text), self->data + begin, count);
    return text;
  }
  return with_content(self,
                      [&](const auto* units) { return make_str_units(vm, units + begin, count); });
}

/// Room of its own for so many characters of that width; the content is kept.
Result<void> reserve(VM& vm, MemoryText* self, uint64_t length, unsigned width) {
  width = std::max<unsigned>(width, self->width);
  if (length > kMaxTextBytes / width) return vm.out_of_memory();
  ByteStorage* storage = is_kind(Value(self->owner), CellKind::ByteStorage)
                             ? static_cast<ByteStorage*>(self->owner)
                             : nullptr;
  uint64_t bytes = length * width;
  if (storage && width == self->width && bytes <= storage->capacity) return {};
  if (storage || self->length > 0) bytes = std::max(bytes, self->length * width * 3 / 2);
  ByteStorage* grown = TRY(make_byte_storage(vm, bytes + 64));
  with_content(self, [&](const auto* units) {
    switch (width) {
      case 1:
        return convert_units(grown->data(), units, self->length);
      case 2:
        return convert_units(reinterpret_cast<uint16_t*>(grown->data()), units, self->length);
      default:
        return convert_units(reinterpret_cast<uint32_t*>(grown->data()), units, self->length);
    }
  });
  self->owner = grown;
  self->data = grown->data();
  self->width = static_cast<uint8_t>(width);
  vm.barrier(self);
  if (storage) vm.heap().free_storage(storage);
  return {};
}

/// The text with "\r\n" and "\r" as "\n"; notes which there were.
Result<Str*> translate_universal(VM& vm, MemoryText* self, Str* text) {
  bool translate = self->mode == MemoryText::Newline::Universal;
  bool has_cr = str_find(text, TRY(make_str_char(vm, '\r')), 0, text->length) >= 0;
  if (!has_cr) {
    if (!(self->newlines_seen & MemoryText::kSawLf) &&
        str_find(text, TRY(make_str_char(vm, '\n')), 0, text->length) >= 0)
      self->newlines_seen |= MemoryText::kSawLf;
    return text;
  }
  StrBuilder out(vm);
  size_t copied = 0;
  for (size_t i = 0; i < text->length; ++i) {
    uint32_t c = text->at(i);
    if (c == '\n') self->newlines_seen |= MemoryText::kSawLf;
    if (c != '\r') continue;
    bool pair = i + 1 < text->length && text->at(i + 1) == '\n';
    self->newlines_seen |= pair ? MemoryText::kSawCrLf : MemoryText::kSawCr;
    out.append(text, copied, i);
    out.append(uint32_t{'\n'});
    i += pair;
    copied = i + 1;
  }
  if (!translate) return text;
  out.append(text, copied, text->length);
  return out.finish();
}

/// The text with "\n" as the line end that was asked for.
Result<Str*> translate_line_ends(VM& vm, Str* text, std::string_view line_end) {
  StrBuilder out(vm);
  size_t copied = 0;
  for (size_t i = 0; i < text->length; ++i) {
    if (text->at(i) != '\n') continue;
    out.append(text, copied, i);
    out.append(line_end);
    copied = i + 1;
  }
  if (copied == 0) return text;
  out.append(text, copied, text->length);
  return out.finish();
}

Result<void> write_text(VM& vm, MemoryText* self, Str* text) {
  using Newline = MemoryText::Newline;
  if (self->mode == Newline::Universal || self->mode == Newline::Keep)
    text = TRY(translate_universal(vm, self, text));
  else if (self->mode != Newline::Lf)
    text = TRY(translate_line_ends(vm, text, self->mode == Newline::Cr ? "\r" : "\r\n"));
  uint64_t count = text->length;
  if (count == 0) return {};
  if (self->position > static_cast<uint64_t>(INT64_MAX) - count)
    return vm.raise(Exc::OverflowError, "new position too large");
  uint64_t end = self->position + count;
  TRY(reserve(vm, self, end, text->width()));
  auto* data = const_cast<uint8_t*>(self->data);
  if (self->position > self->length)
    std::memset(data + self->length * self->width, 0,
                (self->position - self->length) * self->width);
  if (text->is_ascii() && self->width == 1) {
    copy_bytes(data + self->position, text->data, count);
    self->seen |= 0x7F;
  } else {
    copy_units(data + self->position * self->width, self->width, text, 0, count);
    self->seen |=
        with_units(text, [&](const auto* units) { return or_of_units(units, text->length); });
  }
  self->position = end;
  self->length = std::max(self->length, end);
  return {};
}

/// Behind the end of the line that begins at the position.
uint64_t line_end(const MemoryText* self) {
  using Newline = MemoryText::Newline;
  return with_content(self, [&](const auto* units) -> uint64_t {
    using Unit = std::remove_cvref_t<decltype(*units)>;
    uint64_t at = self->position, length = self->length;
    auto find = [&](char c, uint64_t from) -> uint64_t {
      return from + find_unit<Unit>(units + from, length - from, static_cast<Unit>(c));
    };
    switch (self->mode) {
      case Newline::Universal:
      case Newline::Lf:
        return std::min(find('\n', at) + 1, length);
      case Newline::Cr:
        return std::min(find('\r', at) + 1, length);
      case Newline::CrLf:
        while ((at = find('\r', at)) < length) {
          ++at;
          if (at < length && units[at] == '\n') return at + 1;
        }
        return length;
      case Newline::Keep:
        break;
    }
    while (at < length && units[at] != '\n' && units[at] != '\r') ++at;
    if (at == length) return length;
    return units[at] == '\r' && at + 1 < length && units[at + 1] == '\n' ? at + 2 : at + 1;
  });
}

Result<Str*> read_line(VM& vm, MemoryText* self, int64_t limit) {
  if (self->position >= self->length) return vm.names().empty;
  uint64_t begin = self->position, end = line_end(self);
  if (limit >= 0 && static_cast<uint64_t>(limit) < end - begin)
    end = begin + static_cast<uint64_t>(limit);
  Str* line = TRY(piece(vm, self, begin, end - begin));
  self->position = end;
  return line;
}

Result<Value> text_new(VM& vm, const Arguments& arguments) {
  auto* self = TRY(make_native<MemoryText>(vm, as<Type>(arguments.values[0])));
  self->width = 1;
  return self;
}

Result<MemoryText::Newline> parse_newline(VM& vm, Value newline) {
  using Newline = MemoryText::Newline;
  if (newline.is_none()) return Newline::Universal;
  Str* text = try_as<Str>(newline);
  if (!text)
    return vm.raise(Exc::TypeError, "newline must be str or None, not {}", vm.type_of(newline));
  if (text->length == 0) return Newline::Keep;
  if (str_equal(text, "\n")) return Newline::Lf;
  if (str_equal(text, "\r")) return Newline::Cr;
  if (str_equal(text, "\r\n")) return Newline::CrLf;
  return vm.raise(Exc::ValueError, "illegal newline value: {}", TRY(repr_text(vm, newline)));
}

Result<void> set_content(VM& vm, MemoryText* self, Str* text) {
  self->owner = text;
  self->data = text->data;
  self->length = text->length;
  self->width = static_cast<uint8_t>(text->width());
  self->seen = text->is_ascii() ? 0x7F : text->width() == 1 ? 0xFF : 0xFFFFFFFF;
  self->position = 0;
  vm.barrier(self);
  return {};
}

Result<void> text_init(VM& vm, MemoryText* self, Optional<Value> initial, Optional<Value> newline) {
  Value value = initial.present ? initial.value : Value(vm.names().empty);
  Str* text = value.is_none() ? vm.names().empty : try_as<Str>(value);
  if (!text)
    return vm.raise(Exc::TypeError, "initial_value must be str or None, not {}", vm.type_of(value));
  Value given = newline.present ? newline.value : Value(TRY(make_str_char(vm, '\n')));
  MemoryText::Newline mode = TRY(parse_newline(vm, given));
  self->ready = true;
  self->closed = false;
  self->newline = given;
  self->mode = mode;
  self->newlines_seen = 0;
  TRY(set_content(vm, self, vm.names().empty));
  if (mode == MemoryText::Newline::Lf) return set_content(vm, self, text);
  TRY(write_text(vm, self, text));
  self->position = 0;
  return {};
}

Result<Str*> text_getvalue(VM& vm, MemoryText* self) {
  TRY(check(vm, self));
  return piece(vm, self, 0, self->length);
}

Result<Str*> text_read(VM& vm, MemoryText* self, Optional<Value> size) {
  TRY(check(vm, self));
  int64_t count = size.present ? TRY(stream_count(vm, size.value)) : -1;
  if (self->position >= self->length) return vm.names().empty;
  uint64_t left = self->length - self->position;
  if (count >= 0) left = std::min(left, static_cast<uint64_t>(count));
  Str* text = TRY(piece(vm, self, self->position, left));
  self->position += left;
  return text;
}

Result<Str*> text_readline(VM& vm, MemoryText* self, Optional<Value> size) {
  TRY(check(vm, self));
  int64_t limit = size.present ? TRY(stream_count(vm, size.value)) : -1;
  TRY(check(vm, self));
  return read_line(vm, self, limit);
}

/// The next line, asked for by readline where a subclass has its own.
Result<bool> text_step(VM& vm, Cell* cell, Value* out) {
  auto* self = static_cast<MemoryText*>(cell);
  TRY(check(vm, self));
  Value method = type_lookup(vm, vm.type_of(self), vm.names().readline);
  auto* native = try_as<NativeFunction>(method);
  if (native && native->definition->bound.entry == bind<text_readline>().entry) {
    *out = TRY(read_line(vm, self, -1));
  } else {
    *out = TRY(vm.call_method(self, vm.names().readline, {}));
    if (!is_kind(*out, CellKind::Str))
      return vm.raise(Exc::OSError, "readline() should have returned a str object, not '{}'",
                      vm.type_of(*out));
  }
  return as<Str>(*out)->length > 0;
}
Result<Value> text_next(VM& vm, MemoryText* self) {
  Value line;
  if (TRY(text_step(vm, self, &line))) return line;
  return stop_iteration(vm);
}
Result<Value> text_iter(VM& vm, MemoryText* self) {
  if (self->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  TRY(check(vm, self));
  return self;
}

Result<int64_t> text_write(VM& vm, MemoryText* self, Value value) {
  Str* text = try_as<Str>(value);
  if (!text) {
    TRY(check(vm, self));
    return vm.raise(Exc::TypeError, "string argument expected, got '{}'", vm.type_of(value));
  }
  TRY(check(vm, self));
  TRY(write_text(vm, self, text));
  return static_cast<int64_t>(text->length);
}

Result<int64_t> text_seek(VM& vm, MemoryText* self, int64_t offset, Optional<int64_t> whence) {
  TRY(check(vm, self));
  int64_t from = whence.value_or(0);
  if (from < 0 || from > 2)
    return vm.raise(Exc::ValueError, "Invalid whence ({}, should be 0, 1 or 2)", from);
  if (from == 0 && offset < 0)
    return vm.raise(Exc::ValueError, "Negative seek position {}", offset);
  if (from != 0 && offset != 0)
    return vm.raise(Exc::OSError, "Can't do nonzero cur-relative seeks");
  if (from == 0) self->position = static_cast<uint64_t>(offset);
  if (from == 2) self->position = self->length;
  return static_cast<int64_t>(self->position);
}
Result<int64_t> text_tell(VM& vm, MemoryText* self) {
  TRY(check(vm, self));
  return static_cast<int64_t>(self->position);
}

Result<int64_t> text_truncate(VM& vm, MemoryText* self, Optional<Value> size) {
  TRY(check(vm, self));
  auto wanted = static_cast<int64_t>(self->position);
  if (size.present && !size.value.is_none()) {
    wanted = TRY(stream_count(vm, size.value));
    if (wanted < 0) return vm.raise(Exc::ValueError, "Negative size value {}", wanted);
  }
  self->length = std::min(self->length, static_cast<uint64_t>(wanted));
  return wanted;
}

Result<void> text_close(VM& vm, MemoryText* self) {
  TRY(set_content(vm, self, vm.names().empty));
  self->closed = true;
  return {};
}
Result<void> text_flush(VM& vm, MemoryText* self) { return check(vm, self); }
Result<bool> text_yes(VM& vm, MemoryText* self) {
  TRY(check(vm, self));
  return true;
}
Result<bool> text_no(VM& vm, MemoryText* self) {
  TRY(check(vm, self));
  return false;
}

Result<Value> text_get_state(VM& vm, MemoryText* self) {
  TRY(check(vm, self));
  Value state[] = {TRY(piece(vm, self, 0, self->length)), self->newline,
                   Value::small_int(static_cast<int64_t>(self->position)),
                   TRY(stream_attributes(vm, self))};
  return make_tuple(vm, state);
}

Result<void> text_set_state(VM& vm, MemoryText* self, Value state) {
  if (self->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file");
  Tuple* parts = try_as<Tuple>(state);
  if (!parts || parts->length < 4)
    return vm.raise(Exc::TypeError, "{}.__setstate__ argument should be 4-tuple, got {}",
                    stream_class_name(vm, self), vm.type_of(state));
  Value value = parts->values()[0], position = parts->values()[2];
  Str* text = value.is_none() ? vm.names().empty : try_as<Str>(value);
  TRY(text_init(vm, self, {true, value.is_none() ? value : Value(vm.names().empty)},
                {true, parts->values()[1]}));
  if (!text)
    return vm.raise(Exc::TypeError, "initial_value must be str or None, not {}", vm.type_of(value));
  TRY(set_content(vm, self, text));  // translated when it was written
  if (!is_int(position))
    return vm.raise(Exc::TypeError, "third item of state must be an integer, got {}",
                    vm.type_of(position));
  int64_t at = TRY(to_int64(vm, position));
  if (at < 0) return vm.raise(Exc::ValueError, "position value cannot be negative");
  self->position = static_cast<uint64_t>(at);
  return set_stream_attributes(vm, self, parts->values()[3], "fourth");
}

MemoryText* text_of(Value self) { return static_cast<MemoryText*>(self.cell()); }

Result<Value> get_closed(VM& vm, Value self) {
  if (!text_of(self)->ready)
    return vm.raise(Exc::ValueError, "I/O operation on uninitialized object");
  return Value::boolean(text_of(self)->closed);
}
Result<Value> get_line_buffering(VM& vm, Value self) {
  TRY(check(vm, text_of(self)));
  return Value::boolean(false);
}
Result<Value> get_newlines(VM& vm, Value self) {
  MemoryText* text = text_of(self);
  TRY(check(vm, text));
  constexpr std::string_view kKinds[] = {"\r", "\n", "\r\n"};
  Value found[3];
  size_t count = 0;
  for (size_t i = 0; i < 3; ++i)
    if (text->newlines_seen >> i & 1) found[count++] = TRY(make_str(vm, kKinds[i]));
  if (count == 0) return Value::none();
  if (count == 1) return found[0];
  return make_tuple(vm, std::span<const Value>(found, count));
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new stream.", bind<text_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, initial_value='', newline='\\n')", "Begins with a text.", bind<text_init>()},
    {"getvalue(self, /)", "The whole content.", bind<text_getvalue>()},
    {"read(self, size=-1, /)", "Read at most size characters, or all.", bind<text_read>()},
    {"readline(self, size=-1, /)", "Read a line with its newline.", bind<text_readline>()},
    {"write(self, text, /)", "Write at the position; the number of characters.",
     bind<text_write>()},
    {"seek(self, pos, whence=0, /)", "Change the position; returns it.", bind<text_seek>()},
    {"tell(self, /)", "The position.", bind<text_tell>()},
    {"truncate(self, pos=None, /)", "Cut the content at pos, or at the position.",
     bind<text_truncate>()},
    {"close(self, /)", "Drop the content.", bind<text_close>()},
    {"flush(self, /)", "Does nothing.", bind<text_flush>()},
    {"readable(self, /)", "True.", bind<text_yes>()},
    {"writable(self, /)", "True.", bind<text_yes>()},
    {"seekable(self, /)", "True.", bind<text_yes>()},
    {"isatty(self, /)", "False.", bind<text_no>()},
    {"__iter__(self, /)", nullptr, bind<text_iter>()},
    {"__next__(self, /)", nullptr, bind<text_next>()},
    {"__getstate__(self, /)", "Helper for pickle.", bind<text_get_state>()},
    {"__setstate__(self, state, /)", "Helper for pickle.", bind<text_set_state>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"closed", "Was close called?", get_closed},
    {"line_buffering", "False.", get_line_buffering},
    {"newlines", "The kinds of line ends that were seen.", get_newlines},
};

}  // namespace

const NativeClass MemoryText::kClass = {"_memory_streams.Text", trace_text, nullptr, text_step};

const NativeTypeDef kMemoryTextType = {"_memory_streams.Text",
                                       "Text in memory.",
                                       kMethods,
                                       kAttributes,
                                       Type::kCanSubclass | Type::kHasWeakref,
                                       sizeof(MemoryText),
                                       &MemoryText::kClass};

}  // namespace apy
