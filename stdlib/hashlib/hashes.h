#pragma once
// MD5, SHA-1, SHA-2 and SHA-3 (RFC 1321, FIPS 180-4, FIPS 202), a block at a time.
#include <cstddef>
#include <cstdint>

namespace apy {

enum class HashKind : uint8_t {
  Md5,
  Sha1,
  Sha224,
  Sha256,
  Sha384,
  Sha512,
  Sha3_224,
  Sha3_256,
  Sha3_384,
  Sha3_512,
  Shake128,
  Shake256,
  Count
};

struct HashInfo {
  const char* name;
  uint8_t digest_size, block_size;  // digest_size 0: as many as are asked for
};
const HashInfo& hash_info(HashKind kind);

/// The state of a hash; may be copied.
class HashState {
 public:
  void start(HashKind kind);
  void update(const uint8_t* data, size_t size);
  /// Writes `size` bytes (digest_size, if the kind has one); the state is used up.
  void finish(uint8_t* out, size_t size);
  HashKind kind() const { return kind_; }

 private:
  void block(const uint8_t* data);
  void squeeze(uint8_t* out, size_t size);
  bool is_keccak() const { return kind_ >= HashKind::Sha3_224; }
  HashKind kind_;
  uint8_t used_;
  uint64_t length_;
  uint32_t words_[8];
  uint64_t long_words_[25];
  uint8_t buffer_[168];
};

}  // namespace apy
