#include "stdlib/hashlib/hashes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace apy {

namespace {

constexpr HashInfo kInfo[] = {{"md5", 16, 64},       {"sha1", 20, 64},      {"sha224", 28, 64},
                              {"sha256", 32, 64},    {"sha384", 48, 128},   {"sha512", 64, 128},
                              {"sha3_224", 28, 144}, {"sha3_256", 32, 136}, {"sha3_384", 48, 104},
                              {"sha3_512", 64, 72},  {"shake_128", 0, 168}, {"shake_256", 0, 136}};

// SHA-2's constants are the fractions of cube roots of the first primes; those of SHA-256 are the
// upper halves.
constexpr std::array<uint64_t, 80> kRoundConstants = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

constexpr uint64_t kStart512[] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                  0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                  0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr uint64_t kStart384[] = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
                                  0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
                                  0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};
constexpr uint32_t kStart224[] = {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939,
                                  0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4};
constexpr uint32_t kStartSmall[] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

// floor(2**32 * abs(sin(i + 1)))
constexpr uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

template <class T>
T load(const uint8_t* data, bool big_endian) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  if (!big_endian) return value;
  return sizeof(T) == 8 ? static_cast<T>(__builtin_bswap64(value))
                        : static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
}

void md5_block(uint32_t* state, const uint8_t* data) {
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  for (int i = 0; i < 64; ++i) {
    int round = i / 16;
    uint32_t f = round == 0   ? (b & c) | (~b & d)
                 : round == 1 ? (d & b) | (~d & c)
                 : round == 2 ? b ^ c ^ d
                              : c ^ (b | ~d);
    int word = (round == 0 ? i : round == 1 ? 5 * i + 1 : round == 2 ? 3 * i + 5 : 7 * i) % 16;
    uint32_t sum = a + f + kSines[i] + load<uint32_t>(data + 4 * word, false);
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[round][i % 4]);
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

void sha1_block(uint32_t* state, const uint8_t* data) {
  uint32_t w[80];
  for (int i = 0; i < 16; ++i) w[i] = load<uint32_t>(data + 4 * i, true);
  for (int i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  constexpr uint32_t kConstants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
  for (int i = 0; i < 80; ++i) {
    int round = i / 20;
    uint32_t f = round == 0   ? (b & c) | (~b & d)
                 : round == 2 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
    uint32_t sum = std::rotl(a, 5) + f + e + kConstants[round] + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = sum;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

/// SHA-2 for words of T; `r` are its rotations: two sums of three, two of two and a shift.
template <class T, int rounds>
void sha2_block(T* state, const uint8_t* data, const int (&r)[12]) {
  T w[rounds];
  for (int i = 0; i < 16; ++i) w[i] = load<T>(data + sizeof(T) * static_cast<size_t>(i), true);
  for (int i = 16; i < rounds; ++i) {
    T x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(x, r[6]) ^ std::rotr(x, r[7]) ^ x >> r[8]) + w[i - 7] +
           (std::rotr(y, r[9]) ^ std::rotr(y, r[10]) ^ y >> r[11]);
  }
  T v[8];
  std::copy_n(state, 8, v);
  for (int i = 0; i < rounds; ++i) {
    T constant = static_cast<T>(kRoundConstants[static_cast<size_t>(i)] >> (64 - 8 * sizeof(T)));
    T first = v[7] + (std::rotr(v[4], r[3]) ^ std::rotr(v[4], r[4]) ^ std::rotr(v[4], r[5])) +
              ((v[4] & v[5]) ^ (~v[4] & v[6])) + constant + w[i];
    T second = (std::rotr(v[0], r[0]) ^ std::rotr(v[0], r[1]) ^ std::rotr(v[0], r[2])) +
               ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    for (int k = 7; k > 0; --k) v[k] = v[k - 1];
    v[4] += first;
    v[0] = first + second;
  }
  for (int k = 0; k < 8; ++k) state[k] += v[k];
}

/// The permutation of SHA-3: 24 rounds over 5 x 5 words. The rotations and the round constants come
/// from their definitions (a walk over the words; a shift register).
void keccak(uint64_t* state) {
  uint8_t feedback = 1;
  for (int round = 0; round < 24; ++round) {
    uint64_t columns[5];
    for (int x = 0; x < 5; ++x)
      columns[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
    for (int x = 0; x < 5; ++x) {
      uint64_t change = columns[(x + 4) % 5] ^ std::rotl(columns[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) state[x + y] ^= change;
    }
    uint64_t carried = state[1];
    for (int t = 0, x = 1, y = 0; t < 24; ++t) {
      int next = (2 * x + 3 * y) % 5;
      x = y;
      y = next;
      uint64_t kept = state[x + 5 * y];
      state[x + 5 * y] = std::rotl(carried, ((t + 1) * (t + 2) / 2) % 64);
      carried = kept;
    }
    for (int y = 0; y < 25; y += 5) {
      uint64_t row[5];
      std::copy_n(state + y, 5, row);
      for (int x = 0; x < 5; ++x) state[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    for (int bit = 0; bit < 7; ++bit) {
      if (feedback & 1) state[0] ^= uint64_t{1} << ((1 << bit) - 1);
      feedback = static_cast<uint8_t>(feedback << 1 ^ (feedback & 0x80 ? 0x71 : 0));
    }
  }
}

constexpr int kRotations256[12] = {2, 13, 22, 6, 11, 25, 7, 18, 3, 17, 19, 10};
constexpr int kRotations512[12] = {28, 34, 39, 14, 18, 41, 1, 8, 7, 19, 61, 6};

}  // namespace

const HashInfo& hash_info(HashKind kind) { return kInfo[static_cast<int>(kind)]; }

void HashState::start(HashKind kind) {
  kind_ = kind;
  used_ = 0;
  length_ = 0;
  switch (kind) {
    case HashKind::Sha224:
      std::copy_n(kStart224, 8, words_);
      break;
    case HashKind::Sha256:
      for (int i = 0; i < 8; ++i) words_[i] = static_cast<uint32_t>(kStart512[i] >> 32);
      break;
    case HashKind::Sha384:
      std::copy_n(kStart384, 8, long_words_);
      break;
    case HashKind::Sha512:
      std::copy_n(kStart512, 8, long_words_);
      break;
    case HashKind::Md5:
    case HashKind::Sha1:
      std::copy_n(kStartSmall, 5, words_);
      break;
    default:
      std::fill_n(long_words_, 25, 0);
  }
}

void HashState::block(const uint8_t* data) {
  switch (kind_) {
    case HashKind::Md5:
      md5_block(words_, data);
      break;
    case HashKind::Sha1:
      sha1_block(words_, data);
      break;
    case HashKind::Sha224:
    case HashKind::Sha256:
      sha2_block<uint32_t, 64>(words_, data, kRotations256);
      break;
    case HashKind::Sha384:
    case HashKind::Sha512:
      sha2_block<uint64_t, 80>(long_words_, data, kRotations512);
      break;
    default:
      for (size_t i = 0; i < hash_info(kind_).block_size / 8u; ++i)
        long_words_[i] ^= load<uint64_t>(data + 8 * i, false);
      keccak(long_words_);
  }
}

void HashState::update(const uint8_t* data, size_t size) {
  size_t block_size = hash_info(kind_).block_size;
  length_ += size;
  if (used_) {
    size_t taken = std::min(block_size - used_, size);
    std::memcpy(buffer_ + used_, data, taken);
    used_ = static_cast<uint8_t>(used_ + taken);
    data += taken;
    size -= taken;
    if (used_ < block_size) return;
    block(buffer_);
    used_ = 0;
  }
  for (; size >= block_size; data += block_size, size -= block_size) block(data);
  if (size) std::memcpy(buffer_, data, size);
  used_ = static_cast<uint8_t>(size);
}

/// The end of SHA-3: padding, then output block by block.
void HashState::squeeze(uint8_t* out, size_t size) {
  size_t rate = hash_info(kind_).block_size;
  std::memset(buffer_ + used_, 0, rate - used_);
  buffer_[used_] = kind_ >= HashKind::Shake128 ? 0x1f : 0x06;
  buffer_[rate - 1] |= 0x80;
  block(buffer_);
  while (size > 0) {
    size_t piece = std::min(size, rate);
    std::memcpy(out, long_words_, piece);
    out += piece;
    size -= piece;
    if (size > 0) keccak(long_words_);
  }
}

void HashState::finish(uint8_t* out, size_t size) {
  if (is_keccak()) return squeeze(out, size);
  const HashInfo& info = hash_info(kind_);
  size_t counter = info.block_size / 8;  // bytes for the length in bits
  uint64_t bits = length_ * 8;
  buffer_[used_++] = 0x80;
  if (used_ > info.block_size - counter) {
    std::memset(buffer_ + used_, 0, info.block_size - used_);
    block(buffer_);
    used_ = 0;
  }
  std::memset(buffer_ + used_, 0, info.block_size - used_);
  bool big_endian = kind_ != HashKind::Md5;
  uint64_t stored = big_endian ? __builtin_bswap64(bits) : bits;
  std::memcpy(buffer_ + info.block_size - 8, &stored, 8);
  block(buffer_);
  uint8_t all[64];
  if (info.block_size == 128) {
    for (int i = 0; i < 8; ++i) {
      uint64_t word = __builtin_bswap64(long_words_[i]);
      std::memcpy(all + 8 * i, &word, 8);
    }
  } else {
    for (int i = 0; i < 8; ++i) {
      uint32_t word = big_endian ? __builtin_bswap32(words_[i]) : words_[i];
      std::memcpy(all + 4 * i, &word, 4);
    }
  }
  std::memcpy(out, all, size);
}

}  // namespace apy
