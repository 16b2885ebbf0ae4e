// _resource: limits and use of resources; resource.apy gives them their form.
#include <sys/resource.h>

#include <cerrno>

#include "stdlib/stream.h"
#include "vm/binding/bind.h"

namespace apy {

namespace {

Value number(rlim_t n) {
  return Value::small_int(n == RLIM_INFINITY ? -1 : static_cast<int64_t>(n));
}
Result<Value> get_limit(VM& vm, int64_t which) {
  rlimit limit;
  if (getrlimit(static_cast<__rlimit_resource>(which), &limit) != 0) return raise_errno(vm, errno);
  Value pair[2] = {number(limit.rlim_cur), number(limit.rlim_max)};
  return make_tuple(vm, pair);
}
Result<void> set_limit(VM& vm, int64_t which, int64_t soft, int64_t hard) {
  rlimit limit{static_cast<rlim_t>(soft), static_cast<rlim_t>(hard)};
  if (setrlimit(static_cast<__rlimit_resource>(which), &limit) != 0) return raise_errno(vm, errno);
  return {};
}
Result<Value> get_usage(VM& vm, int64_t who) {
  rusage use;
  if (getrusage(static_cast<__rusage_who>(who), &use) != 0) return raise_errno(vm, errno);
  auto seconds = [&](const timeval& t) {
    return make_float(vm, static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6);
  };
  const long counts[] = {use.ru_maxrss,  use.ru_ixrss,  use.ru_idrss,  use.ru_isrss,
                         use.ru_minflt,  use.ru_majflt, use.ru_nswap,  use.ru_inblock,
                         use.ru_oublock, use.ru_msgsnd, use.ru_msgrcv, use.ru_nsignals,
                         use.ru_nvcsw,   use.ru_nivcsw};
  Value fields[16] = {TRY(seconds(use.ru_utime)), TRY(seconds(use.ru_stime))};
  for (size_t i = 0; i < 14; ++i) fields[i + 2] = Value::small_int(counts[i]);
  return make_tuple(vm, fields);
}

constexpr NativeFunctionDef kFunctions[] = {
    {"getrlimit(resource, /)", "(soft limit, hard limit); -1: none.", bind<get_limit>()},
    {"setrlimit(resource, soft, hard, /)", "Set the limits.", bind<set_limit>()},
    {"getrusage(who, /)", "16 numbers.", bind<get_usage>()},
};

}  // namespace

extern const NativeModuleDef kResourceModule = {"_resource", "Limits and use of resources.",
                                                kFunctions, nullptr};

}  // namespace apy
