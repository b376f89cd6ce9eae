// HOW exact chains run: the bits of scikit-learn, whose sums go from left to right.
//
// Order: each chain by itself takes the steps of kernels/chain_steps.hpp; which chains run together
// never shows. Exact: SIMD may only take what is elementwise, and chains, which never mix. Shape:
// the update of one row, the norm it leaves and the score of the next row are one sweep over the
// weights. An exact sum is a chain of dependent additions, three or four cycles each: models that
// visit the same rows are lanes of vectors, so that an addition serves all of them; others are
// swept up to `chain_group` at a time, so that their sums hide each other's latency.
#pragma once

#include <array>
#include <utility>

#include "kernels/chain_lanes.hpp"

namespace polyfuse {
namespace {

// As many doubles as a register holds, and as many T.
constexpr std::int64_t pack = vector_width<double>;
template <class T>
using Pack = Vector<T, pack>;
using Wide = Vector<double>;

// The sweep of `width` chains: where to, the row to add and by how much (none if null), the row to
// score, the row to ask for meanwhile; and the sums that come out.
template <class T, int width>
struct Sweep {
    T* w[width];
    const T* prev[width];
    const T* x[width];
    const T* coming[width];
    T factor[width];
    double inner[width], square[width], absolute[width];
};

// `norms`: whether |w|² and |w| are wanted.
template <bool norms, int width, class T>
void exact_sweep(Sweep<T, width>& s, std::int64_t d) {
    double inner[width] = {}, square[width] = {}, absolute[width] = {};
    std::int64_t j = 0;
    for (; j + pack <= d; j += pack)
        for (int c = 0; c < width; ++c) {
            ask(s.coming[c], j);
            Pack<T> w = load_as<Pack<T>>(s.w[c] + j);
            if (s.prev[c]) {
                const Pack<T> x = load_as<Pack<T>>(s.prev[c] + j);
                const Wide sum = __builtin_convertvector(w, Wide) +
                                 __builtin_convertvector(x, Wide) *
                                     static_cast<double>(s.factor[c]);
                w = __builtin_convertvector(sum, Pack<T>);
                std::memcpy(s.w[c] + j, &w, sizeof w);
            }
            const Wide p =
                __builtin_convertvector(w * load_as<Pack<T>>(s.x[c] + j), Wide);
            for (std::int64_t l = 0; l < pack; ++l) inner[c] += p[l];
            if constexpr (norms) {
                const Wide q = __builtin_convertvector(w * w, Wide);
                for (std::int64_t l = 0; l < pack; ++l) {
                    square[c] += q[l];
                    absolute[c] += std::fabs(static_cast<double>(w[l]));
                }
            }
        }
    for (int c = 0; c < width; ++c) __builtin_prefetch(s.coming[c] + d - 1, 0, 2);
    for (; j < d; ++j)
        for (int c = 0; c < width; ++c) {
            T& w = s.w[c][j];
            if (s.prev[c]) w = moved<true>(w, s.prev[c][j], s.factor[c]);
            inner[c] += static_cast<double>(w * s.x[c][j]);
            if constexpr (norms) {
                square[c] += static_cast<double>(w * w);
                absolute[c] += std::fabs(static_cast<double>(w));
            }
        }
    for (int c = 0; c < width; ++c)
        s.inner[c] = inner[c], s.square[c] = square[c], s.absolute[c] = absolute[c];
}

// `width` exact chains, each in its own order, in records or, where they are alike, in lanes.
template <bool norms, int width, class T>
class ExactGroup {
   public:
    ExactGroup(const Rows& all, const Chains<T>& chains, const Visits& visits, T* scratch)
        : width_(all.width), chains_(chains), visits_(visits),
          readers_(readers(all, visits, scratch, std::make_index_sequence<width>{})),
          side_(width > 1 && alike_from(chains.chain, width) == width) {
        for (int c = 0; c < width; ++c) sweep_.w[c] = learner(chains, c).w;
    }

