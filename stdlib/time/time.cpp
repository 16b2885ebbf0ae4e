// The module `time`: clocks, sleeping, calendar times.
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>

#include "runtime/async/threads.h"
#include "stdlib/time/struct_time.h"
#include "vm/binding/bind.h"
#include "vm/objects/bigint.h"

namespace apy {

namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;
/// How long a sleep goes without looking whether the engine asks it to stop.
constexpr int64_t kSleepSlice = 50'000'000;

Type* struct_time_type(VM& vm) { return static_cast<Type*>(vm.module_state(&kStructTimeType)); }

Error raise_errno(VM& vm, int error) {
  auto text = make_str(vm, std::strerror(error));
  if (text.is_error()) return Error{};
  Value arguments[2] = {Value::small_int(error), text.value()};
  return vm.raise_with(Exc::OSError, arguments);
}

int64_t read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * kNanoseconds + t.tv_nsec;
}

double seconds_of(int64_t nanoseconds) {
  const int64_t whole = nanoseconds / kNanoseconds;
  if (whole * kNanoseconds == nanoseconds) return static_cast<double>(whole);
  return static_cast<double>(nanoseconds) / 1e9;
}

template <clockid_t clock>
Result<double> clock_seconds(VM&) {
  return seconds_of(read_clock(clock));
}
template <clockid_t clock>
Result<int64_t> clock_nanoseconds(VM&) {
  return read_clock(clock);
}

Result<double> clock_gettime_method(VM& vm, int64_t clock) {
  timespec t{};
  if (clock_gettime(static_cast<clockid_t>(clock), &t)) return raise_errno(vm, errno);
  return seconds_of(t.tv_sec * kNanoseconds + t.tv_nsec);
}
Result<int64_t> clock_gettime_ns(VM& vm, int64_t clock) {
  timespec t{};
  if (clock_gettime(static_cast<clockid_t>(clock), &t)) return raise_errno(vm, errno);
  return t.tv_sec * kNanoseconds + t.tv_nsec;
}
Result<double> clock_getres_method(VM& vm, int64_t clock) {
  timespec t{};
  if (clock_getres(static_cast<clockid_t>(clock), &t)) return raise_errno(vm, errno);
  return seconds_of(t.tv_sec * kNanoseconds + t.tv_nsec);
}

Error out_of_range(VM& vm) {
  return vm.raise(Exc::OverflowError, "timestamp out of range for platform time_t");
}

/// Seconds as a number into nanoseconds, rounded up.
Result<int64_t> duration(VM& vm, Value v) {
  if (is_float(v)) {
    double d = as_float(v);
    if (std::isnan(d)) return vm.raise(Exc::ValueError, "Invalid value NaN (not a number)");
    double nanoseconds = std::ceil(d * 1e9);
    if (std::fabs(nanoseconds) >= 0x1p63) return out_of_range(vm);
    return static_cast<int64_t>(nanoseconds);
  }
  Value integer = TRY(to_index(vm, v));
  int64_t seconds;
  if (!fits_int64(integer, &seconds) || std::abs(seconds) > INT64_MAX / kNanoseconds)
    return out_of_range(vm);
  return seconds * kNanoseconds;
}

Result<void> sleep(VM& vm, Value seconds) {
  int64_t length = TRY(duration(vm, seconds));
  if (length < 0) return vm.raise(Exc::ValueError, "sleep length must be non-negative");
  int64_t now = read_clock(CLOCK_MONOTONIC);
  int64_t end = length > INT64_MAX - now ? INT64_MAX : now + length;
  do {
    if (other_threads(vm)) {
      TRY(let_others_run(vm, {}, end));
      now = read_clock(CLOCK_MONOTONIC);
      continue;
    }
    int64_t until = std::min(end, now + kSleepSlice);
    timespec target{until / kNanoseconds, until % kNanoseconds};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, nullptr);
    if (vm.poll_needed()) TRY(vm.poll());
    now = read_clock(CLOCK_MONOTONIC);
  } while (now < end);
  return {};
}

// --- calendar ---

