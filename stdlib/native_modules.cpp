#include "stdlib/native_modules.h"

namespace apy {

extern const NativeModuleDef kAbcModule;
extern const NativeModuleDef kBlake2Module;
extern const NativeModuleDef kBz2Module;
extern const NativeModuleDef kLzmaModule;
extern const NativeModuleDef kPyexpatModule;
extern const NativeModuleDef kArrayModule;
extern const NativeModuleDef kCmathModule;
extern const NativeModuleDef kAsyncioModule;
extern const NativeModuleDef kHashlibModule;
extern const NativeModuleDef kBinasciiModule;
extern const NativeModuleDef kAsyncioSyncModule;
extern const NativeModuleDef kAsyncioNetModule;
extern const NativeModuleDef kBisectModule;
extern const NativeModuleDef kBuiltinsModule;
extern const NativeModuleDef kCodecsModule;
extern const NativeModuleDef kCollectionsModule;
extern const NativeModuleDef kContextvarsModule;
extern const NativeModuleDef kCsvCoreModule;
extern const NativeModuleDef kErrnoModule;
extern const NativeModuleDef kFcntlModule;
extern const NativeModuleDef kFunctoolsModule;
extern const NativeModuleDef kGcModule;
extern const NativeModuleDef kHeapqModule;
extern const NativeModuleDef kImpModule;
extern const NativeModuleDef kIoModule;
extern const NativeModuleDef kItertoolsModule;
extern const NativeModuleDef kJsonModule;
extern const NativeModuleDef kMathModule;
extern const NativeModuleDef kMemoryStreamsModule;
extern const NativeModuleDef kOperatorModule;
extern const NativeModuleDef kPickleModule;
extern const NativeModuleDef kPosixModule;
extern const NativeModuleDef kRandomModule;
extern const NativeModuleDef kRegexModule;
extern const NativeModuleDef kResourceModule;
extern const NativeModuleDef kSelectModule;
extern const NativeModuleDef kSignalModule;
extern const NativeModuleDef kSocketModule;
extern const NativeModuleDef kStructModule;
extern const NativeModuleDef kSysModule;
extern const NativeModuleDef kTermiosModule;
extern const NativeModuleDef kThreadsModule;
extern const NativeModuleDef kTimeModule;
extern const NativeModuleDef kTracebackModule;
extern const NativeModuleDef kTypesModule;
extern const NativeModuleDef kUnicodedataModule;
extern const NativeModuleDef kWeakrefModule;
extern const NativeModuleDef kZlibModule;

namespace {

// One per line, in any order.
// clang-format off
constexpr const NativeModuleDef* kModules[] = {
    &kAbcModule,
    &kBlake2Module,
    &kBz2Module,
    &kLzmaModule,
    &kPyexpatModule,
    &kArrayModule,
    &kCmathModule,
    &kAsyncioModule,
    &kHashlibModule,
    &kBinasciiModule,
    &kAsyncioSyncModule,
    &kAsyncioNetModule,
    &kBisectModule,
    &kBuiltinsModule,
    &kCodecsModule,
    &kCollectionsModule,
    &kContextvarsModule,
    &kCsvCoreModule,
    &kErrnoModule,
    &kFcntlModule,
    &kFunctoolsModule,
    &kGcModule,
    &kHeapqModule,
    &kImpModule,
    &kIoModule,
    &kItertoolsModule,
    &kJsonModule,
    &kMathModule,
    &kMemoryStreamsModule,
    &kOperatorModule,
    &kPickleModule,
    &kPosixModule,
    &kRandomModule,
    &kRegexModule,
    &kResourceModule,
    &kSelectModule,
    &kSignalModule,
    &kSocketModule,
    &kStructModule,
    &kSysModule,
    &kTermiosModule,
    &kThreadsModule,
    &kTimeModule,
    &kTracebackModule,
    &kTypesModule,
    &kUnicodedataModule,
    &kWeakrefModule,
    &kZlibModule,
};
// clang-format on

}  // namespace

std::span<const NativeModuleDef* const> native_modules() { return kModules; }

}  // namespace apy
