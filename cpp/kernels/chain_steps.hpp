// HOW a chain takes a step over any row, sparse or dense, whatever its penalty and averaging: a
// sweep for the score, one for the update, one more for each of what few chains have.
//
// Order: that of scikit-learn (ops/chain_ops.hpp). Exact: with `exact`, sums run from left to
// right in double over products of T; else over 16 lanes of T and a fixed tree. Elementwise sweeps
// are the same in both. Shape: plain loops; only the weights that a row touches are visited.
#pragma once

#include "kernels/chain_rows.hpp"
#include "kernels/lanes.hpp"
#include "ops/chain_ops.hpp"
#include "ops/math_ops.hpp"

namespace polyfuse {
namespace {

// One chain: weights, their average and the l1 penalty they have met (null without).
template <class T>
struct Learner {
    Chain* chain;
    T* w;
    T* average;
    T* met;
    std::int64_t width;
};

template <class T>
Learner<T> learner(const Chains<T>& all, std::int64_t c) {
    const std::int64_t d = all.width;
    return {all.chain + c, all.coef + c * d, all.average ? all.average + c * d : nullptr,
            all.met ? all.met + c * d : nullptr, d};
}

// sum_i term(i), from left to right in double, or over the lanes of T.
template <bool exact, class T, class Term>
double sum_of(std::int64_t n, Term term) {
    if constexpr (exact) {
        double total = 0.0;
        for (std::int64_t i = 0; i < n; ++i) total += static_cast<double>(term(i));
        return total;
    } else {
        T lanes[n_lanes] = {};
        const std::int64_t whole = n / n_lanes * n_lanes;
        for (std::int64_t i = 0; i < whole; i += n_lanes)
            for (std::int64_t l = 0; l < n_lanes; ++l) lanes[l] += term(i + l);
        for (std::int64_t i = whole; i < n; ++i) lanes[i - whole] += term(i);
        return static_cast<double>(fold_halves<n_lanes>(lanes, plus));
    }
}

template <bool exact, class T, class Row>
double score_of(const Learner<T>& own, const Row& row) {
    const T* w = own.w;
    const double inner =
        sum_of<exact, T>(row.n, [&](std::int64_t i) { return w[row.column(i)] * row.x[i]; });
    return score_with<T>(*own.chain, inner);
}

// Multiply the scale into the weights, and bring the average up to date. BLAS's axpy, which
// scikit-learn calls here, fuses; so does this.
template <class T>
void settle(const Learner<T>& own) {
    Chain& c = *own.chain;
    const T scale = static_cast<T>(c.scale);
    if (averages(c) && own.average) {
        const T a = static_cast<T>(c.average_a), b = static_cast<T>(1.0 / c.average_b);
        for (std::int64_t j = 0; j < own.width; ++j)
            own.average[j] = std::fma(a, own.w[j], own.average[j]) * b;
        c.average_a = 0.0, c.average_b = 1.0;
    }
    for (std::int64_t j = 0; j < own.width; ++j) own.w[j] *= scale;
    c.scale = 1.0;
}

// A weight after x * factor was added: in double and rounded, or in T.
template <bool exact, class T>
T moved(T w, T x, T factor) {
    if constexpr (!exact) return w + x * factor;
    return static_cast<T>(static_cast<double>(w) +
                          static_cast<double>(x) * static_cast<double>(factor));
}

// Sums as sum_of makes them, of a term at a time.
template <bool exact, class T>
struct RunningSum {
    double total = 0.0;
    T lanes[n_lanes] = {};