    void run() {
        const std::int64_t height = readers_[0].height();
        for (std::int64_t i = 0; i < visits_.n; ++i) {
            if (i % height == 0) flush_all(i == 0);
            for (int c = 0; c < width; ++c)
                ask_told({visits_.order + c * visits_.apart, 0, visits_.n, visits_.targets,
                          visits_.sample_weight}, i);
            for (int c = 0; c < width; ++c) {
                sweep_.x[c] = readers_[c].row(i);
                sweep_.coming[c] = readers_[c].coming(i);
                sweep_.prev[c] = pending_[c].x, sweep_.factor[c] = pending_[c].factor;
            }
            exact_sweep<norms>(sweep_, width_);
            side_ ? step_in_lanes(i) : step_each(i);
        }
        flush_all(false);
    }

   private:
    static constexpr std::int64_t n = width < 3 ? 2 : 4;

    template <std::size_t... c>
    static std::array<DenseReader<T>, width> readers(const Rows& all, const Visits& visits,
                                                     T* scratch, std::index_sequence<c...>) {
        const std::int64_t each = dense_reader_scratch(all.width, all.n_blocks, sizeof(T));
        return {DenseReader<T>(all, visits.order + static_cast<std::ptrdiff_t>(c) * visits.apart,
                               visits.n, scratch + static_cast<std::int64_t>(c) * each)...};
    }

    std::int64_t row(int c, std::int64_t i) const { return visits_.order[c * visits_.apart + i]; }

    void flush_all(bool first) {
        if (side_ && !first) close_lanes(lanes_, width, chains_.chain);
        for (int c = 0; c < width; ++c) {
            if (pending_[c].x)
                add_row<true>(learner(chains_, c), DenseRow<T>{pending_[c].x, width_},
                              pending_[c].factor);
            pending_[c] = {};
        }
        if (side_) open_lanes(chains_.chain, width, lanes_);
    }

    void rescale(std::int64_t c, T scale) {
        for (std::int64_t j = 0; j < width_; ++j) sweep_.w[c][j] *= scale;
    }

    void step_each(std::int64_t i) {
        for (int c = 0; c < width; ++c) {
            const Learner<T> own = learner(chains_, c);
            if (norms && pending_[c].x)
                note_norms<T>(*own.chain, sweep_.square[c], sweep_.absolute[c]);
            const double p = score_with<T>(*own.chain, sweep_.inner[c]);
            pending_[c] = hear<true>(*own.chain, DenseRow<T>{sweep_.x[c], width_}, p, visits_,
                                     row(c, i), [&](T scale) { rescale(c, scale); });
        }
    }

    void step_in_lanes(std::int64_t i) {
        Vector<double, n> inner{}, square{}, absolute{}, target{};
        Vector<T, n> weight{};
        LaneMoves<T, n> moves{};
        for (int c = 0; c < width; ++c) {
            inner[c] = sweep_.inner[c];
            square[c] = sweep_.square[c], absolute[c] = sweep_.absolute[c];
            target[c] = visits_.targets[row(c, i)];
            weight[c] = sample_weight<T>(visits_, row(c, i));
            moves.moved[c] = pending_[c].x ? -1 : 0;
        }
        if (norms) note_lane_norms<T>(lanes_, moves.moved, square, absolute);
        moves = step_lanes<T, n>(lanes_, inner, target, weight, [&](std::int64_t c, T scale) {
            if (c < width) rescale(c, scale);
        });
        for (int c = 0; c < width; ++c)
            pending_[c] = {moves.moved[c] ? sweep_.x[c] : nullptr, moves.factor[c]};
    }

    std::int64_t width_;
    const Chains<T>& chains_;
    const Visits& visits_;
    std::array<DenseReader<T>, width> readers_;
    bool side_;
    ChainLanes<n> lanes_;
    Sweep<T, width> sweep_;
    Pending<T> pending_[width];
};

// Some exact chains that are alike, in one order: weight j of all of them is a vector.
template <bool norms, std::int64_t n, class T>
class ExactLanes {
   public:
    // Scratch: that of a reader, then n weights for each column.
    ExactLanes(const Rows& all, const Chains<T>& chains, const Visits& visits, T* scratch)
        : width_(all.width), chains_(chains), visits_(visits),
          reader_(all, visits.order, visits.n, scratch),
          w_(scratch + dense_reader_scratch(all.width, all.n_blocks, sizeof(T))) {
        open_lanes(chains.chain, chains.n, lanes_);
        for (std::int64_t j = 0; j < width_; ++j)
            for (std::int64_t c = 0; c < n; ++c)
                w_[j * n + c] = c < chains.n ? chains.coef[c * width_ + j] : T(0);
    }

