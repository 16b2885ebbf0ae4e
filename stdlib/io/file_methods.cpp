// Methods of open files, and the builtin open().
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "stdlib/builtins.h"
#include "stdlib/io/file_type.h"
#include "stdlib/stream.h"
#include "vm/binding/bind.h"
#include "vm/objects/codec.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

Result<void> check_readable(VM& vm, FileObject* file) {
  TRY(file_check_open(vm, file));
  if (!file->readable) {
    Value module = TRY(vm.import_module("io"));
    Value type = TRY(get_attribute(vm, module, TRY(intern(vm, "UnsupportedOperation"))));
    return vm.raise_exception(
        TRY(vm.call(type, {TRY(make_str(vm, file->binary ? "read" : "not readable"))})));
  }
  return {};
}
Result<void> check_writable(VM& vm, FileObject* file) {
  TRY(file_check_open(vm, file));
  if (!file->writable) {
    Value module = TRY(vm.import_module("io"));
    Value type = TRY(get_attribute(vm, module, TRY(intern(vm, "UnsupportedOperation"))));
    return vm.raise_exception(
        TRY(vm.call(type, {TRY(make_str(vm, file->binary ? "write" : "not writable"))})));
  }
  return {};
}

/// With "\n" for "\r\n" and "\r".
std::string translate_newlines(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r') {
      if (i + 1 < bytes.size() && bytes[i + 1] == '\n') ++i;
      out += '\n';
    } else {
      out += bytes[i];
    }
  }
  return out;
}

/// What a script gets for bytes of the file.
Result<Value> present(VM& vm, FileObject* file, std::string_view bytes) {
  if (file->binary) return make_bytes(vm, bytes);
  bool translate = file->newline == FileObject::Newline::Universal && !bytes.empty() &&
                   std::memchr(bytes.data(), '\r', bytes.size());
  if (file->utf8 && !translate && bytes.size() > 1 && is_ascii_text(bytes)) {
    Str* text = TRY(allocate_str(vm, bytes.size(), 1, true));
    copy_bytes(units_of<uint8_t>(text), reinterpret_cast<const uint8_t*>(bytes.data()),
               bytes.size());
    return text;
  }
  // Decoding may run a script's error handler, which may use the file.
  std::string text = translate ? translate_newlines(bytes) : std::string(bytes);
  std::string encoding = to_utf8(as<Str>(file->encoding)), errors = TRY(str_text(vm, file->errors));
  return decode_text(vm, text, Value(), encoding, errors);
}

/// All of a large file, read to where the script finds it, without a copy; false where that does
/// not work: then `input` has what was read.
Result<bool> read_directly(VM& vm, FileObject* self, Value* out) {
  constexpr size_t kLarge = 65536;
  bool translates = self->newline == FileObject::Newline::Universal;
  if (self->input_position != self->input->size() || !(self->binary || self->utf8)) return false;
  if (!self->output->empty()) TRY(file_flush(vm, self));
  size_t expected = file_bytes_left(self, kLarge);
  if (expected < kLarge) return false;
  self->input->clear();
  self->input_position = 0;
  Cell* cell;
  char* place;
  if (self->binary) {
    Bytes* bytes = TRY(make_bytes(vm, expected));
    place = reinterpret_cast<char*>(bytes->data());
    cell = bytes;
  } else {
    Str* text = TRY(allocate_str(vm, expected, 1, true));
    place = units_of<char>(text);
    cell = text;
  }
  size_t count = TRY(file_read_into(vm, self, place, expected));
  std::string_view data(place, count);
  bool fits = count == expected && !TRY(file_fill(vm, self)) &&
              (self->binary ||
               (is_ascii_text(data) && !(translates && std::memchr(place, '\r', expected))));
  if (fits)
    *out = cell;
  else
    self->input->insert(0, data);
  return fits;
}

