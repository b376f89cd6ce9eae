// What the tests of kernels share.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "views.hpp"

namespace polyfuse {

inline int n_checks = 0;

inline void check(bool ok, const char* what, std::int64_t n, std::int64_t d) {
    ++n_checks;
    if (ok) return;
    std::printf("FAILED: %s, %lld rows, %lld columns\n", what, static_cast<long long>(n),
                static_cast<long long>(d));
    std::exit(1);
}

inline bool near(double a, double b, double tolerance) {
    return std::abs(a - b) <= tolerance * (1.0 + std::abs(b));
}

inline std::vector<double> numbers(std::int64_t n, unsigned seed) {
    std::mt19937 engine(seed);
    std::normal_distribution<double> normal;
    std::vector<double> values(static_cast<std::size_t>(n));
    for (double& v : values) v = normal(engine);
    return values;
}

template <class T>
Block block_of(const std::vector<T>& values, std::int64_t d, DType dtype) {
    const auto size = static_cast<std::ptrdiff_t>(sizeof(T));
    return {reinterpret_cast<const char*>(values.data()), d * size, size, d, dtype,
            AffineKind::none, nullptr, nullptr, 0};
}

inline Labels labels(const std::vector<std::int64_t>& y) {
    return {reinterpret_cast<const char*>(y.data()), DType::i64};
}

}  // namespace polyfuse
