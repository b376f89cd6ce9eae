// WHAT: one step of stochastic gradient descent, as scikit-learn 1.9 takes it: losses, step sizes,
// penalties. The formulas hold for a Chain, and for some chains side by side, whose numbers are
// vectors (kernels/chain_lanes.hpp); the loops over weights are in kernels.
//
// Exact: every operation is that of sklearn/linear_model/_sgd_fast.pyx.tp and _loss/_loss.pyx.tp,
// in their order and precision, exp, log and pow are libm's.
#pragma once

#include <cmath>

#include "vectors.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

// log(1 + exp(x)), by the ranges of Mächler, Accurately Computing log(1 - exp(-|a|)), 2012.
inline double log1p_exp(double x) {
    if (x <= -37.0) return std::exp(x);
    if (x <= -2.0) return std::log1p(std::exp(x));
    if (x <= 18.0) return std::log(1.0 + std::exp(x));
    return x <= 33.3 ? x + std::exp(-x) : x;
}

template <class V>
V magnitude(const V& v) {
    return v < 0.0 ? -v : v;
}

template <class C, class V>
V chain_loss(const C& c, const V& y, const V& p) {
    const V z = p * y, r = p - y;
    switch (c.loss) {
        case ChainLoss::hinge: return z <= 1.0 ? 1.0 - z : V{};
        case ChainLoss::perceptron: return z <= 0.0 ? 0.0 - z : V{};
        case ChainLoss::squared_hinge: return 1.0 - z > 0.0 ? (1.0 - z) * (1.0 - z) : V{};
        case ChainLoss::modified_huber:
            return z >= 1.0 ? V{} : z >= -1.0 ? (1.0 - z) * (1.0 - z) : -4.0 * z;
        case ChainLoss::log_loss: return by_value(log1p_exp, p) - y * p;
        case ChainLoss::squared_error: return 0.5 * r * r;
        case ChainLoss::huber:
            return magnitude<V>(r) <= c.epsilon
                       ? 0.5 * r * r
                       : c.epsilon * (magnitude<V>(r) - 0.5 * c.epsilon);
        default: break;
    }
    const V beyond = magnitude<V>(y - p) - c.epsilon;
    return beyond > 0.0 ? c.loss == ChainLoss::epsilon_insensitive ? beyond : beyond * beyond
                        : V{};
}

inline double log_loss_slope(double y, double p) {
    if (!(p > -37.0)) return std::exp(p) - y;
    const double e = std::exp(-p);
    return ((1.0 - y) - y * e) / (1.0 + e);
}

// The derivative of the loss with respect to the score p.
template <class C, class V>
V chain_slope(const C& c, const V& y, const V& p) {
    const V z = p * y, r = p - y, one = filled<V>(1.0);
    switch (c.loss) {
        case ChainLoss::hinge: return z <= 1.0 ? -y : V{};
        case ChainLoss::perceptron: return z <= 0.0 ? -y : V{};
        case ChainLoss::squared_hinge: return 1.0 - z > 0.0 ? -2.0 * y * (1.0 - z) : V{};
        case ChainLoss::modified_huber:
            return z >= 1.0 ? V{} : z >= -1.0 ? 2.0 * (1.0 - z) * -y : -4.0 * y;
        case ChainLoss::log_loss: return by_value(log_loss_slope, y, p);
        case ChainLoss::squared_error: return r;
        case ChainLoss::huber:
            return magnitude<V>(r) <= c.epsilon ? r : r >= 0.0 ? c.epsilon : -c.epsilon;
        case ChainLoss::epsilon_insensitive:
            return y - p > c.epsilon ? -one : p - y > c.epsilon ? one : V{};
        default: break;
    }
    const V beyond = y - p;
    return beyond > c.epsilon    ? -2.0 * (beyond - c.epsilon)
           : beyond < -c.epsilon ? 2.0 * (-beyond - c.epsilon)
                                 : V{};
}

template <class C>
bool passive_aggressive(const C& c) {
    return c.schedule == Schedule::pa1 || c.schedule == Schedule::pa2;
}
template <class C>
bool decays(const C& c) {
    return c.penalty == Penalty::l2 || c.penalty == Penalty::elasticnet;
}
inline bool truncates(const Chain& c) {
    return c.penalty == Penalty::l1 || c.penalty == Penalty::elasticnet;
}
inline bool averages(const Chain& c) { return c.average > 0; }

