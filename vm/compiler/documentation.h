#pragma once
#include <string>
#include <string_view>

namespace apy {

/// A documentation string without the indentation that its lines have in common (the first line
/// aside), tabs expanded to columns of eight.
std::string clean_documentation(std::string_view text);

}  // namespace apy
