// WHAT: how far probabilities are from what came true.
#pragma once

#include "ops/math_ops.hpp"

namespace polyfuse {
namespace {

// A NaN is none.
inline bool is_probability(double p) { return (p >= 0.0) & (p <= 1.0); }

// What is left for the other of two classes, rounded to the precision of p.
template <class T>
T other_probability(T p) {
    return T(1) - p;
}

// The negative logarithm of the probability that the true class was given, clipped.
inline double log_loss_of(double p, double least, double greatest) {
    const double above = p < least ? least : p;
    return -log_of(above > greatest ? greatest : above);
}

// The squared error of the probability of a class that came true, 1.0, or not, 0.0.
inline double brier_of(double came_true, double p) {
    const double miss = came_true - p;
    return miss * miss;
}

// How far the probabilities of a row are from adding up to one.
inline double excess_of(double total) { return __builtin_fabs(total - 1.0); }

}  // namespace
}  // namespace polyfuse
