// The rows of csv: what reader and writer of _csv.apy do for each line. Dialects, which are few,
// are checked and kept there.
//
// Reading is a state machine over the characters of the lines. A field that stands in one line as
// it is is cut out of it; only one with quotes or escapes inside is put together.
#include <optional>

#include "stdlib/native_iterator.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

enum class Quoting : uint8_t { Minimal, All, NonNumeric, None, Strings, NotNull };

constexpr uint32_t kNoCharacter = UINT32_MAX;

/// How fields are written: a Dialect's values.
struct Format {
  uint32_t delimiter, quote, escape;  // kNoCharacter: there is none
  Quoting quoting;
  bool doubled_quotes, skip_space, strict;
};

uint32_t character_of(Value v) {
  Str* text = try_as<Str>(v);
  return text && text->length == 1 ? text->at(0) : kNoCharacter;
}

Format make_format(Value delimiter, Value quote, Value escape, int64_t quoting, bool doubled_quotes,
                   bool skip_space, bool strict) {
  return {character_of(delimiter),
          character_of(quote),
          character_of(escape),
          static_cast<Quoting>(quoting),
          doubled_quotes,
          skip_space,
          strict};
}

struct Reader : NativeObject {
  static const NativeClass kClass;
  Value lines, error, limits;  // `limits` is a list with the longest field
  Format format;
  int64_t line_number;
  static Result<bool> step(VM& vm, Reader* self, Value* out);
};

struct Writer : NativeObject {
  static const NativeClass kClass;
  Value write, error, terminator;
  Format format;
  uint64_t special[2];  // of the ASCII characters: may they have to be quoted?
};

bool is_line_end(uint32_t c) { return c == '\n' || c == '\r'; }

class RowReader {
 public:
  RowReader(VM& vm, Reader* reader) : vm_(vm), reader_(reader), format_(reader->format) {
    List* limits = try_as<List>(reader->limits);
    if (limits && limits->length == 1 && limits->values()[0].is_small_int())
      limit_ = limits->values()[0].as_small_int();
  }

  /// The next row; false when there are no more lines.
  Result<bool> read(Value* row) {
    row_ = TRY(make_list(vm_, size_t{0}));
    while (true) {
      if (!TRY(next_line())) {
        if (length_ == 0 && state_ != State::InQuoted) return false;
        if (format_.strict) return error("unexpected end of data");
        TRY(save());
        *row = row_;
        return true;
      }
      TRY(with_units(line_, [&](const auto* units) { return consume_line(units); }));
      TRY(consume_end());
      if (state_ == State::StartRecord) {
        *row = row_;
        return true;
      }
      flush_run();  // the run is in this line
    }
  }

 private:
  enum class State : uint8_t {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapeQuoted,
    QuoteInQuoted,
    EatLineEnd,
    AfterEscaped,
  };

  Error error(std::string_view message) { return raise_message(TRY(make_str(vm_, message))); }
  Error raise_message(Str* message) {
    return vm_.raise_exception(TRY(vm_.call(reader_->error, {message})));
  }

  Result<bool> next_line() {
    Value line;
    if (!TRY(iterator_next(vm_, reader_->lines, &line))) return false;
    line_ = try_as<Str>(line);
    if (!line_)
      return error("iterator should return strings, not " + to_utf8(vm_.type_of(line)->name) +
                   " (the file should be opened in text mode)");
    ++reader_->line_number;
    return true;
  }

  Result<void> check_limit() {
    if (length_ < limit_) return {};
    return error("field larger than field limit (" + std::to_string(limit_) + ")");
  }
  /// The character at `i` of the line belongs to the field.
  Result<void> add(size_t i) {
    TRY(check_limit());
    ++length_;
    if (run_end_ != i || run_begin_ == run_end_) {
      flush_run();
      run_begin_ = i;
    }
    run_end_ = i + 1;
    return {};
  }
  Result<void> add_line_feed() {
    TRY(check_limit());
    ++length_;
    flush_run();
    text().append(uint32_t{'\n'});
    return {};
  }
  StrBuilder& text() {
    if (!text_) text_.emplace(vm_);
    return *text_;
  }
  void flush_run() {
    if (run_begin_ != run_end_) text().append(line_, run_begin_, run_end_);
    run_begin_ = run_end_ = 0;
  }

