// HOW scores of modalities are averaged, and how far those of each row are from their mean.
//
// Order: means, eight rows or one after the other of one range, ranges in order; the mean distance of a row, outputs
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

// Eight rows, column by column, are added up before they are added to `sums`: a sum would wait for
// itself in each row.
template <class T>
void sum_eight(const T* x, std::int64_t k, double* sums) {
    const T *a = x, *b = x + 4 * k;
    for (std::int64_t j = 0; j < k; ++j) {
        const auto at = [&](const T* rows, std::int64_t i) {
            return static_cast<double>(rows[i * k + j]);
        };
        sums[j] += ((at(a, 0) + at(a, 1)) + (at(a, 2) + at(a, 3))) +
                   ((at(b, 0) + at(b, 1)) + (at(b, 2) + at(b, 3)));
    }
    sums[k] += 8.0;
}

// Of one range of rows, added to `sums`: each output, or its logarithm, and the number of rows.
template <class T>
void sum_scores(const Block& block, bool logs, std::int64_t first, std::int64_t count,
                double* sums) {
    const std::int64_t k = block.width, end = first + count;
    const auto row = [&](std::int64_t i) { return reinterpret_cast<const T*>(block.data) + i * k; };
    std::int64_t i = first;
    for (; !logs && !block.present && i + 8 <= end; i += 8) sum_eight(row(i), k, sums);
    for (; i < end; ++i) {
        if (block.present && !block.present[i]) continue;
        for (std::int64_t j = 0; j < k; ++j)
            sums[j] += score_of(static_cast<double>(row(i)[j]), logs);
        sums[k] += 1.0;
    }
}

// planes[j][i] = x[i][j] for n rows of k. Squares of vectors may take the begin of the next row
// along, into planes beyond the last, unless memory ends there.
template <class T>
void turn_rows(const T* x, const T* end, std::int64_t n, std::int64_t k, T* planes,
               std::int64_t ld) {
    constexpr std::int64_t width = vector_width<T>;
    std::int64_t i = 0;
    for (; i + width <= n && x + (i + width) * k + width <= end; i += width)
        for (std::int64_t j = 0; j < k; j += width)
            transpose_square<T>([&](int r) { return x + (i + r) * k + j; }, planes + j * ld + i,
                                ld);
    for (; i < n; ++i)
        for (std::int64_t j = 0; j < k; ++j) planes[j * ld + i] = x[i * k + j];
}

// |x - mean| of n rows, averaged over outputs, times the weight.
template <bool logs, class T>
void measure_rows(const Block& block, std::int64_t n_rows, double weight, const double* mean,
                  std::int64_t at, std::int64_t n, double* sizes, T* planes) {
    const std::int64_t k = block.width, rows = probability_rows(k);
    const T* x = reinterpret_cast<const T*>(block.data);
    turn_rows(x + at * k, x + n_rows * k, n, k, planes, rows);
    for (std::int64_t r = 0; r < n; ++r) sizes[r] = 0.0;
    for (std::int64_t j = 0; j < k; ++j) {
        const T* __restrict plane = planes + j * rows;
        const double centre = mean[j];
        for (std::int64_t r = 0; r < n; ++r)
            sizes[r] += __builtin_fabs(score_of(static_cast<double>(plane[r]), logs) - centre);
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
            const auto measure = logs ? measure_rows<true, T> : measure_rows<false, T>;
            measure(all.blocks[b], all.n_rows, all.weights[b], means + b * k, at, n, own, planes);
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
