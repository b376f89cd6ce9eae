// HOW scores of modalities are averaged, and how far those of each row are from their mean.
//
// Order: means, row after row of one range, ranges in order; the mean distance of a row, outputs
// from left to right; sums over the rows of a tile the 16 lanes of `dot`, tiles in order, ranges in
// order. All in double. Shape: means are added column by column side by side; distances over rows
// side by side, of a tile that is transposed, so that both are vector code.
#pragma once

#include <cstdint>

#include "kernels/sgd.hpp"
#include "ops/math_ops.hpp"
#include "tiling.hpp"
#include "vectors.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

inline double score_of(double x, bool logs) { return logs ? log_of(x) : x; }

// Of one range of rows, added to `sums`: each output, or its logarithm, and the number of rows.
template <class T>
void sum_scores(const Block& block, bool logs, std::int64_t first, std::int64_t count,
                double* sums) {
    const std::int64_t k = block.width;
    for (std::int64_t i = first; i < first + count; ++i) {
        if (block.present && !block.present[i]) continue;
        const T* x = reinterpret_cast<const T*>(block.data) + i * k;
        for (std::int64_t j = 0; j < k; ++j) sums[j] += score_of(static_cast<double>(x[j]), logs);
        sums[k] += 1.0;
    }
}

// |x - mean| of n rows, averaged over outputs, times the weight.
template <class T>
void measure_rows(const Block& block, bool logs, double weight, const double* mean,
                  std::int64_t at, std::int64_t n, double* sizes, T* planes) {
    const std::int64_t k = block.width, rows = probability_rows(k);
    transpose(reinterpret_cast<const T*>(block.data) + at * k, k, n, k, planes, rows);
    for (std::int64_t r = 0; r < n; ++r) sizes[r] = 0.0;
    for (std::int64_t j = 0; j < k; ++j) {
        const T* __restrict x = planes + j * rows;
        const double centre = mean[j];
        for (std::int64_t r = 0; r < n; ++r)
            sizes[r] += __builtin_fabs(score_of(static_cast<double>(x[r]), logs) - centre);
    }
    const double scale = __builtin_fabs(weight) / static_cast<double>(k);
    for (std::int64_t r = 0; r < n; ++r) {
        const bool there = !block.present || block.present[at + r];
        sizes[r] = there ? scale * sizes[r] : 0.0;
    }
}

// Of one range of rows: per_row, and m sums of its columns and m x m of their products.
template <class T>
void measure_contributions(const Rows& all, bool logs, const double* means,
                           const double* row_scale, std::int64_t first, std::int64_t count,
                           double* per_row, double* sums, double* sizes, T* planes) {
    const std::int64_t m = all.n_blocks, k = all.width, rows = probability_rows(k);
    constexpr std::int64_t ld = most_probability_rows;
    double ones[ld];
    for (double& one : ones) one = 1.0;
    for (std::int64_t at = first, end = first + count; at < end; at += rows) {
        const std::int64_t n = at_most(rows, end - at);
        for (std::int64_t b = 0; b < m; ++b) {
            double* own = sizes + b * ld;
            measure_rows(all.blocks[b], logs, all.weights[b], means + b * k, at, n, own, planes);
            for (std::int64_t r = 0; row_scale && r < n; ++r) own[r] *= row_scale[at + r];
            for (std::int64_t r = 0; r < n; ++r) per_row[(at + r) * m + b] = own[r];
            sums[b] += dot(ones, own, n);
            for (std::int64_t c = 0; c <= b; ++c)
                sums[m + b * m + c] += dot(own, sizes + c * ld, n);
        }
    }
}

}  // namespace
}  // namespace polyfuse
