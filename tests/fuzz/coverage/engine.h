#pragma once
// What the targets of the coverage-guided fuzzer share: an engine with limits that is made anew
// from time to time, and a prelude in the script's language that gives it the bytes.
//
// The prelude takes away what reaches outside: open(), and every import but that of some modules.
#include <sys/time.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "apy/apy.h"

namespace apy_fuzz {

constexpr int kRunsOfAnEngine = 200;
constexpr size_t kMemoryLimit = 48 << 20;
constexpr int kRecursionLimit = 150;
constexpr int kMillisecondsOfARun = 300;

inline const char kPrelude[] = R"apy(
import builtins, sys, io, asyncio, traceback, json, re, struct, marshal, pickle, ast, codecs, collections, math, decimal, textwrap, string, csv, datetime, fractions
allowed = {'math', 'itertools', 'functools', 'collections', 're', 'json', 'struct', 'string', 'random', 'operator', 'copy', 'types', 'enum', 'dataclasses', 'contextlib', 'abc', 'heapq',
           'bisect', 'decimal', 'fractions', 'statistics', 'textwrap', 'array', 'cmath', 'weakref', 'asyncio', 'typing', 'collections.abc', 'io', 'datetime', 'inspect', 'ast', 'gc', 'warnings', 'contextvars',
           'traceback', 'reprlib', 'keyword', 'numbers', 'queue', 'graphlib', 'difflib', 'unicodedata', 'binascii', 'base64', 'zlib', 'hashlib', 'marshal', 'pickle', 'csv'}
real_import = builtins.__import__
def guarded_import(name, globals=None, locals=None, fromlist=(), level=0):
    if globals is not None and globals.get('__name__') == '__main__' and name not in allowed: raise ImportError(name)
    return real_import(name, globals, locals, fromlist, level)
builtins.__import__ = guarded_import
for name in ('open', 'input', 'breakpoint', 'exit', 'quit'): builtins.__dict__.pop(name, None)
clean = dict(builtins.__dict__)
limit = sys.getrecursionlimit()
class Sink(io.StringIO):
    def write(self, text): return len(text)
    def isatty(self): return False
sink = Sink()
import warnings
warnings.simplefilter('ignore')
def reset():
    builtins.__dict__.clear()
    builtins.__dict__.update(clean)
    sys.setrecursionlimit(limit)
    sys.stdout = sys.stderr = sink
reset()
)apy";

inline std::unique_ptr<apy::Engine>& engine() {
  static std::unique_ptr<apy::Engine> instance;
  return instance;
}

/// SIGALRM interrupts the script, again and again until it ends.
inline void on_alarm(int) {
  if (engine()) engine()->interrupt();
}

inline void set_alarm(int milliseconds) {
  itimerval timer{};
  timer.it_value.tv_usec = timer.it_interval.tv_usec = milliseconds * 1000;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

/// Calls `function` of the prelude with the bytes. Whatever comes back but success is an error of
/// the prelude, which catches all a script can raise.
inline void give(const char* prelude, const uint8_t* data, size_t size) {
  static int left = 0;
  if (left-- == 0) {
    left = kRunsOfAnEngine;
    engine().reset();
    apy::Options options;
    options.memory_limit = kMemoryLimit;
    options.recursion_limit = kRecursionLimit;
    engine() = std::make_unique<apy::Engine>(options);
    for (const char* text : {kPrelude, prelude}) {
      auto ready = engine()->run_source(text, "<prelude>");
      if (!ready) {
        engine()->report(ready.failure());
        std::abort();
      }
    }
    struct sigaction action {};
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, nullptr);
  }
  auto bytes = engine()->make_bytes({reinterpret_cast<const char*>(data), size});
  if (!bytes) return;
  set_alarm(kMillisecondsOfARun);
  auto result = engine()->call("target", *bytes);
  set_alarm(0);
  // Out of memory or interrupted in the prelude itself: a new engine, as what is left may be
  // anything.
  if (!result) left = 0;
}

}  // namespace apy_fuzz
