// _expat: parsers of libexpat. The class that scripts see is written in apy (pyexpat.apy).
//
// A parser belongs to its object, which is the user data of the callbacks; it is used only while
// the object runs parse(), so the object is alive then. What a handler raises stops the parser and
// stays pending until parse() returns. Text is collected here when buffer_text is set.
#include <expat.h>

#include <algorithm>
#include <string>

#include "stdlib/native_iterator.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

enum Handler {
  kStartElement,
  kEndElement,
  kProcessingInstruction,
  kCharacterData,
  kUnparsedEntityDecl,
  kNotationDecl,
  kStartNamespaceDecl,
  kEndNamespaceDecl,
  kComment,
  kStartCdataSection,
  kEndCdataSection,
  kDefault,
  kDefaultExpand,
  kNotStandalone,
  kExternalEntityRef,
  kStartDoctypeDecl,
  kEndDoctypeDecl,
  kEntityDecl,
  kXmlDecl,
  kElementDecl,
  kAttlistDecl,
  kSkippedEntity,
  kUnknownEncoding,  // gives a text of 256 characters
  kHandlerCount
};
enum Option { kOrderedAttributes, kSpecifiedAttributes, kBufferText, kOptionCount };

struct Core : NativeObject {
  static const NativeClass kClass;
  Value handlers[kHandlerCount];
  Value parent;
  XML_Parser parser;
  VM* vm;
  std::string* text;
  size_t text_limit;
  bool options[kOptionCount];
  bool failed;  // a handler raised
  bool parsing;
};

void finalize(VM&, Cell* self) {
  auto* core = static_cast<Core*>(self);
  if (core->parser) XML_ParserFree(core->parser);
  delete core->text;
  core->parser = nullptr;
  core->text = nullptr;
}
const NativeClass Core::kClass = {"_expat.parser", trace_values<kHandlerCount + 1>, finalize};

void fail(Core* core) {
  core->failed = true;
  XML_StopParser(core->parser, XML_FALSE);
}

bool flush_text(Core* core);

/// One call of a handler, with its arguments collected before.
class Event {
 public:
  Event(void* data, Handler handler) : core_(static_cast<Core*>(data)), handler_(handler) {
    callee_ = core_->handlers[handler];
    wanted_ = !core_->failed && !callee_.is_empty() && !callee_.is_none();
    if (wanted_ && handler != kCharacterData) wanted_ = flush_text(core_);
  }
  explicit operator bool() const { return wanted_; }
  VM& vm() { return *core_->vm; }
  void add(Value value) { arguments_[count_++] = value; }
  void add(Result<Value> value) {
    if (value.is_ok()) return add(value.value());
    wanted_ = false;
    fail(core_);
  }
  void text(const XML_Char* text) {
    if (!text) return add(Value::none());
    add(Result<Value>(make_str(vm(), std::string_view(text))));
  }
  void name(const XML_Char* text) { add(Result<Value>(intern(vm(), std::string_view(text)))); }
  void number(int value) { add(Value::small_int(value)); }
  /// What the handler gave; empty if it raised.
  Value send() {
    if (!wanted_) return Value();
    auto result = vm().call(callee_, std::span<const Value>(arguments_, count_));
    if (result.is_ok()) return result.value();
    fail(core_);
    return Value();
  }
  /// The answer as a C int: 0 stops the parser.
  int decide() {
    Value answer = send();
    if (answer.is_empty()) return 0;
    auto number = to_int64(vm(), answer);
    if (!number.is_ok()) {
      fail(core_);
      return 0;
    }
    return static_cast<int>(number.value());
  }

 private:
  Core* core_;
  Handler handler_;
  Value callee_;
  bool wanted_;
  size_t count_ = 0;
  Value arguments_[8];
};

