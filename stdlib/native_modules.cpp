#include "stdlib/native_modules.h"

namespace apy {

extern const NativeModuleDef kAbcModule;
extern const NativeModuleDef kAsyncioModule;
extern const NativeModuleDef kBisectModule;
extern const NativeModuleDef kBuiltinsModule;
extern const NativeModuleDef kCollectionsModule;
extern const NativeModuleDef kContextvarsModule;
extern const NativeModuleDef kErrnoModule;
extern const NativeModuleDef kFunctoolsModule;
extern const NativeModuleDef kGcModule;
extern const NativeModuleDef kHeapqModule;
extern const NativeModuleDef kIoModule;
extern const NativeModuleDef kItertoolsModule;
extern const NativeModuleDef kMathModule;
extern const NativeModuleDef kOperatorModule;
extern const NativeModuleDef kRandomModule;
extern const NativeModuleDef kSignalModule;
extern const NativeModuleDef kSocketModule;
extern const NativeModuleDef kSysModule;
extern const NativeModuleDef kTimeModule;
extern const NativeModuleDef kTracebackModule;
extern const NativeModuleDef kTypesModule;
extern const NativeModuleDef kWeakrefModule;

namespace {

// In alphabetical order of the modules' names.
constexpr const NativeModuleDef* kModules[] = {
    &kAbcModule,       &kAsyncioModule, &kBisectModule,    &kCollectionsModule, &kContextvarsModule,
    &kFunctoolsModule, &kHeapqModule,   &kRandomModule,    &kSignalModule,      &kSocketModule,
    &kTracebackModule, &kTypesModule,   &kWeakrefModule,   &kBuiltinsModule,    &kErrnoModule,
    &kGcModule,        &kIoModule,      &kItertoolsModule, &kMathModule,        &kOperatorModule,
    &kSysModule,       &kTimeModule,
};

}  // namespace

std::span<const NativeModuleDef* const> native_modules() { return kModules; }

}  // namespace apy
