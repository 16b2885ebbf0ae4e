// Stress builds check the heap: that they find what they are for.
#if APY_GC_STRESS

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/objects/test_vm.h"
#include "vm/objects/containers.h"

using namespace apy;

namespace {

/// Stores new strings into an old list, in a process of its own; how that process ended.
int status_of_stores(bool with_barrier) {
  pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    signal(SIGABRT, SIG_DFL);
    TestVm test;
    Value none = Value::none();
    List* list = must(make_list(test.vm, {&none, 1}));
    for (int i = 0; i < 1000; ++i) {
      list->values()[0] = must(make_str(test.vm, "a new string"));
      if (with_barrier) test.vm.barrier(list->storage);
      test.vm.heap().collect_minor();
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("stress: a store without a barrier is found") {
  CHECK(status_of_stores(true) == 0);
  int status = status_of_stores(false);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

#endif
