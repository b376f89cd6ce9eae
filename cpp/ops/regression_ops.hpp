// WHAT: how far a predicted number p is from the true one, t; and sums of doubles with what they
// lack.
#pragma once

#include "ops/math_ops.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

// sum + x, rounded, and what was lost to that, exactly (Knuth, The Art of Computer Programming 2,
// 4.2.2, theorem B). V is a number or a vector of numbers.
template <class V>
[[gnu::always_inline]] inline void add_exactly(V& sum, V& lost, const V& x) {
    const V total = sum + x, part = total - sum;
    lost += (sum - (total - part)) + (x - part);
    sum = total;
}

inline void add(Twofold& to, double x) { add_exactly(to.sum, to.lost, x); }

inline void add(Twofold& to, const Twofold& x) {
    add(to, x.sum);
    to.lost += x.lost;
}

// The sum as the double next to it. One beyond the doubles lacks nothing.
inline Twofold rounded(const Twofold& x) {
    Twofold y{x.sum, 0.0};
    if (__builtin_isfinite(x.sum)) add(y, x.lost);
    return y;
}

inline constexpr auto squared_error = [](double t, double p) { return (t - p) * (t - p); };
inline constexpr auto absolute_error = [](double t, double p) { return __builtin_fabs(t - p); };

// How far the prediction is below, and above; a NaN stays one.
inline constexpr auto shortfall = [](double t, double p) {
    const double d = t - p;
    return d > 0.0 ? d : 0.0 * d;
};
inline constexpr auto surplus = [](double t, double p) {
    const double d = p - t;
    return d > 0.0 ? d : 0.0 * d;
};

inline constexpr auto percentage_error = [](double t, double p) {
    constexpr double least = 0x1p-52;
    const double size = __builtin_fabs(t);
    return __builtin_fabs(p - t) / (size > least ? size : least);
};

// NaN or infinite for what has no logarithm.
inline constexpr auto squared_log_error = [](double t, double p) {
    return squared_error(log1p_of(t), log1p_of(p));
};

// Unit deviances of the Poisson and of the gamma distribution; NaN outside their domains.
inline constexpr auto poisson_deviance = [](double t, double p) {
    const double information = t == 0.0 ? 0.0 : t * log_of(t / p);
    const double deviance = 2.0 * (information - t + p);
    return (t >= 0.0) & (p > 0.0) ? deviance : __builtin_nan("");
};

inline constexpr auto gamma_deviance = [](double t, double p) {
    const double deviance = 2.0 * (log_of(p / t) + t / p - 1.0);
    return (t > 0.0) & (p > 0.0) ? deviance : __builtin_nan("");
};

}  // namespace
}  // namespace polyfuse
