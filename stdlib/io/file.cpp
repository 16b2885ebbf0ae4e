#include "stdlib/io/file.h"
#include "runtime/async/threads.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "stdlib/io/file_type.h"
#include "stdlib/stream.h"
#include "vm/objects/codec.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

constexpr size_t kBufferSize = 16384;

void trace_file(const Cell* cell, Visitor& visitor) {
  const FileObject* file = static_cast<const FileObject*>(cell);
  visitor.visit(file->name);
  visitor.visit(file->mode);
  visitor.visit(file->encoding);
  visitor.visit(file->errors);
}

void finalize_file(VM& vm, Cell* cell) {
  FileObject* file = static_cast<FileObject*>(cell);
  if (!file->closed && file_close(vm, file).is_error()) vm.take_pending();
  delete file->output;
  delete file->input;
  file->output = file->input = nullptr;
}

Error raise_os_error(VM& vm, int error_number, Value name) {
  Value arguments[3] = {Value::small_int(error_number),
                        TRY(make_str(vm, std::strerror(error_number))), name};
  return vm.raise_exception(TRY(vm.call(vm.type(BuiltinType::OSError), arguments)));
}

struct Mode {
  bool reading = false, writing = false, appending = false, creating = false, updating = false,
       text = false, binary = false;
};

Result<Mode> parse_mode(VM& vm, const std::string& text) {
  Mode mode;
  for (size_t i = 0; i < text.size(); ++i) {
    bool* flag = nullptr;
    switch (text[i]) {
      case 'r':
        flag = &mode.reading;
        break;
      case 'w':
        flag = &mode.writing;
        break;
      case 'a':
        flag = &mode.appending;
        break;
      case 'x':
        flag = &mode.creating;
        break;
      case '+':
        flag = &mode.updating;
        break;
      case 't':
        flag = &mode.text;
        break;
      case 'b':
        flag = &mode.binary;
        break;
    }
    if (!flag || *flag) return vm.raise(Exc::ValueError, "invalid mode: '{}'", text);
    *flag = true;
  }
  if (mode.text && mode.binary)
    return vm.raise(Exc::ValueError, "can't have text and binary mode at once");
  int kinds = mode.reading + mode.writing + mode.appending + mode.creating;
  if (kinds > 1)
    return vm.raise(Exc::ValueError, "must have exactly one of create/read/write/append mode");
  if (kinds == 0) {
    return vm.raise(Exc::ValueError,
                    "Must have exactly one of create/read/write/append mode and at most one plus");
  }
  return mode;
}

/// `*name`: the path as a str or bytes.
Result<int> open_descriptor(VM& vm, Value file, const Mode& mode, Value* name) {
  Value path = file;
  bool found;
  if (!is_kind(path, CellKind::Str) && !is_kind(path, CellKind::Bytes)) {
    Value method = type_lookup(vm, vm.type_of(path), vm.names().fspath);
    found = !method.is_empty();
    if (!found)
      return vm.raise(Exc::TypeError, "expected str, bytes or os.PathLike object, not {}",
                      vm.type_of(file));
    path = TRY(vm.call_method(path, vm.names().fspath, {}));
  }
  *name = path;
  std::string text = is_kind(path, CellKind::Bytes) ? std::string(as<Bytes>(path)->view())
                                                    : TRY(str_text(vm, path));
  if (text.find('\0') != std::string::npos) return vm.raise(Exc::ValueError, "embedded null byte");
  int flags = O_CLOEXEC;
  bool both = mode.updating;
  flags |= both ? O_RDWR : mode.reading ? O_RDONLY : O_WRONLY;
  if (mode.writing) flags |= O_CREAT | O_TRUNC;
  if (mode.appending) flags |= O_CREAT | O_APPEND;
  if (mode.creating) flags |= O_CREAT | O_EXCL;
  int descriptor;
  do {
    descriptor = open(text.c_str(), flags, 0666);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return raise_os_error(vm, errno, path);
  struct stat status;
  if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    close(descriptor);
    return raise_os_error(vm, EISDIR, path);
  }
  return descriptor;
}

Result<FileObject::Newline> parse_newline(VM& vm, Value newline) {
  if (newline.is_empty() || newline.is_none()) return FileObject::Newline::Universal;
  Str* text = try_as<Str>(newline);
  if (!text)
    return vm.raise(Exc::TypeError, "open() argument 'newline' must be str or None, not {}",
                    vm.type_of(newline));
  if (text->length == 0) return FileObject::Newline::Keep;
  if (str_equal(text, "\n")) return FileObject::Newline::Lf;
  if (str_equal(text, "\r")) return FileObject::Newline::Cr;
  if (str_equal(text, "\r\n")) return FileObject::Newline::CrLf;
  return vm.raise(Exc::ValueError, "illegal newline value: {}", TRY(repr_text(vm, newline)));
}

bool given(Value v) { return !v.is_empty() && !v.is_none(); }

}  // namespace

const NativeClass FileObject::kClass = {"_io.TextIOWrapper", trace_file, finalize_file, file_step};

