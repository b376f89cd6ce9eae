// HOW scores of modalities stand in tiles, and how a tile says whether its rows are right.
//
// A tile is as many rows as a vector has lanes, transposed: a plane for each class, and one that
// counts the modalities folded in. The true class of a row stands first and the class that it
// displaces in its place, so that a row is right if plane 0 is above all others: one maximum, and
// no search for the first of the greatest. Where plane 0 is as great as another, the order of the
// classes decides, which is looked at then alone. Two classes with a single score become two
// planes, zero and the score: the second is greater where the score is above zero. Nothing here
// depends on the number of lanes.
#pragma once

#include <cstdint>
#include <utility>

#include "kernels/confusion.hpp"
#include "ops/inspection_ops.hpp"
#include "tiling.hpp"
#include "vectors.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

template <class T>
using LaneMask = decltype(Vector<T>{} > Vector<T>{});

// Planes of the scores of some rows; those without a modality get what a fold leaves alone.
template <class T>
class ScoreTiles {
   public:
    static constexpr std::int64_t width = vector_width<T>;
    using V = Vector<T>;

    ScoreTiles(const Rows& rows, const Verdict& verdict, double nothing)
        : rows_(rows), verdict_(verdict), nothing_(static_cast<T>(nothing)),
          planes_(at_least(2, rows.width)) {}

    std::int64_t planes() const { return planes_; }
    // Whole squares, which a row may fill beyond its last plane.
    std::int64_t size() const { return (planes_ / width + 1) * width * width; }
    const V& codes() const { return codes_; }
    const LaneMask<T>& known() const { return known_; }

    // The classes of n rows, from now on; beyond them there are rows that are never right.
    void face(std::int64_t at, std::int64_t n) {
        std::int64_t scratch[width];
        const std::int64_t* own = polyfuse::codes(verdict_.y, at, n, verdict_.low, scratch);
        for (std::int64_t l = 0; l < width; ++l) face_lane(l, l < n ? own[l] : -1);
        known_ = codes_ >= T(0);
    }

    // The same of n rows that `row` names.
    void face(const std::int64_t* row, std::int64_t n) {
        for (std::int64_t l = 0; l < width; ++l) {
            std::int64_t scratch;
            const Labels& y = verdict_.y;
            face_lane(l, l < n ? *polyfuse::codes(y, row[l], 1, verdict_.low, &scratch) : -1);
        }
        known_ = codes_ >= T(0);
    }

    // Modality b of the rows that `row` names, classes in their order.
    void load(std::int64_t b, const std::int64_t* row, T* tile) const {
        const Block& block = rows_.blocks[b];
        const T* at[width];
        for (std::int64_t l = 0; l < width; ++l) at[l] = values(b, row[l]);
        spread(at, values(b, rows_.n_rows), tile);
        lift(b, tile);
        for (std::int64_t l = 0; l < width; ++l) {
            const bool there = !block.present || block.present[row[l]];
            tile[planes_ * width + l] = there ? T(1) : T(0);
            if (!there)
                for (std::int64_t j = 0; j < planes_; ++j) tile[j * width + l] = nothing_;
        }
    }

    // What stands for modality b in every row, a score for each output; classes in their order.
    void load_baseline(std::int64_t b, const double* scores, T* tile) const {
        fill(scores, T(1), tile);
        lift(b, tile);
    }

    // What a fold begins with, classes in their order.
    void load_start(T* tile) const {
        fill(verdict_.start, T(0), tile);
        if (verdict_.fold == ScoreFold::greatest || verdict_.fold == ScoreFold::least)
            for (std::int64_t i = 0; i < planes_ * width; ++i) tile[i] = nothing_;
    }

    // Swap the class of each row and the first; once more, and they are in their order again.
    void turn(T* tile) const {
        for (std::int64_t l = 0; l < width; ++l) std::swap(tile[l], tile[swap_[l] * width + l]);
    }

    const T* values(std::int64_t b, std::int64_t row) const {
        return reinterpret_cast<const T*>(rows_.blocks[b].data) + row * rows_.width;
    }

    // Which rows are right, given a vector of each plane; a row without a modality says `nothing`.
    template <class At>
    LaneMask<T> right(At at) const {
        const V own = at(0);
        V most = at(1);
        for (std::int64_t j = 2; j < planes_; ++j) most = GreatestScore::combine(most, at(j));
        LaneMask<T> won = own > most;
        if (lane_bits(own == most)) {
            // Those that win. Plane j is that of an earlier class up to the one displaced. As
            // numbers: GCC 12 fails at masks of both kinds of comparison on the baseline.
            V better = own < most ? V{} + T(1) : V{};
            for (std::int64_t j = 1; j < planes_; ++j) {
                const V earlier = codes_ >= static_cast<T>(j) ? V{} + T(1) : V{};
                better += at(j) == own ? earlier : V{};
            }
            won = better == T(0);
        }
        return judged(won, at(planes_));
    }

