// HOW a row, or a column of a group of rows, is scaled by its own statistics.
//
// Order: sums are double, over 16 lanes and a fixed tree; what is then computed is rounded once per
// operation in the precision of the result. Exact: extrema and ranks.
// Shape: a row is staged once, into L1 or L2, summarised and mapped there, and written once; norms
// are taken where the row lies, if it can be read there, and what is divided goes straight to its
// place. The columns of a group are turned into rows, a few at a time, and turned back, so that
// every kind is one function of a contiguous run.
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
        total += fold_halves<n_lanes>(sums, plus);
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

// NaN if there is one: it is neither more nor less, so it is looked for apart.
template <class T>
double largest(const T* x, std::int64_t n) {
    using V = Vector<T>;
    constexpr std::int64_t width = vector_width<T>;
    V most = {}, spoiled = {};
    const auto visit = [&](V v) {
        v = v < 0 ? -v : v;
        most = v > most ? v : most;
        spoiled = v == v ? spoiled : v;
    };
    std::int64_t i = 0;
    for (; i + width <= n; i += width) visit(load_vector(x + i));
    V rest = {};
    for (std::int64_t l = 0; i + l < n; ++l) rest[l] = x[i + l];
    visit(rest);
    T lanes[2 * width];
    store_vector(lanes, most);
    store_vector(lanes + width, spoiled);
    const T top = fold_halves<width>(lanes, [](auto a, auto b) { return a > b ? a : b; });
    return static_cast<double>(top + fold_halves<width>(lanes + width, plus));
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
double norm_of(Normalization kind, const T* x, std::int64_t n) {
    if (kind == Normalization::max) return largest(x, n);
    if (kind == Normalization::l1) return sum_of(x, n, [](double v) { return __builtin_fabs(v); });
    return __builtin_sqrt(sum_of(x, n, [](double v) { return v * v; }));
}

// out = x / norm, or x where the norm is 0 or as good as that; returns whether it is finite.
template <class T>
bool divide_by_norm(Normalization kind, const T* x, std::int64_t n, double least, T* out) {
    const double norm = norm_of(kind, x, n);
    const T factor = norm < least || norm == 0.0 ? T(1) : static_cast<T>(norm);
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) out[i] = x[i] / factor;
    return is_finite(norm);
}

inline bool is_norm(Normalization kind) {
    return kind == Normalization::l1 || kind == Normalization::l2 || kind == Normalization::max;
}

template <class T>
void normalize(Normalization kind, T* x, std::int64_t n, double* scratch) {
    switch (kind) {
        case Normalization::standard: return standardize(x, n, scratch);
        case Normalization::minmax: return scale_to_range(x, n, scratch);
        case Normalization::softmax: return softmax(x, n, scratch);
        case Normalization::rank:
            return rank_values(x, n, reinterpret_cast<Keyed<T>*>(scratch));
        default: divide_by_norm(kind, x, n, 0.0, x);
    }
}

// As normalize_rows, for norms.
template <class T>
bool normalize_by_norms(const Block& block, const RowSet& rows, Normalization kind, double least,
                        const Out& out, T* tile) {
    const std::int64_t d = block.width;
    const Tile<T> x = stage_block<T>(block, rows, 0, d, tile);
    T* to = tile;
    std::ptrdiff_t ld = d;
    if (direct<T>(out)) {
        to = reinterpret_cast<T*>(out.data + rows.first * out.row_stride);
        ld = out.row_stride / static_cast<std::ptrdiff_t>(sizeof(T));
    }
    bool finite = true;
    for (std::int64_t i = 0; i < rows.count; ++i)
        finite &= divide_by_norm(kind, x.data + i * x.ld, d, least, to + i * ld);
    if (to == tile) place(tile, rows.count, d, out, rows.first, 0);
    return finite;
}

// Rows [first, first + count); returns whether their norms are finite, if they are divided by them.
// Scratch: batch_scratch(kind, width, 1) doubles.
template <class T>
bool normalize_rows(const Block& block, std::int64_t first, std::int64_t count, Normalization kind,
                    double least, const Out& out, double* scratch) {
    const std::int64_t d = block.width;
    T* x = reinterpret_cast<T*>(scratch + kind_scratch(kind, d));
    const std::int64_t height = at_least(1, batch_tile / d);
    bool finite = true;
    for (std::int64_t r = 0; r < count; r += height) {
        const RowSet rows{nullptr, first + r, at_most(height, count - r)};
        if (is_norm(kind)) {
            finite &= normalize_by_norms(block, rows, kind, least, out, x);
            continue;
        }
        load<T>(block, rows, 0, d, x, d);
        for (std::int64_t i = 0; i < rows.count; ++i) normalize(kind, x + i * d, d, scratch);
        place(x, rows.count, d, out, rows.first, 0);
    }
    if (out.stream) finish_streams();
    return finite;
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