Result<Value> method_read(VM& vm, FileObject* self, Optional<Value> size) {
  TRY(check_readable(vm, self));
  int64_t count =
      size.present && !size.value.is_none() ? TRY(to_int64_clamped(vm, size.value)) : -1;
  if (self->binary || count < 0) {
    Value whole;
    if (count < 0 && TRY(read_directly(vm, self, &whole))) return whole;
    auto result = present(vm, self, TRY(file_read_bytes(vm, self, count)));
    constexpr size_t kKeptCapacity = 65536;
    if (self->input->capacity() > kKeptCapacity && self->input_position == self->input->size()) {
      std::string().swap(*self->input);
      self->input_position = 0;
    }
    return result;
  }
  // Characters, not bytes: take whole lines until there are enough, then give the rest back.
  StrBuilder text(vm);
  while (static_cast<int64_t>(text.length()) < count) {
    std::string_view bytes = TRY(file_read_line_bytes(vm, self, -1));
    if (bytes.empty()) break;
    size_t byte_count = bytes.size();
    Value line = TRY(present(vm, self, bytes));
    Str* decoded = as<Str>(line);
    size_t wanted = static_cast<size_t>(count) - text.length();
    if (decoded->length > wanted) {
      Str* head = TRY(str_slice(vm, decoded, 0, wanted));
      Bytes* encoded =
          TRY(encode_text(vm, head, to_utf8(as<Str>(self->encoding)), "surrogatepass"));
      self->input_position -= byte_count - encoded->length;
      decoded = head;
    }
    text.append(decoded);
  }
  return text.finish();
}
/// What the buffer holds, filled once if it is empty.
Result<std::string_view> buffered(VM& vm, FileObject* self) {
  TRY(check_readable(vm, self));
  if (!self->output->empty()) TRY(file_flush(vm, self));
  if (self->input->size() == self->input_position) TRY(file_fill(vm, self));
  return std::string_view(*self->input).substr(self->input_position);
}
Result<Value> method_read1(VM& vm, FileObject* self, Optional<int64_t> size) {
  std::string_view bytes = TRY(buffered(vm, self));
  if (size.value_or(-1) >= 0) bytes = bytes.substr(0, static_cast<size_t>(size.value));
  self->input_position += bytes.size();
  return make_bytes(vm, bytes);
}
Result<Value> method_peek(VM& vm, FileObject* self, Optional<int64_t>) {
  return make_bytes(vm, TRY(buffered(vm, self)));
}
/// `once`: what one read gives.
template <bool once>
Result<int64_t> method_readinto(VM& vm, FileObject* self, Value buffer) {
  TRY(check_readable(vm, self));
  WritableBytes target = writable_bytes(buffer);
  if (!target.data)
    return vm.raise(Exc::TypeError,
                    "readinto() argument must be read-write bytes-like object, not {}",
                    vm.type_of(buffer));
  std::string bytes;
  if (once) {
    bytes = TRY(buffered(vm, self)).substr(0, target.size);
    self->input_position += bytes.size();
  } else {
    bytes = TRY(file_read_bytes(vm, self, static_cast<int64_t>(target.size)));
  }
  target = writable_bytes(buffer);  // a signal handler may have changed it
  size_t count = std::min(target.size, bytes.size());
  std::copy_n(bytes.data(), count, reinterpret_cast<char*>(target.data));
  return static_cast<int64_t>(count);
}
Result<Value> method_readline(VM& vm, FileObject* self, Optional<Value> size) {
  TRY(check_readable(vm, self));
  int64_t limit =
      size.present && !size.value.is_none() ? TRY(to_int64_clamped(vm, size.value)) : -1;
  return present(vm, self, TRY(file_read_line_bytes(vm, self, limit)));
}
Result<Value> method_readlines(VM& vm, FileObject* self, Optional<Value>) {
  TRY(check_readable(vm, self));
  List* lines = TRY(make_list(vm, size_t{0}));
  while (true) {
    std::string_view bytes = TRY(file_read_line_bytes(vm, self, -1));
    if (bytes.empty()) return lines;
    TRY(list_append(vm, lines, TRY(present(vm, self, bytes))));
  }
}
}  // namespace

Result<bool> file_step(VM& vm, Cell* cell, Value* out) {
  auto* self = static_cast<FileObject*>(cell);
  TRY(check_readable(vm, self));
  std::string_view bytes = TRY(file_read_line_bytes(vm, self, -1));
  if (bytes.empty()) return false;
  *out = TRY(present(vm, self, bytes));
  return true;
}

