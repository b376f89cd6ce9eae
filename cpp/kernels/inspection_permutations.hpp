// HOW many rows are right when one modality says what it says of other rows.
//
// Order: modality after modality, the permuted one in its place, so that the scores are those of
// fusing permuted rows, in bits. Exact: counts. Shape: the fold of the modalities before each is
// kept for a tile of rows, those behind it are folded in registers on the way to the comparison.
// Classes stay in their order here: to put the true one first would take longer than to search.
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

    PermutedTiles(const Rows& rows, const Verdict& verdict, const Orders& orders, T* scratch)
        : rows_(rows), orders_(orders), tiles_(rows, verdict, Fold::nothing), parts_(scratch),
          before_(parts_ + rows.n_blocks * tiles_.size()),
          other_(before_ + (rows.n_blocks + 1) * tiles_.size()) {}

    // n rows; counts of each modality and order, and how many are right as they are.
    void count(std::int64_t at, std::int64_t n, std::int64_t* counts, std::int64_t& right) {
        const std::int64_t m = rows_.n_blocks, size = tiles_.size();
        std::int64_t row[width];
        for (std::int64_t l = 0; l < width; ++l) row[l] = at + at_most(l, n - 1);
        tiles_.face(at, n);
        tiles_.load_start(before_);
        for (std::int64_t b = 0; b < m; ++b) {
            tiles_.load(b, row, parts_ + b * size);
            fold_tiles<T, Fold>(before_ + b * size, parts_ + b * size, tiles_.planes(),
                                before_ + (b + 1) * size);
        }
        right += __builtin_popcount(lane_bits(tiles_.right_in_order([&](std::int64_t j) {
            return load_vector(before_ + m * size + j * width);
        })));
        for (std::int64_t b = 0; b < m; ++b)
            for (std::int64_t r = 0; r < orders_.n; ++r)
                counts[b * orders_.n + r] += count_step(b, r, row);
    }

   private:
    std::int64_t count_step(std::int64_t b, std::int64_t r, const std::int64_t* row) {
        const std::int64_t m = rows_.n_blocks, size = tiles_.size(), last = tiles_.planes();
        std::int64_t others[width];
        const std::int32_t* order = orders_.rows + r * rows_.n_rows;
        for (std::int64_t l = 0; l < width; ++l) others[l] = order[row[l]];
        tiles_.load(b, others, other_);
        const T* before = before_ + b * size;
        return __builtin_popcount(lane_bits(tiles_.right_in_order([&](std::int64_t j) {
            const auto fold = [&](const V& x, const T* tile) {
                const V y = load_vector(tile + j * width);
                return j == last ? x + y : Fold::combine(x, y);
            };
            V fused = fold(load_vector(before + j * width), other_);
            for (std::int64_t c = b + 1; c < m; ++c) fused = fold(fused, parts_ + c * size);
            return fused;
        })));
    }

    const Rows& rows_;
    const Orders& orders_;
    ScoreTiles<T> tiles_;
    T *parts_, *before_, *other_;
};

// Of one range of rows, modality after modality, a count for each order; and of rows as they are.
template <class T>
void count_permuted(const Rows& rows, const Verdict& verdict, const Orders& orders,
                    std::int64_t first, std::int64_t count, std::int64_t* counts,
                    std::int64_t& right, T* scratch) {
    constexpr std::int64_t width = vector_width<T>;
    with_score_fold(verdict.fold, [&]<class Fold>() {
        PermutedTiles<T, Fold> tiles(rows, verdict, orders, scratch);
        for (std::int64_t at = 0; at < count; at += width)
            tiles.count(first + at, at_most(width, count - at), counts, right);
    });
}

}  // namespace
}  // namespace polyfuse
