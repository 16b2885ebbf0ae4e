#include <algorithm>
#include <random>
#include <vector>

#include "tests/unit/objects/test_vm.h"
#include "vm/objects/containers.h"

using namespace apy;

namespace {

void check_same(List* list, const std::vector<int64_t>& model) {
  REQUIRE(list->length == model.size());
  for (size_t i = 0; i < model.size(); ++i) REQUIRE(list->values()[i].as_small_int() == model[i]);
}

/// Patterns that a merge sort treats differently.
std::vector<int64_t> pattern(int kind, size_t n, std::mt19937& random) {
  std::vector<int64_t> values(n);
  for (size_t i = 0; i < n; ++i) {
    auto at = static_cast<int64_t>(i), size = static_cast<int64_t>(n);
    switch (kind) {
      case 0:
        values[i] = static_cast<int64_t>(random() % (n + 1));
        break;
      case 1:
        values[i] = at;
        break;
      case 2:
        values[i] = size - at;
        break;
      case 3:
        values[i] = static_cast<int64_t>(random() % 4);
        break;
      case 4:
        values[i] = at % 100;
        break;
      case 5:
        values[i] = at < size / 2 ? at * 2 : (at - size / 2) * 2 + 1;
        break;
      default:
        values[i] = random() % 20 == 0 ? static_cast<int64_t>(random() % n) : at;
        break;
    }
  }
  return values;
}

}  // namespace

TEST_CASE("inserting and erasing agree with a vector") {
  TestVm test;
  VM& vm = test.vm;
  std::mt19937 random(3);
  List* list = must(make_list(vm, size_t{0}));
  std::vector<int64_t> model;
  for (int step = 0; step < 20000; ++step) {
    size_t at = random() % (model.size() + 1);
    auto offset = static_cast<std::ptrdiff_t>(at);
    switch (random() % 5) {
      case 0:
        REQUIRE(list_insert(vm, list, at, Value::small_int(step)).is_ok());
        model.insert(model.begin() + offset, step);
        break;
      case 1: {
        size_t end = std::min(model.size(), at + random() % (step % 500 == 0 ? 1000 : 3));
        list_erase(vm, list, at, end);
        model.erase(model.begin() + offset, model.begin() + static_cast<std::ptrdiff_t>(end));
        break;
      }
      default:
        REQUIRE(list_append(vm, list, Value::small_int(step)).is_ok());
        model.push_back(step);
    }
    if (step % 100 == 0) check_same(list, model);
  }
  check_same(list, model);
}

TEST_CASE("sorting ints gives the order that std::stable_sort gives") {
  TestVm test;
  VM& vm = test.vm;
  std::mt19937 random(11);
  for (int kind = 0; kind < 7; ++kind) {
    for (size_t n : {2, 3, 23, 24, 25, 64, 200, 1000, 5000}) {
      std::vector<int64_t> model = pattern(kind, n, random);
      for (bool reverse : {false, true}) {
        List* list = must(make_list(vm, n));
        for (int64_t v : model) REQUIRE(list_append(vm, list, Value::small_int(v)).is_ok());
        REQUIRE(list_sort(vm, list, Value::none(), reverse).is_ok());
        std::vector<int64_t> expected = model;
        if (reverse)
          std::stable_sort(expected.rbegin(), expected.rend());
        else
          std::stable_sort(expected.begin(), expected.end());
        check_same(list, expected);
      }
    }
  }
}

TEST_CASE("sorting is stable: pairs with equal first items keep their order") {
  TestVm test;
  VM& vm = test.vm;
  std::mt19937 random(13);
  // min((key, 1000 + i)) is the key.
  Value minimum = dict_get_str(vm, vm.builtins(), must(intern(vm, "min")));
  for (size_t n : {10, 100, 3000}) {
    for (bool reverse : {false, true}) {
      List* list = must(make_list(vm, n));
      std::vector<std::pair<int64_t, int64_t>> model;
      for (size_t i = 0; i < n; ++i) {
        auto key = static_cast<int64_t>(random() % 10);
        Value pair[2] = {Value::small_int(key), Value::small_int(static_cast<int64_t>(i) + 1000)};
        REQUIRE(list_append(vm, list, must(make_tuple(vm, pair))).is_ok());
        model.emplace_back(key, static_cast<int64_t>(i));
      }
      REQUIRE(list_sort(vm, list, minimum, reverse).is_ok());
      std::stable_sort(model.begin(), model.end(), [&](const auto& a, const auto& b) {
        return reverse ? a.first > b.first : a.first < b.first;
      });
      for (size_t i = 0; i < n; ++i) {
        Tuple* pair = as<Tuple>(list->values()[i]);
        REQUIRE(pair->values()[0].as_small_int() == model[i].first);
        REQUIRE(pair->values()[1].as_small_int() == model[i].second + 1000);
      }
    }
  }
}

TEST_CASE("slices resolve as CPython's slice.indices says") {
  TestVm test;
  VM& vm = test.vm;
  struct Row {
    int64_t start, stop, step, length;  // 99: None
    int64_t got_start, got_stop, got_step, count;
  };
  const Row rows[] = {
      {99, 99, 99, 5, 0, 5, 1, 5},   {1, 3, 99, 5, 1, 3, 1, 2},      {-2, 99, 99, 5, 3, 5, 1, 2},
      {99, 99, -1, 5, 4, -1, -1, 5}, {10, -10, -2, 5, 4, -1, -2, 3}, {3, 1, 1, 5, 3, 1, 1, 0},
      {-100, 100, 3, 7, 0, 7, 3, 3}, {99, 2, -3, 9, 8, 2, -3, 2},    {0, 0, -1, 0, -1, -1, -1, 0},
  };
  for (const Row& row : rows) {
    auto part = [](int64_t v) { return v == 99 ? Value::none() : Value::small_int(v); };
    Value slice = must(make_slice(vm, part(row.start), part(row.stop), part(row.step)));
    SliceIndices indices = must(resolve_slice(vm, as<Slice>(slice), row.length));
    CHECK(indices.start == row.got_start);
    CHECK(indices.stop == row.got_stop);
    CHECK(indices.step == row.got_step);
    CHECK(indices.count == row.count);
  }
}
