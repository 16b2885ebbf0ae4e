// struct_time is a native subclass of tuple. Behind the nine items that the tuple has lie two more,
// tm_zone and tm_gmtoff; the collector does not see them, so they are never cells: the zone's name
// is packed into a small int.
#include "stdlib/time/struct_time.h"

#include <algorithm>
#include <cstring>

#include "vm/binding/bind.h"
#include "vm/objects/indexing.h"

namespace apy {

namespace {

constexpr size_t kVisible = 9, kAll = 11;
constexpr size_t kZone = 9, kOffset = 10;
constexpr const char* kFieldNames[kAll] = {"tm_year",  "tm_mon",  "tm_mday",  "tm_hour",
                                           "tm_min",   "tm_sec",  "tm_wday",  "tm_yday",
                                           "tm_isdst", "tm_zone", "tm_gmtoff"};

Value pack_zone(std::string_view zone) {
  uint64_t packed = 0;
  std::memcpy(&packed, zone.data(), std::min<size_t>(zone.size(), 7));
  return Value::small_int(static_cast<int64_t>(packed));
}
void unpack_zone(Value packed, char (&zone)[8]) {
  uint64_t text = packed.is_small_int() ? static_cast<uint64_t>(packed.as_small_int()) : 0;
  std::memcpy(zone, &text, 8);
}

Result<Tuple*> allocate(VM& vm, Type* type) {
  auto* tuple = static_cast<Tuple*>(
      TRY(allocate_variable_instance(vm, type, sizeof(Tuple) + kAll * sizeof(Value))));
  tuple->length = kVisible;
  tuple->values()[kZone] = tuple->values()[kOffset] = Value::none();
  return tuple;
}

Result<Value> struct_time_new(VM& vm, Type* cls, Value sequence) {
  if (type_special(vm, vm.type_of(sequence), Special::Iter).is_empty() &&
      type_special(vm, vm.type_of(sequence), Special::GetItem).is_empty())
    return vm.raise(Exc::TypeError, "constructor requires a sequence");
  Tuple* items = TRY(tuple_from(vm, sequence));
  if (items->length < kVisible)
    return vm.raise(Exc::TypeError,
                    "time.struct_time() takes an at least 9-sequence ({}-sequence given)",
                    items->length);
  if (items->length > kAll)
    return vm.raise(Exc::TypeError,
                    "time.struct_time() takes an at most 11-sequence ({}-sequence given)",
                    items->length);
  Tuple* result = TRY(allocate(vm, cls));
  std::copy_n(items->values(), kVisible, result->values());
  if (items->length > kZone) {
    Str* zone = try_as<Str>(items->values()[kZone]);
    if (zone && zone->is_ascii()) result->values()[kZone] = pack_zone(zone->latin1());
  }
  if (items->length > kOffset && items->values()[kOffset].is_small_int())
    result->values()[kOffset] = items->values()[kOffset];
  return result;
}

Result<Str*> struct_time_repr(VM& vm, Tuple* self) {
  StrBuilder out(vm);
  out.append("time.struct_time(");
  for (size_t i = 0; i < kVisible; ++i) {
    if (i) out.append(", ");
    out.append(kFieldNames[i]);
    out.append("=");
    out.append(TRY(repr_of(vm, self->values()[i])));
  }
  out.append(")");
  return out.finish();
}

template <size_t index>
Result<Value> get_field(VM& vm, Value self) {
  Tuple* tuple = as<Tuple>(self);
  Value v = tuple->values()[index];
  if (index != kZone || !v.is_small_int()) return v;
  char zone[8];
  unpack_zone(v, zone);
  return make_str(vm, zone);
}

Result<Value> struct_time_reduce(VM& vm, Tuple* self) {
  Value items[kAll];
  for (size_t i = 0; i < kVisible; ++i) items[i] = self->values()[i];
  items[kZone] = TRY(get_field<kZone>(vm, self));
  items[kOffset] = self->values()[kOffset];
  Value arguments = TRY(make_tuple(vm, items));
  arguments = TRY(make_tuple(vm, {&arguments, 1}));
  Value pair[2] = {vm.type_of(self), arguments};
  return make_tuple(vm, pair);
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, iterable, /)", "Create and return a new object.", bind<struct_time_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<struct_time_repr>()},
    {"__reduce__(self, /)", "What to pickle.", bind<struct_time_reduce>()},
};
constexpr NativeGetSetDef kFields[] = {
    {"tm_year", "year, for example, 1993", get_field<0>},
    {"tm_mon", "month of year, range [1, 12]", get_field<1>},
    {"tm_mday", "day of month, range [1, 31]", get_field<2>},
    {"tm_hour", "hours, range [0, 23]", get_field<3>},
    {"tm_min", "minutes, range [0, 59]", get_field<4>},
    {"tm_sec", "seconds, range [0, 61])", get_field<5>},
    {"tm_wday", "day of week, range [0, 6], Monday is 0", get_field<6>},
    {"tm_yday", "day of year, range [1, 366]", get_field<7>},
    {"tm_isdst", "1 if summer time is in effect, 0 if not, and -1 if unknown", get_field<8>},
    {"tm_zone", "abbreviation of timezone name", get_field<kZone>},
    {"tm_gmtoff", "offset from UTC in seconds", get_field<kOffset>},
};

Result<void> extend(VM& vm, Type* type) {
  auto set = [&](std::string_view name, Value v) -> Result<void> {
    return dict_set_str(vm, type->dict, TRY(intern(vm, name)), v);
  };
  TRY(set("n_fields", Value::small_int(kAll)));
  TRY(set("n_sequence_fields", Value::small_int(kVisible)));
  TRY(set("n_unnamed_fields", Value::small_int(0)));
  Tuple* names = TRY(make_tuple(vm, kVisible));
  for (size_t i = 0; i < kVisible; ++i) names->values()[i] = Value::none();
  for (size_t i = 0; i < kVisible; ++i) {
    names->values()[i] = TRY(intern(vm, kFieldNames[i]));
    vm.barrier(names);
  }
  return set("__match_args__", names);
}

}  // namespace

