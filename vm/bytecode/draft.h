#pragma once
// CodeDraft: a compiled code object before it enters a heap. Plain C++ without a VM, so that
// compiling can be tested and timed by itself, and so that no Value ever sits in malloc'd memory.
// `materialize` makes the heap objects.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vm/bytecode/code.h"

namespace apy {

struct CodeDraft;

/// Description of a constant.
struct ConstantDraft {
  enum class Kind : uint8_t {
    None,
    True,
    False,
    Ellipsis,
    Int,        ///< `integer`
    BigInt,     ///< `text`: decimal digits or 0x, 0o, 0b and digits; '-' in front if negative
    Float,      ///< `real`
    Complex,    ///< `real`, `imaginary`
    Str,        ///< `text`: WTF-8
    Bytes,      ///< `text`
    Tuple,      ///< `items`
    FrozenSet,  ///< `items`
    Code,       ///< `code`
  };
  Kind kind = Kind::None;
  bool interned = false;  ///< of a Str
  int64_t integer = 0;
  double real = 0, imaginary = 0;
  std::string text;
  std::vector<ConstantDraft> items;
  std::unique_ptr<CodeDraft> code;

  static ConstantDraft boolean(bool value);
  static ConstantDraft from_int(int64_t value);
  static ConstantDraft from_float(double value);
  static ConstantDraft from_complex(double real, double imaginary);
  static ConstantDraft from_str(std::string text);
  static ConstantDraft tuple(std::vector<ConstantDraft> items);
  /// A copy; not for Code, which exists once.
  ConstantDraft clone() const;
  /// Appends bytes that are equal for two constants exactly if they may be one object.
  void append_key(std::string& out) const;
};

struct CodeDraft {
  uint32_t flags = 0;
  uint32_t argument_count = 0, positional_only_count = 0, keyword_only_count = 0;
  uint32_t register_count = 0;
  int32_t first_line = 1;
  std::string name, qualname;
  std::vector<std::string> local_names, cell_names, free_names;
  std::vector<ConstantDraft> constants;
  std::vector<Instruction> instructions;
  std::vector<Position> positions;  ///< one per instruction word
  std::vector<ExceptionRange> ranges;
  bool has_doc = false;  ///< then constant 0 is the documentation string
};

class VM;

/// Makes the heap objects of a draft and of the drafts nested in it. `filename` becomes that of all
/// of them. Errors: MemoryError.
Result<Code*> materialize(VM& vm, const CodeDraft& draft, Str* filename);

}  // namespace apy
