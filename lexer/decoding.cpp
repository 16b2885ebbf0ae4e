#include "lexer/decoding.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "lexer/utf8.h"

namespace apy {

namespace {

// Offsets are 32 bits; Latin-1 may double in size, and a position one past the end must fit too.
constexpr size_t kMaximumSize = 0x7FFFFF00;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

enum class Encoding : uint8_t { Utf8, Latin1, Ascii, Unknown };

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

bool is_encoding_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/// Cuts the first line off `bytes`, without its newline.
std::string_view take_line(std::string_view& bytes) {
  size_t end = bytes.find_first_of("\r\n");
  if (end == std::string_view::npos) {
    return std::exchange(bytes, {});
  }
  std::string_view line = bytes.substr(0, end);
  bool pair = bytes[end] == '\r' && end + 1 < bytes.size() && bytes[end + 1] == '\n';
  bytes.remove_prefix(end + (pair ? 2 : 1));
  return line;
}

/// The name that a comment line declares, as in `# -*- coding: NAME -*-`; empty if none.
std::string_view declared_encoding(std::string_view line) {
  constexpr std::string_view kKey = "coding";
  for (size_t at = line.find(kKey); at != std::string_view::npos; at = line.find(kKey, at + 1)) {
    size_t after = at + kKey.size();
    if (after >= line.size() || (line[after] != ':' && line[after] != '=')) {
      continue;
    }
    ++after;
    while (after < line.size() && (line[after] == ' ' || line[after] == '\t')) {
      ++after;
    }
    size_t end = after;
    while (end < line.size() && is_encoding_name_char(line[end])) {
      ++end;
    }
    if (end > after) {
      return line.substr(after, end - after);
    }
  }
  return {};
}

/// Looks for a declaration where PEP 263 allows it: in a comment that is alone on the first line,
/// or on the second if the first is blank or a comment.
std::string_view find_declaration(std::string_view bytes) {
  for (int number = 0; number < 2; ++number) {
    std::string_view line = take_line(bytes);
    auto first = std::find_if_not(line.begin(), line.end(), is_blank);
    if (first == line.end()) {
      continue;
    }
    if (*first != '#') {
      return {};
    }
    std::string_view name = declared_encoding(line);
    if (!name.empty()) {
      return name;
    }
  }
  return {};
}

/// Lower case, "-" for "_" and runs of punctuation: the form in which names are compared.
std::string fold_encoding_name(std::string_view name) {
  std::string folded;
  for (char c : name) {
    if (c == '_') c = '-';
    folded.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return folded;
}

Encoding find_encoding(const std::string& folded) {
  static constexpr std::array kUtf8 = {"utf-8", "utf8", "u8", "utf", "utf-8-sig", "cp65001"};
  static constexpr std::array kLatin1 = {
      "latin-1", "iso-8859-1", "iso-latin-1", "latin1", "latin",  "l1",         "iso8859-1",
      "8859",    "iso8859",    "cp819",       "819",    "ibm819", "iso-ir-100", "csisolatin1"};
  static constexpr std::array kAscii = {"ascii", "us-ascii", "646",    "iso646-us",
                                        "cp367", "us",       "ibm367", "csascii"};
  auto is_folded = [&folded](const char* name) { return folded == name; };
  // A suffix such as "-unix" is ignored after these two, as editors write it.
  if (folded.starts_with("utf-8-") || std::any_of(kUtf8.begin(), kUtf8.end(), is_folded)) {
    return Encoding::Utf8;
  }
  for (const char* prefix : {"latin-1-", "iso-8859-1-", "iso-latin-1-"}) {
    if (folded.starts_with(prefix)) return Encoding::Latin1;
  }
  if (std::any_of(kLatin1.begin(), kLatin1.end(), is_folded)) {
    return Encoding::Latin1;
  }
  if (std::any_of(kAscii.begin(), kAscii.end(), is_folded)) {
    return Encoding::Ascii;
  }
  return Encoding::Unknown;
}

std::string with_unix_newlines(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + 32);
  while (true) {
    size_t end = bytes.find('\r');
    text.append(bytes.substr(0, end));
    if (end == std::string_view::npos) {
      return text;
    }
    text.push_back('\n');
    bool pair = end + 1 < bytes.size() && bytes[end + 1] == '\n';
    bytes.remove_prefix(end + (pair ? 2 : 1));
  }
}

std::string latin1_to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (char c : bytes) {
    append_utf8(text, static_cast<unsigned char>(c));
  }
  return text;
}

DecodedSource bare_error(std::string message, DiagnosticExcerpt excerpt) {
  return {{}, Diagnostic{.excerpt = excerpt, .message = std::move(message)}, {}};
}

std::string hex_byte(const char* format, char byte) {
  char buffer[8];
  std::snprintf(buffer, sizeof buffer, format, static_cast<unsigned>(static_cast<uint8_t>(byte)));
  return buffer;
}

/// The text with U+FFFD for what is not UTF-8.
std::string with_replacements(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    Utf8Step step = decode_utf8(text);
    append_utf8(shown, step.code_point);
    text.remove_prefix(step.size);
  }
  return shown;
}

size_t line_start(std::string_view text, size_t offset) {
  size_t newline = text.substr(0, offset).rfind('\n');
  return newline == std::string_view::npos ? 0 : newline + 1;
}

