// What SIGINT does is a property of the process, so this is the one place of the command line with
// state of its own.
#include "cli/interrupts.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace apy::cli {

namespace {

std::atomic<Engine*> target{nullptr};
std::atomic<bool> reading_now{false};
std::atomic<bool> came_while_reading{false};

void on_interrupt(int) {
  if (reading_now.load()) {
    came_while_reading.store(true);
    return;
  }
  if (Engine* engine = target.load()) engine->interrupt();
}

}  // namespace

void direct_signals(Engine* engine) {
  target.store(engine);
  if (!engine) return;
  signal(SIGPIPE, SIG_IGN);
  struct sigaction present = {};
  // Whoever started us with SIGINT ignored (nohup, a shell's background job) wants it so.
  if (sigaction(SIGINT, nullptr, &present) == 0 && present.sa_handler == SIG_IGN) return;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;  // without SA_RESTART: a blocking read must end
  sigaction(SIGINT, &action, nullptr);
}

void set_reading(bool reading) { reading_now.store(reading); }
bool interrupted_reading() { return came_while_reading.exchange(false); }

void die_of_interrupt() {
  signal(SIGINT, SIG_DFL);
  kill(getpid(), SIGINT);
  _exit(128 + SIGINT);
}

}  // namespace apy::cli
