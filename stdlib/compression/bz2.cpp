// _bz2: streams of libbzip2. The classes of the module bz2 are written in apy over them.
#include <bzlib.h>

#include "stdlib/compression/stream_coder.h"

namespace apy {

namespace {

struct Bz2Stream : NativeObject {
  static const NativeClass kClass;
  bz_stream* stream;  // null: not usable (any more)
  bool compresses;
};

void trace_nothing(const Cell*, Visitor&) {}
void finalize(VM&, Cell* self) {
  auto* object = static_cast<Bz2Stream*>(self);
  if (object->stream)
    object->compresses ? BZ2_bzCompressEnd(object->stream) : BZ2_bzDecompressEnd(object->stream);
  delete object->stream;
  object->stream = nullptr;
}
const NativeClass Bz2Stream::kClass = {"_bz2.stream", trace_nothing, finalize};

/// `level` 0: decompresses.
Result<Value> new_stream(VM& vm, int64_t level) {
  auto* object = TRY(make_native<Bz2Stream>(vm, native_type<Bz2Stream>(vm)));
  auto* stream = new bz_stream{};
  object->compresses = level != 0;
  int code = level ? BZ2_bzCompressInit(stream, static_cast<int>(level), 0, 0)
                   : BZ2_bzDecompressInit(stream, 0, 0);
  if (code != BZ_OK) {
    delete stream;
    if (code == BZ_MEM_ERROR) return vm.out_of_memory();
    return vm.raise(Exc::ValueError, "compresslevel must be between 1 and 9");
  }
  object->stream = stream;
  vm.heap().register_finalizer(object);
  return object;
}

Result<Value> run(VM& vm, Bz2Stream* self, Value data, bool finish, int64_t most) {
  std::string_view input = TRY(coder_input(vm, data));
  if (!self->stream) return vm.raise(Exc::ValueError, "the stream has ended");
  bz_stream& stream = *self->stream;
  std::string output;
  size_t used = 0;
  int fine = !self->compresses ? BZ_OK : finish ? BZ_FINISH_OK : BZ_RUN_OK;
  int code = run_coder(stream, input, most, finish, fine, &output, &used, [&](bool last) {
    if (!self->compresses) return BZ2_bzDecompress(&stream);
    // Nothing to do is an error to the library.
    if (!last && stream.avail_in == 0) return fine;
    int result = BZ2_bzCompress(&stream, last ? BZ_FINISH : BZ_RUN);
    return result == BZ_RUN_OK || result == BZ_FINISH_OK ? fine : result;
  });
  if (code == BZ_MEM_ERROR) return vm.out_of_memory();
  return coder_result(vm, output, used, code);
}

constexpr NativeFunctionDef kMethods[] = {
    {"run(self, data, finish, most, /)",
     "Code a piece of data: (output, bytes used, code of the library).", bind<run>()},
};
constexpr NativeTypeDef kStreamType = {.name = "_bz2.stream",
                                       .doc = "A stream of libbzip2.",
                                       .methods = kMethods,
                                       .flags = Type::kDisallowNew,
                                       .instance_size = sizeof(Bz2Stream),
                                       .native_class = &Bz2Stream::kClass};
constexpr NativeFunctionDef kFunctions[] = {
    {"new_stream(level, /)", "A stream that compresses with a level, or decompresses with 0.",
     bind<new_stream>()},
};
Result<void> initialize(VM& vm, Module* module) {
  return add_native_type(vm, module, kStreamType, "stream");
}

}  // namespace

extern const NativeModuleDef kBz2Module = {"_bz2", "Streams of libbzip2.", kFunctions, initialize};

}  // namespace apy
