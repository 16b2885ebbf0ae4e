#include "vm/interpreter/messages.h"

#include <algorithm>
#include <string>

#include "vm/objects/protocol.h"

namespace apy {

namespace {

std::string qualname_of(const Function* function) {
  const Str* name = try_as<Str>(function->qualname);
  return name ? to_utf8(name) : std::string("?");
}

/// "'a'", "'a' and 'b'", "'a', 'b', and 'c'".
std::string join_names(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += names.size() > 2 ? (i + 1 == names.size() ? ", and " : ", ") : " and ";
    text += "'" + names[i] + "'";
  }
  return text;
}

Error raise_missing(VM& vm, Function* function, const std::vector<std::string>& names,
                    const char* kind) {
  return vm.raise(Exc::TypeError, "{}() missing {} required {} argument{}: {}",
                  qualname_of(function), names.size(), kind, names.size() == 1 ? "" : "s",
                  join_names(names));
}

}  // namespace

std::string callable_text(VM& vm, Value callee) {
  auto attribute = [&](Str* name) {
    Value value;
    auto found = get_attribute_optional(vm, callee, name, &value);
    if (found.is_error()) (void)vm.take_pending();
    return found.is_ok() && found.value() ? value : Value();
  };
  if (Value name = attribute(vm.names().qualname); !name.is_empty()) {
    auto text = str_text(vm, name);
    if (text.is_ok()) {
      Str* module = try_as<Str>(attribute(vm.names().module_));
      if (!module || str_equal(module, "builtins")) return text.value() + "()";
      return to_utf8(module) + "." + text.value() + "()";
    }
    (void)vm.take_pending();
  }
  auto text = str_text(vm, callee);
  if (text.is_ok()) return text.value();
  (void)vm.take_pending();
  return "object";
}

Error raise_too_many_positional(VM& vm, Function* function, uint32_t given, const Value* bound) {
  Code* code = function->code;
  uint32_t takes = code->argument_count;
  const Tuple* defaults = try_as<Tuple>(function->defaults);
  uint32_t default_count = defaults ? static_cast<uint32_t>(defaults->length) : 0;
  uint32_t keyword_given = 0;
  for (uint32_t i = takes; i < takes + code->keyword_only_count; ++i)
    keyword_given += !bound[i].is_empty();
  std::string count = default_count ? "from " + std::to_string(int64_t{takes} - default_count) +
                                          " to " + std::to_string(takes)
                                    : std::to_string(takes);
  bool plural = default_count ? true : takes != 1;
  std::string extra;
  if (keyword_given) {
    extra = " positional argument" + std::string(given == 1 ? "" : "s") + " (and " +
            std::to_string(keyword_given) + " keyword-only argument" +
            (keyword_given == 1 ? "" : "s") + ")";
  }
  return vm.raise(Exc::TypeError, "{}() takes {} positional argument{} but {}{} {} given",
                  qualname_of(function), count, plural ? "s" : "", given, extra,
                  given == 1 && !keyword_given ? "was" : "were");
}

Error raise_missing_positional(VM& vm, Function* function, const Value* bound) {
  Code* code = function->code;
  const Tuple* defaults = try_as<Tuple>(function->defaults);
  uint32_t default_count = defaults ? static_cast<uint32_t>(defaults->length) : 0;
  uint32_t end = code->argument_count - std::min(code->argument_count, default_count);
  std::vector<std::string> names;
  for (uint32_t i = 0; i < end; ++i)
    if (bound[i].is_empty()) names.push_back(to_utf8(as<Str>(code->local_names->values()[i])));
  return raise_missing(vm, function, names, "positional");
}

Error raise_missing_keyword_only(VM& vm, Function* function, const Value* bound) {
  Code* code = function->code;
  std::vector<std::string> names;
  for (uint32_t i = code->argument_count; i < code->argument_count + code->keyword_only_count; ++i)
    if (bound[i].is_empty()) names.push_back(to_utf8(as<Str>(code->local_names->values()[i])));
  return raise_missing(vm, function, names, "keyword-only");
}

