// The machine that runs pickles: its loop, its input, its stack and its memo.
#include "stdlib/pickle/loader.h"

#include <algorithm>

#include "vm/objects/text.h"

namespace apy::pickle {

// --- input ---

Result<Bytes*> Loader::read_file(size_t count) {
  Value data = TRY(vm_.call(self_->read, {TRY(make_int_unsigned(vm_, count))}));
  if (Bytes* bytes = try_as<Bytes>(data)) return bytes;
  std::string_view view;
  if (get_bytes(data, &view)) return make_bytes(vm_, view);
  return vm_.raise(Exc::TypeError, "read() returned non-bytes object ({})", vm_.type_of(data));
}

/// Makes `count` bytes available.
Result<void> Loader::fill(size_t count) {
  if (self_->read.is_empty()) return truncated();
  if (available() == 0 && count <= (size_t{1} << 20)) {
    Bytes* bytes = TRY(read_file(count));
    self_->set_source(vm_, bytes);
    if (bytes->length < count) return truncated();
    return {};
  }
  // In pieces, since the length may be a lie.
  ByteBuilder all(vm_);
  all.append(std::string_view(reinterpret_cast<const char*>(self_->cursor), available()));
  bool short_read = false;
  while (all.length() < count && !short_read) {
    size_t want = std::min(count - all.length(), std::max(all.length(), size_t{1} << 20));
    Bytes* piece = TRY(read_file(want));
    all.append(piece->view());
    short_read = piece->length < want;
  }
  self_->set_source(vm_, TRY(all.finish()));
  if (short_read) return truncated();
  return {};
}

Result<std::string_view> Loader::take_line() {
  auto* begin = reinterpret_cast<const char*>(self_->cursor);
  auto* end =
      static_cast<const char*>(available() ? std::memchr(begin, '\n', available()) : nullptr);
  if (!end) {
    if (self_->read.is_empty()) return truncated();
    ByteBuilder line(vm_);
    line.append(std::string_view(begin, available()));
    Value more = TRY(vm_.call(self_->readline, {}));
    std::string_view view;
    if (!get_bytes(more, &view))
      return vm_.raise(Exc::TypeError, "readline() returned non-bytes object ({})",
                       vm_.type_of(more));
    if (view.empty() || view.back() != '\n') {
      self_->cursor = self_->end;
      return truncated();
    }
    line.append(view);
    self_->set_source(vm_, TRY(line.finish()));
    begin = reinterpret_cast<const char*>(self_->cursor);
    end = begin + available() - 1;
  }
  self_->cursor = reinterpret_cast<const uint8_t*>(end) + 1;
  return std::string_view(begin, static_cast<size_t>(end - begin));
}

Result<uint64_t> Loader::take_length(const char* what) {
  uint64_t length = TRY(take_number(8));
  if (length > INT64_MAX)
    return vm_.raise(Exc::OverflowError, "{} exceeds system's maximum size of {} bytes", what,
                     INT64_MAX);
  return length;
}

// --- stack ---

Error Loader::underflow() {
  return error(marks_.empty() ? "unpickling stack underflow" : "unexpected MARK found");
}

Result<void> Loader::grow_stack() {
  size_t used = depth();
  ValueArray* array = TRY(make_value_array(vm_, std::max<size_t>(64, used * 2)));
  if (used) std::memcpy(array->values(), stack_->values(), used * sizeof(Value));
  if (stack_) vm_.heap().free_storage(stack_);
  stack_ = array;
  vm_.barrier(array);
  top_ = array->values() + used;
  limit_ = array->values() + array->capacity;
  return {};
}

Result<size_t> Loader::pop_mark() {
  if (marks_.empty()) return error("could not find MARK");
  size_t begin = marks_.back();
  marks_.pop_back();
  floor_ = marks_.empty() ? 0 : marks_.back();
  return begin;
}

Result<Tuple*> Loader::pop_tuple(size_t begin) {
  Tuple* tuple = TRY(make_tuple(vm_, std::span<const Value>(bottom() + begin, depth() - begin)));
  cut(begin);
  return tuple;
}

Result<List*> Loader::pop_list(size_t begin) {
  List* list = TRY(make_list(vm_, std::span<const Value>(bottom() + begin, depth() - begin)));
  cut(begin);
  return list;
}

Result<void> Loader::load_mark() {
  floor_ = depth();
  marks_.push_back(floor_);
  return {};
}

Result<void> Loader::load_pop() {
  // A MARK counts as a value here.
  if (!marks_.empty() && marks_.back() == depth()) {
    TRY(pop_mark());
    return {};
  }
  TRY(pop());
  return {};
}

Result<void> Loader::load_pop_mark() {
  cut(TRY(pop_mark()));
  return {};
}

Result<void> Loader::load_dup() { return push(TRY(top())); }

// --- memo ---

Value Unpickler::memo_get(VM& vm, uint64_t number) {
  if (memo && number < memo->capacity) return memo->values()[number];
  Value found;
  if (far_memo && Value::fits_small_int(static_cast<int64_t>(number)))
    (void)dict_get(vm, far_memo, Value::small_int(static_cast<int64_t>(number)), &found);
  return found;
}

Result<void> Unpickler::memo_put(VM& vm, uint64_t number, Value v) {
  if (memo_get(vm, number).is_empty()) ++memo_count;
  uint64_t capacity = memo ? memo->capacity : 0;
  if (number >= capacity) {
    if (number > capacity * 2 + 1024) {
      if (!far_memo) far_memo = TRY(make_dict(vm));
      vm.barrier(this);
      return dict_set(vm, far_memo, TRY(make_int_unsigned(vm, number)), v);
    }
    ValueArray* array =
        TRY(make_value_array(vm, std::max<uint64_t>(number + 1, capacity * 2 + 32)));
    if (capacity) std::memcpy(array->values(), memo->values(), capacity * sizeof(Value));
    if (memo) vm.heap().free_storage(memo);
    memo = array;
    vm.barrier(this);
    vm.barrier(array);
    // Entries that came early are now within reach of the array.
    for (uint64_t i = capacity; far_memo && i < array->capacity; ++i) {
      Value early;
      TRY(dict_get(vm, far_memo, Value::small_int(static_cast<int64_t>(i)), &early));
      array->values()[i] = early;
    }
    vm.barrier(array);
  }
  memo->values()[number] = v;
  vm.barrier(memo, memo->values() + number);
  return {};
}

Result<void> Loader::remember(uint64_t number) { return self_->memo_put(vm_, number, TRY(top())); }

Result<void> Loader::recall(uint64_t number) {
  Value v = self_->memo_get(vm_, number);
  if (v.is_empty()) return error("Memo value not found at index " + std::to_string(number));
  return push(v);
}

Result<void> Loader::load_memoize() { return remember(self_->memo_count); }

template <unsigned bytes>
Result<void> Loader::load_get() {
  return recall(TRY(take_number(bytes)));
}
template <unsigned bytes>
Result<void> Loader::load_put() {
  return remember(TRY(take_number(bytes)));
}

namespace {

/// A number in a line; ValueError if it is none.
Result<int64_t> line_number(VM& vm, std::string_view line, const char* what) {
  Value number = TRY(parse_int(vm, line, 10));
  int64_t value;
  if (!fits_int64(number, &value) || value < 0)
    return vm.raise(Exc::ValueError, "negative {} argument", what);
  return value;
}

}  // namespace

Result<void> Loader::load_get_line() {
  Value number = TRY(parse_int(vm_, TRY(take_line()), 10));
  int64_t index;
  if (!fits_int64(number, &index) || index < 0)
    return error("Memo value not found at index " + TRY(int_to_string(vm_, number)));
  return recall(static_cast<uint64_t>(index));
}
Result<void> Loader::load_put_line() {
  return remember(static_cast<uint64_t>(TRY(line_number(vm_, TRY(take_line()), "PUT"))));
}

// --- the stream ---

Result<void> Loader::load_proto() {
  unsigned protocol = *TRY(take(1));
  if (protocol > kHighestProtocol)
    return vm_.raise(Exc::ValueError, "unsupported pickle protocol: {}", protocol);
  self_->protocol = static_cast<uint8_t>(protocol);
  return {};
}

Result<void> Loader::load_frame() {
  uint64_t length = TRY(take_number(8));
  if (length > INT64_MAX)
    return vm_.raise(Exc::OverflowError, "FRAME length exceeds system's maximum of {} bytes",
                     INT64_MAX);
  // Only reads ahead.
  if (length > available()) TRY(fill(length));
  return {};
}

// --- the loop ---

constexpr std::array<Loader::Handler, 256> Loader::make_handlers() {
  std::array<Handler, 256> table{};
  auto set = [&](Opcode op, Handler handler) { table[static_cast<uint8_t>(op)] = handler; };
  set(Opcode::None, &Loader::load_constant<0>);
  set(Opcode::NewFalse, &Loader::load_constant<1>);
  set(Opcode::NewTrue, &Loader::load_constant<2>);
  set(Opcode::Int, &Loader::load_int_line);
  set(Opcode::BinInt, &Loader::load_bin_int<4>);
  set(Opcode::BinInt1, &Loader::load_bin_int<1>);
  set(Opcode::BinInt2, &Loader::load_bin_int<2>);
  set(Opcode::Long, &Loader::load_long_line);
  set(Opcode::Long1, &Loader::load_long_binary<1>);
  set(Opcode::Long4, &Loader::load_long_binary<4>);
  set(Opcode::Float, &Loader::load_float_line);
  set(Opcode::BinFloat, &Loader::load_bin_float);
  set(Opcode::String, &Loader::load_string_line);
  set(Opcode::ShortBinString, &Loader::load_old_string<1>);
  set(Opcode::BinString, &Loader::load_old_string<4>);
  set(Opcode::Unicode, &Loader::load_unicode_line);
  set(Opcode::ShortBinUnicode, &Loader::load_unicode<1>);
  set(Opcode::BinUnicode, &Loader::load_unicode<4>);
  set(Opcode::BinUnicode8, &Loader::load_unicode<8>);
  set(Opcode::ShortBinBytes, &Loader::load_bytes<1>);
  set(Opcode::BinBytes, &Loader::load_bytes<4>);
  set(Opcode::BinBytes8, &Loader::load_bytes<8>);
  set(Opcode::ByteArray8, &Loader::load_bytearray);
  set(Opcode::NextBuffer, &Loader::load_next_buffer);
  set(Opcode::ReadOnlyBuffer, &Loader::load_readonly_buffer);
  set(Opcode::EmptyTuple, &Loader::load_empty_tuple);
  set(Opcode::EmptyList, &Loader::load_empty_list);
  set(Opcode::EmptyDict, &Loader::load_empty_dict);
  set(Opcode::EmptySet, &Loader::load_empty_set);
  set(Opcode::Tuple, &Loader::load_tuple);
  set(Opcode::Tuple1, &Loader::load_short_tuple<1>);
  set(Opcode::Tuple2, &Loader::load_short_tuple<2>);
  set(Opcode::Tuple3, &Loader::load_short_tuple<3>);
  set(Opcode::List, &Loader::load_list);
  set(Opcode::Dict, &Loader::load_dict);
  set(Opcode::FrozenSet, &Loader::load_frozenset);
  set(Opcode::Append, &Loader::load_append);
  set(Opcode::Appends, &Loader::load_appends);
  set(Opcode::SetItem, &Loader::load_setitem);
  set(Opcode::SetItems, &Loader::load_setitems);
  set(Opcode::AddItems, &Loader::load_additems);
  set(Opcode::Mark, &Loader::load_mark);
  set(Opcode::Pop, &Loader::load_pop);
  set(Opcode::PopMark, &Loader::load_pop_mark);
  set(Opcode::Dup, &Loader::load_dup);
  set(Opcode::Memoize, &Loader::load_memoize);
  set(Opcode::Get, &Loader::load_get_line);
  set(Opcode::BinGet, &Loader::load_get<1>);
  set(Opcode::LongBinGet, &Loader::load_get<4>);
  set(Opcode::Put, &Loader::load_put_line);
  set(Opcode::BinPut, &Loader::load_put<1>);
  set(Opcode::LongBinPut, &Loader::load_put<4>);
  set(Opcode::Proto, &Loader::load_proto);
  set(Opcode::Frame, &Loader::load_frame);
  set(Opcode::Global, &Loader::load_global);
  set(Opcode::StackGlobal, &Loader::load_stack_global);
  set(Opcode::Inst, &Loader::load_inst);
  set(Opcode::Obj, &Loader::load_obj);
  set(Opcode::NewObj, &Loader::load_newobj);
  set(Opcode::NewObjEx, &Loader::load_newobj_ex);
  set(Opcode::Reduce, &Loader::load_reduce);
  set(Opcode::Build, &Loader::load_build);
  set(Opcode::PersId, &Loader::load_persid);
  set(Opcode::BinPersId, &Loader::load_bin_persid);
  set(Opcode::Ext1, &Loader::load_extension<1>);
  set(Opcode::Ext2, &Loader::load_extension<2>);
  set(Opcode::Ext4, &Loader::load_extension<4>);
  return table;
}
constexpr std::array<Loader::Handler, 256> Loader::kHandlers = Loader::make_handlers();

namespace {

std::string bad_opcode(uint8_t op) {
  char text[64];
  bool plain = op >= 0x20 && op <= 0x7E && op != '\'' && op != '\\';
  std::snprintf(text, sizeof text,
                plain ? "invalid load key, '%c'." : "invalid load key, '\\x%02x'.", op);
  return text;
}

}  // namespace

Result<Value> Loader::load() {
  for (;;) {
    if (available() == 0) {
      auto filled = fill(1);
      if (filled.is_error()) {
        // The end of the file, where an opcode should be.
        bool ended = vm_.is_instance(vm_.pending(), BuiltinType::BaseException) &&
                     vm_.type_of(vm_.pending()) == state_->unpickling_error;
        if (!ended) return Error{};
        vm_.take_pending();
        return vm_.raise(Exc::EOFError, "Ran out of input");
      }
    }
    uint8_t op = *self_->cursor++;
    if (op == static_cast<uint8_t>(Opcode::Stop)) break;
    Handler handler = kHandlers[op];
    if (!handler) return error(bad_opcode(op));
    TRY((this->*handler)());
  }
  return pop();
}

}  // namespace apy::pickle
