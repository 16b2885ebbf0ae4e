#pragma once
// The types of itertools, one definition per iterator.
#include "vm/binding/native.h"

namespace apy::itertools {

extern const NativeTypeDef kAccumulateType, kBatchedType, kChainType, kCombinationsType,
    kCombinationsWithReplacementType, kCompressType, kCountType, kCycleType, kDropwhileType,
    kFilterfalseType, kGroupbyType, kGrouperType, kIsliceType, kPairwiseType, kPermutationsType,
    kProductType, kRepeatType, kStarmapType, kTakewhileType, kTeeType, kZipLongestType;

/// tee(iterable, n=2)
extern const NativeFunctionDef kTeeFunction;

}  // namespace apy::itertools