Error raise_multiple_values(VM& vm, Function* function, const Str* name) {
  return vm.raise(Exc::TypeError, "{}() got multiple values for argument '{}'",
                  qualname_of(function), name);
}

Error raise_unexpected_keyword(VM& vm, Function* function, Tuple* names, Str* name) {
  Code* code = function->code;
  std::vector<std::string> positional_only;
  for (uint32_t i = 0; i < code->positional_only_count; ++i) {
    const Str* parameter = as<Str>(code->local_names->values()[i]);
    for (Value given : names->span())
      if (str_equal(parameter, as<Str>(given))) positional_only.push_back(to_utf8(parameter));
  }
  if (!positional_only.empty()) {
    std::string list;
    for (const std::string& text : positional_only) list += (list.empty() ? "" : ", ") + text;
    return vm.raise(Exc::TypeError,
                    "{}() got some positional-only arguments passed as keyword arguments: '{}'",
                    qualname_of(function), list);
  }
  uint32_t parameters = code->argument_count + code->keyword_only_count;
  Str* similar =
      suggest_name(vm, name,
                   code->local_names->span().subspan(code->positional_only_count,
                                                     parameters - code->positional_only_count));
  if (similar) {
    return vm.raise(Exc::TypeError,
                    "{}() got an unexpected keyword argument '{}'. Did you mean '{}'?",
                    qualname_of(function), name, similar);
  }
  return vm.raise(Exc::TypeError, "{}() got an unexpected keyword argument '{}'",
                  qualname_of(function), name);
}

Result<Dict*> builtins_for(VM& vm, Dict* globals) {
  Value entry = dict_get_str(vm, globals, vm.names().builtins_);
  if (Module* module = try_as<Module>(entry)) return module->dict;
  if (Dict* dict = try_as<Dict>(entry)) return dict;
  if (entry.is_empty()) return vm.builtins();
  if (is_exact(entry, BuiltinType::MappingProxy)) entry = as<Record>(entry)->fields()[0];
  if (Dict* dict = try_as<Dict>(entry)) return dict;
  return vm.raise(Exc::TypeError, "'{}' object is not subscriptable", vm.type_of(entry));
}

namespace {

constexpr size_t kMaxNameLength = 40;
constexpr int kMoveCost = 2, kCaseCost = 1;

uint32_t lower(uint32_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

int substitution_cost(uint32_t a, uint32_t b) {
  if (a == b) return 0;
  return lower(a) == lower(b) ? kCaseCost : kMoveCost;
}

/// Edit distance with moves of cost 2 and case changes of cost 1; gives up above `limit`.
int edit_distance(const Str* a, const Str* b, int limit) {
  if (a->length > kMaxNameLength || b->length > kMaxNameLength) return limit + 1;
  int row[kMaxNameLength + 1];
  for (size_t j = 0; j <= b->length; ++j) row[j] = static_cast<int>(j) * kMoveCost;
  for (size_t i = 1; i <= a->length; ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) * kMoveCost;
    int best = row[0];
    for (size_t j = 1; j <= b->length; ++j) {
      int cost = std::min({row[j] + kMoveCost, row[j - 1] + kMoveCost,
                           diagonal + substitution_cost(a->at(i - 1), b->at(j - 1))});
      diagonal = row[j];
      row[j] = cost;
      best = std::min(best, cost);
    }
    if (best > limit) return limit + 1;
  }
  return row[b->length];
}

}  // namespace

Str* suggest_name(VM&, const Str* wrong, std::span<const Value> names) {
  Str* best = nullptr;
  int best_distance = INT32_MAX;
  for (Value candidate : names) {
    Str* name = try_as<Str>(candidate);
    if (!name || str_equal(name, wrong)) continue;
    // No more than a third of the characters may need to change.
    int limit = static_cast<int>((name->length + wrong->length + 3) * kMoveCost / 6);
    limit = std::min(limit, best_distance - 1);
    int distance = edit_distance(wrong, name, limit);
    if (distance > limit) continue;
    best = name;
    best_distance = distance;
  }
  return best;
}

}  // namespace apy
