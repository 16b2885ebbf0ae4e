// "Did you mean" of uncaught NameError, AttributeError and ImportError.
//
// CPython looks at the frame that raised, which a traceback keeps alive there. Here a frame is gone
// when it is left, so the little that is needed is kept in the exception when its traceback begins:
// the names of the bound locals for a NameError, and the local `self`. Most AttributeErrors are
// caught, so nothing is copied for them.
#include "vm/binding/native.h"
#include "vm/bytecode/code.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/messages.h"
#include "vm/interpreter/setup.h"
#include "vm/interpreter/traceback.h"
#include "vm/objects/exception_fields.h"
#include "vm/objects/frame.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

// Fields of the exception that scripts do not see.
constexpr int kLocalNames = 6, kSelf = 7;
constexpr size_t kMaxCandidates = 750;

Value local_value(const Frame* frame, uint32_t index) {
  Value v = frame->registers()[index];
  return is_kind(v, CellKind::CellVariable) ? as<CellVariable>(v)->value : v;
}

Result<Tuple*> bound_names(VM& vm, Frame* frame) {
  const Code* code = frame->code;
  List* names = TRY(make_list(vm, size_t{8}));
  for (uint32_t i = 0; i < code->local_count && i < code->local_names->length; ++i)
    if (!local_value(frame, i).is_empty())
      TRY(list_append(vm, names, code->local_names->values()[i]));
  const Tuple* closure = frame->function()->closure;
  for (uint64_t i = 0;
       closure && code->free_names && i < code->free_names->length && i < closure->length; ++i)
    if (!as<CellVariable>(closure->values()[i])->value.is_empty())
      TRY(list_append(vm, names, code->free_names->values()[i]));
  if (Dict* scope = try_as<Dict>(frame->extra))
    for (DictCursor c(scope); c.next();) TRY(list_append(vm, names, c.key()));
  return tuple_from(vm, names);
}

bool begins_with_underscore(Value name) {
  const Str* text = try_as<Str>(name);
  return text && text->length > 0 && text->at(0) == '_';
}

/// dir(object), without private names unless `all`.
Result<List*> candidates_of(VM& vm, Value object, bool all) {
  Value dir = TRY(get_attribute(vm, dict_get_str(vm, vm.modules(), vm.names().builtins),
                                TRY(intern(vm, "dir"))));
  List* names = TRY(list_from(vm, TRY(vm.call(dir, {object}))));
  if (all) return names;
  List* kept = TRY(make_list(vm, names->length));
  for (uint64_t i = 0; i < names->length; ++i)
    if (!begins_with_underscore(names->values()[i])) TRY(list_append(vm, kept, names->values()[i]));
  return kept;
}

/// The suggestion as text; empty when there is none.
Result<std::string> closest(VM& vm, Str* wrong, List* names) {
  if (names->length >= kMaxCandidates) return std::string();
  Str* best = suggest_name(vm, wrong, names->span());
  return best ? to_utf8(best) : std::string();
}

Result<std::string> suggest_attribute(VM& vm, Exception* exception, Str* wrong) {
  Value object = exception->fields[1];
  if (object.is_empty()) object = Value::none();
  bool all = begins_with_underscore(wrong) ||
             (!exception->fields[kSelf].is_empty() && exception->fields[kSelf] == object);
  return closest(vm, wrong, TRY(candidates_of(vm, object, all)));
}

Result<std::string> suggest_import(VM& vm, Exception* exception, Str* wrong) {
  Str* module_name = try_as<Str>(exception->fields[1]);
  if (!module_name) return std::string();
  Value module = TRY(vm.import_module(to_utf8(module_name)));
  return closest(vm, wrong, TRY(candidates_of(vm, module, begins_with_underscore(wrong))));
}

Result<std::string> suggest_variable(VM& vm, Exception* exception, Str* wrong) {
  Traceback* level = try_as<Traceback>(exception->traceback);
  if (!level) return std::string();
  while (Traceback* next = try_as<Traceback>(level->next)) level = next;
  if (Value self = exception->fields[kSelf]; !self.is_empty()) {
    Value ignored;
    if (TRY(get_attribute_optional(vm, self, wrong, &ignored))) return "self." + to_utf8(wrong);
  }
  List* names = TRY(make_list(vm, size_t{64}));
  if (Tuple* locals = try_as<Tuple>(exception->fields[kLocalNames]))
    TRY(list_extend(vm, names, locals));
  if (Dict* globals = try_as<Dict>(level->globals)) {
    TRY(list_extend(vm, names, globals));
    TRY(list_extend(vm, names, TRY(builtins_for(vm, globals))));
  }
  return closest(vm, wrong, names);
}

bool is_standard_module(VM& vm, Str* name) {
  auto key = intern(vm, "stdlib_module_names");
  Value known = key.is_ok() ? dict_get_str(vm, vm.sys_module()->dict, key.value()) : Value();
  if (!known.is_empty()) {
    auto found = contains(vm, known, name);
    if (found.is_error()) vm.take_pending();
    return found.is_ok() && found.value();
  }
  std::string text = to_utf8(name);
  for (const NativeModuleDef* definition : registry(vm).native_modules)
    if (text == definition->name) return true;
  FrozenSource ignored;
  return registry(vm).find_frozen && registry(vm).find_frozen(text, &ignored);
}

}  // namespace

void note_raising_frame(VM& vm, Exception* exception, Frame* frame) {
  const Type* type = vm.type_of(exception);
  if (!(type->flags & Type::kHeapType)) {
    ExceptionGroupKind kind = exception_kind(type);
    if (kind != ExceptionGroupKind::NameError && kind != ExceptionGroupKind::AttributeError) return;
  }
  bool is_name = vm.is_instance(exception, Exc::NameError);
  if (!is_name && !vm.is_instance(exception, Exc::AttributeError)) return;
  if (!exception->fields[kSelf].is_empty() || !exception->fields[kLocalNames].is_empty()) return;
  const Code* code = frame->code;
  if (code->local_count > 0 && code->argument_count > 0 &&
      code->local_names->values()[0] == Value(vm.names().self)) {
    exception->fields[kSelf] = local_value(frame, 0);
    vm.barrier(exception);
  }
  if (!is_name) return;
  Value pending = vm.take_pending();
  auto names = bound_names(vm, frame);
  if (names.is_ok()) {
    exception->fields[kLocalNames] = names.value();
    vm.barrier(exception);
  }
  (void)vm.reraise(pending);
}

std::string suggestion_for(VM& vm, Exception* exception) {
  bool is_import = vm.is_instance(exception, Exc::ImportError);
  bool is_name = vm.is_instance(exception, Exc::NameError);
  if (!is_import && !is_name && !vm.is_instance(exception, Exc::AttributeError)) return {};
  Str* wrong = try_as<Str>(exception->fields[is_import ? 3 : 0]);
  if (!wrong) return {};
  auto suggested = is_import ? suggest_import(vm, exception, wrong)
                   : is_name ? suggest_variable(vm, exception, wrong)
                             : suggest_attribute(vm, exception, wrong);
  std::string name;
  if (suggested.is_ok())
    name = suggested.value();
  else
    vm.take_pending();
  std::string text = name.empty() ? "" : ". Did you mean: '" + name + "'?";
  if (is_name && is_standard_module(vm, wrong))
    text +=
        (name.empty() ? ". Did" : " Or did") + (" you forget to import '" + to_utf8(wrong) + "'?");
  return text;
}

}  // namespace apy