    void run() {
        for (std::int64_t i = 0; i < visits_.n; ++i) {
            if (i % reader_.height() == 0) flush_all();
            ask_told(visits_, i);
            const T *x = reader_.row(i), *coming = reader_.coming(i);
            prev_ ? sweep<true, true>(x, coming) : sweep<false, true>(x, coming);
            const std::int64_t row = visits_.order[i];
            moves_ = step_lanes<T, n>(lanes_, inner_, filled<V>(visits_.targets[row]),
                                      filled<Vector<T, n>>(sample_weight<T>(visits_, row)),
                                      [&](std::int64_t c, T scale) {
                                          for (std::int64_t j = 0; j < width_; ++j)
                                              w_[j * n + c] *= scale;
                                      });
            prev_ = any(moves_.moved) ? x : nullptr;
        }
        flush_all();
        close_lanes(lanes_, chains_.n, chains_.chain);
        for (std::int64_t c = 0; c < chains_.n; ++c)
            for (std::int64_t j = 0; j < width_; ++j) chains_.coef[c * width_ + j] = w_[j * n + c];
    }

   private:
    using V = Vector<double, n>;

    void flush_all() {
        if (prev_) sweep<true, false>(prev_, prev_);
        prev_ = nullptr;
    }

    // Add what is pending, note the norms it leaves, and take the sums of row x.
    template <bool moves, bool scores>
    void sweep(const T* x, const T* coming) {
        V inner{}, square{}, absolute{};
        const V factor = as<double>(moves_.factor);
        for (std::int64_t j = 0; j < width_; ++j) {
            if (scores) ask(coming, j);
            auto w = load_as<Vector<T, n>>(w_ + j * n);
            if constexpr (moves) {
                const V before = as<double>(w);
                const V after = before + static_cast<double>(prev_[j]) * factor;
                w = as<T>(moves_.moved ? after : before);
                std::memcpy(w_ + j * n, &w, sizeof w);
            }
            if constexpr (scores) inner += as<double>(w * x[j]);
            if constexpr (moves && norms) {
                square += as<double>(w * w);
                absolute += magnitude(as<double>(w));
            }
        }
        if constexpr (scores) inner_ = inner;
        if constexpr (moves && norms) note_lane_norms<T>(lanes_, moves_.moved, square, absolute);
    }

    std::int64_t width_;
    const Chains<T>& chains_;
    const Visits& visits_;
    DenseReader<T> reader_;
    T* w_;
    const T* prev_ = nullptr;
    V inner_;
    LaneMoves<T, n> moves_;
    ChainLanes<n> lanes_;
};

// f<norms>() as the chains want it.
template <class T, class F>
void with_norms(const Chains<T>& chains, F f) {
    bool norms = false;
    for (std::int64_t c = 0; c < chains.n; ++c) norms = norms || chains.chain[c].objective;
    norms ? f.template operator()<true>() : f.template operator()<false>();
}

// Some chains that neither average nor truncate, in groups of about one size.
template <class T>
void exact_chains(const Rows& all, const Chains<T>& chains, const Visits& visits, T* scratch) {
    for (std::int64_t c = 0; c < chains.n;) {
        const std::int64_t left = chains.n - c;
        const std::int64_t alike = visits.apart == 0 ? alike_from(chains.chain + c, left) : 0;
        const bool lanes = alike > 1;
        const std::int64_t n = lanes ? ceil_div(alike, ceil_div(alike, chain_lanes))
                                     : ceil_div(left, ceil_div(left, chain_group));
        const Chains<T> own = some_of(chains, c, n);
        Visits ways = visits;
        ways.order += c * visits.apart;
        with_norms(own, [&]<bool norms>() {
            const auto run = [&]<class Run>() { Run(all, own, ways, scratch).run(); };
            if (lanes && n <= 4) return run.template operator()<ExactLanes<norms, 4, T>>();
            if (lanes) return run.template operator()<ExactLanes<norms, chain_lanes, T>>();
            switch (n) {
                case 1: return run.template operator()<ExactGroup<norms, 1, T>>();
                case 2: return run.template operator()<ExactGroup<norms, 2, T>>();
                case 3: return run.template operator()<ExactGroup<norms, 3, T>>();
                default: return run.template operator()<ExactGroup<norms, 4, T>>();
            }
        });
        c += n;
    }
}

}  // namespace
}  // namespace polyfuse
