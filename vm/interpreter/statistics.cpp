#include "vm/interpreter/statistics.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "vm/bytecode/opcode_info.h"

namespace apy {

namespace {

constexpr size_t kTop = 25;

/// Has the opcode forms that it rewrites itself into? Their names begin with its own.
bool has_specialised_forms(Opcode opcode) {
  constexpr Opcode kGeneric[] = {Opcode::LoadGlobal, Opcode::LoadAttr,        Opcode::LoadMethod,
                                 Opcode::StoreAttr,  Opcode::LoadSuperMethod, Opcode::ForIter};
  return std::find(std::begin(kGeneric), std::end(kGeneric), opcode) != std::end(kGeneric);
}

__attribute__((format(printf, 2, 3))) void add(std::string& out, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  out.append(line, static_cast<size_t>(std::min<int>(length, sizeof line - 1)));
}

const char* name_of(size_t opcode) { return opcode_info(static_cast<Opcode>(opcode)).name; }

double percent(uint64_t part, uint64_t whole) {
  return whole ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

/// The numbers below `count` whose key is not zero, largest key first, at most kTop.
template <class Key>
std::vector<size_t> largest(size_t count, Key key) {
  std::vector<size_t> order;
  for (size_t i = 0; i < count; ++i)
    if (key(i)) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) > key(b); });
  if (order.size() > kTop) order.resize(kTop);
  return order;
}

void describe_opcodes(std::string& out, const ExecutionStatistics& statistics, uint64_t total) {
  const auto& counts = statistics.opcodes;
  add(out, "instructions: %llu, entries of the loop from C++: %llu\n",
      static_cast<unsigned long long>(total),
      static_cast<unsigned long long>(statistics.entries_from_native));
  add(out, "  %-24s %14s %7s %14s\n", "opcode", "executed", "%", "slow path");
  for (size_t i : largest(kOpcodeCount, [&](size_t i) { return counts[i].executed; }))
    add(out, "  %-24s %14llu %7.2f %14llu\n", name_of(i),
        static_cast<unsigned long long>(counts[i].executed), percent(counts[i].executed, total),
        static_cast<unsigned long long>(counts[i].slow));
  out += "pairs:\n";
  for (size_t i : largest(statistics.pairs.size(), [&](size_t i) { return statistics.pairs[i]; }))
    add(out, "  %-24s %-24s %14llu %7.2f\n", name_of(i / kOpcodeCount), name_of(i % kOpcodeCount),
        static_cast<unsigned long long>(statistics.pairs[i]), percent(statistics.pairs[i], total));
}

void describe_caches(std::string& out, const ExecutionStatistics& statistics) {
  out +=
      "inline caches: executions of a form, those that missed, generic ones that stayed generic\n";
  std::string group;
  for (size_t i = 0; i < kOpcodeCount; ++i) {
    const auto& counts = statistics.opcodes[i];
    bool generic = has_specialised_forms(static_cast<Opcode>(i));
    if (!counts.executed || (!generic && !counts.misses && i < size_t(Opcode::LoadGlobalModule)))
      continue;
    add(out, "  %-24s %14llu %14llu %14llu\n", name_of(i),
        static_cast<unsigned long long>(counts.executed),
        static_cast<unsigned long long>(counts.misses),
        static_cast<unsigned long long>(counts.stayed_generic));
  }
}

/// The name that the instruction works with, if it has one.
std::string name_operand(const Code* code, const Instruction* instruction) {
  const OpcodeInfo& info = opcode_info(instruction->opcode);
  const uint16_t operands[] = {instruction->a, instruction->b, instruction->c};
  for (int i = 0; i < 3; ++i)
    if (info.operands[i] == OperandKind::Name)
      if (const Str* name = try_as<Str>(code->constants[operands[i]])) return to_utf8(name);
  return {};
}

void describe_sites(std::string& out, const ExecutionStatistics& statistics) {
  std::vector<std::pair<const Instruction*, const ExecutionStatistics::Site*>> order;
  for (const auto& [instruction, site] : statistics.sites) order.emplace_back(instruction, &site);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second->slow != b.second->slow ? a.second->slow > b.second->slow : a.first < b.first;
  });
  if (order.size() > kTop) order.resize(kTop);
  out += "sites with the most slow executions: count, misses, form now, where\n";
  for (const auto& [instruction, site] : order) {
    int line = site->code->positions[instruction - site->code->instructions].line;
    std::string where = to_utf8(site->code->filename) + ":" + std::to_string(line) + " " +
                        to_utf8(site->code->qualname);
    add(out, "  %12llu %12llu %-20s %-16s ", static_cast<unsigned long long>(site->slow),
        static_cast<unsigned long long>(site->misses), opcode_info(instruction->opcode).name,
        name_operand(site->code, instruction).c_str());
    out += where + "\n";
  }
}

}  // namespace

void ExecutionStatistics::count_slow(const Code* code, const Instruction* instruction, Opcode form,
                                     Opcode generic) {
  OpcodeCounts& counts = opcodes[static_cast<size_t>(form)];
  ++counts.slow;
  Site& site = sites[instruction];
  if (!site.code) {
    site.code = code;
    site.generic = generic;
    codes.values.push_back(const_cast<Code*>(code));
  }
  ++site.slow;
  if (form != generic) {
    ++counts.misses;
    ++site.misses;
  }
}

void ExecutionStatistics::count_outcome(const Instruction* instruction, Opcode form,
                                        Opcode generic) {
  if (form == generic && instruction->opcode == generic && has_specialised_forms(generic))
    ++opcodes[static_cast<size_t>(form)].stayed_generic;
}

std::string describe_statistics(const ExecutionStatistics& statistics) {
  uint64_t total = 0;
  for (const auto& counts : statistics.opcodes) total += counts.executed;
  std::string out;
  describe_opcodes(out, statistics, total);
  describe_caches(out, statistics);
  describe_sites(out, statistics);
  return out;
}

}  // namespace apy