  /// The field is over: it goes into the row.
  Result<void> save() {
    Str* field;
    if (text_) {
      flush_run();
      field = TRY(text_->finish());
      text_.reset();
    } else {
      field = run_begin_ == run_end_ ? vm_.names().empty
                                     : TRY(str_slice(vm_, line_, run_begin_, run_end_));
      run_begin_ = run_end_ = 0;
    }
    length_ = 0;
    Value value = field;
    bool bare = !quoted_;
    quoted_ = false;
    bool may_be_none = format_.quoting == Quoting::Strings || format_.quoting == Quoting::NotNull;
    bool may_be_number =
        format_.quoting == Quoting::NonNumeric || format_.quoting == Quoting::Strings;
    if (bare && field->length == 0 && may_be_none) {
      value = Value::none();
    } else if (bare && field->length > 0 && may_be_number) {
      value = TRY(vm_.call(vm_.type(BuiltinType::Float), {field}));
    }
    return list_append(vm_, row_, value);
  }

  Result<void> end_field(uint32_t c) {
    TRY(save());
    state_ = is_line_end(c) ? State::EatLineEnd : State::StartField;
    return {};
  }

  template <class Unit>
  Result<void> consume_line(const Unit* units) {
    for (size_t i = 0; i < line_->length; ++i) {
      uint32_t c = units[i];
      if (state_ == State::InField && c != format_.delimiter && c != format_.escape &&
          !is_line_end(c) && length_ < limit_ && run_end_ == i && run_begin_ != run_end_) {
        ++run_end_;
        ++length_;
        continue;
      }
      TRY(consume(i, c));
    }
    return {};
  }

  Result<void> consume(size_t i, uint32_t c) {
    switch (state_) {
      case State::StartRecord:
        if (is_line_end(c)) {
          state_ = State::EatLineEnd;
          return {};
        }
        state_ = State::StartField;
        [[fallthrough]];
      case State::StartField:
        return start_field(i, c);
      case State::Escaped:
        state_ = is_line_end(c) ? State::AfterEscaped : State::InField;
        return add(i);
      case State::InField:
      case State::AfterEscaped:
        if (is_line_end(c) || c == format_.delimiter) return end_field(c);
        if (c == format_.escape) {
          state_ = State::Escaped;
          return {};
        }
        state_ = State::InField;
        return add(i);
      case State::InQuoted:
        if (c == format_.escape) {
          state_ = State::EscapeQuoted;
        } else if (c == format_.quote && format_.quoting != Quoting::None) {
          state_ = format_.doubled_quotes ? State::QuoteInQuoted : State::InField;
        } else {
          return add(i);
        }
        return {};
      case State::EscapeQuoted:
        state_ = State::InQuoted;
        return add(i);
      case State::QuoteInQuoted:
        return after_quote(i, c);
      case State::EatLineEnd:
        if (is_line_end(c)) return {};
        return error(
            "new-line character seen in unquoted field - do you need to open the file with "
            "newline=''?");
    }
    return {};
  }

  Result<void> start_field(size_t i, uint32_t c) {
    if (is_line_end(c)) return end_field(c);
    if (c == format_.quote && format_.quoting != Quoting::None) {
      quoted_ = true;
      state_ = State::InQuoted;
    } else if (c == format_.escape) {
      state_ = State::Escaped;
    } else if (c == ' ' && format_.skip_space) {
      return {};
    } else if (c == format_.delimiter) {
      return save();
    } else {
      state_ = State::InField;
      return add(i);
    }
    return {};
  }

  Result<void> after_quote(size_t i, uint32_t c) {
    if (format_.quoting != Quoting::None && c == format_.quote) {
      state_ = State::InQuoted;
      return add(i);
    }
    if (c == format_.delimiter || is_line_end(c)) return end_field(c);
    if (format_.strict) {
      StrBuilder message(vm_);
      message.append(uint32_t{'\''});
      message.append(format_.delimiter);
      message.append("' expected after '");
      message.append(format_.quote);
      message.append(uint32_t{'\''});
      return raise_message(TRY(message.finish()));
    }
    state_ = State::InField;
    return add(i);
  }

  /// What the end of a line does in addition to its line end.
  Result<void> consume_end() {
    switch (state_) {
      case State::StartField:
      case State::InField:
      case State::QuoteInQuoted:
        TRY(save());
        state_ = State::StartRecord;
        return {};
      case State::Escaped:
        state_ = State::InField;
        return add_line_feed();
      case State::EscapeQuoted:
        state_ = State::InQuoted;
        return add_line_feed();
      case State::EatLineEnd:
        state_ = State::StartRecord;
        return {};
      case State::StartRecord:
      case State::InQuoted:
      case State::AfterEscaped:
        return {};
    }
    return {};
  }

