// HOW fast chains run: sums over lanes, all chains in one order.
//
// Order: that of kernels/lanes.hpp within a row; each chain by itself takes the steps of
// kernels/chain_steps.hpp, whichever chains run together. Exact: the same bits on every level.
// Shape: the update of one row, the norm it leaves and the score of the next row are one sweep
// over the weights; several models read the row while it is in registers, and what else they do
// in a step they do side by side.
#pragma once

#include "kernels/chain_lanes.hpp"
#include "kernels/lanes.hpp"

namespace polyfuse {
namespace {

// A row as the lanes read it: what does not fill them stands apart, behind it zeros.
template <class T>
struct LanedRow {
    const T* x;
    Vector<T> tail[Lanes<T>::n_parts];
};

// The first m of n values: those that end with them are loaded, so as not to read behind the row,
// and moved down, because a vector that is read where its values were just written waits for them.
template <class T>
Vector<T> first_of(const T* row, std::int64_t at, std::int64_t m) {
    using Index = decltype(Vector<T>{} < Vector<T>{});
    constexpr std::int64_t n = vector_width<T>;
    Vector<T> v{};
    if (m <= 0) return v;
    if (at + m < n) {
        for (std::int64_t l = 0; l < m; ++l) v[l] = row[at + l];
        return v;
    }
    Index from;
    for (std::int64_t l = 0; l < n; ++l) from[l] = l;
    from += static_cast<std::remove_reference_t<decltype(from[0])>>(m < n ? n - m : 0);
    return __builtin_shuffle(load_vector(row + at - (m < n ? n - m : 0)), v, from);
}

template <class T>
void lay(const T* x, std::int64_t d, LanedRow<T>& row) {
    row.x = x;
    const std::int64_t whole = d / n_lanes * n_lanes;
    for (std::int64_t p = 0; whole < d && p < Lanes<T>::n_parts; ++p) {
        const std::int64_t at = whole + p * vector_width<T>;
        row.tail[p] = first_of(x, at, d - at);
    }
}

// The sweep of `width` chains, whose weights lie side by side, 16 of one and 16 of the next, `apart`
// elements from those 16 to the following ones, zeros behind the last. All move by row `prev`,
// times a factor each, and score row `x`; `coming` is the row to ask for meanwhile.
template <class T>
struct FastSweep {
    T* w;
    std::int64_t apart;
    const T* factor;
    const LanedRow<T>&prev, &x;
    const T* coming;
};

template <bool moves, bool norms, int width, class T>
[[gnu::always_inline]] inline void fast_sweep(const FastSweep<T>& s, std::int64_t d, T* inner,
                                              T* square) {
    constexpr std::int64_t n = Lanes<T>::width, n_parts = Lanes<T>::n_parts;
    Vector<T> sums[width][n_parts], squares[width][n_parts], factor[width];
    for (int c = 0; c < width; ++c) {
        if constexpr (moves) factor[c] = filled<Vector<T>>(s.factor[c]);
        for (std::int64_t p = 0; p < n_parts; ++p) sums[c][p] = squares[c][p] = Vector<T>{};
    }
    const auto add = [&](const Vector<T>& before, const Vector<T>& now, T* at, std::int64_t p) {
        for (int c = 0; c < width; ++c) {
            Vector<T> w = load_vector(at + c * n_lanes);
            if constexpr (moves) {
                w += before * factor[c];
                store_vector(at + c * n_lanes, w);
            }
            sums[c][p] += w * now;
            if constexpr (norms) squares[c][p] += w * w;
        }
    };
    T* w = s.w;
    std::int64_t j = 0;
    for (; j + n_lanes <= d; j += n_lanes, w += s.apart)
        for (std::int64_t p = 0; p < n_parts; ++p) {
            const std::int64_t at = j + p * n;
            ask(s.coming, at);
            add(moves ? load_vector(s.prev.x + at) : Vector<T>{}, load_vector(s.x.x + at),
                w + p * n, p);
        }
    __builtin_prefetch(s.coming + d - 1, 0, 2);
    for (std::int64_t p = 0; p < n_parts; ++p)
        if (j + p * n < d) add(s.prev.tail[p], s.x.tail[p], w + p * n, p);
    add_all_lanes<width, T, n_parts>(sums, inner);
    if constexpr (norms) add_all_lanes<width, T, n_parts>(squares, square);
}

// Fast chains with copies of their weights. A group of them steps right after its sweep, so that
// the sweep of the next group hides what its numbers wait for each other.
template <class T>
class FastRun {
   public:
    // Scratch: that of a reader, then fast_scratch; scores: one for each chain.
    FastRun(const Rows& all, const Chains<T>& chains, const Visits& visits, T* scratch,
            double* scores)
        : chains_(chains), visits_(visits), reader_(all, visits.order, visits.n, scratch),
          apart_(chains.n * n_lanes), copy_(scratch + chain_scratch(all, sizeof(T))),
          factor_(copy_ + chains.n * padded(chains.width)),
          lanes_(reinterpret_cast<double*>(factor_ + padded(chains.n))), scores_(scores),
          softmax_(chains.chain[0].loss == ChainLoss::multinomial),
          in_lanes_(!softmax_ && alike_from(chains.chain, chains.n) == chains.n) {
        const std::int64_t size = chains.n * padded(chains.width);
        std::memset(copy_, 0, static_cast<std::size_t>(size) * sizeof(T));
        for (std::int64_t c = 0; c < chains.n; ++c) {
            for (std::int64_t j = 0; j < chains.width; ++j)
                weight(c, j) = chains.coef[c * chains.width + j];
            norms_ = norms_ || chains.chain[c].objective;
        }
        for_each_lanes([](const Chain* chain, auto& own, int n) { open_lanes(chain, n, own); });
    }

