#pragma once
// What the native halves of bz2 and lzma share: driving a coder of a C library over a piece of
// input. Their z_stream-like structs have the same fields in all these libraries.
#include <algorithm>
#include <string>
#include <string_view>

#include "stdlib/native_iterator.h"
#include "vm/objects/text.h"

namespace apy {

/// Feeds `input` to `step(last)` until it is used up, `most` bytes have come out (if that is not
/// negative), or `step` gives something else than `fine`. What step gave last is returned; `*used`
/// says how much of the input it took. With `finish`, goes on until step gives something else.
template <class Stream, class Code, class Step>
Code run_coder(Stream& stream, std::string_view input, int64_t most, bool finish, Code fine,
               std::string* output, size_t* used, Step step) {
  constexpr size_t kPiece = size_t{1} << 30;
  Code code = fine;
  size_t grow = 8 * 1024;
  size_t done = 0;
  while (true) {
    size_t piece = std::min(input.size() - done, kPiece);
    size_t room = grow;
    if (most >= 0) room = std::min(room, static_cast<size_t>(most) - output->size());
    size_t before = output->size();
    output->resize(before + room);
    using In = decltype(stream.next_in);
    using Out = decltype(stream.next_out);
    stream.next_in = (In)(input.data() + done);
    stream.avail_in = static_cast<decltype(stream.avail_in)>(piece);
    stream.next_out = (Out)(output->data() + before);
    stream.avail_out = static_cast<decltype(stream.avail_out)>(room);
    code = step(finish && done + piece == input.size());
    size_t made = room - stream.avail_out, taken = piece - stream.avail_in;
    output->resize(before + made);
    done += taken;
    *used = done;
    if (code != fine) return code;
    if (most >= 0 && output->size() >= static_cast<size_t>(most)) return code;
    if (done == input.size() && stream.avail_out > 0 && !finish) return code;
    if (made == 0 && taken == 0) return code;
    grow = std::min<size_t>(2 * grow, size_t{1} << 20);
  }
}

/// (output, bytes of the input used, code)
inline Result<Value> coder_result(VM& vm, const std::string& output, size_t used, int64_t code) {
  Value parts[3] = {TRY(make_bytes(vm, output)), Value::small_int(static_cast<int64_t>(used)),
                    Value::small_int(code)};
  return make_tuple(vm, parts);
}

inline Result<std::string_view> coder_input(VM& vm, Value value) {
  std::string_view bytes;
  if (get_bytes(value, &bytes)) return bytes;
  return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
}

}  // namespace apy
