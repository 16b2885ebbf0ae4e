// posix: the system's calls on files, folders and processes; os is written over it.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "runtime/async/threads.h"
#include "stdlib/native_iterator.h"
#include "stdlib/posix/path.h"
#include "stdlib/posix/process.h"
#include "stdlib/stream.h"
#include "vm/objects/bigint.h"
#include "vm/objects/dict.h"
#include "vm/objects/text.h"

extern char** environ;

namespace apy {

namespace {

Result<void> check(VM& vm, int result, const PathArgument& path) {
  if (result < 0) return raise_path_error(vm, errno, path);
  return {};
}
Result<void> check(VM& vm, int64_t result) {
  if (result < 0) return raise_errno(vm, errno);
  return {};
}

// --- folders ---

Result<Value> get_cwd(VM& vm) {
  char buffer[PATH_MAX];
  if (!getcwd(buffer, sizeof buffer)) return raise_errno(vm, errno);
  return path_value(vm, buffer, false);
}
Result<Value> get_cwd_bytes(VM& vm) {
  char buffer[PATH_MAX];
  if (!getcwd(buffer, sizeof buffer)) return raise_errno(vm, errno);
  return path_value(vm, buffer, true);
}
Result<void> change_dir(VM& vm, Value value) {
  PathArgument path = TRY(read_path(vm, value, "chdir", true));
  return check(vm, path.descriptor >= 0 ? fchdir(path.descriptor) : chdir(path.c_str()), path);
}

/// Calls f(entry) for each entry of a folder but . and ..
template <class F>
Result<void> for_each_entry(VM& vm, const PathArgument& path, F f) {
  DIR* folder;
  if (path.descriptor >= 0) {
    int copy = dup(path.descriptor);
    folder = copy < 0 ? nullptr : fdopendir(copy);
    if (folder) rewinddir(folder);
  } else {
    folder = opendir(path.c_str());
  }
  if (!folder) return raise_path_error(vm, errno, path);
  Result<void> result;
  while (dirent* entry = readdir(folder)) {
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    result = f(entry);
    if (result.is_error()) break;
  }
  closedir(folder);
  return result;
}

Result<PathArgument> folder_path(VM& vm, Optional<Value> value, const char* function) {
  if (value.present && !value.value.is_none()) {
    Type* type = vm.type_of(value.value);
    if (!is_kind(value.value, CellKind::Str) && !is_kind(value.value, CellKind::Bytes) &&
        type_lookup(vm, type, vm.names().fspath).is_empty() &&
        type_special(vm, type, Special::Index).is_empty())
      return vm.raise(Exc::TypeError,
                      "{}: path should be string, bytes, os.PathLike, integer or None, not {}",
                      function, type);
    return read_path(vm, value.value, function, true);
  }
  return read_path(vm, TRY(make_str(vm, ".")), function);
}

Result<Value> list_dir(VM& vm, Optional<Value> value) {
  PathArgument path = TRY(folder_path(vm, value, "listdir"));
  List* names = TRY(make_list(vm, size_t{0}));
  TRY(for_each_entry(vm, path, [&](dirent* entry) -> Result<void> {
    return list_append(vm, names, TRY(path_value(vm, entry->d_name, path.is_bytes)));
  }));
  return names;
}

/// [(name, inode, kind)], kind as in d_type.
Result<Value> scan_dir(VM& vm, Optional<Value> value) {
  PathArgument path = TRY(folder_path(vm, value, "scandir"));
  List* entries = TRY(make_list(vm, size_t{0}));
  TRY(for_each_entry(vm, path, [&](dirent* entry) -> Result<void> {
    Value fields[3] = {TRY(path_value(vm, entry->d_name, path.is_bytes)),
                       TRY(make_int_unsigned(vm, entry->d_ino)), Value::small_int(entry->d_type)};
    return list_append(vm, entries, TRY(make_tuple(vm, fields)));
  }));
  return entries;
}

Result<void> make_dir(VM& vm, Value value, Optional<int64_t> mode) {
  PathArgument path = TRY(read_path(vm, value, "mkdir"));
  return check(vm, mkdir(path.c_str(), static_cast<mode_t>(mode.value_or(0777))), path);
}
Result<void> remove_dir(VM& vm, Value value) {
  PathArgument path = TRY(read_path(vm, value, "rmdir"));
  return check(vm, rmdir(path.c_str()), path);
}

// --- names ---

Result<void> unlink_file(VM& vm, Value value) {
  PathArgument path = TRY(read_path(vm, value, "unlink"));
  return check(vm, unlink(path.c_str()), path);
}
Result<void> remove_file(VM& vm, Value value) {
  PathArgument path = TRY(read_path(vm, value, "remove"));
  return check(vm, unlink(path.c_str()), path);
}
template <int (*call)(const char*, const char*)>
Result<void> two_paths(VM& vm, Value first, Value second, const char* function,
                       const char* names[2]) {
  PathArgument from = TRY(read_path(vm, first, function, false, names[0]));
  PathArgument to = TRY(read_path(vm, second, function, false, names[1]));
  if (call(from.c_str(), to.c_str()) < 0) return raise_path_error(vm, errno, from, to);
  return {};
}
const char* kSourceNames[2] = {"src", "dst"};
Result<void> rename_file(VM& vm, Value from, Value to) {
  return two_paths<rename>(vm, from, to, "rename", kSourceNames);
}
Result<void> replace_file(VM& vm, Value from, Value to) {
  return two_paths<rename>(vm, from, to, "replace", kSourceNames);
}
Result<void> link_file(VM& vm, Value from, Value to) {
  return two_paths<link>(vm, from, to, "link", kSourceNames);
}
Result<void> symlink_file(VM& vm, Value from, Value to, Optional<bool>) {
  return two_paths<symlink>(vm, from, to, "symlink", kSourceNames);
}
Result<Value> read_link(VM& vm, Value value) {
  PathArgument path = TRY(read_path(vm, value, "readlink"));
  char buffer[PATH_MAX];
  ssize_t length = readlink(path.c_str(), buffer, sizeof buffer);
  if (length < 0) return raise_path_error(vm, errno, path);
  return path_value(vm, std::string_view(buffer, static_cast<size_t>(length)), path.is_bytes);
}

// --- what is known of a file ---

Result<Value> stat_tuple(VM& vm, const struct stat& status) {
  List* list = TRY(make_list(vm, size_t{0}));
  auto add = [&](uint64_t value) -> Result<void> {
    return list_append(vm, list, TRY(make_int_unsigned(vm, value)));
  };
  for (uint64_t value :
       {uint64_t{status.st_mode}, uint64_t{status.st_ino}, uint64_t{status.st_dev},
        uint64_t{status.st_nlink}, uint64_t{status.st_uid}, uint64_t{status.st_gid}})
    TRY(add(value));
  TRY(list_append(vm, list, TRY(make_int(vm, status.st_size))));
  const timespec times[3] = {status.st_atim, status.st_mtim, status.st_ctim};
  for (const timespec& time : times) TRY(list_append(vm, list, TRY(make_int(vm, time.tv_sec))));
  for (const timespec& time : times)
    TRY(list_append(vm, list,
                    TRY(make_float(vm, static_cast<double>(time.tv_sec) +
                                           1e-9 * static_cast<double>(time.tv_nsec)))));
  for (const timespec& time : times) {
    __int128 nanoseconds = static_cast<__int128>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
    TRY(list_append(vm, list, TRY(int_from_int128(vm, nanoseconds))));
  }
  TRY(list_append(vm, list, TRY(make_int(vm, status.st_blksize))));
  TRY(list_append(vm, list, TRY(make_int(vm, status.st_blocks))));
  TRY(add(status.st_rdev));
  return make_tuple(vm, list->span());
}

Result<Value> stat_file(VM& vm, Value value, Optional<bool> follow) {
  PathArgument path = TRY(read_path(vm, value, "stat", true));
  struct stat status;
  int result = path.descriptor >= 0    ? fstat(path.descriptor, &status)
               : follow.value_or(true) ? stat(path.c_str(), &status)
                                       : lstat(path.c_str(), &status);
  TRY(check(vm, result, path));
  return stat_tuple(vm, status);
}
/// As os.path asks: the mode of a file, or -1 if there is none or its name cannot be one.
Result<int64_t> mode_of(VM& vm, Value value, Optional<bool> follow) {
  auto read = read_path(vm, value, "stat", true);
  if (read.is_error()) {
    if (!vm.catch_pending(Exc::ValueError)) return Error{};
    return -1;
  }
  PathArgument path = read.value();
  struct stat status;
  int result = path.descriptor >= 0    ? fstat(path.descriptor, &status)
               : follow.value_or(true) ? stat(path.c_str(), &status)
                                       : lstat(path.c_str(), &status);
  return result < 0 ? -1 : static_cast<int64_t>(status.st_mode);
}
Result<bool> access_file(VM& vm, Value value, int64_t mode) {
  PathArgument path = TRY(read_path(vm, value, "access"));
  return access(path.c_str(), static_cast<int>(mode)) == 0;
}
Result<void> change_mode(VM& vm, Value value, int64_t mode, Optional<bool>) {
  PathArgument path = TRY(read_path(vm, value, "chmod", true));
  auto bits = static_cast<mode_t>(mode);
  return check(vm, path.descriptor >= 0 ? fchmod(path.descriptor, bits) : chmod(path.c_str(), bits),
               path);
}
Result<void> change_owner(VM& vm, Value value, int64_t user, int64_t group, Optional<bool> follow) {
  PathArgument path = TRY(read_path(vm, value, "chown", true));
  auto u = static_cast<uid_t>(user);
  auto g = static_cast<gid_t>(group);
  int result = path.descriptor >= 0    ? fchown(path.descriptor, u, g)
               : follow.value_or(true) ? chown(path.c_str(), u, g)
                                       : lchown(path.c_str(), u, g);
  return check(vm, result, path);
}
/// Times in nanoseconds; None: now.
Result<void> set_times(VM& vm, Value value, Value access_time, Value change_time,
                       Optional<bool> follow) {
  PathArgument path = TRY(read_path(vm, value, "utime", true));
  timespec times[2];
  for (int i = 0; i < 2; ++i) {
    Value time = i ? change_time : access_time;
    if (time.is_none()) {
      times[i] = {0, UTIME_NOW};
      continue;
    }
    Value seconds, rest;
    TRY(int_divide(vm, time, Value::small_int(1'000'000'000), &seconds, &rest));
    times[i] = {TRY(to_int64(vm, seconds)), TRY(to_int64(vm, rest))};
  }
  int result = path.descriptor >= 0 ? futimens(path.descriptor, times)
                                    : utimensat(AT_FDCWD, path.c_str(), times,
                                                follow.value_or(true) ? 0 : AT_SYMLINK_NOFOLLOW);
  return check(vm, result, path);
}
Result<void> truncate_file(VM& vm, Value value, int64_t length) {
  PathArgument path = TRY(read_path(vm, value, "truncate", true));
  return check(
      vm,
      path.descriptor >= 0 ? ftruncate(path.descriptor, length) : truncate(path.c_str(), length),
      path);
}
Result<int64_t> set_umask(VM&, int64_t mask) {
  return static_cast<int64_t>(umask(static_cast<mode_t>(mask)));
}

// --- open files ---

Result<int64_t> open_file_number(VM& vm, Value value, int64_t flags, Optional<int64_t> mode) {
  PathArgument path = TRY(read_path(vm, value, "open"));
  int result;
  do {
    result = open(path.c_str(), static_cast<int>(flags) | O_CLOEXEC,
                  static_cast<mode_t>(mode.value_or(0777)));
  } while (result < 0 && errno == EINTR);
  TRY(check(vm, result, path));
  return result;
}
Result<void> close_file(VM& vm, int64_t descriptor) {
  return check(vm, int64_t{close(static_cast<int>(descriptor))});
}
Result<Value> read_file(VM& vm, int64_t descriptor, int64_t count) {
  if (count < 0) return raise_errno(vm, EINVAL);
  count = std::min<int64_t>(count, 0x7FFFF000);
  std::string buffer(static_cast<size_t>(std::min<int64_t>(count, 1 << 16)), '\0');
  if (count > (1 << 16)) buffer.resize(static_cast<size_t>(count));
  pollfd entry{static_cast<int>(descriptor), POLLIN, 0};
  TRY(let_others_run(vm, {&entry, 1}, -1));
  ssize_t size;
  do {
    size = read(static_cast<int>(descriptor), buffer.data(), buffer.size());
  } while (size < 0 && errno == EINTR);
  TRY(check(vm, int64_t{size}));
  return make_bytes(vm, std::string_view(buffer.data(), static_cast<size_t>(size)));
}
Result<int64_t> write_file(VM& vm, int64_t descriptor, Value data) {
  std::string_view bytes;
  if (!get_bytes(data, &bytes))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(data));
  ssize_t size;
  do {
    size = write(static_cast<int>(descriptor), bytes.data(), bytes.size());
  } while (size < 0 && errno == EINTR);
  TRY(check(vm, int64_t{size}));
  return size;
}
Result<int64_t> seek_file(VM& vm, int64_t descriptor, int64_t position, int64_t whence) {
  off_t result = lseek(static_cast<int>(descriptor), position, static_cast<int>(whence));
  TRY(check(vm, int64_t{result}));
  return result;
}
Result<Value> make_pipe(VM& vm) {
  int ends[2];
  TRY(check(vm, int64_t{pipe2(ends, O_CLOEXEC)}));
  Value pair[2] = {Value::small_int(ends[0]), Value::small_int(ends[1])};
  return make_tuple(vm, pair);
}
Result<int64_t> duplicate(VM& vm, int64_t descriptor) {
  int result = fcntl(static_cast<int>(descriptor), F_DUPFD_CLOEXEC, 0);
  TRY(check(vm, int64_t{result}));
  return result;
}
Result<int64_t> duplicate_to(VM& vm, int64_t descriptor, int64_t other,
                             Optional<bool> inheritable) {
  int result = dup3(static_cast<int>(descriptor), static_cast<int>(other),
                    inheritable.value_or(true) ? 0 : O_CLOEXEC);
  TRY(check(vm, int64_t{result}));
  return result;
}
Result<bool> is_terminal(VM&, int64_t descriptor) {
  return isatty(static_cast<int>(descriptor)) == 1;
}
Result<void> sync_file(VM& vm, int64_t descriptor) {
  return check(vm, int64_t{fsync(static_cast<int>(descriptor))});
}
Result<bool> get_inheritable(VM& vm, int64_t descriptor) {
  int flags = fcntl(static_cast<int>(descriptor), F_GETFD);
  TRY(check(vm, int64_t{flags}));
  return !(flags & FD_CLOEXEC);
}
Result<void> set_inheritable(VM& vm, int64_t descriptor, bool inheritable) {
  return check(vm,
               int64_t{fcntl(static_cast<int>(descriptor), F_SETFD, inheritable ? 0 : FD_CLOEXEC)});
}
Result<bool> get_blocking(VM& vm, int64_t descriptor) {
  int flags = fcntl(static_cast<int>(descriptor), F_GETFL);
  TRY(check(vm, int64_t{flags}));
  return !(flags & O_NONBLOCK);
}
Result<void> set_blocking(VM& vm, int64_t descriptor, bool blocking) {
  int flags = fcntl(static_cast<int>(descriptor), F_GETFL);
  TRY(check(vm, int64_t{flags}));
  flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
  return check(vm, int64_t{fcntl(static_cast<int>(descriptor), F_SETFL, flags)});
}
Result<Value> terminal_size(VM& vm, int64_t descriptor) {
  winsize size{};
  TRY(check(vm, int64_t{ioctl(static_cast<int>(descriptor), TIOCGWINSZ, &size)}));
  Value pair[2] = {Value::small_int(size.ws_col), Value::small_int(size.ws_row)};
  return make_tuple(vm, pair);
}

// --- the process ---

Result<Value> environment(VM& vm) {
  Dict* dict = TRY(make_dict(vm));
  for (char** entry = environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    size_t equal = text.find('=', 1);
    if (equal == std::string_view::npos) continue;
    Value key = TRY(make_bytes(vm, text.substr(0, equal)));
    TRY(dict_set_default(vm, dict, key, TRY(make_bytes(vm, text.substr(equal + 1)))));
  }
  return dict;
}
Result<void> put_environment(VM& vm, Value name, Value value) {
  PathArgument key = TRY(read_path(vm, name, "putenv", false, "name"));
  PathArgument text = TRY(read_path(vm, value, "putenv", false, "value"));
  if (key.text.find('=') != std::string::npos || key.text.empty())
    return vm.raise(Exc::ValueError, "illegal environment variable name");
  return check(vm, int64_t{setenv(key.c_str(), text.c_str(), 1)});
}
Result<void> unset_environment(VM& vm, Value name) {
  PathArgument key = TRY(read_path(vm, name, "unsetenv", false, "name"));
  return check(vm, int64_t{unsetenv(key.c_str())});
}
template <auto call>
Result<int64_t> number_of(VM&) {
  return static_cast<int64_t>(call());
}
Result<void> send_signal(VM& vm, int64_t process, int64_t number) {
  TRY(check(vm, int64_t{kill(static_cast<pid_t>(process), static_cast<int>(number))}));
  return vm.poll();
}
[[noreturn]] void exit_at_once(int64_t status) { _exit(static_cast<int>(status)); }
Result<void> exit_now(VM&, int64_t status) { exit_at_once(status); }
Result<void> abort_now(VM&) { abort(); }
Result<int64_t> run_command(VM& vm, Value command) {
  PathArgument text = TRY(read_path(vm, command, "system", false, "command"));
  return static_cast<int64_t>(system(text.c_str()));
}
Result<Value> wait_process(VM& vm, int64_t process, int64_t options) {
  int status = 0;
  pid_t result;
  if (process > 0 && !(options & WNOHANG)) TRY(let_others_run_until_end(vm, process));
  do {
    result = waitpid(static_cast<pid_t>(process), &status, static_cast<int>(options));
  } while (result < 0 && errno == EINTR);
  TRY(check(vm, int64_t{result}));
  Value pair[2] = {Value::small_int(result), Value::small_int(status)};
  return make_tuple(vm, pair);
}
Result<Value> system_names(VM& vm) {
  utsname names;
  TRY(check(vm, int64_t{uname(&names)}));
  Value fields[5];
  const char* texts[5] = {names.sysname, names.nodename, names.release, names.version,
                          names.machine};
  for (int i = 0; i < 5; ++i) fields[i] = TRY(make_str(vm, texts[i]));
  return make_tuple(vm, fields);
}
Result<int64_t> processor_count(VM&) { return sysconf(_SC_NPROCESSORS_ONLN); }
Result<int64_t> usable_processors(VM&) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                     : sysconf(_SC_NPROCESSORS_ONLN);
}
Result<Value> random_bytes(VM& vm, int64_t count) {
  if (count < 0) return vm.raise(Exc::ValueError, "negative argument not allowed");
  Bytes* bytes = TRY(make_bytes(vm, static_cast<size_t>(count)));
  size_t done = 0;
  while (done < bytes->length) {
    ssize_t size = getrandom(bytes->data() + done, bytes->length - done, 0);
    if (size < 0 && errno != EINTR) return raise_errno(vm, errno);
    if (size > 0) done += static_cast<size_t>(size);
  }
  return bytes;
}
Result<Value> error_text(VM& vm, int64_t error) {
  return make_str(vm, std::strerror(static_cast<int>(error)));
}
Result<Value> load_average(VM& vm) {
  double loads[3];
  if (getloadavg(loads, 3) != 3) return vm.raise(Exc::OSError, "Load averages are unobtainable");
  Value fields[3];
  for (int i = 0; i < 3; ++i) fields[i] = TRY(make_float(vm, loads[i]));
  return make_tuple(vm, fields);
}

constexpr NativeFunctionDef kFunctions[] = {
    {"getcwd()", "The current folder.", bind<get_cwd>()},
    {"getcwdb()", "The current folder, as bytes.", bind<get_cwd_bytes>()},
    {"chdir(path)", "Change the current folder.", bind<change_dir>()},
    {"listdir(path=None)", "The names of the entries of a folder.", bind<list_dir>()},
    {"_scandir(path=None)", "(name, inode, kind) of each entry of a folder.", bind<scan_dir>()},
    {"mkdir(path, mode=511)", "Make a folder.", bind<make_dir>()},
    {"rmdir(path)", "Remove an empty folder.", bind<remove_dir>()},
    {"unlink(path)", "Remove a file.", bind<unlink_file>()},
    {"remove(path)", "Remove a file.", bind<remove_file>()},
    {"rename(src, dst)", "Rename a file or folder.", bind<rename_file>()},
    {"replace(src, dst)", "Rename a file or folder, over another.", bind<replace_file>()},
    {"link(src, dst)", "Make a hard link.", bind<link_file>()},
    {"symlink(src, dst, target_is_directory=False)", "Make a symbolic link.", bind<symlink_file>()},
    {"readlink(path)", "Where a symbolic link points.", bind<read_link>()},
    {"_stat(path, follow_symlinks=True)", "What is known of a file, as a tuple.",
     bind<stat_file>()},
    {"_mode(path, follow_symlinks=True)", "The mode of a file, or -1.", bind<mode_of>()},
    {"access(path, mode)", "May this process use the file?", bind<access_file>()},
    {"chmod(path, mode, *, follow_symlinks=True)", "Change permissions.", bind<change_mode>()},
    {"chown(path, uid, gid, *, follow_symlinks=True)", "Change owner and group.",
     bind<change_owner>()},
    {"_utime(path, atime, mtime, follow_symlinks=True)", "Set times, in nanoseconds.",
     bind<set_times>()},
    {"truncate(path, length)", "Cut a file.", bind<truncate_file>()},
    {"ftruncate(fd, length, /)", "Cut an open file.", bind<truncate_file>()},
    {"umask(mask, /)", "Set the mask of permissions; returns the old one.", bind<set_umask>()},
    {"open(path, flags, mode=511)", "Open a file; returns its number.", bind<open_file_number>()},
    {"close(fd)", "Close an open file.", bind<close_file>()},
    {"read(fd, length, /)", "Read from an open file.", bind<read_file>()},
    {"write(fd, data, /)", "Write to an open file; returns how many bytes were taken.",
     bind<write_file>()},
    {"lseek(fd, position, whence, /)", "Change the position in an open file.", bind<seek_file>()},
    {"pipe()", "(read end, write end) of a pipe.", bind<make_pipe>()},
    {"dup(fd, /)", "Another number for the same open file.", bind<duplicate>()},
    {"dup2(fd, fd2, inheritable=True)", "Make fd2 a number of the same open file.",
     bind<duplicate_to>()},
    {"isatty(fd, /)", "Is it a terminal?", bind<is_terminal>()},
    {"fsync(fd)", "Write out to the device.", bind<sync_file>()},
    {"get_inheritable(fd, /)", "Do child processes get it?", bind<get_inheritable>()},
    {"set_inheritable(fd, inheritable, /)", "Do child processes get it?", bind<set_inheritable>()},
    {"get_blocking(fd, /)", "Does reading wait?", bind<get_blocking>()},
    {"set_blocking(fd, blocking, /)", "Does reading wait?", bind<set_blocking>()},
    {"_terminal_size(fd)", "(columns, lines) of a terminal.", bind<terminal_size>()},
    {"_environ()", "The environment as bytes.", bind<environment>()},
    {"putenv(name, value, /)", "Set an environment variable.", bind<put_environment>()},
    {"unsetenv(name, /)", "Remove an environment variable.", bind<unset_environment>()},
    {"getpid()", "The number of this process.", bind<number_of<getpid>>()},
    {"getppid()", "The number of the parent process.", bind<number_of<getppid>>()},
    {"getuid()", "The user.", bind<number_of<getuid>>()},
    {"geteuid()", "The effective user.", bind<number_of<geteuid>>()},
    {"getgid()", "The group.", bind<number_of<getgid>>()},
    {"getegid()", "The effective group.", bind<number_of<getegid>>()},
    {"kill(pid, signal, /)", "Send a signal to a process.", bind<send_signal>()},
    {"_exit(status)", "Leave the process at once.", bind<exit_now>()},
    {"abort()", "Abort the process.", bind<abort_now>()},
    {"system(command)", "Run a shell command; returns its wait status.", bind<run_command>()},
    {"waitpid(pid, options, /)", "(process, status) of a child that ended.", bind<wait_process>()},
    {"_uname()", "Names of the system, as a tuple.", bind<system_names>()},
    {"cpu_count()", "The number of processors.", bind<processor_count>()},
    {"process_cpu_count()", "The number of processors for this process.",
     bind<usable_processors>()},
    {"urandom(size, /)", "Random bytes.", bind<random_bytes>()},
    {"strerror(code, /)", "The text of an error number.", bind<error_text>()},
    {"getloadavg()", "The load in the last 1, 5 and 15 minutes.", bind<load_average>()},
};

Result<void> initialize(VM& vm, Module* module) {
  static constexpr struct {
    const char* name;
    int64_t value;
  } kConstants[] = {
      {"F_OK", F_OK},
      {"R_OK", R_OK},
      {"W_OK", W_OK},
      {"X_OK", X_OK},
      {"O_RDONLY", O_RDONLY},
      {"O_WRONLY", O_WRONLY},
      {"O_RDWR", O_RDWR},
      {"O_CREAT", O_CREAT},
      {"O_EXCL", O_EXCL},
      {"O_TRUNC", O_TRUNC},
      {"O_APPEND", O_APPEND},
      {"O_NONBLOCK", O_NONBLOCK},
      {"O_SYNC", O_SYNC},
      {"O_NOFOLLOW", O_NOFOLLOW},
      {"O_DIRECTORY", O_DIRECTORY},
      {"O_CLOEXEC", O_CLOEXEC},
      {"O_NOCTTY", O_NOCTTY},
      {"WNOHANG", WNOHANG},
      {"WUNTRACED", WUNTRACED},
      {"EX_OK", 0},
      {"EX_USAGE", 64},
      {"EX_DATAERR", 65},
      {"EX_NOINPUT", 66},
      {"EX_UNAVAILABLE", 69},
      {"EX_SOFTWARE", 70},
      {"EX_OSERR", 71},
      {"EX_CANTCREAT", 73},
      {"EX_IOERR", 74},
      {"EX_TEMPFAIL", 75},
      {"EX_NOPERM", 77},
      {"EX_CONFIG", 78},
      {"TMP_MAX", TMP_MAX},
  };
  for (const auto& constant : kConstants)
    TRY(module_set(vm, module, constant.name, Value::small_int(constant.value)));
  return add_process_functions(vm, module);
}

}  // namespace

extern const NativeModuleDef kPosixModule = {"posix", "The system's calls.", kFunctions,
                                             initialize};

}  // namespace apy
