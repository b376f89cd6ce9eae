// HOW every coalition of modalities is scored: how many rows it gets right, and the Shapley value
// of each modality in each row.
//
// Order: modality after modality, each folded in, or its baseline, so that a coalition's scores are
// those of folding it afresh, in bits: a tree of coalitions is walked depth first, with the tile of
// each depth on a stack, and nothing is ever taken away again. Exact: counts; Shapley values of a
// row too, as whole numbers of m!-ths. Sums of their squares are rounded: 16 lanes by the place of
// a row in its range. Shape: the last modality is folded in registers, as it is compared.
// What comes back from a branch is how many coalitions of each size were right, so that the Shapley
// values cost a few operations per coalition and not one per modality.
#pragma once

#include <cstdint>

#include "kernels/inspection_tiles.hpp"

namespace polyfuse {
namespace {

template <class T, class Fold>
class CoalitionTree {
   public:
    static constexpr std::int64_t width = vector_width<T>;
    using V = Vector<T>;
    using Wide = Vector<double, width>;

    CoalitionTree(const ScoreTiles<T>& tiles, std::int64_t m, bool skip, T* scratch,
                  std::int64_t* counts)
        : tiles_(tiles), m_(m), skip_(skip), counts_(counts), start_(scratch),
          parts_(start_ + tiles.size()), baselines_(parts_ + m * tiles.size()),
          stack_(baselines_ + m * tiles.size()), lists_(stack_ + m * tiles.size()) {
        for (std::int64_t s = 0; s < m; ++s) weights_[s] = shapley_weight(s, m);
    }

    T* start() { return start_; }
    T* part(std::int64_t b) { return parts_ + b * tiles_.size(); }
    T* baseline(std::int64_t b) { return baselines_ + b * tiles_.size(); }

    // m! times the Shapley values of the rows of the tiles, lane by lane.
    const Wide* walk() {
        for (std::int64_t b = 0; b < m_; ++b) values_[b] = Wide{};
        turn();
        descend(0, 0, 0, start_, lists_);
        turn();
        return values_;
    }

   private:
    // What is the same for all rows but for the class that stands first.
    void turn() {
        tiles_.turn(start_);
        for (std::int64_t b = 0; !skip_ && b < m_; ++b) tiles_.turn(baseline(b));
    }

    // Of all coalitions with these members among the first `depth` modalities, whose fold is
    // `tile`: found[i] = how many with i more members are right.
    void descend(std::int64_t depth, std::int64_t members, std::int64_t coalition, const T* tile,
                 T* found) {
        const std::int64_t in_too = coalition | std::int64_t{1} << depth;
        if (depth == m_ - 1) {
            const V without = judge(tile, skip_ ? nullptr : baseline(depth), coalition);
            const V with = judge(tile, part(depth), in_too);
            credit(depth, members, with - without);
            store_vector(found, without);
            store_vector(found + width, with);
            return;
        }
        T* own = stack_ + depth * tiles_.size();
        T* with = lists_ + 2 * (depth + 1) * (m_ + 1) * width;
        T* without = with + (m_ + 1) * width;
        fold_tiles<T, Fold>(tile, part(depth), tiles_.planes(), own);
        descend(depth + 1, members + 1, in_too, own, with);
        if (!skip_) fold_tiles<T, Fold>(tile, baseline(depth), tiles_.planes(), own);
        descend(depth + 1, members, coalition, skip_ ? tile : own, without);
        merge(depth, members, with, without, found);
    }

    void merge(std::int64_t depth, std::int64_t members, const T* with, const T* without,
               T* found) {
        V before{};
        for (std::int64_t i = 0; i < m_ - depth; ++i) {
            const V in = load_vector(with + i * width), out = load_vector(without + i * width);
            credit(depth, members + i, in - out);
            store_vector(found + i * width, before + out);
            before = in;
        }
        store_vector(found + (m_ - depth) * width, before);
    }

    void credit(std::int64_t b, std::int64_t others, const V& gained) {
        values_[b] += weights_[others] * __builtin_convertvector(gained, Wide);
    }

    V judge(const T* tile, const T* part, std::int64_t coalition) {
        const std::int64_t last = tiles_.planes();
        const auto right = part ? tiles_.right([&](std::int64_t j) {
            const V a = load_vector(tile + j * width), b = load_vector(part + j * width);
            return j == last ? a + b : Fold::combine(a, b);
        })
                                : tiles_.right([&](std::int64_t j) {
            return load_vector(tile + j * width);
        });
        counts_[coalition] += __builtin_popcount(lane_bits(right));
        return right ? V{} + T(1) : V{};
    }

    const ScoreTiles<T>& tiles_;
    std::int64_t m_;
    bool skip_;
    std::int64_t* counts_;
    T *start_, *parts_, *baselines_, *stack_, *lists_;
    double weights_[most_modalities];
    Wide values_[most_modalities];
};

// Of one range of rows: counts of each coalition, and for each modality 16 sums of the Shapley
// values times m! and 16 of their squares. Without a baseline, whoever is not in a coalition is left
// out.
template <class T>
void count_coalitions(const Rows& rows, const Verdict& verdict, const double* baseline,
                      std::int64_t first, std::int64_t count, std::int64_t* counts, double* sums,
                      T* scratch) {
    constexpr std::int64_t width = vector_width<T>;
    const std::int64_t m = rows.n_blocks;
    with_score_fold(verdict.fold, [&]<class Fold>() {
        ScoreTiles<T> tiles(rows, verdict, Fold::nothing);
        CoalitionTree<T, Fold> tree(tiles, m, !baseline, scratch, counts);
        tiles.load_start(tree.start());
        for (std::int64_t b = 0; baseline && b < m; ++b)
            tiles.load_baseline(b, baseline + b * rows.width, tree.baseline(b));
        for (std::int64_t at = 0; at < count; at += width) {
            const std::int64_t n = at_most(width, count - at);
            std::int64_t row[width];
            for (std::int64_t l = 0; l < width; ++l) row[l] = first + at + at_most(l, n - 1);
            tiles.face(first + at, n);
            for (std::int64_t b = 0; b < m; ++b) {
                tiles.load(b, row, tree.part(b));
                tiles.turn(tree.part(b));
            }
            const auto* values = tree.walk();
            for (std::int64_t b = 0; b < m; ++b) {
                double* own = sums + b * 2 * n_score_lanes + at % n_score_lanes;
                for (std::int64_t l = 0; l < width; ++l) {
                    own[l] += values[b][l];
                    own[n_score_lanes + l] += values[b][l] * values[b][l];
                }
            }
        }
    });
}

}  // namespace
}  // namespace polyfuse
