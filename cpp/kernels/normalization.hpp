// HOW columns are summarised: moments and extrema, without NaNs.
//
// Order: rows are cut into leaves of a fixed number of rows. Within a leaf, the mean is taken
// relative to the leaf's first value, then the squares relative to that mean, less the square of
// what rounding left (the corrected two-pass algorithm of Chan, Golub and LeVeque, The American
// Statistician 37, 1983). Leaves are merged pairwise by a binary counter: a tree that depends on
// the number of leaves alone. Exact: counts and extrema. Everything is double, whatever the
// input, so 1e8 + {0, 1} has variance 0.25 exactly.
// Shape: a leaf is staged into L1/L2 as doubles and swept twice there, so memory is read once.
// Wide leaves are summed across columns, a few registers of them carried down the rows; narrow
// ones 16 rows at a time. NaNs are looked for only where the fast sweep met one.
#pragma once

#include "kernels/lanes.hpp"
#include "stage.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

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

// Sum step(x, i) over the rows of a narrow leaf, 16 rows to a sweep: row r of a column is added
// in lane r % 16. `sums` holds 16 rows; element i of a sweep belongs to column i % width.
template <class Step>
void sweep_rows(const double* x, std::int64_t n, std::int64_t width, double* sums, Step step) {
    const std::int64_t period = n_lanes * width, total = n * width;
    for (std::int64_t i = 0; i < period; ++i) sums[i] = 0.0;
    for (std::int64_t first = 0; first < total; first += period) {
        const std::int64_t length = at_most(period, total - first);
#pragma GCC ivdep
        for (std::int64_t i = 0; i < length; ++i) sums[i] += step(x[first + i], i);
    }
}

// Add up the 16 rows of `sums`, in the tree of add_lanes, into its first row.
inline void add_rows(double* sums, std::int64_t width) {
    for (std::int64_t half = n_lanes / 2; half > 0; half /= 2)
        for (std::int64_t i = 0; i < half * width; ++i) sums[i] += sums[i + half * width];
}

// Repeat a row of `width` values 16 times.
inline void repeat_row(const double* row, std::int64_t width, double* out) {
    for (std::int64_t i = 0; i < n_lanes * width; ++i) out[i] = row[i % width];
}

// A narrow leaf, row-major without gaps.
inline void leaf_along_rows(const double* x, std::int64_t n, const Moments& out) {
    constexpr std::int64_t most = n_lanes * narrow;
    const std::int64_t width = out.width;
    double centre[most], sums[most], squares[most];
    const double rows = static_cast<double>(n);
    repeat_row(x, width, centre);
    sweep_rows(x, n, width, sums, [&](double v, std::int64_t i) { return v - centre[i]; });
    add_rows(sums, width);
    for (std::int64_t c = 0; c < width; ++c) out.mean[c] = x[c] + sums[c] / rows;
    repeat_row(out.mean, width, centre);
    sweep_rows(x, n, width, sums, [&](double v, std::int64_t i) { return v - centre[i]; });
    sweep_rows(x, n, width, squares, [&](double v, std::int64_t i) {
        return (v - centre[i]) * (v - centre[i]);
    });
    add_rows(sums, width);
    add_rows(squares, width);
    for (std::int64_t c = 0; c < width; ++c)
        out.squares[c] = squares[c] - sums[c] * sums[c] / rows;
}

// Columns of a leaf that lie row-major: `strips` registers of them are carried down the rows.
template <int strips>
void strip_across(const double* x, std::ptrdiff_t ld, std::int64_t n, double* mean,
                  double* squares) {
    constexpr std::int64_t lanes = Lanes<double>::width;
    Vector<double> origin[strips], sum[strips] = {}, square[strips] = {};
    const double rows = static_cast<double>(n);
    for (int s = 0; s < strips; ++s) origin[s] = load_vector(x + s * lanes);
    for (std::int64_t r = 1; r < n; ++r)
        for (int s = 0; s < strips; ++s) sum[s] += load_vector(x + r * ld + s * lanes) - origin[s];
    for (int s = 0; s < strips; ++s) origin[s] += sum[s] / rows, sum[s] = Vector<double>{};
    for (std::int64_t r = 0; r < n; ++r)
        for (int s = 0; s < strips; ++s) {
            const Vector<double> v = load_vector(x + r * ld + s * lanes) - origin[s];
            sum[s] += v;
            square[s] += v * v;
        }
    for (int s = 0; s < strips; ++s) {
        store_vector(mean + s * lanes, origin[s]);
        store_vector(squares + s * lanes, square[s] - sum[s] * sum[s] / rows);
    }
}

// A wide leaf. The last register overlaps the one before it rather than run over the edge: a
// column has the same result wherever it stands.
inline void leaf_across_columns(const double* x, std::ptrdiff_t ld, std::int64_t n,
                                const Moments& out) {
    constexpr std::int64_t lanes = Lanes<double>::width;
    std::int64_t c = 0;
    for (; c + 4 * lanes <= out.width; c += 4 * lanes)
        strip_across<4>(x + c, ld, n, out.mean + c, out.squares + c);
    for (; c < out.width; c += lanes) {
        const std::int64_t at = at_most(c, out.width - lanes);
        strip_across<1>(x + at, ld, n, out.mean + at, out.squares + at);
    }
}

inline Moments columns_from(const Moments& m, std::int64_t first, std::int64_t width) {
    return {m.count + first, m.mean + first, m.squares + first, width};
}

// One leaf. Scratch: moment_scratch(rows) doubles.
inline void leaf_moments(const Block& block, const RowSet& rows, const Moments& out,
                         double* scratch) {
    const std::int64_t n = rows.count, panel = moment_panel(n);
    const bool along = block.width < narrow;
    for (std::int64_t c = 0; c < block.width; c += panel) {
        // A last panel is as wide as a register at least: it overlaps the one before it.
        const std::int64_t width = at_most(panel, block.width);
        const std::int64_t first = at_most(c, block.width - width);
        const Moments part = columns_from(out, first, width);
        Tile<double> x = stage_block<double>(block, rows, first, width, scratch);
        if (along && x.ld != width) {
            load<double>(block, rows, first, width, scratch, width);
            x = {scratch, width};
        }
        along ? leaf_along_rows(x.data, n, part) : leaf_across_columns(x.data, x.ld, n, part);
        for (std::int64_t i = 0; i < width; ++i) {
            part.count[i] = static_cast<double>(n);
            if (part.mean[i] != part.mean[i])
                column_with_gaps(x.data + i, x.ld, n, part.count + i, part.mean + i,
                                 part.squares + i);
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
