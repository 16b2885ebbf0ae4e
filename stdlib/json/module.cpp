// _json: JSON text, the native half of the module json.
#include "stdlib/json/json.h"
#include "stdlib/native_iterator.h"

namespace apy {

namespace {

constexpr NativeFunctionDef kFunctions[] = {
    {"encode(*args)",
     "The JSON text of args[0]. The others: default, indent, key_separator, item_separator, "
     "ensure_ascii, "
     "check_circular, allow_nan, sort_keys, skipkeys.",
     bind<json::encode>()},
    {"encode_basestring(string, /)", "The text as JSON.", bind<json::quote>()},
    {"encode_basestring_ascii(string, /)", "The text as JSON in ASCII.", bind<json::quote_ascii>()},
    {"scanstring(string, end, strict=True, /)",
     "(the string that begins behind a quote at string[end - 1], where it ends)",
     bind<json::scan_string>()},
    {"skip_whitespace(string, idx, /)", "The first index from idx on that is not white space.",
     bind<json::skip_space>()},
};

Result<void> initialize(VM& vm, Module* module) {
  return add_native_type(vm, module, json::kScannerType, "make_scanner");
}

}  // namespace

extern const NativeModuleDef kJsonModule = {"_json", "JSON text.", kFunctions, initialize};

}  // namespace apy
