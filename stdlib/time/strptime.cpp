// strptime: reads a time by a format of strftime's directives, with the names and orders of the C
// locale.
//
// A number takes as many digits as make a value in its range, at most what the directive allows;
// there is no going back, which no sensible format needs.
#include <algorithm>
#include <cctype>
#include <ctime>
#include <optional>
#include <string>

#include "stdlib/time/struct_time.h"
#include "vm/binding/bind.h"

namespace apy {

namespace {

constexpr std::string_view kDays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                      "friday", "saturday", "sunday"};
constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
constexpr std::string_view kDirectives = "aAbBcdfHIjmMpSuUwWxXyYzZ%";

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
int days_in(int64_t year, int month) {
  constexpr int kDaysIn[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDaysIn[month - 1] + (month == 2 && is_leap(year));
}
/// Days before 1 January of the year, counted from 1 January of year 1.
int64_t days_before(int64_t year) {
  int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400;
}
int day_of_year(int64_t year, int month, int day) {
  for (int m = 1; m < month; ++m) day += days_in(year, m);
  return day;
}
/// Monday is 0.
int weekday_of(int64_t year, int yday) {
  return static_cast<int>((days_before(year) + yday - 1) % 7);
}

/// What the text said; absent where it said nothing.
struct Fields {
  std::optional<int> year, yday, weekday, week;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
  std::optional<bool> afternoon;
  bool twelve_hours = false, weeks_start_monday = false;
  int is_dst = -1;
  std::optional<int> offset;
  std::string zone;
};

class Matcher {
 public:
  Matcher(std::string_view text, Fields* out) : text_(text), out_(*out) {}
  /// False when the text does not match.
  bool match(std::string_view format);
  std::string_view rest() const { return text_.substr(at_); }

 private:
  bool directive(char c);
  bool skip_space() {
    size_t begin = at_;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ > begin;
  }
  bool digit(size_t offset = 0) const {
    return at_ + offset < text_.size() && text_[at_ + offset] >= '0' && text_[at_ + offset] <= '9';
  }
  /// A number of `low`..`high` with at most `digits` digits, exactly so many if `exact`.
  bool number(int digits, int low, int high, int* out, bool exact = false);
  template <size_t n>
  bool name(const std::string_view (&names)[n], bool abbreviated, int* index);
  bool word(std::string_view lower_case);
  bool offset();
  bool zone();

  std::string_view text_;
  size_t at_ = 0;
  Fields& out_;
};

bool Matcher::number(int digits, int low, int high, int* out, bool exact) {
  int value = 0, best = -1;
  size_t best_length = 0;
  for (size_t i = 0; i < static_cast<size_t>(digits) && digit(i); ++i) {
    value = value * 10 + (text_[at_ + i] - '0');
    if (value > high) break;
    if (value >= low && (!exact || i + 1 == static_cast<size_t>(digits))) {
      best = value;
      best_length = i + 1;
    }
  }
  if (best < 0) return false;
  at_ += best_length;
  *out = best;
  return true;
}

bool Matcher::word(std::string_view lower_case) {
  if (text_.size() - at_ < lower_case.size()) return false;
  for (size_t i = 0; i < lower_case.size(); ++i)
    if (lower(text_[at_ + i]) != lower_case[i]) return false;
  at_ += lower_case.size();
  return true;
}

template <size_t n>
bool Matcher::name(const std::string_view (&names)[n], bool abbreviated, int* index) {
  for (size_t i = 0; i < n; ++i) {
    if (!word(abbreviated ? names[i].substr(0, 3) : names[i])) continue;
    *index = static_cast<int>(i);
    return true;
  }
  return false;
}

bool Matcher::offset() {
  if (at_ < text_.size() && lower(text_[at_]) == 'z') {
    ++at_;
    out_.offset = 0;
    return true;
  }
  if (at_ >= text_.size() || (text_[at_] != '+' && text_[at_] != '-')) return false;
  bool negative = text_[at_++] == '-';
  int hours, minutes, seconds = 0;
  if (!number(2, 0, 99, &hours, true)) return false;
  bool colon = at_ < text_.size() && text_[at_] == ':';
  at_ += colon;
  if (!number(2, 0, 59, &minutes, true)) return false;
  if (colon ? at_ < text_.size() && text_[at_] == ':' && digit(1) : digit()) {
    at_ += colon;
    if (!number(2, 0, 59, &seconds, true)) return false;
  }
  int total = hours * 3600 + minutes * 60 + seconds;
  out_.offset = negative ? -total : total;
  return true;
}

bool Matcher::zone() {
  ::tzset();
  const char* names[] = {"utc", "gmt", ::tzname[0], ::tzname[1]};
  for (int i = 0; i < 4; ++i) {
    std::string wanted = names[i];
    std::transform(wanted.begin(), wanted.end(), wanted.begin(), lower);
    size_t begin = at_;
    if (wanted.empty() || !word(wanted)) continue;
    out_.zone = text_.substr(begin, at_ - begin);
    out_.is_dst = i == 3 && wanted != names[2];
    return true;
  }
  return false;
}

bool Matcher::directive(char c) {
  int value = 0;
  auto keep = [&](std::optional<int>* field, bool matched, int shift = 0) {
    if (matched) *field = value + shift;
    return matched;
  };
  switch (c) {
    case 'a':
      return keep(&out_.weekday, name(kDays, true, &value));
    case 'A':
      return keep(&out_.weekday, name(kDays, false, &value));
    case 'b':
    case 'B':
      if (!name(kMonths, c == 'b', &value)) return false;
      out_.month = value + 1;
      return true;
    case 'd':
      if (at_ + 1 < text_.size() && text_[at_] == ' ' && digit(1)) ++at_;
      return number(2, 1, 31, &out_.day);
    case 'f':
      return number(6, 0, 999999, &value);
    case 'H':
      return number(2, 0, 23, &out_.hour);
    case 'I':
      out_.twelve_hours = true;
      return number(2, 1, 12, &out_.hour);
    case 'j':
      return keep(&out_.yday, number(3, 1, 366, &value));
    case 'm':
      return number(2, 1, 12, &out_.month);
    case 'M':
      return number(2, 0, 59, &out_.minute);
    case 'p':
      out_.afternoon = lower(at_ < text_.size() ? text_[at_] : 0) == 'p';
      return word(*out_.afternoon ? "pm" : "am");
    case 'S':
      return number(2, 0, 61, &out_.second);
    case 'u':
      return keep(&out_.weekday, number(1, 1, 7, &value), -1);
    case 'U':
    case 'W':
      out_.weeks_start_monday = c == 'W';
      return keep(&out_.week, number(2, 0, 53, &value));
    case 'w':
      if (!number(1, 0, 6, &value)) return false;
      out_.weekday = (value + 6) % 7;
      return true;
    case 'y':
      if (!number(2, 0, 99, &value, true)) return false;
      out_.year = value + (value <= 68 ? 2000 : 1900);
      return true;
    case 'Y':
      return keep(&out_.year, number(4, 0, 9999, &value, true));
    case 'z':
      return offset();
    case 'Z':
      return zone();
    case 'c':
      return match("%a %b %d %H:%M:%S %Y");
    case 'x':
      return match("%m/%d/%y");
    case 'X':
      return match("%H:%M:%S");
    default:
      return word("%");
  }
}

bool Matcher::match(std::string_view format) {
  for (size_t i = 0; i < format.size(); ++i) {
    if (is_space(format[i])) {
      while (i + 1 < format.size() && is_space(format[i + 1])) ++i;
      if (!skip_space()) return false;
    } else if (format[i] == '%') {
      if (!directive(format[++i])) return false;
    } else {
      char wanted = lower(format[i]);
      if (!word({&wanted, 1})) return false;
    }
  }
  return true;
}

Result<void> check_format(VM& vm, std::string_view format) {
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size()) return vm.raise(Exc::ValueError, "stray % in format '{}'", format);
    if (kDirectives.find(format[i]) == kDirectives.npos)
      return vm.raise(Exc::ValueError, "'{}' is a bad directive in format '{}'",
                      format.substr(i, 1), format);
  }
  return {};
}

