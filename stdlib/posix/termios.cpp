// The module termios: how a terminal treats what is typed and printed.
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stdlib/native_iterator.h"
#include "stdlib/stream.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

const char kErrorKey = 0;

Error raise_termios_error(VM& vm, int number) {
  Value arguments[2] = {Value::small_int(number), TRY(make_str(vm, std::strerror(number)))};
  return vm.raise_exception(
      TRY(vm.call(static_cast<Type*>(vm.module_state(&kErrorKey)), arguments)));
}

Result<int> descriptor_argument(VM& vm, Value file) {
  if (!is_int(file)) file = TRY(vm.call_method(file, TRY(intern(vm, "fileno")), {}));
  return static_cast<int>(TRY(to_int64(vm, file)));
}

/// [iflag, oflag, cflag, lflag, ispeed, ospeed, cc]
Result<Value> get_attributes(VM& vm, Value file) {
  termios mode;
  if (tcgetattr(TRY(descriptor_argument(vm, file)), &mode) < 0)
    return raise_termios_error(vm, errno);
  List* characters = TRY(make_list(vm, size_t{NCCS}));
  for (int i = 0; i < NCCS; ++i) {
    // Without line editing two of them are numbers.
    bool number = !(mode.c_lflag & ICANON) && (i == VMIN || i == VTIME);
    char character = static_cast<char>(mode.c_cc[i]);
    Value item = number ? Value::small_int(int64_t{mode.c_cc[i]})
                        : Value(TRY(make_bytes(vm, std::string_view(&character, 1))));
    TRY(list_append(vm, characters, item));
  }
  List* result = TRY(make_list(vm, size_t{7}));
  for (int64_t flags :
       {int64_t{mode.c_iflag}, int64_t{mode.c_oflag}, int64_t{mode.c_cflag}, int64_t{mode.c_lflag},
        int64_t{cfgetispeed(&mode)}, int64_t{cfgetospeed(&mode)}})
    TRY(list_append(vm, result, Value::small_int(flags)));
  TRY(list_append(vm, result, characters));
  return result;
}

Result<void> set_attributes(VM& vm, Value file, int64_t when, Value attributes) {
  int descriptor = TRY(descriptor_argument(vm, file));
  List* list = try_as<List>(attributes);
  List* characters = list && list->length == 7 ? try_as<List>(list->values()[6]) : nullptr;
  if (!list || list->length != 7)
    return vm.raise(Exc::TypeError, "tcsetattr, arg 3: must be 7 element list");
  if (!characters || characters->length != NCCS)
    return vm.raise(Exc::TypeError, "tcsetattr: attributes[6] must be {} element list", NCCS);
  int64_t flags[6];
  for (int i = 0; i < 6; ++i) flags[i] = TRY(to_int64(vm, list->values()[i]));
  termios mode;
  if (tcgetattr(descriptor, &mode) < 0) return raise_termios_error(vm, errno);
  mode.c_iflag = static_cast<tcflag_t>(flags[0]);
  mode.c_oflag = static_cast<tcflag_t>(flags[1]);
  mode.c_cflag = static_cast<tcflag_t>(flags[2]);
  mode.c_lflag = static_cast<tcflag_t>(flags[3]);
  for (uint64_t i = 0; i < characters->length; ++i) {
    Value item = characters->values()[i];
    std::string_view bytes;
    if (get_bytes(item, &bytes) && bytes.size() == 1) {
      mode.c_cc[i] = static_cast<cc_t>(bytes[0]);
    } else if (is_int(item)) {
      mode.c_cc[i] = static_cast<cc_t>(TRY(to_int64(vm, item)));
    } else {
      return vm.raise(Exc::TypeError,
                      "tcsetattr: elements of attributes must be characters or integers");
    }
  }
  if (cfsetispeed(&mode, static_cast<speed_t>(flags[4])) < 0 ||
      cfsetospeed(&mode, static_cast<speed_t>(flags[5])) < 0 ||
      tcsetattr(descriptor, static_cast<int>(when), &mode) < 0)
    return raise_termios_error(vm, errno);
  return {};
}

