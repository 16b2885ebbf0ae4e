#pragma once
// SHA-512 (FIPS 180-4), for seeding random numbers from text.
#include <array>
#include <cstdint>
#include <string_view>

namespace apy {

std::array<uint8_t, 64> sha512(std::string_view data);

}  // namespace apy
