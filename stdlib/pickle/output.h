#pragma once
// Output: the bytes of a pickle that is being written, with the frames of protocol 4.
//
// A frame is begun by the first byte after the last one ended; its head is written when it ends. It
// ends only between opcodes, after about kFrameTarget bytes. Very large texts stand outside of
// frames, and go to the file without being copied. Use only as a local: the collector finds the
// storage through the native stack.
#include "vm/objects/str.h"

namespace apy::pickle {

class Output {
 public:
  /// `write` empty: everything is kept for finish().
  Output(VM& vm, Value write) : vm_(vm), write_(write) {}
  Output(const Output&) = delete;

  void start_framing() { framing_ = true; }
  /// To be called between opcodes. May run script code.
  Result<void> boundary() {
    if (frame_start_ == kNoFrame || length_ - frame_start_ - kFrameHead < kFrameTarget) [[likely]]
      return {};
    return end_full_frame();
  }
  /// Room for `count` bytes, which the caller fills at once.
  Result<uint8_t*> extend(size_t count) {
    if (count > capacity_ - length_ || (framing_ && frame_start_ == kNoFrame)) [[unlikely]]
      TRY(make_room(count));
    uint8_t* place = data_ + length_;
    length_ += count;
    return place;
  }
  Result<void> append(uint8_t byte) {
    *TRY(extend(1)) = byte;
    return {};
  }
  Result<void> append(std::string_view bytes);
  /// `head`, then the data, which are those of the bytes object `whole` unless that is empty.
  Result<void> append_data(std::string_view head, std::string_view data, Value whole);
  /// Ends the last frame; with a file, writes what is left.
  Result<void> end();
  /// Everything, after end().
  Result<Bytes*> finish();

 private:
  static constexpr size_t kNoFrame = ~size_t{0};
  static constexpr size_t kFrameHead = 9;
  static constexpr size_t kFrameMinimum = 4;
  static constexpr size_t kFrameTarget = 64 * 1024;
  Result<void> make_room(size_t count);
  void commit_frame();
  Result<void> end_full_frame();
  Result<void> flush();

  VM& vm_;
  Value write_;
  ByteStorage* storage_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t length_ = 0, capacity_ = 0;
  size_t frame_start_ = kNoFrame;
  bool framing_ = false;
};

}  // namespace apy::pickle
