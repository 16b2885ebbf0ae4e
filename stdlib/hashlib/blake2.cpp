// _blake2: the states of BLAKE2b and BLAKE2s (RFC 7693). What goes into the parameter block is put
// together in hashlib/_blake2.apy.
#include <algorithm>
#include <bit>
#include <cstring>

#include "stdlib/hashlib/hashes.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

// The order in which a round takes the words of a block; rounds 10 and 11 are 0 and 1 again.
constexpr uint8_t kOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};
constexpr uint64_t kStart[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr int kTurns64[4] = {32, 24, 16, 63};
constexpr int kTurns32[4] = {16, 12, 8, 7};

struct Blake2 : NativeObject {
  static const NativeClass kClass;
  uint64_t words[8];
  uint64_t length;
  uint8_t buffer[128];
  uint8_t used;
  bool wide;  // BLAKE2b
  bool last_node;
  size_t block_size() const { return wide ? 128 : 64; }
};
void trace_nothing(const Cell*, Visitor&) {}
const NativeClass Blake2::kClass = {"_blake2.state", trace_nothing, nullptr};

/// Words of T: 64 bits in BLAKE2b, 32 in BLAKE2s.
template <class T>
void compress(Blake2* self, bool last) {
  T block[16], v[16];
  std::memcpy(block, self->buffer, sizeof block);
  const int* turns = sizeof(T) == 8 ? kTurns64 : kTurns32;
  constexpr int kRounds = sizeof(T) == 8 ? 12 : 10;
  for (int i = 0; i < 8; ++i) {
    v[i] = static_cast<T>(self->words[i]);
    v[i + 8] = static_cast<T>(kStart[i] >> (64 - 8 * sizeof(T)));
  }
  v[12] ^= static_cast<T>(self->length);
  if constexpr (sizeof(T) == 4) v[13] ^= static_cast<T>(self->length >> 32);
  if (last) v[14] = static_cast<T>(~v[14]);
  if (last && self->last_node) v[15] = static_cast<T>(~v[15]);
  auto mix = [&](int a, int b, int c, int d, T x, T y) {
    v[a] += v[b] + x;
    v[d] = std::rotr(static_cast<T>(v[d] ^ v[a]), turns[0]);
    v[c] += v[d];
    v[b] = std::rotr(static_cast<T>(v[b] ^ v[c]), turns[1]);
    v[a] += v[b] + y;
    v[d] = std::rotr(static_cast<T>(v[d] ^ v[a]), turns[2]);
    v[c] += v[d];
    v[b] = std::rotr(static_cast<T>(v[b] ^ v[c]), turns[3]);
  };
  for (int round = 0; round < kRounds; ++round) {
    const uint8_t* order = kOrder[round % 10];
    for (int i = 0; i < 8; ++i) {
      // The first four go down the columns, the others along the diagonals.
      int shift = i / 4, column = i % 4;
      mix(column, 4 + (column + shift) % 4, 8 + (column + 2 * shift) % 4,
          12 + (column + 3 * shift) % 4, block[order[2 * i]], block[order[2 * i + 1]]);
    }
  }
  for (int i = 0; i < 8; ++i) self->words[i] = static_cast<T>(self->words[i]) ^ v[i] ^ v[i + 8];
}

void compress_block(Blake2* self, bool last) {
  self->length += self->used;
  self->wide ? compress<uint64_t>(self, last) : compress<uint32_t>(self, last);
  self->used = 0;
}

/// Raises if `data` are no bytes.
Result<void> update(VM& vm, Blake2* self, Value data) {
  std::string_view bytes;
  if (is_kind(data, CellKind::Str))
    return vm.raise(Exc::TypeError, "Strings must be encoded before hashing");
  if (!get_bytes(data, &bytes))
    return vm.raise(Exc::TypeError, "object supporting the buffer API required");
  while (!bytes.empty()) {
    // A full block is kept until more comes: the last one is compressed in another way.
    if (self->used == self->block_size()) compress_block(self, false);
    size_t taken = std::min(self->block_size() - self->used, bytes.size());
    std::memcpy(self->buffer + self->used, bytes.data(), taken);
    self->used = static_cast<uint8_t>(self->used + taken);
    bytes.remove_prefix(taken);
  }
  return {};
}

Result<Value> new_state(VM& vm, Bytes* parameters, bool last_node) {
  std::string_view block = parameters->view();
  if (block.size() != 64 && block.size() != 32)
    return vm.raise(Exc::ValueError, "a parameter block has 32 or 64 bytes");
  Blake2* state = TRY(make_native<Blake2>(vm, native_type<Blake2>(vm)));
  state->wide = block.size() == 64;
  state->last_node = last_node;
  for (size_t i = 0; i < 8; ++i) {
    size_t width = block.size() / 8;
    uint64_t word = 0;
    std::memcpy(&word, block.data() + width * i, width);
    state->words[i] = (kStart[i] >> (64 - 8 * width)) ^ word;
  }
  return state;
}
Result<Value> copy_state(VM& vm, Blake2* self) {
  Blake2* copy = TRY(make_native<Blake2>(vm, native_type<Blake2>(vm)));
  std::memcpy(copy->words, self->words, sizeof copy->words);
  std::memcpy(copy->buffer, self->buffer, sizeof copy->buffer);
  copy->length = self->length;
  copy->used = self->used;
  copy->wide = self->wide;
  copy->last_node = self->last_node;
  return copy;
}
Result<Value> digest(VM& vm, Blake2* self, int64_t size) {
  size_t most = self->wide ? 64 : 32;
  if (size < 1 || static_cast<size_t>(size) > most)
    return vm.raise(Exc::ValueError,
                    "digest_size for {} must be between 1 and {} bytes, here it is {}",
                    self->wide ? "Blake2b" : "Blake2s", static_cast<int64_t>(most), size);
  Blake2* copy = static_cast<Blake2*>(TRY(copy_state(vm, self)).cell());
  std::memset(copy->buffer + copy->used, 0, sizeof copy->buffer - copy->used);
  compress_block(copy, true);
  uint8_t all[64];
  for (size_t i = 0; i < 8; ++i) std::memcpy(all + i * most / 8, &copy->words[i], most / 8);
  return make_bytes(vm, std::string_view(reinterpret_cast<char*>(all), static_cast<size_t>(size)));
}

constexpr NativeFunctionDef kMethods[] = {
    {"update(self, data, /)", "Add data.", bind<update>()},
    {"digest(self, size, /)", "The hash of the data so far.", bind<digest>()},
    {"copy(self, /)", "A copy of the state.", bind<copy_state>()},
};
const NativeTypeDef kStateType = {.name = "_blake2.state",
                                  .doc = "A BLAKE2 hash in the making.",
                                  .methods = kMethods,
                                  .flags = Type::kDisallowNew,
                                  .instance_size = sizeof(Blake2),
                                  .native_class = &Blake2::kClass};
constexpr NativeFunctionDef kFunctions[] = {
    {"new_state(parameters, last_node, /)",
     "A state from a parameter block, which has 64 bytes for BLAKE2b and 32 for BLAKE2s.",
     bind<new_state>()},
};
Result<void> initialize(VM& vm, Module* module) {
  return add_native_type(vm, module, kStateType, "state");
}

}  // namespace

extern const NativeModuleDef kBlake2Module = {"_blake2", "BLAKE2.", kFunctions, initialize};

}  // namespace apy
