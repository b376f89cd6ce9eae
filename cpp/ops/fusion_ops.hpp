// WHAT: the fusion operators, as scalar formulas. The same list, in the same order, stands in
// python/polyfuse/_kernels/fusion_ops.py; a test asserts that they agree.
//
// An operator folds k blocks: every value is lifted, lifted values are combined from left to
// right, and the result is finished with `total`: the number of blocks, or the sum of the weights
// when the operator weighs.
#pragma once

#include "dtypes.hpp"

namespace polyfuse {
namespace {

struct Unweighted {
    static constexpr bool weighted = false;
    template <class T>
    static T lift(T x, T) {
        return x;
    }
};

struct Weighted {
    static constexpr bool weighted = true;
    template <class T>
    static T lift(T x, T w) {
        return w * x;
    }
};

struct Add {
    template <class T>
    static T combine(T a, T b) {
        return a + b;
    }
};

struct Keep {
    template <class T>
    static T finish(T acc, T) {
        return acc;
    }
};

struct DivideByTotal {
    template <class T>
    static T finish(T acc, T total) {
        return acc / total;
    }
};

// NaN wins, as in np.maximum: the comparison is false for a NaN in b, which is then returned.
struct Greater {
    template <class T>
    static T combine(T a, T b) {
        return (a >= b || a != a) ? a : b;
    }
};

struct Less {
    template <class T>
    static T combine(T a, T b) {
        return (a <= b || a != a) ? a : b;
    }
};

template <class... Parts>
struct Operator : Parts... {};

struct Sum : Operator<Unweighted, Add, Keep> {
    static constexpr const char* name = "sum";
};
struct Mean : Operator<Unweighted, Add, DivideByTotal> {
    static constexpr const char* name = "mean";
};
struct WeightedSum : Operator<Weighted, Add, Keep> {
    static constexpr const char* name = "weighted_sum";
};
struct WeightedMean : Operator<Weighted, Add, DivideByTotal> {
    static constexpr const char* name = "weighted_mean";
};
struct Maximum : Operator<Unweighted, Greater, Keep> {
    static constexpr const char* name = "maximum";
};
struct Minimum : Operator<Unweighted, Less, Keep> {
    static constexpr const char* name = "minimum";
};

using FusionOps = TypeList<Sum, Mean, WeightedSum, WeightedMean, Maximum, Minimum>;

}  // namespace
}  // namespace polyfuse