  VM& vm_;
  Reader* reader_;
  const Format format_;
  int64_t limit_ = INT64_MAX;
  List* row_ = nullptr;
  Str* line_ = nullptr;
  State state_ = State::StartRecord;
  bool quoted_ = false;                 // the field began with a quote
  int64_t length_ = 0;                  // of the field, so far
  size_t run_begin_ = 0, run_end_ = 0;  // its last characters, as they are in the line
  std::optional<StrBuilder> text_;      // those before
};

Result<Value> reader_new(VM& vm, const Arguments& arguments) {
  return TRY(make_native<Reader>(vm, as<Type>(arguments.values[0])));
}

Result<void> reader_start(VM& vm, Reader* self, Value lines, Value delimiter, Value quote,
                          Value escape, int64_t quoting, bool doubled_quotes, bool skip_space,
                          bool strict, Value error, Value limits) {
  self->lines = lines;
  self->format = make_format(delimiter, quote, escape, quoting, doubled_quotes, skip_space, strict);
  self->error = error;
  self->limits = limits;
  self->line_number = 0;
  vm.barrier(self);
  return {};
}

Result<Value> get_line_number(VM& vm, Value self) {
  return make_int(vm, static_cast<Reader*>(self.cell())->line_number);
}

// --- writing ---

bool find_special(const Writer* writer, uint32_t c) {
  const Format& format = writer->format;
  if (c == format.delimiter || c == format.quote || c == format.escape || is_line_end(c))
    return true;
  const Str* terminator = as<Str>(writer->terminator);
  for (size_t i = 0; i < terminator->length; ++i)
    if (terminator->at(i) == c) return true;
  return false;
}

bool is_special(const Writer* writer, uint32_t c) {
  return c < 128 ? writer->special[c / 64] >> c % 64 & 1 : find_special(writer, c);
}

Error writer_error(VM& vm, const Writer* writer, std::string_view message) {
  return vm.raise_exception(TRY(vm.call(writer->error, {TRY(make_str(vm, message))})));
}

bool is_number(VM& vm, Value v) {
  Type* type = vm.type_of(v);
  return is_int(v) || is_float(v) || !type_special(vm, type, Special::Float).is_empty() ||
         !type_special(vm, type, Special::Index).is_empty();
}

/// Must it be quoted for what it is?
bool is_quoted_kind(VM& vm, Quoting quoting, Value value) {
  switch (quoting) {
    case Quoting::All:
      return true;
    case Quoting::NonNumeric:
      return !is_number(vm, value);
    case Quoting::Strings:
      return is_kind(value, CellKind::Str);
    case Quoting::NotNull:
      return !value.is_none();
    default:
      return false;
  }
}

/// The text with what is special in it doubled or escaped; *quoted: it has to stand in quotes.
Result<Str*> escaped(VM& vm, const Writer* writer, Str* text, bool* quoted) {
  const Format& format = writer->format;
  size_t first = 0;
  while (first < text->length && !is_special(writer, text->at(first))) ++first;
  if (first == text->length) return text;
  StrBuilder out(vm);
  out.append(text, 0, first);
  for (size_t i = first; i < text->length; ++i) {
    uint32_t c = text->at(i);
    if (is_special(writer, c)) {
      bool escape = format.quoting == Quoting::None || c == format.escape ||
                    (c == format.quote && !format.doubled_quotes);
      if (!escape) {
        if (c == format.quote) out.append(c);
        *quoted = true;
      } else if (format.escape == kNoCharacter) {
        return writer_error(vm, writer, "need to escape, but no escapechar set");
      } else {
        out.append(format.escape);
      }
    }
    out.append(c);
  }
  return out.finish();
}

Result<void> append_field(VM& vm, StrBuilder& line, const Writer* writer, Value value, bool only) {
  const Format& format = writer->format;
  bool quoted = is_quoted_kind(vm, format.quoting, value);
  Str* text = value.is_none() ? vm.names().empty : TRY(str_of(vm, value));
  text = TRY(escaped(vm, writer, text, &quoted));
  if (text->length == 0 && !quoted && only) {
    bool cannot = format.quoting == Quoting::None ||
                  (value.is_none() &&
                   (format.quoting == Quoting::Strings || format.quoting == Quoting::NotNull));
    if (cannot) return writer_error(vm, writer, "single empty field record must be quoted");
    quoted = true;
  } else if (text->length > 0 && text->at(0) == ' ' && format.delimiter == ' ' &&
             format.skip_space) {
    quoted = true;
  }
  if (quoted) line.append(format.quote);
  line.append(text);
  if (quoted) line.append(format.quote);
  return {};
}

