// HOW rows of probabilities are held against their classes: log loss, squared error, and what has
// to be known of the values before either may be believed, in one sweep.
//
// Order: within a row, classes from left to right; over the rows of a tile, the 16 lanes of `dot`;
// tiles in order, then ranges of rows in order. Exact: the counts, the largest excess; all else is
// rounded sums of doubles. Shape: a tile of rows is transposed, so that every loop runs over rows
// side by side and is vector code whatever the number of classes; the class of a row is found by
// comparison, so that no code outside can lead a read astray. What is counted or sought over rows
// keeps a number for each place in the tile, because a reduction to one number would not be vector
// code without fast-math. Tallies have four tables in turn: rows of one class would otherwise wait
// for each other's addition.
#pragma once

#include <cstdint>

#include "kernels/confusion.hpp"
#include "kernels/sgd.hpp"
#include "ops/probability_ops.hpp"
#include "tiling.hpp"
#include "vectors.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

// Numbers of the rows of a tile, and those kept for each place in it over all tiles.
struct ProbabilityTile {
    static constexpr std::int64_t rows = most_probability_rows;
    alignas(64) double ones[rows], code[rows], own[rows], total[rows], square[rows];
    alignas(64) double strays[rows], lost[rows], farthest[rows];

    ProbabilityTile() {
        for (std::int64_t r = 0; r < rows; ++r) {
            ones[r] = 1.0;
            strays[r] = lost[r] = farthest[r] = 0.0;
        }
    }
};

// Class after class, `rows` values apart.
template <class T>
void spread_classes(const Probabilities<T>& p, std::int64_t at, std::int64_t n, T* planes,
                    std::int64_t rows) {
    if (!p.single) return transpose(p.values + at * p.width, p.width, n, p.width, planes, rows);
    const T* x = p.values + at;
    for (std::int64_t r = 0; r < n; ++r) planes[r] = other_probability(x[r]);
    for (std::int64_t r = 0; r < n; ++r) planes[rows + r] = x[r];
}

template <class T>
void sum_classes(const T* planes, std::int64_t rows, std::int64_t k, std::int64_t n,
                 ProbabilityTile& tile) {
    for (std::int64_t r = 0; r < n; ++r) tile.own[r] = tile.total[r] = tile.square[r] = 0.0;
    for (std::int64_t j = 0; j < k; ++j) {
        const T* __restrict x = planes + j * rows;
        const auto code = static_cast<double>(j);
        for (std::int64_t r = 0; r < n; ++r) {
            const auto p = static_cast<double>(x[r]);
            const bool came_true = tile.code[r] == code;
            tile.own[r] = came_true ? p : tile.own[r];
            tile.total[r] += p;
            tile.square[r] += brier_of(came_true ? 1.0 : 0.0, p);
            tile.strays[r] += is_probability(p) ? 0.0 : 1.0;
        }
    }
}

template <class T>
void judge_rows(const Probabilities<T>& p, std::int64_t n, ProbabilityTile& tile) {
    const auto least = static_cast<double>(p.least), greatest = static_cast<double>(p.greatest);
    const auto k = static_cast<double>(p.width);
    for (std::int64_t r = 0; r < n; ++r) {
        const bool inside = (tile.code[r] >= 0.0) & (tile.code[r] < k);
        const double loss = log_loss_of(tile.own[r], least, greatest);
        const double excess = excess_of(tile.total[r]);
        tile.own[r] = inside ? loss : 0.0;
        tile.lost[r] += inside ? 0.0 : 1.0;
        tile.farthest[r] = excess > tile.farthest[r] ? excess : tile.farthest[r];
    }
}

// Counts of rows in four tables of k, and after those four of weights if there are any.
inline void tally_codes(const std::int64_t* codes, const double* weight, std::int64_t n,
                        std::int64_t k, double* tallies) {
    const auto limit = static_cast<std::uint64_t>(k);
    for (std::int64_t r = 0; r < n; ++r) {
        const auto code = static_cast<std::uint64_t>(codes[r]);
        if (code >= limit) continue;
        double* table = tallies + (r % 4) * k;
        table[code] += 1.0;
        if (weight) table[4 * limit + code] += weight[r];
    }
}

// Of one range of rows: the sums, and the tallies, which start as zeros.
template <class T>
void sum_probabilities(const Labels& labels, std::int64_t low, const Probabilities<T>& p,
                       std::int64_t first, std::int64_t count, double* sums, double* tallies,
                       T* planes) {
    const std::int64_t k = p.width, rows = probability_rows(k);
    ProbabilityTile tile;
    std::int64_t scratch[ProbabilityTile::rows];
    for (std::int64_t at = first, end = first + count; at < end; at += rows) {
        const std::int64_t n = at_most(rows, end - at);
        const std::int64_t* own = codes(labels, at, n, low, scratch);
        const double* weight = p.weight ? p.weight + at : nullptr;
        for (std::int64_t r = 0; r < n; ++r) tile.code[r] = static_cast<double>(own[r]);
        spread_classes(p, at, n, planes, rows);
        sum_classes(planes, rows, k, n, tile);
        judge_rows(p, n, tile);
        tally_codes(own, weight, n, k, tallies);
        sums[0] += dot(weight ? weight : tile.ones, tile.own, n);
        sums[1] += dot(weight ? weight : tile.ones, tile.square, n);
    }
    for (std::int64_t r = 0; r < rows; ++r) {
        sums[2] += tile.strays[r];
        sums[3] += tile.lost[r];
        sums[4] = tile.farthest[r] > sums[4] ? tile.farthest[r] : sums[4];
    }
}

}  // namespace
}  // namespace polyfuse
