// The command line.
#include <cstdio>
#include <cstring>

#include "runtime/embed/engine_core.h"
#include "vm/binding/native.h"
#include "vm/bytecode/code.h"
#include "vm/objects/exception.h"

int main(int count, char** arguments) {
  using namespace apy;
  EngineCore core;
  EngineSettings settings;
  for (int i = 1; i < count; ++i) settings.arguments.push_back(arguments[i]);
  std::string file = count > 1 ? arguments[1] : "";
  size_t slash = file.rfind('/');
  settings.path.push_back(slash == std::string::npos ? "" : file.substr(0, slash));
  int status = 0;
  {
    if (core.start(settings).is_error()) {
      print_exception(core.vm(), core.vm().take_pending());
      return 1;
    }
    EngineCore::Entry entry(core);
    auto run = [&]() -> Result<Value> {
      std::string text = TRY(read_file(core.vm(), file));
      TRY(module_set(core.vm(), core.main_module(), "__file__", TRY(make_str(core.vm(), file))));
      return core.run_main(TRY(core.compile_main(text, file, {})));
    };
    if (run().is_error()) {
      core.flush_streams();
      Value exception = core.vm().take_pending();
      status = 1;
      if (core.vm().is_instance(exception, Exc::SystemExit)) {
        int64_t code = 0;
        if (is_int(as<Exception>(exception)->fields[0])) fits_int64(as<Exception>(exception)->fields[0], &code);
        status = static_cast<int>(code);
      } else {
        print_exception(core.vm(), exception);
      }
    }
    if (!core.flush_streams() && status == 0) status = 120;
  }
  return status;
}
