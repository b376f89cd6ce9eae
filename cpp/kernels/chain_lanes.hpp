// HOW chains stand side by side: each of a few is a lane of vectors of their numbers.
//
// Order and exact: the formulas are those of one chain (ops/chain_ops.hpp), and lanes never mix.
// Shape: what a step does besides its sums is some thirty operations on numbers that depend on
// each other; for eight chains in the lanes of a register they cost about what they cost for one.
#pragma once

#include "kernels/chain_steps.hpp"

namespace polyfuse {
namespace {

template <std::int64_t n>
struct ChainLanes {
    using V = Vector<double, n>;
    ChainLoss loss;
    Penalty penalty;
    Schedule schedule;
    std::int64_t fit_intercept, one_class, objective;
    bool of_classes;
    V positive, alpha, l1_ratio, eta0, power_t, epsilon, optimal_init, weight_pos, weight_neg,
        intercept_decay, intercept, eta, t, scale, sq_norm, l1_norm, loss_sum, objective_sum;
};

template <std::int64_t n>
bool classifies(const ChainLanes<n>& c) {
    return c.of_classes;
}

// Which number of a chain is which vector.
template <std::int64_t n>
struct LaneField {
    double Chain::*one;
    typename ChainLanes<n>::V ChainLanes<n>::*all;
};
template <std::int64_t n>
constexpr LaneField<n> lane_fields[] = {
    {&Chain::alpha, &ChainLanes<n>::alpha},
    {&Chain::l1_ratio, &ChainLanes<n>::l1_ratio},
    {&Chain::eta0, &ChainLanes<n>::eta0},
    {&Chain::power_t, &ChainLanes<n>::power_t},
    {&Chain::epsilon, &ChainLanes<n>::epsilon},
    {&Chain::optimal_init, &ChainLanes<n>::optimal_init},
    {&Chain::weight_pos, &ChainLanes<n>::weight_pos},
    {&Chain::weight_neg, &ChainLanes<n>::weight_neg},
    {&Chain::intercept_decay, &ChainLanes<n>::intercept_decay},
    {&Chain::intercept, &ChainLanes<n>::intercept},
    {&Chain::eta, &ChainLanes<n>::eta},
    {&Chain::t, &ChainLanes<n>::t},
    {&Chain::scale, &ChainLanes<n>::scale},
    {&Chain::sq_norm, &ChainLanes<n>::sq_norm},
    {&Chain::l1_norm, &ChainLanes<n>::l1_norm},
    {&Chain::loss_sum, &ChainLanes<n>::loss_sum},
    {&Chain::objective_sum, &ChainLanes<n>::objective_sum},
};

// Whether chains may be lanes of the same vectors: they take the same branches.
inline bool alike(const Chain& a, const Chain& b) {
    return a.loss == b.loss && a.penalty == b.penalty && a.schedule == b.schedule &&
           a.fit_intercept == b.fit_intercept && a.one_class == b.one_class &&
           a.objective == b.objective && classifies(a) == classifies(b);
}

// How many chains from the first on may stand side by side; none may that ask for norms of rows.
inline std::int64_t alike_from(const Chain* chain, std::int64_t n) {
    if (n == 0 || passive_aggressive(chain[0])) return 0;
    std::int64_t count = 1;
    while (count < n && alike(chain[0], chain[count])) ++count;
    return count;
}

// Lanes that stay empty repeat the first chain.
template <std::int64_t n>
void open_lanes(const Chain* chain, std::int64_t count, ChainLanes<n>& all) {
    const Chain& first = chain[0];
    all.loss = first.loss, all.penalty = first.penalty, all.schedule = first.schedule;
    all.fit_intercept = first.fit_intercept, all.one_class = first.one_class;
    all.objective = first.objective, all.of_classes = classifies(first);
    for (std::int64_t l = 0; l < n; ++l) {
        const Chain& own = chain[l < count ? l : 0];
        all.positive[l] = static_cast<double>(own.positive);
        for (const auto& field : lane_fields<n>) (all.*field.all)[l] = own.*field.one;
    }
}

template <std::int64_t n>
void close_lanes(const ChainLanes<n>& all, std::int64_t count, Chain* chain) {
    for (std::int64_t l = 0; l < count; ++l)
        for (const auto& field : lane_fields<n>) chain[l].*field.one = (all.*field.all)[l];
}

// What a step adds to the weights of each lane: the row, times this; and which lanes it moves.
template <class T, std::int64_t n>
struct LaneMoves {
    Vector<T, n> factor;
    decltype(Vector<double, n>{} != 0.0) moved;
};

// The norms that a row has left, in the lanes that it has moved.
template <class T, std::int64_t n, class M, class V>
void note_lane_norms(ChainLanes<n>& c, const M& moved, const V& square, const V& absolute) {
    const V before = c.sq_norm, all_before = c.l1_norm;
    note_norms<T>(c, square, absolute);
    c.sq_norm = moved ? c.sq_norm : before;
    c.l1_norm = moved ? c.l1_norm : all_before;
}

// The steps of all lanes, once their sums are known, but for the additions, which are left
// pending. rescale(lane, scale) multiplies weights.
template <class T, std::int64_t n, class Rescale>
LaneMoves<T, n> step_lanes(ChainLanes<n>& c, const Vector<double, n>& inner,
                           const Vector<double, n>& target, const Vector<T, n>& weight,
                           Rescale rescale) {
    using V = Vector<double, n>;
    const V p = score_with<T>(c, inner), y = target_of<T>(c, target);
    set_eta(c);
    if (c.objective)
        note_objective(c, chain_loss(c, y, p), [&] { return penalty_of<T>(c); });
    const V update = pull_of(c, y, p) * as<double>(class_weight<T>(c, y) * weight);
    if (decays(c)) {
        const auto tiny = shrink<T>(c);
        for (std::int64_t l = 0; any(tiny) && l < n; ++l)
            if (tiny[l]) rescale(l, static_cast<T>(c.scale[l])), c.scale[l] = 1.0;
    }
    move_intercept(c, update);
    c.t += 1.0;
    return {as<T>(update) / as<T>(c.scale), update != 0.0};
}

}  // namespace
}  // namespace polyfuse
