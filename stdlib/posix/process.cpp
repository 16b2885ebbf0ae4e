// The processes of posix.
//
// `_spawn` starts a program for the module subprocess. The child reports what failed before or in
// exec through a pipe that a successful exec closes; between fork and exec it makes system calls
// only (unless the caller gave a preexec_fn, which is a script function).
#include "stdlib/posix/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "runtime/async/threads.h"
#include "stdlib/native_iterator.h"
#include "stdlib/posix/path.h"
#include "stdlib/stream.h"
#include "vm/objects/text.h"

extern char** environ;

namespace apy {

namespace {

Result<void> check(VM& vm, int64_t result) {
  if (result < 0) return raise_errno(vm, errno);
  return {};
}

Result<bool> has_null(VM& vm, Value text) {
  std::string_view bytes;
  if (get_bytes(text, &bytes)) return bytes.find('\0') != std::string_view::npos;
  if (!try_as<Str>(text)) return false;
  return contains(vm, text, TRY(make_str(vm, std::string_view("\0", 1))));
}

/// Texts as exec wants them.
class TextArray {
 public:
  TextArray() = default;
  TextArray(const TextArray&) = delete;
  Result<void> fill(VM& vm, Value sequence, const char* function, const char* argument) {
    List* items = TRY(list_from(vm, sequence));
    for (uint64_t i = 0; i < items->length; ++i) {
      Value item = items->values()[i];
      if (TRY(has_null(vm, item))) return vm.raise(Exc::ValueError, "embedded null byte");
      texts_.push_back(TRY(read_path(vm, item, function, false, argument)).text);
    }
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
    return {};
  }
  char* const* pointers() const { return pointers_.data(); }
  size_t size() const { return texts_.size(); }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

// --- fork and exec by themselves ---

Result<int64_t> fork_process(VM& vm) {
  int64_t process = fork();
  TRY(check(vm, process));
  return process;
}

Result<void> exec_program(VM& vm, Value path, Value arguments, Value environment) {
  PathArgument file = TRY(read_path(vm, path, "execve"));
  TextArray words, variables;
  TRY(words.fill(vm, arguments, "execve", "argv"));
  if (words.size() == 0) return vm.raise(Exc::ValueError, "execve() arg 2 must not be empty");
  if (!environment.is_none()) TRY(variables.fill(vm, environment, "execve", "env"));
  execve(file.c_str(), words.pointers(),
         environment.is_none() ? environ : const_cast<char**>(variables.pointers()));
  return raise_path_error(vm, errno, file);
}

// --- groups and sessions ---

template <auto function>
Result<int64_t> of_process(VM& vm, int64_t process) {
  int64_t result = function(static_cast<pid_t>(process));
  TRY(check(vm, result));
  return result;
}
Result<void> kill_group(VM& vm, int64_t group, int64_t signal) {
  return check(vm, killpg(static_cast<pid_t>(group), static_cast<int>(signal)));
}
Result<void> set_group(VM& vm, int64_t process, int64_t group) {
  return check(vm, setpgid(static_cast<pid_t>(process), static_cast<pid_t>(group)));
}
Result<int64_t> new_session(VM& vm) {
  int64_t session = setsid();
  TRY(check(vm, session));
  return session;
}
Result<int64_t> own_group(VM&) { return static_cast<int64_t>(getpgrp()); }
Result<Value> own_groups(VM& vm) {
  int count = getgroups(0, nullptr);
  TRY(check(vm, count));
  std::vector<gid_t> groups(static_cast<size_t>(count));
  count = getgroups(count, groups.data());
  TRY(check(vm, count));
  List* list = TRY(make_list(vm, static_cast<size_t>(count)));
  for (int i = 0; i < count; ++i)
    TRY(list_append(vm, list, Value::small_int(groups[static_cast<size_t>(i)])));
  return list;
}
Result<int64_t> change_niceness(VM& vm, int64_t increment) {
  errno = 0;
  int value = nice(static_cast<int>(increment));
  if (value == -1 && errno) return raise_errno(vm, errno);
  return int64_t{value};
}
Result<int64_t> open_process(VM& vm, int64_t process, Optional<int64_t> flags) {
  int64_t descriptor = syscall(SYS_pidfd_open, process, flags.value_or(0));
  TRY(check(vm, descriptor));
  return descriptor;
}
Result<Value> pipe_with_flags(VM& vm, int64_t flags) {
  int ends[2];
  TRY(check(vm, pipe2(ends, static_cast<int>(flags))));
  Value pair[2] = {Value::small_int(ends[0]), Value::small_int(ends[1])};
  return make_tuple(vm, pair);
}

Result<Value> open_terminal(VM& vm) {
  int master, slave;
  TRY(check(vm, openpty(&master, &slave, nullptr, nullptr, nullptr)));
  for (int end : {master, slave}) fcntl(end, F_SETFD, FD_CLOEXEC);
  Value pair[2] = {Value::small_int(master), Value::small_int(slave)};
  return make_tuple(vm, pair);
}

// --- starting a program ---

/// What the child is made like. Lists of things are read before the fork.
struct Plan {
  TextArray words, executables, variables;
  bool own_environment = true;
  std::string folder;  // empty: stay
  int streams[3];
  std::vector<int> kept;  // descriptors beyond 2 that the program gets
  std::vector<gid_t> groups;
  bool close_others, restore_signals, new_session, set_groups = false;
  int64_t process_group, group, user, mask;  // -1: stay
  Value preexec;
};

/// What failed: for the parent, which knows how to say it.
struct Failure {
  enum Stage : int { Setup, Folder, Preexec, Exec } stage;
  int error;
};

/// Descriptors 0 to 2 as planned. The planned ones may stand in each other's place: then they are
/// moved away first.
bool place_streams(Plan& plan) {
  for (int i = 0; i < 3; ++i) {
    int& stream = plan.streams[i];
    if (stream >= 0 && stream < 3 && stream != i) {
      int moved = fcntl(stream, F_DUPFD_CLOEXEC, 3);
      if (moved < 0) return false;
      for (int j = 0; j < 3; ++j)
        if (j != i && plan.streams[j] == stream && plan.streams[j] != j) plan.streams[j] = moved;
      stream = moved;
    }
  }
  for (int i = 0; i < 3; ++i) {
    int stream = plan.streams[i];
    if (stream < 0) continue;
    if (stream == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(stream, i) < 0) return false;
  }
  return true;
}

void close_descriptors(const Plan& plan, int report) {
  auto wanted = [&](int fd) {
    if (fd == report) return true;
    for (int kept : plan.kept)
      if (kept == fd) return true;
    return false;
  };
  // Ranges between those that stay.
  unsigned begin = 3;
  while (true) {
    unsigned next = UINT_MAX;
    for (int kept : plan.kept)
      if (static_cast<unsigned>(kept) >= begin && static_cast<unsigned>(kept) < next)
        next = static_cast<unsigned>(kept);
    if (static_cast<unsigned>(report) >= begin && static_cast<unsigned>(report) < next)
      next = static_cast<unsigned>(report);
    unsigned last = next == UINT_MAX ? UINT_MAX : next - 1;
    if (begin <= last && syscall(SYS_close_range, begin, last, 0) < 0) {
      long most = sysconf(_SC_OPEN_MAX);
      for (int fd = 3; fd < (most > 0 ? most : 1024); ++fd)
        if (!wanted(fd)) close(fd);
      return;
    }
    if (next == UINT_MAX) return;
    begin = next + 1;
  }
}

/// In the child. Returns only what failed.
Failure become(VM& vm, Plan& plan, int report) {
  auto failed = [](Failure::Stage stage) { return Failure{stage, errno}; };
  if (!place_streams(plan)) return failed(Failure::Setup);
  for (int fd : plan.kept)
    if (fd > 2 && fcntl(fd, F_SETFD, 0) < 0) return failed(Failure::Setup);
  if (!plan.folder.empty() && chdir(plan.folder.c_str()) < 0) return failed(Failure::Folder);
  if (plan.mask >= 0) umask(static_cast<mode_t>(plan.mask));
  if (plan.restore_signals)
    for (int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_DFL);
  if (plan.new_session) setsid();
  if (plan.process_group >= 0 && setpgid(0, static_cast<pid_t>(plan.process_group)) < 0)
    return failed(Failure::Setup);
  if (plan.set_groups && setgroups(plan.groups.size(), plan.groups.data()) < 0)
    return failed(Failure::Setup);
  if (plan.group >= 0 &&
      setregid(static_cast<gid_t>(plan.group), static_cast<gid_t>(plan.group)) < 0)
    return failed(Failure::Setup);
  if (plan.user >= 0 && setreuid(static_cast<uid_t>(plan.user), static_cast<uid_t>(plan.user)) < 0)
    return failed(Failure::Setup);
  if (!plan.preexec.is_none() && vm.call(plan.preexec, {}).is_error()) return {Failure::Preexec, 0};
  if (plan.close_others) close_descriptors(plan, report);
  char* const* environment = plan.own_environment ? environ : plan.variables.pointers();
  int error = ENOENT;
  for (size_t i = 0; i < plan.executables.size(); ++i) {
    execve(plan.executables.pointers()[i], plan.words.pointers(), environment);
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  return {Failure::Exec, error};
}

/// Into `out`, since arrays of pointers must not be copied.
Result<void> read_plan(VM& vm, std::span<const Value> a, Plan* out) {
  Plan& plan = *out;
  TRY(plan.words.fill(vm, a[0], "fork_exec", "args"));
  TRY(plan.executables.fill(vm, a[1], "fork_exec", "executable"));
  List* streams = TRY(list_from(vm, a[2]));
  if (streams->length != 3) return vm.raise(Exc::ValueError, "three streams are expected");
  for (int i = 0; i < 3; ++i)
    plan.streams[i] = static_cast<int>(TRY(to_int64(vm, streams->values()[i])));
  List* kept = TRY(list_from(vm, a[3]));
  for (Value fd : kept->span()) plan.kept.push_back(static_cast<int>(TRY(to_int64(vm, fd))));
  plan.close_others = TRY(is_truthy(vm, a[4]));
  if (!a[5].is_none()) plan.folder = TRY(read_path(vm, a[5], "fork_exec", false, "cwd")).text;
  plan.own_environment = a[6].is_none();
  if (!plan.own_environment) TRY(plan.variables.fill(vm, a[6], "fork_exec", "env"));
  plan.restore_signals = TRY(is_truthy(vm, a[7]));
  plan.new_session = TRY(is_truthy(vm, a[8]));
  plan.process_group = TRY(to_int64(vm, a[9]));
  plan.group = TRY(to_int64(vm, a[10]));
  if (!a[11].is_none()) {
    plan.set_groups = true;
    List* groups = TRY(list_from(vm, a[11]));
    for (Value group : groups->span())
      plan.groups.push_back(static_cast<gid_t>(TRY(to_int64(vm, group))));
  }
  plan.user = TRY(to_int64(vm, a[12]));
  plan.mask = TRY(to_int64(vm, a[13]));
  plan.preexec = a[14];
  return {};
}

Result<Value> spawn(VM& vm, Rest arguments) {
  if (arguments.values.size() != 15)
    return vm.raise(Exc::TypeError, "_spawn() takes 15 arguments ({} given)",
                    arguments.values.size());
  Plan plan;
  TRY(read_plan(vm, arguments.values, &plan));
  int report[2];
  TRY(check(vm, pipe2(report, O_CLOEXEC)));
  if (report[1] < 3) {  // its place may be a stream's
    int moved = fcntl(report[1], F_DUPFD_CLOEXEC, 3);
    close(report[1]);
    report[1] = moved;
  }
  pid_t process = fork();
  if (process == 0) {
    Failure failure = become(vm, plan, report[1]);
    ssize_t written = write(report[1], &failure, sizeof failure);
    _exit(written < 0 ? 254 : 255);
  }
  int error = errno;
  close(report[1]);
  if (process < 0) {
    close(report[0]);
    return raise_errno(vm, error);
  }
  Failure failure{};
  ssize_t size;
  do {
    size = read(report[0], &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  close(report[0]);
  static constexpr const char* kStages[] = {"setup", "cwd", "preexec", "exec"};
  Value stage = Value::none();
  if (size == static_cast<ssize_t>(sizeof failure)) {
    while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) continue;
    stage = TRY(make_str(vm, kStages[failure.stage]));
  }
  Value parts[3] = {Value::small_int(process), stage, Value::small_int(failure.error)};
  return make_tuple(vm, parts);
}

constexpr NativeFunctionDef kFunctions[] = {
    {"fork()", "Make a child process that goes on from here; 0 in the child.",
     bind<fork_process>()},
    {"_execve(path, argv, env, /)", "Run another program in the place of this one.",
     bind<exec_program>()},
    {"_spawn(*args)", "Start a program; (process, what failed or None, error number).",
     bind<spawn>()},
    {"killpg(pgid, signal, /)", "Send a signal to a process group.", bind<kill_group>()},
    {"getpgid(pid)", "The process group of a process.", bind<of_process<getpgid>>()},
    {"getpgrp()", "The own process group.", bind<own_group>()},
    {"setpgid(pid, pgrp, /)", "Put a process into a group.", bind<set_group>()},
    {"getsid(pid, /)", "The session of a process.", bind<of_process<getsid>>()},
    {"setsid()", "Begin a session.", bind<new_session>()},
    {"getgroups()", "The groups of the user.", bind<own_groups>()},
    {"nice(increment, /)", "Change the priority; returns the new niceness.",
     bind<change_niceness>()},
    {"pidfd_open(pid, flags=0)", "A descriptor that stands for a process.", bind<open_process>()},
    {"openpty()", "(master, slave) of a new terminal.", bind<open_terminal>()},
    {"pipe2(flags, /)", "pipe() with flags.", bind<pipe_with_flags>()},
};

}  // namespace

Result<void> let_others_run_until_end(VM& vm, int64_t process) {
  if (!other_threads(vm)) return {};
  auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (descriptor < 0) return {};
  pollfd entry{descriptor, POLLIN, 0};
  auto waited = let_others_run(vm, {&entry, 1}, -1);
  close(descriptor);
  return waited;
}

Result<void> add_process_functions(VM& vm, Module* module) {
  Value name = TRY(make_str(vm, "posix"));
  for (const NativeFunctionDef& definition : kFunctions)
    TRY(module_set(vm, module, definition.name(),
                   TRY(make_native_function(vm, definition, nullptr, Value(), name))));
  return {};
}

}  // namespace apy