namespace {

Result<Value> method_iter(VM& vm, Value self) {
  TRY(file_check_open(vm, static_cast<FileObject*>(self.cell())));
  return self;
}
Result<Value> method_next(VM& vm, FileObject* self) {
  Value line;
  if (TRY(file_step(vm, self, &line))) return line;
  return stop_iteration(vm);
}

/// Reading ahead has moved the descriptor: before writing it goes back to where the script thinks
/// it is.
Result<void> drop_read_ahead(VM& vm, FileObject* file) {
  size_t ahead = file->input->size() - file->input_position;
  file->input->clear();
  file->input_position = 0;
  if (ahead && lseek(file->descriptor, -static_cast<off_t>(ahead), SEEK_CUR) < 0 && errno != ESPIPE)
    return raise_errno(vm, errno);
  return {};
}

Result<int64_t> method_write(VM& vm, FileObject* self, Value data) {
  TRY(check_writable(vm, self));
  TRY(drop_read_ahead(vm, self));
  constexpr size_t kFlushAbove = 16384;
  int64_t written;
  if (self->binary) {
    if (Bytes* bytes = try_as<Bytes>(data)) {
      self->output->append(bytes->view());
      written = static_cast<int64_t>(bytes->length);
    } else if (std::string_view view; get_bytes(data, &view)) {
      self->output->append(view);
      written = static_cast<int64_t>(view.size());
    } else {
      return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'",
                      vm.type_of(data));
    }
  } else {
    Str* text = try_as<Str>(data);
    if (!text)
      return vm.raise(Exc::TypeError, "write() argument must be str, not {}", vm.type_of(data));
    written = static_cast<int64_t>(text->length);
    std::string_view bytes = text->latin1();
    if (!self->utf8 || !text->is_ascii())
      bytes = TRY(encode_text(vm, text, to_utf8(as<Str>(self->encoding)),
                              TRY(str_text(vm, self->errors))))
                  ->view();
    using Newline = FileObject::Newline;
    if (self->newline == Newline::Cr || self->newline == Newline::CrLf) {
      for (char c : bytes) {
        if (c == '\n') {
          self->output->append(self->newline == Newline::Cr ? "\r" : "\r\n");
        } else {
          self->output->push_back(c);
        }
      }
    } else {
      self->output->append(bytes);
    }
    if (self->line_buffered && bytes.find('\n') != std::string_view::npos)
      TRY(file_flush(vm, self));
  }
  if (self->output->size() > kFlushAbove) TRY(file_flush(vm, self));
  return written;
}
Result<void> method_writelines(VM& vm, FileObject* self, Value lines) {
  return for_each(vm, lines, [&](Value line) -> Result<bool> {
    TRY(method_write(vm, self, line));
    return true;
  });
}
Result<void> method_flush(VM& vm, FileObject* self) {
  TRY(file_check_open(vm, self));
  return file_flush(vm, self);
}
Result<void> method_close(VM& vm, FileObject* self) {
  return self->closed ? Result<void>() : file_close(vm, self);
}
Result<Value> method_enter(VM& vm, Value self) {
  TRY(file_check_open(vm, static_cast<FileObject*>(self.cell())));
  return self;
}
Result<void> method_exit(VM& vm, FileObject* self, Rest) { return method_close(vm, self); }

