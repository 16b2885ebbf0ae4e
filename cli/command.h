#pragma once
// The command line, taken apart.
#include <string>
#include <vector>

namespace apy::cli {

/// What the user asked for.
struct Command {
  enum class Action {
    RunFile,
    RunCode,
    RunModule,
    RunInput,
    Prompt,
    Ast,
    Dis,
    Help,
    Version,
    Wrong
  };
  Action action = Action::Prompt;
  std::string subject;                 // file, code, module; the complaint when Wrong
  std::vector<std::string> arguments;  // sys.argv, [0] included
  bool statistics = false;             // -X stats
  std::vector<std::string> warnings;   // of -W, for sys.warnoptions
  std::vector<std::string> options;    // of -X, for sys._xoptions
};

/// `input_is_terminal` decides what no arguments at all mean.
Command parse_command(int count, char** words, bool input_is_terminal);

extern const char kUsage[];
extern const char kHelp[];

}  // namespace apy::cli
