// HOW predicted numbers are held against the true ones: sums of errors, and means with centred
// squares, in one sweep over memory.
//
// Order: outputs one by one within a tile of rows; in a tile 8 lanes, added up by halves; tiles in
// order, then ranges of rows in order. Every sum is twofold, a double and what it lacks, so that
// cuts show in the last place or two at most. A mean is that of the tile, corrected by the mean of
// the deviations from it; squares are those of the deviations. Tiles are merged by the formula of
// Chan, Golub and LeVeque (The American Statistician 37, 1983), with the mean twofold as well: data
// far from zero lose nothing. Exact: the greatest error.
// Shape: what is added is written to L1 first, by a plain loop over the rows of the tile, and
// added up in a loop of its own, so that neither needs more registers than the baseline has, and
// logarithms are vector code. Sums with what they lack take two registers, which is why there are
// 8 lanes of them and not 16. A tile that is float64 without gaps is read where it lies.
#pragma once

#include "kernels/lanes.hpp"
#include "ops/regression_ops.hpp"
#include "stage.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

constexpr std::int64_t n_twofold_lanes = 8;

inline Twofold sum_exactly(const double* x, std::int64_t n) {
    constexpr std::int64_t lanes = n_twofold_lanes, width = vector_width<double>;
    constexpr std::int64_t n_parts = lanes / width;
    using V = Vector<double>;
    V sum[n_parts] = {}, lost[n_parts] = {};
    const std::int64_t whole = n / lanes * lanes;
    for (std::int64_t j = 0; j < whole; j += lanes)
        for (std::int64_t p = 0; p < n_parts; ++p)
            add_exactly(sum[p], lost[p], load_vector(x + j + p * width));
    double sums[lanes], rest[lanes];
    for (std::int64_t p = 0; p < n_parts; ++p) {
        store_vector(sums + p * width, sum[p]);
        store_vector(rest + p * width, lost[p]);
    }
    for (std::int64_t j = whole; j < n; ++j) add_exactly(sums[j - whole], rest[j - whole], x[j]);
    for (std::int64_t half = lanes / 2; half > 0; half /= 2)
        for (std::int64_t l = 0; l < half; ++l) {
            add_exactly(sums[l], rest[l], sums[l + half]);
            rest[l] += rest[l + half];
        }
    return rounded({sums[0], rest[0]});
}

inline double greatest_of(const double* x, std::int64_t n) {
    constexpr std::int64_t lanes = n_twofold_lanes;
    double most[lanes] = {};
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes)
        for (std::int64_t l = 0; l < lanes; ++l) most[l] = x[j + l] > most[l] ? x[j + l] : most[l];
    for (; j < n; ++j) most[0] = x[j] > most[0] ? x[j] : most[0];
    for (std::int64_t l = 1; l < lanes; ++l) most[0] = most[l] > most[0] ? most[l] : most[0];
    return most[0];
}

// One output in a tile of rows. `terms` has room for as many numbers, twice.
struct ErrorTile {
    const double *t, *p, *weight;
    std::int64_t n;
    double* terms;

    template <class F>
    void write(double* __restrict to, F f) const {
        for (std::int64_t r = 0; r < n; ++r) to[r] = f(t[r], p[r]);
    }

    void weigh(double* to) const {
        for (std::int64_t r = 0; weight && r < n; ++r) to[r] *= weight[r];
    }

    template <class F>
    Twofold sum(F f) const {
        if (weight)
            for (std::int64_t r = 0; r < n; ++r) terms[r] = weight[r] * f(t[r], p[r]);
        else
            write(terms, f);
        return sum_exactly(terms, n);
    }
};

// The mean of x and the squares of its deviations. The numbers in x are spoiled if there are
// weights.
inline Centred centre_of(const ErrorTile& tile, const Twofold& weight, const double* x) {
    double *first = tile.terms, *square = tile.terms + error_rows;
    const std::int64_t n = tile.n;
    const double* w = tile.weight;
    if (w)
        for (std::int64_t r = 0; r < n; ++r) first[r] = w[r] * x[r];
    const double total = weight.sum, about = sum_exactly(w ? first : x, n).sum / total;
    const double centre = total != 0.0 ? about : x[0];
    for (std::int64_t r = 0; r < n; ++r) {
        const double d = x[r] - centre;
        first[r] = d;
        square[r] = d * d;
    }
    tile.weigh(first);
    tile.weigh(square);
    const double rest = sum_exactly(first, n).sum;
    Centred found{{centre, 0.0}, sum_exactly(square, n), rest};
    if (total == 0.0) return found;
    add(found.mean, rest / total);
    add(found.squares, -(rest * rest / total));
    found.first = 0.0;
    return found;
}