    void run() {
        for (std::int64_t i = 0; i < visits_.n; ++i) {
            const bool starts = i % reader_.height() == 0;
            if (starts && i > 0) flush();
            moves_ = !starts;
            turn_ = static_cast<int>(i % 2);
            ask_told(visits_, i);
            lay(reader_.row(i), chains_.width, rows_[turn_]);
            const T* coming = reader_.coming(i);
            in_groups<n_chains<T>>(chains_.n, [&]<int width>(std::int64_t from) {
                norms_ ? step_group<width, true>(from, visits_.order[i], coming)
                       : step_group<width, false>(from, visits_.order[i], coming);
            });
            if (softmax_) step_classes(visits_.order[i]);
        }
        flush();
        for_each_lanes([](Chain* chain, const auto& own, int n) { close_lanes(own, n, chain); });
        for (std::int64_t c = 0; c < chains_.n; ++c)
            for (std::int64_t j = 0; j < chains_.width; ++j)
                chains_.coef[c * chains_.width + j] = weight(c, j);
    }

   private:
    T& weight(std::int64_t c, std::int64_t j) const {
        return copy_[j / n_lanes * apart_ + c * n_lanes + j % n_lanes];
    }

    void rescale(std::int64_t c, T scale) const {
        for (std::int64_t j = 0; j < chains_.width; ++j) weight(c, j) *= scale;
    }

    template <int width>
    ChainLanes<width>& lanes(std::int64_t from) const {
        static_assert(sizeof(ChainLanes<width>) <= width * numbers_of_lane * sizeof(double));
        return *reinterpret_cast<ChainLanes<width>*>(lanes_ + from * numbers_of_lane);
    }

    // visit(first chain, their lanes, how many) for each group that stands in lanes.
    template <class Visit>
    void for_each_lanes(Visit visit) {
        if (!in_lanes_) return;
        in_groups<n_chains<T>>(chains_.n, [&]<int width>(std::int64_t from) {
            if constexpr (width > 1) visit(chains_.chain + from, lanes<width>(from), width);
        });
    }

