#include <algorithm>
#include <random>
#include <vector>

#include "tests/unit/objects/test_vm.h"
#include "vm/objects/dict.h"

using namespace apy;

namespace {

using Model = std::vector<std::pair<int64_t, int64_t>>;

void check_same(VM& vm, Dict* dict, const Model& model) {
  REQUIRE(dict->length == model.size());
  size_t i = 0;
  for (DictCursor cursor(dict); cursor.next(); ++i) {
    REQUIRE(i < model.size());
    REQUIRE(cursor.key().as_small_int() == model[i].first);
    REQUIRE(cursor.value().as_small_int() == model[i].second);
    Value value;
    REQUIRE(must(dict_get(vm, dict, cursor.key(), &value)));
    REQUIRE(value.is(cursor.value()));
  }
  REQUIRE(i == model.size());
}

}  // namespace

TEST_CASE("a dict keeps its entries and their order through any sequence of changes") {
  TestVm test;
  VM& vm = test.vm;
  std::mt19937 random(7);
  for (int64_t key_range : {4, 40, 3000}) {
    Dict* dict = must(make_dict(vm));
    Model model;
    for (int step = 0; step < 6000; ++step) {
      // Multiples of a power of two collide in the low bits.
      int64_t key = static_cast<int64_t>(random() % key_range) << (step % 3 == 0 ? 20 : 0);
      auto found = std::find_if(model.begin(), model.end(),
                                [&](const auto& entry) { return entry.first == key; });
      Value k = Value::small_int(key);
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: {
          bool removed = must(dict_remove(vm, dict, k, nullptr));
          REQUIRE(removed == (found != model.end()));
          if (removed) model.erase(found);
          break;
        }
        case 3: {
          bool last = random() % 2;
          REQUIRE(must(dict_move_to_end(vm, dict, k, last)) == (found != model.end()));
          if (found == model.end()) break;
          auto entry = *found;
          model.erase(found);
          model.insert(last ? model.end() : model.begin(), entry);
          break;
        }
        default:
          REQUIRE(dict_set(vm, dict, k, Value::small_int(step)).is_ok());
          if (found != model.end())
            found->second = step;
          else
            model.emplace_back(key, step);
      }
      if (step % 50 == 0) check_same(vm, dict, model);
    }
    check_same(vm, dict, model);
    check_same(vm, must(dict_copy(vm, dict)), model);
  }
}

TEST_CASE("a layout number stands for keys and positions") {
  TestVm test;
  VM& vm = test.vm;
  Dict* dict = must(make_dict(vm));
  Str* a = must(intern(vm, "a"));
  Str* b = must(intern(vm, "b"));
  CHECK(dict->layout == Dict::kUnnumbered);
  REQUIRE(dict_set_str(vm, dict, a, Value::small_int(1)).is_ok());
  CHECK(dict_find_str(vm, dict, a) == 0);
  CHECK(dict_find_str(vm, dict, b) == -1);
  uint32_t layout = dict->layout;
  CHECK(layout != Dict::kUnnumbered);
  REQUIRE(dict_set_str(vm, dict, a, Value::small_int(2)).is_ok());
  CHECK(dict->layout == layout);
  REQUIRE(dict_set_str(vm, dict, b, Value::small_int(3)).is_ok());
  CHECK(dict->layout != layout);
  CHECK(dict_find_str(vm, dict, b) == 1);
  layout = dict->layout;
  Dict* copy = must(dict_copy(vm, dict));
  CHECK(dict_find_str(vm, copy, b) == 1);
  CHECK(copy->layout != layout);
  REQUIRE(must(dict_remove(vm, dict, a, nullptr)));
  CHECK(dict->layout != layout);
}

TEST_CASE("equal strings and numbers of other types find the same entry") {
  TestVm test;
  VM& vm = test.vm;
  Dict* dict = must(make_dict(vm));
  REQUIRE(dict_set(vm, dict, must(make_str(vm, "key")), Value::small_int(1)).is_ok());
  CHECK(dict_get_str(vm, dict, must(make_str(vm, "key"))).is(Value::small_int(1)));
  CHECK(dict->has_only_str_keys());
  REQUIRE(dict_set(vm, dict, Value::small_int(1), Value::small_int(2)).is_ok());
  CHECK_FALSE(dict->has_only_str_keys());
  Value value;
  CHECK(must(dict_get(vm, dict, Value::boolean(true), &value)));
  CHECK(must(dict_get(vm, dict, must(make_float(vm, 1.0)), &value)));
  CHECK(value.is(Value::small_int(2)));
  CHECK_FALSE(must(dict_get(vm, dict, Value::none(), &value)));
  Value list = must(make_list(vm, size_t{0}));
  CHECK(dict_get(vm, dict, list, &value).is_error());
  CHECK(vm.catch_pending(Exc::TypeError));
}
