// sys.stdin.buffer and its kin: a standard stream as a binary file. It has no bytes of its own but
// those of the text stream, so that both can be used in turn.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "stdlib/native_iterator.h"
#include "stdlib/stream.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

constexpr size_t kPiece = 8192;

struct StreamBytes : NativeObject {
  static const NativeClass kClass;
  TextStream* stream;
};
const NativeClass StreamBytes::kClass = {"_io.BufferedReader", trace_values<1>, nullptr};

/// The bytes that were read ahead, or were not written yet.
Result<std::string*> bytes_of(VM& vm, StreamBytes* self, bool writing) {
  if (self->stream->closed || !self->stream->buffer)
    return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  if (self->stream->writable != writing) {
    Value io = TRY(vm.import_module("io"));
    Value type = TRY(get_attribute(vm, io, TRY(intern(vm, "UnsupportedOperation"))));
    return vm.raise_exception(TRY(vm.call(type, {TRY(make_str(vm, writing ? "write" : "read"))})));
  }
  return self->stream->buffer;
}

/// Reads a piece; false at the end of the file.
Result<bool> fill(VM& vm, StreamBytes* self) {
  char piece[kPiece];
  ssize_t count;
  while ((count = read(self->stream->descriptor, piece, sizeof piece)) < 0) {
    if (errno != EINTR) return raise_errno(vm, errno);
    TRY(vm.poll());
  }
  if (self->stream->buffer) self->stream->buffer->append(piece, static_cast<size_t>(count));
  return count > 0;
}

Result<Bytes*> take(VM& vm, std::string* bytes, size_t count) {
  count = std::min(count, bytes->size());
  Bytes* result = TRY(make_bytes(vm, std::string_view(*bytes).substr(0, count)));
  bytes->erase(0, count);
  return result;
}

Result<int64_t> size_argument(VM& vm, const Optional<Value>& size) {
  if (!size.present || size.value.is_none()) return int64_t{-1};
  return to_int64_clamped(vm, size.value);
}

Result<Bytes*> method_read(VM& vm, StreamBytes* self, Optional<Value> size) {
  int64_t wanted = TRY(size_argument(vm, size));
  std::string* bytes = TRY(bytes_of(vm, self, false));
  while (wanted < 0 || static_cast<int64_t>(bytes->size()) < wanted)
    if (!TRY(fill(vm, self))) break;
  return take(vm, bytes, wanted < 0 ? SIZE_MAX : static_cast<size_t>(wanted));
}
/// What is there, but at least one byte unless the file has ended.
Result<Bytes*> method_read1(VM& vm, StreamBytes* self, Optional<Value> size) {
  int64_t wanted = TRY(size_argument(vm, size));
  std::string* bytes = TRY(bytes_of(vm, self, false));
  if (bytes->empty() && wanted != 0) TRY(fill(vm, self));
  return take(vm, bytes, wanted < 0 ? SIZE_MAX : static_cast<size_t>(wanted));
}
Result<int64_t> method_readinto(VM& vm, StreamBytes* self, Value buffer) {
  WritableBytes target = writable_bytes(buffer);
  if (!target.data)
    return vm.raise(Exc::TypeError,
                    "readinto() argument must be read-write bytes-like object, not {}",
                    vm.type_of(buffer));
  std::string* bytes = TRY(bytes_of(vm, self, false));
  while (bytes->size() < target.size)
    if (!TRY(fill(vm, self))) break;
  target = writable_bytes(buffer);
  size_t count = std::min(target.size, bytes->size());
  std::copy_n(bytes->data(), count, reinterpret_cast<char*>(target.data));
  bytes->erase(0, count);
  return static_cast<int64_t>(count);
}
Result<Bytes*> method_readline(VM& vm, StreamBytes* self, Optional<Value> size) {
  int64_t limit = TRY(size_argument(vm, size));
  std::string* bytes = TRY(bytes_of(vm, self, false));
  size_t searched = 0, end;
  while ((end = bytes->find('\n', searched)) == std::string::npos) {
    searched = bytes->size();
    if (limit >= 0 && searched >= static_cast<size_t>(limit)) break;
    if (!TRY(fill(vm, self))) break;
  }
  size_t count = end == std::string::npos ? bytes->size() : end + 1;
  if (limit >= 0) count = std::min(count, static_cast<size_t>(limit));
  return take(vm, bytes, count);
}
Result<Value> method_next(VM& vm, StreamBytes* self) {
  Bytes* line = TRY(method_readline(vm, self, {}));
  if (line->length == 0) return stop_iteration(vm);
  return line;
}
Result<int64_t> method_write(VM& vm, StreamBytes* self, Value data) {
  std::string_view bytes;
  if (!get_bytes(data, &bytes))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(data));
  std::string* buffer = TRY(bytes_of(vm, self, true));
  buffer->append(bytes);
  if (buffer->size() >= kPiece) TRY(stream_flush(vm, self->stream));
  return static_cast<int64_t>(bytes.size());
}
Result<void> method_writelines(VM& vm, StreamBytes* self, Value lines) {
  return for_each(vm, lines, [&](Value line) -> Result<bool> {
    TRY(method_write(vm, self, line));
    return true;
  });
}
Result<void> method_flush(VM& vm, StreamBytes* self) { return stream_flush(vm, self->stream); }
Result<int64_t> method_fileno(VM&, StreamBytes* self) { return int64_t{self->stream->descriptor}; }
Result<bool> method_isatty(VM&, StreamBytes* self) { return isatty(self->stream->descriptor) == 1; }
Result<bool> method_readable(VM&, StreamBytes* self) { return !self->stream->writable; }
Result<bool> method_writable(VM&, StreamBytes* self) { return self->stream->writable; }
Result<void> method_close(VM& vm, StreamBytes* self) {
  TRY(stream_flush(vm, self->stream));
  self->stream->closed = true;
  return {};
}

