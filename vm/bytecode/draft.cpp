#include "vm/bytecode/draft.h"

#include <bit>
#include <cassert>

namespace apy {

ConstantDraft ConstantDraft::boolean(bool value) {
  ConstantDraft result;
  result.kind = value ? Kind::True : Kind::False;
  return result;
}

ConstantDraft ConstantDraft::from_int(int64_t value) {
  ConstantDraft result;
  result.kind = Kind::Int;
  result.integer = value;
  return result;
}

ConstantDraft ConstantDraft::from_float(double value) {
  ConstantDraft result;
  result.kind = Kind::Float;
  result.real = value;
  return result;
}

ConstantDraft ConstantDraft::from_complex(double real, double imaginary) {
  ConstantDraft result;
  result.kind = Kind::Complex;
  result.real = real;
  result.imaginary = imaginary;
  return result;
}

ConstantDraft ConstantDraft::from_str(std::string text) {
  ConstantDraft result;
  result.kind = Kind::Str;
  result.text = std::move(text);
  return result;
}

ConstantDraft ConstantDraft::tuple(std::vector<ConstantDraft> items) {
  ConstantDraft result;
  result.kind = Kind::Tuple;
  result.items = std::move(items);
  return result;
}

ConstantDraft ConstantDraft::clone() const {
  assert(kind != Kind::Code);
  ConstantDraft result;
  result.kind = kind;
  result.interned = interned;
  result.integer = integer;
  result.real = real;
  result.imaginary = imaginary;
  result.text = text;
  result.items.reserve(items.size());
  for (const ConstantDraft& item : items) result.items.push_back(item.clone());
  return result;
}

namespace {

template <class T>
void append_word(std::string& out, T word) {
  auto bits = std::bit_cast<uint64_t>(word);
  out.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
}

}  // namespace

void ConstantDraft::append_key(std::string& out) const {
  out.push_back(static_cast<char>(kind));
  switch (kind) {
    case Kind::None:
    case Kind::True:
    case Kind::False:
    case Kind::Ellipsis:
      break;
    case Kind::Int:
      append_word(out, integer);
      break;
    case Kind::Float:
    case Kind::Complex:
      append_word(out, real);
      append_word(out, imaginary);
      break;
    case Kind::BigInt:
    case Kind::Str:
    case Kind::Bytes:
      append_word(out, uint64_t{text.size()});
      out += text;
      break;
    case Kind::Tuple:
    case Kind::FrozenSet:
      append_word(out, uint64_t{items.size()});
      for (const ConstantDraft& item : items) item.append_key(out);
      break;
    case Kind::Code:
      append_word(out, reinterpret_cast<uint64_t>(code.get()));
      break;
  }
}

}  // namespace apy