extern const NativeTypeDef kStructTimeType = {
    .name = "time.struct_time",
    .doc =
        "The time value as returned by gmtime(), localtime(), and strptime(), and accepted by "
        "asctime(), mktime() and\n"
        "strftime(). May be considered as a sequence of 9 integers; some values have names only.",
    .methods = kMethods,
    .attributes = kFields,
    .extend = extend,
};

Result<Value> make_struct_time(VM& vm, Type* type, const std::tm& t, bool has_offset) {
  Tuple* tuple = TRY(allocate(vm, type));
  const int fields[kVisible] = {t.tm_year + 1900,    t.tm_mon + 1,  t.tm_mday,
                                t.tm_hour,           t.tm_min,      t.tm_sec,
                                (t.tm_wday + 6) % 7, t.tm_yday + 1, t.tm_isdst};
  for (size_t i = 0; i < kVisible; ++i) tuple->values()[i] = Value::small_int(fields[i]);
  if (t.tm_zone) tuple->values()[kZone] = pack_zone(t.tm_zone);
  if (has_offset) tuple->values()[kOffset] = Value::small_int(t.tm_gmtoff);
  return tuple;
}

Result<void> read_struct_time(VM& vm, Type* type, Value v, const char* function, std::tm* out,
                              char (&zone)[8]) {
  Tuple* tuple = try_as<Tuple>(v);
  if (!tuple) return vm.raise(Exc::TypeError, "Tuple or struct_time argument required");
  if (tuple->length != kVisible)
    return vm.raise(Exc::TypeError, "{}(): illegal time tuple argument", function);
  int64_t fields[kVisible];
  for (size_t i = 0; i < kVisible; ++i) {
    fields[i] = TRY(to_int64(vm, tuple->values()[i]));
    if (fields[i] > INT32_MAX || fields[i] < INT32_MIN + 1900)
      return i == 0 ? vm.raise(Exc::OverflowError, "year out of range")
                    : vm.raise(Exc::OverflowError, "signed integer is greater than maximum");
  }
  auto field = [&](size_t i) { return static_cast<int>(fields[i]); };
  *out = {};
  out->tm_year = field(0) - 1900;
  out->tm_mon = field(1) - 1;
  out->tm_mday = field(2);
  out->tm_hour = field(3);
  out->tm_min = field(4);
  out->tm_sec = field(5);
  out->tm_wday = (field(6) + 1) % 7;
  out->tm_yday = field(7) - 1;
  out->tm_isdst = field(8);
  zone[0] = 0;
  out->tm_zone = zone;
  if (vm.type_of(tuple) == type) {
    unpack_zone(tuple->values()[kZone], zone);
    if (tuple->values()[kOffset].is_small_int())
      out->tm_gmtoff = tuple->values()[kOffset].as_small_int();
  }
  return {};
}

Result<void> check_struct_time(VM& vm, std::tm* tm) {
  auto fail = [&](const char* what) { return vm.raise(Exc::ValueError, "{} out of range", what); };
  if (tm->tm_mon == -1) tm->tm_mon = 0;
  if (tm->tm_mon < 0 || tm->tm_mon > 11) return fail("month");
  if (tm->tm_mday == 0) tm->tm_mday = 1;
  if (tm->tm_mday < 0 || tm->tm_mday > 31) return fail("day of month");
  if (tm->tm_hour < 0 || tm->tm_hour > 23) return fail("hour");
  if (tm->tm_min < 0 || tm->tm_min > 59) return fail("minute");
  if (tm->tm_sec < 0 || tm->tm_sec > 61) return fail("seconds");
  if (tm->tm_wday < 0) return fail("day of week");
  if (tm->tm_yday == -1) tm->tm_yday = 0;
  if (tm->tm_yday < 0 || tm->tm_yday > 365) return fail("day of year");
  return {};
}

}  // namespace apy
