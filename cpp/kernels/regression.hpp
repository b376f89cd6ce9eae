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
// 8 lanes of them and not 16. A tile that is float64 without gaps is read where it lies, and the
// sweeps that find it in L1 ask for the next one, so that memory does not wait for arithmetic.
#pragma once

#include "kernels/lanes.hpp"
#include "ops/regression_ops.hpp"
#include "stage.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

constexpr std::int64_t n_twofold_lanes = 8;

// Memory that will be read soon: the tile after this one, of both inputs.
struct Ahead {
    const double *t, *p;

    // Eight doubles, a line, of each. An address that is never read does no harm.
    [[gnu::always_inline]] void fetch(std::int64_t j) const {
        const auto bytes = static_cast<std::uintptr_t>(j) * sizeof(double);
        __builtin_prefetch(
            reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(t) + bytes));
        __builtin_prefetch(
            reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) + bytes));
    }
};

// A twofold sum in each lane.
struct TwofoldLanes {
    static constexpr std::int64_t width = vector_width<double>;
    static constexpr std::int64_t n_parts = n_twofold_lanes / width;
    Vector<double> sum[n_parts] = {}, lost[n_parts] = {};

    // Of all lanes and of a rest of fewer numbers, each of which goes to a lane.
    Twofold all(const double* rest, std::int64_t n) const {
        double sums[n_twofold_lanes], lacks[n_twofold_lanes];
        std::memcpy(sums, sum, sizeof sums);
        std::memcpy(lacks, lost, sizeof lacks);
        for (std::int64_t l = 0; l < n; ++l) add_exactly(sums[l], lacks[l], rest[l]);
        for (std::int64_t half = n_twofold_lanes / 2; half > 0; half /= 2)
            for (std::int64_t l = 0; l < half; ++l) {
                add_exactly(sums[l], lacks[l], sums[l + half]);
                lacks[l] += lacks[l + half];
            }
        return rounded({sums[0], lacks[0]});
    }
};

inline Twofold sum_exactly(const double* x, std::int64_t n, const Ahead& ahead) {
    constexpr std::int64_t lanes = n_twofold_lanes, width = TwofoldLanes::width;
    TwofoldLanes acc;
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        ahead.fetch(j);
        for (std::int64_t p = 0; p < TwofoldLanes::n_parts; ++p)
            add_exactly(acc.sum[p], acc.lost[p], load_vector(x + j + p * width));
    }
    return acc.all(x + j, n - j);
}

// In lanes that are added one by one; f makes two numbers, or vectors of them, one.
template <class F>
double reduce(const double* x, std::int64_t n, F f) {
    constexpr std::int64_t lanes = 32, width = vector_width<double>, n_parts = lanes / width;
    Vector<double> acc[n_parts] = {};
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes)
        for (std::int64_t p = 0; p < n_parts; ++p)
            acc[p] = f(acc[p], load_vector(x + j + p * width));
    double all[lanes];
    std::memcpy(all, acc, sizeof all);
    for (; j < n; ++j) all[j % lanes] = f(all[j % lanes], x[j]);
    for (std::int64_t half = lanes / 2; half > 0; half /= 2)
        for (std::int64_t l = 0; l < half; ++l) all[l] = f(all[l], all[l + half]);
    return all[0];
}

inline constexpr auto greater = [](auto a, auto b) { return b > a ? b : a; };

// One output in a tile of rows. `terms` has room for as many numbers.
struct ErrorTile {
    const double *t, *p, *weight;
    std::int64_t n;
    double* terms;

    Ahead ahead() const { return {t + n, p + n}; }

    template <class F>
    void write(double* __restrict to, F f) const {
        for (std::int64_t r = 0; r < n; ++r) to[r] = f(t[r], p[r]);
    }

    Twofold sum_terms() const { return sum_exactly(terms, n, ahead()); }

    template <class F>
    Twofold sum(F f) const {
        if (weight)
            for (std::int64_t r = 0; r < n; ++r) terms[r] = weight[r] * f(t[r], p[r]);
        else
            write(terms, f);
        return sum_terms();
    }
};