/// The error for the ill-formed byte at `offset` where the line is known to be UTF-8 by declaration
/// or by the origin. CPython counts its position inside the string token that holds it; in other
/// places, which CPython mostly accepts unseen, inside the line.
std::string codec_message(std::string_view text, size_t offset, size_t start) {
  std::string_view line = text.substr(start, offset - start);
  size_t quote = line.find_last_of("\"'");
  size_t base = quote == std::string_view::npos ? 0 : quote + 1;
  Utf8Step step = decode_utf8(text.substr(offset));
  // The string literal, not the file, ends the data for the codec.
  if (step.fault == Utf8Fault::InvalidContinuation && offset + step.size < text.size() &&
      (text[offset + step.size] == '"' || text[offset + step.size] == '\'')) {
    step.fault = Utf8Fault::UnexpectedEnd;
  }
  std::string message = "(unicode error) 'utf-8' codec can't decode ";
  std::string position = std::to_string(line.size() - base);
  if (step.size == 1) {
    message += "byte " + hex_byte("0x%02x", text[offset]) + " in position " + position;
  } else {
    message +=
        "bytes in position " + position + "-" + std::to_string(line.size() - base + step.size - 1);
  }
  return message + ": " + utf8_fault_text(step.fault);
}

/// Ends the text before the line that holds `offset` and says why.
void fail_at(DecodedSource& result, size_t offset, Diagnostic error) {
  size_t start = line_start(result.text, offset);
  error.span = {static_cast<uint32_t>(start), static_cast<uint32_t>(start)};
  result.text.resize(start);
  result.error = std::move(error);
}

void check_utf8(DecodedSource& result, std::string_view name, bool declared, SourceOrigin origin) {
  size_t offset = find_invalid_utf8(result.text);
  if (offset == result.text.size()) {
    return;
  }
  size_t start = line_start(result.text, offset);
  size_t line = 1 + std::count(result.text.begin(), result.text.begin() + start, '\n');
  if (declared || origin == SourceOrigin::Module) {
    std::string message = codec_message(result.text, offset, start);
    std::string_view text = result.text;
    result.broken_line = with_replacements(text.substr(start, text.find('\n', start) - start));
    fail_at(result, offset,
            {.excerpt = DiagnosticExcerpt::LineOnly, .message = std::move(message)});
    return;
  }
  std::string message = "Non-UTF-8 code starting with '" +
                        hex_byte("\\x%02x", result.text[offset]) + "' in file " +
                        std::string(name) + " on line " + std::to_string(line) +
                        ", but no encoding declared; see https://peps.python.org/pep-0263/ for "
                        "details";
  fail_at(result, offset, {.excerpt = DiagnosticExcerpt::None, .message = std::move(message)});
}

void check_nul(DecodedSource& result, DiagnosticExcerpt excerpt, const char* message) {
  size_t offset = result.text.find('\0');
  if (offset != std::string::npos) {
    size_t start = line_start(result.text, offset);
    result.broken_line = result.text.substr(start, offset - start);
    fail_at(result, offset, {.excerpt = excerpt, .message = message});
  }
}

}  // namespace

DecodedSource decode_source(std::string_view name, std::string_view bytes, SourceOrigin origin) {
  bool script = origin == SourceOrigin::Script;
  DiagnosticExcerpt excerpt = script ? DiagnosticExcerpt::None : DiagnosticExcerpt::FileOnly;
  if (bytes.size() > kMaximumSize) {
    return bare_error("source is too large", DiagnosticExcerpt::None);
  }
  bool has_mark = bytes.starts_with(kByteOrderMark);
  if (has_mark) {
    bytes.remove_prefix(kByteOrderMark.size());
  }
  std::string_view declared = find_declaration(bytes);
  Encoding encoding = Encoding::Utf8;
  if (!declared.empty()) {
    std::string folded = fold_encoding_name(declared);
    encoding = find_encoding(folded);
    // Only this spelling goes with a byte order mark.
    if (has_mark && folded != "utf-8" && !folded.starts_with("utf-8-")) {
      std::string shown = encoding == Encoding::Latin1 ? "iso-8859-1" : std::string(declared);
      return bare_error("encoding problem: " + shown + " with BOM", excerpt);
    }
    if (encoding == Encoding::Unknown) {
      const char* problem = script ? "encoding problem: " : "unknown encoding: ";
      return bare_error(problem + std::string(declared), excerpt);
    }
  }
  if (encoding == Encoding::Ascii) {
    auto is_high = [](char c) { return static_cast<uint8_t>(c) >= 0x80; };
    auto high = std::find_if(bytes.begin(), bytes.end(), is_high);
    if (high != bytes.end()) {
      std::string message = script
                                ? "encoding problem: " + std::string(declared)
                                : "'ascii' codec can't decode byte " + hex_byte("0x%02x", *high) +
                                      " in position " + std::to_string(high - bytes.begin()) +
                                      ": ordinal not in range(128)";
      return bare_error(std::move(message), excerpt);
    }
  }
  DecodedSource result;
  result.text = encoding == Encoding::Latin1 ? latin1_to_utf8(bytes) : std::string(bytes);
  if (bytes.find('\r') != std::string_view::npos) {
    result.text = with_unix_newlines(result.text);
  }
  if (!script && result.text.find('\0') != std::string::npos) {
    return bare_error("source code string cannot contain null bytes", DiagnosticExcerpt::None);
  }
  check_utf8(result, name, !declared.empty(), origin);
  check_nul(result, DiagnosticExcerpt::LineOnly, "source code cannot contain null bytes");
  return result;
}

DecodedSource check_text(std::string_view text) {
  if (text.size() > kMaximumSize) {
    return bare_error("source is too large", DiagnosticExcerpt::None);
  }
  if (text.find('\0') != std::string_view::npos) {
    return bare_error("source code string cannot contain null bytes", DiagnosticExcerpt::None);
  }
  DecodedSource result;
  result.text = with_unix_newlines(text);
  check_utf8(result, {}, true, SourceOrigin::Module);
  return result;
}

}  // namespace apy
