#include "runtime/io/descriptor_table.h"

#include <cerrno>
#include <cstdlib>

#include "runtime/async/event_loop.h"
#include "runtime/io/system_error.h"
#include "runtime/loop/descriptor_set.h"

namespace apy {

namespace {

constexpr int kMostDescriptors = 1 << 24;

/// The callback that was there is not to run any more, even if it is ready already.
void cancel_replaced(Value target) {
  if (Handle* handle = try_native<Handle>(target)) handle->cancelled = true;
}

}  // namespace

DescriptorTable::~DescriptorTable() { std::free(scratch_); }

void DescriptorTable::trace(Visitor& visitor) const {
  for (const Entry& entry : entries_) visitor.visit_range(entry.targets, 2);
}

char* DescriptorTable::scratch() {
  if (!scratch_) scratch_ = static_cast<char*>(std::malloc(kScratchSize));
  return scratch_;
}

Result<void> DescriptorTable::watch(VM& vm, LoopCore& core, int descriptor, IoEvent event,
                                    Value target) {
  if (descriptor < 0 || descriptor >= kMostDescriptors) return raise_system_error(vm, EBADF);
  auto index = static_cast<size_t>(descriptor);
  if (index >= entries_.size()) entries_.resize(index + index / 2 + 16);
  Entry& entry = entries_[index];
  unsigned old_events = entry.events();
  Value& place = entry.targets[static_cast<int>(event)];
  Value replaced = place;
  place = target;
  if (entry.events() != old_events) {
    int error = core.poller.watch(descriptor, old_events, entry.events());
    if (error != 0) {
      place = replaced;
      return raise_system_error(vm, error);
    }
  }
  cancel_replaced(replaced);
  return {};
}

bool DescriptorTable::unwatch(VM&, LoopCore& core, int descriptor, IoEvent event) {
  Value found = target(descriptor, event);
  if (found.is_empty()) return false;
  Entry& entry = entries_[static_cast<size_t>(descriptor)];
  unsigned old_events = entry.events();
  entry.targets[static_cast<int>(event)] = Value();
  core.poller.watch(descriptor, old_events, entry.events());
  cancel_replaced(found);
  return true;
}

Value DescriptorTable::target(int descriptor, IoEvent event) const {
  auto index = static_cast<size_t>(descriptor);
  if (descriptor < 0 || index >= entries_.size()) return Value();
  return entries_[index].targets[static_cast<int>(event)];
}

void DescriptorTable::clear(LoopCore& core) {
  core.poller.stop_watching();
  entries_.clear();
}

bool DescriptorTable::note_ready(LoopCore& core, int descriptor, unsigned events) {
  for (IoEvent event : {IoEvent::Readable, IoEvent::Writable}) {
    if (!(events &
          (event == IoEvent::Readable ? DescriptorSet::kReadable : DescriptorSet::kWritable)))
      continue;
    Value found = target(descriptor, event);
    if (found.is_empty()) continue;
    Ready::Kind kind = try_native<Handle>(found) ? Ready::Run : Ready::Io;
    if (!core.ready.push({found, Value::small_int(static_cast<int>(event)), Value(), kind}))
      return false;
  }
  return true;
}

}  // namespace apy
