#pragma once
// FileObject: what open() gives, text or binary, over a file descriptor with one buffer in each
// direction.
//
// Text is decoded a line (or everything) at a time; positions of text files are byte offsets, as
// opaque there as in CPython. The buffers are malloc'd and hold no values.
#include <string>

#include "vm/binding/native.h"

namespace apy {

struct FileObject : NativeObject {
  static const NativeClass kClass;
  enum class Newline : uint8_t { Universal, Keep, Lf, Cr, CrLf };  // None, '', '\n', '\r', '\r\n'
  int descriptor;
  bool may_wait;  // a pipe or terminal: reading can take any time
  bool binary, readable, writable, append, owns_descriptor, closed, line_buffered, at_end;
  bool utf8;  // text: the encoding is UTF-8
  Newline newline;
  std::string* output;    // written, not yet passed on
  std::string* input;     // read ahead
  size_t input_position;  // consumed bytes of `input`
  Value name, mode, encoding, errors;
};

/// open() proper. `descriptor` >= 0: wraps it instead of opening the path.
Result<Value> open_file(VM& vm, Value file, Value mode, int64_t buffering, Value encoding,
                        Value errors, Value newline, bool close_descriptor);

// --- bytes underneath (file.cpp) ---
Result<void> file_check_open(VM& vm, const FileObject* file);
Result<void> file_flush(VM& vm, FileObject* file);
/// Reads more into `input`; false at the end of the file.
Result<bool> file_fill(VM& vm, FileObject* file);
/// Bytes that a regular file of at least `minimum` bytes has left, as far as the system says so.
size_t file_bytes_left(const FileObject* file, size_t minimum);
/// Reads past `input` until there are `size` bytes or the file ends; how many there were.
Result<size_t> file_read_into(VM& vm, FileObject* file, char* place, size_t size);
/// The next line's bytes with its newline as it is in the file; empty at the end. `limit` < 0:
/// none. What it gives is in `input`: good until the file is used again.
Result<std::string_view> file_read_line_bytes(VM& vm, FileObject* file, int64_t limit);
Result<std::string_view> file_read_bytes(VM& vm, FileObject* file, int64_t count);
Result<void> file_close(VM& vm, FileObject* file);
/// The next line as the script gets it; false at the end.
Result<bool> file_step(VM& vm, Cell* file, Value* out);

}  // namespace apy
