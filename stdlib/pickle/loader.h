#pragma once
// Loader: one load() under way, a machine with a stack that runs the opcodes of a pickle.
//
// Pickles may be hostile: every length is compared with what is there before memory is taken, the
// stack has a floor at the last MARK, and numbers of the memo that are far out go into a dict.
#include <array>
#include <vector>

#include "stdlib/pickle/pickle.h"

namespace apy::pickle {

struct Unpickler : NativeObject {
  static const NativeClass kClass;
  Value read, readline;    // of the file; empty: loads()
  Value source;            // the Bytes that `cursor` points into, or empty
  Value encoding, errors;  // Str: for the strings of Python 2
  Value buffers;           // iterator, or empty
  ValueArray* memo;        // by number; null while empty
  Dict* far_memo;          // entries with large numbers, or null
  const uint8_t* cursor;   // what is left of `source`
  const uint8_t* end;
  uint64_t memo_count;  // entries
  uint8_t protocol;
  bool fix_imports, initialised;

  Value memo_get(VM& vm, uint64_t number);
  Result<void> memo_put(VM& vm, uint64_t number, Value v);
  void set_source(VM& vm, Bytes* bytes) {
    source = bytes;
    cursor = bytes->data();
    end = cursor + bytes->length;
    vm.barrier(this);
  }
};

/// find_class() of the type itself.
Result<Value> find_class(VM& vm, Unpickler* self, Value module_name, Value name);

class Loader {
 public:
  Loader(VM& vm, Unpickler* unpickler) : vm_(vm), self_(unpickler), state_(state_of(vm)) {}
  Result<Value> load();

 private:
  using Handler = Result<void> (Loader::*)();
  static const std::array<Handler, 256> kHandlers;
  static constexpr std::array<Handler, 256> make_handlers();

  // --- input (loader_input.cpp) ---
  size_t available() const { return static_cast<size_t>(self_->end - self_->cursor); }
  /// The next `count` bytes; valid until the next call.
  Result<const uint8_t*> take(size_t count) {
    if (count > available()) [[unlikely]]
      TRY(fill(count));
    const uint8_t* bytes = self_->cursor;
    self_->cursor += count;
    return bytes;
  }
  /// A little-endian number of so many bytes.
  Result<uint64_t> take_number(unsigned bytes) {
    const uint8_t* p = TRY(take(bytes));
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; ++i) number |= uint64_t{p[i]} << (8 * i);
    return number;
  }
  /// A length of eight bytes.
  Result<uint64_t> take_length(const char* what);
  /// The rest of the line, without its end.
  Result<std::string_view> take_line();
  Result<void> fill(size_t count);
  Result<Bytes*> read_file(size_t count);
  Error truncated() { return raise_unpickling(vm_, "pickle data was truncated"); }
  Error error(const std::string& message) { return raise_unpickling(vm_, message); }

  // --- stack ---
  size_t depth() const { return static_cast<size_t>(top_ - bottom()); }
  Value* bottom() const { return stack_ ? stack_->values() : nullptr; }
  Result<void> push(Value v) {
    if (top_ == limit_) [[unlikely]]
      TRY(grow_stack());
    *top_ = v;
    vm_.barrier(stack_, top_);
    ++top_;
    return {};
  }
  /// At least so many values above the last MARK.
  Result<void> need(size_t count) {
    if (depth() < floor_ + count) [[unlikely]]
      return underflow();
    return {};
  }
  Value drop_top() {
    Value v = *--top_;
    *top_ = Value();
    return v;
  }
  Result<Value> pop() {
    TRY(need(1));
    return drop_top();
  }
  Result<Value> top() {
    TRY(need(1));
    return top_[-1];
  }
  /// Takes the last MARK away; the index of the first value above it.
  Result<size_t> pop_mark();
  /// Removes the values from `begin` on.
  void cut(size_t begin) {
    while (depth() > begin) drop_top();
  }
  Result<Tuple*> pop_tuple(size_t begin);
  Result<List*> pop_list(size_t begin);
  Result<void> grow_stack();
  Error underflow();

  // --- opcodes ---
  template <auto F, auto... A>
  Result<void> with() {
    return (this->*F)(A...);
  }
  template <int kind>
  Result<void> load_constant();
  template <unsigned bytes>
  Result<void> load_bin_int();
  template <unsigned bytes>
  Result<void> load_long_binary();
  Result<void> load_int_line();
  Result<void> load_long_line();
  Result<void> load_float_line();
  Result<void> load_bin_float();
  Result<void> load_string_line();
  template <unsigned bytes>
  Result<void> load_old_string();
  Result<void> push_old_string(std::string_view data);
  Result<void> load_unicode_line();
  template <unsigned bytes>
  Result<void> load_unicode();
  template <unsigned bytes>
  Result<void> load_bytes();
  Result<void> load_bytearray();
  Result<void> load_next_buffer();
  Result<void> load_readonly_buffer();

  Result<void> load_empty_tuple();
  Result<void> load_empty_list();
  Result<void> load_empty_dict();
  Result<void> load_empty_set();
  Result<void> load_tuple();
  template <unsigned count>
  Result<void> load_short_tuple();
  Result<void> load_list();
  Result<void> load_dict();
  Result<void> load_frozenset();
  Result<void> load_append();
  Result<void> load_appends();
  Result<void> append_from(size_t begin);
  Result<void> load_setitem();
  Result<void> load_setitems();
  Result<void> set_items_from(size_t begin);
  Result<void> load_additems();

  Result<void> load_mark();
  Result<void> load_pop();
  Result<void> load_pop_mark();
  Result<void> load_dup();
  Result<void> load_memoize();
  template <unsigned bytes>
  Result<void> load_get();
  template <unsigned bytes>
  Result<void> load_put();
  Result<void> load_get_line();
  Result<void> load_put_line();
  Result<void> remember(uint64_t number);
  Result<void> recall(uint64_t number);

  Result<void> load_proto();
  Result<void> load_frame();
  Result<void> load_global();
  Result<void> load_stack_global();
  Result<void> load_inst();
  Result<void> load_obj();
  Result<void> load_newobj();
  Result<void> load_newobj_ex();
  Result<void> load_reduce();
  Result<void> load_build();
  Result<void> build_state(Value instance, Value state);
  Result<void> load_persid();
  Result<void> load_bin_persid();
  Result<void> push_persistent(Value id);
  template <unsigned bytes>
  Result<void> load_extension();
  Result<Value> find_global(Value module_name, Value name);
  Result<Value> instantiate(Value cls, Tuple* arguments);
  Result<void> make_new(Value cls, Value arguments, Value keywords, bool with_keywords);
  Result<Value> method_of(const char* name);

  VM& vm_;
  Unpickler* self_;
  State* state_;
  ValueArray* stack_ = nullptr;
  Value* top_ = nullptr;
  Value* limit_ = nullptr;
  size_t floor_ = 0;
  std::vector<size_t> marks_;
  Value find_class_, persistent_load_;  // empty: not looked up; those of subclasses
};

}  // namespace apy::pickle