TextStream* stream_of(Value self) { return static_cast<StreamBytes*>(self.cell())->stream; }
Result<Value> get_name(VM&, Value self) { return stream_of(self)->name; }
Result<Value> get_mode(VM& vm, Value self) {
  return make_str(vm, stream_of(self)->writable ? "wb" : "rb");
}
Result<Value> get_closed(VM&, Value self) { return Value::boolean(stream_of(self)->closed); }

constexpr NativeFunctionDef kMethods[] = {
    {"read(self, size=-1, /)", "Read at most size bytes, or all.", bind<method_read>()},
    {"read1(self, size=-1, /)", "Read what is there.", bind<method_read1>()},
    {"readinto(self, buffer, /)", "Read into a buffer.", bind<method_readinto>()},
    {"readline(self, size=-1, /)", "Read a line with its newline.", bind<method_readline>()},
    {"write(self, data, /)", "Write; returns the number of bytes.", bind<method_write>()},
    {"writelines(self, lines, /)", "Write each item of an iterable.", bind<method_writelines>()},
    {"flush(self, /)", "Write out what is buffered.", bind<method_flush>()},
    {"fileno(self, /)", "The file descriptor.", bind<method_fileno>()},
    {"isatty(self, /)", "Is it a terminal?", bind<method_isatty>()},
    {"readable(self, /)", "Can it be read?", bind<method_readable>()},
    {"writable(self, /)", "Can it be written?", bind<method_writable>()},
    {"close(self, /)", "Close the stream.", bind<method_close>()},
    {"__iter__(self, /)", "The file itself.", bind<native_self<StreamBytes>>()},
    {"__next__(self, /)", "The next line.", bind<method_next>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"name", "name of the stream", get_name},
    {"mode", "rb or wb", get_mode},
    {"closed", "is it closed", get_closed},
};
constexpr NativeTypeDef type_named(const char* name) {
  return {.name = name,
          .doc = "Bytes over a file descriptor.",
          .methods = kMethods,
          .attributes = kAttributes,
          .flags = Type::kDisallowNew | Type::kHasWeakref,
          .instance_size = sizeof(StreamBytes),
          .native_class = &StreamBytes::kClass};
}
constexpr NativeTypeDef kReaderType = type_named("_io.BufferedReader");
constexpr NativeTypeDef kWriterType = type_named("_io.BufferedWriter");

}  // namespace

Result<Value> stream_bytes(VM& vm, TextStream* stream) {
  if (!stream->bytes.is_empty()) return stream->bytes;
  static const int kReaderKey = 0, kWriterKey = 0;
  void*& type = vm.module_state(stream->writable ? &kWriterKey : &kReaderKey);
  if (!type) type = TRY(make_native_type(vm, stream->writable ? kWriterType : kReaderType));
  auto* bytes = static_cast<StreamBytes*>(TRY(allocate_instance(vm, static_cast<Type*>(type))));
  bytes->native_class = &StreamBytes::kClass;
  bytes->stream = stream;
  vm.barrier(bytes);
  stream->bytes = bytes;
  vm.barrier(stream);
  return stream->bytes;
}

}  // namespace apy