    // Add what is pending, at the end of some rows: a sweep whose scores nobody wants.
    void flush() {
        moves_ = true;
        in_groups<n_chains<T>>(chains_.n, [&]<int width>(std::int64_t from) {
            T inner[width], square[width];
            sweep<width, true>(from, rows_[turn_], rows_[turn_].x, inner, square);
            if (norms_) note_group<width>(from, square);
        });
    }

    template <int width, bool norms>
    [[gnu::always_inline]] void sweep(std::int64_t from, const LanedRow<T>& prev, const T* coming,
                                      T* inner, T* square) {
        const FastSweep<T> s{copy_ + from * n_lanes, apart_,        factor_ + from,
                             prev,                   rows_[turn_],  coming};
        moves_ ? fast_sweep<true, norms, width>(s, chains_.width, inner, square)
               : fast_sweep<false, norms, width>(s, chains_.width, inner, square);
    }

    // The norms that the row before has left.
    template <int width>
    void note_group(std::int64_t from, const T* square) {
        if constexpr (width > 1)
            if (in_lanes_) {
                using W = Vector<T, width>;
                note_lane_norms<T>(lanes<width>(from), as<double>(load_as<W>(factor_ + from)) != 0.0,
                                   as<double>(load_as<W>(square)), Vector<double, width>{});
                return;
            }
        for (int c = 0; c < width; ++c)
            if (factor_[from + c] != T(0))
                note_norms<T>(chains_.chain[from + c], static_cast<double>(square[c]), 0.0);
    }

    // Chains [from, from + width) over the row of this turn.
    template <int width, bool norms>
    void step_group(std::int64_t from, std::int64_t i, const T* coming) {
        T inner[width], square[width];
        sweep<width, norms>(from, rows_[1 - turn_], coming, inner, square);
        if (norms && moves_) note_group<width>(from, square);
        if constexpr (width > 1)
            if (in_lanes_) return step_in_lanes<width>(from, i, inner);
        for (int c = 0; c < width; ++c) {
            Chain& chain = chains_.chain[from + c];
            const DenseRow<T> row{rows_[turn_].x, chains_.width};
            const double p = score_with<T>(chain, static_cast<double>(inner[c]));
            const auto rescale_own = [&](T scale) { rescale(from + c, scale); };
            if (softmax_)
                scores_[from + c] = p;
            else
                factor_[from + c] = hear<false>(chain, row, p, visits_, i, rescale_own).factor;
        }
    }

    template <int width>
    [[gnu::always_inline]] void step_in_lanes(std::int64_t from, std::int64_t i, const T* inner) {
        using V = Vector<double, width>;
        using W = Vector<T, width>;
        const W factor =
            step_lanes<T, width>(lanes<width>(from), as<double>(load_as<W>(inner)),
                                 filled<V>(visits_.targets[i]), filled<W>(sample_weight<T>(visits_, i)),
                                 [&](std::int64_t c, T scale) { rescale(from + c, scale); })
                .factor;
        std::memcpy(factor_ + from, &factor, sizeof factor);
    }

    // The classes of one model, once all their scores are known.
    void step_classes(std::int64_t i) {
        softmax_slopes(chains_, visits_.targets[i], scores_,
                       [&](std::int64_t c) { return class_penalty_of(chains_.chain[c]); });
        const T weight = softmax_weight(chains_, visits_, i);
        for (std::int64_t c = 0; c < chains_.n; ++c) {
            Chain& chain = chains_.chain[c];
            set_eta(chain);
            factor_[c] = decide<T>(chain, -chain.eta * scores_[c] * static_cast<double>(weight),
                                   [&](T scale) { rescale(c, scale); });
        }
    }

    const Chains<T>& chains_;
    const Visits& visits_;
    DenseReader<T> reader_;
    std::int64_t apart_;
    T *copy_, *factor_;
    double *lanes_, *scores_;
    bool softmax_, in_lanes_, norms_ = false, moves_ = false;
    int turn_ = 0;
    LanedRow<T> rows_[2];  // the one that is heard now and the one before, by turns
};

}  // namespace
}  // namespace polyfuse
