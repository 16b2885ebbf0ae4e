// The module zlib: compression, decompression, checksums.
//
// The library's own state is malloc'd and belongs to its object, which frees it when it is
// collected. Input is copied where script code could run in between; nothing does here.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "stdlib/native_iterator.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

constexpr int64_t kDefaultSize = 16 * 1024;
const char kErrorKey = 0;

Error raise_zlib(VM& vm, const std::string& text) {
  return vm.raise_exception(
      TRY(vm.call(static_cast<Type*>(vm.module_state(&kErrorKey)), {TRY(make_str(vm, text))})));
}
/// "Error -3 while decompressing data: incorrect header check"
Error raise_zlib(VM& vm, const z_stream& stream, int code, const char* action) {
  const char* detail = stream.msg;
  if (code == Z_VERSION_ERROR) detail = "library version mismatch";
  if (!detail && code == Z_BUF_ERROR) detail = "incomplete or truncated stream";
  if (!detail && code == Z_STREAM_ERROR) detail = "inconsistent stream state";
  if (!detail && code == Z_DATA_ERROR) detail = "invalid input data";
  std::string text = "Error " + std::to_string(code) + " " + action;
  return raise_zlib(vm, detail ? text + ": " + detail : text);
}

Result<std::string_view> data_argument(VM& vm, Value value) {
  std::string_view bytes;
  if (get_bytes(value, &bytes)) return bytes;
  return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
}
Bytef* bytes_of(std::string_view data) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
}

/// Runs `step` (deflate or inflate) over all input. `most` < 0: all output there is.
template <class Step>
int pump(z_stream& stream, std::string_view input, int64_t most, std::string* output, int flush,
         Step step) {
  size_t done = 0;
  int code = Z_OK;
  do {
    auto piece = static_cast<uInt>(std::min<size_t>(input.size() - done, 1u << 30));
    stream.next_in = bytes_of(input) + done;
    stream.avail_in = piece;
    bool last = done + piece == input.size();
    do {
      size_t room = static_cast<size_t>(kDefaultSize);
      if (most >= 0) {
        room = std::min(room, static_cast<size_t>(most) - output->size());
        if (room == 0) {
          done += piece - stream.avail_in;
          stream.avail_in = static_cast<uInt>(std::min<size_t>(input.size() - done, UINT32_MAX));
          return code;
        }
      }
      size_t before = output->size();
      output->resize(before + room);
      stream.next_out = reinterpret_cast<Bytef*>(output->data()) + before;
      stream.avail_out = static_cast<uInt>(room);
      code = step(&stream, last ? flush : Z_NO_FLUSH);
      output->resize(before + room - stream.avail_out);
      if (code != Z_OK && code != Z_BUF_ERROR) {
        done += piece - stream.avail_in;
        stream.avail_in = static_cast<uInt>(std::min<size_t>(input.size() - done, UINT32_MAX));
        return code;
      }
    } while (stream.avail_out == 0);
    done += piece - stream.avail_in;
  } while (done < input.size() && stream.avail_in == 0);
  return code;
}

// --- whole texts ---

Result<Value> compress_bytes(VM& vm, Value data, Optional<int64_t> level, Optional<int64_t> bits) {
  std::string_view input = TRY(data_argument(vm, data));
  z_stream stream{};
  int code = deflateInit2(&stream, static_cast<int>(level.value_or(-1)), Z_DEFLATED,
                          static_cast<int>(bits.value_or(MAX_WBITS)), 8, Z_DEFAULT_STRATEGY);
  if (code == Z_STREAM_ERROR) return raise_zlib(vm, "Bad compression level");
  if (code != Z_OK) return raise_zlib(vm, stream, code, "while compressing data");
  std::string output;
  code = pump(stream, input, -1, &output, Z_FINISH, deflate);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return raise_zlib(vm, stream, code, "while compressing data");
  return make_bytes(vm, output);
}

