// The module itertools: lazy iterators for loops. Each is a native struct with a step function,
// which loops and other iterators call directly (NativeClass::next).
#include "stdlib/itertools/itertools.h"
#include "stdlib/native_iterator.h"

namespace apy {

namespace {

using namespace itertools;

const NativeTypeDef* const kTypes[] = {
    &kAccumulateType,
    &kBatchedType,
    &kChainType,
    &kCombinationsType,
    &kCombinationsWithReplacementType,
    &kCompressType,
    &kCountType,
    &kCycleType,
    &kDropwhileType,
    &kFilterfalseType,
    &kGroupbyType,
    &kGrouperType,
    &kIsliceType,
    &kPairwiseType,
    &kPermutationsType,
    &kProductType,
    &kRepeatType,
    &kStarmapType,
    &kTakewhileType,
    &kTeeType,
    &kZipLongestType,
};

Result<void> initialize(VM& vm, Module* module) {
  for (const NativeTypeDef* definition : kTypes) {
    std::string_view name = definition->name;
    TRY(add_native_type(vm, module, *definition, name.substr(name.find('.') + 1)));
  }
  return {};
}

}  // namespace

extern const NativeModuleDef kItertoolsModule = {
    "itertools", "Lazy iterators for loops.", {&kTeeFunction, 1}, initialize};

}  // namespace apy