template <int (*function)(int, int)>
Result<void> with_number(VM& vm, Value file, int64_t number) {
  if (function(TRY(descriptor_argument(vm, file)), static_cast<int>(number)) < 0)
    return raise_termios_error(vm, errno);
  return {};
}
Result<void> drain(VM& vm, Value file) {
  if (tcdrain(TRY(descriptor_argument(vm, file))) < 0) return raise_termios_error(vm, errno);
  return {};
}

constexpr NativeFunctionDef kFunctions[] = {
    {"tcgetattr(fd, /)", "[iflag, oflag, cflag, lflag, ispeed, ospeed, cc] of a terminal.",
     bind<get_attributes>()},
    {"tcsetattr(fd, when, attributes, /)", "Set what tcgetattr() gives.", bind<set_attributes>()},
    {"tcsendbreak(fd, duration, /)", "Send a break.", bind<with_number<tcsendbreak>>()},
    {"tcdrain(fd, /)", "Wait until all was printed.", bind<drain>()},
    {"tcflush(fd, queue, /)", "Drop what waits to be read or printed.",
     bind<with_number<tcflush>>()},
    {"tcflow(fd, action, /)", "Stop or go on.", bind<with_number<tcflow>>()},
};

#define ENTRY(name) \
  { #name, static_cast < int64_t>(name) }
constexpr struct {
  const char* name;
  int64_t value;
} kConstants[] = {
    ENTRY(TCSANOW),   ENTRY(TCSADRAIN), ENTRY(TCSAFLUSH), ENTRY(TCIFLUSH), ENTRY(TCOFLUSH),
    ENTRY(TCIOFLUSH), ENTRY(TCOOFF),    ENTRY(TCOON),     ENTRY(TCIOFF),   ENTRY(TCION),
    ENTRY(IGNBRK),    ENTRY(BRKINT),    ENTRY(IGNPAR),    ENTRY(PARMRK),   ENTRY(INPCK),
    ENTRY(ISTRIP),    ENTRY(INLCR),     ENTRY(IGNCR),     ENTRY(ICRNL),    ENTRY(IXON),
    ENTRY(IXANY),     ENTRY(IXOFF),     ENTRY(OPOST),     ENTRY(ONLCR),    ENTRY(OCRNL),
    ENTRY(ONOCR),     ENTRY(ONLRET),    ENTRY(CSIZE),     ENTRY(CS5),      ENTRY(CS6),
    ENTRY(CS7),       ENTRY(CS8),       ENTRY(CSTOPB),    ENTRY(CREAD),    ENTRY(PARENB),
    ENTRY(PARODD),    ENTRY(HUPCL),     ENTRY(CLOCAL),    ENTRY(ISIG),     ENTRY(ICANON),
    ENTRY(ECHO),      ENTRY(ECHOE),     ENTRY(ECHOK),     ENTRY(ECHONL),   ENTRY(NOFLSH),
    ENTRY(TOSTOP),    ENTRY(IEXTEN),    ENTRY(VINTR),     ENTRY(VQUIT),    ENTRY(VERASE),
    ENTRY(VKILL),     ENTRY(VEOF),      ENTRY(VEOL),      ENTRY(VMIN),     ENTRY(VTIME),
    ENTRY(VSTART),    ENTRY(VSTOP),     ENTRY(VSUSP),     ENTRY(NCCS),     ENTRY(B0),
    ENTRY(B9600),     ENTRY(B19200),    ENTRY(B38400),    ENTRY(B57600),   ENTRY(B115200),
};
#undef ENTRY

Result<void> initialize(VM& vm, Module* module) {
  for (const auto& constant : kConstants)
    TRY(module_set(vm, module, constant.name, Value::small_int(constant.value)));
  Dict* names = TRY(make_dict(vm));
  TRY(dict_set_str(vm, names, vm.names().module_, TRY(make_str(vm, "termios"))));
  Value base = vm.type(BuiltinType::Exception);
  Value bases = TRY(make_tuple(vm, {&base, 1}));
  Value error =
      TRY(vm.call(vm.type(BuiltinType::Type), {TRY(make_str(vm, "error")), bases, Value(names)}));
  vm.module_state(&kErrorKey) = as<Type>(error);
  return module_set(vm, module, "error", error);
}

}  // namespace

extern const NativeModuleDef kTermiosModule = {"termios", "Modes of terminals.", kFunctions,
                                               initialize};

}  // namespace apy
