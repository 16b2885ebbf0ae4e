#include "stdlib/stream.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vm/binding/bind.h"

namespace apy {

namespace {

constexpr size_t kBufferSize = 8192;

void trace_stream(const Cell* cell, Visitor& visitor) {
  visitor.visit(static_cast<const TextStream*>(cell)->name);
  visitor.visit(static_cast<const TextStream*>(cell)->bytes);
}

void finalize_stream(VM& vm, Cell* cell) {
  TextStream* stream = static_cast<TextStream*>(cell);
  if (stream->buffer && stream->writable && stream_flush(vm, stream).is_error()) vm.take_pending();
  delete stream->buffer;
  stream->buffer = nullptr;
  stream->closed = true;
}

}  // namespace

const NativeClass TextStream::kClass = {"TextIOWrapper", trace_stream, finalize_stream};

Error raise_errno(VM& vm, int error_number) {
  Value arguments[2] = {Value::small_int(error_number),
                        TRY(make_str(vm, std::strerror(error_number)))};
  Value exception = TRY(vm.call(vm.type(BuiltinType::OSError), arguments));
  return vm.raise_exception(exception);
}

Result<void> stream_flush(VM& vm, TextStream* stream) {
  if (!stream->writable || !stream->buffer) return {};
  size_t done = 0;
  std::string& text = *stream->buffer;
  while (done < text.size()) {
    ssize_t count = write(stream->descriptor, text.data() + done, text.size() - done);
    if (count < 0) {
      if (errno == EINTR) continue;
      int error = errno;
      text.erase(0, done);
      return raise_errno(vm, error);
    }
    done += static_cast<size_t>(count);
  }
  text.clear();
  return {};
}

Result<void> stream_write(VM& vm, TextStream* stream, const Str* text) {
  if (stream->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  size_t start = stream->buffer->size();
  append_utf8(*stream->buffer, text);
  if (!text->is_ascii()) {
    // Encoded lone surrogates (ED A0..BF xx) are not UTF-8.
    for (size_t i = start; i + 1 < stream->buffer->size(); ++i) {
      if (static_cast<uint8_t>((*stream->buffer)[i]) == 0xED &&
          static_cast<uint8_t>((*stream->buffer)[i + 1]) >= 0xA0) {
        stream->buffer->resize(start);
        size_t at = 0;
        while (text->at(at) < 0xD800 || text->at(at) > 0xDFFF) ++at;
        Value arguments[5] = {TRY(make_str(vm, "utf-8")), Value(text),
                              Value::small_int(static_cast<int64_t>(at)),
                              Value::small_int(static_cast<int64_t>(at) + 1),
                              TRY(make_str(vm, "surrogates not allowed"))};
        return vm.raise_with(Exc::UnicodeEncodeError, arguments);
      }
    }
  }
  bool line = stream->line_buffered && stream->buffer->find('\n', start) != std::string::npos;
  if (!line && stream->buffer->size() < kBufferSize) return {};
  auto flushed = stream_flush(vm, stream);
  // What could not be written is lost with the error, or every later write would fail for it again.
  if (flushed.is_error()) stream->buffer->clear();
  return flushed;
}

Result<Str*> stream_read_line(VM& vm, TextStream* stream) {
  if (stream->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  std::string& buffer = *stream->buffer;
  size_t searched = 0;
  while (true) {
    size_t newline = buffer.find('\n', searched);
    if (newline != std::string::npos) {
      Str* line = TRY(make_str(vm, std::string_view(buffer).substr(0, newline + 1)));
      buffer.erase(0, newline + 1);
      return line;
    }
    searched = buffer.size();
    char chunk[kBufferSize];
    ssize_t count = read(stream->descriptor, chunk, sizeof chunk);
    if (count < 0) {
      if (errno != EINTR) return raise_errno(vm, errno);
      TRY(vm.poll());
      continue;
    }
    if (count == 0) {
      Str* rest = TRY(make_str(vm, buffer));
      buffer.clear();
      return rest;
    }
    buffer.append(chunk, static_cast<size_t>(count));
  }
}

namespace {

Result<int64_t> method_write(VM& vm, TextStream* self, Value text) {
  Str* string = try_as<Str>(text);
  if (!string)
    return vm.raise(Exc::TypeError, "write() argument must be str, not {}", vm.type_of(text));
  if (!self->writable) return vm.raise(Exc::ValueError, "not writable");
  TRY(stream_write(vm, self, string));
  return static_cast<int64_t>(string->length);
}
Result<void> method_flush(VM& vm, TextStream* self) {
  if (self->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  return stream_flush(vm, self);
}
Result<Value> method_writelines(VM& vm, TextStream* self, Value lines) {
  TRY(for_each(vm, lines, [&](Value line) -> Result<bool> {
    TRY(method_write(vm, self, line));
    return true;
  }));
  return Value::none();
}
Result<Str*> method_readline(VM& vm, TextStream* self, Optional<int64_t>) {
  if (self->writable) return vm.raise(Exc::ValueError, "not readable");
  return stream_read_line(vm, self);
}
Result<Str*> method_read(VM& vm, TextStream* self, Optional<Value> size) {
  if (self->writable) return vm.raise(Exc::ValueError, "not readable");
  int64_t limit =
      size.present && !size.value.is_none() ? TRY(to_int64_clamped(vm, size.value)) : -1;
  StrBuilder text(vm);
  while (limit < 0 || static_cast<int64_t>(text.length()) < limit) {
    Str* line = TRY(stream_read_line(vm, self));
    if (line->length == 0) break;
    size_t take = line->length;
    if (limit >= 0 && text.length() + take > static_cast<size_t>(limit)) {
      take = static_cast<size_t>(limit) - text.length();
      std::string rest = to_utf8(TRY(str_slice(vm, line, take, line->length)));
      self->buffer->insert(0, rest);
    }
    text.append(line, 0, take);
  }
  return text.finish();
}
Result<List*> method_readlines(VM& vm, TextStream* self, Optional<Value> hint) {
  if (self->writable) return vm.raise(Exc::ValueError, "not readable");
  int64_t limit =
      hint.present && !hint.value.is_none() ? TRY(to_int64_clamped(vm, hint.value)) : -1;
  List* lines = TRY(make_list(vm, size_t{0}));
  int64_t total = 0;
  while (limit <= 0 || total < limit) {
    Str* line = TRY(stream_read_line(vm, self));
    if (line->length == 0) break;
    total += static_cast<int64_t>(line->length);
    TRY(list_append(vm, lines, line));
  }
  return lines;
}
Result<void> method_close(VM& vm, TextStream* self) {
  if (self->closed) return {};
  Result<void> flushed = self->writable ? stream_flush(vm, self) : Result<void>();
  self->closed = true;
  self->buffer->clear();
  if (close(self->descriptor) != 0 && flushed.is_ok()) return raise_errno(vm, errno);
  return flushed;
}
Result<Value> method_enter(VM& vm, TextStream* self) {
  if (self->closed) return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  return self;
}
Result<void> method_exit(VM& vm, TextStream* self, Rest) { return method_close(vm, self); }
Result<bool> method_seekable(VM&, TextStream* self) {
  return lseek(self->descriptor, 0, SEEK_CUR) >= 0;
}
/// Changes what can be changed: when output is passed on. Text is UTF-8.
Result<void> method_reconfigure(VM& vm, TextStream* self, Value encoding, Value errors,
                                Value newline, Value line_buffering, Value write_through) {
  (void)errors, (void)newline;
  if (Str* name = try_as<Str>(encoding)) {
    std::string text;
    for (char c : to_utf8(name))
      if (c != '-' && c != '_') text += static_cast<char>(c | 0x20);
    if (text != "utf8")
      return vm.raise(Exc::ValueError, "the standard streams are UTF-8, not {}", name);
  }
  if (self->writable) TRY(stream_flush(vm, self));
  if (!line_buffering.is_none()) self->line_buffered = TRY(is_truthy(vm, line_buffering));
  if (!write_through.is_none() && TRY(is_truthy(vm, write_through))) self->line_buffered = true;
  return {};
}
Result<Value> method_iter(VM&, TextStream* self) { return self; }
Result<Value> method_next(VM& vm, TextStream* self) {
  Str* line = TRY(stream_read_line(vm, self));
  if (line->length == 0) return stop_iteration(vm);
  return line;
}
Result<int64_t> method_fileno(VM&, TextStream* self) { return self->descriptor; }
Result<bool> method_isatty(VM&, TextStream* self) { return isatty(self->descriptor) == 1; }
Result<bool> method_readable(VM&, TextStream* self) { return !self->writable; }
Result<bool> method_writable(VM&, TextStream* self) { return self->writable; }
Result<Value> get_name(VM&, Value self) { return static_cast<TextStream*>(self.cell())->name; }
Result<Value> get_buffer(VM& vm, Value self) {
  return stream_bytes(vm, static_cast<TextStream*>(self.cell()));
}
Result<Value> get_encoding(VM& vm, Value) { return make_str(vm, "utf-8"); }
Result<Value> get_errors(VM& vm, Value) { return make_str(vm, "strict"); }
Result<Value> get_mode(VM& vm, Value self) {
  return make_str(vm, static_cast<TextStream*>(self.cell())->writable ? "w" : "r");
}
Result<Value> get_line_buffering(VM&, Value self) {
  return Value::boolean(static_cast<TextStream*>(self.cell())->line_buffered);
}
Result<Value> get_newlines(VM&, Value) { return Value::none(); }
Result<Value> get_closed(VM&, Value self) {
  return Value::boolean(static_cast<TextStream*>(self.cell())->closed);
}

Result<Str*> method_repr(VM& vm, TextStream* self) {
  return make_str(vm, "<_io.TextIOWrapper name=" + TRY(repr_text(vm, self->name)) + " mode='" +
                          (self->writable ? "w" : "r") + "' encoding='utf-8'>");
}

constexpr NativeFunctionDef kMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"write(self, text, /)", "Write a string; returns the number of characters.",
     bind<method_write>()},
    {"writelines(self, lines, /)", "Write each string of an iterable.", bind<method_writelines>()},
    {"flush(self, /)", "Write out what is buffered.", bind<method_flush>()},
    {"read(self, size=-1, /)", "Read at most size characters, or all.", bind<method_read>()},
    {"readline(self, size=-1, /)", "Read a line with its newline.", bind<method_readline>()},
    {"readlines(self, hint=-1, /)", "Read all lines, or lines of hint characters in all.",
     bind<method_readlines>()},
    {"close(self, /)", "Flush and close the descriptor.", bind<method_close>()},
    {"__enter__(self, /)", nullptr, bind<method_enter>()},
    {"__exit__(self, /, *args)", nullptr, bind<method_exit>()},
    {"seekable(self, /)", "Can the position be changed?", bind<method_seekable>()},
    {"reconfigure(self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, "
     "write_through=None)",
     "Change when output is passed on.", bind<method_reconfigure>()},
    {"fileno(self, /)", "The file descriptor.", bind<method_fileno>()},
    {"isatty(self, /)", "Is it a terminal?", bind<method_isatty>()},
    {"readable(self, /)", "Can it be read?", bind<method_readable>()},
    {"writable(self, /)", "Can it be written?", bind<method_writable>()},
    {"__iter__(self, /)", "Implement iter(self).", bind<method_iter>()},
    {"__next__(self, /)", "Implement next(self).", bind<method_next>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"name", "name of the stream", get_name},
    {"encoding", "always utf-8", get_encoding},
    {"errors", "error handler", get_errors},
    {"mode", "r or w", get_mode},
    {"closed", "is it closed", get_closed},
    {"buffer", "the bytes underneath", get_buffer},
    {"line_buffering", "is each line passed on", get_line_buffering},
    {"newlines", "line ends that were translated", get_newlines},
};
const NativeTypeDef kTextStreamType = {
    "_io.TextIOWrapper", "Text over a file descriptor.",      kMethods,
    kAttributes,         Type::kDisallowNew | Type::kHasDict, sizeof(TextStream),
    &TextStream::kClass};

}  // namespace

Result<TextStream*> make_text_stream(VM& vm, int descriptor, bool writable, bool line_buffered,
                                     const char* name) {
  static const int kKey = 0;
  void*& state = vm.module_state(&kKey);
  if (!state) state = TRY(make_native_type(vm, kTextStreamType));
  Cell* cell = TRY(allocate_instance(vm, static_cast<Type*>(state)));
  TextStream* stream = static_cast<TextStream*>(cell);
  stream->native_class = &TextStream::kClass;
  stream->descriptor = descriptor;
  stream->writable = writable;
  stream->line_buffered = line_buffered;
  stream->buffer = new std::string;
  vm.heap().register_finalizer(stream);
  stream->name = TRY(make_str(vm, name));
  vm.barrier(stream);
  return stream;
}

}  // namespace apy
