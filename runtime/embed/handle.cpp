// apy::Handle: what hosts can do with a script value.
#include "runtime/embed/access.h"
#include "vm/objects/bytes_family.h"
#include "vm/objects/frame.h"
#include "vm/objects/protocol.h"

namespace apy {

uint32_t HandleTable::add(Value value) {
  if (free_.empty()) {
    values_.push_back(value);
    return static_cast<uint32_t>(values_.size() - 1);
  }
  uint32_t slot = free_.back();
  free_.pop_back();
  values_[slot] = value;
  return slot;
}

inline namespace v1 {

using detail::Access;
using detail::enter;

Handle::Handle(const Handle& other) {
  Value value = Access::value(other);
  if (!value.is_empty()) *this = Access::make(other.shared_, value);
}

Handle::~Handle() {
  if (!shared_) return;
  if (shared_->table) shared_->table->remove(slot_);
  Access::release(shared_);
}

Handle::operator bool() const { return !Access::value(*this).is_empty(); }
bool Handle::is(const Handle& other) const { return Access::value(*this) == Access::value(other); }
Engine* Handle::engine() const { return shared_ ? shared_->engine : nullptr; }

bool Handle::is_none() const { return Access::value(*this).is_none(); }
bool Handle::is_bool() const { return Access::value(*this).is_bool(); }
bool Handle::is_int() const { return !is_bool() && apy::is_int(Access::value(*this)); }
bool Handle::is_float() const { return apy::is_float(Access::value(*this)); }
bool Handle::is_str() const { return is_kind(Access::value(*this), CellKind::Str); }
bool Handle::is_bytes() const { return is_kind(Access::value(*this), CellKind::Bytes); }
bool Handle::is_list() const { return is_kind(Access::value(*this), CellKind::List); }
bool Handle::is_tuple() const { return is_kind(Access::value(*this), CellKind::Tuple); }
bool Handle::is_dict() const { return is_kind(Access::value(*this), CellKind::Dict); }

namespace {

/// A question to which an error means no.
template <class Body>
bool ask(const Handle& handle, Body body) {
  auto answer = enter(handle, [&](VM& vm, Value value) -> Result<bool> { return body(vm, value); });
  return answer && *answer;
}

}  // namespace

bool Handle::is_callable() const {
  return ask(*this, [](VM& vm, Value value) { return apy::is_callable(vm, value); });
}

bool Handle::is_awaitable() const {
  return ask(*this, [](VM& vm, Value value) -> Result<bool> {
    if (Generator* generator = try_as<Generator>(value))
      return (generator->frame.code->flags & (Code::kCoroutine | Code::kIterableCoroutine)) != 0;
    Type* type = vm.type_of(value);
    return type->await_step != nullptr || !type_special(vm, type, Special::Await).is_empty();
  });
}

bool Handle::is_instance(std::string_view builtin_class) const {
  return ask(*this, [&](VM& vm, Value value) -> Result<bool> {
    Value cls = dict_get_str(vm, vm.builtins(), TRY(intern(vm, builtin_class)));
    return is_kind(cls, CellKind::Type) && TRY(is_instance_of(vm, value, cls));
  });
}

std::string Handle::type_name() const {
  Value value = Access::value(*this);
  if (value.is_empty()) return {};
  EngineCore::Entry entry(*shared_->core);
  return detail::type_name(Access::vm(*this), Access::vm(*this).type_of(value));
}

Outcome<bool> Handle::to_bool() const {
  return enter(*this, [](VM& vm, Value value) { return is_truthy(vm, value); });
}
Outcome<int64_t> Handle::to_int64() const {
  return enter(*this, [](VM& vm, Value value) { return apy::to_int64(vm, value); });
}
Outcome<double> Handle::to_double() const {
  return enter(*this, [](VM& vm, Value value) { return apy::to_double(vm, value); });
}
Outcome<std::string> Handle::to_string() const {
  return enter(*this, [](VM& vm, Value value) -> Result<std::string> {
    if (Str* text = try_as<Str>(value)) return to_utf8(text);
    return vm.raise(Exc::TypeError, "expected str, got {}", vm.type_of(value));
  });
}
Outcome<std::string> Handle::to_bytes() const {
  return enter(*this, [](VM& vm, Value value) -> Result<std::string> {
    std::string_view bytes;
    if (get_bytes(value, &bytes)) return std::string(bytes);
    return vm.raise(Exc::TypeError, "expected bytes, got {}", vm.type_of(value));
  });
}
Outcome<std::string> Handle::str() const {
  return enter(*this, [](VM& vm, Value value) { return str_text(vm, value); });
}
Outcome<std::string> Handle::repr() const {
  return enter(*this, [](VM& vm, Value value) { return repr_text(vm, value); });
}

Outcome<std::vector<Handle>> Handle::to_vector() const {
  std::vector<Handle> items;
  auto done = enter(*this, [&](VM& vm, Value value) -> Result<void> {
    return for_each(vm, value, [&](Value item) -> Result<bool> {
      items.push_back(Access::make(shared_, item));
      return true;
    });
  });
  if (!done) return done.failure();
  return items;
}

Outcome<Handle> Handle::attribute(std::string_view name) const {
  return enter(*this, [&](VM& vm, Value value) -> Result<Value> {
    return get_attribute(vm, value, TRY(intern(vm, name)));
  });
}
Outcome<void> Handle::set_attribute(std::string_view name, const Handle& value) const {
  return enter(*this, [&](VM& vm, Value object) -> Result<void> {
    return apy::set_attribute(vm, object, TRY(intern(vm, name)), Access::value(value));
  });
}
Outcome<Handle> Handle::item(const Handle& key) const {
  return enter(*this,
               [&](VM& vm, Value object) { return get_item(vm, object, Access::value(key)); });
}
Outcome<void> Handle::set_item(const Handle& key, const Handle& value) const {
  return enter(*this, [&](VM& vm, Value object) {
    return apy::set_item(vm, object, Access::value(key), Access::value(value));
  });
}
Outcome<int64_t> Handle::size() const {
  return enter(*this, [](VM& vm, Value object) { return length_of(vm, object); });
}

namespace {

/// The handles keep the values alive. False: one of them is empty or belongs to another engine.
bool values_of(const Handle& owner, std::span<const Handle> handles, std::vector<Value>* values) {
  values->reserve(handles.size());
  for (const Handle& handle : handles) {
    Value value = Access::value(handle);
    if (value.is_empty() || Access::shared(handle) != Access::shared(owner)) return false;
    values->push_back(value);
  }
  return true;
}

}  // namespace

Outcome<Handle> Handle::call(std::span<const Handle> arguments) const {
  std::vector<Value> values;
  if (!values_of(*this, arguments, &values)) return detail::nothing_held();
  return enter(*this, [&](VM& vm, Value callee) { return vm.call(callee, values); });
}

Outcome<Handle> Handle::call_method(std::string_view name,
                                    std::span<const Handle> arguments) const {
  auto method = attribute(name);
  if (!method) return method;
  return method->call(arguments);
}

}  // namespace v1
}  // namespace apy