bool flush_text(Core* core) {
  if (core->text->empty()) return true;
  Event event(core, kCharacterData);
  if (!event) {
    core->text->clear();
    return !core->failed;
  }
  event.add(Result<Value>(make_str(*core->vm, *core->text)));
  core->text->clear();
  return !event.send().is_empty();
}

// --- the callbacks ---

void start_element(void* data, const XML_Char* name, const XML_Char** attributes) {
  Event event(data, kStartElement);
  if (!event) return;
  auto* core = static_cast<Core*>(data);
  VM& vm = event.vm();
  event.name(name);
  size_t count = 0;
  if (core->options[kSpecifiedAttributes])
    count = static_cast<size_t>(XML_GetSpecifiedAttributeCount(core->parser));
  else
    while (attributes[count]) count += 2;
  auto collect = [&]() -> Result<Value> {
    bool ordered = core->options[kOrderedAttributes];
    List* list = ordered ? TRY(make_list(vm, count)) : nullptr;
    Dict* dict = ordered ? nullptr : TRY(make_dict(vm, count / 2));
    for (size_t i = 0; i < count; i += 2) {
      Str* key = TRY(intern(vm, std::string_view(attributes[i])));
      Str* value = TRY(make_str(vm, std::string_view(attributes[i + 1])));
      if (ordered) {
        TRY(list_append(vm, list, key));
        TRY(list_append(vm, list, value));
      } else {
        TRY(dict_set_str(vm, dict, key, value));
      }
    }
    return ordered ? Value(list) : Value(dict);
  };
  event.add(collect());
  event.send();
}
void end_element(void* data, const XML_Char* name) {
  if (Event event(data, kEndElement); event) {
    event.name(name);
    event.send();
  }
}
void processing_instruction(void* data, const XML_Char* target, const XML_Char* text) {
  if (Event event(data, kProcessingInstruction); event) {
    event.name(target);
    event.text(text);
    event.send();
  }
}
void character_data(void* data, const XML_Char* text, int length) {
  auto* core = static_cast<Core*>(data);
  std::string_view piece(text, static_cast<size_t>(length));
  if (core->failed) return;
  if (core->options[kBufferText]) {
    if (core->text->size() + piece.size() > core->text_limit && !flush_text(core)) return;
    if (piece.size() <= core->text_limit) {
      core->text->append(piece);
      return;
    }
  }
  if (Event event(data, kCharacterData); event) {
    event.add(Result<Value>(make_str(*core->vm, piece)));
    event.send();
  }
}
void unparsed_entity(void* data, const XML_Char* name, const XML_Char* base, const XML_Char* system,
                     const XML_Char* publicly, const XML_Char* notation) {
  if (Event event(data, kUnparsedEntityDecl); event) {
    for (const XML_Char* text : {name, base, system, publicly, notation}) event.text(text);
    event.send();
  }
}
void notation(void* data, const XML_Char* name, const XML_Char* base, const XML_Char* system,
              const XML_Char* publicly) {
  if (Event event(data, kNotationDecl); event) {
    for (const XML_Char* text : {name, base, system, publicly}) event.text(text);
    event.send();
  }
}
void start_namespace(void* data, const XML_Char* prefix, const XML_Char* uri) {
  if (Event event(data, kStartNamespaceDecl); event) {
    event.text(prefix);
    event.text(uri);
    event.send();
  }
}
template <Handler handler>
void one_text(void* data, const XML_Char* text) {
  if (Event event(data, handler); event) {
    event.text(text);
    event.send();
  }
}
template <Handler handler>
void no_argument(void* data) {
  if (Event event(data, handler); event) event.send();
}
template <Handler handler>
void piece(void* data, const XML_Char* text, int length) {
  if (Event event(data, handler); event) {
    event.add(
        Result<Value>(make_str(event.vm(), std::string_view(text, static_cast<size_t>(length)))));
    event.send();
  }
}
int not_standalone(void* data) {
  Event event(data, kNotStandalone);
  return event ? event.decide() : 1;
}
int external_entity(XML_Parser parser, const XML_Char* context, const XML_Char* base,
                    const XML_Char* system, const XML_Char* publicly) {
  Event event(XML_GetUserData(parser), kExternalEntityRef);
  if (!event) return 1;
  for (const XML_Char* text : {context, base, system, publicly}) event.text(text);
  return event.decide();
}
void start_doctype(void* data, const XML_Char* name, const XML_Char* system,
                   const XML_Char* publicly, int has_internal_subset) {
  if (Event event(data, kStartDoctypeDecl); event) {
    for (const XML_Char* text : {name, system, publicly}) event.text(text);
    event.number(has_internal_subset);
    event.send();
  }
}
void entity(void* data, const XML_Char* name, int is_parameter, const XML_Char* value, int length,
            const XML_Char* base, const XML_Char* system, const XML_Char* publicly,
            const XML_Char* notation) {
  if (Event event(data, kEntityDecl); event) {
    event.text(name);
    event.number(is_parameter);
    if (value)
      event.add(Result<Value>(
          make_str(event.vm(), std::string_view(value, static_cast<size_t>(length)))));
    else
      event.add(Value::none());
    for (const XML_Char* text : {base, system, publicly, notation}) event.text(text);
    event.send();
  }
}
void xml_declaration(void* data, const XML_Char* version, const XML_Char* encoding,
                     int standalone) {
  if (Event event(data, kXmlDecl); event) {
    event.text(version);
    event.text(encoding);
    event.number(standalone);
    event.send();
  }
}
/// (type, quantifier, name, children)
Result<Value> content_model(VM& vm, const XML_Content* content) {
  NativeDepth guard(vm);
  TRY(guard.check());
  Tuple* children = TRY(make_tuple(vm, content->numchildren));
  for (size_t i = 0; i < content->numchildren; ++i) {
    children->values()[i] = TRY(content_model(vm, &content->children[i]));
    vm.barrier(children);
  }
  Value name = Value::none();
  if (content->name) name = TRY(make_str(vm, std::string_view(content->name)));
  Value parts[4] = {Value::small_int(content->type), Value::small_int(content->quant), name,
                    children};
  return make_tuple(vm, parts);
}
void element_declaration(void* data, const XML_Char* name, XML_Content* content) {
  if (Event event(data, kElementDecl); event) {
    event.text(name);
    event.add(content_model(event.vm(), content));
    event.send();
  }
  XML_FreeContentModel(static_cast<Core*>(data)->parser, content);
}
void attribute_list(void* data, const XML_Char* element, const XML_Char* name, const XML_Char* type,
                    const XML_Char* initial, int required) {
  if (Event event(data, kAttlistDecl); event) {
    for (const XML_Char* text : {element, name, type, initial}) event.text(text);
    event.number(required);
    event.send();
  }
}
void skipped_entity(void* data, const XML_Char* name, int is_parameter) {
  if (Event event(data, kSkippedEntity); event) {
    event.text(name);
    event.number(is_parameter);
    event.send();
  }
}
/// Character sets of one byte; the handler gives the characters of all 256 bytes.
int unknown_encoding(void* data, const XML_Char* name, XML_Encoding* info) {
  Event event(data, kUnknownEncoding);
  if (!event) return XML_STATUS_ERROR;
  event.text(name);
  Value answer = event.send();
  Str* table = answer.is_empty() ? nullptr : try_as<Str>(answer);
  if (!table || table->length != 256) return XML_STATUS_ERROR;
  for (size_t i = 0; i < 256; ++i) {
    uint32_t code = table->at(i);
    info->map[i] = code == 0xFFFD ? -1 : static_cast<int>(code);
  }
  info->data = nullptr;
  info->convert = nullptr;
  info->release = nullptr;
  return XML_STATUS_OK;
}