Result<Value> open_file(VM& vm, Value file, Value mode_value, int64_t buffering, Value encoding,
                        Value errors, Value newline, bool close_descriptor) {
  Str* mode_text = try_as<Str>(mode_value);
  if (!mode_text)
    return vm.raise(Exc::TypeError, "open() argument 'mode' must be str, not {}",
                    vm.type_of(mode_value));
  bool is_number = is_int(file);
  if (!is_number && !is_kind(file, CellKind::Str) && !is_kind(file, CellKind::Bytes) &&
      type_lookup(vm, vm.type_of(file), vm.names().fspath).is_empty()) {
    return vm.raise(Exc::TypeError, "expected str, bytes or os.PathLike object, not {}",
                    vm.type_of(file));
  }
  Mode mode = TRY(parse_mode(vm, to_utf8(mode_text)));
  if (mode.binary && given(encoding))
    return vm.raise(Exc::ValueError, "binary mode doesn't take an encoding argument");
  if (mode.binary && given(errors))
    return vm.raise(Exc::ValueError, "binary mode doesn't take an errors argument");
  if (mode.binary && given(newline))
    return vm.raise(Exc::ValueError, "binary mode doesn't take a newline argument");
  if (!mode.binary && buffering == 0)
    return vm.raise(Exc::ValueError, "can't have unbuffered text I/O");
  std::string encoding_text = given(encoding) ? TRY(str_text(vm, encoding)) : "utf-8";
  if (encoding_text == "locale") encoding_text = "utf-8";
  if (!mode.binary && !canonical_encoding(encoding_text))
    return vm.raise(Exc::LookupError, "unknown encoding: {}", encoding_text);
  FileObject::Newline newline_mode = TRY(parse_newline(vm, newline));
  int64_t descriptor = is_number ? TRY(to_int64(vm, file)) : -1;
  if (is_number && descriptor < 0) return vm.raise(Exc::ValueError, "negative file descriptor");
  Value name = file;
  if (!is_number) descriptor = TRY(open_descriptor(vm, file, mode, &name));
  auto made =
      allocate_instance(vm, TRY(file_type(vm, mode.binary, mode.reading && !mode.updating)));
  if (made.is_error()) {
    if (!is_number) close(static_cast<int>(descriptor));
    return Error{};
  }
  FileObject* object = static_cast<FileObject*>(made.value());
  object->native_class = &FileObject::kClass;
  object->descriptor = static_cast<int>(descriptor);
  object->binary = mode.binary;
  struct stat status;
  object->may_wait = fstat(object->descriptor, &status) == 0 && !S_ISREG(status.st_mode);
  object->readable = mode.reading || mode.updating;
  object->writable = !mode.reading || mode.updating;
  object->append = mode.appending;
  object->owns_descriptor = !is_number || close_descriptor;
  object->line_buffered =
      buffering == 1 || (buffering < 0 && !mode.binary && isatty(object->descriptor) == 1);
  object->newline = newline_mode;
  object->utf8 = !mode.binary && std::string_view(canonical_encoding(encoding_text)) == "utf-8";
  object->output = new std::string;
  object->input = new std::string;
  vm.heap().register_finalizer(object);
  object->name = name;
  object->mode = mode_value;
  object->encoding = TRY(make_str(vm, encoding_text));
  vm.barrier(object);
  object->errors = given(errors) ? errors : Value(TRY(make_str(vm, "strict")));
  vm.barrier(object);
  return object;
}

Result<void> file_check_open(VM& vm, const FileObject* file) {
  if (file->closed || !file->input)
    return vm.raise(Exc::ValueError, "I/O operation on closed file.");
  return {};
}