Result<Value> decompress_bytes(VM& vm, Value data, Optional<int64_t> bits, Optional<int64_t> size) {
  std::string_view input = TRY(data_argument(vm, data));
  if (size.present && size.value < 0)
    return vm.raise(Exc::ValueError, "bufsize must be non-negative");
  z_stream stream{};
  int code = inflateInit2(&stream, static_cast<int>(bits.value_or(MAX_WBITS)));
  if (code != Z_OK) return raise_zlib(vm, stream, code, "while preparing to decompress data");
  std::string output;
  code = pump(stream, input, -1, &output, Z_SYNC_FLUSH, inflate);
  if (code == Z_OK) code = Z_BUF_ERROR;
  if (code != Z_STREAM_END) {
    (void)raise_zlib(vm, stream, code, "while decompressing data");
    inflateEnd(&stream);
    return Error{};
  }
  inflateEnd(&stream);
  return make_bytes(vm, output);
}

template <uLong (*function)(uLong, const Bytef*, z_size_t), uint32_t start>
Result<int64_t> checksum(VM& vm, Value data, Optional<Value> value) {
  std::string_view input = TRY(data_argument(vm, data));
  uint64_t begin = start;
  if (value.present) {
    Value low = TRY(binary_operation(vm, BinaryOp::BitAnd, TRY(to_index(vm, value.value)),
                                     Value::small_int(0xFFFFFFFF)));
    begin = static_cast<uint64_t>(TRY(to_int64(vm, low)));
  }
  return static_cast<int64_t>(function(begin, bytes_of(input), input.size()));
}

// --- objects ---

struct Compressor : NativeObject {
  static const NativeClass kClass;
  z_stream* stream;  // null: finished
};
struct Decompressor : NativeObject {
  static const NativeClass kClass;
  Value unused, tail, dictionary;
  z_stream* stream;
  bool at_end, wrong_dictionary;
};

void trace_nothing(const Cell*, Visitor&) {}
void finalize_compressor(VM&, Cell* self) {
  auto* object = static_cast<Compressor*>(self);
  if (object->stream) deflateEnd(object->stream);
  delete object->stream;
  object->stream = nullptr;
}
void finalize_decompressor(VM&, Cell* self) {
  auto* object = static_cast<Decompressor*>(self);
  if (object->stream) inflateEnd(object->stream);
  delete object->stream;
  object->stream = nullptr;
}
const NativeClass Compressor::kClass = {"zlib.Compress", trace_nothing, finalize_compressor};
const NativeClass Decompressor::kClass = {"zlib.Decompress", trace_values<3>,
                                          finalize_decompressor};

Result<Value> make_compressor(VM& vm, Optional<int64_t> level, Optional<int64_t> method,
                              Optional<int64_t> bits, Optional<int64_t> memory,
                              Optional<int64_t> strategy, Optional<Value> dictionary) {
  std::string_view words;
  if (dictionary.present) words = TRY(data_argument(vm, dictionary.value));
  auto* object = TRY(make_native<Compressor>(vm, native_type<Compressor>(vm)));
  object->stream = new z_stream{};
  vm.heap().register_finalizer(object);
  int code =
      deflateInit2(object->stream, static_cast<int>(level.value_or(-1)),
                   static_cast<int>(method.value_or(Z_DEFLATED)),
                   static_cast<int>(bits.value_or(MAX_WBITS)), static_cast<int>(memory.value_or(8)),
                   static_cast<int>(strategy.value_or(Z_DEFAULT_STRATEGY)));
  if (code == Z_STREAM_ERROR) {
    delete std::exchange(object->stream, nullptr);
    return vm.raise(Exc::ValueError, "Invalid initialization option");
  }
  if (code != Z_OK)
    return raise_zlib(vm, *object->stream, code, "while creating compression object");
  if (dictionary.present && deflateSetDictionary(object->stream, bytes_of(words),
                                                 static_cast<uInt>(words.size())) != Z_OK)
    return vm.raise(Exc::ValueError, "Invalid dictionary");
  return object;
}
Result<z_stream*> stream_of(VM& vm, Compressor* self, const char* action) {
  if (self->stream) return self->stream;
  z_stream none{};
  return raise_zlib(vm, none, Z_STREAM_ERROR, action);
}
Result<Value> compressor_compress(VM& vm, Compressor* self, Value data) {
  std::string_view input = TRY(data_argument(vm, data));
  z_stream* stream = TRY(stream_of(vm, self, "while compressing data"));
  std::string output;
  int code = pump(*stream, input, -1, &output, Z_NO_FLUSH, deflate);
  if (code != Z_OK && code != Z_BUF_ERROR)
    return raise_zlib(vm, *stream, code, "while compressing data");
  return make_bytes(vm, output);
}
Result<Value> compressor_flush(VM& vm, Compressor* self, Optional<int64_t> mode) {
  int flush = static_cast<int>(mode.value_or(Z_FINISH));
  if (flush == Z_NO_FLUSH) return make_bytes(vm, std::string_view());
  z_stream* stream = TRY(stream_of(vm, self, "while flushing"));
  std::string output;
  int code = pump(*stream, {}, -1, &output, flush, deflate);
  if (code == Z_STREAM_END && flush == Z_FINISH) {
    finalize_compressor(vm, self);
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    return raise_zlib(vm, *stream, code, "while flushing");
  }
  return make_bytes(vm, output);
}
Result<Value> compressor_copy(VM& vm, Compressor* self) {
  if (!self->stream) return vm.raise(Exc::ValueError, "Inconsistent stream state");
  auto* copy = TRY(make_native<Compressor>(vm, native_type<Compressor>(vm)));
  copy->stream = new z_stream{};
  vm.heap().register_finalizer(copy);
  if (int code = deflateCopy(copy->stream, self->stream); code != Z_OK)
    return raise_zlib(vm, *self->stream, code, "while copying compression object");
  return copy;
}

