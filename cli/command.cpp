#include "cli/command.h"

#include <string_view>

namespace apy::cli {

const char kUsage[] =
    "usage: apy [-c CODE | -m MODULE | FILE | -] [ARGUMENT]...\n"
    "Try `apy --help' for more information.\n";

const char kHelp[] =
    "usage: apy [-X OPTION] [-W FILTER] [-c CODE | -m MODULE | FILE | -] [ARGUMENT]...\n"
    "       apy ast FILE | apy dis FILE\n"
    "\n"
    "  FILE         runs a script; `await` is allowed at its top level\n"
    "  -            reads the script from standard input\n"
    "  -c CODE      runs CODE\n"
    "  -m MODULE    finds a module and runs it as a script\n"
    "  ast FILE     prints the syntax tree\n"
    "  dis FILE     prints the bytecode\n"
    "  -X stats     counts what the program does and reports it on standard error at the end\n"
    "  -X OPTION    goes to sys._xoptions, -W FILTER to sys.warnoptions\n"
    "  -V, --version\n"
    "  -h, --help\n"
    "\n"
    "Without arguments: a prompt, or the script on standard input when that is no terminal.\n"
    "What follows is for the script, in sys.argv. Modules are searched in the script's folder, "
    "then in those of\n"
    "the environment variable APYPATH, separated by colons.\n";

namespace {

Command with_subject(Command::Action action, const char* subject, const char* name, int first,
                     int count, char** words) {
  Command command;
  command.action = action;
  command.subject = subject;
  command.arguments.push_back(name);
  for (int i = first; i < count; ++i) command.arguments.push_back(words[i]);
  return command;
}

Command wrong(std::string complaint) {
  Command command;
  command.action = Command::Action::Wrong;
  command.subject = std::move(complaint);
  return command;
}

}  // namespace

Command parse_command(int count, char** words, bool input_is_terminal) {
  using Action = Command::Action;
  if (count < 2)
    return with_subject(input_is_terminal ? Action::Prompt : Action::RunInput, "", "", count, count,
                        words);
  std::string_view first = words[1];
  if (first.starts_with("-X") || first.starts_with("-W")) {
    int taken = first.size() == 2 ? 2 : 1;
    if (count <= taken)
      return wrong("Argument expected for the " + std::string(first.substr(0, 2)) + " option\n" +
                   kUsage);
    std::string_view option = taken == 2 ? std::string_view(words[2]) : first.substr(2);
    Command command = parse_command(count - taken, words + taken, input_is_terminal);
    auto& list = first[1] == 'X' ? command.options : command.warnings;
    list.insert(list.begin(), std::string(option));
    command.statistics |= first[1] == 'X' && option == "stats";
    return command;
  }
  // What CPython's options ask for is so anyway, or has no counterpart; -V, -c and -m may follow in
  // the same word.
  constexpr std::string_view kIgnored = "BEIPRSbdqsuvx";
  if (first.size() > 1 && first[0] == '-' && kIgnored.find(first[1]) != std::string_view::npos) {
    size_t known = first.find_first_not_of(kIgnored, 1);
    if (known == std::string_view::npos)
      return parse_command(count - 1, words + 1, input_is_terminal);
    std::string rest = "-" + std::string(first.substr(known));
    std::vector<char*> others(words, words + count);
    others[1] = rest.data();
    return parse_command(count, others.data(), input_is_terminal);
  }
  if (first == "-c" || first == "-m") {
    if (count < 3)
      return wrong("Argument expected for the " + std::string(first) + " option\n" + kUsage);
    // While a module is looked for its argv[0] is "-m".
    return with_subject(first == "-c" ? Action::RunCode : Action::RunModule, words[2], words[1], 3,
                        count, words);
  }
  if (first == "-") return with_subject(Action::RunInput, "", "-", 2, count, words);
  if (first == "-h" || first == "--help")
    return with_subject(Action::Help, "", "", count, count, words);
  if (first == "-V" || first == "--version")
    return with_subject(Action::Version, "", "", count, count, words);
  if (first.starts_with("--")) return wrong("unknown option " + std::string(first) + "\n" + kUsage);
  if (first.starts_with("-"))
    return wrong("Unknown option: " + std::string(first.substr(0, 2)) + "\n" + kUsage);
  if (count == 3 && first == "ast")
    return with_subject(Action::Ast, words[2], words[2], 3, count, words);
  if (count == 3 && first == "dis")
    return with_subject(Action::Dis, words[2], words[2], 3, count, words);
  return with_subject(Action::RunFile, words[1], words[1], 2, count, words);
}

}  // namespace apy::cli
