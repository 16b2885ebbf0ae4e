// From a CodeDraft to a Code on the heap. Every cell made here hangs off one that the native stack
// still points to, so a collection in between keeps all of it.
#include <cassert>
#include <cstring>

#include "vm/bytecode/draft.h"
#include "vm/bytecode/opcode_info.h"
#include "vm/bytecode/verify.h"
#include "vm/objects/number.h"
#include "vm/objects/set.h"
#include "vm/objects/str.h"
#include "vm/objects/vm.h"

namespace apy {
namespace {

/// Does a generator delegate to others?
bool has_send(const CodeDraft& draft) {
  if (!(draft.flags & Code::kGenerator)) return false;
  for (size_t i = 0; i < draft.instructions.size();
       i += instruction_size(draft.instructions[i].opcode))
    if (draft.instructions[i].opcode == Opcode::Send) return true;
  return false;
}

class Materializer {
 public:
  Materializer(VM& vm, Str* filename) : vm_(vm), filename_(filename) {}
  Result<Code*> code(const CodeDraft& draft);

 private:
  Result<Value> constant(const ConstantDraft& draft);
  Result<Value> big_int(std::string_view text);
  Result<Value> frozen_set(const ConstantDraft& draft);
  Result<Tuple*> names(const std::vector<std::string>& texts);
  Result<ByteStorage*> storage(size_t size);
  Result<void> fill_constants(Code* code, const CodeDraft& draft);
  Result<void> fill_instructions(Code* code, const CodeDraft& draft);
  Result<void> fill_tables(Code* code, const CodeDraft& draft);
  Result<void> fill_names(Code* code, const CodeDraft& draft);