Result<Value> make_decompressor(VM& vm, Optional<int64_t> bits, Optional<Value> dictionary) {
  std::string_view words;
  if (dictionary.present && !get_bytes(dictionary.value, &words))
    return vm.raise(Exc::TypeError, "zdict argument must support the buffer protocol");
  auto* object = TRY(make_native<Decompressor>(vm, native_type<Decompressor>(vm)));
  object->unused = object->tail = TRY(make_bytes(vm, std::string_view()));
  object->dictionary = dictionary.present ? Value(TRY(make_bytes(vm, words))) : Value();
  vm.barrier(object);
  object->stream = new z_stream{};
  vm.heap().register_finalizer(object);
  int window = static_cast<int>(bits.value_or(MAX_WBITS));
  int code = inflateInit2(object->stream, window);
  if (code == Z_STREAM_ERROR) {
    delete std::exchange(object->stream, nullptr);
    return vm.raise(Exc::ValueError, "Invalid initialization option");
  }
  if (code != Z_OK)
    return raise_zlib(vm, *object->stream, code, "while creating decompression object");
  if (dictionary.present && window < 0 &&
      inflateSetDictionary(object->stream, bytes_of(words), static_cast<uInt>(words.size())) !=
          Z_OK)
    return raise_zlib(vm, *object->stream, Z_DATA_ERROR, "while setting zdict");
  return object;
}

/// inflate() that gives the dictionary when it is asked for.
int inflate_with(Decompressor* self, z_stream* stream, int flush) {
  int code = inflate(stream, flush);
  if (code != Z_NEED_DICT || self->dictionary.is_empty()) return code;
  std::string_view words = as<Bytes>(self->dictionary)->view();
  code = inflateSetDictionary(stream, bytes_of(words), static_cast<uInt>(words.size()));
  self->wrong_dictionary = code != Z_OK;
  return code == Z_OK ? inflate(stream, flush) : code;
}

