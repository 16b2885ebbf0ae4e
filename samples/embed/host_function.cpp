// Gives scripts functions of the host: in the main module, and in a module that they import.
#include <apy/apy.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <string>

struct Point {
  double x, y;
};

// A type of the host that converts by itself: in scripts a tuple of two numbers.
template <>
struct apy::Convert<Point> {
  static apy::Outcome<Point> from(const apy::Handle& value) {
    auto numbers = value.to<std::vector<double>>();
    if (!numbers) return numbers.failure();
    if (numbers->size() != 2)
      return value.engine()->fail("ValueError", "a point has two coordinates");
    return Point{(*numbers)[0], (*numbers)[1]};
  }
  static apy::Outcome<apy::Handle> make(apy::Engine& engine, const Point& point) {
    auto x = engine.make(point.x);
    auto y = engine.make(point.y);
    if (!x || !y) return x ? y : x;
    const apy::Handle both[] = {*x, *y};
    return engine.make_tuple(both);
  }
};

namespace {

double distance(const Point& a, const Point& b) { return std::hypot(a.x - b.x, a.y - b.y); }

constexpr const char* kScript = R"(
import store

print('distance:', distance((0, 0), (3, 4)))
print('middle:', middle((0, 0), [4, 2]))
print('applied:', apply(lambda n: n * n, 12))

store.put('answer', 42)
print('stored:', store.get('answer'), store.size())
try:
    store.get('question')
except KeyError as error:
    print('KeyError:', error)
for wrong in (lambda: distance(1, 2), lambda: distance((1, 2)), lambda: distance((1, 2, 3), (0, 0))):
    try:
        wrong()
    except (TypeError, ValueError) as error:
        print(type(error).__name__ + ':', error)
)";

}  // namespace

int main() {
  std::map<std::string, apy::Handle>
      values;  // what scripts have stored; destroyed after the engine
  apy::Engine engine;

  engine.define("distance", distance, "Distance of two points.").value();
  engine
      .define("middle",
              [](const Point& a, const Point& b) {
                return Point{(a.x + b.x) / 2, (a.y + b.y) / 2};
              })
      .value();
  // Calls back into the script; what goes wrong there goes on there.
  engine
      .define("apply", [](const apy::Handle& function,
                          const apy::Handle& argument) { return function(argument); })
      .value();

  const std::pair<std::string, apy::Handle> store[] = {
      {"put", engine
                  .make_function("put", [&](const std::string& key,
                                            const apy::Handle& value) { values[key] = value; })
                  .value()},
      {"get",
       engine
           .make_function("get",
                          [&](apy::Engine& e, const std::string& key) -> apy::Outcome<apy::Handle> {
                            auto found = values.find(key);
                            if (found == values.end()) return e.fail("KeyError", key);
                            return found->second;
                          })
           .value()},
      {"size", engine.make_function("size", [&] { return values.size(); }).value()},
  };
  (void)engine.define_module("store", store, "Keeps values in the host.").value();

  if (auto result = engine.run_source(kScript); !result) engine.report(result.failure());
}
