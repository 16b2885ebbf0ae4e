// _lzma: streams of liblzma. The classes of the module lzma are written in apy over them.
//
// A chain of filters comes as a list of tuples (id, preset, dict_size, lc, lp, pb, mode, nice_len,
// mf, depth, dist, start_offset) of ints, -1 for what is not given.
#include <lzma.h>

#include "stdlib/compression/stream_coder.h"

namespace apy {

namespace {

struct LzmaStream : NativeObject {
  static const NativeClass kClass;
  lzma_stream* stream;
  int64_t check;  // of the stream that is decoded, -1: not known yet
};

void trace_nothing(const Cell*, Visitor&) {}
void finalize(VM&, Cell* self) {
  auto* object = static_cast<LzmaStream*>(self);
  if (object->stream) lzma_end(object->stream);
  delete object->stream;
  object->stream = nullptr;
}
const NativeClass LzmaStream::kClass = {"_lzma.stream", trace_nothing, finalize};

/// A chain of filters with what its entries point to.
struct Chain {
  lzma_filter filters[LZMA_FILTERS_MAX + 1];
  lzma_options_lzma lzma[LZMA_FILTERS_MAX];
  lzma_options_delta delta[LZMA_FILTERS_MAX];
  lzma_options_bcj bcj[LZMA_FILTERS_MAX];
};

Result<void> read_filter(VM& vm, Value value, Chain* chain, size_t i) {
  Tuple* fields = try_as<Tuple>(value);
  if (!fields || fields->length != 12)
    return vm.raise(Exc::TypeError, "a filter is a tuple of 12 ints");
  int64_t n[12];
  for (size_t k = 0; k < 12; ++k) n[k] = TRY(to_int64(vm, fields->values()[k]));
  lzma_filter& filter = chain->filters[i];
  filter.id = static_cast<lzma_vli>(n[0]);
  if (filter.id == LZMA_FILTER_LZMA1 || filter.id == LZMA_FILTER_LZMA2) {
    lzma_options_lzma& options = chain->lzma[i];
    uint32_t preset = n[1] < 0 ? LZMA_PRESET_DEFAULT : static_cast<uint32_t>(n[1]);
    if (lzma_lzma_preset(&options, preset))
      return vm.raise(Exc::ValueError, "Invalid compression preset: {}", n[1]);
    uint32_t* const kPlaces[] = {
        &options.dict_size, &options.lc, &options.lp,   &options.pb, nullptr,
        &options.nice_len,  nullptr,     &options.depth};
    for (size_t k = 0; k < 8; ++k)
      if (n[k + 2] >= 0 && kPlaces[k]) *kPlaces[k] = static_cast<uint32_t>(n[k + 2]);
    if (n[6] >= 0) options.mode = static_cast<lzma_mode>(n[6]);
    if (n[8] >= 0) options.mf = static_cast<lzma_match_finder>(n[8]);
    filter.options = &options;
  } else if (filter.id == LZMA_FILTER_DELTA) {
    lzma_options_delta& options = chain->delta[i];
    options = {};
    options.type = LZMA_DELTA_TYPE_BYTE;
    options.dist = n[10] < 0 ? 1 : static_cast<uint32_t>(n[10]);
    filter.options = &options;
  } else if (filter.id >= LZMA_FILTER_X86 && filter.id <= LZMA_FILTER_SPARC) {
    chain->bcj[i] = {};
    chain->bcj[i].start_offset = n[11] < 0 ? 0 : static_cast<uint32_t>(n[11]);
    filter.options = &chain->bcj[i];
  } else {
    return vm.raise(Exc::ValueError, "Invalid filter ID: {}", n[0]);
  }
  return {};
}

Result<void> read_chain(VM& vm, List* list, Chain* chain) {
  if (list->length > LZMA_FILTERS_MAX)
    return vm.raise(Exc::ValueError, "Too many filters - liblzma supports a maximum of {}",
                    int64_t{LZMA_FILTERS_MAX});
  size_t i = 0;
  for (; i < list->length; ++i) TRY(read_filter(vm, list->values()[i], chain, i));
  chain->filters[i].id = LZMA_VLI_UNKNOWN;
  return {};
}

enum Format { kAuto, kXz, kAlone, kRaw };

/// (stream, code); the stream is used up unless the code is 0.
Result<Value> finish_new(VM& vm, LzmaStream* object, lzma_ret code) {
  if (code == LZMA_MEM_ERROR) return vm.out_of_memory();
  Value parts[2] = {object, Value::small_int(code)};
  return make_tuple(vm, parts);
}
Result<LzmaStream*> allocate_stream(VM& vm) {
  auto* object = TRY(make_native<LzmaStream>(vm, native_type<LzmaStream>(vm)));
  object->stream = new lzma_stream LZMA_STREAM_INIT;
  object->check = -1;
  vm.heap().register_finalizer(object);
  return object;
}

Result<Value> new_encoder(VM& vm, int64_t format, int64_t check, int64_t preset, List* filters) {
  Chain chain;
  TRY(read_chain(vm, filters, &chain));
  bool has_filters = filters->length > 0;
  auto* object = TRY(allocate_stream(vm));
  lzma_stream* stream = object->stream;
  auto level = static_cast<uint32_t>(preset);
  if (format == kAlone && !has_filters && lzma_lzma_preset(&chain.lzma[0], level))
    return vm.raise(Exc::ValueError, "Invalid compression preset: {}", preset);
  lzma_ret code = LZMA_OPTIONS_ERROR;
  if (format == kXz) {
    code = has_filters ? lzma_stream_encoder(stream, chain.filters, static_cast<lzma_check>(check))
                       : lzma_easy_encoder(stream, level, static_cast<lzma_check>(check));
  } else if (format == kAlone) {
    if (!has_filters || (filters->length == 1 && chain.filters[0].id == LZMA_FILTER_LZMA1))
      code = lzma_alone_encoder(stream, &chain.lzma[0]);
    else
      return vm.raise(Exc::ValueError,
                      "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter");
  } else {
    code = lzma_raw_encoder(stream, chain.filters);
  }
  return finish_new(vm, object, code);
}

Result<Value> new_decoder(VM& vm, int64_t format, Value memory, List* filters) {
  Chain chain;
  TRY(read_chain(vm, filters, &chain));
  uint64_t limit = UINT64_MAX;
  if (!memory.is_none()) {
    int64_t given = TRY(to_int64(vm, memory));
    if (given < 0) return vm.raise(Exc::OverflowError, "can't convert negative int to unsigned");
    limit = static_cast<uint64_t>(given);
  }
  auto* object = TRY(allocate_stream(vm));
  constexpr uint32_t kFlags = LZMA_TELL_ANY_CHECK | LZMA_TELL_NO_CHECK;
  lzma_ret code = LZMA_OPTIONS_ERROR;
  if (format == kAuto) code = lzma_auto_decoder(object->stream, limit, kFlags);
  if (format == kXz) code = lzma_stream_decoder(object->stream, limit, kFlags);
  if (format == kAlone) code = lzma_alone_decoder(object->stream, limit);
  if (format == kRaw) code = lzma_raw_decoder(object->stream, chain.filters);
  return finish_new(vm, object, code);
}

Result<Value> run(VM& vm, LzmaStream* self, Value data, bool finish, int64_t most) {
  std::string_view input = TRY(coder_input(vm, data));
  lzma_stream& stream = *self->stream;
  std::string output;
  size_t used = 0;
  lzma_ret code = run_coder(stream, input, most, finish, LZMA_OK, &output, &used, [&](bool last) {
    lzma_ret result;
    do {
      result = lzma_code(&stream, last ? LZMA_FINISH : LZMA_RUN);
      if (result == LZMA_GET_CHECK || result == LZMA_NO_CHECK)
        self->check = lzma_get_check(&stream);
    } while (result == LZMA_GET_CHECK || result == LZMA_NO_CHECK);
    return result;
  });
  if (code == LZMA_MEM_ERROR) return vm.out_of_memory();
  return coder_result(vm, output, used, code);
}

Result<bool> is_check_supported(VM&, int64_t check) {
  return lzma_check_is_supported(static_cast<lzma_check>(check)) != 0;
}
/// The properties of a filter as bytes, or the code of the error.
Result<Value> encode_properties(VM& vm, List* filters) {
  Chain chain;
  TRY(read_chain(vm, filters, &chain));
  uint32_t size = 0;
  lzma_ret code = lzma_properties_size(&size, chain.filters);
  if (code != LZMA_OK) return Value::small_int(code);
  std::string out(size, '\0');
  code = lzma_properties_encode(chain.filters, reinterpret_cast<uint8_t*>(out.data()));
  if (code != LZMA_OK) return Value::small_int(code);
  return make_bytes(vm, out);
}
/// A tuple as filters come, or the code of the error.
Result<Value> decode_properties(VM& vm, int64_t id, Value properties) {
  std::string_view bytes = TRY(coder_input(vm, properties));
  lzma_filter filter = {static_cast<lzma_vli>(id), nullptr};
  lzma_ret code = lzma_properties_decode(
      &filter, nullptr, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (code != LZMA_OK) return Value::small_int(code);
  int64_t n[12];
  std::fill_n(n, 12, -1);
  n[0] = id;
  if (filter.id == LZMA_FILTER_LZMA1 || filter.id == LZMA_FILTER_LZMA2) {
    auto* options = static_cast<lzma_options_lzma*>(filter.options);
    n[2] = options->dict_size;
    if (filter.id == LZMA_FILTER_LZMA1) {
      n[3] = options->lc;
      n[4] = options->lp;
      n[5] = options->pb;
    }
  } else if (filter.id == LZMA_FILTER_DELTA) {
    n[10] = static_cast<lzma_options_delta*>(filter.options)->dist;
  } else if (filter.options) {
    n[11] = static_cast<lzma_options_bcj*>(filter.options)->start_offset;
  }
  free(filter.options);
  Value values[12];
  for (size_t i = 0; i < 12; ++i) values[i] = Value::small_int(n[i]);
  return make_tuple(vm, values);
}

Result<Value> get_check(VM&, Value self) {
  return Value::small_int(static_cast<LzmaStream*>(self.cell())->check);
}

constexpr NativeFunctionDef kMethods[] = {
    {"run(self, data, finish, most, /)",
     "Code a piece of data: (output, bytes used, code of the library).", bind<run>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"check", "The kind of check of the stream that is decoded, -1 while that is unknown.",
     get_check},
};
constexpr NativeTypeDef kStreamType = {.name = "_lzma.stream",
                                       .doc = "A stream of liblzma.",
                                       .methods = kMethods,
                                       .attributes = kAttributes,
                                       .flags = Type::kDisallowNew,
                                       .instance_size = sizeof(LzmaStream),
                                       .native_class = &LzmaStream::kClass};
constexpr NativeFunctionDef kFunctions[] = {
    {"new_encoder(format, check, preset, filters, /)", "(stream, code)", bind<new_encoder>()},
    {"new_decoder(format, memlimit, filters, /)", "(stream, code)", bind<new_decoder>()},
    {"is_check_supported(check_id, /)", "Is this kind of check known?", bind<is_check_supported>()},
    {"encode_properties(filters, /)", "The properties of a filter as bytes, or an error code.",
     bind<encode_properties>()},
    {"decode_properties(id, properties, /)", "The filter with such properties, or an error code.",
     bind<decode_properties>()},
};
Result<void> initialize(VM& vm, Module* module) {
  return add_native_type(vm, module, kStreamType, "stream");
}

}  // namespace

extern const NativeModuleDef kLzmaModule = {"_lzma", "Streams of liblzma.", kFunctions, initialize};

}  // namespace apy
