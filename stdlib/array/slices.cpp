// Items and slices of arrays.
#include <cstring>

#include "stdlib/array/array.h"
#include "vm/objects/indexing.h"

namespace apy::arrays {

namespace {

Result<uint64_t> index_of(VM& vm, Array* self, Value key, const char* out_of_range) {
  if (!is_int(key) && type_special(vm, vm.type_of(key), Special::Index).is_empty())
    return vm.raise(Exc::TypeError, "array indices must be integers");
  Value integer = TRY(to_index(vm, key));
  int64_t index;
  if (!fits_int64(integer, &index))
    return vm.raise(Exc::IndexError, "cannot fit '{}' into an index-sized integer",
                    vm.type_of(key));
  auto length = static_cast<int64_t>(self->length());
  if (index < 0) index += length;
  if (index < 0 || index >= length) return vm.raise(Exc::IndexError, out_of_range);
  return static_cast<uint64_t>(index);
}

Result<void> delete_slice(VM& vm, Array* self, SliceIndices s) {
  if (s.count <= 0) return {};
  if (s.step < 0) {
    s.start += (s.count - 1) * s.step;
    s.step = -s.step;
  }
  auto begin = static_cast<uint64_t>(s.start);
  if (s.step == 1) return splice(vm, self, begin, begin + static_cast<uint64_t>(s.count), {});
  size_t size = self->kind->size;
  std::string kept;
  auto step = static_cast<uint64_t>(s.step);
  uint64_t end = begin + (static_cast<uint64_t>(s.count) - 1) * step + 1;
  for (uint64_t i = begin; i < end; ++i)
    if ((i - begin) % step) kept.append(self->view().substr(i * size, size));
  return splice(vm, self, begin, end, kept);
}

Result<void> assign_slice(VM& vm, Array* self, Slice* slice, Value value) {
  slice = TRY(evaluate_slice(vm, slice));
  Array* source = try_native<Array>(value);
  if (!source)
    return vm.raise(Exc::TypeError, "can only assign array (not \"{}\") to array slice",
                    vm.type_of(value));
  if (source->kind != self->kind)
    return vm.raise(Exc::TypeError, "bad argument type for built-in operation");
  std::string copy(source->view());  // it may be the same array
  uint64_t length = self->length();
  SliceIndices s = TRY(resolve_slice(vm, slice, length));
  auto begin = static_cast<uint64_t>(s.start), count = static_cast<uint64_t>(s.count);
  if (s.step == 1) return splice(vm, self, begin, begin + count, copy);
  size_t size = self->kind->size;
  if (copy.empty()) return delete_slice(vm, self, s);
  if (copy.size() / size != count)
    return vm.raise(Exc::ValueError,
                    "attempt to assign array of size {} to extended slice of size {}",
                    copy.size() / size, count);
  for (uint64_t i = 0; i < count; ++i) {
    auto at = static_cast<uint64_t>(s.start + static_cast<int64_t>(i) * s.step);
    std::memcpy(self->item(at), copy.data() + i * size, size);
  }
  return {};
}

}  // namespace

Result<Value> get_item_or_slice(VM& vm, Array* self, Value key) {
  Slice* slice = try_as<Slice>(key);
  if (!slice)
    return read_item(vm, *self->kind,
                     self->item(TRY(index_of(vm, self, key, "array index out of range"))));
  slice = TRY(evaluate_slice(vm, slice));
  uint64_t length = self->length();
  SliceIndices s = TRY(resolve_slice(vm, slice, length));
  size_t size = self->kind->size;
  std::string_view all = self->view();
  Type* type = native_type<Array>(vm);
  auto begin = static_cast<uint64_t>(s.start), count = static_cast<uint64_t>(s.count);
  if (s.step == 1) return make_array(vm, type, *self->kind, all.substr(begin * size, count * size));
  std::string picked;
  for (uint64_t i = 0; i < count; ++i)
    picked.append(
        all.substr(static_cast<uint64_t>(s.start + static_cast<int64_t>(i) * s.step) * size, size));
  return make_array(vm, type, *self->kind, picked);
}

Result<void> set_item_or_slice(VM& vm, Array* self, Value key, Value value) {
  if (Slice* slice = try_as<Slice>(key)) return assign_slice(vm, self, slice, value);
  uint64_t index = TRY(index_of(vm, self, key, "array assignment index out of range"));
  uint64_t word = TRY(pack_item(vm, *self->kind, value));
  if (index >= self->length())
    return vm.raise(Exc::IndexError, "array assignment index out of range");
  std::memcpy(self->item(index), &word, self->kind->size);
  return {};
}

Result<void> delete_item_or_slice(VM& vm, Array* self, Value key) {
  if (Slice* slice = try_as<Slice>(key)) {
    slice = TRY(evaluate_slice(vm, slice));
    uint64_t length = self->length();
    return delete_slice(vm, self, TRY(resolve_slice(vm, slice, length)));
  }
  uint64_t index = TRY(index_of(vm, self, key, "array assignment index out of range"));
  return splice(vm, self, index, index + 1, {});
}

}  // namespace apy::arrays
