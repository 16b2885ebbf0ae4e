#include <doctest/doctest.h>

#include "tests/unit/parser/parse_helpers.h"

// Where names live. The places agree with CPython's `symtable`, but for comprehensions, whose
// variables it merges into the scope around.

using apy::ast::Scope;
using apy::ast::ScopeKind;
using apy::ast::Symbol;
using apy::ast::SymbolPlace;
using apy::test::Compiled;

namespace {

const char* place_name(SymbolPlace place) {
  switch (place) {
    case SymbolPlace::Local:
      return "local";
    case SymbolPlace::Cell:
      return "cell";
    case SymbolPlace::Free:
      return "free";
    case SymbolPlace::Global:
      return "global";
    case SymbolPlace::Name:
      return "name";
    case SymbolPlace::NameOrCell:
      return "name-or-cell";
  }
  return "";
}

/// The scope with that name, anywhere inside.
Scope* scope_named(Scope* scope, std::string_view name) {
  if (scope->name.view() == name) return scope;
  for (Scope* child : scope->children) {
    if (Scope* found = scope_named(child, name)) return found;
  }
  return nullptr;
}

/// "a local, b free" of the symbols of a scope.
std::string symbols(const Scope* scope) {
  std::string out;
  for (const Symbol* symbol : scope->symbols) {
    if (!out.empty()) out += ", ";
    out += std::string(symbol->name.view()) + " " + place_name(symbol->place);
  }
  return out;
}

std::string captured(const Scope* scope) {
  std::string out;
  for (const Symbol* symbol : scope->free_variables) {
    if (!out.empty()) out += ", ";
    out += symbol->name.view();
  }
  return out;
}

struct Resolved : Compiled {
  using Compiled::Compiled;
  Scope* scope(std::string_view name) {
    REQUIRE(error() == "");
    Scope* found = scope_named(resolution.module, name);
    REQUIRE(found != nullptr);
    return found;
  }
  std::string symbols_of(std::string_view name) { return symbols(scope(name)); }
};

}  // namespace

TEST_CASE("locals, parameters and globals") {
  Resolved text("def f(a, *b, c, **d):\n  e = a + g\n  global h\n  h = 1\n  import i.j\n");
  CHECK(text.symbols_of("f") ==
        "a local, c local, b local, d local, e local, g global, h global, i local");
  CHECK(symbols(text.resolution.module) == "f name, h global");
}

TEST_CASE("closures go through every frame between") {
  Resolved text(
      "def f():\n  x = 1\n  def g():\n    def h():\n      nonlocal x\n      x = 2\n    return h\n");
  CHECK(text.symbols_of("f") == "x cell, g local");
  CHECK(text.symbols_of("g") == "h local");
  CHECK(captured(text.scope("g")) == "x");
  CHECK(text.symbols_of("h") == "x free");
  const Symbol* in_h = text.scope("h")->free_variables[0];
  CHECK(in_h->outer == text.scope("g")->free_variables[0]);
  CHECK(in_h->outer->outer == text.scope("f")->symbols[0]);
}

TEST_CASE("functions do not see the names of a class around them") {
  Resolved text(
      "def f():\n  x = 1\n  class C:\n    x = 2\n    y = x\n    def g(self):\n      return x, y\n");
  CHECK(text.symbols_of("f") == "x cell, C local");
  CHECK(text.symbols_of("C") == "x name, y name, g name");
  CHECK(captured(text.scope("C")) == "x");
  CHECK(text.symbols_of("g") == "self local, x free, y global");
}

TEST_CASE("a class body looks into its namespace first") {
  Resolved text("def f(x):\n  class C:\n    y = x, z\n");
  CHECK(text.symbols_of("C") == "y name, x name-or-cell, z name");
  const Symbol* x = text.scope("C")->symbols[1];
  CHECK(x->outer == text.scope("C")->free_variables[0]);
  CHECK(x->outer->outer == text.scope("f")->symbols[0]);
}

TEST_CASE("super needs the cell of its class") {
  Resolved text("class C:\n  def f(self):\n    return super().f()\n  def g(self): pass\n");
  REQUIRE(text.scope("C")->class_cell != nullptr);
  CHECK(captured(text.scope("f")) == "__class__");
  CHECK(text.scope("f")->free_variables[0]->outer == text.scope("C")->class_cell);
  CHECK(captured(text.scope("g")) == "");
  CHECK(Resolved("class C:\n  x = 1\n").scope("C")->class_cell == nullptr);
}

