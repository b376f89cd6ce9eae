// WHAT: keys that put scores in descending order, and what a group of equal scores adds to the area
// under the ROC curve and to the average precision.
#pragma once

#include <cstdint>

namespace polyfuse {
namespace {

constexpr std::uint64_t first_bit = std::uint64_t(1) << 63;

// The greater the score, the less the key. 0.0 is added to it, so that both zeros have one key.
inline std::uint64_t descending_key(double score) {
    const auto bits = __builtin_bit_cast(std::uint64_t, score + 0.0);
    return bits & first_bit ? bits : ~bits & ~first_bit;
}

inline double score_of(std::uint64_t key) {
    return __builtin_bit_cast(double, key & first_bit ? key : ~key & ~first_bit);
}

// Twice the area, in rows or in their weights: pairs of a negative row of the group with positive
// ones before it, and with positive ones of the group, which count half (Mann and Whitney's U).
template <class Sum>
Sum paired(Sum tp, Sum more_tp, Sum more_fp) {
    return more_fp * (2 * tp + more_tp);
}

// A step of recall times the precision after it, without the division by all positive rows.
template <class Sum>
double precision_step(Sum more_tp, Sum tp, Sum fp) {
    return static_cast<double>(more_tp) * (static_cast<double>(tp) / static_cast<double>(tp + fp));
}

}  // namespace
}  // namespace polyfuse