/// The day of the year from a week number and a weekday (Monday 0); may lie in the year before.
int yday_of_week(int64_t year, int week, int weekday, bool weeks_start_monday) {
  int first = weekday_of(year, 1);
  if (!weeks_start_monday) {
    first = (first + 1) % 7;
    weekday = (weekday + 1) % 7;
  }
  if (week == 0) return 1 + weekday - first;
  int week_zero = (7 - first) % 7;
  return 1 + week_zero + 7 * (week - 1) + weekday;
}

/// Completes the date: year, month, day, weekday and day of the year agree afterwards as far as the
/// text left them open.
Result<void> complete(VM& vm, Fields* f, std::tm* tm) {
  int year = f->year.value_or(1900);
  // 29 February without a year is allowed: 1904 was a leap year.
  bool leap_day = !f->year && f->month == 2 && f->day == 29;
  if (leap_day) year = 1904;
  if (!f->yday && f->weekday && f->week) {
    int yday = yday_of_week(year, *f->week, *f->weekday, f->weeks_start_monday);
    if (yday <= 0) {
      --year;
      yday += is_leap(year) ? 366 : 365;
    }
    f->yday = yday;
  }
  if (f->yday) {
    int left = *f->yday, length = is_leap(year) ? 366 : 365;
    if (left > length) {
      left -= length;
      ++year;
    }
    for (f->month = 1; left > days_in(year, f->month); ++f->month) left -= days_in(year, f->month);
    f->day = left;
  } else {
    if (year < 1) return vm.raise(Exc::ValueError, "year {} is out of range", year);
    if (f->day > days_in(year, f->month))
      return vm.raise(Exc::ValueError, "day is out of range for month");
    f->yday = day_of_year(year, f->month, f->day);
  }
  int weekday = f->weekday ? *f->weekday : weekday_of(year, day_of_year(year, f->month, f->day));
  if (leap_day) year = 1900;
  tm->tm_year = year - 1900;
  tm->tm_mon = f->month - 1;
  tm->tm_mday = f->day;
  tm->tm_wday = (weekday + 1) % 7;
  tm->tm_yday = *f->yday - 1;
  return {};
}

