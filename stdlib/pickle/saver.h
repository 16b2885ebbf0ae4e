#pragma once
// Saver: one dump() under way. A walk over the object that writes opcodes; everything is as
// CPython's pickler writes it, byte for byte.
#include "stdlib/pickle/output.h"
#include "stdlib/pickle/pickle.h"

namespace apy::pickle {

class Saver {
 public:
  Saver(VM& vm, Pickler* pickler)
      : vm_(vm),
        self_(pickler),
        state_(state_of(vm)),
        out_(vm, pickler->write),
        protocol_(pickler->protocol) {}
  Result<void> dump(Value object);
  /// What dump() wrote when there is no file.
  Result<Bytes*> finish() { return out_.finish(); }

 private:
  bool binary() const { return protocol_ > 0; }
  Result<void> put(Opcode op) { return out_.append(static_cast<uint8_t>(op)); }
  Result<void> save(Value v, bool ask_persistent = true);
  // save_atoms.cpp: values that refer to no others
  Result<bool> save_atom(Value v);
  Result<void> save_int(Value v);
  Result<void> save_small_int(int64_t i);
  Result<void> save_big_int(Value v);
  Result<void> save_float(double d);
  Result<void> save_bool(bool b);
  Result<void> save_bytes(Value v);
  Result<void> save_str(Str* text);
  Result<void> save_str_as_line(Str* text);
  Result<void> save_bytearray(Value v);
  Result<void> save_buffer(Buffer* buffer);
  Result<void> write_bytes_data(Value object, std::string_view data, Value whole);
  Result<void> write_bytearray_data(Value object, std::string_view data);
  Result<Value> bytes_as_text(std::string_view data);
  Result<void> sized(uint8_t op, uint64_t size, unsigned width, std::string_view data, Value whole);
  // save_containers.cpp
  Result<void> save_tuple(Tuple* tuple);
  Result<void> save_tuple_items(Tuple* tuple);
  Result<void> save_list(List* list);
  Result<void> save_dict(Dict* dict);
  Result<void> save_set(Set* set);
  Result<void> save_frozenset(Set* set);
  Result<void> save_items(Value iterator);
  Result<void> save_pairs(Value iterator);
  Result<void> save_pair(Value pair);
  Result<void> save_old_set(Set* set, BuiltinType type);
  // save_objects.cpp
  Result<bool> save_persistent(Value v);
  Result<void> save_object(Value v);
  Result<Value> reduce(Value v, bool* is_global);
  Result<void> save_type(Value v);
  Result<void> save_global(Value v, Value name);
  Result<void> write_global(Value v, Str* module_name, Str* name);
  Result<bool> write_extension(Str* module_name, Str* name, bool* written);
  /// `v` empty: it is not memoized.
  Result<void> write_old_global(Str* module_name, Str* name, Value v);
  Result<void> write_old_attribute(Str* module_name, Str* name, Value v);
  Result<void> save_reduced(Tuple* reduced, Value v);
  Result<void> save_call(Value function, Tuple* arguments, Value v);
  Result<void> save_new(Value function, Tuple* arguments, Value v);
  Result<void> save_new_with_keywords(Value function, Tuple* arguments);
  Result<void> save_reduction(Value function, std::initializer_list<Value> arguments, Value v);
  Result<void> save_state(Value state, Value setter, Value v);
  Error error(const std::string& message) { return raise_pickling(vm_, message); }
  // the memo
  Result<void> memoize(Value v);
  /// Refers to an object that is in the memo; false when it is not.
  Result<bool> recall(Value v);
  bool is_known(Value v) const { return self_->memo->find(v) >= 0; }
  Result<void> enter_fast(Value v);

  /// In `fast` mode nothing is remembered, so a deep object may be a cycle: the containers that are
  /// open, once they are many.
  static constexpr unsigned kFastNesting = 50;
  class FastLevel;

  VM& vm_;
  Pickler* self_;
  State* state_;
  Output out_;
  int protocol_;
  Value persistent_id_, reducer_override_;  // empty: none
  unsigned fast_depth_ = 0;
  Memo* fast_open_ = nullptr;
};

}  // namespace apy::pickle
