// WHAT: the two maps of a column, each made of two operations that are rounded once (no
// contraction); between them a float16 is rounded to its own precision.
#pragma once

namespace polyfuse {
namespace {

struct Unscaled {
    template <class S>
    static S first(S x, S, S) {
        return x;
    }
    template <class S>
    static S second(S x, S, S) {
        return x;
    }
};

// Standardisation: (x - mean) / deviation. True division, as scikit-learn does.
struct Divide {
    template <class S>
    static S first(S x, S offset, S) {
        return x - offset;
    }
    template <class S>
    static S second(S x, S, S factor) {
        return x / factor;
    }
};

// Min-max and user-given maps: k x + b.
struct Multiply {
    template <class S>
    static S first(S x, S, S factor) {
        return x * factor;
    }
    template <class S>
    static S second(S x, S offset, S) {
        return x + offset;
    }
};

}  // namespace
}  // namespace polyfuse
