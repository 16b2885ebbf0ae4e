#include "vm/compiler/unit.h"

namespace apy {

void BoundSet::intersect(const BoundSet& other) {
  if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void BoundSet::subtract(const BoundSet& other) {
  for (size_t i = 0; i < words_.size() && i < other.words_.size(); ++i) {
    words_[i] &= ~other.words_[i];
  }
}

void CodeUnit::emit(Opcode opcode, int64_t a, int64_t b, int64_t c) {
  builder.emit(opcode, a, b, c);
}

void CodeUnit::jump(Opcode opcode, int64_t a, int64_t b, Label target) {
  if (!is_reachable()) return;
  builder.emit_jump(opcode, a, b, target);
  if (label_bounds_.size() <= target.id) label_bounds_.resize(target.id + 1);
  auto& there = label_bounds_[target.id];
  if (there) {
    there->intersect(bound);
  } else {
    there = bound;
  }
}

void CodeUnit::place(Label label) {
  bool falls_in = is_reachable();
  builder.place(label);
  if (label.id >= label_bounds_.size() || !label_bounds_[label.id]) return;
  BoundSet& arriving = *label_bounds_[label.id];
  if (falls_in) {
    bound.intersect(arriving);
  } else {
    bound = arriving;
  }
}

Label CodeUnit::loop_top() {
  bound.subtract(unbindable);
  return builder.place_here();
}

void CodeUnit::push_block(ControlBlock block) {
  if (block.handler.is_valid()) {
    block.range_begin = builder.mark();
    if (is_reachable()) {
      if (label_bounds_.size() <= block.handler.id) label_bounds_.resize(block.handler.id + 1);
      BoundSet at_handler = bound;
      at_handler.subtract(unbindable);
      auto& there = label_bounds_[block.handler.id];
      if (there) {
        there->intersect(at_handler);
      } else {
        there = at_handler;
      }
    }
  }
  blocks.push_back(block);
}

ControlBlock CodeUnit::pop_block() {
  ControlBlock block = blocks.back();
  blocks.pop_back();
  end_range(block);
  return block;
}

}  // namespace apy
