// HOW a row, or a column of a group of rows, is scaled by its own statistics.
//
// Order: sums are double, over 16 lanes and a fixed tree; what is then computed is rounded once per
// operation in the precision of the result. Exact: extrema and ranks.
// Shape: a row is staged once, into L1 or L2, summarised and mapped there, and written once. The
// columns of a group are turned into rows, a few at a time, and turned back, so that every kind is
// one function of a contiguous run.
#pragma once

#include "kernels/fusion.hpp"
#include "kernels/lanes.hpp"
#include "kernels/normalization.hpp"
#include "kernels/ranking.hpp"
#include "ops/math_ops.hpp"

namespace polyfuse {
namespace {

// Sum of f(x[i]) in double: pieces of 2048 elements in 16 lanes, the pieces one after the other, so
// that errors do not grow with a long row.
template <class T, class F>
double sum_of(const T* x, std::int64_t n, F f) {
    constexpr std::int64_t piece = 2048;
    double total = 0.0;
    for (std::int64_t from = 0; from < n; from += piece) {
        const T* y = x + from;
        const std::int64_t m = at_most(piece, n - from);
        double sums[n_lanes] = {};
        std::int64_t i = 0;
        for (; i + n_lanes <= m; i += n_lanes)
            for (std::int64_t l = 0; l < n_lanes; ++l) sums[l] += f(static_cast<double>(y[i + l]));
        for (std::int64_t l = 0; i + l < m; ++l) sums[l] += f(static_cast<double>(y[i + l]));
        add_up(sums, n_lanes, 1);
        total += sums[0];
    }
    return total;
}

template <class T>
void divide(T* x, std::int64_t n, double offset, double factor) {
    const T a = static_cast<T>(offset), b = static_cast<T>(factor);
    for (std::int64_t i = 0; i < n; ++i) x[i] = (x[i] - a) / b;
}

template <class T>
void standardize(T* x, std::int64_t n, double* scratch) {
    double count, mean, squares;
    moments_of(Tile<T>{x, 1}, n, nullptr, 0, {&count, &mean, &squares, 1}, scratch);
    if (count == 0.0) return;
    // A row that is constant to rounding keeps its scale, by StandardScaler's rule.
    constexpr double eps = 0x1p-52;
    const double variance = squares / count, error = count * mean * eps;
    const bool constant = variance <= count * eps * variance + error * error;
    divide(x, n, mean, constant ? 1.0 : __builtin_sqrt(variance));
}

template <class T>
void scale_to_range(T* x, std::int64_t n, double* scratch) {
    double low = __builtin_inf(), high = -__builtin_inf();
    extrema_of(Tile<T>{x, 1}, n, 1, &low, &high, scratch);
    constexpr T tiny = 10 * (sizeof(T) == 4 ? T(0x1p-23) : T(0x1p-52));
    const T range = static_cast<T>(high) - static_cast<T>(low);
    if (low <= high) divide(x, n, low, static_cast<double>(range < tiny ? T(1) : range));
}

inline float magnitude(float x) { return __builtin_fabsf(x); }
inline double magnitude(double x) { return __builtin_fabs(x); }

// NaN if there is one: it is neither more nor less, so it is looked for apart.
template <class T>
double largest(const T* x, std::int64_t n) {
    T most[n_lanes] = {};
    bool numbers = true;
    for (std::int64_t i = 0; i < n; i += n_lanes)
        for (std::int64_t l = 0; l < at_most(n_lanes, n - i); ++l) {
            const T size = magnitude(x[i + l]);
            most[l] = size > most[l] ? size : most[l];
            numbers &= size == size;
        }
    double top = 0.0;
    for (std::int64_t l = 0; l < n_lanes; ++l) {
        const double size = static_cast<double>(most[l]);
        top = size > top ? size : top;
    }
    return numbers ? top : __builtin_nan("");
}

template <class T>
void softmax(T* x, std::int64_t n, double* scratch) {
    double low = __builtin_inf(), high = -__builtin_inf();
    extrema_of(Tile<T>{x, 1}, n, 1, &low, &high, scratch);
    const T top = static_cast<T>(high);
    for (std::int64_t i = 0; i < n; ++i)
        x[i] = static_cast<T>(exp_of(static_cast<double>(static_cast<T>(x[i] - top))));
    divide(x, n, 0.0, sum_of(x, n, [](double v) { return v; }));
}

template <class T>
void normalize(Normalization kind, T* x, std::int64_t n, double* scratch) {
    const auto by_norm = [&](double norm) { divide(x, n, 0.0, norm == 0.0 ? 1.0 : norm); };
    switch (kind) {
        case Normalization::standard: return standardize(x, n, scratch);
        case Normalization::minmax: return scale_to_range(x, n, scratch);
        case Normalization::l1:
            return by_norm(sum_of(x, n, [](double v) { return __builtin_fabs(v); }));
        case Normalization::l2:
            return by_norm(__builtin_sqrt(sum_of(x, n, [](double v) { return v * v; })));
        case Normalization::max: return by_norm(largest(x, n));
        case Normalization::softmax: return softmax(x, n, scratch);
        default: return rank_values(x, n, reinterpret_cast<Keyed<T>*>(scratch));
    }
}

// Rows [first, first + count). Scratch: batch_scratch(kind, width, 1) doubles.
template <class T>
void normalize_rows(const Block& block, std::int64_t first, std::int64_t count, Normalization kind,
                    const Out& out, double* scratch) {
    const std::int64_t d = block.width;
    T* x = reinterpret_cast<T*>(scratch + kind_scratch(kind, d));
    const std::int64_t height = at_least(1, batch_tile / d);
    for (std::int64_t r = 0; r < count; r += height) {
        const RowSet rows{nullptr, first + r, at_most(height, count - r)};
        load<T>(block, rows, 0, d, x, d);
        for (std::int64_t i = 0; i < rows.count; ++i) normalize(kind, x + i * d, d, scratch);
        place(x, rows.count, d, out, rows.first, 0);
    }
}

// Columns [from, from + n) of the group of rows. Scratch: batch_scratch(kind, rows.count, n) doubles.
template <class T>
void normalize_group(const Block& block, const RowSet& rows, std::int64_t from, std::int64_t n,
                     Normalization kind, const Out& out, double* scratch) {
    constexpr std::int64_t height = 64;
    T* tile = reinterpret_cast<T*>(scratch + kind_scratch(kind, rows.count));
    T* x = tile + height * n;
    const auto each_tile = [&](auto visit) {
        for (std::int64_t r = 0; r < rows.count; r += height)
            visit(RowSet{rows.index ? rows.index + r : nullptr, rows.first + r,
                         at_most(height, rows.count - r)},
                  x + r);
    };
    each_tile([&](const RowSet& part, T* columns) {
        load<T>(block, part, from, n, tile, n);
        transpose(tile, n, part.count, n, columns, rows.count);
    });
    for (std::int64_t c = 0; c < n; ++c) normalize(kind, x + c * rows.count, rows.count, scratch);
    each_tile([&](const RowSet& part, const T* columns) {
        transpose(columns, rows.count, n, part.count, tile, n);
        for (std::int64_t i = 0; i < part.count; ++i)
            place(tile + i * n, 1, n, out, row_number(part, i), from);
    });
}

}  // namespace
}  // namespace polyfuse
