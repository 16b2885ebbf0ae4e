#pragma once
// The forms of the dispatch loop. handlers/*.inc hold one body for each opcode; they are compiled
// as
//
//   tail    each body is a function that ends by tail-calling the next one's (APY_DISPATCH_TAIL;
//   needs a
//           compiler with `musttail` and `preserve_none`: Clang 19);
//   goto    all bodies are labels of one function (computed goto; any GCC or Clang);
//   switch  all bodies are cases of one switch (APY_SWITCH_DISPATCH; any compiler).
//
// The switch form is compiled once more with APY_OBSERVED_DISPATCH: it counts what it executes
// (statistics.h) and traces (tracing.h), and Interpreter::run takes it while somebody wants that.
//
// In all forms a body sees
//   vm           the engine; its frame_ is always the running frame
//   instruction  the instruction being executed
//   r            registers of the running frame; the frame's header lies right below: FRAME
//   k            constants of the running frame
// and ends in one of the macros below. kWordsNAME counts an instruction and its cache words.
//
// Rules:
//  1. Before anything that can raise, call or look at frames, SYNC(words): the frame's pc is then
//  behind
//     the instruction.
//  2. A body is a fast path, else one call of a slow path. Nothing in a fast path allocates from
//  C++.
//  3. Script-to-script calls, generator steps and awaits switch frames in place: the loop never
//  calls
//     itself.
//  4. Nothing but the four variables lives from one instruction to the next, but for the double
//  that a passing form hands to the instruction behind it (PASS; the switch form writes it to the
//  register instead).
//
// Measured (docs/performance.md): tail and goto are equally fast, the switch is up to a fifth
// slower. The tail form gives each body its own register allocation and profilers a function for
// each opcode.

#if !APY_SWITCH_DISPATCH
#define APY_PASSES_NUMBERS 1
#endif

#if APY_DISPATCH_TAIL
// `passed`: see PASS. All bodies have it, since a tail call takes the same parameters; elsewhere it
// is any double, which costs nothing.
#define HANDLER_SIGNATURE VM &vm, Instruction *instruction, Value *r, Value *k, double passed
#define ANY_DOUBLE any_double()
#define HANDLER_CONVENTION __attribute__((preserve_none))
#define HANDLER(Name) HANDLER_CONVENTION static RunOutcome handle_##Name(HANDLER_SIGNATURE)
// Never part of the body that goes there: its calls would make that keep the native stack aligned.
#define SECTION(name) \
  __attribute__((preserve_none, noinline)) static RunOutcome section_##name(HANDLER_SIGNATURE)
#define DISPATCH(target)                                                                           \
  do {                                                                                             \
    instruction = (target);                                                                        \
    [[clang::musttail]] return kHandlers[static_cast<int>(instruction->opcode)](vm, instruction,   \
                                                                                r, k, ANY_DOUBLE); \
  } while (0)
#define GO_TO(name) [[clang::musttail]] return section_##name(vm, instruction, r, k, ANY_DOUBLE)
// An instruction that gets an operand from the one before: the double `passed` stands for its left
// or right register.
#define PASSED_HANDLER(Side, Name) \
  HANDLER_CONVENTION static RunOutcome passed_##Side##_##Name(HANDLER_SIGNATURE)
#define PASSED_SECTION(name) \
  __attribute__((preserve_none, noinline)) static RunOutcome section_##name(HANDLER_SIGNATURE)
#define PASSED_GO_TO(name) [[clang::musttail]] return section_##name(vm, instruction, r, k, passed)
/// Goes on with the next instruction, whose operand on that side is `number`.
#define PASS(Side, number)                                                                    \
  do {                                                                                        \
    double handed_over = (number);                                                            \
    ++instruction;                                                                            \
    [[clang::musttail]] return kPassed##Side.handlers[static_cast<int>(instruction->opcode)]( \
        vm, instruction, r, k, handed_over);                                                  \
  } while (0)