Result<int64_t> method_tell(VM& vm, FileObject* self) {
  TRY(file_check_open(vm, self));
  TRY(file_flush(vm, self));
  off_t at = lseek(self->descriptor, 0, SEEK_CUR);
  if (at < 0) return raise_errno(vm, errno);
  return static_cast<int64_t>(at) -
         static_cast<int64_t>(self->input->size() - self->input_position);
}
Result<int64_t> method_seek(VM& vm, FileObject* self, int64_t offset, Optional<int64_t> whence) {
  TRY(file_check_open(vm, self));
  TRY(file_flush(vm, self));
  int64_t origin = whence.value_or(0);
  if (origin < 0 || origin > 2)
    return vm.raise(Exc::ValueError, "invalid whence ({}, should be 0, 1 or 2)", origin);
  if (!self->binary && origin == 0 && offset < 0)
    return vm.raise(Exc::ValueError, "negative seek position {}", offset);
  TRY(drop_read_ahead(vm, self));
  off_t at = lseek(self->descriptor, offset, static_cast<int>(origin));
  if (at < 0) return raise_errno(vm, errno);
  self->at_end = false;
  return static_cast<int64_t>(at);
}
Result<int64_t> method_truncate(VM& vm, FileObject* self, Optional<Value> size) {
  TRY(check_writable(vm, self));
  TRY(file_flush(vm, self));
  int64_t length = size.present && !size.value.is_none() ? TRY(to_int64(vm, size.value))
                                                         : TRY(method_tell(vm, self));
  if (ftruncate(self->descriptor, length) != 0) return raise_errno(vm, errno);
  return length;
}
Result<int64_t> method_fileno(VM& vm, FileObject* self) {
  TRY(file_check_open(vm, self));
  return self->descriptor;
}
Result<bool> method_isatty(VM& vm, FileObject* self) {
  TRY(file_check_open(vm, self));
  return isatty(self->descriptor) == 1;
}
Result<bool> method_readable(VM& vm, FileObject* self) {
  TRY(file_check_open(vm, self));
  return self->readable;
}
Result<bool> method_writable(VM& vm, FileObject* self) {
  TRY(file_check_open(vm, self));
  return self->writable;
}
Result<bool> method_seekable(VM& vm, FileObject* self) {
  TRY(file_check_open(vm, self));
  return lseek(self->descriptor, 0, SEEK_CUR) >= 0;
}
Result<Value> method_repr(VM& vm, FileObject* self) {
  std::string name = TRY(repr_text(vm, self->name));
  if (self->binary)
    return make_str(vm, "<" + to_utf8(vm.type_of(self)->qualname) + " name=" + name + ">");
  return make_str(vm, "<_io.TextIOWrapper name=" + name +
                          " mode=" + TRY(repr_text(vm, self->mode)) +
                          " encoding=" + TRY(repr_text(vm, self->encoding)) + ">");
}

FileObject* file_of(Value self) { return static_cast<FileObject*>(self.cell()); }
Result<Value> get_name(VM&, Value self) { return file_of(self)->name; }
Result<Value> get_mode(VM&, Value self) { return file_of(self)->mode; }
Result<Value> get_encoding(VM&, Value self) { return file_of(self)->encoding; }
Result<Value> get_errors(VM&, Value self) { return file_of(self)->errors; }
Result<Value> get_closed(VM&, Value self) { return Value::boolean(file_of(self)->closed); }

#define METHODS                                                                                 \
  {"read(self, size=-1, /)", "Read at most size characters or bytes, or all.",                  \
   bind<method_read>()},                                                                        \
      {"readline(self, size=-1, /)", "Read a line with its newline.", bind<method_readline>()}, \
      {"readlines(self, hint=-1, /)", "Read all lines as a list.", bind<method_readlines>()},   \
      {"write(self, data, /)", "Write; returns the number of characters or bytes.",             \
       bind<method_write>()},                                                                   \
      {"writelines(self, lines, /)", "Write each item of an iterable.",                         \
       bind<method_writelines>()},                                                              \
      {"flush(self, /)", "Write out what is buffered.", bind<method_flush>()},                  \
      {"close(self, /)", "Flush and close.", bind<method_close>()},                             \
      {"seek(self, offset, whence=0, /)", "Change the position.", bind<method_seek>()},         \
      {"tell(self, /)", "The position.", bind<method_tell>()},                                  \
      {"truncate(self, size=None, /)", "Cut the file.", bind<method_truncate>()},               \
      {"fileno(self, /)", "The file descriptor.", bind<method_fileno>()},                       \
      {"isatty(self, /)", "Is it a terminal?", bind<method_isatty>()},                          \
      {"readable(self, /)", "Can it be read?", bind<method_readable>()},                        \
      {"writable(self, /)", "Can it be written?", bind<method_writable>()},                     \
      {"seekable(self, /)", "Can the position be changed?", bind<method_seekable>()},           \
      {"__enter__(self, /)", nullptr, bind<method_enter>()},                                    \
      {"__exit__(self, /, *args)", nullptr, bind<method_exit>()},                               \
      {"__iter__(self, /)", nullptr, bind<method_iter>()},                                      \
      {"__next__(self, /)", nullptr, bind<method_next>()}, {                                    \
    "__repr__(self, /)", nullptr, bind<method_repr>()                                           \
  }