// Sums of w * (x - centre), roughly, and of w * (x - centre)^2.
template <bool weighted>
Centred deviations_from(double centre, const double* x, const double* w, std::int64_t n,
                        const Ahead& ahead) {
    constexpr std::int64_t lanes = n_twofold_lanes, width = TwofoldLanes::width;
    using V = Vector<double>;
    TwofoldLanes acc;
    V first[TwofoldLanes::n_parts] = {};
    const V from = filled<V>(centre);
    std::int64_t j = 0;
    for (; j + lanes <= n; j += lanes) {
        ahead.fetch(j);
        for (std::int64_t p = 0; p < TwofoldLanes::n_parts; ++p) {
            const V d = load_vector(x + j + p * width) - from;
            V weighed = d, square = d * d;
            if constexpr (weighted) {
                const V u = load_vector(w + j + p * width);
                weighed = u * d;
                square = u * square;
            }
            first[p] += weighed;
            add_exactly(acc.sum[p], acc.lost[p], square);
        }
    }
    double firsts[lanes], rest[lanes];
    std::memcpy(firsts, first, sizeof firsts);
    for (std::int64_t r = j; r < n; ++r) {
        const double d = x[r] - centre, u = weighted ? w[r] : 1.0;
        firsts[r - j] += u * d;
        rest[r - j] = u * (d * d);
    }
    return {{centre, 0.0}, acc.all(rest, n - j), fold_halves<lanes>(firsts, plus)};
}

// The mean of x, whose weighted total is known roughly, and the squares of the deviations from it.
inline Centred centre_of(const ErrorTile& tile, double weight, double total, const double* x) {
    const std::int64_t n = tile.n;
    const double* w = tile.weight;
    const double centre = weight != 0.0 ? total / weight : x[0];
    Centred found = w ? deviations_from<true>(centre, x, w, n, tile.ahead())
                      : deviations_from<false>(centre, x, w, n, tile.ahead());
    if (weight == 0.0) return found;
    const double rest = found.first / weight;
    add(found.mean, rest);
    add(found.squares, -(found.first * rest));
    found.first = 0.0;
    return found;
}

inline Centred centre_of(const ErrorTile& tile, double weight, const double* x) {
    if (!tile.weight) return centre_of(tile, weight, reduce(x, tile.n, plus), x);
    for (std::int64_t r = 0; r < tile.n; ++r) tile.terms[r] = tile.weight[r] * x[r];
    return centre_of(tile, weight, reduce(tile.terms, tile.n, plus), x);
}

// The sum of squared errors and, roughly, of the true numbers, which are in registers then.
template <bool weighted>
Twofold sum_squares(const ErrorTile& tile, double& total) {
    constexpr std::int64_t lanes = n_twofold_lanes, width = TwofoldLanes::width;
    using V = Vector<double>;
    TwofoldLanes acc;
    V totals[TwofoldLanes::n_parts] = {};
    std::int64_t j = 0;
    for (; j + lanes <= tile.n; j += lanes)
        for (std::int64_t p = 0; p < TwofoldLanes::n_parts; ++p) {
            const V t = load_vector(tile.t + j + p * width);
            const V d = t - load_vector(tile.p + j + p * width);
            V own = t, square = d * d;
            if constexpr (weighted) {
                const V u = load_vector(tile.weight + j + p * width);
                own = u * t;
                square = u * square;
            }
            totals[p] += own;
            add_exactly(acc.sum[p], acc.lost[p], square);
        }
    double all[lanes], rest[lanes];
    std::memcpy(all, totals, sizeof all);
    for (std::int64_t r = j; r < tile.n; ++r) {
        const double u = weighted ? tile.weight[r] : 1.0;
        all[r - j] += u * tile.t[r];
        rest[r - j] = u * squared_error(tile.t[r], tile.p[r]);
    }
    total = fold_halves<lanes>(all, plus);
    return acc.all(rest, tile.n - j);
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
    double total;
    s.weight.sum = static_cast<double>(tile.n);
    if (tile.weight) s.weight = sum_exactly(tile.weight, tile.n, tile.ahead());
    switch (kind) {
        case ErrorKind::squared: s.sums[0] = tile.sum(squared_error); break;
        case ErrorKind::absolute:
            tile.write(tile.terms, absolute_error);
            s.greatest = reduce(tile.terms, tile.n, greater);
            for (std::int64_t r = 0; tile.weight && r < tile.n; ++r)
                tile.terms[r] *= tile.weight[r];
            s.sums[0] = tile.sum_terms();
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
            s.sums[0] = tile.weight ? sum_squares<true>(tile, total) : sum_squares<false>(tile, total);
            s.targets = centre_of(tile, s.weight.sum, total, tile.t);
            break;
        case ErrorKind::deviations:
            tile.write(errors, [](double t, double p) { return t - p; });
            s.errors = centre_of(tile, s.weight.sum, errors);
            s.targets = centre_of(tile, s.weight.sum, tile.t);
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
    double *room = scratch, *terms = scratch + 2 * error_rows, *errors = terms + error_rows;
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
