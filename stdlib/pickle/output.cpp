// The bytes of a pickle that is being written.
#include "stdlib/pickle/output.h"

#include <algorithm>

#include "stdlib/pickle/pickle.h"
#include "vm/objects/text.h"

namespace apy::pickle {

Result<void> Output::make_room(size_t count) {
  bool new_frame = framing_ && frame_start_ == kNoFrame;
  size_t needed = count + (new_frame ? kFrameHead : 0);
  if (needed > kMaxTextBytes) return vm_.out_of_memory();
  if (needed > capacity_ - length_) {
    size_t wanted = std::max(length_ + needed, capacity_ + capacity_ / 2 + 512);
    ByteStorage* storage = TRY(make_byte_storage(vm_, wanted));
    if (length_) std::memcpy(storage->data(), data_, length_);
    if (storage_) vm_.heap().free_storage(storage_);
    storage_ = storage;
    data_ = storage->data();
    capacity_ = storage->capacity;
  }
  if (new_frame) {
    frame_start_ = length_;
    length_ += kFrameHead;
  }
  return {};
}

void Output::commit_frame() {
  if (frame_start_ == kNoFrame) return;
  uint8_t* head = data_ + frame_start_;
  size_t size = length_ - frame_start_ - kFrameHead;
  if (size >= kFrameMinimum) {
    head[0] = static_cast<uint8_t>(Opcode::Frame);
    for (unsigned i = 0; i < 8; ++i) head[1 + i] = static_cast<uint8_t>(size >> (8 * i));
  } else {
    std::memmove(head, head + kFrameHead, size);
    length_ -= kFrameHead;
  }
  frame_start_ = kNoFrame;
}

Result<void> Output::flush() {
  if (write_.is_empty() || length_ == 0) return {};
  Value bytes = TRY(finish());
  length_ = 0;
  TRY(vm_.call(write_, {bytes}));
  return {};
}

Result<void> Output::end_full_frame() {
  commit_frame();
  return flush();
}

Result<void> Output::append(std::string_view bytes) {
  uint8_t* place = TRY(extend(bytes.size()));
  copy_bytes(place, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return {};
}

Result<void> Output::append_data(std::string_view head, std::string_view data, Value whole) {
  if (data.size() < kFrameTarget) {
    uint8_t* place = TRY(extend(head.size() + data.size()));
    copy_bytes(place, reinterpret_cast<const uint8_t*>(head.data()), head.size());
    copy_bytes(place + head.size(), reinterpret_cast<const uint8_t*>(data.data()), data.size());
    return {};
  }
  // The file may be script code that changes what `data` is a view of.
  if (!write_.is_empty() && whole.is_empty()) whole = TRY(make_bytes(vm_, data));
  commit_frame();
  bool framing = framing_;
  framing_ = false;
  TRY(append(head));
  if (write_.is_empty()) {
    TRY(append(data));
  } else {
    TRY(flush());
    TRY(vm_.call(write_, {whole}));
  }
  framing_ = framing;
  return {};
}

Result<void> Output::end() {
  commit_frame();
  return flush();
}

Result<Bytes*> Output::finish() {
  return make_bytes(vm_, std::string_view(reinterpret_cast<const char*>(data_), length_));
}

}  // namespace apy::pickle
