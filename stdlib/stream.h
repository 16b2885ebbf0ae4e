#pragma once
// TextStream: the text files behind sys.stdin, sys.stdout and sys.stderr: a file descriptor with a
// UTF-8 buffer. The buffer is malloc'd and holds no values.
#include <string>

#include "vm/binding/native.h"

namespace apy {

struct TextStream : NativeObject {
  static const NativeClass kClass;
  int descriptor;
  bool writable;
  bool line_buffered;
  bool closed;
  std::string* buffer;  // output not yet written, or input not yet consumed
  Value name;           // "<stdout>"
  Value bytes;          // what `buffer` gives, or empty
};

/// A stream over an open descriptor, registered for flushing when collected.
Result<TextStream*> make_text_stream(VM& vm, int descriptor, bool writable, bool line_buffered,
                                     const char* name);
/// Appends text; writes out when the buffer is large or a line ended on a line-buffered stream.
/// OSError on failure.
Result<void> stream_write(VM& vm, TextStream* stream, const Str* text);
Result<void> stream_flush(VM& vm, TextStream* stream);
/// A line with its newline, fewer characters at the end of the file, "" at the end.
Result<Str*> stream_read_line(VM& vm, TextStream* stream);

/// The stream as a binary file, which shares its buffer (stream_bytes.cpp).
Result<Value> stream_bytes(VM& vm, TextStream* stream);

/// OSError (or the subclass for errno) with strerror's text.
Error raise_errno(VM& vm, int error_number);

}  // namespace apy