  VM& vm_;
  Str* filename_;
};

Result<Value> Materializer::big_int(std::string_view text) {
  bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0') {
    char prefix = static_cast<char>(text[1] | 0x20);
    base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
    if (base != 10) text.remove_prefix(2);
  }
  std::string digits(negative ? "-" : "");
  digits += text;
  return parse_int(vm_, digits, base);
}

Result<Value> Materializer::frozen_set(const ConstantDraft& draft) {
  Set* set = TRY(make_set(vm_, BuiltinType::FrozenSet));
  for (const ConstantDraft& item : draft.items) TRY(set_add(vm_, set, TRY(constant(item))));
  return Value(set);
}

Result<Value> Materializer::constant(const ConstantDraft& draft) {
  using enum ConstantDraft::Kind;
  switch (draft.kind) {
    case None:
      return Value::none();
    case True:
      return Value::boolean(true);
    case False:
      return Value::boolean(false);
    case Ellipsis:
      return Value::ellipsis();
    case Int:
      return make_int(vm_, draft.integer);
    case BigInt:
      return big_int(draft.text);
    case Float:
      return make_float(vm_, draft.real);
    case Complex: {
      auto* complex = TRY(vm_.allocate<apy::Complex>(BuiltinType::Complex));
      complex->real = draft.real;
      complex->imaginary = draft.imaginary;
      return Value(complex);
    }
    case Str:
      return draft.interned ? intern(vm_, draft.text) : make_str(vm_, draft.text);
    case Bytes:
      return make_bytes(vm_, draft.text);
    case Tuple: {
      apy::Tuple* tuple = TRY(make_tuple(vm_, draft.items.size()));
      for (size_t i = 0; i < draft.items.size(); ++i) {
        Value item = TRY(constant(draft.items[i]));
        tuple->values()[i] = item;
        vm_.barrier(tuple);
      }
      return Value(tuple);
    }
    case FrozenSet:
      return frozen_set(draft);
    case Code:
      return Value(TRY(code(*draft.code)));
  }
  __builtin_unreachable();
}

Result<Tuple*> Materializer::names(const std::vector<std::string>& texts) {
  Tuple* tuple = TRY(make_tuple(vm_, texts.size()));
  for (size_t i = 0; i < texts.size(); ++i) {
    Str* text = TRY(intern(vm_, texts[i]));
    tuple->values()[i] = text;
    vm_.barrier(tuple);
  }
  return tuple;
}

Result<ByteStorage*> Materializer::storage(size_t size) {
  auto* result = TRY(vm_.allocate<ByteStorage>(BuiltinType::Internal, sizeof(ByteStorage) + size));
  result->capacity = result->used = size;
  return result;
}

Result<void> Materializer::fill_constants(Code* code, const CodeDraft& draft) {
  size_t count = draft.constants.size();
  code->constant_storage = TRY(make_value_array(vm_, count));
  vm_.barrier(code);
  for (size_t i = 0; i < count; ++i) {
    Value value = TRY(constant(draft.constants[i]));
    code->constant_storage->values()[i] = value;
    vm_.barrier(code->constant_storage);
  }
  code->constants = code->constant_storage->values();
  code->constant_count = code->name_count = static_cast<uint32_t>(count);
  code->doc = draft.has_doc ? code->constants[0] : Value::none();
  vm_.barrier(code);
  return {};
}

Result<void> Materializer::fill_instructions(Code* code, const CodeDraft& draft) {
  size_t size = draft.instructions.size() * sizeof(Instruction);
  ByteStorage* bytes = TRY(storage(size));
  std::memcpy(bytes->data(), draft.instructions.data(), size);
  code->instruction_storage = bytes;
  vm_.barrier(code);
  code->instructions = reinterpret_cast<Instruction*>(bytes->data());
  code->instruction_count = static_cast<uint32_t>(draft.instructions.size());
  return {};
}

Result<void> Materializer::fill_tables(Code* code, const CodeDraft& draft) {
  size_t position_size = draft.positions.size() * sizeof(Position);
  size_t range_size = draft.ranges.size() * sizeof(ExceptionRange);
  ByteStorage* bytes = TRY(storage(position_size + range_size));
  if (position_size) std::memcpy(bytes->data(), draft.positions.data(), position_size);
  if (range_size) std::memcpy(bytes->data() + position_size, draft.ranges.data(), range_size);
  code->table_storage = bytes;
  vm_.barrier(code);
  code->positions = reinterpret_cast<Position*>(bytes->data());
  code->ranges = reinterpret_cast<ExceptionRange*>(bytes->data() + position_size);
  code->position_count = static_cast<uint32_t>(draft.positions.size());
  code->range_count = static_cast<uint32_t>(draft.ranges.size());
  return {};
}

Result<void> Materializer::fill_names(Code* code, const CodeDraft& draft) {
  code->name = TRY(intern(vm_, draft.name));
  vm_.barrier(code);
  code->qualname = TRY(intern(vm_, draft.qualname));
  vm_.barrier(code);
  code->local_names = TRY(names(draft.local_names));
  vm_.barrier(code);
  code->cell_names = TRY(names(draft.cell_names));
  vm_.barrier(code);
  code->free_names = TRY(names(draft.free_names));
  vm_.barrier(code);
  return {};
}

Result<Code*> Materializer::code(const CodeDraft& draft) {
  Code* code = TRY(vm_.allocate<Code>(BuiltinType::Code));
  code->doc = Value::none();
  code->flags = draft.flags;
  code->argument_count = draft.argument_count;
  code->positional_only_count = draft.positional_only_count;
  code->keyword_only_count = draft.keyword_only_count;
  code->register_count = draft.register_count;
  code->local_count = static_cast<uint32_t>(draft.local_names.size());
  code->first_line = draft.first_line;
  code->filename = filename_;
  TRY(fill_constants(code, draft));
  TRY(fill_instructions(code, draft));
  TRY(fill_tables(code, draft));
  if (code->range_count > 0 || has_send(draft)) code->flags |= Code::kMayNeedClose;
  TRY(fill_names(code, draft));
  code->next_in_vm = vm_.code_list();
  vm_.code_list() = code;
  assert(!verify(*code).has_value());
  return code;
}

}  // namespace

Result<Code*> materialize(VM& vm, const CodeDraft& draft, Str* filename) {
  return Materializer(vm, filename).code(draft);
}

}  // namespace apy
