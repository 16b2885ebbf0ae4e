// The module fcntl: properties and locks of open files.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stdlib/native_iterator.h"
#include "stdlib/posix/path.h"
#include "stdlib/stream.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

/// A number, or an object with fileno().
Result<int> descriptor_argument(VM& vm, Value file) {
  if (!is_int(file)) {
    Value method;
    if (!TRY(get_attribute_optional(vm, file, TRY(intern(vm, "fileno")), &method)))
      return vm.raise(Exc::TypeError, "argument must be an int, or have a fileno() method.");
    file = TRY(vm.call(method, {}));
    if (!is_int(file)) return vm.raise(Exc::TypeError, "fileno() returned a non-integer");
  }
  int64_t number = TRY(to_int64(vm, file));
  if (number < 0)
    return vm.raise(Exc::ValueError, "file descriptor cannot be a negative integer ({})", number);
  return static_cast<int>(number);
}

/// Calls with a number, or with a copy of bytes that the call may change.
template <class F>
Result<Value> with_argument(VM& vm, const Optional<Value>& argument, F call) {
  if (!argument.present || is_int(argument.value)) {
    int64_t number = argument.present ? TRY(to_int64(vm, argument.value)) : 0;
    int result = call(reinterpret_cast<void*>(number));
    if (result < 0) return raise_errno(vm, errno);
    return Value::small_int(result);
  }
  std::string_view bytes;
  std::string text;
  if (Str* string = try_as<Str>(argument.value)) {
    text = to_utf8(string);
    bytes = text;
  } else if (!get_bytes(argument.value, &bytes)) {
    return vm.raise(Exc::TypeError, "an integer or bytes-like object is required");
  }
  constexpr size_t kMost = 1024;
  if (bytes.size() > kMost) return vm.raise(Exc::ValueError, "fcntl string arg too long");
  char buffer[kMost + 1] = {};
  std::memcpy(buffer, bytes.data(), bytes.size());
  if (call(static_cast<void*>(buffer)) < 0) return raise_errno(vm, errno);
  return make_bytes(vm, std::string_view(buffer, bytes.size()));
}

Result<Value> control(VM& vm, Value file, int64_t command, Optional<Value> argument) {
  int descriptor = TRY(descriptor_argument(vm, file));
  return with_argument(vm, argument, [&](void* given) {
    return fcntl(descriptor, static_cast<int>(command), given);
  });
}

Result<Value> device_control(VM& vm, Value file, int64_t request, Optional<Value> argument,
                             Optional<Value> mutate) {
  int descriptor = TRY(descriptor_argument(vm, file));
  auto number = static_cast<unsigned long>(request);
  bool changes = !mutate.present || TRY(is_truthy(vm, mutate.value));
  if (argument.present && !is_int(argument.value) && changes) {
    WritableBytes buffer = writable_bytes(argument.value);
    if (buffer.data) {
      int result = ioctl(descriptor, number, buffer.data);
      if (result < 0) return raise_errno(vm, errno);
      return Value::small_int(result);
    }
  }
  return with_argument(vm, argument, [&](void* given) { return ioctl(descriptor, number, given); });
}

Result<void> lock_file(VM& vm, Value file, int64_t operation) {
  int descriptor = TRY(descriptor_argument(vm, file));
  if (flock(descriptor, static_cast<int>(operation)) < 0) return raise_errno(vm, errno);
  return {};
}

Result<void> lock_range(VM& vm, Value file, int64_t operation, Optional<int64_t> length,
                        Optional<int64_t> start, Optional<int64_t> whence) {
  int descriptor = TRY(descriptor_argument(vm, file));
  struct flock range {};
  if (operation & LOCK_UN)
    range.l_type = F_UNLCK;
  else if (operation & LOCK_SH)
    range.l_type = F_RDLCK;
  else if (operation & LOCK_EX)
    range.l_type = F_WRLCK;
  else
    return vm.raise(Exc::ValueError, "unrecognized lockf argument");
  range.l_len = length.value_or(0);
  range.l_start = start.value_or(0);
  range.l_whence = static_cast<short>(whence.value_or(0));
  int command = operation & LOCK_NB ? F_SETLK : F_SETLKW;
  if (fcntl(descriptor, command, &range) < 0) return raise_errno(vm, errno);
  return {};
}

constexpr NativeFunctionDef kFunctions[] = {
    {"fcntl(fd, cmd, arg=0, /)", "Do something with an open file.", bind<control>()},
    {"ioctl(fd, request, arg=0, mutate_flag=True, /)", "Do something with a device.",
     bind<device_control>()},
    {"flock(fd, operation, /)", "Lock or unlock a file.", bind<lock_file>()},
    {"lockf(fd, cmd, len=0, start=0, whence=0, /)", "Lock or unlock a part of a file.",
     bind<lock_range>()},
};

#define ENTRY(name) \
  { #name, name }
constexpr struct {
  const char* name;
  int64_t value;
} kConstants[] = {
    ENTRY(LOCK_SH),      ENTRY(LOCK_EX),    ENTRY(LOCK_NB),         ENTRY(LOCK_UN),
    ENTRY(F_DUPFD),      ENTRY(F_GETFD),    ENTRY(F_SETFD),         ENTRY(F_GETFL),
    ENTRY(F_SETFL),      ENTRY(F_GETLK),    ENTRY(F_SETLK),         ENTRY(F_SETLKW),
    ENTRY(F_RDLCK),      ENTRY(F_WRLCK),    ENTRY(F_UNLCK),         ENTRY(F_GETOWN),
    ENTRY(F_SETOWN),     ENTRY(FD_CLOEXEC), ENTRY(F_DUPFD_CLOEXEC), ENTRY(F_SETPIPE_SZ),
    ENTRY(F_GETPIPE_SZ), ENTRY(FASYNC),
};
#undef ENTRY

Result<void> initialize(VM& vm, Module* module) {
  for (const auto& constant : kConstants)
    TRY(module_set(vm, module, constant.name, Value::small_int(constant.value)));
  return {};
}

}  // namespace

extern const NativeModuleDef kFcntlModule = {"fcntl", "Properties and locks of open files.",
                                             kFunctions, initialize};

}  // namespace apy