Result<std::string> text_argument(VM& vm, Value v, int index) {
  if (Str* text = try_as<Str>(v)) return to_utf8(text);
  return vm.raise(Exc::TypeError, "strptime() argument {} must be str, not {}", index,
                  TRY(repr_of(vm, vm.type_of(v))));
}

}  // namespace

Result<Value> read_time(VM& vm, Type* type, Value text_value, Value format_value) {
  std::string text = TRY(text_argument(vm, text_value, 0));
  std::string format = "%a %b %d %H:%M:%S %Y";
  if (!format_value.is_empty()) format = TRY(text_argument(vm, format_value, 1));
  TRY(check_format(vm, format));
  Fields fields;
  Matcher matcher(text, &fields);
  if (!matcher.match(format)) {
    Value shown_format = format_value.is_empty() ? Value(TRY(make_str(vm, format))) : format_value;
    return vm.raise(Exc::ValueError, "time data {} does not match format {}",
                    TRY(repr_of(vm, text_value)), TRY(repr_of(vm, shown_format)));
  }
  if (!matcher.rest().empty())
    return vm.raise(Exc::ValueError, "unconverted data remains: {}", matcher.rest());
  std::tm tm{};
  TRY(complete(vm, &fields, &tm));
  if (fields.twelve_hours)
    fields.hour = fields.hour % 12 + (fields.afternoon.value_or(false) ? 12 : 0);
  tm.tm_hour = fields.hour;
  tm.tm_min = fields.minute;
  tm.tm_sec = fields.second;
  tm.tm_isdst = fields.is_dst;
  tm.tm_zone = fields.zone.empty() ? nullptr : fields.zone.c_str();
  tm.tm_gmtoff = fields.offset.value_or(0);
  return make_struct_time(vm, type, tm, fields.offset.has_value());
}

}  // namespace apy