    void add(std::int64_t i, T term) {
        if constexpr (exact)
            total += static_cast<double>(term);
        else
            lanes[i % n_lanes] += term;
    }
    double sum() {
        if constexpr (exact) return total;
        return static_cast<double>(fold_halves<n_lanes>(lanes, plus));
    }
};

// w_j += x_j * factor; the norms only if the objective is wanted. A sparse row may name a column
// twice: the norms then hold both what it was and what it became, as scikit-learn's do.
template <bool exact, class T, class Row>
void add_row(const Learner<T>& own, const Row& row, T factor) {
    Chain& c = *own.chain;
    const bool norms = c.objective && (exact || factor != T(0));
    constexpr bool lanes = !exact && std::is_same_v<Row, DenseRow<T>>;
    if (lanes || !norms)
        for (std::int64_t i = 0; i < row.n; ++i) {
            T& v = own.w[row.column(i)];
            v = moved<exact>(v, row.x[i], factor);
        }
    if (!norms) return;
    if constexpr (lanes) {  // no column comes twice: the same sums, in vectors
        const T* w = own.w;
        const double absolute =
            truncates(c) ? sum_of<false, T>(row.n, [&](auto i) { return std::fabs(w[i]); }) : 0.0;
        return note_norms<T>(c, sum_of<false, T>(row.n, [&](auto i) { return w[i] * w[i]; }),
                             absolute);
    }
    RunningSum<exact, T> square, absolute;
    for (std::int64_t i = 0; i < row.n; ++i) {
        T& v = own.w[row.column(i)];
        v = moved<exact>(v, row.x[i], factor);
        square.add(i, v * v);
        if (exact || truncates(c)) absolute.add(i, std::fabs(v));
    }
    note_norms<T>(c, square.sum(), absolute.sum());
}

// Averaging by two scalars: Bottou, Stochastic Gradient Descent Tricks, 2012, section 5.1.
template <class T, class Row>
void add_average(const Learner<T>& own, const Row& row, T update) {
    Chain& c = *own.chain;
    const T count = static_cast<T>(c.t - static_cast<double>(c.average) + 1.0);
    const double step = 1.0 / static_cast<double>(count);
    const double back = static_cast<double>(-update) / c.scale;
    for (std::int64_t i = 0; i < row.n; ++i) {
        T& v = own.average[row.column(i)];
        v = static_cast<T>(static_cast<double>(v) +
                           c.average_a * static_cast<double>(row.x[i]) * back);
    }
    if (count > T(1)) c.average_b /= 1.0 - step;
    c.average_a += step * c.average_b * c.scale;
}

inline void average_intercept(Chain& c) {
    const double n = c.t - static_cast<double>(c.average) + 1.0;
    c.average_intercept += (c.intercept - c.average_intercept) / n;
}

inline bool averages_now(const Chain& c) {
    return averages(c) && static_cast<double>(c.average) <= c.t;
}

// The truncated gradient: Tsuruoka, Tsujii and Ananiadou, ACL 2009, section 3.2.
template <class T, class Row>
void truncate(const Learner<T>& own, const Row& row) {
    Chain& c = *own.chain;
    c.u += c.l1_ratio * c.eta * c.alpha;
    const double u = c.u, scale = c.scale;
    for (std::int64_t i = 0; i < row.n; ++i) {
        T& w = own.w[row.column(i)];
        T& met = own.met[row.column(i)];
        const double z = static_cast<double>(w), q = static_cast<double>(met);
        const double down = z - (u + q) / scale, up = z + (u - q) / scale;
        if (scale * z > 0.0)
            w = static_cast<T>(down > 0.0 ? down : 0.0);
        else if (scale * z < 0.0)
            w = static_cast<T>(up < 0.0 ? up : 0.0);
        met = static_cast<T>(q + scale * (static_cast<double>(w) - z));
    }
}

// Whether to add zero: what FastRun does (kernels/chain_fast.hpp) shows in the sign of zeros.
template <bool exact, class T, class Row>
constexpr bool adds_zero = !exact && std::is_same_v<Row, DenseRow<T>>;

// What follows once the row has been heard: `pull` is not weighted yet.
template <bool exact, class T, class Row>
void take(const Learner<T>& own, const Row& row, double pull, T weight) {
    Chain& c = *own.chain;
    const double update = pull * static_cast<double>(weight);
    const T rounded = static_cast<T>(update);
    if (decays(c) && shrink<T>(c)) settle(own);
    if (adds_zero<exact, T, Row> || update != 0.0)
        add_row<exact>(own, row, rounded / static_cast<T>(c.scale));
    move_intercept(c, update);
    if (averages_now(c)) {
        add_average(own, row, rounded);
        average_intercept(c);
    }
    if (truncates(c)) truncate(own, row);
    c.t += 1.0;
}

template <class T>
T sample_weight(const Visits& visits, std::int64_t i) {
    return visits.sample_weight ? static_cast<T>(visits.sample_weight[i]) : T(1);
}

// |x|² of a row.
template <bool exact, class Row>
double square_of(const Row& row) {
    return sum_of<exact, double>(row.n, [&](std::int64_t i) {
        const double x = static_cast<double>(row.x[i]);
        return x * x;
    });
}

// What chain c asks for, once its score p of row i is known; false if the row is to be passed over.
// square() is |x|², penalty() that of the weights before the step.
template <class Square, class Of>
bool listen(Chain& c, double y, double p, Square square, Of penalty, double& pull) {
    set_eta(c);
    if (c.objective) note_objective(c, chain_loss(c, y, p), penalty);
    if (passive_aggressive(c)) return passive_pull_of(c, y, p, square(), pull);
    pull = pull_of(c, y, p);
    return true;
}

// One whole step of one chain.
template <bool exact, class T, class Row>
void step(const Learner<T>& own, const Row& row, const Visits& visits, std::int64_t i) {
    Chain& c = *own.chain;
    const double y = target_of<T>(c, visits.targets[i]), p = score_of<exact>(own, row);
    double pull = 0.0;
    if (listen(c, y, p, [&] { return square_of<exact>(row); }, [&] { return penalty_of<T>(c); },
               pull))
        take<exact>(own, row, pull, class_weight<T>(c, y) * sample_weight<T>(visits, i));
    else if (adds_zero<exact, T, Row>)
        add_row<exact>(own, row, T(0));
}

// What a step leaves for the next sweep over the weights: w += x * factor, unless x is null.
template <class T>
struct Pending {
    const T* x = nullptr;
    T factor = T(0);
};

// What an update moves the weights by, which is left pending; rescale(scale) multiplies weights.
template <class T, class Rescale>
T decide(Chain& c, double update, Rescale rescale) {
    if (decays(c) && shrink<T>(c)) rescale(static_cast<T>(c.scale)), c.scale = 1.0;
    move_intercept(c, update);
    c.t += 1.0;
    return static_cast<T>(update) / static_cast<T>(c.scale);
}

// The step of a chain whose score p is known, but for the addition. An exact chain that is not
// moved is left alone, to the sign of its zeros; a fast one adds zero, because whether it moves
// cannot be guessed.
template <bool exact, class T, class Rescale>
Pending<T> hear(Chain& c, const DenseRow<T>& row, double p, const Visits& visits, std::int64_t i,
                Rescale rescale) {
    const double y = target_of<T>(c, visits.targets[i]);
    double pull = 0.0;
    if (!listen(c, y, p, [&] { return square_of<exact>(row); }, [&] { return penalty_of<T>(c); },
                pull))
        return {exact ? nullptr : row.x, T(0)};
    const T weight = class_weight<T>(c, y) * sample_weight<T>(visits, i);
    const double update = pull * static_cast<double>(weight);
    const T factor = decide<T>(c, update, rescale);
    return {exact && update == 0.0 ? nullptr : row.x, factor};
}

// The classes of one model: turn their scores into derivatives of the loss of their softmax, and
// note that loss, and all their penalties, in the first; penalty(c) is that of class c.
template <class T, class Of>
void softmax_slopes(const Chains<T>& all, double code, double* scores, Of penalty) {
    Chain& first = all.chain[0];
    double top = scores[0], total = 0.0, own = 0.0;
    for (std::int64_t c = 1; c < all.n; ++c) top = scores[c] > top ? scores[c] : top;
    for (std::int64_t c = 0; c < all.n; ++c) {
        scores[c] -= top;
        if (static_cast<double>(all.chain[c].positive) == code) own = scores[c];
    }
    for (std::int64_t c = 0; c < all.n; ++c) scores[c] = exp_of(scores[c]);
    for (std::int64_t c = 0; c < all.n; ++c) total += scores[c];
    if (first.objective) {
        const double loss = log_of(total) - own;
        first.loss_sum += loss;
        first.objective_sum += loss;
        for (std::int64_t c = 0; c < all.n; ++c)
            if (all.chain[c].penalty != Penalty::none) first.objective_sum += penalty(c);
    }
    for (std::int64_t c = 0; c < all.n; ++c) {
        scores[c] /= total;
        if (static_cast<double>(all.chain[c].positive) == code) scores[c] -= 1.0;
    }
}

template <class T>
T softmax_weight(const Chains<T>& all, const Visits& visits, std::int64_t i) {
    double weight = visits.sample_weight ? visits.sample_weight[i] : 1.0, own = 0.0;
    for (std::int64_t c = 0; c < all.n; ++c)
        if (static_cast<double>(all.chain[c].positive) == visits.targets[i])
            own = all.chain[c].weight_pos;
    return static_cast<T>(weight * own);
}

template <class T>
double class_penalty_of(const Learner<T>& own) {
    return class_penalty_of(*own.chain);
}

// One step of all classes of one model; own(c) is class c, as a learner or in parts.
template <class T, class Own, class Row>
void softmax_step(const Chains<T>& all, Own own, const Row& row, const Visits& visits,
                  std::int64_t i, double* scores) {
    for (std::int64_t c = 0; c < all.n; ++c) scores[c] = score_of<false>(own(c), row);
    softmax_slopes(all, visits.targets[i], scores,
                   [&](std::int64_t c) { return class_penalty_of(own(c)); });
    const T weight = softmax_weight(all, visits, i);
    for (std::int64_t c = 0; c < all.n; ++c) {
        set_eta(all.chain[c]);
        take<false>(own(c), row, -all.chain[c].eta * scores[c], weight);
    }
}

}  // namespace
}  // namespace polyfuse
