#pragma once
// Operations on containers of known builtin types: what operators, items and membership do with
// exact instances without looking for special methods.
#include "vm/objects/containers.h"
#include "vm/objects/str.h"

namespace apy {

Result<bool> tuple_contains(VM& vm, Tuple* tuple, Value item);
Result<int64_t> tuple_hash(VM& vm, Tuple* tuple);
Result<bool> list_contains(VM& vm, List* list, Value item);
bool str_contains(const Str* haystack, const Str* needle);
/// `string[key]` and `bytes[key]` for ints, slices and __index__.
Result<Value> str_get_item(VM& vm, Str* string, Value key);
Result<Value> bytes_get_item(VM& vm, Bytes* bytes, Value key);
Result<Value> bytearray_get_item(VM& vm, ByteArray* array, Value key);
Result<Bytes*> bytes_concat(VM& vm, const Bytes* left, const Bytes* right);
int64_t bytes_hash(VM& vm, Bytes* bytes);
/// bytes[begin:end] with begin <= end <= length.
Result<Bytes*> bytes_slice(VM& vm, Bytes* bytes, size_t begin, size_t end);
/// `array[key] = value`.
Result<void> bytearray_set_item(VM& vm, ByteArray* array, Value key, Value value);

}  // namespace apy