    // The same of planes in the order of the classes.
    template <class At>
    LaneMask<T> right_in_order(At at) const {
        V most = at(0), first = V{};
        for (std::int64_t j = 1; j < planes_; ++j) {
            const V x = at(j);
            first = x > most ? V{} + static_cast<T>(j) : first;
            most = GreatestScore::combine(x, most);
        }
        return judged(first == codes_, at(planes_));
    }

   private:
    void face_lane(std::int64_t l, std::int64_t code) {
        const bool is = static_cast<std::uint64_t>(code) < static_cast<std::uint64_t>(planes_);
        swap_[l] = is ? code : 0;
        codes_[l] = is ? static_cast<T>(code) : T(-1);
    }

    LaneMask<T> judged(const LaneMask<T>& won, const V& n_there) const {
        const LaneMask<T> fallback = codes_ == static_cast<T>(verdict_.nothing);
        const LaneMask<T> there = n_there > T(0);
        return ((there & won) | (~there & fallback)) & known_;
    }

    void spread(const T* const* row, const T* end, T* tile) const {
        if (rows_.width == 1) {
            for (std::int64_t l = 0; l < width; ++l) {
                tile[l] = T(0);
                tile[width + l] = *row[l];
            }
            return;
        }
        const std::int64_t whole = planes_ / width * width;
        for (std::int64_t j = 0; j < whole; j += width) square(row, j, tile);
        if (whole == planes_) return;
        // A vector may take some of the next row along, unless the memory ends there.
        bool inside = true;
        for (std::int64_t l = 0; l < width; ++l) inside &= row[l] + whole + width <= end;
        if (inside) return square(row, whole, tile);
        for (std::int64_t j = whole; j < planes_; ++j)
            for (std::int64_t l = 0; l < width; ++l) tile[j * width + l] = row[l][j];
    }

    void square(const T* const* row, std::int64_t j, T* tile) const {
        transpose_square<T>([&](int l) { return row[l] + j; }, tile + j * width, width);
    }

    void fill(const double* scores, T there, T* tile) const {
        const bool single = rows_.width == 1;
        for (std::int64_t j = 0; j < planes_; ++j)
            for (std::int64_t l = 0; l < width; ++l)
                tile[j * width + l] = single && j == 0 ? T(0) : static_cast<T>(scores[j - single]);
        for (std::int64_t l = 0; l < width; ++l) tile[planes_ * width + l] = there;
    }

    void lift(std::int64_t b, T* tile) const {
        const T weight = static_cast<T>(rows_.weights[b]);
        const std::int64_t first = rows_.width == 1 ? width : 0, n = planes_ * width;
        if (verdict_.fold == ScoreFold::logs)
            for (std::int64_t i = first; i < n; ++i)
                tile[i] = weight * static_cast<T>(log_of(static_cast<double>(tile[i])));
        else if (verdict_.fold == ScoreFold::sum)
            for (std::int64_t i = first; i < n; ++i) tile[i] *= weight;
    }

    const Rows& rows_;
    const Verdict& verdict_;
    T nothing_;
    std::int64_t planes_;
    V codes_{};
    LaneMask<T> known_{};
    std::int64_t swap_[width]{};
};

// f<Fold>() for the fold of a verdict.
template <class F>
void with_score_fold(ScoreFold fold, F f) {
    switch (fold) {
        case ScoreFold::greatest: return f.template operator()<GreatestScore>();
        case ScoreFold::least: return f.template operator()<LeastScore>();
        default: return f.template operator()<AddedScores>();
    }
}

// One tile folded into another; the last plane counts.
template <class T, class Fold>
void fold_tiles(const T* a, const T* b, std::int64_t planes, T* out) {
    constexpr std::int64_t width = vector_width<T>;
    for (std::int64_t j = 0; j < planes * width; j += width)
        store_vector(out + j, Fold::combine(load_vector(a + j), load_vector(b + j)));
    const std::int64_t last = planes * width;
    store_vector(out + last, load_vector(a + last) + load_vector(b + last));
}

}  // namespace
}  // namespace polyfuse
