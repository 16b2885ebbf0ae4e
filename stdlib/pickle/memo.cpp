// The memo of a pickler.
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/pickle.h"

namespace apy::pickle {

const NativeClass Memo::kClass = {"_pickle.Memo", trace_values<1>, nullptr};

Result<Memo*> make_memo(VM& vm) {
  Memo* memo = TRY(vm.allocate<Memo>(BuiltinType::Internal));
  memo->native_class = &Memo::kClass;
  return memo;
}

Result<void> Memo::grow(VM& vm) {
  ValueArray* old = table;
  uint64_t old_slots = old ? slots : 0;
  uint64_t wanted = old_slots ? old_slots * 2 : 16;
  ValueArray* array = TRY(make_value_array(vm, wanted * 2));
  table = array;
  slots = wanted;
  vm.barrier(this);
  for (uint64_t i = 0; i < old_slots; ++i) {
    Value key = old->values()[2 * i];
    if (key.is_empty()) continue;
    Value* entry = place(key);
    entry[0] = key;
    entry[1] = old->values()[2 * i + 1];
  }
  vm.barrier(array);
  if (old) vm.heap().free_storage(old);
  return {};
}

Result<void> Memo::set(VM& vm, Value key, int64_t number) {
  if (count * 3 >= slots * 2) TRY(grow(vm));
  Value* entry = place(key);
  if (entry->is_empty()) ++count;
  entry[0] = key;
  entry[1] = Value::small_int(number);
  vm.barrier(table, entry);
  return {};
}

}  // namespace apy::pickle