/// The argument of gmtime and its like: None or absent is now.
Result<time_t> timestamp(VM& vm, const Optional<Value>& v) {
  if (!v.present || v.value.is_none()) return std::time(nullptr);
  if (is_float(v.value)) {
    double d = as_float(v.value);
    if (std::isnan(d)) return vm.raise(Exc::ValueError, "Invalid value NaN (not a number)");
    d = std::floor(d);
    if (d < -0x1p63 || d >= 0x1p63) return out_of_range(vm);
    return static_cast<time_t>(d);
  }
  int64_t seconds;
  if (!fits_int64(TRY(to_index(vm, v.value)), &seconds)) return out_of_range(vm);
  return seconds;
}

template <std::tm* (*convert)(const time_t*, std::tm*)>
Result<Value> broken_down(VM& vm, Optional<Value> seconds) {
  time_t t = TRY(timestamp(vm, seconds));
  std::tm tm{};
  errno = 0;
  if (!convert(&t, &tm)) return raise_errno(vm, errno ? errno : EINVAL);
  return make_struct_time(vm, struct_time_type(vm), tm);
}

/// `v` absent: the local time now. Ranges are checked.
Result<void> calendar_argument(VM& vm, const Optional<Value>& v, const char* function, std::tm* tm,
                               char (&zone)[8]) {
  if (v.present) {
    TRY(read_struct_time(vm, struct_time_type(vm), v.value, function, tm, zone));
    return check_struct_time(vm, tm);
  }
  time_t now = std::time(nullptr);
  localtime_r(&now, tm);
  return {};
}

Result<Str*> format_asctime(VM& vm, const std::tm& tm) {
  static constexpr char kDays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr char kMonths[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  int length = std::snprintf(text, sizeof text, "%s %s%3d %.2d:%.2d:%.2d %lld", kDays[tm.tm_wday],
                             kMonths[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                             1900LL + tm.tm_year);
  return make_str(vm, {text, static_cast<size_t>(length)});
}

Result<Str*> asctime(VM& vm, Optional<Value> t) {
  std::tm tm{};
  char zone[8];
  TRY(calendar_argument(vm, t, "asctime", &tm, zone));
  return format_asctime(vm, tm);
}

Result<Str*> ctime(VM& vm, Optional<Value> seconds) {
  time_t t = TRY(timestamp(vm, seconds));
  std::tm tm{};
  errno = 0;
  if (!localtime_r(&t, &tm)) return raise_errno(vm, errno ? errno : EINVAL);
  return format_asctime(vm, tm);
}

/// One piece of a format, without NUL.
Result<void> append_formatted(VM& vm, std::string* out, std::string piece, const std::tm& tm) {
  // A last character of our own tells an empty result from a buffer that is too small.
  piece += '.';
  std::string buffer(piece.size() * 4 + 128, 0);
  while (true) {
    size_t length = std::strftime(buffer.data(), buffer.size(), piece.c_str(), &tm);
    if (length > 0) {
      out->append(buffer, 0, length - 1);
      return {};
    }
    if (buffer.size() > piece.size() * 256 + 4096) return vm.out_of_memory();
    buffer.resize(buffer.size() * 2);
  }
}

Result<Str*> strftime(VM& vm, Str* format, Optional<Value> t) {
  std::tm tm{};
  char zone[8];
  TRY(calendar_argument(vm, t, "strftime", &tm, zone));
  if (tm.tm_isdst < -1) tm.tm_isdst = -1;
  if (tm.tm_isdst > 1) tm.tm_isdst = 1;
  std::string text = to_utf8(format), out;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find('\0', at), text.size());
    TRY(append_formatted(vm, &out, text.substr(at, end - at), tm));
    if (end < text.size()) out += '\0';
    at = end + 1;
  }
  return make_str(vm, out);
}

Result<Value> strptime(VM& vm, Value text, Optional<Value> format) {
  return read_time(vm, struct_time_type(vm), text, format.present ? format.value : Value());
}

