#pragma once
// The verifier: unverified bytecode never runs. It checks each operand against its kind and the
// code object's bounds, that jumps and exception ranges meet instruction starts, that only JumpBack
// goes backwards and that control cannot run off the end. What it does not check: that registers
// are written before they are read (they are scanned conservatively, and a compiler's mistake there
// shows up as an engine assertion).
#include <optional>
#include <string>

#include "vm/bytecode/draft.h"

namespace apy {

/// The first fault found, or nothing. Nested code objects are not visited.
std::optional<std::string> verify(const Code& code);
std::optional<std::string> verify(const CodeDraft& draft);

}  // namespace apy