// The size of the step at time t.
template <class C>
void set_eta(C& c) {
    if (c.schedule == Schedule::optimal)
        c.eta = 1.0 / (c.alpha * (c.optimal_init + c.t - 1.0));
    else if (c.schedule == Schedule::invscaling)
        c.eta = c.eta0 / by_value([](double t, double power) { return std::pow(t, power); }, c.t,
                                  c.power_t);
}

// The penalty of weights with the norms of a chain, where it has one.
template <class T, class C>
auto penalty_of(const C& c) {
    const auto norm = as<T>(by_value([](double square) { return std::sqrt(square); }, c.sq_norm));
    return c.alpha * ((1.0 - c.l1_ratio) * 0.5 * as<double>(norm * norm) +
                      c.l1_ratio * as<double>(as<T>(c.l1_norm)));
}

// The same among the classes of a softmax.
inline double class_penalty_of(const Chain& c) {
    return c.alpha * ((1.0 - c.l1_ratio) * 0.5 * c.sq_norm + c.l1_ratio * c.l1_norm);
}

// Add the loss of a row, and the penalty() of the weights before its step.
template <class C, class V, class Of>
void note_objective(C& c, const V& loss, Of penalty) {
    c.loss_sum += loss;
    c.objective_sum += loss;
    if (passive_aggressive(c)) return;
    if (c.penalty != Penalty::none) c.objective_sum += penalty();
    if (c.one_class) c.objective_sum += c.intercept * c.alpha;
}

// What a row asks for before it is weighted, for a score p.
template <class C, class V>
V pull_of(const C& c, const V& y, const V& p) {
    constexpr double most = 1e12;
    const V slope = chain_slope(c, y, p), least = filled<V>(-most);
    return -c.eta * (slope < -most ? least : slope > most ? -least : slope);
}

// The same of passive-aggressive chains; `square` is |x|². False if the row is to be passed over.
inline bool passive_pull_of(const Chain& c, double y, double p, double square, double& pull) {
    if (c.schedule == Schedule::pa1) {
        if (square == 0.0) return false;
        const double step = chain_loss(c, y, p) / square;
        pull = step < c.eta0 ? step : c.eta0;
    } else {
        pull = chain_loss(c, y, p) / (square + 0.5 / c.eta0);
    }
    if (c.loss == ChainLoss::hinge || c.loss == ChainLoss::perceptron)
        pull *= y;
    else if (y - p < 0.0)
        pull *= -1.0;
    return true;
}

// Weight decay through the scale; says where it must be multiplied into the weights.
template <class T, class C>
auto shrink(C& c) {
    using V = decltype(c.eta);
    const V left = 1.0 - ((1.0 - c.l1_ratio) * c.eta * c.alpha);
    const auto keep = as<T>(left > 0.0 ? left : V{});
    c.scale *= as<double>(keep);
    c.sq_norm *= as<double>(keep * keep);
    c.l1_norm *= as<double>(keep);
    return c.scale < (sizeof(T) == sizeof(float) ? 1e-6 : 1e-9);
}

template <class C, class V>
void move_intercept(C& c, const V& update) {
    const V move = c.one_class ? update - c.eta * c.alpha : update;
    if (c.fit_intercept)
        c.intercept = move != 0.0 ? c.intercept + move * c.intercept_decay : c.intercept;
}

// The score that a sum of products w x makes.
template <class T, class C, class V>
V score_with(const C& c, const V& inner) {
    return as<double>(as<T>(inner * c.scale)) + c.intercept;
}

// The norms of what a row has touched, from the sums over unscaled weights.
template <class T, class C, class V>
void note_norms(C& c, const V& square, const V& absolute) {
    const auto scale = as<T>(c.scale);
    c.sq_norm = square * as<double>(scale * scale);
    c.l1_norm = absolute * as<double>(scale);
}

// The weight of a row's class.
template <class T, class C, class V>
Like<V, T> class_weight(const C& c, const V& y) {
    return as<T>(y > 0.0 ? c.weight_pos : c.weight_neg);
}

// The target of a row: a number, or whether it is the chain's own class.
inline bool classifies(const Chain& c) { return c.positive >= 0; }

template <class T, class C, class V>
V target_of(const C& c, const V& value) {
    if (!classifies(c)) return as<double>(as<T>(value));
    const V one = filled<V>(1.0), other = c.loss == ChainLoss::log_loss ? V{} : -one;
    return value == as<double>(c.positive) ? one : other;
}

}  // namespace
}  // namespace polyfuse
