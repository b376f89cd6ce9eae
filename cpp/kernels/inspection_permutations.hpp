// HOW many rows are right when one modality says what it says of other rows.
//
// Order: modality after modality, the permuted one behind all others. Exact: counts. Shape: the
// fold of the others is kept for a tile of rows, so that a permutation adds one modality to it, in
// registers on the way to the comparison. Classes stay in their order here: to put the true one
// first would take longer than to search.
// Rows are visited in an order that was drawn, and a permutation is a shift along it: whatever the
// order of memory, a row is fetched from there once, shortly before it is the other row of the
// first of `shifts.n` rows, and is in L1 or L2 for all that follow. To fetch it anew for each
// permutation took four times as long on a million rows.
#pragma once

#include <cstdint>

#include "kernels/inspection_tiles.hpp"

namespace polyfuse {
namespace {

template <class T, class Fold>
class PermutedTiles {
   public:
    static constexpr std::int64_t width = vector_width<T>;
    using V = Vector<T>;

    PermutedTiles(const Rows& rows, const Verdict& verdict, const Shifts& shifts, T* scratch)
        : rows_(rows), shifts_(shifts), tiles_(rows, verdict, Fold::nothing), parts_(scratch),
          others_(parts_ + rows.n_blocks * tiles_.size()),
          other_(others_ + (rows.n_blocks + 1) * tiles_.size()) {
        for (std::int64_t r = 0; r < shifts.n; ++r) furthest_ = at_least(furthest_, shifts.by[r]);
    }

    // n rows; counts of each modality and shift, and how many are right as they are.
    void count(std::int64_t at, std::int64_t n, std::int64_t* counts, std::int64_t& right) {
        const std::int64_t m = rows_.n_blocks, size = tiles_.size();
        std::int64_t row[width];
        name_rows(at, n, 0, row);
        expect_rows(at + furthest_);
        tiles_.face(row, n);
        for (std::int64_t b = 0; b < m; ++b) tiles_.load(b, row, parts_ + b * size);
        for (std::int64_t b = 0; b <= m; ++b) fold_others(b, others_ + b * size);
        const T* all = others_ + m * size;
        right += __builtin_popcount(lane_bits(tiles_.right_in_order(
            [&](std::int64_t j) { return load_vector(all + j * width); })));
        for (std::int64_t b = 0; b < m; ++b)
            for (std::int64_t r = 0; r < shifts_.n; ++r) {
                name_rows(at, n, shifts_.by[r], row);
                counts[b * shifts_.n + r] += count_step(b, row);
            }
    }

   private:
    // What stands `by` places behind each of n places, in the order; the last one for those beyond.
    void name_rows(std::int64_t at, std::int64_t n, std::int64_t by, std::int64_t* row) const {
        for (std::int64_t l = 0; l < width; ++l) {
            const std::int64_t place = at + at_most(l, n - 1) + by;
            row[l] = shifts_.order[place < rows_.n_rows ? place : place - rows_.n_rows];
        }
    }

    // Ask for the rows that the furthest shift comes to some tiles later.
    void expect_rows(std::int64_t at) const {
        for (std::int64_t l = 0; l < width; ++l) {
            const std::int64_t place = at + 4 * width + l;
            if (place >= rows_.n_rows) return;
            for (std::int64_t b = 0; b < rows_.n_blocks; ++b)
                expect(tiles_.values(b, shifts_.order[place]), rows_.width);
        }
    }

    // All modalities but b.
    void fold_others(std::int64_t b, T* tile) const {
        tiles_.load_start(tile);
        for (std::int64_t c = 0; c < rows_.n_blocks; ++c)
            if (c != b)
                fold_tiles<T, Fold>(tile, parts_ + c * tiles_.size(), tiles_.planes(), tile);
    }

    std::int64_t count_step(std::int64_t b, const std::int64_t* others) {
        const std::int64_t last = tiles_.planes();
        const T* rest = others_ + b * tiles_.size();
        tiles_.load(b, others, other_);
        return __builtin_popcount(lane_bits(tiles_.right_in_order([&](std::int64_t j) {
            const V x = load_vector(rest + j * width), y = load_vector(other_ + j * width);
            return j == last ? x + y : Fold::combine(x, y);
        })));
    }

    const Rows& rows_;
    const Shifts& shifts_;
    ScoreTiles<T> tiles_;
    T *parts_, *others_, *other_;
    std::int64_t furthest_ = 0;
};

// Of one range of the order, modality after modality, a count for each shift; and of rows as they
// are.
template <class T>
void count_permuted(const Rows& rows, const Verdict& verdict, const Shifts& shifts,
                    std::int64_t first, std::int64_t count, std::int64_t* counts,
                    std::int64_t& right, T* scratch) {
    constexpr std::int64_t width = vector_width<T>;
    with_score_fold(verdict.fold, [&]<class Fold>() {
        PermutedTiles<T, Fold> tiles(rows, verdict, shifts, scratch);
        for (std::int64_t at = 0; at < count; at += width)
            tiles.count(first + at, at_most(width, count - at), counts, right);
    });
}

}  // namespace
}  // namespace polyfuse