Result<void> file_flush(VM& vm, FileObject* file) {
  std::string& text = *file->output;
  size_t done = 0;
  while (done < text.size()) {
    ssize_t count = write(file->descriptor, text.data() + done, text.size() - done);
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

namespace {

/// Reads up to `size` bytes to behind what is in `input`; false at the end of the file.
Result<bool> read_more(VM& vm, FileObject* file, size_t size) {
  std::string& buffer = *file->input;
  char chunk[kBufferSize];
  bool at_once = size > sizeof chunk;
  while (true) {
    if (file->may_wait) {  // others may read from the file meanwhile
      pollfd entry{file->descriptor, POLLIN, 0};
      TRY(let_others_run(vm, {&entry, 1}, -1));
    }
    size_t before = buffer.size();
    if (at_once) buffer.resize(before + size);
    ssize_t count = read(file->descriptor, at_once ? buffer.data() + before : chunk,
                         at_once ? size : sizeof chunk);
    int error = errno;
    if (at_once && count <= 0) buffer.resize(before);
    if (count > 0) {
      if (at_once)
        buffer.resize(before + static_cast<size_t>(count));
      else
        buffer.append(chunk, static_cast<size_t>(count));
      return true;
    }
    if (count == 0) return false;
    if (error != EINTR) return raise_errno(vm, error);
    if (vm.poll_needed()) TRY(vm.poll());  // which may have read from the file
  }
}

void drop_consumed(FileObject* file) {
  if (file->input_position == file->input->size()) {
    file->input->clear();
    file->input_position = 0;
  } else if (file->input_position > kBufferSize) {
    file->input->erase(0, file->input_position);
    file->input_position = 0;
  }
}

}  // namespace

size_t file_bytes_left(const FileObject* file, size_t minimum) {
  struct stat status;
  if (fstat(file->descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size < static_cast<off_t>(minimum))
    return 0;
  off_t at = lseek(file->descriptor, 0, SEEK_CUR);
  return at >= 0 && status.st_size > at ? static_cast<size_t>(status.st_size - at) : 0;
}

Result<size_t> file_read_into(VM& vm, FileObject* file, char* place, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = read(file->descriptor, place + done, size - done);
    if (count == 0) break;
    if (count > 0)
      done += static_cast<size_t>(count);
    else if (errno != EINTR)
      return raise_errno(vm, errno);
    else if (vm.poll_needed())
      TRY(vm.poll());
  }
  return done;
}

Result<bool> file_fill(VM& vm, FileObject* file) {
  if (file->at_end) return false;
  drop_consumed(file);
  return read_more(vm, file, kBufferSize);
}

namespace {

/// The first `c` from `start` on, or npos.
size_t find_byte(const std::string& buffer, char c, size_t start, size_t end) {
  const void* found = std::memchr(buffer.data() + start, c, end - start);
  return found ? static_cast<size_t>(static_cast<const char*>(found) - buffer.data())
               : std::string::npos;
}

/// End of the line that goes on at `start` (behind its newline), or npos when more input is needed.
size_t find_line_end(const FileObject* file, size_t start) {
  const std::string& buffer = *file->input;
  using Newline = FileObject::Newline;
  if (file->binary || file->newline == Newline::Lf) {
    size_t at = buffer.find('\n', start);
    return at == std::string::npos ? at : at + 1;
  }
  if (file->newline == Newline::Cr) {
    size_t at = buffer.find('\r', start);
    return at == std::string::npos ? at : at + 1;
  }
  if (file->newline == Newline::CrLf) {
    size_t at = buffer.find("\r\n", start);
    return at == std::string::npos ? at : at + 2;
  }
  size_t line_feed = find_byte(buffer, '\n', start, buffer.size());
  size_t at = find_byte(buffer, '\r', start, std::min(line_feed, buffer.size()));
  if (at == std::string::npos) return line_feed == at ? at : line_feed + 1;
  // A carriage return may be the first half of a pair.
  if (at + 1 == buffer.size()) return std::string::npos;
  return buffer[at + 1] == '\n' ? at + 2 : at + 1;
}

}  // namespace

Result<std::string_view> file_read_line_bytes(VM& vm, FileObject* file, int64_t limit) {
  if (!file->output->empty()) TRY(file_flush(vm, file));
  size_t searched = 0;  // bytes of the line without an end
  while (true) {
    size_t end = find_line_end(file, file->input_position + searched);
    if (end == std::string::npos) {
      // The last byte again: it may be half of a pair.
      searched = file->input->size() - file->input_position;
      searched -= searched > 0;
      if (TRY(file_fill(vm, file))) continue;
      end = file->input->size();
    }
    size_t start = file->input_position;
    if (limit >= 0 && end - start > static_cast<size_t>(limit))
      end = start + static_cast<size_t>(limit);
    file->input_position = end;
    return std::string_view(*file->input).substr(start, end - start);
  }
}

Result<std::string_view> file_read_bytes(VM& vm, FileObject* file, int64_t count) {
  if (!file->output->empty()) TRY(file_flush(vm, file));
  for (bool is_long = false; !file->at_end; is_long = true) {
    size_t available = file->input->size() - file->input_position;
    if (count >= 0 && available >= static_cast<size_t>(count)) break;
    drop_consumed(file);
    // Most files end within the first read. Later: one more than is left, and the end shows at
    // once.
    size_t wanted = kBufferSize;
    if (is_long && (count < 0 || static_cast<size_t>(count) - available > kBufferSize))
      wanted = std::max(wanted, file_bytes_left(file, kBufferSize) + 1);
    if (count >= 0)
      wanted = std::max(kBufferSize, std::min(wanted, static_cast<size_t>(count) - available));
    if (!TRY(read_more(vm, file, wanted))) break;
  }
  size_t available = file->input->size() - file->input_position;
  size_t take = count < 0 ? available : std::min(available, static_cast<size_t>(count));
  std::string_view result = std::string_view(*file->input).substr(file->input_position, take);
  file->input_position += take;
  return result;
}

Result<void> file_close(VM& vm, FileObject* file) {
  if (file->closed) return {};
  auto flushed = file_flush(vm, file);
  file->closed = true;
  if (file->owns_descriptor) close(file->descriptor);
  return flushed;
}

}  // namespace apy
