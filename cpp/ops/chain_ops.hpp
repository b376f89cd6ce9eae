// WHAT: one step of stochastic gradient descent, as scikit-learn 1.9 takes it: losses, step sizes,
// penalties. Scalars only; the loops over weights are in kernels/chains.hpp.
//
// Exact: every operation is that of sklearn/linear_model/_sgd_fast.pyx.tp and _loss/_loss.pyx.tp,
// in their order and precision, exp, log and pow are libm's.
#pragma once

#include <cmath>

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

inline double chain_loss(const Chain& c, double y, double p) {
    const double z = p * y, r = p - y;
    switch (c.loss) {
        case ChainLoss::hinge: return z <= 1.0 ? 1.0 - z : 0.0;
        case ChainLoss::perceptron: return z <= 0.0 ? 0.0 - z : 0.0;
        case ChainLoss::squared_hinge: return 1.0 - z > 0.0 ? (1.0 - z) * (1.0 - z) : 0.0;
        case ChainLoss::modified_huber:
            return z >= 1.0 ? 0.0 : z >= -1.0 ? (1.0 - z) * (1.0 - z) : -4.0 * z;
        case ChainLoss::log_loss: return log1p_exp(p) - y * p;
        case ChainLoss::squared_error: return 0.5 * r * r;
        case ChainLoss::huber:
            return std::fabs(r) <= c.epsilon ? 0.5 * r * r
                                             : c.epsilon * (std::fabs(r) - 0.5 * c.epsilon);
        default: break;
    }
    const double beyond = std::fabs(y - p) - c.epsilon;
    if (!(beyond > 0.0)) return 0.0;
    return c.loss == ChainLoss::epsilon_insensitive ? beyond : beyond * beyond;
}

inline double log_loss_slope(double y, double p) {
    if (!(p > -37.0)) return std::exp(p) - y;
    const double e = std::exp(-p);
    return ((1.0 - y) - y * e) / (1.0 + e);
}

// The derivative of the loss with respect to the score p.
inline double chain_slope(const Chain& c, double y, double p) {
    const double z = p * y, r = p - y;
    switch (c.loss) {
        case ChainLoss::hinge: return z <= 1.0 ? -y : 0.0;
        case ChainLoss::perceptron: return z <= 0.0 ? -y : 0.0;
        case ChainLoss::squared_hinge: return 1.0 - z > 0.0 ? -2.0 * y * (1.0 - z) : 0.0;
        case ChainLoss::modified_huber:
            return z >= 1.0 ? 0.0 : z >= -1.0 ? 2.0 * (1.0 - z) * -y : -4.0 * y;
        case ChainLoss::log_loss: return log_loss_slope(y, p);
        case ChainLoss::squared_error: return r;
        case ChainLoss::huber:
            return std::fabs(r) <= c.epsilon ? r : r >= 0.0 ? c.epsilon : -c.epsilon;
        case ChainLoss::epsilon_insensitive:
            return y - p > c.epsilon ? -1.0 : p - y > c.epsilon ? 1.0 : 0.0;
        default: break;
    }
    const double beyond = y - p;
    if (beyond > c.epsilon) return -2.0 * (beyond - c.epsilon);
    return beyond < -c.epsilon ? 2.0 * (-beyond - c.epsilon) : 0.0;
}

inline bool passive_aggressive(const Chain& c) {
    return c.schedule == Schedule::pa1 || c.schedule == Schedule::pa2;
}
inline bool decays(const Chain& c) {
    return c.penalty == Penalty::l2 || c.penalty == Penalty::elasticnet;
}
inline bool truncates(const Chain& c) {
    return c.penalty == Penalty::l1 || c.penalty == Penalty::elasticnet;
}
inline bool averages(const Chain& c) { return c.average > 0; }

// The size of the step at time t.
inline void set_eta(Chain& c) {
    if (c.schedule == Schedule::optimal)
        c.eta = 1.0 / (c.alpha * (c.optimal_init + c.t - 1.0));
    else if (c.schedule == Schedule::invscaling)
        c.eta = c.eta0 / std::pow(c.t, c.power_t);
}

// The penalty of weights with the norms of a chain, where it has one.
template <class T>
double penalty_of(const Chain& c) {
    const T norm = static_cast<T>(std::sqrt(c.sq_norm));
    return c.alpha * ((1.0 - c.l1_ratio) * 0.5 * static_cast<double>(norm * norm) +
                      c.l1_ratio * static_cast<double>(static_cast<T>(c.l1_norm)));
}

// The same among the classes of a softmax.
inline double class_penalty_of(const Chain& c) {
    return c.alpha * ((1.0 - c.l1_ratio) * 0.5 * c.sq_norm + c.l1_ratio * c.l1_norm);
}

// Add the loss of a row, and the penalty() of the weights before its step.
template <class Of>
void note_objective(Chain& c, double loss, Of penalty) {
    c.loss_sum += loss;
    c.objective_sum += loss;
    if (passive_aggressive(c)) return;
    if (c.penalty != Penalty::none) c.objective_sum += penalty();
    if (c.one_class) c.objective_sum += c.intercept * c.alpha;
}

// What a row asks for before it is weighted, for a score p; `square` is |x|² for pa1 and pa2.
// False if the row is to be passed over.
inline bool pull_of(const Chain& c, double y, double p, double square, double& pull) {
    constexpr double most = 1e12;
    if (!passive_aggressive(c)) {
        const double slope = chain_slope(c, y, p);
        pull = -c.eta * (slope < -most ? -most : slope > most ? most : slope);
        return true;
    }
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

// Weight decay through the scale; true where it must be multiplied into the weights.
template <class T>
bool shrink(Chain& c) {
    const double left = 1.0 - ((1.0 - c.l1_ratio) * c.eta * c.alpha);
    const T keep = static_cast<T>(left > 0.0 ? left : 0.0);
    c.scale *= static_cast<double>(keep);
    c.sq_norm *= static_cast<double>(keep * keep);
    c.l1_norm *= static_cast<double>(keep);
    return c.scale < (sizeof(T) == sizeof(float) ? 1e-6 : 1e-9);
}

inline void move_intercept(Chain& c, double update) {
    const double move = c.one_class ? update - c.eta * c.alpha : update;
    const bool moves = c.fit_intercept && move != 0.0;
    c.intercept = moves ? c.intercept + move * c.intercept_decay : c.intercept;
}

// The target of a row: a number, or whether it is the chain's own class.
template <class T>
double target_of(const Chain& c, double value) {
    if (c.positive < 0) return static_cast<double>(static_cast<T>(value));
    if (value == static_cast<double>(c.positive)) return 1.0;
    return c.loss == ChainLoss::log_loss ? 0.0 : -1.0;
}

}  // namespace
}  // namespace polyfuse
