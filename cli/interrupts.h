#pragma once
// Ctrl-C for the command line.
#include "apy/apy.h"

namespace apy::cli {

/// From now on SIGINT interrupts the engine's script; before the engine goes, pass null. SIGPIPE is
/// ignored: scripts see BrokenPipeError.
void direct_signals(Engine* engine);
/// While `reading`, SIGINT only ends the system call in progress; interrupted_reading tells of it,
/// once.
void set_reading(bool reading);
bool interrupted_reading();
/// Ends the process as SIGINT by itself would have, so that the caller sees why.
[[noreturn]] void die_of_interrupt();

}  // namespace apy::cli