/// Gives the library the callback for a handler, or takes it back: with a default handler a
/// callback that does nothing is not the same as none.
void connect(XML_Parser p, int handler, bool on) {
#define PLUG(setter, callback) setter(p, on ? callback : nullptr)
  switch (handler) {
    case kStartElement:
      return PLUG(XML_SetStartElementHandler, start_element);
    case kEndElement:
      return PLUG(XML_SetEndElementHandler, end_element);
    case kProcessingInstruction:
      return PLUG(XML_SetProcessingInstructionHandler, processing_instruction);
    case kCharacterData:
      return PLUG(XML_SetCharacterDataHandler, character_data);
    case kUnparsedEntityDecl:
      return PLUG(XML_SetUnparsedEntityDeclHandler, unparsed_entity);
    case kNotationDecl:
      return PLUG(XML_SetNotationDeclHandler, notation);
    case kStartNamespaceDecl:
      return PLUG(XML_SetStartNamespaceDeclHandler, start_namespace);
    case kEndNamespaceDecl:
      return PLUG(XML_SetEndNamespaceDeclHandler, one_text<kEndNamespaceDecl>);
    case kComment:
      return PLUG(XML_SetCommentHandler, one_text<kComment>);
    case kStartCdataSection:
      return PLUG(XML_SetStartCdataSectionHandler, no_argument<kStartCdataSection>);
    case kEndCdataSection:
      return PLUG(XML_SetEndCdataSectionHandler, no_argument<kEndCdataSection>);
    case kDefault:
      return PLUG(XML_SetDefaultHandler, piece<kDefault>);
    case kDefaultExpand:
      return PLUG(XML_SetDefaultHandlerExpand, piece<kDefaultExpand>);
    case kNotStandalone:
      return PLUG(XML_SetNotStandaloneHandler, not_standalone);
    case kExternalEntityRef:
      return PLUG(XML_SetExternalEntityRefHandler, external_entity);
    case kStartDoctypeDecl:
      return PLUG(XML_SetStartDoctypeDeclHandler, start_doctype);
    case kEndDoctypeDecl:
      return PLUG(XML_SetEndDoctypeDeclHandler, no_argument<kEndDoctypeDecl>);
    case kEntityDecl:
      return PLUG(XML_SetEntityDeclHandler, entity);
    case kXmlDecl:
      return PLUG(XML_SetXmlDeclHandler, xml_declaration);
    case kElementDecl:
      return PLUG(XML_SetElementDeclHandler, element_declaration);
    case kAttlistDecl:
      return PLUG(XML_SetAttlistDeclHandler, attribute_list);
    case kSkippedEntity:
      return PLUG(XML_SetSkippedEntityHandler, skipped_entity);
    default:
      XML_SetUnknownEncodingHandler(p, unknown_encoding, XML_GetUserData(p));
  }
#undef PLUG
}

