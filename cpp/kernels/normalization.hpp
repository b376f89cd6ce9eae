// HOW columns are summarised: moments and extrema, without NaNs.
//
// Order: rows are cut into leaves of a fixed number of rows. Within a leaf, the mean is taken
// relative to the leaf's first value, then the squares relative to that mean, less the square of
// what rounding left (the corrected two-pass algorithm of Chan, Golub and LeVeque, The American
// Statistician 37, 1983). Leaves are merged pairwise by a binary counter: a tree that depends on
// the number of leaves alone. Exact: counts and extrema. Everything is double, whatever the
// input, so 1e8 + {0, 1} has variance 0.25 exactly.
// Shape: a leaf is staged into L1/L2 as doubles and swept twice there, so memory is read once.
// Wide leaves are summed across columns, row by row; narrow ones lie column-major and are summed
// along the rows in 16 lanes. NaNs are looked for only where the fast sweep met one.
#pragma once

#include "kernels/lanes.hpp"
#include "stage.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// Sweep the n values of one column, in 16 lanes.
template <class Step>
double lane_sum(const double* x, std::int64_t n, Step step) {
    Lanes<double> acc{};
    std::int64_t i = 0;
    for (; i + n_lanes <= n; i += n_lanes) {
        const Lanes<double> v = load_lanes(x + i);
        acc += step(v);
    }
    for (; i < n; ++i) acc[i % n_lanes] += step(x[i]);
    return add_lanes<double>(acc);
}

// One column of a leaf, any NaNs passed over. The slow way, and the meaning of the fast ones.
inline void column_with_gaps(const double* x, std::ptrdiff_t step, std::int64_t n, double* count,
                             double* mean, double* squares) {
    double present = 0.0, origin = 0.0, sum = 0.0, rest = 0.0, square = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
        const double v = x[i * step];
        if (v != v) continue;
        if (present == 0.0) origin = v;
        present += 1.0;
        sum += v - origin;
    }
    const double centre = present > 0.0 ? origin + sum / present : 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
        const double d = x[i * step] - centre;
        if (d != d && x[i * step] != x[i * step]) continue;
        rest += d;
        square += d * d;
    }
    *count = present;
    *mean = centre;
    *squares = present > 0.0 ? square - rest * rest / present : 0.0;
}

// Columns of a leaf that lie column-major, n values each.
inline void leaf_along_rows(const double* x, std::int64_t n, const Moments& out) {
    for (std::int64_t c = 0; c < out.width; ++c, x += n) {
        const double origin = x[0], rows = static_cast<double>(n);
        const double mean = origin + lane_sum(x, n, [=](auto v) { return v - origin; }) / rows;
        const double rest = lane_sum(x, n, [=](auto v) { return v - mean; });
        const double square = lane_sum(x, n, [=](auto v) { return (v - mean) * (v - mean); });
        out.count[c] = rows;
        out.mean[c] = mean;
        out.squares[c] = square - rest * rest / rows;
        if (mean != mean)
            column_with_gaps(x, 1, n, out.count + c, out.mean + c, out.squares + c);
    }
}

// Columns of a leaf that lie row-major: `strip` columns are carried in registers down the rows.
template <std::int64_t strip>
void strip_across(const double* x, std::ptrdiff_t ld, std::int64_t n, double* mean,
                  double* squares) {
    double centre[strip], sum[strip] = {}, square[strip] = {};
    const double rows = static_cast<double>(n);
    for (std::int64_t r = 1; r < n; ++r)
        for (std::int64_t c = 0; c < strip; ++c) sum[c] += x[r * ld + c] - x[c];
    for (std::int64_t c = 0; c < strip; ++c) centre[c] = x[c] + sum[c] / rows, sum[c] = 0.0;
    for (std::int64_t r = 0; r < n; ++r)
        for (std::int64_t c = 0; c < strip; ++c) {
            const double d = x[r * ld + c] - centre[c];
            sum[c] += d;
            square[c] += d * d;
        }
    for (std::int64_t c = 0; c < strip; ++c) {
        mean[c] = centre[c];
        squares[c] = square[c] - sum[c] * sum[c] / rows;
    }
}

inline void leaf_across_columns(const double* x, std::ptrdiff_t ld, std::int64_t n,
                                const Moments& out) {
    std::int64_t c = 0;
    for (; c + narrow <= out.width; c += narrow)
        strip_across<narrow>(x + c, ld, n, out.mean + c, out.squares + c);
    for (; c < out.width; ++c) strip_across<1>(x + c, ld, n, out.mean + c, out.squares + c);
    for (c = 0; c < out.width; ++c) {
        out.count[c] = static_cast<double>(n);
        if (out.mean[c] != out.mean[c])
            column_with_gaps(x + c, ld, n, out.count + c, out.mean + c, out.squares + c);
    }
}

inline void transpose_into(const Tile<double>& x, std::int64_t n, std::int64_t width, double* out) {
    for (std::int64_t r = 0; r < n; ++r)
        for (std::int64_t c = 0; c < width; ++c) out[c * n + r] = x.data[r * x.ld + c];
}

inline Moments columns_from(const Moments& m, std::int64_t first, std::int64_t width) {
    return {m.count + first, m.mean + first, m.squares + first, width};
}

// One leaf. Scratch: moment_scratch(rows) doubles.
inline void leaf_moments(const Block& block, const RowSet& rows, const Moments& out,
                         double* scratch) {
    const std::int64_t n = rows.count, panel = moment_panel(n);
    for (std::int64_t c = 0; c < block.width; c += panel) {
        const std::int64_t width = at_most(panel, block.width - c);
        const Moments part = columns_from(out, c, width);
        const Tile<double> x = stage_block<double>(block, rows, c, width, scratch);
        if (block.width < narrow) {
            transpose_into(x, n, width, scratch + n * panel);
            leaf_along_rows(scratch + n * panel, n, part);
        } else {
            leaf_across_columns(x.data, x.ld, n, part);
        }
    }
}

// into = into merged with from, the later rows (Chan, Golub and LeVeque, 1979).
inline void merge_moments(const Moments& into, const Moments& from) {
    for (std::int64_t c = 0; c < into.width; ++c) {
        const double a = into.count[c], b = from.count[c], n = a + b;
        if (b == 0.0) continue;
        const double delta = from.mean[c] - into.mean[c];
        into.mean[c] = a == 0.0 ? from.mean[c] : into.mean[c] + delta * (b / n);
        into.squares[c] =
            into.squares[c] + from.squares[c] + (a == 0.0 ? 0.0 : delta * delta * (a / n * b));
        into.count[c] = n;
    }
}

// Scratch: moment_scratch(rows) doubles.
inline void column_extrema(const Block& block, const RowSet& rows, double* low, double* high,
                           double* scratch) {
    const std::int64_t n = rows.count, panel = moment_panel(n);
    for (std::int64_t from = 0; from < block.width; from += panel) {
        const std::int64_t width = at_most(panel, block.width - from);
        const Tile<double> x = stage_block<double>(block, rows, from, width, scratch);
        for (std::int64_t r = 0; r < n; ++r) {
            const double* row = x.data + r * x.ld;
#pragma GCC ivdep
            for (std::int64_t c = 0; c < width; ++c) {  // a NaN is neither less nor greater
                low[from + c] = row[c] < low[from + c] ? row[c] : low[from + c];
                high[from + c] = row[c] > high[from + c] ? row[c] : high[from + c];
            }
        }
    }
}

}  // namespace
}  // namespace polyfuse
