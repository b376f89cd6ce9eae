// HOW many rows are right when one modality says what it says of other rows.
//
// Order: modality after modality, the permuted one behind all others. Exact: counts. Shape: rows are
// visited in an order that was drawn, and a permutation is a shift along it. So a row is fetched
// from wherever it lies once, into a tile that stays in a ring until the furthest shift has passed
// it; where a shift is a whole number of tiles, a step is one modality's tile added to the fold of
// the others, in registers on the way to the comparison. (A million rows of ten classes, ten
// permutations: to fetch rows anew for each took ten times as long.) Other shifts, and the last
// tiles, turn their rows anew. Classes stay in their order here: to put the true one first would
// take longer than to search.
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
        : rows_(rows), shifts_(shifts), tiles_(rows, verdict, Fold::nothing), ring_(scratch) {
        for (std::int64_t r = 0; r < shifts.n; ++r)
            n_ring_ = at_least(n_ring_, shifts.by[r] / width + 1);
        others_ = ring_ + n_ring_ * rows.n_blocks * tiles_.size();
        other_ = others_ + (rows.n_blocks + 1) * tiles_.size();
    }

    // The tiles from a place on.
    void begin(std::int64_t at) {
        for (std::int64_t i = 0; i < n_ring_; ++i) load_tile(at + i * width, i);
    }

    // n rows at the head of the ring; counts of each modality and shift, and how many are right as
    // they are. The next tile takes their place.
    void count(std::int64_t at, std::int64_t n, std::int64_t* counts, std::int64_t& right) {
        const std::int64_t m = rows_.n_blocks, size = tiles_.size();
        std::int64_t row[width];
        name_rows(at, n, row);
        tiles_.face(row, n);
        for (std::int64_t b = 0; b <= m; ++b) fold_others(b, others_ + b * size);
        const T* all = others_ + m * size;
        right += __builtin_popcount(lane_bits(tiles_.right_in_order(
            [&](std::int64_t j) { return load_vector(all + j * width); })));
        for (std::int64_t r = 0; r < shifts_.n; ++r) {
            const std::int64_t by = shifts_.by[r];
            const bool whole = by % width == 0 && at + by + width <= rows_.n_rows;
            if (!whole) name_rows(at + by, n, row);
            for (std::int64_t b = 0; b < m; ++b) {
                if (!whole) tiles_.load(b, row, other_);
                counts[b * shifts_.n + r] += count_step(b, whole ? tile(by / width, b) : other_);
            }
        }
        load_tile(at + n_ring_ * width, head_);
        head_ = head_ + 1 < n_ring_ ? head_ + 1 : 0;
    }

   private:
    // Modality b of the tile some tiles behind the head.
    const T* tile(std::int64_t behind, std::int64_t b) const {
        const std::int64_t i = head_ + behind;
        const std::int64_t place = i < n_ring_ ? i : i - n_ring_;
        return ring_ + (place * rows_.n_blocks + b) * tiles_.size();
    }

    // What stands at n places of the order, beyond its end from its begin on; the last one for
    // lanes beyond.
    void name_rows(std::int64_t at, std::int64_t n, std::int64_t* row) const {
        for (std::int64_t l = 0; l < width; ++l) {
            const std::int64_t place = at + at_most(l, n - 1);
            row[l] = shifts_.order[place < rows_.n_rows ? place : place - rows_.n_rows];
        }
    }

    void load_tile(std::int64_t at, std::int64_t place) {
        const std::int64_t n = at_most(width, rows_.n_rows - at);
        if (n <= 0) return;
        std::int64_t row[width];
        name_rows(at, n, row);
        for (std::int64_t b = 0; b < rows_.n_blocks; ++b)
            tiles_.load(b, row, ring_ + (place * rows_.n_blocks + b) * tiles_.size());
        for (std::int64_t l = 0; l < width; ++l) {
            const std::int64_t later = at + 4 * width + l;
            if (later >= rows_.n_rows) return;
            for (std::int64_t b = 0; b < rows_.n_blocks; ++b)
                expect(tiles_.values(b, shifts_.order[later]), rows_.width);
        }
    }

    // All modalities but b.
    void fold_others(std::int64_t b, T* out) const {
        tiles_.load_start(out);
        for (std::int64_t c = 0; c < rows_.n_blocks; ++c)
            if (c != b)
                fold_tiles<T, Fold>(out, tile(0, c), tiles_.planes(), out);
    }

    std::int64_t count_step(std::int64_t b, const T* other) const {
        const std::int64_t last = tiles_.planes();
        const T* rest = others_ + b * tiles_.size();
        return __builtin_popcount(lane_bits(tiles_.right_in_order([&](std::int64_t j) {
            const V x = load_vector(rest + j * width), y = load_vector(other + j * width);
            return j == last ? x + y : Fold::combine(x, y);
        })));
    }

    const Rows& rows_;
    const Shifts& shifts_;
    ScoreTiles<T> tiles_;
    T *ring_, *others_ = nullptr, *other_ = nullptr;
    std::int64_t n_ring_ = 1, head_ = 0;
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
        tiles.begin(first);
        for (std::int64_t at = 0; at < count; at += width)
            tiles.count(first + at, at_most(width, count - at), counts, right);
    });
}

}  // namespace
}  // namespace polyfuse
