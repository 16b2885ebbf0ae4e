// Errors are values: what can go wrong, and what the host learns about it.
#include <apy/apy.h>

#include <cstdio>

namespace {

void show(const char* what, const apy::Failure& failure) {
  std::printf("%s -> %s: %s\n", what, failure.type.c_str(), failure.message.c_str());
}

}  // namespace

int main() {
  apy::Options options;
  options.memory_limit = 64u << 20;
  options.recursion_limit = 200;
  apy::Engine engine(options);

  show("a syntax error", engine.run_source("x = (1,\n").failure());
  show("a missing file", engine.run_file("no/such/script.apy").failure());
  show("a missing name", engine.call("no_such_function").failure());
  show("a wrong type", engine.evaluate("'text'").value().to<int>().failure());
  show("too big", engine.evaluate("2 ** 40").value().to<int32_t>().failure());
  show("endless recursion", engine.run_source("def f(): f()\nf()\n").failure());
  show("endless memory",
       engine.run_source("def g():\n  x = []\n  while True: x.append([0] * 10000)\ng()\n")
           .failure());

  auto ended = engine.run_source("import sys\nsys.exit(7)\n");
  std::printf("an exit -> status %d\n", ended.failure().exit_status);

  auto failed = engine.run_source(
      "class Broken(ValueError): pass\n"
      "def parse(text):\n"
      "    try:\n"
      "        return int(text)\n"
      "    except ValueError as error:\n"
      "        raise Broken('no number') from error\n"
      "parse('seven')\n",
      "<host>");
  const apy::Failure& failure = failed.failure();
  std::printf("is a ValueError: %s, is an OSError: %s\n", failure.is("ValueError") ? "yes" : "no",
              failure.is("OSError") ? "yes" : "no");
  std::printf("%s", failure.traceback.c_str());
  apy::Handle cause = failure.exception.attribute("__cause__").value();
  std::printf("cause: %s\n", cause.repr().value().c_str());

  std::printf("the engine goes on: %s\n",
              engine.evaluate("sum(range(10))").value().repr().value().c_str());
}