// --- methods ---

/// A text of the library's kind; null for None.
struct LibraryText {
  std::string storage;
  bool is_null = true;
  const char* get() const { return is_null ? nullptr : storage.c_str(); }
};
Result<void> read_text(VM& vm, Value value, LibraryText* result) {
  if (value.is_empty() || value.is_none()) return {};
  Str* text = try_as<Str>(value);
  if (!text) return vm.raise(Exc::TypeError, "expected a str or None, not '{}'", vm.type_of(value));
  result->storage = to_utf8(text);
  result->is_null = false;
  if (result->storage.find('\0') != std::string::npos)
    return vm.raise(Exc::ValueError, "embedded null character");
  return {};
}

Result<Value> adopt(VM& vm, Core* core, XML_Parser parser) {
  if (!parser) return vm.out_of_memory();
  core->parser = parser;
  core->vm = &vm;
  core->text = new std::string;
  core->text_limit = 8192;
  vm.heap().register_finalizer(core);
  XML_SetUserData(parser, core);
  XML_SetUnknownEncodingHandler(parser, unknown_encoding, core);
  return core;
}

Result<Value> new_parser(VM& vm, Value encoding, Value separator) {
  LibraryText name, between;
  TRY(read_text(vm, encoding, &name));
  TRY(read_text(vm, separator, &between));
  auto* core = TRY(make_native<Core>(vm, native_type<Core>(vm)));
  XML_Parser parser = between.is_null ? XML_ParserCreate(name.get())
                                      : XML_ParserCreateNS(name.get(), *between.get());
  if (parser) XML_SetHashSalt(parser, vm.hash_bytes("expat", 5) | 1);
  return adopt(vm, core, parser);
}

