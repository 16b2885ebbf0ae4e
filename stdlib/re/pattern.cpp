// re.Pattern and the iterators it makes.
#include "stdlib/re/pattern.h"

#include <algorithm>
#include <limits>

#include "vm/objects/str_functions.h"
#include "vm/objects/text.h"

namespace apy::re {

namespace {

void finalize_pattern(VM&, Cell* self) {
  auto* pattern = static_cast<Pattern*>(self);
  delete pattern->program;
  pattern->program = nullptr;
}

/// What pattern.scanner() and finditer() keep.
struct Scanner : NativeObject {
  static const NativeClass kClass;
  Pattern* pattern;
  Value string;
  Value view;  // of a bytearray, which cannot be resized meanwhile
  int64_t pos, endpos;
  size_t start;
  bool must_advance, is_done;
};
struct MatchIterator : Scanner {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, MatchIterator* self, Value* out);
};

}  // namespace

const NativeClass Pattern::kClass = {"re.Pattern", trace_values<5>, finalize_pattern};
const NativeClass Scanner::kClass = {"_sre.SRE_Scanner", trace_values<3>, nullptr};
const NativeClass MatchIterator::kClass = {"callable_iterator", trace_values<3>, nullptr,
                                           native_step<MatchIterator>};

Result<void> OpenSubject::open(VM& vm, Pattern* pattern, Value string) {
  string_ = string;
  if (Str* text = try_as<Str>(string)) {
    if (pattern->is_bytes())
      return vm.raise(Exc::TypeError, "cannot use a bytes pattern on a string-like object");
    SubjectForm form = text->is_ascii()     ? SubjectForm::Ascii
                       : text->width() == 1 ? SubjectForm::Latin1
                       : text->width() == 2 ? SubjectForm::Ucs2
                                            : SubjectForm::Ucs4;
    subject_ = {text->data, text->length, form};
    return {};
  }
  std::string_view bytes;
  if (!get_bytes(string, &bytes))
    return vm.raise(Exc::TypeError, "expected string or bytes-like object, got '{}'",
                    vm.type_of(string));
  if (!pattern->is_bytes())
    return vm.raise(Exc::TypeError, "cannot use a string pattern on a bytes-like object");
  exporter_ = try_as<ByteArray>(string);
  if (exporter_) ++exporter_->exports;
  static constexpr uint8_t kNothing = 0;
  subject_ = {bytes.empty() ? &kNothing : reinterpret_cast<const uint8_t*>(bytes.data()),
              bytes.size(), SubjectForm::Ascii};
  return {};
}

void OpenSubject::limit(int64_t* pos, int64_t* endpos) {
  auto length = static_cast<int64_t>(subject_.length);
  *pos = std::clamp<int64_t>(*pos, 0, length);
  *endpos = std::clamp<int64_t>(*endpos, 0, length);
  subject_.length = static_cast<size_t>(*endpos);
}

Result<Value> OpenSubject::piece(VM& vm, size_t begin, size_t end) const {
  if (Str* text = try_as<Str>(string_)) {
    if (begin == 0 && end == text->length && is_exact(text, BuiltinType::Str)) return text;
    return str_slice(vm, text, begin, end);
  }
  if (is_exact(string_, BuiltinType::Bytes) && begin == 0 && end == as<Bytes>(string_)->length)
    return string_;
  return make_bytes(
      vm, std::string_view(reinterpret_cast<const char*>(subject_.data) + begin, end - begin));
}

