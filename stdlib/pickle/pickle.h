#pragma once
// _pickle: what its parts share: opcodes, errors, the memo of a pickler, the state of the module.
#include <string>

#include "vm/binding/bind.h"
#include "vm/objects/dict.h"

namespace apy::pickle {

constexpr int kHighestProtocol = 5;
constexpr int kDefaultProtocol = 4;
/// As many items are put under one MARK.
constexpr size_t kBatchSize = 1000;

enum class Opcode : uint8_t {
  Mark = '(',
  Stop = '.',
  Pop = '0',
  PopMark = '1',
  Dup = '2',
  Float = 'F',
  Int = 'I',
  BinInt = 'J',
  BinInt1 = 'K',
  Long = 'L',
  BinInt2 = 'M',
  None = 'N',
  PersId = 'P',
  BinPersId = 'Q',
  Reduce = 'R',
  String = 'S',
  BinString = 'T',
  ShortBinString = 'U',
  Unicode = 'V',
  BinUnicode = 'X',
  Append = 'a',
  Build = 'b',
  Global = 'c',
  Dict = 'd',
  EmptyDict = '}',
  Appends = 'e',
  Get = 'g',
  BinGet = 'h',
  Inst = 'i',
  LongBinGet = 'j',
  List = 'l',
  EmptyList = ']',
  Obj = 'o',
  Put = 'p',
  BinPut = 'q',
  LongBinPut = 'r',
  SetItem = 's',
  Tuple = 't',
  EmptyTuple = ')',
  SetItems = 'u',
  BinFloat = 'G',
  // Protocol 2
  Proto = 0x80,
  NewObj = 0x81,
  Ext1 = 0x82,
  Ext2 = 0x83,
  Ext4 = 0x84,
  Tuple1 = 0x85,
  Tuple2 = 0x86,
  Tuple3 = 0x87,
  NewTrue = 0x88,
  NewFalse = 0x89,
  Long1 = 0x8A,
  Long4 = 0x8B,
  // Protocol 3
  BinBytes = 'B',
  ShortBinBytes = 'C',
  // Protocol 4
  ShortBinUnicode = 0x8C,
  BinUnicode8 = 0x8D,
  BinBytes8 = 0x8E,
  EmptySet = 0x8F,
  AddItems = 0x90,
  FrozenSet = 0x91,
  NewObjEx = 0x92,
  StackGlobal = 0x93,
  Memoize = 0x94,
  Frame = 0x95,
  // Protocol 5
  ByteArray8 = 0x96,
  NextBuffer = 0x97,
  ReadOnlyBuffer = 0x98,
};

// --- state.cpp ---

/// What is found once per engine.
struct State : NativeObject {
  static const NativeClass kClass;
  Type* pickle_error;
  Type* pickling_error;
  Type* unpickling_error;
  // From copyreg, once something needed them.
  Dict* dispatch_table;
  Dict* extension_registry;
  Dict* inverted_registry;
  Dict* extension_cache;
  // From _compat_pickle: the names of Python 2.
  Dict* names_from_2;
  Dict* modules_from_2;
  Dict* names_to_2;
  Dict* modules_to_2;
};
State* state_of(VM& vm);
/// Makes the state with its error classes and binds those in the module.
Result<void> make_state(VM& vm, Module* module);
Result<void> load_copyreg(VM& vm, State* state);
Result<void> load_old_names(VM& vm, State* state);

Error raise_pickling(VM& vm, const std::string& message);
Error raise_unpickling(VM& vm, const std::string& message);
/// The type's name, for messages.
std::string type_name(VM& vm, Value v);

/// The attribute that the parts of a dotted path lead to; *parent is the object before the last
/// part. Failed: AttributeError.
Result<Value> deep_attribute(VM& vm, Value object, Str* path, Value* parent);
bool is_dotted(const Str* name);
/// sys.modules[name], imported when it is not there.
Result<Value> find_module(VM& vm, Str* name);

// --- memo.cpp ---

/// Numbers of objects by identity. The objects are kept alive, so that no other can come to their
/// address. Open addressing; one array of keys and numbers by turns.
struct Memo : NativeObject {
  static const NativeClass kClass;
  ValueArray* table;  // null while empty
  uint64_t slots;     // power of two
  uint64_t count;
  /// -1: absent.
  int64_t find(Value key) const {
    if (!table) return -1;
    const Value* entry = place(key);
    return entry->is_empty() ? -1 : entry[1].as_small_int();
  }
  Result<void> set(VM& vm, Value key, int64_t number);
  /// Calls f(key, number) -> Result<void> for every entry.
  template <class F>
  Result<void> for_each(F f) {
    ValueArray* array = table;
    for (uint64_t i = 0; array && i < slots; ++i)
      if (!array->values()[2 * i].is_empty())
        TRY(f(array->values()[2 * i], array->values()[2 * i + 1].as_small_int()));
    return {};
  }

 private:
  Value* place(Value key) const {
    uint64_t hash = (key.bits() >> 4) * 0x9E3779B97F4A7C15u;
    for (uint64_t i = hash >> 20 & (slots - 1);; i = (i + 1) & (slots - 1)) {
      Value* entry = table->values() + 2 * i;
      if (entry->is_empty() || entry->is(key)) return entry;
    }
  }
  Result<void> grow(VM& vm);
};
Result<Memo*> make_memo(VM& vm);

// --- pickler.cpp ---

struct Pickler : NativeObject {
  static const NativeClass kClass;
  Value write;  // of the file; empty: dumps()
  Value buffer_callback;
  Value dispatch_table;  // empty: copyreg's
  Memo* memo;            // null: not initialised
  uint8_t protocol;
  bool fix_imports, fast;
};
extern const NativeTypeDef kPicklerType, kPicklerMemoType;
Result<Value> dumps(VM& vm, Value object, Optional<Value> protocol, Optional<bool> fix_imports,
                    Optional<Value> buffer_callback);
Result<Value> dump(VM& vm, Value object, Value file, Optional<Value> protocol,
                   Optional<bool> fix_imports, Optional<Value> buffer_callback);

// --- unpickler.cpp ---

extern const NativeTypeDef kUnpicklerType, kUnpicklerMemoType;
Result<Value> loads(VM& vm, Value data, Optional<bool> fix_imports, Optional<Value> encoding,
                    Optional<Value> errors, Optional<Value> buffers);
Result<Value> load(VM& vm, Value file, Optional<bool> fix_imports, Optional<Value> encoding,
                   Optional<Value> errors, Optional<Value> buffers);

// --- buffer.cpp ---

/// PickleBuffer: bytes that may travel beside the pickle.
struct Buffer : NativeObject {
  static const NativeClass kClass;
  Value view;  // a memoryview; empty once released
};
extern const NativeTypeDef kBufferType;

}  // namespace apy::pickle
