#include <vector>

#include "tests/unit/objects/test_vm.h"
#include "vm/objects/set.h"

using namespace apy;

namespace {

struct Order {
  std::vector<int64_t> added, listed;
};

// From CPython 3.13: add all of them, discard every fourth, then add every seventh from the second
// plus 1000.
const Order kOrders[] = {
    {{318, 130, 379}, {130, 379, 1130}},
    {{183, 407, 353, 482, 430, 378, 333, 472}, {353, 482, 333, 407, 472, 378, 1407}},
    {{271, 14, 430, 238, 397, 482, 127, 332, 26, 461,
      80,  57, 190, 240, 444, 126, 194, 278, 52, 293},
     {1026, 14, 278, 293, 430, 52, 57, 444, 332, 461, 80, 482, 1126, 238, 240, 1014, 126, 127}},
    {{127, 6,   374, 110, 208, 143, 93,  469, 444, 392, 199, 81,  390, 408, 36,
      71,  316, 316, 227, 64,  67,  0,   497, 446, 2,   107, 396, 110, 491, 84,
      446, 85,  148, 160, 492, 101, 276, 448, 347, 320, 104, 93,  481, 495, 353,
      100, 494, 494, 457, 196, 152, 11,  184, 212, 84,  479, 74,  135, 33,  169},
     {0,    1152, 6,   392, 135, 11,  396, 143, 408, 152, 160, 33,  36,   1444, 169,  1071,
      1084, 446,  64,  448, 320, 196, 199, 71,  81,  84,  469, 85,  212,  1495, 1497, 347,
      93,   479,  481, 227, 100, 101, 107, 492, 110, 495, 494, 497, 1006, 1135, 374,  1276}},
};

}  // namespace

TEST_CASE("a set lists ints in the order that CPython does") {
  TestVm test;
  VM& vm = test.vm;
  for (const Order& order : kOrders) {
    Set* set = must(make_set(vm));
    for (int64_t v : order.added) (void)must(set_add(vm, set, Value::small_int(v)));
    for (size_t i = 0; i < order.added.size(); i += 4)
      (void)must(set_discard(vm, set, Value::small_int(order.added[i])));
    for (size_t i = 1; i < order.added.size(); i += 7)
      (void)must(set_add(vm, set, Value::small_int(order.added[i] + 1000)));
    std::vector<int64_t> listed;
    Value key;
    for (size_t position = 0; set_next(set, &position, &key);) listed.push_back(key.as_small_int());
    CHECK(listed == order.listed);
  }
}

TEST_CASE("tuples and frozensets hash as in CPython") {
  TestVm test;
  VM& vm = test.vm;
  auto small = [](int64_t i) { return Value::small_int(i); };
  Value three[3] = {small(1), small(2), small(3)};
  CHECK(must(hash_value(vm, must(make_tuple(vm, three)))) == int64_t{529344067295497451});
  CHECK(must(hash_value(vm, must(make_tuple(vm, size_t{0})))) == int64_t{5740354900026072187});
  Value inner[2] = {small(2), small(-1)};
  Value outer[2] = {small(1), must(make_tuple(vm, inner))};
  CHECK(must(hash_value(vm, must(make_tuple(vm, outer)))) == int64_t{-7467194188578534009});
  Set* set = must(make_set(vm, BuiltinType::FrozenSet));
  CHECK(must(hash_value(vm, set)) == int64_t{133146708735736});
  set = must(make_set(vm, BuiltinType::FrozenSet));
  for (Value v : three) (void)must(set_add(vm, set, v));
  CHECK(must(hash_value(vm, set)) == int64_t{-272375401224217160});
  set = must(make_set(vm, BuiltinType::FrozenSet));
  (void)must(set_add(vm, set, small(-5)));
  (void)must(set_add(vm, set, small(int64_t{1} << 40)));
  CHECK(must(hash_value(vm, set)) == int64_t{6351140529520964219});
}
