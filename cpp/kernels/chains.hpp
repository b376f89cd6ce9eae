// HOW chains of stochastic gradient descent run: one step per row, several models side by side.
//
// Order: each chain by itself takes the steps of kernels/chain_steps.hpp, in its own order of rows;
// which chains run together never shows. Exact: with `exact`, the bits are scikit-learn's: its
// sums run from left to right, and SIMD may only take what is elementwise (products, updates).
// Shape: where a chain neither averages nor truncates, the update of one row, the norm it leaves
// and the score of the next row are one sweep over the weights. An exact sum is a chain of
// dependent additions, three or four cycles each, so up to `chain_group` models are swept
// together: their sums hide each other's latency. Without `exact` all models read the same row.
#pragma once

#include <array>
#include <utility>

#include "kernels/chain_steps.hpp"

namespace polyfuse {
namespace {

// As many doubles as a register holds, and as many T.
constexpr std::int64_t pack = vector_width<double>;
template <class T>
using Pack = Vector<T, pack>;
using Wide = Vector<double>;

// The sweep of `width` chains: where to, the row to add and by how much (none if null), the row to
// score; and the sums that come out.
template <class T, int width>
struct Sweep {
    T* w[width];
    const T* prev[width];
    const T* x[width];
    const T* coming[width];  // to be asked for meanwhile
    T factor[width];
    double inner[width], square[width], absolute[width];
};

// Ask for the line that begins with element j, into L2, which can wait for more lines than L1.
template <class T>
[[gnu::always_inline]] inline void ask(const T* x, std::int64_t j) {
    if (j % (64 / static_cast<std::int64_t>(sizeof(T))) == 0) __builtin_prefetch(x + j, 0, 2);
}

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

// A row as the lanes read it: what does not fill them is copied behind zeros.
template <class T>
struct LanedRow {
    const T* x;
    T tail[n_lanes];
};

template <class T>
void lay(const T* x, std::int64_t d, LanedRow<T>& row) {
    row.x = x;
    const std::int64_t whole = d / n_lanes * n_lanes;
    for (std::int64_t j = whole; j < d; ++j) row.tail[j - whole] = x[j];
}

// The same over lanes of T: all chains move by row `prev`, and score row `x`. Their weights are
// padded with zeros to whole lanes.
template <bool moves, bool norms, int width, class T>
void fast_sweep(Sweep<T, width>& s, const LanedRow<T>& prev, const LanedRow<T>& x,
                std::int64_t d) {
    constexpr std::int64_t n = Lanes<T>::width, n_parts = Lanes<T>::n_parts;
    Lanes<T> inner[width] = {}, square[width] = {};
    const auto part = [&](const T* before, const T* now, std::int64_t j, std::int64_t p) {
        const Vector<T> v = load_vector(now);
        Vector<T> step{};
        if constexpr (moves) step = load_vector(before);
        for (int c = 0; c < width; ++c) {
            Vector<T> w = load_vector(s.w[c] + j);
            if constexpr (moves) {
                w += step * s.factor[c];
                store_vector(s.w[c] + j, w);
            }
            inner[c].part[p] += w * v;
            if constexpr (norms) square[c].part[p] += w * w;
        }
    };
    std::int64_t j = 0;
    for (; j + n_lanes <= d; j += n_lanes)
        for (std::int64_t p = 0; p < n_parts; ++p) {
            ask(s.coming[0], j + p * n);
            part(prev.x + j + p * n, x.x + j + p * n, j + p * n, p);
        }
    __builtin_prefetch(s.coming[0] + d - 1, 0, 2);
    for (std::int64_t p = 0; j < d && p < n_parts; ++p)
        part(prev.tail + p * n, x.tail + p * n, j + p * n, p);
    for (int c = 0; c < width; ++c) {
        s.inner[c] = static_cast<double>(add_lanes<T>(inner[c]));
        s.square[c] = norms ? static_cast<double>(add_lanes<T>(square[c])) : 0.0;
    }
}

// The step of a chain whose score is known, but for the addition, which is left pending. An exact
// chain that is not moved is left alone, to the sign of its zeros; a fast one adds zero, because
// whether it moves cannot be guessed.
template <bool exact, class T>
Pending<T> decide(const Learner<T>& own, const T* x, double pull, T weight) {
    Chain& c = *own.chain;
    const double update = pull * static_cast<double>(weight);
    if (decays(c) && shrink<T>(c)) settle(own);
    move_intercept(c, update);
    c.t += 1.0;
    if (exact && update == 0.0) return {};
    return {x, static_cast<T>(update) / static_cast<T>(c.scale)};
}

template <bool exact, class T>
Pending<T> hear(const Learner<T>& own, const T* x, double p, const Visits& visits,
                std::int64_t i) {
    Chain& c = *own.chain;
    const double y = target_of<T>(c, visits.targets[i]);
    double pull = 0.0;
    if (!listen(c, y, p, [&] { return square_of<exact>(DenseRow<T>{x, own.width}); },
                [&] { return penalty_of<T>(c); }, pull))
        return {exact ? nullptr : x, T(0)};
    return decide<exact>(own, x, pull, class_weight<T>(c, y) * sample_weight<T>(visits, i));
}

// Add what is pending, at the end of some rows.
template <bool exact, class T>
void flush(const Learner<T>& own, Pending<T>& pending) {
    if (pending.x) add_row<exact>(own, DenseRow<T>{pending.x, own.width}, pending.factor);
    pending = {};
}

// `width` exact chains, each in its own order.
template <bool norms, int width, class T>
void exact_group(const Rows& all, const Chains<T>& chains, std::int64_t first,
                 const Visits& visits, T* scratch) {
    const std::int64_t each = dense_reader_scratch(all.width, all.n_blocks, sizeof(T));
    const auto order = [&](int c) { return visits.order + (first + c) * visits.apart; };
    const auto reader = [&]<std::size_t... c>(std::index_sequence<c...>) {
        return std::array<DenseReader<T>, width>{
            DenseReader<T>(all, order(static_cast<int>(c)), visits.n,
                           scratch + static_cast<std::int64_t>(c) * each)...};
    };
    auto readers = reader(std::make_index_sequence<width>{});
    Pending<T> pending[width];
    Sweep<T, width> s;
    for (int c = 0; c < width; ++c) s.w[c] = learner(chains, first + c).w;
    const std::int64_t height = readers[0].height();
    for (std::int64_t i = 0; i < visits.n; ++i) {
        for (int c = 0; c < width; ++c) {
            if (i % height == 0) flush<true>(learner(chains, first + c), pending[c]);
            s.x[c] = readers[c].row(i);
            s.coming[c] = readers[c].coming(i);
            s.prev[c] = pending[c].x, s.factor[c] = pending[c].factor;
        }
        exact_sweep<norms>(s, all.width);
        for (int c = 0; c < width; ++c) {
            const Learner<T> own = learner(chains, first + c);
            if (norms && pending[c].x) note_norms<T>(*own.chain, s.square[c], s.absolute[c]);
            const double p = score_with<T>(*own.chain, s.inner[c]);
            pending[c] = hear<true>(own, s.x[c], p, visits, order(c)[i]);
        }
    }
    for (int c = 0; c < width; ++c) flush<true>(learner(chains, first + c), pending[c]);
}

// Fast chains, all on one order of rows, with padded copies of their weights.
template <class T>
struct FastRun {
    Chains<T> chains;  // coef is the copy
    std::int64_t ld;
    bool norms, softmax;
    double* scores;
    Pending<T>* pending;
    LanedRow<T> rows[2];  // the one that is heard now and the one before, by turns