Result<Value> child(VM& vm, Core* self, Value context, Value encoding) {
  LibraryText where, name;
  TRY(read_text(vm, context, &where));
  TRY(read_text(vm, encoding, &name));
  auto* core = TRY(make_native<Core>(vm, native_type<Core>(vm)));
  TRY(adopt(vm, core, XML_ExternalEntityParserCreate(self->parser, where.get(), name.get())));
  std::copy_n(self->handlers, size_t{kHandlerCount}, core->handlers);
  core->parent = self;
  vm.barrier(core);
  std::copy_n(self->options, size_t{kOptionCount}, core->options);
  core->text_limit = self->text_limit;
  return core;
}

Result<int64_t> parse(VM& vm, Core* self, Value data, bool final) {
  std::string_view bytes;
  std::string copy;
  if (!get_bytes(data, &bytes))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(data));
  if (self->parsing)
    return vm.raise(Exc::RuntimeError, "the parser cannot be called by its own handlers");
  if (!is_kind(data, CellKind::Bytes)) {
    copy = bytes;  // handlers could change it
    bytes = copy;
  }
  self->parsing = true;
  self->failed = false;
  XML_Status status;
  do {
    std::string_view part = bytes.substr(0, size_t{1} << 20);
    bytes.remove_prefix(part.size());
    status =
        XML_Parse(self->parser, part.data(), static_cast<int>(part.size()), final && bytes.empty());
  } while (status == XML_STATUS_OK && !self->failed && !bytes.empty());
  bool fine = !self->failed && flush_text(self);
  self->parsing = false;
  if (!fine) return Error{};
  return status == XML_STATUS_ERROR ? static_cast<int64_t>(XML_GetErrorCode(self->parser)) : 0;
}

Result<void> set_handler(VM& vm, Core* self, int64_t index, Value callee) {
  if (index < 0 || index >= kHandlerCount) return vm.raise(Exc::IndexError, "no such handler");
  if (index == kCharacterData && !flush_text(self)) return Error{};
  self->handlers[index] = callee;
  vm.barrier(self);
  connect(self->parser, static_cast<int>(index), !callee.is_none());
  return {};
}
Result<void> set_option(VM&, Core* self, int64_t which, int64_t value) {
  if (which == kBufferText && !value && !flush_text(self)) return Error{};
  if (which >= 0 && which < kOptionCount) self->options[which] = value != 0;
  if (which == 3) XML_SetReturnNSTriplet(self->parser, value != 0);
  if (which == 4) {
    if (!flush_text(self)) return Error{};
    self->text_limit = static_cast<size_t>(value);
  }
  return {};
}
Result<Value> position(VM& vm, Core* self) {
  Value parts[4] = {
      Value::small_int(XML_GetErrorCode(self->parser)),
      Value::small_int(static_cast<int64_t>(XML_GetCurrentLineNumber(self->parser))),
      Value::small_int(static_cast<int64_t>(XML_GetCurrentColumnNumber(self->parser))),
      Value::small_int(XML_GetCurrentByteIndex(self->parser))};
  return make_tuple(vm, parts);
}
Result<int64_t> text_used(VM&, Core* self) { return static_cast<int64_t>(self->text->size()); }
Result<void> set_encoding(VM& vm, Core* self, Value name) {
  LibraryText text;
  TRY(read_text(vm, name, &text));
  XML_SetEncoding(self->parser, text.get());
  return {};
}
Result<void> set_base(VM& vm, Core* self, Value base) {
  LibraryText text;
  TRY(read_text(vm, base, &text));
  if (!XML_SetBase(self->parser, text.get())) return vm.out_of_memory();
  return {};
}
Result<Value> get_base(VM& vm, Core* self) {
  const XML_Char* base = XML_GetBase(self->parser);
  if (!base) return Value::none();
  return make_str(vm, std::string_view(base));
}
Result<Value> input_context(VM& vm, Core* self) {
  int offset = 0, size = 0;
  const char* text = self->parsing ? XML_GetInputContext(self->parser, &offset, &size) : nullptr;
  if (!text) return Value::none();
  return make_bytes(vm, std::string_view(text + offset, static_cast<size_t>(size - offset)));
}
Result<int64_t> use_foreign_dtd(VM&, Core* self, bool flag) {
  return XML_UseForeignDTD(self->parser, flag);
}
Result<int64_t> set_entity_parsing(VM&, Core* self, int64_t flag) {
  return XML_SetParamEntityParsing(self->parser, static_cast<XML_ParamEntityParsing>(flag));
}
Result<Value> error_string(VM& vm, int64_t code) {
  const XML_LChar* text =
      code < 0 || code > 1000 ? nullptr : XML_ErrorString(static_cast<XML_Error>(code));
  if (!text) return Value::none();
  return make_str(vm, std::string_view(text));
}