Result<Value> writer_new(VM& vm, const Arguments& arguments) {
  return TRY(make_native<Writer>(vm, as<Type>(arguments.values[0])));
}

Result<void> writer_start(VM& vm, Writer* self, Value write, Value delimiter, Value quote,
                          Value escape, int64_t quoting, bool doubled_quotes, bool skip_space,
                          Str* terminator, Value error) {
  self->write = write;
  self->format = make_format(delimiter, quote, escape, quoting, doubled_quotes, skip_space, false);
  self->terminator = terminator;
  self->error = error;
  self->special[0] = self->special[1] = 0;
  for (uint32_t c = 0; c < 128; ++c)
    self->special[c / 64] |= uint64_t{find_special(self, c)} << c % 64;
  vm.barrier(self);
  return {};
}

Result<Value> writer_writerow(VM& vm, Writer* self, Value row) {
  if (self->write.is_empty()) return vm.raise(Exc::ValueError, "the writer has no file");
  auto iterator = get_iterator(vm, row);
  if (iterator.is_error()) {
    if (!vm.catch_pending(Exc::TypeError)) return Error{};
    return writer_error(vm, self, "iterable expected, not " + to_utf8(vm.type_of(row)->name));
  }
  List* values = TRY(list_from(vm, iterator.value()));
  StrBuilder line(vm);
  for (size_t i = 0; i < values->length; ++i) {
    if (i > 0) line.append(self->format.delimiter);
    TRY(append_field(vm, line, self, values->values()[i], values->length == 1));
  }
  line.append(as<Str>(self->terminator));
  return vm.call(self->write, {TRY(line.finish())});
}

Result<void> writer_writerows(VM& vm, Writer* self, Value rows) {
  return for_each(vm, rows, [&](Value row) -> Result<bool> {
    TRY(writer_writerow(vm, self, row));
    return true;
  });
}

constexpr NativeFunctionDef kReaderMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A reader.", bind<reader_new>(), NativeFunctionDef::kStatic},
    {"_start(self, lines, delimiter, quotechar, escapechar, quoting, doublequote, "
     "skipinitialspace, strict, error, limits, /)",
     "What to read and how.", bind<reader_start>()},
    {"__iter__(self, /)", nullptr, bind<native_self<Reader>>()},
    {"__next__(self, /)", nullptr, bind<native_next<Reader>>()},
};
constexpr NativeGetSetDef kReaderAttributes[] = {
    {"line_num", "How many lines were read.", get_line_number},
};
constexpr NativeFunctionDef kWriterMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A writer.", bind<writer_new>(), NativeFunctionDef::kStatic},
    {"_start(self, write, delimiter, quotechar, escapechar, quoting, doublequote, "
     "skipinitialspace, lineterminator, error, /)",
     "Where to write and how.", bind<writer_start>()},
    {"writerow(self, row, /)", "Write a row; returns what the file's write() does.",
     bind<writer_writerow>()},
    {"writerows(self, rows, /)", "Write rows.", bind<writer_writerows>()},
};

}  // namespace

Result<bool> Reader::step(VM& vm, Reader* self, Value* out) {
  if (self->lines.is_empty()) return vm.raise(Exc::ValueError, "the reader has no lines");
  return RowReader(vm, self).read(out);
}

const NativeClass Reader::kClass = {"_csv_core.Reader", trace_values<3>, nullptr,
                                    native_step<Reader>};
const NativeClass Writer::kClass = {"_csv_core.Writer", trace_values<3>, nullptr};

namespace {

const NativeTypeDef kReaderType = {"_csv_core.Reader",
                                   "An iterator over rows.",
                                   kReaderMethods,
                                   kReaderAttributes,
                                   Type::kCanSubclass | Type::kHasWeakref,
                                   sizeof(Reader),
                                   &Reader::kClass};
const NativeTypeDef kWriterType = {
    "_csv_core.Writer", "Writes rows.", kWriterMethods, {}, Type::kCanSubclass | Type::kHasWeakref,
    sizeof(Writer),     &Writer::kClass};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kReaderType, "Reader"));
  return add_native_type(vm, module, kWriterType, "Writer");
}

}  // namespace

extern const NativeModuleDef kCsvCoreModule = {
    "_csv_core", "The native part of csv.", {}, initialize};

}  // namespace apy
