#pragma once
// Streams in memory: the native bases of io.StringIO and io.BytesIO (_io_memory.apy joins them with
// the classes that all streams have).
//
// Both hold their content in `owner`. What they were made of is used as it is until something is
// written: a reader never copies it.
#include "vm/binding/native.h"
#include "vm/objects/str.h"

namespace apy {

struct MemoryText : NativeObject {
  static const NativeClass kClass;
  enum class Newline : uint8_t { Universal, Keep, Lf, Cr, CrLf };  // None, '', '\n', '\r', '\r\n'
  // Kinds of line ends that were seen, for `newlines`.
  static constexpr uint8_t kSawCr = 1, kSawLf = 2, kSawCrLf = 4;

  Cell* owner;    // Str, ByteStorage, or null when empty
  Value newline;  // as given
  const uint8_t* data;
  uint64_t length, position;  // in characters
  uint32_t seen;              // no character has a bit that is not here
  uint8_t width;              // of a character in `data`
  Newline mode;
  uint8_t newlines_seen;
  bool ready, closed;
};

struct MemoryBytes : NativeObject {
  static const NativeClass kClass;
  Cell* owner;  // Bytes, ByteArray, or null when empty
  uint64_t position;
  bool closed;
};

extern const NativeTypeDef kMemoryTextType, kMemoryBytesType;

/// How messages name the stream's class.
std::string stream_class_name(VM& vm, NativeObject* stream);
/// The size argument of a read; -1: all.
Result<int64_t> stream_count(VM& vm, Value size);
/// The instance's own attributes for __getstate__, or None.
Result<Value> stream_attributes(VM& vm, NativeObject* stream);
/// Puts back what stream_attributes gave: the last item of a state.
Result<void> set_stream_attributes(VM& vm, NativeObject* stream, Value attributes,
                                   const char* which);

}  // namespace apy
