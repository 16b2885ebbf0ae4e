// apy, the command: a host like any other, built on the public API. Its own internals are the
// prompt (which asks the parser whether a statement is complete), `ast` and `dis`.
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/command.h"
#include "cli/interrupts.h"
#include "cli/prompt.h"
#include "lexer/name_table.h"
#include "lexer/render.h"
#include "lexer/source.h"
#include "parser/dump.h"
#include "parser/parser.h"
#include "runtime/embed/inspect.h"

namespace apy::cli {

namespace {

constexpr int kUsageStatus = 2;     // wrong command line, no such file
constexpr int kOutputStatus = 120;  // standard output could not be written

/// The process is the interpreter's alone, so malloc may keep what it has, and the pages that every
/// start touches are asked for in one call: a page fault costs more than what is then done with the
/// page.
void prepare_allocator() {
  constexpr size_t kAtStart = 192 * 1024;
  mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
  mallopt(M_MMAP_THRESHOLD, 16 * 1024 * 1024);
#ifdef MADV_POPULATE_WRITE
  void* room = std::malloc(kAtStart);
  uintptr_t first = (reinterpret_cast<uintptr_t>(room) + 4095) & ~uintptr_t{4095};
  madvise(reinterpret_cast<void*>(first), kAtStart & ~size_t{4095}, MADV_POPULATE_WRITE);
  std::free(room);
#endif
}

/// The whole of a descriptor. False: errno says why.
bool read_all(int descriptor, std::string* text) {
  char chunk[65536];
  while (true) {
    ssize_t count = read(descriptor, chunk, sizeof chunk);
    if (count == 0) return true;
    if (count > 0)
      text->append(chunk, static_cast<size_t>(count));
    else if (errno != EINTR)
      return false;
  }
}

/// The absolute form of a path, without resolving links or dots.
std::string absolute(const std::string& path) {
  char folder[PATH_MAX];
  if (path.starts_with('/') || !getcwd(folder, sizeof folder)) return path;
  return std::string(folder) + "/" + path;
}

/// The folder in which a script looks for its modules.
std::string folder_of(const std::string& script) {
  char real[PATH_MAX];
  std::string path = realpath(script.c_str(), real) ? std::string(real) : absolute(script);
  size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string executable_path() {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : std::string();
}

Options engine_options(const Command& command) {
  Options options;
  options.arguments = command.arguments;
  options.executable = executable_path();
  switch (command.action) {
    case Command::Action::RunFile:
      options.path.push_back(folder_of(command.subject));
      break;
    case Command::Action::RunModule: {
      char folder[PATH_MAX];
      options.path.push_back(getcwd(folder, sizeof folder) ? folder : "");
      break;
    }
    default:
      options.path.push_back("");
  }
  const char* search = std::getenv("APYPATH");
  std::string_view rest = search ? search : "";
  while (!rest.empty()) {
    size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) options.path.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return options;
}

/// Complains and gives the status when the script cannot be opened; else 0.
int check_script(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    std::fprintf(stderr, "apy: can't find '__main__' module in '%s'\n", path.c_str());
    return 1;
  }
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) {
    close(descriptor);
    return 0;
  }
  int error = errno;
  std::fprintf(stderr, "apy: can't open file '%s': [Errno %d] %s\n", absolute(path).c_str(), error,
               std::strerror(error));
  return kUsageStatus;
}

/// What the process ends with after a failure, which is shown.
int status_of(Engine& engine, const Command& command, const Failure& failure, bool* interrupted) {
  if (command.action == Command::Action::RunModule && failure.is("ImportError")) {
    auto traceback = failure.exception.attribute("__traceback__");
    if (traceback && traceback->is_none()) {  // no code has run: the module was not found
      std::fprintf(stderr, "apy: %s\n", failure.message.c_str());
      return 1;
    }
  }
  engine.report(failure);
  *interrupted = failure.is("KeyboardInterrupt");
  return failure.is_system_exit ? failure.exit_status : 1;
}

Outcome<Handle> run_program(Engine& engine, const Command& command) {
  switch (command.action) {
    case Command::Action::RunFile:
      return engine.run_file(absolute(command.subject));
    case Command::Action::RunCode:
      return engine.run_source(command.subject, "<string>");
    case Command::Action::RunModule:
      return engine.run_module(command.subject);
    default:
      break;
  }
  std::string text;
  if (!read_all(STDIN_FILENO, &text)) return engine.fail("OSError", std::strerror(errno));
  return engine.run_source(text, "<stdin>");
}

/// What the command line says to the module sys. False: a failure, which is shown.
bool tell_options(Engine& engine, const Command& command) {
  if (command.warnings.empty() && command.options.empty()) return true;
  auto tell = [&]() -> Outcome<void> {
    auto sys = engine.import_module("sys");
    if (!sys) return sys.failure();
    auto warnings = sys->attribute("warnoptions"), options = sys->attribute("_xoptions");
    if (!warnings || !options) return {};
    for (const std::string& filter : command.warnings) {
      auto text = engine.make_str(filter);
      if (!text) return text.failure();
      auto added = warnings->call_method("append", {&*text, 1});
      if (!added) return added.failure();
    }
    for (const std::string& option : command.options) {
      size_t equals = option.find('=');
      auto name = engine.make_str(option.substr(0, equals));
      auto value = equals == std::string::npos ? engine.make_bool(true)
                                               : engine.make_str(option.substr(equals + 1));
      if (!name || !value) return name ? value.failure() : name.failure();
      if (auto set = options->set_item(*name, *value); !set) return set;
    }
    return {};
  };
  auto told = tell();
  if (!told) engine.report(told.failure());
  return bool(told);
}

int run(const Command& command) {
  if (command.action == Command::Action::RunFile)
    if (int status = check_script(command.subject)) return status;
  int status = 0;
  bool interrupted = false;
  {
    Engine engine(engine_options(command));
    direct_signals(&engine);
    if (command.statistics) start_statistics(engine);
    if (!tell_options(engine, command)) {
      status = 1;
    } else if (command.action == Command::Action::Prompt) {
      status = run_prompt(engine);
    } else if (auto result = run_program(engine, command); !result) {
      status = status_of(engine, command, result.failure(), &interrupted);
    }
    direct_signals(nullptr);
    if (command.statistics) std::fputs(describe_statistics(engine).c_str(), stderr);
    if (!engine.finish()) status = kOutputStatus;
  }
  if (interrupted) die_of_interrupt();
  return status;
}

int inspect(const Command& command) {
  if (int status = check_script(command.subject)) return status;
  std::string bytes;
  int descriptor = open(command.subject.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || !read_all(descriptor, &bytes)) {
    std::fprintf(stderr, "apy: can't read '%s': %s\n", command.subject.c_str(),
                 std::strerror(errno));
    return kUsageStatus;
  }
  close(descriptor);
  if (command.action == Command::Action::Dis) {
    Engine engine;
    auto listing = disassemble_source(engine, bytes, command.subject);
    std::fputs(listing ? listing->c_str() : listing.failure().traceback.c_str(),
               listing ? stdout : stderr);
    return listing ? 0 : 1;
  }
  Source source = Source::from_bytes(command.subject, bytes);
  NameTable names;
  ParseResult parsed = parse(source, names);
  if (!parsed) {
    std::fputs(render_diagnostic(source, parsed.error).c_str(), stderr);
    return 1;
  }
  std::puts(dump(parsed.root).c_str());
  return 0;
}

int act(const Command& command) {
  switch (command.action) {
    case Command::Action::Help:
      std::fputs(kHelp, stdout);
      return 0;
    case Command::Action::Version:
      std::puts("apy " APY_VERSION);
      return 0;
    case Command::Action::Wrong:
      std::fputs(command.subject.c_str(), stderr);
      return kUsageStatus;
    case Command::Action::Ast:
    case Command::Action::Dis:
      return inspect(command);
    default:
      return run(command);
  }
}

}  // namespace
}  // namespace apy::cli

int main(int count, char** words) {
  apy::cli::prepare_allocator();
  return apy::cli::act(apy::cli::parse_command(count, words, isatty(STDIN_FILENO) == 1));
}