Result<Value> decompressor_run(VM& vm, Decompressor* self, std::string_view input, int64_t most,
                               const char* action) {
  if (!self->stream) return vm.raise(Exc::ValueError, "Inconsistent stream state");
  if (self->at_end) {
    std::string all(as<Bytes>(self->unused)->view());
    all.append(input);
    self->unused = TRY(make_bytes(vm, all));
    vm.barrier(self);
    return make_bytes(vm, std::string_view());
  }
  std::string output;
  int code =
      pump(*self->stream, input, most, &output, Z_SYNC_FLUSH,
           [self](z_stream* stream, int flush) { return inflate_with(self, stream, flush); });
  if (self->wrong_dictionary) action = "while setting zdict";
  if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END)
    return raise_zlib(vm, *self->stream, code, action);
  std::string rest(
      input.substr(input.size() - std::min<size_t>(self->stream->avail_in, input.size())));
  self->at_end = code == Z_STREAM_END;
  Value kept = TRY(make_bytes(vm, rest)), none = TRY(make_bytes(vm, std::string_view()));
  self->tail = self->at_end ? none : kept;
  if (self->at_end) self->unused = kept;
  vm.barrier(self);
  return make_bytes(vm, output);
}
Result<Value> decompressor_decompress(VM& vm, Decompressor* self, Value data,
                                      Optional<int64_t> most) {
  std::string_view input = TRY(data_argument(vm, data));
  if (most.value_or(0) < 0) return vm.raise(Exc::ValueError, "max_length must be non-negative");
  return decompressor_run(vm, self, input, most.value_or(0) ? most.value : -1,
                          "while decompressing data");
}
Result<Value> decompressor_flush(VM& vm, Decompressor* self, Optional<int64_t> length) {
  if (length.present && length.value <= 0)
    return vm.raise(Exc::ValueError, "length must be greater than zero");
  std::string input(as<Bytes>(self->tail)->view());
  return decompressor_run(vm, self, input, -1, "while flushing");
}
Result<Value> decompressor_copy(VM& vm, Decompressor* self) {
  if (!self->stream) return vm.raise(Exc::ValueError, "Inconsistent stream state");
  auto* copy = TRY(make_native<Decompressor>(vm, native_type<Decompressor>(vm)));
  copy->unused = self->unused;
  copy->tail = self->tail;
  copy->dictionary = self->dictionary;
  copy->at_end = self->at_end;
  vm.barrier(copy);
  copy->stream = new z_stream{};
  vm.heap().register_finalizer(copy);
  if (int code = inflateCopy(copy->stream, self->stream); code != Z_OK)
    return raise_zlib(vm, *self->stream, code, "while copying decompression object");
  return copy;
}
template <class T>
Result<Value> copy_of(VM& vm, T* self, Rest) {
  if constexpr (std::is_same_v<T, Compressor>)
    return compressor_copy(vm, self);
  else
    return decompressor_copy(vm, self);
}

Decompressor* decompressor(Value self) { return static_cast<Decompressor*>(self.cell()); }
Result<Value> get_unused(VM&, Value self) { return decompressor(self)->unused; }
Result<Value> get_tail(VM&, Value self) { return decompressor(self)->tail; }
Result<Value> get_at_end(VM&, Value self) { return Value::boolean(decompressor(self)->at_end); }

constexpr NativeFunctionDef kCompressorMethods[] = {
    {"compress(self, data, /)", "Compress a piece; what comes out so far.",
     bind<compressor_compress>()},
    {"flush(self, mode=4, /)", "What is left; with another mode the stream can go on.",
     bind<compressor_flush>()},
    {"copy(self, /)", "A copy of the state.", bind<compressor_copy>()},
    {"__copy__(self, /)", "A copy of the state.", bind<compressor_copy>()},
    {"__deepcopy__(self, /, *memo)", "A copy of the state.", bind<copy_of<Compressor>>()},
};
constexpr NativeTypeDef kCompressorType = {.name = "zlib.Compress",
                                           .doc = "A stream that is compressed piece by piece.",
                                           .methods = kCompressorMethods,
                                           .flags = Type::kDisallowNew,
                                           .instance_size = sizeof(Compressor),
                                           .native_class = &Compressor::kClass};