Result<double> mktime(VM& vm, Value t) {
  std::tm tm{};
  char zone[8];
  TRY(read_struct_time(vm, struct_time_type(vm), t, "mktime", &tm, zone));
  tm.tm_wday = -1;  // stays so on failure
  time_t result = std::mktime(&tm);
  if (result == -1 && tm.tm_wday == -1)
    return vm.raise(Exc::OverflowError, "mktime argument out of range");
  return static_cast<double>(result);
}

/// Sets timezone, altzone, daylight and tzname from what TZ says now.
Result<void> set_zone_constants(VM& vm, Module* module) {
  ::tzset();
  constexpr time_t kYear = (365 * 24 + 6) * 3600;
  time_t now = std::time(nullptr) / kYear * kYear;
  std::tm winter{}, summer{};
  localtime_r(&now, &winter);
  now += kYear / 2;
  localtime_r(&now, &summer);
  if (winter.tm_gmtoff > summer.tm_gmtoff) std::swap(winter, summer);  // the southern half
  Value names[2] = {TRY(make_str(vm, winter.tm_zone)), TRY(make_str(vm, summer.tm_zone))};
  TRY(module_set(vm, module, "timezone", Value::small_int(-winter.tm_gmtoff)));
  TRY(module_set(vm, module, "altzone", Value::small_int(-summer.tm_gmtoff)));
  TRY(module_set(vm, module, "daylight", Value::small_int(winter.tm_gmtoff != summer.tm_gmtoff)));
  return module_set(vm, module, "tzname", TRY(make_tuple(vm, names)));
}

Result<void> tzset_method(VM& vm) {
  Value module = TRY(vm.import_module("time"));
  if (Module* found = try_as<Module>(module)) return set_zone_constants(vm, found);
  return {};
}

// --- about the clocks ---

struct ClockInfo {
  const char* name;
  const char* implementation;
  clockid_t clock;
  bool monotonic, adjustable;
};
constexpr ClockInfo kClocks[] = {
    {"time", "clock_gettime(CLOCK_REALTIME)", CLOCK_REALTIME, false, true},
    {"monotonic", "clock_gettime(CLOCK_MONOTONIC)", CLOCK_MONOTONIC, true, false},
    {"perf_counter", "clock_gettime(CLOCK_MONOTONIC)", CLOCK_MONOTONIC, true, false},
    {"process_time", "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", CLOCK_PROCESS_CPUTIME_ID, true,
     false},
    {"thread_time", "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", CLOCK_THREAD_CPUTIME_ID, true, false},
};

Result<Value> get_clock_info(VM& vm, Str* name) {
  for (const ClockInfo& info : kClocks) {
    if (!str_equal(name, info.name)) continue;
    Value types = TRY(vm.import_module("types"));
    Value make = TRY(get_attribute(vm, types, TRY(intern(vm, "SimpleNamespace"))));
    timespec resolution{};
    clock_getres(info.clock, &resolution);
    Value names[4] = {TRY(intern(vm, "implementation")), TRY(intern(vm, "monotonic")),
                      TRY(intern(vm, "adjustable")), TRY(intern(vm, "resolution"))};
    Value values[4] = {
        TRY(make_str(vm, info.implementation)), Value::boolean(info.monotonic),
        Value::boolean(info.adjustable),
        TRY(make_float(vm, seconds_of(resolution.tv_sec * kNanoseconds + resolution.tv_nsec)))};
    return vm.call_keywords(make, values, TRY(make_tuple(vm, names)));
  }
  return vm.raise(Exc::ValueError, "unknown clock");
}