constexpr NativeFunctionDef kMethods[] = {METHODS};
constexpr NativeFunctionDef kBinaryMethods[] = {
    METHODS,
    {"read1(self, size=-1, /)", "Read at most size bytes with at most one read.",
     bind<method_read1>()},
    {"peek(self, size=0, /)", "What is in the buffer, without moving on.", bind<method_peek>()},
    {"readinto(self, buffer, /)", "Read into a buffer.", bind<method_readinto<false>>()},
    {"readinto1(self, buffer, /)", "Read into a buffer with at most one read.",
     bind<method_readinto<true>>()},
};
#undef METHODS
constexpr NativeGetSetDef kTextAttributes[] = {
    {"name", "what was opened", get_name},
    {"mode", "mode of opening", get_mode},
    {"encoding", "encoding of the text", get_encoding},
    {"errors", "error handler", get_errors},
    {"closed", "is it closed", get_closed},
};
constexpr NativeGetSetDef kBinaryAttributes[] = {
    {"name", "what was opened", get_name},
    {"mode", "mode of opening", get_mode},
    {"closed", "is it closed", get_closed},
};
constexpr uint32_t kFlags = Type::kDisallowNew | Type::kHasDict | Type::kHasWeakref;
const NativeTypeDef kTextType = {"_io.TextIOWrapper", "A text file.", kMethods,
                                 kTextAttributes,     kFlags,         sizeof(FileObject),
                                 &FileObject::kClass};
const NativeTypeDef kReaderType = {
    "_io.BufferedReader", "A binary file for reading.", kBinaryMethods, kBinaryAttributes, kFlags,
    sizeof(FileObject),   &FileObject::kClass};
const NativeTypeDef kWriterType = {
    "_io.BufferedWriter", "A binary file for writing.", kBinaryMethods, kBinaryAttributes, kFlags,
    sizeof(FileObject),   &FileObject::kClass};

Result<Value> builtin_open(VM& vm, Value file, Optional<Value> mode, Optional<int64_t> buffering,
                           Optional<Value> encoding, Optional<Value> errors,
                           Optional<Value> newline, Optional<bool> close_descriptor,
                           Optional<Value> opener) {
  Value mode_value = mode.present ? mode.value : Value(TRY(make_str(vm, "r")));
  bool has_opener = opener.present && !opener.value.is_none();
  if (has_opener || buffering.value_or(-1) == 0) {  // rare: the streams of io, one on the other
    auto given = [](const Optional<Value>& v) { return v.present ? v.value : Value::none(); };
    Value io = TRY(vm.import_module("io"));
    Value open_in_parts = TRY(get_attribute(vm, io, TRY(intern(vm, "_open_in_parts"))));
    Value arguments[] = {file,
                         mode_value,
                         TRY(make_int(vm, buffering.value_or(-1))),
                         given(encoding),
                         given(errors),
                         given(newline),
                         Value::boolean(close_descriptor.value_or(true)),
                         given(opener)};
    return vm.call(open_in_parts, arguments);
  }
  return open_file(vm, file, mode_value, buffering.value_or(-1), encoding.value, errors.value,
                   newline.value, close_descriptor.value_or(true));
}

constexpr NativeFunctionDef kOpen[] = {
    {"open(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, "
     "opener=None)",
     "Open file and return a stream.", bind<builtin_open>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(module_set(vm, module, "TextIOWrapper", TRY(file_type(vm, false, true))));
  TRY(module_set(vm, module, "BufferedReader", TRY(file_type(vm, true, true))));
  return module_set(vm, module, "BufferedWriter", TRY(file_type(vm, true, false)));
}

}  // namespace

Result<Type*> file_type(VM& vm, bool binary, bool reader) {
  static const char kKeys[3] = {};
  int index = !binary ? 0 : reader ? 1 : 2;
  void*& state = vm.module_state(&kKeys[index]);
  if (!state)
    state = TRY(make_native_type(vm, index == 0   ? kTextType
                                     : index == 1 ? kReaderType
                                                  : kWriterType));
  return static_cast<Type*>(state);
}

std::span<const NativeFunctionDef> builtins_open_functions() { return kOpen; }

extern const NativeModuleDef kIoModule = {"_io", "Files.", kOpen, initialize};

}  // namespace apy
