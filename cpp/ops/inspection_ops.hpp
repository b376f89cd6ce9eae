// WHAT: how scores of modalities are folded, and what a coalition weighs in a Shapley value.
//
// Scores are finite, so that a selection is the maximum; a logarithm may be minus infinity. A value
// may be a vector of values.
#pragma once

#include <cstdint>

#include "ops/math_ops.hpp"

namespace polyfuse {
namespace {

struct AddedScores {
    static constexpr double nothing = 0.0;
    template <class V>
    static V combine(const V& a, const V& b) {
        return a + b;
    }
};

struct GreatestScore {
    static constexpr double nothing = -infinity;
    template <class V>
    static V combine(const V& a, const V& b) {
        return a > b ? a : b;
    }
};

struct LeastScore {
    static constexpr double nothing = infinity;
    template <class V>
    static V combine(const V& a, const V& b) {
        return a < b ? a : b;
    }
};

// m! times the weight of a coalition of `members` others of m players (Shapley 1953): a whole
// number, and exact for the few there are.
inline double shapley_weight(std::int64_t members, std::int64_t m) {
    double weight = 1.0;
    for (std::int64_t i = 2; i <= members; ++i) weight *= static_cast<double>(i);
    for (std::int64_t i = 2; i < m - members; ++i) weight *= static_cast<double>(i);
    return weight;
}

}  // namespace
}  // namespace polyfuse
