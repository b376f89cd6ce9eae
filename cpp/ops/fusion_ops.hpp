// WHAT: the fusion operators, as scalar formulas. The same list, in the same order, stands in
// python/polyfuse/_kernels/fusion_ops.py; a test asserts that they agree.
//
// Most operators fold k blocks: every value is lifted, lifted values are combined from left to
// right, and the result is finished with `total`: the number of blocks, or the sum of the weights
// when the operator weighs; p is the operator's parameter. The others gather the k values of an
// element before they can say anything. A value may be a vector of values.
#pragma once

#include "dtypes.hpp"
#include "ops/math_ops.hpp"

namespace polyfuse {
namespace {

enum class Family { fold, transcendental, gather };

struct Fold {
    static constexpr Family family = Family::fold;
};

struct Unweighted {
    static constexpr bool weighted = false;
    template <class T>
    static T lift(T x, T, double) {
        return x;
    }
};

struct Weighted {
    static constexpr bool weighted = true;
    template <class T>
    static T lift(T x, T w, double) {
        return w * x;
    }
};

struct Add {
    template <class T>
    static T combine(T a, T b) {
        return a + b;
    }
};

struct Times {
    template <class T>
    static T combine(T a, T b) {
        return a * b;
    }
};

// NaN wins, as in np.maximum: a comparison with NaN is false, so that a stays, and so does a NaN
// in b by the second selection.
struct Greater {
    template <class T>
    static T combine(T a, T b) {
        const T greater = a < b ? b : a;
        return b == b ? greater : b;
    }
};

struct Less {
    template <class T>
    static T combine(T a, T b) {
        const T less = a > b ? b : a;
        return b == b ? less : b;
    }
};

struct Keep {
    template <class T>
    static T finish(T acc, T, double) {
        return acc;
    }
};

struct DivideByTotal {
    template <class T>
    static T finish(T acc, T total, double) {
        return acc / total;
    }
};

template <class... Parts>
struct Operator : Parts... {};

struct Sum : Operator<Fold, Unweighted, Add, Keep> {
    static constexpr const char* name = "sum";
};
struct Mean : Operator<Fold, Unweighted, Add, DivideByTotal> {
    static constexpr const char* name = "mean";
};
struct WeightedSum : Operator<Fold, Weighted, Add, Keep> {
    static constexpr const char* name = "weighted_sum";
};
struct WeightedMean : Operator<Fold, Weighted, Add, DivideByTotal> {
    static constexpr const char* name = "weighted_mean";
};
struct Maximum : Operator<Fold, Unweighted, Greater, Keep> {
    static constexpr const char* name = "maximum";
};
struct Minimum : Operator<Fold, Unweighted, Less, Keep> {
    static constexpr const char* name = "minimum";
};
struct Product : Operator<Fold, Unweighted, Times, Keep> {
    static constexpr const char* name = "product";
};

// Lifted values are added in double, whatever the blocks are.
struct GeometricMean {
    static constexpr Family family = Family::transcendental;
    static constexpr bool weighted = true;
    static constexpr const char* name = "geometric_mean";
    static double lift(double x, double w, double) { return w * log_of(x); }
    static double finish(double acc, double total, double) { return exp_of(acc / total); }
};
struct PowerMean {
    static constexpr Family family = Family::transcendental;
    static constexpr bool weighted = true;
    static constexpr const char* name = "power_mean";
    static double lift(double x, double w, double p) { return w * power_of(x, p); }
    static double finish(double acc, double total, double p) {
        return power_of(acc / total, 1.0 / p);
    }
};

// The middle of the sorted values, or the mean of the middle two; NaN wins. The values are sorted
// by Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M).
struct Median {
    static constexpr Family family = Family::gather;
    static constexpr bool weighted = false;
    static constexpr const char* name = "median";
    template <class V>
    static void exchange(V& a, V& b) {
        const V p = a, q = b;
        a = q < p ? q : p;
        b = q < p ? p : q;
    }
    template <class V>
    static void sort(V* x, std::int64_t k) {
        std::int64_t top = 1;
        while (2 * top < k) top *= 2;
        for (std::int64_t p = top; p > 0; p /= 2)
            for (std::int64_t q = top, r = 0, d = p;; d = q - p, q /= 2, r = p) {
                for (std::int64_t i = 0; i + d < k; ++i)
                    if ((i & p) == r) exchange(x[i], x[i + d]);
                if (q == p) break;
            }
    }
    template <class V>
    static V gather(V* x, const V*, std::int64_t k) {
        V spoiled = V{};  // NaN where a value is
        for (std::int64_t i = 0; i < k; ++i) spoiled = x[i] == x[i] ? spoiled : x[i];
        sort(x, k);
        const V low = x[(k - 1) / 2], high = x[k / 2];
        const V middle = k % 2 ? low : (low + high) / 2;
        return spoiled == spoiled ? middle : spoiled;
    }
};

// The value with the most weight behind it, the least of those that tie. A NaN does not vote.
template <bool by_weight>
struct Ballot {
    static constexpr Family family = Family::gather;
    static constexpr bool weighted = by_weight;
    template <class V>
    static V gather(V* x, const V* w, std::int64_t k) {
        V most = V{} - 1, winner = V{} / V{};
        for (std::int64_t i = 0; i < k; ++i) {
            V votes = V{};
            for (std::int64_t j = 0; j < k; ++j)
                votes += x[j] == x[i] ? (by_weight ? w[j] : V{} + 1) : V{};
            const auto less = (votes == most) & (x[i] < winner);
            const auto wins = (x[i] == x[i]) & ((votes > most) | less);
            most = wins ? votes : most;
            winner = wins ? x[i] : winner;
        }
        return winner;
    }
};
struct Vote : Ballot<false> {
    static constexpr const char* name = "vote";
};
struct WeightedVote : Ballot<true> {
    static constexpr const char* name = "weighted_vote";
};

using FusionOps = TypeList<Sum, Mean, WeightedSum, WeightedMean, Maximum, Minimum, Product,
                           GeometricMean, PowerMean, Median, Vote, WeightedVote>;

}  // namespace
}  // namespace polyfuse
