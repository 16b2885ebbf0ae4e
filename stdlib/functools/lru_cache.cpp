// The callable that lru_cache puts around a function.
//
// A bounded cache keeps its entries in a ring of links, least recently used first: the Dict maps a
// call's key to its link. An unbounded cache maps keys to results directly. A key is the only
// argument when that is an exact int or str, else a tuple of everything that makes calls differ.
#include "stdlib/functools/types.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/dict.h"

namespace apy {

namespace {

struct LruCache : NativeObject {
  static const NativeClass kClass;
  Value function;
  Value info_type;  // called with (hits, misses, maxsize, currsize)
  Dict* entries;
  Record* ring;  // fields as of a link; null unless bounded
  Value keyword_mark;
  uint64_t hits, misses;
  int64_t limit;  // < 0: unbounded
  bool typed;
};
const NativeClass LruCache::kClass = {"functools._lru_cache_wrapper", trace_values<5>, nullptr};

// A link's fields.
constexpr int kPrevious = 0, kNext = 1, kKey = 2, kResult = 3;

Record* neighbour(Record* link, int side) { return as<Record>(link->fields()[side]); }

void set(VM& vm, Record* link, int field, Value v) {
  link->fields()[field] = v;
  vm.barrier(link);
}

void unlink(VM& vm, Record* link) {
  Record* previous = neighbour(link, kPrevious);
  Record* next = neighbour(link, kNext);
  set(vm, previous, kNext, next);
  set(vm, next, kPrevious, previous);
}

void link_last(VM& vm, Record* ring, Record* link) {
  Record* last = neighbour(ring, kPrevious);
  set(vm, last, kNext, link);
  set(vm, link, kPrevious, last);
  set(vm, link, kNext, ring);
  set(vm, ring, kPrevious, link);
}

Result<Value> lru_new(VM& vm, Type* cls, Value function, Value limit, bool typed, Value info_type) {
  if (!TRY(is_callable(vm, function)))
    return vm.raise(Exc::TypeError, "the first argument must be callable");
  int64_t maximum = -1;
  if (!limit.is_none()) {
    maximum = TRY(to_int64(vm, limit));
    if (maximum < 0) maximum = 0;
  }
  auto* self = TRY(make_native<LruCache>(vm, cls));
  self->function = function;
  self->info_type = info_type;
  self->limit = maximum;
  self->typed = typed;
  self->entries = TRY(make_dict(vm));
  vm.barrier(self);
  self->keyword_mark = TRY(vm.call(vm.type(BuiltinType::Object), {}));
  vm.barrier(self);
  if (maximum > 0) {
    Record* ring = TRY(vm.make_record(BuiltinType::Internal, {Value(), Value(), Value(), Value()}));
    set(vm, ring, kPrevious, ring);
    set(vm, ring, kNext, ring);
    self->ring = ring;
    vm.barrier(self);
  }
  return self;
}

Result<Value> make_key(VM& vm, LruCache* self, const Arguments& arguments) {
  auto own = arguments.positional().subspan(1);
  size_t keywords = arguments.keyword_count();
  if (own.size() == 1 && !keywords && !self->typed &&
      (own[0].is_small_int() || is_exact(own[0], BuiltinType::Int) ||
       is_exact(own[0], BuiltinType::Str)))
    return own[0];
  size_t length = own.size() + (keywords ? 1 + 2 * keywords : 0);
  if (self->typed) length += own.size() + keywords;
  Tuple* key = TRY(make_tuple(vm, length));
  Value* out = std::copy(own.begin(), own.end(), key->values());
  if (keywords) *out++ = self->keyword_mark;
  for (size_t i = 0; i < keywords; ++i) {
    *out++ = arguments.keyword_names->values()[i];
    *out++ = arguments.keyword_values()[i];
  }
  if (self->typed) {
    for (Value v : own) *out++ = vm.type_of(v);
    for (Value v : arguments.keyword_values()) *out++ = vm.type_of(v);
  }
  return key;
}

Result<Value> call_function(VM& vm, LruCache* self, const Arguments& arguments) {
  std::span<const Value> values(arguments.values + 1,
                                arguments.positional_count - 1 + arguments.keyword_count());
  if (!arguments.keyword_count()) return vm.call(self->function, values);
  return vm.call_keywords(self->function, values, arguments.keyword_names);
}

Result<Value> unbounded_call(VM& vm, LruCache* self, const Arguments& arguments) {
  Value key = TRY(make_key(vm, self, arguments));
  Value found;
  if (TRY(dict_get(vm, self->entries, key, &found))) {
    ++self->hits;
    return found;
  }
  ++self->misses;
  Value result = TRY(call_function(vm, self, arguments));
  TRY(dict_set(vm, self->entries, key, result));
  return result;
}

/// Stores a result that is not in the cache yet, over the oldest one when the cache is full.
Result<void> store(VM& vm, LruCache* self, Value key, Value result) {
  Record* link = nullptr;
  if (self->entries->length >= static_cast<uint64_t>(self->limit)) {
    link = neighbour(self->ring, kNext);
    unlink(vm, link);
    // The key's __eq__ may fail or empty the cache; the link is out of the ring whatever happens.
    TRY(dict_remove(vm, self->entries, link->fields()[kKey], nullptr));
  }
  Record* fresh = TRY(vm.make_record(BuiltinType::Internal, {Value(), Value(), key, result}));
  TRY(dict_set(vm, self->entries, key, fresh));
  link_last(vm, self->ring, fresh);
  return {};
}

Result<Value> bounded_call(VM& vm, LruCache* self, const Arguments& arguments) {
  Value key = TRY(make_key(vm, self, arguments));
  Value found;
  if (TRY(dict_get(vm, self->entries, key, &found))) {
    Record* link = as<Record>(found);
    if (neighbour(self->ring, kPrevious) != link) {
      unlink(vm, link);
      link_last(vm, self->ring, link);
    }
    ++self->hits;
    return link->fields()[kResult];
  }
  ++self->misses;
  Value result = TRY(call_function(vm, self, arguments));
  // The call may have stored the same key by recursion.
  if (TRY(dict_get(vm, self->entries, key, &found))) return result;
  TRY(store(vm, self, key, result));
  return result;
}

Result<Value> lru_call(VM& vm, const Arguments& arguments) {
  LruCache* self = arguments.positional_count ? try_native<LruCache>(arguments.values[0]) : nullptr;
  if (!self)
    return vm.raise(Exc::TypeError,
                    "descriptor '__call__' requires a 'functools._lru_cache_wrapper' object");
  if (self->limit < 0) return unbounded_call(vm, self, arguments);
  if (self->limit > 0) return bounded_call(vm, self, arguments);
  ++self->misses;
  return call_function(vm, self, arguments);
}

Result<Value> cache_info(VM& vm, LruCache* self) {
  Value limit = self->limit < 0 ? Value::none() : TRY(make_int(vm, self->limit));
  return vm.call(self->info_type, {Value::small_int(static_cast<int64_t>(self->hits)),
                                   Value::small_int(static_cast<int64_t>(self->misses)), limit,
                                   Value::small_int(self->entries->length)});
}

Result<void> cache_clear(VM& vm, LruCache* self) {
  self->hits = self->misses = 0;
  if (self->ring) {
    set(vm, self->ring, kPrevious, self->ring);
    set(vm, self->ring, kNext, self->ring);
  }
  self->entries = TRY(make_dict(vm));
  vm.barrier(self);
  return {};
}

Result<Value> lru_get(VM& vm, LruCache* self, Value object, Optional<Value>) {
  if (object.is_none()) return self;
  return make_bound_method(vm, self, object);
}
Result<Value> lru_self(VM&, LruCache* self, Optional<Value>) { return self; }
Result<Value> lru_reduce(VM& vm, LruCache* self) {
  return get_attribute(vm, self, vm.names().qualname);
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, user_function, maxsize, typed, cache_info_type, /)",
     "Create and return a new object.", bind<lru_new>(), NativeFunctionDef::kStatic},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<lru_call>()},
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<lru_get>()},
    {"cache_info(self, /)", "Report cache statistics", bind<cache_info>()},
    {"cache_clear(self, /)", "Clear the cache and cache statistics", bind<cache_clear>()},
    {"__reduce__(self, /)", "", bind<lru_reduce>()},
    {"__copy__(self, /)", "", bind<lru_self>()},
    {"__deepcopy__(self, memo, /)", "", bind<lru_self>()},
};
constexpr NativeGetSetDef kAttributes[] = {NATIVE_DICT_ATTRIBUTE};

const NativeTypeDef kLruCacheType = {
    .name = "functools._lru_cache_wrapper",
    .doc = "Create a cached callable that wraps another function.",
    .methods = kMethods,
    .attributes = kAttributes,
    .flags = Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
    .instance_size = sizeof(LruCache),
    .native_class = &LruCache::kClass};

}  // namespace

Result<void> add_lru_cache_type(VM& vm, Module* module) {
  return add_native_type(vm, module, kLruCacheType, "_lru_cache_wrapper");
}

}  // namespace apy