    Learner<T> own(std::int64_t c) const {
        return {chains.chain + c, chains.coef + c * ld, nullptr, nullptr, chains.width};
    }
};

// A sweep of chains [from, from + width) over the row of this turn.
template <int width, class T>
void fast_group(const FastRun<T>& run, std::int64_t from, bool moves, int turn, const T* coming) {
    Sweep<T, width> s;
    s.coming[0] = coming;
    for (int c = 0; c < width; ++c) {
        s.w[c] = run.own(from + c).w;
        s.factor[c] = run.pending[from + c].factor;
    }
    const std::int64_t d = run.chains.width;
    const LanedRow<T>&x = run.rows[turn], &prev = run.rows[1 - turn];
    if (run.norms)
        moves ? fast_sweep<true, true>(s, prev, x, d) : fast_sweep<false, true>(s, prev, x, d);
    else
        moves ? fast_sweep<true, false>(s, prev, x, d) : fast_sweep<false, false>(s, prev, x, d);
    for (int c = 0; c < width; ++c) {
        Chain& own = run.chains.chain[from + c];
        if (run.norms && moves && s.factor[c] != T(0)) note_norms<T>(own, s.square[c], 0.0);
        run.scores[from + c] = score_with<T>(own, s.inner[c]);
    }
}

template <class T>
void hear_all(const FastRun<T>& run, const T* x, const Visits& visits, std::int64_t i) {
    T weight = T(1);
    if (run.softmax) {
        softmax_slopes(run.chains, visits.targets[i], run.scores,
                       [&](std::int64_t c) { return class_penalty_of(run.chains.chain[c]); });
        weight = softmax_weight(run.chains, visits, i);
    }
    for (std::int64_t c = 0; c < run.chains.n; ++c) {
        const Learner<T> own = run.own(c);
        if (run.softmax) {
            set_eta(*own.chain);
            run.pending[c] = decide<false>(own, x, -own.chain->eta * run.scores[c], weight);
        } else {
            run.pending[c] = hear<false>(own, x, run.scores[c], visits, i);
        }
    }
}

// Scratch: that of a reader, then the copies.
template <class T>
void fast_chains(const Rows& all, const Chains<T>& chains, const Visits& visits, T* scratch,
                 double* scores, Pending<T>* pending) {
    const std::int64_t d = chains.width, ld = padded(d);
    T* copy = scratch + chain_scratch(all, sizeof(T));
    FastRun<T> run{chains, ld, false, chains.chain[0].loss == ChainLoss::multinomial, scores,
                   pending, {}};
    run.chains.coef = copy;
    for (std::int64_t c = 0; c < chains.n; ++c) {
        std::memset(copy + c * ld, 0, static_cast<std::size_t>(ld) * sizeof(T));
        std::memcpy(copy + c * ld, chains.coef + c * d, static_cast<std::size_t>(d) * sizeof(T));
        run.norms = run.norms || chains.chain[c].objective;
    }
    DenseReader<T> reader(all, visits.order, visits.n, scratch);
    const auto flush_all = [&] {
        for (std::int64_t c = 0; c < chains.n; ++c) flush<false>(run.own(c), pending[c]);
    };
    for (std::int64_t i = 0; i < visits.n; ++i) {
        const bool first = i % reader.height() == 0;
        if (first) flush_all();
        const int turn = static_cast<int>(i % 2);
        const T *x = reader.row(i), *coming = reader.coming(i);
        lay(x, d, run.rows[turn]);
        in_groups<n_chains<T>>(chains.n, [&]<int width>(std::int64_t from) {
            fast_group<width>(run, from, !first, turn, coming);
        });
        hear_all(run, x, visits, visits.order[i]);
    }
    flush_all();
    for (std::int64_t c = 0; c < chains.n; ++c)
        std::memcpy(chains.coef + c * d, copy + c * ld, static_cast<std::size_t>(d) * sizeof(T));
}

// One chain that averages or truncates, or whose rows are sparse.
template <bool exact, class T>
void single_chain(const Rows& all, const Learner<T>& own, const Visits& visits,
                  const std::int64_t* order, T* scratch) {
    for_each_row(all, order, visits.n, scratch, [&](const auto& row, std::int64_t i) {
        step<exact>(own, row, visits, i);
    });
}

// The classes of one model that average or truncate, or whose rows are sparse.
template <class T>
void softmax_chains(const Rows& all, const Chains<T>& chains, const Visits& visits, T* scratch,
                    double* scores) {
    const auto own = [&](std::int64_t c) { return learner(chains, c); };
    for_each_row(all, visits.order, visits.n, scratch, [&](const auto& row, std::int64_t i) {
        softmax_step(chains, own, row, visits, i, scores);
    });
}

// Whether the update of a chain can wait for the next sweep.
inline bool sweeps(const Chain& c) { return !averages(c) && !truncates(c); }

template <class T>
void exact_groups(const Rows& all, const Chains<T>& chains, std::int64_t first, std::int64_t n,
                  const Visits& visits, T* scratch) {
    bool norms = false;
    for (std::int64_t c = first; c < first + n; ++c)
        norms = norms || chains.chain[c].objective;
    const auto run = [&]<int width>() {
        norms ? exact_group<true, width>(all, chains, first, visits, scratch)
              : exact_group<false, width>(all, chains, first, visits, scratch);
    };
    switch (n) {
        case 1: return run.template operator()<1>();
        case 2: return run.template operator()<2>();
        case 3: return run.template operator()<3>();
        default: return run.template operator()<4>();
    }
}

// The steps of some chains. Scratch: chain_scratch elements.
template <class T>
void chains(const Rows& all, const Chains<T>& chains, const Visits& visits, bool exact, T* scratch,
            double* scores, Pending<T>* pending) {
    const bool sparse = is_sparse(all), softmax = chains.chain[0].loss == ChainLoss::multinomial;
    bool together = !sparse;
    for (std::int64_t c = 0; c < chains.n; ++c) together = together && sweeps(chains.chain[c]);
    if (!exact && together) return fast_chains(all, chains, visits, scratch, scores, pending);
    if (!exact && softmax) return softmax_chains(all, chains, visits, scratch, scores);
    for (std::int64_t c = 0; c < chains.n;) {
        std::int64_t n = 0;
        while (exact && !sparse && c + n < chains.n && sweeps(chains.chain[c + n])) ++n;
        if (n > 0) {  // in groups of about one size
            n = ceil_div(n, ceil_div(n, chain_group));
            exact_groups(all, chains, c, n, visits, scratch);
            c += n;
            continue;
        }
        const Learner<T> own = learner(chains, c);
        const std::int64_t* order = visits.order + c * visits.apart;
        exact ? single_chain<true>(all, own, visits, order, scratch)
              : single_chain<false>(all, own, visits, order, scratch);
        ++c;
    }
}

template <class T>
void settle_chains(const Chains<T>& chains) {
    for (std::int64_t c = 0; c < chains.n; ++c) settle(learner(chains, c));
}

}  // namespace
}  // namespace polyfuse
