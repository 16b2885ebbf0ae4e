// Calls: binding arguments, every kind of callable, and calls from C++.
#include <algorithm>

#include "vm/binding/native.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/messages.h"
#include "vm/interpreter/tracing.h"
#include "vm/objects/protocol.h"
#include "vm/objects/special_call.h"

namespace apy {

Value* stack_top(VM& vm) {
  Frame* frame = vm.current_frame();
  Context* context = vm.context();
  Value* top = !frame                        ? context->stack
               : frame->flags & Frame::kHeap ? Interpreter::stack_top(vm)
                                             : frame->registers() + frame->code->register_count;
  return std::max(top, context->floor);
}

Value* move_window(VM& vm, const Value* window, uint32_t count) {
  Value* target = stack_top(vm);
  if (target + kFrameWords + count + 16 > vm.context()->stack_limit) {
    (void)vm.recursion_error("");
    return nullptr;
  }
  target[0] = window[0];
  std::copy(window + kFrameWords, window + kFrameWords + count, target + kFrameWords);
  return target;
}

namespace {

/// ((file, line, function), ...) of the frames from `frame` outwards, for cr_origin.
Result<Value> origin_of(VM& vm, Frame* frame, int depth) {
  List* levels = TRY(make_list(vm, size_t{0}));
  for (; frame && depth > 0; frame = frame->caller, --depth) {
    int64_t position = std::max<int64_t>(frame_position(frame), 0);
    Value level[] = {frame->code->filename, Value::small_int(frame->code->positions[position].line),
                     frame->code->name};
    TRY(list_append(vm, levels, TRY(make_tuple(vm, level))));
  }
  return TRY(make_tuple(vm, levels->span()));
}

/// Registers what a generator that is abandoned may have to do (finalize.cpp).
void watch_generator(VM& vm, Generator* generator) {
  const Code* code = generator->frame.code;
  if (code->flags & Code::kCoroutine) {
    // A warning that it was never awaited names the place where it was made.
    if (Frame* caller = vm.current_frame()) {
      generator->origin_or_finalizer = caller->code;
      int64_t position = std::max<int64_t>(frame_position(caller), 0);
      generator->outer_handled = Value::small_int(caller->code->positions[position].line);
      if (int depth = vm.registry()->origin_depth) [[unlikely]] {
        auto origin = origin_of(vm, caller, depth);
        if (origin.is_ok()) generator->origin_or_finalizer = origin.value();
        (void)vm.take_pending();
        vm.barrier(generator);
      }
    }
  } else if (!(code->flags & (Code::kAsyncGenerator | Code::kMayNeedClose))) {
    return;
  }
  vm.heap().register_finalizer(generator);
}

}  // namespace

Result<Generator*> make_generator(VM& vm, Function* function, const Value* parameters) {
  Code* code = function->code;
  BuiltinType type = code->flags & Code::kCoroutine        ? BuiltinType::Coroutine
                     : code->flags & Code::kAsyncGenerator ? BuiltinType::AsyncGenerator
                                                           : BuiltinType::Generator;
  size_t size = sizeof(Generator) + code->register_count * sizeof(Value);
  Generator* generator =
      TRY(vm.allocate<Generator>(type, size, static_cast<uint16_t>(code->register_count)));
  generator->name = function->name;
  generator->qualname = function->qualname;
  generator->frame.callee = function;
  generator->frame.code = code;
  generator->frame.pc = code->instructions;
  generator->frame.flags = Frame::kHeap;
  uint32_t parameter_count = code->argument_count + code->keyword_only_count +
                             ((code->flags & Code::kVarArgs) != 0) +
                             ((code->flags & Code::kVarKeywords) != 0);
  std::copy(parameters, parameters + parameter_count, generator->registers());
  watch_generator(vm, generator);
  return generator;
}

namespace {

/// Index of the parameter with that name among positional-or-keyword and keyword-only ones, or -1.
int64_t find_parameter(const Code* code, const Str* name) {
  uint32_t end = code->argument_count + code->keyword_only_count;
  for (uint32_t pass = 0; pass < 2; ++pass) {
    for (uint32_t i = code->positional_only_count; i < end; ++i) {
      const Str* parameter = as<Str>(code->local_names->values()[i]);
      if (pass == 0 ? parameter == name : str_equal(parameter, name)) return i;
    }
  }
  return -1;
}

Result<void> bind_keywords(VM& vm, Function* function, const Value* values, Tuple* names,
                           Value* target, Dict* extra) {
  Code* code = function->code;
  for (uint64_t i = 0; i < names->length; ++i) {
    Str* name = as<Str>(names->values()[i]);
    int64_t index = find_parameter(code, name);
    if (index >= 0) {
      if (!target[index].is_empty()) return raise_multiple_values(vm, function, name);
      target[index] = values[i];
    } else if (extra) {
      TRY(dict_set_str(vm, extra, name, values[i]));
    } else {
      return raise_unexpected_keyword(vm, function, names, name);
    }
  }
  return {};
}

/// Fills absent parameters from the defaults; errors name all that are missing.
Result<void> bind_defaults(VM& vm, Function* function, Value* target, uint32_t given) {
  Code* code = function->code;
  uint32_t positional = code->argument_count;
  if (given < positional) {
    const Tuple* defaults = try_as<Tuple>(function->defaults);
    uint32_t default_count = defaults ? static_cast<uint32_t>(defaults->length) : 0;
    uint32_t first_default = positional - std::min(positional, default_count);
    bool missing = false;
    for (uint32_t i = given; i < positional; ++i) {
      if (!target[i].is_empty()) continue;
      if (i >= first_default) {
        target[i] =
            defaults->values()[i - first_default + (default_count - (positional - first_default))];
      } else {
        missing = true;
      }
    }
    if (missing) return raise_missing_positional(vm, function, target);
  }
  if (code->keyword_only_count) {
    Dict* defaults = try_as<Dict>(function->keyword_defaults);
    bool missing = false;
    for (uint32_t i = positional; i < positional + code->keyword_only_count; ++i) {
      if (!target[i].is_empty()) continue;
      if (defaults) target[i] = dict_get_str(vm, defaults, as<Str>(code->local_names->values()[i]));
      missing |= target[i].is_empty();
    }
    if (missing) return raise_missing_keyword_only(vm, function, target);
  }
  return {};
}

}  // namespace

Result<void> bind_function_arguments(VM& vm, Function* function, const Value* arguments,
                                     uint32_t count, Tuple* keyword_names, Value* target) {
  Code* code = function->code;
  uint32_t keyword_count = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  uint32_t positional = count - keyword_count;
  uint32_t parameters = code->argument_count + code->keyword_only_count;
  uint32_t taken = std::min(positional, code->argument_count);
  uint32_t var_args = parameters;
  uint32_t var_keywords = parameters + ((code->flags & Code::kVarArgs) != 0);
  std::copy(arguments, arguments + taken, target);
  std::fill(target + taken, target + parameters, Value());
  target[var_args] = Value();
  if (code->flags & Code::kVarKeywords) target[var_keywords] = Value();
  Dict* extra = nullptr;
  if (code->flags & Code::kVarArgs) {
    target[var_args] = TRY(make_tuple(vm, {arguments + taken, positional - taken}));
  } else if (positional > code->argument_count && !keyword_count) {
    return raise_too_many_positional(vm, function, positional, target);
  }
  if (code->flags & Code::kVarKeywords) {
    extra = TRY(make_dict(vm, keyword_count));
    target[var_keywords] = extra;
  }
  if (keyword_count) {
    TRY(bind_keywords(vm, function, arguments + positional, keyword_names, target, extra));
    if (positional > code->argument_count && !(code->flags & Code::kVarArgs))
      return raise_too_many_positional(vm, function, positional, target);
  }
  return bind_defaults(vm, function, target, taken);
}

Result<Value> call_native(VM& vm, NativeFunction* native, const Value* values, uint32_t positional,
                          Tuple* keyword_names) {
  Arguments arguments{values, positional, keyword_names};
  if (native->aux & NativeFunction::kStatic) {
    TRY(check_new_arguments(vm, native, arguments));
  } else if (native->shape == shape_of(BuiltinType::MethodDescriptor)) {
    TRY(check_receiver(vm, native, arguments));
  }
  Value result = native->definition->bound.entry(vm, *native->definition, arguments);
  return result;
}

namespace {

/// As destination: the caller is C++ code, which finds the result in Context::native_result.
constexpr uint32_t kToNative = 0xFFFFFFFF;

/// Stores a result for the calling instruction.
CallOutcome done(VM& vm, uint32_t dst, Value value) {
  if (value.is_empty()) return CallOutcome::Error;
  if (dst == kToNative) {
    vm.context()->native_result = value;
  } else {
    vm.current_frame()->registers()[dst] = value;
  }
  return CallOutcome::Done;
}

/// Makes room for a receiver in front of the arguments.
void insert_receiver(Value* window, uint32_t count, Value receiver) {
  Value* arguments = window + kFrameWords;
  for (uint32_t i = count; i > 0; --i) arguments[i] = arguments[i - 1];
  arguments[0] = receiver;
}

CallOutcome enter_function(VM& vm, Value* window, uint32_t dst, uint32_t count,
                           Tuple* keyword_names, uint32_t flags, Value extra) {
  Function* function = as<Function>(window[0]);
  Code* code = function->code;
  Frame* caller = vm.current_frame();
  if (!frame_fits(vm, window + count, code, caller ? caller->depth() : 0)) {
    (void)vm.recursion_error("");
    return CallOutcome::Error;
  }
  Value* parameters = window + kFrameWords;
  if (!(code->flags & Code::kSimpleCall) || code->argument_count != count || keyword_names) {
    // Arguments move out of the way: the parameters take their place.
    Value* arguments = parameters + code->register_count + 2;
    std::copy_backward(parameters, parameters + count, arguments + count);
    FloorGuard guard(vm.context(), arguments + count);
    if (bind_function_arguments(vm, function, arguments, count, keyword_names, parameters)
            .is_error()) {
      return CallOutcome::Error;
    }
  }
  if (code->flags & Code::kAnyGenerator) {
    FloorGuard guard(vm.context(), parameters + code->register_count);
    auto generator = make_generator(vm, function, parameters);
    if (generator.is_error()) return CallOutcome::Error;
    return done(vm, dst, generator.value());
  }
  Frame* frame = push_frame(vm, window, function, code, dst, flags);
  frame->extra = extra;
  return CallOutcome::Entered;
}

/// The script __init__ if calling the class is no more than object.__new__ and it; else
/// not_implemented.
Value find_plain_init(VM& vm, Type* type) {
  if (type->shape != shape_of(BuiltinType::Type) || !(type->flags & Type::kHeapType) ||
      type->instance_kind != CellKind::Instance)
    return Value::not_implemented();
  Value make = type_special(vm, type, Special::New);
  Value init = type_special(vm, type, Special::Init);
  bool plain = make.is(type_special(vm, vm.type(BuiltinType::Object), Special::New)) &&
               is_kind(init, CellKind::Function) &&
               !(as<Function>(init)->code->flags & Code::kAnyGenerator);
  return plain ? init : Value::not_implemented();
}

/// The native functions that make and initialise the instances of a class; `make` is null for
/// classes with a metaclass or where a script does it, `init` where there is nothing to initialise.
struct NativeMaker {
  const NativeFunction* make = nullptr;
  const NativeFunction* init = nullptr;
};

NativeMaker native_maker(VM& vm, Type* type) {
  bool is_plain = type->shape == shape_of(BuiltinType::Type) &&
                  ((type->flags & Type::kHeapType) || !(type->flags & Type::kDisallowNew)) &&
                  type != vm.type(BuiltinType::Type);
  if (!is_plain) return {};
  Value make = type_special(vm, type, Special::New);
  Value init = type_special(vm, type, Special::Init);
  if (!is_kind(make, CellKind::NativeFunction) ||
      !(as<NativeFunction>(make)->aux & NativeFunction::kStatic) ||
      !is_exact(init, BuiltinType::MethodDescriptor))
    return {};
  Value object_init = type_special(vm, vm.type(BuiltinType::Object), Special::Init);
  return {as<NativeFunction>(make), init.is(object_init) ? nullptr : as<NativeFunction>(init)};
}

/// Makes an instance of the class values[0] with the `count` arguments behind it: the two functions
/// are called one after the other where the arguments stand. Empty on error.
Value construct_native(VM& vm, Value* values, uint32_t count, Tuple* keyword_names,
                       const NativeMaker& maker) {
  Type* type = as<Type>(values[0]);
  uint32_t keyword_count = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  Arguments arguments{values, count - keyword_count + 1, keyword_names};
  // A builtin class has its own, right one.
  if ((type->flags & Type::kHeapType) && check_new_arguments(vm, maker.make, arguments).is_error())
    return Value();
  uint32_t version = type->version;
  Value object = maker.make->definition->bound.entry(vm, *maker.make->definition, arguments);
  if (object.is_empty()) return Value();
  values[0] = object;
  if (vm.type_of(object) != type || type->version != version) {
    if (initialize_made(vm, type, values, count + 1, keyword_names).is_error()) return Value();
  } else if (maker.init) {
    Value result = maker.init->definition->bound.entry(vm, *maker.init->definition, arguments);
    if (result.is_empty()) return Value();
    if (!result.is_none()) {
      (void)vm.raise(Exc::TypeError, "__init__() should return None, not '{}'", vm.type_of(result));
      return Value();
    }
  }
  return object;
}

CallOutcome call_type(VM& vm, Value* window, uint32_t dst, uint32_t count, Tuple* keyword_names) {
  Type* type = as<Type>(window[0]);
  if (type == vm.type(BuiltinType::Type) && count == 1 && !keyword_names)
    return done(vm, dst, vm.type_of(window[kFrameWords]));
  if (type == vm.type(BuiltinType::Str) && count == 1 && !keyword_names) {
    FloorGuard guard(vm.context(), window + kFrameWords + 1);
    auto text = str_of(vm, window[kFrameWords]);
    return done(vm, dst, text.is_ok() ? Value(text.value()) : Value());
  }
  if (type->plain_init.is_empty()) type->plain_init = find_plain_init(vm, type);
  Value init = type->plain_init;
  if (!init.is_not_implemented() && !(type->flags & Type::kAbstract)) {
    auto made = allocate_instance(vm, type);
    if (made.is_error()) return CallOutcome::Error;
    Value instance = made.value();
    insert_receiver(window, count++, instance);
    window[0] = init;
    Function* function = as<Function>(init);
    Code* code = function->code;
    Frame* caller = vm.current_frame();
    if ((code->flags & Code::kSimpleCall) && code->argument_count == count && !keyword_names &&
        caller && frame_fits(vm, window, code, caller->depth())) [[likely]] {
      push_frame(vm, window, function, code, dst, Frame::kConstructor)->extra = instance;
      return CallOutcome::Entered;
    }
    return enter_function(vm, window, dst, count, keyword_names, Frame::kConstructor, instance);
  }
  if (NativeMaker maker = native_maker(vm, type); maker.make) {
    // The word below the arguments belongs to the unused frame header.
    Value* values = window + kFrameWords - 1;
    values[0] = type;
    FloorGuard guard(vm.context(), values + count + 1);
    return done(vm, dst, construct_native(vm, values, count, keyword_names, maker));
  }
  Value call = type_special(vm, vm.type_of(type), Special::Call);
  if (call.is_empty()) {
    (void)vm.raise(Exc::TypeError, "'{}' object is not callable", vm.type_of(type));
    return CallOutcome::Error;
  }
  insert_receiver(window, count, type);
  window[0] = call;
  return enter_call(vm, window, dst, count + 1, keyword_names);
}

/// Calls an object whose class defines __call__, which may be such an object again, and so on.
CallOutcome call_object(VM& vm, Value* window, uint32_t dst, uint32_t count, Tuple* keyword_names) {
  for (int steps = 0; steps < vm.recursion_limit(); ++steps) {
    Value callee = window[0];
    Value call = type_special(vm, vm.type_of(callee), Special::Call);
    if (call.is_empty()) {
      (void)vm.raise(Exc::TypeError, "'{}' object is not callable", vm.type_of(callee));
      return CallOutcome::Error;
    }
    NativeDepth guard(vm);
    if (guard.check().is_error()) return CallOutcome::Error;
    if (is_kind(call, CellKind::Function) || is_exact(call, BuiltinType::MethodDescriptor)) {
      insert_receiver(window, count, callee);
      window[0] = call;
      return enter_call(vm, window, dst, count + 1, keyword_names);
    }
    // __call__ is some other object on the class: bind it as a descriptor and call what that gives.
    Value get = type_special(vm, vm.type_of(call), Special::Get);
    if (!get.is_empty()) {
      FloorGuard floor(vm.context(), window + kFrameWords + count + 1);
      auto bound = vm.call(get, {call, callee, vm.type_of(callee)});
      if (bound.is_error()) return CallOutcome::Error;
      call = bound.value();
    }
    window[0] = call;
    bool has_own_way = is_kind(call, CellKind::Function) ||
                       is_kind(call, CellKind::NativeFunction) ||
                       is_kind(call, CellKind::BoundMethod) || is_kind(call, CellKind::Type);
    if (has_own_way) return enter_call(vm, window, dst, count, keyword_names);
  }
  (void)vm.recursion_error(" while calling a Python object");
  return CallOutcome::Error;
}

}  // namespace

CallOutcome enter_call(VM& vm, Value* window, uint32_t dst, uint32_t count, Tuple* keyword_names) {
  Value callee = window[0];
  if (callee.is_cell()) {
    switch (callee.cell()->kind) {
      case CellKind::Function:
        return enter_function(vm, window, dst, count, keyword_names, 0, Value());
      case CellKind::NativeFunction: {
        NativeFunction* native = as<NativeFunction>(callee);
        Value* values = window + kFrameWords;
        uint32_t keyword_count = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
        uint32_t positional = count - keyword_count;
        if (!native->self.is_empty()) {
          *--values = native->self;
          ++positional;
          ++count;
        }
        Value result;
        {
          // The arguments lie above what the running frame declares as its own.
          FloorGuard guard(vm.context(), values + count);
          result = call_native(vm, native, values, positional, keyword_names).value();
        }
        if (vm.registry()->switching && !result.is_empty() && dst != kToNative) [[unlikely]]
          return push_switch_frame(vm, window, dst);
        return done(vm, dst, result);
      }
      case CellKind::BoundMethod:
        insert_receiver(window, count, as<BoundMethod>(callee)->self);
        window[0] = as<BoundMethod>(callee)->function;
        return enter_call(vm, window, dst, count + 1, keyword_names);
      case CellKind::Type:
        return call_type(vm, window, dst, count, keyword_names);
      default:
        break;
    }
  }
  return call_object(vm, window, dst, count, keyword_names);
}

bool slow::call(VM& vm, Frame* frame, Value* window, uint32_t dst, uint32_t count) {
  if (Function* function = try_as<Function>(window[0])) {
    Code* code = function->code;
    if ((code->flags & Code::kAnyGenerator) && (code->flags & Code::kSimpleCall) &&
        code->argument_count == count) {
      auto generator = make_generator(vm, function, window + kFrameWords);
      if (generator.is_error()) return false;
      frame->registers()[dst] = generator.value();
      return true;
    }
  }
  if (frame->flags & Frame::kHeap) {
    window = move_window(vm, window, count);
    if (!window) return false;
  }
  return enter_call(vm, window, dst, count, nullptr) != CallOutcome::Error;
}

bool enter_script_slow(VM& vm, Value* window, uint32_t dst, uint32_t count, uint32_t flags) {
  return enter_function(vm, window, dst, count, nullptr, flags, Value()) != CallOutcome::Error;
}

// --- calls from C++ ---

namespace {

/// Runs the frame that enter_call pushed, as an entry from C++.
Result<Value> run_entered(VM& vm) {
  Interpreter::frame(vm)->flags |= Frame::kEntry;
  Value result;
  if (Interpreter::run(vm, &result, false) == RunOutcome::Raised) return Error{};
  return result;
}

Result<Value> call_function(VM& vm, Value callee, const Value* arguments, uint32_t count,
                            Tuple* keyword_names) {
  if (vm.native_stack_exhausted()) return vm.recursion_error("");
  Context* context = vm.context();
  Frame* caller = vm.current_frame();
  Value* saved_top = Interpreter::stack_top(vm);
  Value* window = stack_top(vm);
  if (window + kFrameWords + count + 16 > context->stack_limit) return vm.recursion_error("");
  window[0] = callee;
  std::copy(arguments, arguments + count, window + kFrameWords);
  Result<Value> result = Error{};
  CallOutcome outcome;
  {
    FloorGuard guard(context, window + kFrameWords + count + 1);
    outcome = enter_call(vm, window, kToNative, count, keyword_names);
  }
  if (outcome == CallOutcome::Done) {
    result = context->native_result;
    context->native_result = Value();
  } else if (outcome == CallOutcome::Entered) {
    result = run_entered(vm);
  }
  Interpreter::frame(vm) = caller;
  Interpreter::stack_top(vm) = saved_top;
  return result;
}

}  // namespace

Result<Value> VM::call_keywords(Value callee, std::span<const Value> arguments,
                                Tuple* keyword_names) {
  uint32_t count = static_cast<uint32_t>(arguments.size());
  uint32_t keyword_count = keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  if (is_kind(callee, CellKind::NativeFunction) && as<NativeFunction>(callee)->self.is_empty())
    return call_native(*this, as<NativeFunction>(callee), arguments.data(), count - keyword_count,
                       keyword_names);
  constexpr uint32_t kFewArguments = 4;
  if (is_kind(callee, CellKind::NativeObject) && count <= kFewArguments &&
      !native_stack_exhausted()) {
    Value method = type_special(*this, type_of(callee), Special::Call);
    if (is_exact(method, BuiltinType::MethodDescriptor)) {
      Value values[kFewArguments + 1] = {callee};
      std::copy(arguments.begin(), arguments.end(), values + 1);
      return call_native(*this, as<NativeFunction>(method), values, count - keyword_count + 1,
                         keyword_names);
    }
  }
  if (is_kind(callee, CellKind::Type) && count <= kFewArguments && !native_stack_exhausted()) {
    if (NativeMaker maker = native_maker(*this, as<Type>(callee)); maker.make) {
      Value values[kFewArguments + 1] = {callee};
      std::copy(arguments.begin(), arguments.end(), values + 1);
      return construct_native(*this, values, count, keyword_names, maker);
    }
  }
  return call_function(*this, callee, arguments.data(), count, keyword_names);
}

Result<Value> VM::call(Value callee, std::span<const Value> arguments) {
  return call_keywords(callee, arguments, nullptr);
}

Result<Value> VM::call_method(Value object, Str* name, std::initializer_list<Value> arguments) {
  Value values[8];
  Value self;
  Value method = TRY(get_method(*this, object, name, &self));
  size_t count = 0;
  if (!self.is_empty()) values[count++] = self;
  for (Value v : arguments) values[count++] = v;
  return call(method, {values, count});
}

Result<Value> VM::call_special(Value object, Special special,
                               std::initializer_list<Value> arguments, bool* found) {
  Value method = type_special(*this, type_of(object), special);
  *found = !method.is_empty() && !method.is_none();
  if (!*found) return Value::none();
  Value values[8];
  size_t count = 0;
  if (is_kind(method, CellKind::Function) || is_exact(method, BuiltinType::MethodDescriptor)) {
    values[count++] = object;
  } else {
    Value get = type_special(*this, type_of(method), Special::Get);
    if (!get.is_empty()) method = TRY(call(get, {method, object, type_of(object)}));
  }
  for (Value v : arguments) values[count++] = v;
  return call(method, {values, count});
}

Result<Value> VM::run_code(Code* code, Dict* globals, Value locals, Tuple* closure) {
  Function* function = TRY(allocate<Function>(BuiltinType::Function));
  function->code = code;
  function->globals = globals;
  function->closure = closure;
  function->defaults = function->keyword_defaults = Value::none();
  function->name = code->name;
  function->qualname = code->qualname;
  function->module = function->doc = Value::none();
  function->builtins = TRY(builtins_for(*this, globals));
  barrier(function);
  if (native_stack_exhausted()) return recursion_error("");
  Frame* caller = frame_;
  Value* saved_top = stack_top_;
  Value* window = apy::stack_top(*this);
  if (!frame_fits(*this, window, code, caller ? caller->depth() : 0)) return recursion_error("");
  window[0] = function;
  Result<Value> result = Error{};
  if (code->flags & Code::kAnyGenerator) {
    // Top-level await: the caller drives the coroutine.
    FloorGuard guard(context_, window + 1);
    Generator* generator = TRY(make_generator(*this, function, nullptr));
    generator->frame.extra = locals;
    return generator;
  }
  Frame* frame = push_frame(*this, window, function, code, 0, 0);
  frame->extra = locals;
  result = run_entered(*this);
  frame_ = caller;
  stack_top_ = saved_top;
  return result;
}

}  // namespace apy
