// Interned strings: one per text, so that names compare by address.
#include "vm/objects/internals.h"
#include "vm/objects/text.h"

namespace apy {

namespace {
Str* const kRemoved = reinterpret_cast<Str*>(uintptr_t{8});
bool is_string(const Str* slot) { return slot && slot != kRemoved; }
}  // namespace

Str* InternTable::find(uint64_t hash, const Str* string) const {
  if (slots_.empty()) return nullptr;
  size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask; slots_[i]; i = (i + 1) & mask) {
    Str* candidate = slots_[i];
    if (candidate != kRemoved && candidate->hash == hash && str_equal(candidate, string))
      return candidate;
  }
  return nullptr;
}

void InternTable::place(Str* string) {
  size_t mask = slots_.size() - 1;
  size_t i = string->hash & mask;
  while (is_string(slots_[i])) i = (i + 1) & mask;
  if (!slots_[i]) ++used_;
  slots_[i] = string;
}

void InternTable::grow() {
  std::vector<Str*> old;
  old.swap(slots_);
  size_t live = 0;
  for (const Str* string : old) live += is_string(string);
  size_t size = 2048;
  while (size < live * 4) size *= 2;
  slots_.assign(size, nullptr);
  used_ = 0;
  for (Str* string : old)
    if (is_string(string)) place(string);
}

void InternTable::insert(Str* string) {
  if ((used_ + 1) * 4 >= slots_.size() * 3) grow();
  place(string);
  young_.push_back(string);
}

void InternTable::remove(const Str* string) {
  size_t mask = slots_.size() - 1;
  for (size_t i = string->hash & mask; slots_[i]; i = (i + 1) & mask) {
    if (slots_[i] == string) {
      slots_[i] = kRemoved;
      return;
    }
  }
}

bool InternTable::drop_dead(const Heap& heap, bool full) {
  bool any = false;
  if (full) {
    for (Str*& slot : slots_) {
      if (!is_string(slot) || !heap.is_dead(slot)) continue;
      slot = kRemoved;
      any = true;
    }
  } else {
    for (const Str* string : young_) {
      if (!heap.is_dead(string)) continue;
      remove(string);
      any = true;
    }
  }
  young_.clear();
  return any;
}

Result<Str*> intern(VM& vm, Str* string) {
  if (string->is_interned()) return string;
  InternTable& table = vm.internals().interned;
  uint64_t hash = str_hash(vm, string);
  if (Str* known = table.find(hash, string)) return known;
  if (string->shape != shape_of(BuiltinType::Str) || string->is_shared()) {
    // A string of its own: an interned one must not keep a big storage or a subclass instance
    // alive.
    Str* copy = TRY(allocate_str(vm, string->length, string->width(), string->is_ascii()));
    copy_units(units_of<uint8_t>(copy), string->width(), string, 0, string->length);
    copy->hash = hash;
    string = copy;
  }
  string->aux |= Str::kInterned;
  table.insert(string);
  return string;
}

Result<Str*> intern(VM& vm, std::string_view utf8) {
  if (!is_ascii_text(utf8)) return intern(vm, TRY(make_str(vm, utf8)));
  // Looked up through a string on the native stack, so that known names need no allocation.
  Str probe{};
  probe.shape = shape_of(BuiltinType::Str);
  probe.kind = CellKind::Str;
  probe.aux = 1 | Str::kAscii;
  probe.length = utf8.size();
  probe.data = reinterpret_cast<const uint8_t*>(utf8.data());
  uint64_t hash = str_hash(vm, &probe);
  if (Str* known = vm.internals().interned.find(hash, &probe)) return known;
  Str* string = TRY(make_str_latin1(vm, utf8));
  return string->is_interned() ? string : intern(vm, string);
}

}  // namespace apy
