// The native half of random, as module `_random`: the Mersenne Twister MT19937 (Matsumoto and
// Nishimura), seeded and read out as CPython does, so that a seed gives the same numbers.
#include <sys/random.h>
#include <array>

#include <algorithm>
#include <ctime>

#include "stdlib/hashlib/hashes.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/bigint.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

class Twister {
 public:
  static constexpr size_t kWords = 624, kShift = 397;
  uint32_t words[kWords];
  uint32_t index;  // of the next word; kWords: make new ones first

  void seed(uint32_t value) {
    words[0] = value;
    for (uint32_t i = 1; i < kWords; ++i)
      words[i] = 1812433253u * (words[i - 1] ^ words[i - 1] >> 30) + i;
    index = kWords;
  }
  /// `count` > 0 words of key.
  void seed(const uint32_t* key, size_t count) {
    seed(19650218u);
    size_t i = 1, j = 0;
    auto mixed = [&] { return words[i - 1] ^ words[i - 1] >> 30; };
    auto advance = [&] {
      if (++i < kWords) return;
      words[0] = words[kWords - 1];
      i = 1;
    };
    for (size_t left = std::max(kWords, count); left > 0; --left) {
      words[i] = (words[i] ^ mixed() * 1664525u) + key[j] + static_cast<uint32_t>(j);
      advance();
      if (++j >= count) j = 0;
    }
    for (size_t left = kWords - 1; left > 0; --left) {
      words[i] = (words[i] ^ mixed() * 1566083941u) - static_cast<uint32_t>(i);
      advance();
    }
    words[0] = 0x80000000u;
  }
  uint32_t next() {
    if (index >= kWords) twist();
    uint32_t y = words[index++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
  }

 private:
  void twist() {
    for (size_t i = 0; i < kWords; ++i) {
      uint32_t y = (words[i] & 0x80000000u) | (words[(i + 1) % kWords] & 0x7fffffffu);
      words[i] = words[(i + kShift) % kWords] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    index = 0;
  }
};

struct Random : NativeObject {
  static const NativeClass kClass;
  Twister twister;
};
const NativeClass Random::kClass = {"_random.Random", trace_values<0>, nullptr};

/// From the system's entropy, or the clock where there is none.
void seed_from_system(Twister& twister) {
  uint32_t key[Twister::kWords];
  size_t got = 0;
  while (got < sizeof key) {
    ssize_t n = getrandom(reinterpret_cast<char*>(key) + got, sizeof key - got, 0);
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  if (got < sizeof key) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    key[0] ^= static_cast<uint32_t>(now.tv_nsec);
    key[1] ^= static_cast<uint32_t>(now.tv_sec);
  }
  twister.seed(key, Twister::kWords);
}

Result<void> seed_from_int(VM& vm, Twister& twister, Value n) {
  IntParts parts(n);
  LimbScratch scratch(vm);
  // The key is the magnitude's 32-bit words, the lowest first.
  uint64_t* limbs = TRY(scratch.allocate(parts.size + 1));
  std::copy_n(parts.limbs(), parts.size, limbs);
  limbs[parts.size] = 0;
  size_t count = std::max<size_t>((int_bit_length(n) + 31) / 32, 1);
  auto* words = reinterpret_cast<uint32_t*>(limbs);
  twister.seed(words, count);
  return {};
}

Result<void> random_seed(VM& vm, Random* self, Optional<Value> n) {
  if (!n.present || n.value.is_none()) {
    seed_from_system(self->twister);
    return {};
  }
  if (is_int(n.value)) return seed_from_int(vm, self->twister, n.value);
  auto hash = static_cast<uint64_t>(TRY(hash_value(vm, n.value)));
  return seed_from_int(vm, self->twister, TRY(make_int_unsigned(vm, hash)));
}

Result<Value> random_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls) return vm.raise(Exc::TypeError, "Random.__new__(): not enough arguments");
  auto* self = TRY(make_native<Random>(vm, cls));
  self->twister.seed(5489u);  // defined, but seed() is to come
  return self;
}

Result<double> random_random(VM&, Random* self) {
  uint32_t high = self->twister.next() >> 5, low = self->twister.next() >> 6;
  return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
}

/// `bits` > 64.
Result<Value> many_bits(VM& vm, Twister& twister, uint64_t bits) {
  uint64_t limbs = (bits + 63) / 64;
  BigInt* cell = TRY(make_big_int(vm, limbs));
  uint64_t* out = cell->limbs();
  for (uint64_t at = 0; at < bits; at += 32) {
    uint64_t word = twister.next();
    if (bits - at < 32) word >>= 32 - (bits - at);
    out[at / 64] |= word << at % 64;
  }
  return finish_int(cell, limbs, false);
}

uint64_t few_bits(Twister& twister, uint64_t bits) {
  if (bits == 0) return 0;
  if (bits <= 32) return twister.next() >> (32 - bits);
  uint64_t low = twister.next();
  return low | uint64_t{twister.next() >> (64 - bits)} << 32;
}

