#pragma once
// MD5, SHA-1 and SHA-2 (FIPS 180-4, RFC 1321), a block at a time.
#include <cstddef>
#include <cstdint>

namespace apy {

enum class HashKind : uint8_t { Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Count };

struct HashInfo {
  const char* name;
  uint8_t digest_size, block_size;
};
const HashInfo& hash_info(HashKind kind);

/// The state of a hash; may be copied.
class HashState {
 public:
  void start(HashKind kind);
  void update(const uint8_t* data, size_t size);
  /// Writes digest_size bytes; the state is used up.
  void finish(uint8_t* out);
  HashKind kind() const { return kind_; }

 private:
  void block(const uint8_t* data);
  HashKind kind_;
  uint8_t used_;
  uint64_t length_;
  uint32_t words_[8];
  uint64_t long_words_[8];
  uint8_t buffer_[128];
};

}  // namespace apy
