// WHAT: the losses of rows. apply<n>() turns the k scores of each of n rows into the derivatives of
// its loss with respect to them, in place, and tells the losses. Output i of the n rows stands at
// i * n, so that loops over rows, or over the outputs of one, become vector code; a row's bits do
// not depend on n. Arithmetic is double, exp and log are those of math_ops.hpp.
#pragma once

#include <cstdint>

#include "ops/math_ops.hpp"

namespace polyfuse {
namespace {

// Half the squared distance.
struct SquaredError {
    template <int n>
    static void apply(double* __restrict scores, const double* __restrict target, std::int64_t k,
                      double* __restrict loss) {
        for (int r = 0; r < n; ++r) loss[r] = 0.0;
        for (std::int64_t i = 0; i < k; ++i)
            for (int r = 0; r < n; ++r) {
                const double miss = scores[i * n + r] - target[i * n + r];
                scores[i * n + r] = miss;
                loss[r] += 0.5 * miss * miss;
            }
    }
};

// Negative log-likelihood of independent logistic scores, targets 0 or 1. exp only ever sees a
// number that is not positive, so that nothing overflows.
struct LogLoss {
    template <int n>
    static void apply(double* __restrict scores, const double* __restrict target, std::int64_t k,
                      double* __restrict loss) {
        for (int r = 0; r < n; ++r) loss[r] = 0.0;
        for (std::int64_t i = 0; i < k; ++i)
            for (int r = 0; r < n; ++r) {
                const double s = scores[i * n + r], y = target[i * n + r];
                const double e = exp_of(s > 0.0 ? -s : s);
                loss[r] += (s > 0.0 ? s : 0.0) - y * s + log1p_of(e);
                scores[i * n + r] = (s > 0.0 ? 1.0 : e) / (1.0 + e) - y;
            }
    }
};

// Negative log-likelihood of the softmax; the target is a class code.
struct Multinomial {
    template <int n>
    static void apply(double* __restrict scores, const double* __restrict target, std::int64_t k,
                      double* __restrict loss) {
        double top[n], total[n];
        for (int r = 0; r < n; ++r) top[r] = scores[r], total[r] = 0.0;
        for (std::int64_t i = 1; i < k; ++i)
            for (int r = 0; r < n; ++r)
                top[r] = scores[i * n + r] > top[r] ? scores[i * n + r] : top[r];
        for (std::int64_t i = 0; i < k; ++i)
            for (int r = 0; r < n; ++r) scores[i * n + r] -= top[r];
        for (int r = 0; r < n; ++r) loss[r] = scores[own<n>(target, r)];
        for (std::int64_t i = 0; i < k * n; ++i) scores[i] = exp_of(scores[i]);
        for (std::int64_t i = 0; i < k; ++i)
            for (int r = 0; r < n; ++r) total[r] += scores[i * n + r];
        for (std::int64_t i = 0; i < k; ++i)
            for (int r = 0; r < n; ++r) scores[i * n + r] /= total[r];
        for (int r = 0; r < n; ++r) scores[own<n>(target, r)] -= 1.0;
        for (int r = 0; r < n; ++r) loss[r] = log_of(total[r]) - loss[r];
    }

   private:
    template <int n>
    static std::int64_t own(const double* target, int r) {
        return static_cast<std::int64_t>(target[r]) * n + r;
    }
};

}  // namespace
}  // namespace polyfuse
