// The plain prompt: lines until a statement is complete, run it, show what came of it.
#include "cli/prompt.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "cli/interrupts.h"
#include "lexer/name_table.h"
#include "parser/parser.h"

namespace apy::cli {

namespace {

class LineReader {
 public:
  enum class Outcome { Line, End, Interrupted };

  /// Shows the prompt and reads a line with its newline.
  Outcome read_line(const char* prompt, std::string* line) {
    std::fputs(prompt, stdout);
    std::fflush(stdout);
    while (true) {
      size_t newline = buffer_.find('\n');
      if (newline != std::string::npos) {
        *line = buffer_.substr(0, newline + 1);
        buffer_.erase(0, newline + 1);
        return Outcome::Line;
      }
      char chunk[4096];
      set_reading(true);
      ssize_t count = ::read(STDIN_FILENO, chunk, sizeof chunk);
      int error = errno;
      set_reading(false);
      if (interrupted_reading()) {
        buffer_.clear();
        return Outcome::Interrupted;
      }
      if (count > 0) {
        buffer_.append(chunk, static_cast<size_t>(count));
      } else if (count == 0 || error != EINTR) {
        if (buffer_.empty()) return Outcome::End;
        *line = std::move(buffer_) + "\n";
        buffer_.clear();
        return Outcome::Line;
      }
    }
  }

 private:
  std::string buffer_;
};

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\f\n") == std::string::npos;
}

}  // namespace

int run_prompt(Engine& engine) {
  std::fputs("apy " APY_VERSION ", the language of Python 3.13. exit() or Ctrl-D leaves.\n",
             stdout);
  LineReader reader;
  int statement = 0;
  while (true) {
    std::string text, line;
    LineReader::Outcome outcome = LineReader::Outcome::Line;
    do {
      outcome = reader.read_line(text.empty() ? ">>> " : "... ", &line);
      if (outcome != LineReader::Outcome::Line) break;
      text += line;
      if (is_blank(text)) text.clear();
      NameTable names;
      if (!text.empty() && completeness(text, names) == Completeness::Complete) break;
    } while (true);
    if (outcome == LineReader::Outcome::Interrupted) {
      std::fputs("\nKeyboardInterrupt\n", stdout);
      continue;
    }
    if (outcome == LineReader::Outcome::End && text.empty()) {
      std::fputs("\n", stdout);
      return 0;
    }
    // A name of its own, so that tracebacks through functions typed earlier show their lines.
    auto result = engine.run_statement(text, "<stdin>-" + std::to_string(statement++));
    engine.flush();
    if (result) continue;
    engine.report(result.failure());
    if (result.failure().is_system_exit) return result.failure().exit_status;
  }
}

}  // namespace apy::cli
