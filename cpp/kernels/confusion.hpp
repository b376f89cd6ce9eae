// HOW pairs of codes are counted.
//
// Order: rows in order, into the counts of one fixed range of rows; ranges are added in order.
// Exact: counts; weights are rounded sums. Shape: one histogram of k x k cells per range; a pair
// outside is found by one unsigned comparison for each code.
#pragma once

#include <cstdint>

namespace polyfuse {
namespace {

inline void count_pairs(const std::int64_t* y_true, const std::int64_t* y_pred, std::int64_t n,
                        std::int64_t k, std::int64_t* cells) {
    const auto limit = static_cast<std::uint64_t>(k);
    for (std::int64_t i = 0; i < n; ++i) {
        const auto t = static_cast<std::uint64_t>(y_true[i]), p = static_cast<std::uint64_t>(y_pred[i]);
        if (t < limit && p < limit) cells[t * limit + p] += 1;
    }
}

inline void weigh_pairs(const std::int64_t* y_true, const std::int64_t* y_pred,
                        const double* weight, std::int64_t n, std::int64_t k, double* cells) {
    const auto limit = static_cast<std::uint64_t>(k);
    for (std::int64_t i = 0; i < n; ++i) {
        const auto t = static_cast<std::uint64_t>(y_true[i]), p = static_cast<std::uint64_t>(y_pred[i]);
        if (t < limit && p < limit) cells[t * limit + p] += weight[i];
    }
}

}  // namespace
}  // namespace polyfuse
