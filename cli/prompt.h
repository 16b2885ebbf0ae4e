#pragma once
#include "apy/apy.h"

namespace apy::cli {

/// Reads statements from the terminal and runs them until the end of input or SystemExit; the exit
/// status.
int run_prompt(Engine& engine);

}  // namespace apy::cli