constexpr NativeFunctionDef kMethods[] = {
    {"parse(self, data, final, /)", "Parse a piece; the code of the error, or 0.", bind<parse>()},
    {"child(self, context, encoding, /)", "A parser for an external entity.", bind<child>()},
    {"set_handler(self, index, callee, /)", "Set a handler, or None.", bind<set_handler>()},
    {"set_option(self, which, value, /)", "Set an option.", bind<set_option>()},
    {"position(self, /)", "(code of the error, line, column, byte)", bind<position>()},
    {"text_used(self, /)", "Bytes of collected text.", bind<text_used>()},
    {"set_encoding(self, name, /)", "Set the encoding.", bind<set_encoding>()},
    {"set_base(self, base, /)", "Set the base of names.", bind<set_base>()},
    {"get_base(self, /)", "The base of names, or None.", bind<get_base>()},
    {"input_context(self, /)", "The input from the current event on, or None.",
     bind<input_context>()},
    {"use_foreign_dtd(self, flag, /)", "Ask for a DTD even without a declaration; an error code.",
     bind<use_foreign_dtd>()},
    {"set_entity_parsing(self, flag, /)", "Say which parameter entities are parsed.",
     bind<set_entity_parsing>()},
};
constexpr NativeTypeDef kParserType = {.name = "_expat.parser",
                                       .doc = "A parser of libexpat.",
                                       .methods = kMethods,
                                       .flags = Type::kDisallowNew,
                                       .instance_size = sizeof(Core),
                                       .native_class = &Core::kClass};
constexpr NativeFunctionDef kFunctions[] = {
    {"new_parser(encoding, separator, /)", "A parser.", bind<new_parser>()},
    {"error_string(code, /)", "The text of an error code, or None.", bind<error_string>()},
};
Result<void> initialize(VM& vm, Module* module) {
  XML_Expat_Version version = XML_ExpatVersionInfo();
  Value parts[3] = {Value::small_int(version.major), Value::small_int(version.minor),
                    Value::small_int(version.micro)};
  TRY(module_set(vm, module, "version_info", TRY(make_tuple(vm, parts))));
  return add_native_type(vm, module, kParserType, "parser");
}

}  // namespace

extern const NativeModuleDef kPyexpatModule = {"_expat", "Parsers of libexpat.", kFunctions,
                                               initialize};

}  // namespace apy