// Merge b, of weight `weight_b`, into a, of weight `weight_a`; both together weigh `weight`.
inline void merge_centred(Centred& a, double weight_a, const Centred& b, double weight_b,
                          double weight) {
    const double d = (b.mean.sum - a.mean.sum) + (b.mean.lost - a.mean.lost);
    const double first = a.first + b.first;
    add(a.squares, b.squares);
    if (weight == 0.0) {
        add(a.squares, d * (2.0 * b.first + weight_b * d));
        a.first = first + weight_b * d;
        return;
    }
    const double share = weight_b / weight;
    add(a.squares, d * d * (weight_a * share));
    if (first != 0.0 || b.first != 0.0)
        add(a.squares, 2.0 * d * (b.first - first * share) - first * first / weight);
    add(a.mean, d * share + first / weight);
    a.first = 0.0;
}

inline bool says_nothing(double weight, const Centred& x) {
    return weight == 0.0 && x.squares.sum == 0.0 && x.first == 0.0;
}

inline void join_centred(Centred& a, double weight_a, const Centred& b, double weight_b,
                         double weight) {
    if (says_nothing(weight_b, b)) return;
    if (says_nothing(weight_a, a))
        a = b;
    else
        merge_centred(a, weight_a, b, weight_b, weight);
}

void merge_errors(ErrorSums& into, const ErrorSums& from) {
    const double a = into.weight.sum, b = from.weight.sum;
    add(into.weight, from.weight);
    into.weight = rounded(into.weight);
    for (int i = 0; i < 2; ++i) add(into.sums[i], from.sums[i]);
    into.greatest = from.greatest > into.greatest ? from.greatest : into.greatest;
    join_centred(into.errors, a, from.errors, b, into.weight.sum);
    join_centred(into.targets, a, from.targets, b, into.weight.sum);
}

inline ErrorSums sums_of(ErrorKind kind, const ErrorTile& tile, double* errors) {
    ErrorSums s{};
    s.weight.sum = static_cast<double>(tile.n);
    if (tile.weight) s.weight = sum_exactly(tile.weight, tile.n);
    switch (kind) {
        case ErrorKind::squared: s.sums[0] = tile.sum(squared_error); break;
        case ErrorKind::absolute:
            tile.write(tile.terms, absolute_error);
            s.greatest = greatest_of(tile.terms, tile.n);
            tile.weigh(tile.terms);
            s.sums[0] = sum_exactly(tile.terms, tile.n);
            break;
        case ErrorKind::sides:
            s.sums[0] = tile.sum(shortfall);
            s.sums[1] = tile.sum(surplus);
            break;
        case ErrorKind::percentage: s.sums[0] = tile.sum(percentage_error); break;
        case ErrorKind::logarithmic: s.sums[0] = tile.sum(squared_log_error); break;
        case ErrorKind::poisson: s.sums[0] = tile.sum(poisson_deviance); break;
        case ErrorKind::gamma: s.sums[0] = tile.sum(gamma_deviance); break;
        case ErrorKind::moments:
            s.sums[0] = tile.sum(squared_error);
            s.targets = centre_of(tile, s.weight, tile.t);
            break;
        case ErrorKind::deviations:
            tile.write(errors, [](double t, double p) { return t - p; });
            s.errors = centre_of(tile, s.weight, errors);
            s.targets = centre_of(tile, s.weight, tile.t);
            break;
    }
    return s;
}

// Rows and columns with roles changed: an output is a row, which the stage brings to L1 or, where
// it is float64 without gaps, leaves.
inline Block turned(const Block& y, std::int64_t n_rows) {
    return {y.data, y.col_stride, y.row_stride, n_rows, y.dtype, AffineKind::none, nullptr,
            nullptr, 0};
}

// Into one of `sums`, which start as zeros, for each output.
void sum_errors(const ErrorPairs& pairs, ErrorKind kind, std::int64_t first, std::int64_t count,
                ErrorSums* sums, double* scratch) {
    const std::int64_t end = first + count, k = pairs.y_true.width, rows = error_tile_rows(k);
    const Block t = turned(pairs.y_true, end), p = turned(pairs.y_pred, end);
    double *room = scratch, *terms = scratch + 2 * error_rows, *errors = terms + 2 * error_rows;
    for (std::int64_t at = first; at < end; at += rows) {
        const std::int64_t n = at_most(rows, end - at);
        for (std::int64_t j = 0; j < k; ++j) {
            const RowSet output{nullptr, j, 1};
            const ErrorTile tile{stage_block<double>(t, output, at, n, room).data,
                                 stage_block<double>(p, output, at, n, room + error_rows).data,
                                 pairs.weight ? pairs.weight + at : nullptr, n, terms};
            merge_errors(sums[j], sums_of(kind, tile, errors));
        }
    }
}

}  // namespace
}  // namespace polyfuse
