// WHAT: the two maps of a column, one rounding per operation (no contraction).
#pragma once

namespace polyfuse {
namespace {

struct Unscaled {
    template <class S>
    static S apply(S x, S, S) {
        return x;
    }
};

// Standardisation: (x - mean) / deviation. True division, as scikit-learn does.
struct Divide {
    template <class S>
    static S apply(S x, S offset, S factor) {
        return (x - offset) / factor;
    }
};

// Min-max and user-given maps: k x + b.
struct Multiply {
    template <class S>
    static S apply(S x, S offset, S factor) {
        return x * factor + offset;
    }
};

}  // namespace
}  // namespace polyfuse
