// WHAT: the losses of one row. apply() turns the k scores into the derivatives of the loss with
// respect to them, in place, and returns the loss. Arithmetic is double, exp and log are libm's.
#pragma once

#include <cmath>
#include <cstdint>

namespace polyfuse {
namespace {

// Half the squared distance.
struct SquaredError {
    static double apply(double* scores, const double* target, std::int64_t k) {
        double loss = 0.0;
        for (std::int64_t i = 0; i < k; ++i) {
            scores[i] -= target[i];
            loss += 0.5 * scores[i] * scores[i];
        }
        return loss;
    }
};

// Negative log-likelihood of independent logistic scores, targets 0 or 1. exp only ever sees a
// number that is not positive, so that nothing overflows.
struct LogLoss {
    static double apply(double* scores, const double* target, std::int64_t k) {
        double loss = 0.0;
        for (std::int64_t i = 0; i < k; ++i) {
            const double s = scores[i];
            const double e = std::exp(s > 0.0 ? -s : s);
            loss += (s > 0.0 ? s : 0.0) - target[i] * s + std::log1p(e);
            scores[i] = (s > 0.0 ? 1.0 : e) / (1.0 + e) - target[i];
        }
        return loss;
    }
};

// Negative log-likelihood of the softmax; the target is a class code.
struct Multinomial {
    static double apply(double* scores, const double* target, std::int64_t k) {
        const std::int64_t code = static_cast<std::int64_t>(target[0]);
        double top = scores[0];
        for (std::int64_t i = 1; i < k; ++i) top = scores[i] > top ? scores[i] : top;
        const double own = scores[code] - top;
        double total = 0.0;
        for (std::int64_t i = 0; i < k; ++i) {
            scores[i] = std::exp(scores[i] - top);
            total += scores[i];
        }
        for (std::int64_t i = 0; i < k; ++i) scores[i] /= total;
        scores[code] -= 1.0;
        return std::log(total) - own;
    }
};

}  // namespace
}  // namespace polyfuse