namespace {

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

template <MatchMode mode>
Result<Value> match_once(VM& vm, Pattern* self, Value string, Optional<int64_t> pos_given,
                         Optional<int64_t> end_given) {
  OpenSubject subject;
  TRY(subject.open(vm, self, string));
  int64_t pos = pos_given.value_or(0), endpos = end_given.value_or(kNoEnd);
  subject.limit(&pos, &endpos);
  if (pos > endpos) return Value::none();
  if (!TRY(self->program->run(vm, subject.subject(), static_cast<size_t>(pos), mode, false)))
    return Value::none();
  return make_match(vm, self, string, pos, endpos);
}

/// What findall() gives for the match just made.
Result<Value> found_item(VM& vm, Pattern* self, const OpenSubject& subject) {
  const size_t* positions = self->program->positions();
  auto group = [&](uint32_t i) -> Result<Value> {
    if (positions[2 * i] == SIZE_MAX) return subject.piece(vm, 0, 0);
    return subject.piece(vm, positions[2 * i], positions[2 * i + 1]);
  };
  uint32_t count = self->program->group_count();
  if (count < 2) return group(count);
  Tuple* tuple = TRY(make_tuple(vm, count));
  for (uint32_t i = 1; i <= count; ++i) {
    tuple->values()[i - 1] = TRY(group(i));
    vm.barrier(tuple);
  }
  return tuple;
}

Result<Value> pattern_findall(VM& vm, Pattern* self, Value string, Optional<int64_t> pos_given,
                              Optional<int64_t> end_given) {
  OpenSubject subject;
  TRY(subject.open(vm, self, string));
  int64_t pos = pos_given.value_or(0), endpos = end_given.value_or(kNoEnd);
  subject.limit(&pos, &endpos);
  List* list = TRY(make_list(vm, size_t{0}));
  Walk walk(self, MatchMode::Search, static_cast<size_t>(pos));
  while (TRY(walk.next(vm, subject.subject())))
    TRY(list_append(vm, list, TRY(found_item(vm, self, subject))));
  return list;
}

Result<Value> pattern_split(VM& vm, Pattern* self, Value string, Optional<int64_t> maximum) {
  OpenSubject subject;
  TRY(subject.open(vm, self, string));
  int64_t limit = maximum.value_or(0);
  List* list = TRY(make_list(vm, size_t{0}));
  Walk walk(self, MatchMode::Search, 0);
  size_t last = 0;
  for (int64_t n = 0; (limit == 0 || n < limit) && TRY(walk.next(vm, subject.subject())); ++n) {
    const size_t* positions = self->program->positions();
    TRY(list_append(vm, list, TRY(subject.piece(vm, last, positions[0]))));
    for (uint32_t i = 1; i <= self->program->group_count(); ++i) {
      Value group = Value::none();
      if (positions[2 * i] != SIZE_MAX)
        group = TRY(subject.piece(vm, positions[2 * i], positions[2 * i + 1]));
      TRY(list_append(vm, list, group));
    }
    last = walk.start();
  }
  TRY(list_append(vm, list, TRY(subject.piece(vm, last, subject.subject().length))));
  return list;
}

template <class T>
Result<Value> make_scanner(VM& vm, Pattern* self, Value string, Optional<int64_t> pos_given,
                           Optional<int64_t> end_given) {
  OpenSubject subject;
  TRY(subject.open(vm, self, string));
  int64_t pos = pos_given.value_or(0), endpos = end_given.value_or(kNoEnd);
  subject.limit(&pos, &endpos);
  T* scanner = TRY(make_native<T>(vm, native_type<T>(vm)));
  scanner->pattern = self;
  scanner->string = string;
  if (is_kind(string, CellKind::ByteArray)) {
    scanner->view =
        TRY(vm.call(dict_get_str(vm, vm.builtins(), TRY(intern(vm, "memoryview"))), {string}));
    vm.barrier(scanner);
  }
  scanner->pos = pos;
  scanner->endpos = endpos;
  scanner->start = static_cast<size_t>(pos);
  return scanner;
}

/// The next match of a scanner, or None.
Result<Value> scanner_next(VM& vm, Scanner* self, MatchMode mode) {
  if (self->is_done) return Value::none();
  OpenSubject subject;
  TRY(subject.open(vm, self->pattern, self->string));
  int64_t pos = self->pos, endpos = self->endpos;
  subject.limit(&pos, &endpos);
  Walk walk(self->pattern, mode, 0);
  walk.resume(self->start, self->must_advance);
  if (!TRY(walk.next(vm, subject.subject()))) {
    self->is_done = true;
    if (!self->view.is_empty()) TRY(vm.call_method(self->view, TRY(intern(vm, "release")), {}));
    return Value::none();
  }
  self->start = walk.start();
  self->must_advance = walk.must_advance();
  return make_match(vm, self->pattern, self->string, self->pos, self->endpos);
}
template <MatchMode mode>
Result<Value> scanner_step(VM& vm, Scanner* self) {
  return scanner_next(vm, self, mode);
}

Result<bool> MatchIterator::step(VM& vm, MatchIterator* self, Value* out) {
  *out = TRY(scanner_next(vm, self, MatchMode::Search));
  return !out->is_none();
}

Result<Value> same_pattern(VM&, Pattern* self) { return self; }
Result<Value> deep_same_pattern(VM&, Pattern* self, Value) { return self; }

Result<Value> pattern_repr(VM& vm, Pattern* self) {
  static constexpr struct {
    const char* name;
    uint32_t flag;
  } kNames[] = {{"re.IGNORECASE", kIgnoreCase}, {"re.LOCALE", kLocale},
                {"re.MULTILINE", kMultiline},   {"re.DOTALL", kDotAll},
                {"re.UNICODE", kUnicode},       {"re.VERBOSE", kVerbose},
                {"re.DEBUG", kDebug},           {"re.ASCII", kAscii}};
  StrBuilder out(vm);
  out.append("re.compile(");
  Str* text = TRY(repr_of(vm, self->pattern));
  out.append(text, 0, std::min<size_t>(text->length, 200));
  uint32_t flags = self->flags();
  if (!self->is_bytes() && (flags & kTypeFlags) == kUnicode) flags &= ~kUnicode;
  bool first = true;
  auto separate = [&] {
    out.append(first ? ", " : "|");
    first = false;
  };
  for (const auto& entry : kNames) {
    if (!(flags & entry.flag)) continue;
    separate();
    out.append(entry.name);
    flags &= ~entry.flag;
  }
  if (flags) {
    separate();
    char buffer[16];
    out.append(std::string_view(
        buffer, static_cast<size_t>(snprintf(buffer, sizeof buffer, "0x%x", flags))));
  }
  out.append(")");
  return out.finish();
}

Result<Value> pattern_equal(VM& vm, Pattern* self, Value other_value) {
  Pattern* other = try_native<Pattern>(other_value);
  if (!other) return Value::not_implemented();
  if (self == other) return Value::boolean(true);
  if (self->flags() != other->flags() || self->is_bytes() != other->is_bytes())
    return Value::boolean(false);
  return Value::boolean(TRY(values_equal(vm, self->pattern, other->pattern)));
}

Result<int64_t> pattern_hash(VM& vm, Pattern* self) {
  int64_t hash = TRY(hash_value(vm, self->pattern)) ^ static_cast<int64_t>(self->flags());
  return hash == -1 ? -2 : hash;
}

Result<Value> pattern_reduce(VM& vm, Pattern* self) {
  Value module = TRY(vm.import_module("re"));
  Value function = TRY(get_attribute(vm, module, TRY(intern(vm, "_compile"))));
  Value arguments[2] = {self->pattern, Value::small_int(self->flags())};
  Value parts[2] = {function, TRY(make_tuple(vm, arguments))};
  return make_tuple(vm, parts);
}

Result<Value> class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

Pattern* self_of(Value self) { return static_cast<Pattern*>(self.cell()); }
Result<Value> get_pattern(VM&, Value self) { return self_of(self)->pattern; }
Result<Value> get_flags(VM&, Value self) { return Value::small_int(self_of(self)->flags()); }
Result<Value> get_groups(VM&, Value self) {
  return Value::small_int(self_of(self)->program->group_count());
}
Result<Value> get_group_index(VM& vm, Value self) {
  return vm.make_record(BuiltinType::MappingProxy, {self_of(self)->group_index});
}
Result<Value> get_scanner_pattern(VM&, Value self) {
  return static_cast<Scanner*>(self.cell())->pattern;
}

constexpr NativeFunctionDef kPatternMethods[] = {
    {"match(self, /, string, pos=0, endpos=9223372036854775807)",
     "The match at the start of the string, or None.", bind<match_once<MatchMode::Match>>()},
    {"fullmatch(self, /, string, pos=0, endpos=9223372036854775807)",
     "The match of the whole string, or None.", bind<match_once<MatchMode::FullMatch>>()},
    {"search(self, /, string, pos=0, endpos=9223372036854775807)",
     "The first match anywhere, or None.", bind<match_once<MatchMode::Search>>()},
    {"findall(self, /, string, pos=0, endpos=9223372036854775807)",
     "A list of all matches, as text or tuples.", bind<pattern_findall>()},
    {"finditer(self, /, string, pos=0, endpos=9223372036854775807)",
     "An iterator over all matches.", bind<make_scanner<MatchIterator>>()},
    {"scanner(self, /, string, pos=0, endpos=9223372036854775807)",
     "An object that goes from match to match.", bind<make_scanner<Scanner>>()},
    {"split(self, /, string, maxsplit=0)", "The pieces of the string between the matches.",
     bind<pattern_split>()},
    {"sub(self, /, repl, string, count=0)", "The string with its matches replaced.",
     bind<pattern_sub>()},
    {"subn(self, /, repl, string, count=0)",
     "(the string with its matches replaced, how many there were)", bind<pattern_subn>()},
    {"__repr__(self, /)", "repr(self)", bind<pattern_repr>()},
    {"__eq__(self, value, /)", "self==value", bind<pattern_equal>()},
    {"__hash__(self, /)", "hash(self)", bind<pattern_hash>()},
    {"__copy__(self, /)", "The pattern itself.", bind<same_pattern>()},
    {"__deepcopy__(self, memo, /)", "The pattern itself.", bind<deep_same_pattern>()},
    {"__reduce__(self, /)", "What to pickle.", bind<pattern_reduce>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<class_getitem>(), NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kPatternAttributes[] = {
    {"pattern", "The text it was made from.", get_pattern},
    {"flags", "The flags, those in the pattern included.", get_flags},
    {"groups", "The number of capturing groups.", get_groups},
    {"groupindex", "The numbers of the named groups.", get_group_index},
};

constexpr NativeFunctionDef kScannerMethods[] = {
    {"match(self, /)", "The match at the position, or None.",
     bind<scanner_step<MatchMode::Match>>()},
    {"search(self, /)", "The next match, or None.", bind<scanner_step<MatchMode::Search>>()},
};
constexpr NativeGetSetDef kScannerAttributes[] = {{"pattern", "The pattern.", get_scanner_pattern}};

constexpr NativeFunctionDef kMatchIteratorMethods[] = {NATIVE_ITERATOR_METHODS(MatchIterator)};

}  // namespace

const NativeTypeDef kPatternType = {
    .name = "re.Pattern",
    .doc = "A compiled regular expression.",
    .methods = kPatternMethods,
    .attributes = kPatternAttributes,
    .flags = Type::kDisallowNew | Type::kHasWeakref | Type::kImmutable,
    .instance_size = sizeof(Pattern),
    .native_class = &Pattern::kClass};
const NativeTypeDef kScannerType = {.name = "_sre.SRE_Scanner",
                                    .doc = nullptr,
                                    .methods = kScannerMethods,
                                    .attributes = kScannerAttributes,
                                    .flags = Type::kDisallowNew,
                                    .instance_size = sizeof(Scanner),
                                    .native_class = &Scanner::kClass};
const NativeTypeDef kMatchIteratorType = {.name = "callable_iterator",
                                          .doc = nullptr,
                                          .methods = kMatchIteratorMethods,
                                          .flags = Type::kDisallowNew,
                                          .instance_size = sizeof(MatchIterator),
                                          .native_class = &MatchIterator::kClass};

}  // namespace apy::re
