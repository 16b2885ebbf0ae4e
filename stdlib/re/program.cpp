#define PCRE2_CODE_UNIT_WIDTH 0
#include "stdlib/re/program.h"

#include <pcre2.h>

#include <algorithm>
#include <cstring>

#include "stdlib/native_iterator.h"

namespace apy::re {

namespace {

/// The three PCRE2 libraries under common names.
template <int width>
struct Library;
#define LIBRARY(width)                                                                     \
  template <>                                                                              \
  struct Library<width> {                                                                  \
    using Unit = PCRE2_UCHAR##width;                                                       \
    using Code = pcre2_code_##width;                                                       \
    using Data = pcre2_match_data_##width;                                                 \
    using MatchContext = pcre2_match_context_##width;                                      \
    using CompileContext = pcre2_compile_context_##width;                                  \
    using JitStack = pcre2_jit_stack_##width;                                              \
    static constexpr auto compile = pcre2_compile_##width;                                 \
    static constexpr auto free_code = pcre2_code_free_##width;                             \
    static constexpr auto jit_compile = pcre2_jit_compile_##width;                         \
    static constexpr auto match = pcre2_match_##width;                                     \
    static constexpr auto jit_match = pcre2_jit_match_##width;                             \
    static constexpr auto make_data = pcre2_match_data_create_##width;                     \
    static constexpr auto free_data = pcre2_match_data_free_##width;                       \
    static constexpr auto ovector = pcre2_get_ovector_pointer_##width;                     \
    static constexpr auto make_match_context = pcre2_match_context_create_##width;         \
    static constexpr auto make_compile_context = pcre2_compile_context_create_##width;     \
    static constexpr auto free_compile_context = pcre2_compile_context_free_##width;       \
    static constexpr auto set_newline = pcre2_set_newline_##width;                         \
    static constexpr auto set_nesting = pcre2_set_parens_nest_limit_##width;               \
    static constexpr auto set_match_limit = pcre2_set_match_limit_##width;                 \
    static constexpr auto make_jit_stack = pcre2_jit_stack_create_##width;                 \
    static constexpr auto assign_jit_stack = pcre2_jit_stack_assign_##width;               \
    static constexpr auto set_recursion_guard = pcre2_set_compile_recursion_guard_##width; \
    static constexpr auto free_match_context = pcre2_match_context_free_##width;           \
    static constexpr auto free_jit_stack = pcre2_jit_stack_free_##width;                   \
    static constexpr auto message = pcre2_get_error_message_##width;                       \
  };
LIBRARY(8)
LIBRARY(16)
LIBRARY(32)
#undef LIBRARY

constexpr uint32_t kNestingLimit = 2000;
constexpr size_t kJitStackStart = 32 * 1024, kJitStackMaximum = 64 * 1024 * 1024;
/// A pattern gets machine code when it is run for the second time or on a long subject: making it
/// costs more than a short match.
constexpr size_t kLongSubject = 256;

/// How deep the groups of a pattern may be for machine code: PCRE2 makes it recursively and
/// unchecked.
constexpr uint32_t kMachineCodeNesting = 60;

/// PCRE2 10.42's machine code for single bytes compares references without case by ASCII only.
bool can_have_machine_code(const Syntax& syntax, SubjectForm form) {
  if (syntax.nesting > kMachineCodeNesting) return false;
  return form == SubjectForm::Ascii || !syntax.has_caseless_reference;
}

/// What the engine's matches share: one context and one stack for machine code per library.
struct Contexts : NativeObject {
  static const NativeClass kClass;
  void* contexts[3];
  void* stacks[3];
};

template <int width>
void free_context(Contexts* all, int index) {
  using L = Library<width>;
  L::free_match_context(static_cast<typename L::MatchContext*>(all->contexts[index]));
  L::free_jit_stack(static_cast<typename L::JitStack*>(all->stacks[index]));
  all->contexts[index] = all->stacks[index] = nullptr;
}
void trace_contexts(const Cell*, Visitor&) {}
void finalize_contexts(VM&, Cell* self) {
  auto* all = static_cast<Contexts*>(self);
  free_context<8>(all, 0);
  free_context<16>(all, 1);
  free_context<32>(all, 2);
}
const NativeClass Contexts::kClass = {"_sre.contexts", trace_contexts, finalize_contexts};
constexpr NativeTypeDef kContextsType = {.name = "_sre.contexts",
                                         .doc = nullptr,
                                         .methods = {},
                                         .flags = Type::kDisallowNew,
                                         .instance_size = sizeof(Contexts),
                                         .native_class = &Contexts::kClass};

Result<Contexts*> contexts_of(VM& vm) {
  void*& slot = vm.module_state(&Contexts::kClass);
  if (!slot) {
    Contexts* made = TRY(make_native<Contexts>(vm, TRY(make_native_type(vm, kContextsType))));
    vm.heap().register_finalizer(made);
    vm.module_state(&Contexts::kClass) = made;
    return made;
  }
  return static_cast<Contexts*>(slot);
}

template <int width>
Result<typename Library<width>::MatchContext*> match_context(VM& vm) {
  using L = Library<width>;
  Contexts* all = TRY(contexts_of(vm));
  constexpr int index = width == 8 ? 0 : width == 16 ? 1 : 2;
  if (!all->contexts[index]) {
    auto* context = L::make_match_context(nullptr);
    if (!context) return vm.out_of_memory();
    all->contexts[index] = context;
    L::set_match_limit(context, kMatchLimit);
    auto* stack = L::make_jit_stack(kJitStackStart, kJitStackMaximum, nullptr);
    all->stacks[index] = stack;
    if (stack) L::assign_jit_stack(context, nullptr, stack);
  }
  return static_cast<typename L::MatchContext*>(all->contexts[index]);
}

/// PCRE2 asks while it compiles, which is recursive.
int stack_is_short(uint32_t, void* data) {
  return static_cast<VM*>(data)->native_stack_exhausted();
}

}  // namespace

template <int width>
Result<void> Program::compile(VM& vm, SubjectForm form, MatchMode mode, Compiled* out,
                              bool* too_large) {
  using L = Library<width>;
  std::string text = TRY(translate(vm, syntax, form));
  if (text.empty()) text = "(?:)";
  std::vector<typename L::Unit> units(text.begin(), text.end());
  uint32_t options = PCRE2_DOTALL | PCRE2_MULTILINE | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_UTF;
  if (uses_properties(syntax, form)) options |= PCRE2_UCP;
  if (mode != MatchMode::Search) options |= PCRE2_ANCHORED;
  if (mode == MatchMode::FullMatch) options |= PCRE2_ENDANCHORED;
  auto* context = L::make_compile_context(nullptr);
  if (!context) return vm.out_of_memory();
  L::set_newline(context, PCRE2_NEWLINE_LF);
  L::set_nesting(context, kNestingLimit);
  L::set_recursion_guard(context, stack_is_short, &vm);
  int error = 0;
  PCRE2_SIZE offset = 0;
  out->code = L::compile(units.data(), units.size(), options, &error, &offset, context);
  L::free_compile_context(context);
  if (out->code) return {};
  if (error == PCRE2_ERROR_PATTERN_TOO_LARGE && width == 8) {
    *too_large = true;
    return {};
  }
  if (error == PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP ||
      error == PCRE2_ERROR_PARENTHESES_STACK_CHECK ||
      error == PCRE2_ERROR_QUERY_BARJX_NEST_TOO_DEEP)
    return vm.recursion_error(" in a regular expression");
  if (error == PCRE2_ERROR_HEAP_FAILED) return vm.out_of_memory();
  typename L::Unit buffer[160] = {};
  L::message(error, buffer, 160);
  std::string message;
  for (auto unit : buffer)
    if (unit) message += static_cast<char>(unit);
  return raise_pattern_error(vm, message, Value(), -1);
}

template <int width>
Result<bool> Program::run_form(VM& vm, const Subject& subject, size_t start, MatchMode mode,
                               bool not_empty_at_start) {
  using L = Library<width>;
  Compiled& compiled = compiled_[static_cast<int>(subject.form)][static_cast<int>(mode)];
  auto* context = TRY(match_context<width>(vm));
  if (!compiled.code) {
    bool too_large = false;
    TRY(compile<width>(vm, subject.form, mode, &compiled, &too_large));
    if (too_large) {
      too_large_for_bytes_ = true;
      return false;
    }
  }
  void*& data = match_data_[static_cast<int>(subject.form)];
  if (!data) {
    data = L::make_data(group_count() + 1, nullptr);
    if (!data) return vm.out_of_memory();
  }
  auto* code = static_cast<typename L::Code*>(compiled.code);
  auto* match_data = static_cast<typename L::Data*>(data);
  if (!compiled.has_machine_code && can_have_machine_code(syntax, subject.form) &&
      (compiled.runs == 1 || subject.length - start > kLongSubject))
    compiled.has_machine_code = L::jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
  if (compiled.runs < 2) ++compiled.runs;

  auto* units = reinterpret_cast<const typename L::Unit*>(subject.data);
  uint32_t options = not_empty_at_start ? PCRE2_NOTEMPTY_ATSTART : 0;
  int result = PCRE2_ERROR_JIT_STACKLIMIT;
  if (compiled.has_machine_code)
    result = L::jit_match(code, units, subject.length, start, options, match_data, context);
  if (result == PCRE2_ERROR_JIT_STACKLIMIT)
    result =
        L::match(code, units, subject.length, start, options | PCRE2_NO_JIT, match_data, context);
  if (result == PCRE2_ERROR_NOMATCH) return false;
  if (result < 0) {
    if (result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT)
      return vm.raise(Exc::RuntimeError, "regular expression takes too many steps (limit {})",
                      kMatchLimit);
    if (result == PCRE2_ERROR_NOMEMORY || result == PCRE2_ERROR_HEAPLIMIT)
      return vm.out_of_memory();
    return vm.raise(Exc::RuntimeError, "regular expression engine error {}", result);
  }
  size_t* positions = L::ovector(match_data);
  // Groups behind the last that took part may hold anything.
  for (auto i = static_cast<uint32_t>(result); i <= group_count(); ++i)
    positions[2 * i] = positions[2 * i + 1] = SIZE_MAX;
  positions_ = positions;
  return true;
}

Result<bool> Program::run(VM& vm, const Subject& subject, size_t start, MatchMode mode,
                          bool not_empty_at_start) {
  switch (subject.form) {
    case SubjectForm::Ascii:
    case SubjectForm::Latin1: {
      if (!too_large_for_bytes_) {
        bool found = TRY(run_form<8>(vm, subject, start, mode, not_empty_at_start));
        if (!too_large_for_bytes_) return found;
      }
      // The library for bytes has a limit of 64 KiB per pattern; the one for 32-bit units has none.
      ByteStorage* wide = TRY(make_byte_storage(vm, subject.length * 4 + 4));
      auto* units = reinterpret_cast<uint32_t*>(wide->data());
      std::copy_n(subject.data, subject.length, units);
      return run_form<32>(vm, {wide->data(), subject.length, SubjectForm::Ucs4}, start, mode,
                          not_empty_at_start);
    }
    case SubjectForm::Ucs2:
      return run_form<16>(vm, subject, start, mode, not_empty_at_start);
    default:
      return run_form<32>(vm, subject, start, mode, not_empty_at_start);
  }
}

uint32_t Program::last_group() const {
  // Groups are closed in the order of their ends; a group closes after those inside it, and of two
  // that end at the same place the later one closes last. The ends of groups in look-arounds say
  // nothing: there the order is that of the pattern.
  uint32_t last = 0;
  for (uint32_t i = 1; i <= group_count(); ++i) {
    if (positions_[2 * i] == SIZE_MAX) continue;
    bool inside_last = false;
    for (uint32_t parent = syntax.groups[i].parent; parent; parent = syntax.groups[parent].parent)
      if (positions_[2 * parent] != SIZE_MAX) inside_last = true;
    if (inside_last) continue;
    bool comparable = last && !syntax.groups[i].in_look && !syntax.groups[last].in_look;
    if (!comparable || positions_[2 * i + 1] >= positions_[2 * last + 1]) last = i;
  }
  return last;
}

Program::~Program() {
  for (int form = 0; form < kForms; ++form) {
    auto free_form = [&]<int width>(Library<width>) {
      using L = Library<width>;
      for (Compiled& compiled : compiled_[form])
        L::free_code(static_cast<typename L::Code*>(compiled.code));
      L::free_data(static_cast<typename L::Data*>(match_data_[form]));
    };
    if (form < static_cast<int>(SubjectForm::Ucs2))
      free_form(Library<8>());
    else if (form == static_cast<int>(SubjectForm::Ucs2))
      free_form(Library<16>());
    else
      free_form(Library<32>());
  }
}

}  // namespace apy::re