Result<Value> random_getrandbits(VM& vm, Random* self, Value count) {
  Value integer = TRY(to_index(vm, count));
  if (int_sign(integer) < 0)
    return vm.raise(Exc::ValueError, "number of bits must be non-negative");
  int64_t bits;
  if (!fits_int64(integer, &bits) || bits > INT32_MAX)
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C int");
  if (bits > 64) return many_bits(vm, self->twister, static_cast<uint64_t>(bits));
  return make_int_unsigned(vm, few_bits(self->twister, static_cast<uint64_t>(bits)));
}

/// An int in [0, n) by rejection from the next power of two.
Result<Value> random_below(VM& vm, Random* self, Value n) {
  Value limit = TRY(to_index(vm, n));
  if (int_sign(limit) <= 0) return vm.raise(Exc::ValueError, "upper limit must be positive");
  uint64_t bits = int_bit_length(limit);
  if (bits > 62) {
    Value result;
    do {
      result = TRY(bits > 64 ? many_bits(vm, self->twister, bits)
                             : make_int_unsigned(vm, few_bits(self->twister, bits)));
    } while (int_compare(result, limit) >= 0);
    return result;
  }
  auto bound = static_cast<uint64_t>(limit.as_small_int());
  uint64_t result;
  do {
    result = few_bits(self->twister, bits);
  } while (result >= bound);
  return Value::small_int(static_cast<int64_t>(result));
}

Result<Tuple*> random_getstate(VM& vm, Random* self) {
  Tuple* state = TRY(make_tuple(vm, Twister::kWords + 1));
  for (size_t i = 0; i < Twister::kWords; ++i)
    state->values()[i] = Value::small_int(self->twister.words[i]);
  state->values()[Twister::kWords] = Value::small_int(self->twister.index);
  return state;
}

Result<void> random_setstate(VM& vm, Random* self, Value v) {
  Tuple* state = try_as<Tuple>(v);
  if (!state) return vm.raise(Exc::TypeError, "state vector must be a tuple");
  if (state->length != Twister::kWords + 1)
    return vm.raise(Exc::ValueError, "state vector is the wrong size");
  Twister twister;
  for (size_t i = 0; i <= Twister::kWords; ++i) {
    int64_t word = TRY(to_int64(vm, state->values()[i]));
    if (i == Twister::kWords) {
      if (word < 0 || word > static_cast<int64_t>(Twister::kWords))
        return vm.raise(Exc::ValueError, "invalid state");
      twister.index = static_cast<uint32_t>(word);
    } else {
      if (word < 0)
        return vm.raise(Exc::OverflowError, "can't convert negative value to unsigned int");
      twister.words[i] = static_cast<uint32_t>(word);
    }
  }
  self->twister = twister;
  return {};
}

Result<Bytes*> sha512_digest(VM& vm, Value data) {
  std::string_view view;
  if (!get_bytes(data, &view))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(data));
  HashState hash;
  hash.start(HashKind::Sha512);
  hash.update(reinterpret_cast<const uint8_t*>(view.data()), view.size());
  std::array<uint8_t, 64> digest;
  hash.finish(digest.data(), digest.size());
  return make_bytes(vm, {reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<Bytes*> system_bytes(VM& vm, int64_t count) {
  if (count < 0) return vm.raise(Exc::ValueError, "negative argument not allowed");
  Bytes* bytes = TRY(make_bytes(vm, static_cast<size_t>(count)));
  for (uint64_t got = 0; got < bytes->length;) {
    ssize_t n = getrandom(bytes->data() + got, bytes->length - got, 0);
    if (n <= 0) return vm.raise(Exc::NotImplementedError, "no source of randomness");
    got += static_cast<uint64_t>(n);
  }
  return bytes;
}

constexpr NativeFunctionDef kRandomMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<random_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, x=None, /)", "Initialize self.", bind<random_seed>()},
    {"seed(self, n=None, /)",
     "Seed from an int, from the hash of another object, or from the system's entropy.",
     bind<random_seed>()},
    {"random(self, /)", "random() -> x in the interval [0, 1).", bind<random_random>()},
    {"getrandbits(self, k, /)", "getrandbits(k) -> x.  Generates an int with k random bits.",
     bind<random_getrandbits>()},
    {"_randbelow(self, n, /)", "A random int in the range [0, n).", bind<random_below>()},
    {"getstate(self, /)", "getstate() -> tuple containing the current state.",
     bind<random_getstate>()},
    {"setstate(self, state, /)", "setstate(state) -> None.  Restores generator state.",
     bind<random_setstate>()},
};

const NativeTypeDef kRandomType = {
    .name = "_random.Random",
    .doc = "Random() -> create a random number generator with its own internal state.",
    .methods = kRandomMethods,
    .flags = Type::kCanSubclass,
    .instance_size = sizeof(Random),
    .native_class = &Random::kClass};

constexpr NativeFunctionDef kFunctions[] = {
    {"sha512(data, /)", "The SHA-512 digest of bytes.", bind<sha512_digest>()},
    {"urandom(size, /)", "Random bytes from the system.", bind<system_bytes>()},
};

Result<void> initialize(VM& vm, Module* module) {
  return add_native_type(vm, module, kRandomType, "Random");
}

}  // namespace

extern const NativeModuleDef kRandomModule = {
    "_random", "Module implements the Mersenne Twister random number generator.", kFunctions,
    initialize};

}  // namespace apy
