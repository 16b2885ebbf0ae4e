#include "parser/arena.h"

#include <algorithm>
#include <cstdlib>

namespace apy {

namespace {
constexpr size_t kFirstBlock = 16 * 1024;
constexpr size_t kLargestBlock = 1024 * 1024;
constexpr size_t kHeader = 16;  // keeps what follows aligned for every type
}  // namespace

Arena::Arena(Arena&& other) noexcept
    : free_(std::exchange(other.free_, nullptr)),
      limit_(std::exchange(other.limit_, nullptr)),
      last_block_(std::exchange(other.last_block_, nullptr)),
      reserved_(std::exchange(other.reserved_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    release();
    free_ = std::exchange(other.free_, nullptr);
    limit_ = std::exchange(other.limit_, nullptr);
    last_block_ = std::exchange(other.last_block_, nullptr);
    reserved_ = std::exchange(other.reserved_, 0);
  }
  return *this;
}

Arena::~Arena() { release(); }

void Arena::release() {
  while (last_block_) std::free(std::exchange(last_block_, last_block_->previous));
}

void* Arena::allocate_slow(size_t size) {
  // Blocks grow with the total, so that a large source costs few of them and a prompt line little.
  size_t usual = std::clamp(reserved_, kFirstBlock, kLargestBlock);
  size_t block_size = std::max(usual, size + kHeader);
  void* memory = std::malloc(block_size);
  if (!memory) std::abort();
  last_block_ = new (memory) Block{last_block_};
  reserved_ += block_size;
  char* start = static_cast<char*>(memory) + kHeader;
  free_ = start + size;
  limit_ = static_cast<char*>(memory) + block_size;
  return start;
}

}  // namespace apy
