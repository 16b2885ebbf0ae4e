#include "lexer/name_table.h"

#include <cstring>

namespace apy {

namespace {

constexpr size_t kInitialSlots = 512;
constexpr size_t kBlockSize = 16 * 1024;

uint32_t hash_of(std::string_view text) {
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;
  uint64_t hash = text.size() * kMultiplier;
  const char* data = text.data();
  size_t left = text.size();
  for (; left >= 8; data += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 29;
  }
  uint64_t tail = 0;
  for (size_t i = 0; i < left; ++i) {
    tail = tail << 8 | static_cast<unsigned char>(data[i]);
  }
  hash = (hash ^ tail) * kMultiplier;
  return static_cast<uint32_t>(hash >> 32);
}

struct Keyword {
  const char* spelling;
  TokenKind kind;
};

constexpr Keyword kKeywords[] = {
#define APY_KEYWORD(kind, spelling) {spelling, TokenKind::Kw##kind},
#include "lexer/token.def"
};

}  // namespace

NameTable::NameTable() : slots_(kInitialSlots) {
  for (const Keyword& keyword : kKeywords) {
    std::string_view text = keyword.spelling;
    size_t index = hash_of(text) & (slots_.size() - 1);
    while (slots_[index].data != nullptr) {
      index = (index + 1) & (slots_.size() - 1);
    }
    slots_[index] = {keyword.spelling, static_cast<uint32_t>(text.size()), hash_of(text),
                     keyword.kind};
    ++count_;
  }
}

NameTable::Entry NameTable::find_or_add(std::string_view text) {
  uint32_t hash = hash_of(text);
  size_t index = hash & (slots_.size() - 1);
  for (; slots_[index].data != nullptr; index = (index + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[index];
    if (slot.hash == hash && slot.size == text.size() &&
        std::memcmp(slot.data, text.data(), text.size()) == 0) {
      return {{slot.data, slot.size}, slot.kind};
    }
  }
  const char* data = store(text);
  slots_[index] = {data, static_cast<uint32_t>(text.size()), hash, TokenKind::Name};
  if (++count_ * 2 > slots_.size()) {
    grow();
  }
  return {{data, text.size()}, TokenKind::Name};
}

const char* NameTable::store(std::string_view text) {
  size_t needed = text.size() + 1;
  if (needed > kBlockSize / 8) {
    blocks_.push_back(std::make_unique<char[]>(needed));
    char* data = blocks_.back().get();
    std::memcpy(data, text.data(), text.size());
    return data;
  }
  if (needed > free_size_) {
    blocks_.push_back(std::make_unique<char[]>(kBlockSize));
    free_ = blocks_.back().get();
    free_size_ = kBlockSize;
  }
  char* data = free_;
  std::memcpy(data, text.data(), text.size());
  free_ += needed;
  free_size_ -= needed;
  return data;
}

void NameTable::grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_ = std::vector<Slot>(old.size() * 2);
  for (const Slot& slot : old) {
    if (slot.data == nullptr) {
      continue;
    }
    size_t index = slot.hash & (slots_.size() - 1);
    while (slots_[index].data != nullptr) {
      index = (index + 1) & (slots_.size() - 1);
    }
    slots_[index] = slot;
  }
}

}  // namespace apy
