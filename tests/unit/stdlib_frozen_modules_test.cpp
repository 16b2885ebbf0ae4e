#include <doctest/doctest.h>

#include <string_view>

#include "stdlib/frozen_modules.h"

using apy::FrozenModule;

TEST_CASE("frozen modules are sorted, can be unpacked and are found by name") {
  std::size_t count = 0;
  const FrozenModule* modules = apy::frozen_modules(&count);
  for (std::size_t i = 0; i < count; ++i) {
    CAPTURE(modules[i].name);
    if (i > 0) CHECK(modules[i - 1].name < modules[i].name);
    CHECK(apy::frozen_source(modules[i]).size() == modules[i].size);
    CHECK(apy::find_frozen_module(modules[i].name) == &modules[i]);
  }
  CHECK(apy::find_frozen_module("no such module") == nullptr);
  CHECK(apy::find_frozen_module("") == nullptr);
}

TEST_CASE("a package is named after its folder") {
  const FrozenModule* package = apy::find_frozen_module("asyncio");
  REQUIRE(package != nullptr);
  CHECK(package->is_package);
  CHECK(apy::find_frozen_module("asyncio.__init__") == nullptr);
}