TEST_CASE("comprehensions keep their variables apart in one frame") {
  Resolved text("def f(a):\n  x = 1\n  return [x + y + a + z for x in a]\n");
  const Scope* list = text.scope("f")->children[0];
  CHECK(list->kind == ScopeKind::Comprehension);
  CHECK(list->frame == text.scope("f"));
  CHECK(symbols(list) == "x local, y global, z global");
  CHECK(text.symbols_of("f") == "a local, x local");
}

TEST_CASE("functions in comprehensions capture its variables") {
  Resolved text("def f():\n  return [lambda: (i, j) for i in j]\n");
  const Scope* list = text.scope("f")->children[0];
  CHECK(symbols(list) == "i cell");
  CHECK(symbols(list->children[0]) == "i free, j global");
  CHECK(list->children[0]->free_variables[0]->outer == list->symbols[0]);
}

TEST_CASE("generator expressions are frames") {
  Resolved text("def f(a):\n  return (x + a for x in a)\n");
  const Scope* generator = text.scope("f")->children[0];
  CHECK(generator->kind == ScopeKind::Generator);
  CHECK(generator->is_generator());
  CHECK(symbols(generator) == "x local, a free");
  CHECK(text.symbols_of("f") == "a cell");
}

TEST_CASE("a comprehension in a class does not see its names") {
  Resolved text("class C:\n  x = 1\n  y = [x for z in x]\n");
  const Scope* list = text.scope("C")->children[0];
  CHECK(symbols(list) == "z local, x global");
}

TEST_CASE("a name assigned in a comprehension belongs to the function") {
  Resolved text("def f(a):\n  b = [(c := d) for d in a]\n  return c\n");
  CHECK(text.symbols_of("f") == "a local, b local, c local");
  CHECK(symbols(text.scope("f")->children[0]) == "d local");
}

TEST_CASE("private names") {
  Resolved text("class _C:\n  def f(self, __a):\n    self.__b = __a, __c__, g(__d=1)\n");
  Scope* f = text.scope("f");
  CHECK(text.symbols_of("f") == "self local, _C__a local, __c__ global, g global");
  auto mangled = [&](const char* name) {
    return f->mangled(apy::ast::Identifier(text.names.intern(name))).view();
  };
  CHECK(mangled("__b") == "_C__b");
  CHECK(mangled("__d") == "_C__d");
  CHECK(mangled("__c__") == "__c__");
  CHECK(f->find(apy::ast::Identifier(text.names.intern("__a"))) == f->symbols[1]);
}

TEST_CASE("kinds of functions") {
  Resolved text(
      "def f(): yield\nasync def g(): await x\nasync def h(): yield 1\ndef i(): pass\n"
      "def j(a): return (await b for b in a)\n");
  CHECK(text.scope("f")->is_generator());
  CHECK(text.scope("g")->is_coroutine());
  CHECK(text.scope("h")->is_async_generator());
  CHECK(!text.scope("i")->is_generator());
  CHECK(text.scope("j")->children[0]->is_async_generator());
  CHECK(!text.scope("j")->has_await);
}

TEST_CASE("type parameters") {
  Resolved text("def f[T: U](a: T) -> T:\n  return T\ntype A[X] = dict[X, A]\n");
  const Scope* parameters = text.resolution.module->children[0];
  CHECK(parameters->kind == ScopeKind::TypeParameters);
  CHECK(symbols(parameters) == "T cell");
  CHECK(symbols(parameters->children[0]) == "U global");
  CHECK(symbols(parameters->children[1]) == "a local, T free");
  const Scope* alias = text.resolution.module->children[1];
  CHECK(symbols(alias) == "X cell");
  CHECK(symbols(alias->children[0]) == "dict global, X free, A global");
}

TEST_CASE("top-level await") {
  constexpr const char* kText = "await x\nasync for a in b: pass\nc = [d async for d in e]\n";
  CHECK(Compiled(kText).error() == "SyntaxError: 'await' outside function");
  apy::ResolveOptions options;
  options.allow_top_level_await = true;
  Compiled allowed(kText, options);
  CHECK(allowed.error() == "");
  CHECK(allowed.resolution.module->is_coroutine());
  CHECK(Compiled("def f(): await x\n", options).error() ==
        "SyntaxError: 'await' outside async function");
  CHECK(Compiled("class C: await x\n", options).error() == "SyntaxError: 'await' outside function");
}

TEST_CASE("annotations as text mean nothing") {
  Resolved text("from __future__ import annotations\ndef f(a: b) -> c:\n  d: e = 1\n");
  CHECK(text.symbols_of("f") == "a local, d local");
  CHECK(symbols(text.resolution.module) == "annotations name, f name");
  CHECK(text.scope("f")->has_future_annotations);
}
