// Readers of formats over any bytes: the first byte says which one.
#include "engine.h"

namespace {

constexpr char kPrelude[] = R"apy(
def text(data): return data.decode('utf-8', 'surrogateescape')
def pattern(data):
    expression, _, subject = text(data).partition('\n')
    compiled = re.compile(expression)
    return compiled.search(subject), compiled.findall(subject), compiled.sub('<\\g<0>>', subject), compiled.split(subject)
def unpack(data):
    layout, _, rest = data.partition(b'\n')
    return struct.pack(layout, *struct.unpack(layout, rest))
def formatted(data):
    spec, _, rest = text(data).partition('\n')
    for value in (12345, -1.5, 10**25, 1j, 'text', True, decimal.Decimal('1.25'), datetime.datetime(2020, 1, 2)):
        try: format(value, spec)
        except (ValueError, TypeError, OverflowError): pass
    return rest.format(1, 'a', [2], a=1.5, b={'k': 1})
def percent(data): return text(data) % (1, 'a', 2.5), data % (1, b'a', 2.5)
def loaded(data): return json.dumps(json.loads(text(data)))
def marshalled(data): return marshal.dumps(marshal.loads(data))
class Safe(pickle.Unpickler):
    def find_class(self, module, name):
        if module == 'builtins' and name in ('int', 'str', 'list', 'dict', 'set', 'complex', 'bytearray', 'range', 'slice'): return getattr(builtins, name)
        if module == 'collections': return getattr(collections, name)
        raise pickle.UnpicklingError(name)
def unpickled(data): return pickle.dumps(Safe(io.BytesIO(data)).load())
def literal(data): return repr(ast.literal_eval(text(data)))
def decoded(data):
    name, _, rest = data.partition(b'\n')
    name = text(name) if name else 'utf-8'
    for errors in ('strict', 'replace', 'ignore', 'backslashreplace', 'surrogateescape'):
        try: rest.decode(name, errors).encode(name, errors)
        except (UnicodeError, ValueError): pass
def numbers(data):
    words = text(data).split('\n')
    for word in words[:20]:
        for make in (int, float, complex, decimal.Decimal, fractions.Fraction, float.fromhex, datetime.datetime.fromisoformat):
            try: repr(make(word))
            except (ValueError, ArithmeticError): pass
def rows(data): return list(csv.reader(text(data).splitlines(True)))
def strings(data):
    word, _, rest = text(data).partition('\n')
    for method in ('split', 'partition', 'strip', 'count', 'find', 'rindex', 'startswith', 'join', 'replace', 'center', 'translate'):
        try: getattr(rest, method)(*([word, 'x'] if method == 'replace' else [40, word] if method == 'center' else [word]))
        except (ValueError, TypeError, LookupError): pass
    return rest.title(), rest.swapcase(), rest.casefold(), rest.splitlines(), rest.expandtabs(3), rest.isidentifier(), rest.zfill(9), textwrap.wrap(rest, 7), ascii(rest)
readers = (pattern, unpack, formatted, percent, loaded, marshalled, unpickled, literal, decoded, numbers, rows, strings)
def target(data):
    try: readers[data[0] % len(readers)](data[1:])
    except BaseException: pass
    finally: reset()
)apy";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  apy_fuzz::give(kPrelude, data, size);
  return 0;
}