constexpr NativeFunctionDef kFunctions[] = {
    {"time()", "Return the current time in seconds since the Epoch.",
     bind<clock_seconds<CLOCK_REALTIME>>()},
    {"time_ns()", "Return the current time in nanoseconds since the Epoch.",
     bind<clock_nanoseconds<CLOCK_REALTIME>>()},
    {"monotonic()", "Monotonic clock, cannot go backward.", bind<clock_seconds<CLOCK_MONOTONIC>>()},
    {"monotonic_ns()", "Monotonic clock, cannot go backward, as nanoseconds.",
     bind<clock_nanoseconds<CLOCK_MONOTONIC>>()},
    {"perf_counter()", "Performance counter for benchmarking.",
     bind<clock_seconds<CLOCK_MONOTONIC>>()},
    {"perf_counter_ns()", "Performance counter for benchmarking as nanoseconds.",
     bind<clock_nanoseconds<CLOCK_MONOTONIC>>()},
    {"process_time()", "Process time for profiling: sum of the kernel and user-space CPU time.",
     bind<clock_seconds<CLOCK_PROCESS_CPUTIME_ID>>()},
    {"process_time_ns()", "Process time for profiling as nanoseconds.",
     bind<clock_nanoseconds<CLOCK_PROCESS_CPUTIME_ID>>()},
    {"thread_time()", "Thread time for profiling: sum of the kernel and user-space CPU time.",
     bind<clock_seconds<CLOCK_THREAD_CPUTIME_ID>>()},
    {"thread_time_ns()", "Thread time for profiling as nanoseconds.",
     bind<clock_nanoseconds<CLOCK_THREAD_CPUTIME_ID>>()},
    {"clock_gettime(clk_id, /)", "Return the time of the specified clock clk_id as a float.",
     bind<clock_gettime_method>()},
    {"clock_gettime_ns(clk_id, /)",
     "Return the time of the specified clock clk_id as nanoseconds (int).",
     bind<clock_gettime_ns>()},
    {"clock_getres(clk_id, /)", "Return the resolution (precision) of the specified clock clk_id.",
     bind<clock_getres_method>()},
    {"sleep(object, /)", "Delay execution for a given number of seconds, which may be a fraction.",
     bind<sleep>()},
    {"gmtime(seconds=None, /)",
     "Convert seconds since the Epoch (by default: now) to a struct_time in UTC.",
     bind<broken_down<gmtime_r>>()},
    {"localtime(seconds=None, /)",
     "Convert seconds since the Epoch (by default: now) to a struct_time in local time.",
     bind<broken_down<localtime_r>>()},
    {"asctime(tuple=None, /)", "Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'.",
     bind<asctime>()},
    {"ctime(seconds=None, /)",
     "Convert a time in seconds since the Epoch to a string in local time.", bind<ctime>()},
    {"mktime(tuple, /)", "Convert a time tuple in local time to seconds since the Epoch.",
     bind<mktime>()},
    {"strftime(format, tuple=None, /)",
     "Convert a time tuple to a string according to a format specification.", bind<strftime>()},
    {"strptime(string, format='%a %b %d %H:%M:%S %Y', /)",
     "Parse a string to a time tuple according to a format specification.", bind<strptime>()},
    {"tzset()",
     "Initialize, or reinitialize, the local timezone to the value stored in os.environ['TZ'].",
     bind<tzset_method>()},
    {"get_clock_info(name, /)", "Get information of the specified clock.", bind<get_clock_info>()},
};

Result<void> initialize(VM& vm, Module* module) {
  Type* type = TRY(make_native_type(vm, kStructTimeType, vm.type(BuiltinType::Tuple)));
  vm.module_state(&kStructTimeType) = type;
  TRY(module_set(vm, module, "struct_time", type));
  constexpr struct {
    const char* name;
    int value;
  } kConstants[] = {{"CLOCK_REALTIME", CLOCK_REALTIME},
                    {"CLOCK_MONOTONIC", CLOCK_MONOTONIC},
                    {"CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW},
                    {"CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID},
                    {"CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID},
                    {"CLOCK_BOOTTIME", CLOCK_BOOTTIME},
                    {"CLOCK_TAI", CLOCK_TAI},
                    {"_STRUCT_TM_ITEMS", 11}};
  for (auto& constant : kConstants)
    TRY(module_set(vm, module, constant.name, Value::small_int(constant.value)));
  return set_zone_constants(vm, module);
}

}  // namespace

extern const NativeModuleDef kTimeModule = {
    "time", "This module provides various functions to manipulate time values.", kFunctions,
    initialize};

}  // namespace apy