constexpr NativeFunctionDef kDecompressorMethods[] = {
    {"decompress(self, data, /, max_length=0)",
     "Decompress a piece, to at most max_length bytes unless that is 0.",
     bind<decompressor_decompress>()},
    {"flush(self, length=16384, /)", "What is left.", bind<decompressor_flush>()},
    {"copy(self, /)", "A copy of the state.", bind<decompressor_copy>()},
    {"__copy__(self, /)", "A copy of the state.", bind<decompressor_copy>()},
    {"__deepcopy__(self, /, *memo)", "A copy of the state.", bind<copy_of<Decompressor>>()},
};
constexpr NativeGetSetDef kDecompressorAttributes[] = {
    {"unused_data", "What came behind the end of the stream.", get_unused},
    {"unconsumed_tail", "What max_length left over.", get_tail},
    {"eof", "Has the end of the stream come?", get_at_end},
};
constexpr NativeTypeDef kDecompressorType = {.name = "zlib.Decompress",
                                             .doc = "A stream that is decompressed piece by piece.",
                                             .methods = kDecompressorMethods,
                                             .attributes = kDecompressorAttributes,
                                             .flags = Type::kDisallowNew,
                                             .instance_size = sizeof(Decompressor),
                                             .native_class = &Decompressor::kClass};

constexpr NativeFunctionDef kFunctions[] = {
    {"compress(data, /, level=-1, wbits=15)", "The data compressed.", bind<compress_bytes>()},
    {"decompress(data, /, wbits=15, bufsize=16384)", "The data decompressed.",
     bind<decompress_bytes>()},
    {"compressobj(level=-1, method=8, wbits=15, memLevel=8, strategy=0, zdict=None)",
     "An object that compresses piece by piece.", bind<make_compressor>()},
    {"decompressobj(wbits=15, zdict=b'')", "An object that decompresses piece by piece.",
     bind<make_decompressor>()},
    {"crc32(data, value=0, /)", "The CRC-32 checksum, going on from value.",
     bind<checksum<crc32_z, 0>>()},
    {"adler32(data, value=1, /)", "The Adler-32 checksum, going on from value.",
     bind<checksum<adler32_z, 1>>()},
};

#define ENTRY(name) \
  { #name, name }
constexpr struct {
  const char* name;
  int64_t value;
} kConstants[] = {
    ENTRY(MAX_WBITS),
    {"DEFLATED", Z_DEFLATED},
    {"DEF_MEM_LEVEL", 8},
    {"DEF_BUF_SIZE", 16384},
    ENTRY(Z_BEST_SPEED),
    ENTRY(Z_BEST_COMPRESSION),
    ENTRY(Z_DEFAULT_COMPRESSION),
    ENTRY(Z_NO_COMPRESSION),
    ENTRY(Z_FILTERED),
    ENTRY(Z_HUFFMAN_ONLY),
    ENTRY(Z_RLE),
    ENTRY(Z_FIXED),
    ENTRY(Z_DEFAULT_STRATEGY),
    ENTRY(Z_FINISH),
    ENTRY(Z_NO_FLUSH),
    ENTRY(Z_PARTIAL_FLUSH),
    ENTRY(Z_SYNC_FLUSH),
    ENTRY(Z_FULL_FLUSH),
    ENTRY(Z_BLOCK),
    ENTRY(Z_TREES),
};
#undef ENTRY

Result<void> initialize(VM& vm, Module* module) {
  for (const auto& constant : kConstants)
    TRY(module_set(vm, module, constant.name, Value::small_int(constant.value)));
  TRY(module_set(vm, module, "ZLIB_VERSION", TRY(make_str(vm, ZLIB_VERSION))));
  TRY(module_set(vm, module, "ZLIB_RUNTIME_VERSION", TRY(make_str(vm, zlibVersion()))));
  Dict* names = TRY(make_dict(vm));
  TRY(dict_set_str(vm, names, vm.names().module_, TRY(make_str(vm, "zlib"))));
  Value base = vm.type(BuiltinType::Exception);
  Value bases = TRY(make_tuple(vm, {&base, 1}));
  Value error =
      TRY(vm.call(vm.type(BuiltinType::Type), {TRY(make_str(vm, "error")), bases, Value(names)}));
  vm.module_state(&kErrorKey) = as<Type>(error);
  TRY(module_set(vm, module, "error", error));
  for (const NativeTypeDef* definition : {&kCompressorType, &kDecompressorType})
    vm.module_state(definition->native_class) = TRY(make_native_type(vm, *definition));
  return {};
}

}  // namespace

extern const NativeModuleDef kZlibModule = {"zlib", "Compression and checksums.", kFunctions,
                                            initialize};

}  // namespace apy