#else
#define PASSED_HANDLER(Side, Name) passed_##Side##_##Name:
#define PASSED_SECTION(name) section_##name:
#define PASSED_GO_TO(name) goto section_##name
#define PASS(Side, number)   \
  do {                       \
    passed = (number);       \
    ++instruction;           \
    goto take_passed_##Side; \
  } while (0)
#if APY_SWITCH_DISPATCH
#define HANDLER(Name) case Opcode::Name:
#define DISPATCH(target)    \
  do {                      \
    instruction = (target); \
    goto dispatch;          \
  } while (0)
#else
#define HANDLER(Name) label_##Name:
#define DISPATCH(target)                                  \
  do {                                                    \
    instruction = (target);                               \
    goto* kLabels[static_cast<int>(instruction->opcode)]; \
  } while (0)
#endif
#define SECTION(name) section_##name:
#define GO_TO(name) goto section_##name
#endif

#define A instruction->a
#define B instruction->b
#define C instruction->c
#define FRAME (reinterpret_cast<Frame*>(r) - 1)
#define SYNC(words) (FRAME->pc = instruction + (words))
/// Goes on behind this instruction.
#define NEXT(words) DISPATCH(instruction + (words))
/// Goes on with vm.frame_, which changed.
#define RUN_FRAME()                                  \
  do {                                               \
    Frame* running = Interpreter::frame(vm);         \
    r = running->registers();                        \
    k = running->code->constants;                    \
    DISPATCH(const_cast<Instruction*>(running->pc)); \
  } while (0)
/// An exception is pending; the frame's pc is synced.
#define RAISE() GO_TO(unwind)
/// The loop ends: back to Interpreter::run's caller.
#define LEAVE(outcome, value)           \
  do {                                  \
    Interpreter::carried(vm) = (value); \
    return outcome;                     \
  } while (0)
/// The whole instruction in slow_paths; the form with ENTER is for slow paths that may have pushed
/// a frame.
#if APY_DISPATCH_TAIL
// A function of its own: a call inside the fast path's body would make it keep the native stack
// aligned.
#define SLOW(Name) [[clang::musttail]] return slow_##Name(vm, instruction, r, k, ANY_DOUBLE)
#define ENTER_SLOW(Name) \
  [[clang::musttail]] return enter_slow_##Name(vm, instruction, r, k, ANY_DOUBLE)
#else
#define SLOW(Name) SLOW_BODY(Name)
#define ENTER_SLOW(Name) ENTER_SLOW_BODY(Name)
#endif
/// Leaves the loop to come back in its other form, if that is asked for by now.
#if APY_OBSERVED_DISPATCH
#define IS_WRONG_FORM() (!vm.registry()->observed)
#else
#define IS_WRONG_FORM() (vm.registry()->observed)
#endif
#if APY_OBSERVED_DISPATCH
#define CALL_SLOW_PATH(Name) call_counted(vm, FRAME, instruction, Opcode::Name, slow::Name)
#else
#define CALL_SLOW_PATH(Name) slow::Name(vm, FRAME, instruction)
#endif
#define SLOW_BODY(Name)                     \
  do {                                      \
    SYNC(kWords##Name);                     \
    if (!CALL_SLOW_PATH(Name)) [[unlikely]] \
      RAISE();                              \
    NEXT(kWords##Name);                     \
  } while (0)
#define ENTER_SLOW_BODY(Name)               \
  do {                                      \
    SYNC(kWords##Name);                     \
    if (!CALL_SLOW_PATH(Name)) [[unlikely]] \
      RAISE();                              \
    RUN_FRAME();                            \
  } while (0)
#define SLOW_HANDLER(Name) \
  HANDLER(Name) { SLOW_BODY(Name); }
#define ENTERING_HANDLER(Name) \
  HANDLER(Name) { ENTER_SLOW_BODY(Name); }
