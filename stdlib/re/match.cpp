// re.Match.
#include <algorithm>

#include "stdlib/re/pattern.h"
#include "vm/objects/text.h"

namespace apy::re {

const NativeClass Match::kClass = {"re.Match", trace_values<4>, nullptr};

Result<Match*> make_match(VM& vm, Pattern* pattern, Value string, int64_t pos, int64_t endpos) {
  Match* match = TRY(make_native<Match>(vm, native_type<Match>(vm)));
  match->pattern = pattern;
  match->string = string;
  match->pos = pos;
  match->endpos = endpos;
  match->group_count = pattern->program->group_count();
  size_t size = 2 * (match->group_count + size_t{1});
  if (match->group_count >= Match::kInlineGroups) {
    match->more = TRY(make_byte_storage(vm, size * sizeof(size_t)));
    vm.barrier(match);
  }
  std::copy_n(pattern->program->positions(), size, match->positions());
  match->last_group = pattern->program->last_group();
  return match;
}

Result<Value> match_group(VM& vm, Match* match, uint32_t group, Value fallback) {
  size_t begin = match->positions()[2 * group], end = match->positions()[2 * group + 1];
  if (begin == SIZE_MAX) return fallback;
  end = std::max(begin, end);
  if (Str* text = try_as<Str>(match->string)) {
    if (begin == 0 && end == text->length && is_exact(text, BuiltinType::Str)) return text;
    return str_slice(vm, text, begin, end);
  }
  std::string_view bytes;
  get_bytes(match->string, &bytes);  // a buffer may have shrunk since
  if (is_exact(match->string, BuiltinType::Bytes) && begin == 0 && end == bytes.size())
    return match->string;
  begin = std::min(begin, bytes.size());
  return make_bytes(vm, bytes.substr(begin, std::min(end, bytes.size()) - begin));
}

namespace {

/// The number that a script gave, or that of the name.
Result<uint32_t> group_number(VM& vm, Match* match, Value key) {
  Value number = key;
  if (is_kind(key, CellKind::Str)) {
    if (!TRY(dict_get(vm, match->pattern->group_index, key, &number))) number = Value();
  } else if (!is_int(key)) {
    auto index = to_index(vm, key);
    if (index.is_ok())
      number = index.value();
    else if (!vm.catch_pending(Exc::TypeError))
      return Error{};
    else
      number = Value();
  }
  int64_t group = -1;
  if (number.is_empty() || !fits_int64(number, &group) || group < 0 || group > match->group_count)
    return vm.raise(Exc::IndexError, "no such group");
  return static_cast<uint32_t>(group);
}

Result<Value> group_method(VM& vm, Match* match, Rest keys) {
  if (keys.values.empty()) return match_group(vm, match, 0, Value::none());
  if (keys.values.size() == 1)
    return match_group(vm, match, TRY(group_number(vm, match, keys.values[0])), Value::none());
  Tuple* tuple = TRY(make_tuple(vm, keys.values.size()));
  for (size_t i = 0; i < keys.values.size(); ++i) {
    tuple->values()[i] =
        TRY(match_group(vm, match, TRY(group_number(vm, match, keys.values[i])), Value::none()));
    vm.barrier(tuple);
  }
  return tuple;
}
Result<Value> get_item_method(VM& vm, Match* match, Value key) {
  return match_group(vm, match, TRY(group_number(vm, match, key)), Value::none());
}

Result<Value> groups_method(VM& vm, Match* match, Optional<Value> fallback) {
  Tuple* tuple = TRY(make_tuple(vm, match->group_count));
  for (uint32_t i = 1; i <= match->group_count; ++i) {
    tuple->values()[i - 1] = TRY(match_group(vm, match, i, fallback.value_or(Value::none())));
    vm.barrier(tuple);
  }
  return tuple;
}

Result<Value> groupdict_method(VM& vm, Match* match, Optional<Value> fallback) {
  Dict* dict = TRY(make_dict(vm));
  for (DictCursor cursor(match->pattern->group_index); cursor.next();) {
    auto group = static_cast<uint32_t>(cursor.value().as_small_int());
    Value key = cursor.key();
    TRY(dict_set(vm, dict, key,
                 TRY(match_group(vm, match, group, fallback.value_or(Value::none())))));
  }
  return dict;
}

Value position_value(size_t position) {
  return Value::small_int(position == SIZE_MAX ? -1 : static_cast<int64_t>(position));
}
Result<Value> pair_of(VM& vm, Match* match, uint32_t group) {
  Value pair[2] = {position_value(match->positions()[2 * group]),
                   position_value(match->positions()[2 * group + 1])};
  return make_tuple(vm, pair);
}
template <int side>
Result<Value> side_method(VM& vm, Match* match, Optional<Value> group) {
  uint32_t number = group.present ? TRY(group_number(vm, match, group.value)) : 0;
  return position_value(match->positions()[2 * number + side]);
}
Result<Value> span_method(VM& vm, Match* match, Optional<Value> group) {
  return pair_of(vm, match, group.present ? TRY(group_number(vm, match, group.value)) : 0);
}

Result<Value> expand_method(VM& vm, Match* match, Value source) {
  return expand_template(vm, match, TRY(parse_template(vm, match->pattern, source)));
}

Result<Value> same_match(VM&, Match* match) { return match; }
Result<Value> deep_same_match(VM&, Match* match, Value) { return match; }

Result<Value> match_repr(VM& vm, Match* match) {
  StrBuilder out(vm);
  out.append("<re.Match object; span=");
  out.append(TRY(repr_of(vm, TRY(pair_of(vm, match, 0)))));
  out.append(", match=");
  out.append(TRY(repr_of(vm, TRY(match_group(vm, match, 0, Value::none())))));
  out.append(">");
  return out.finish();
}

Result<Value> class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

Match* self_of(Value self) { return static_cast<Match*>(self.cell()); }
Result<Value> get_string(VM&, Value self) { return self_of(self)->string; }
Result<Value> get_re(VM&, Value self) { return self_of(self)->pattern; }
Result<Value> get_pos(VM&, Value self) { return Value::small_int(self_of(self)->pos); }
Result<Value> get_endpos(VM&, Value self) { return Value::small_int(self_of(self)->endpos); }
Result<Value> get_last_index(VM&, Value self) {
  uint32_t last = self_of(self)->last_group;
  return last ? Value::small_int(last) : Value::none();
}
Result<Value> get_last_group(VM&, Value self) {
  Match* match = self_of(self);
  return match->last_group ? match->pattern->group_names->values()[match->last_group]
                           : Value::none();
}
Result<Value> get_regs(VM& vm, Value self) {
  Match* match = self_of(self);
  if (match->regs.is_empty()) {
    Tuple* tuple = TRY(make_tuple(vm, match->group_count + size_t{1}));
    for (uint32_t i = 0; i <= match->group_count; ++i) {
      tuple->values()[i] = TRY(pair_of(vm, match, i));
      vm.barrier(tuple);
    }
    match->regs = tuple;
    vm.barrier(match);
  }
  return match->regs;
}

constexpr NativeFunctionDef kMethods[] = {
    {"group(self, /, *keys)",
     "One group of the match, or a tuple of several; the whole match without keys.",
     bind<group_method>()},
    {"groups(self, /, default=None)", "A tuple of all groups.", bind<groups_method>()},
    {"groupdict(self, /, default=None)", "A dict of the named groups.", bind<groupdict_method>()},
    {"start(self, group=0, /)", "Where the group starts.", bind<side_method<0>>()},
    {"end(self, group=0, /)", "Where the group ends.", bind<side_method<1>>()},
    {"span(self, group=0, /)", "(start, end) of the group.", bind<span_method>()},
    {"expand(self, /, template)", "The template with the groups filled in.", bind<expand_method>()},
    {"__getitem__(self, key, /)", "self[key]", bind<get_item_method>()},
    {"__repr__(self, /)", "repr(self)", bind<match_repr>()},
    {"__copy__(self, /)", "The match itself.", bind<same_match>()},
    {"__deepcopy__(self, memo, /)", "The match itself.", bind<deep_same_match>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<class_getitem>(), NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"string", "What was searched.", get_string},
    {"re", "The pattern.", get_re},
    {"pos", "Where the search began.", get_pos},
    {"endpos", "Where it had to end.", get_endpos},
    {"lastindex", "The group that was closed last.", get_last_index},
    {"lastgroup", "Its name.", get_last_group},
    {"regs", "The spans of all groups.", get_regs},
};

}  // namespace

const NativeTypeDef kMatchType = {.name = "re.Match",
                                  .doc = "What a pattern found.",
                                  .methods = kMethods,
                                  .attributes = kAttributes,
                                  .flags = Type::kDisallowNew | Type::kImmutable,
                                  .instance_size = sizeof(Match),
                                  .native_class = &Match::kClass};

}  // namespace apy::re
