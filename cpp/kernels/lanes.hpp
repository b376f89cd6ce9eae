// HOW a row is reduced: 16 lanes, element j in lane j % 16, added up in a fixed tree.
//
// Exact: the same additions in the same order on every level, whatever the vector width; without
// contraction the bits agree. Shape: 16 independent chains hide the latency of addition, and are
// one 512-bit register of float. The lanes are a compiler vector type: GCC splits it into the
// registers the level has, where plain arrays of accumulators would be spilled.
#pragma once

#include <cstdint>
#include <cstring>

namespace polyfuse {
namespace {

constexpr std::int64_t n_lanes = 16;

template <class T>
struct LanesOf;
template <>
struct LanesOf<float> {
    typedef float type __attribute__((vector_size(n_lanes * sizeof(float))));
};
template <>
struct LanesOf<double> {
    typedef double type __attribute__((vector_size(n_lanes * sizeof(double))));
};
template <class T>
using Lanes = typename LanesOf<T>::type;

template <class T>
Lanes<T> load_lanes(const T* x) {
    Lanes<T> v;
    std::memcpy(&v, x, sizeof v);
    return v;
}

// The last n < 16 elements of a row; the other lanes are zero.
template <class T>
Lanes<T> load_tail(const T* x, std::int64_t n) {
    Lanes<T> v{};
    std::memcpy(&v, x, static_cast<std::size_t>(n) * sizeof(T));
    return v;
}

template <class T>
T add_lanes(const Lanes<T>& v) {
    T s[n_lanes];
    std::memcpy(s, &v, sizeof v);
    for (std::int64_t half = n_lanes / 2; half > 0; half /= 2)
        for (std::int64_t i = 0; i < half; ++i) s[i] += s[i + half];
    return s[0];
}

// out[i] = x . w_i for `count` vectors w_i, ldw elements apart: x is loaded once for all.
template <int count, class T>
void dots(const T* x, const T* w, std::ptrdiff_t ldw, std::int64_t n, T* out) {
    Lanes<T> acc[count] = {};
    std::int64_t j = 0;
    for (; j + n_lanes <= n; j += n_lanes) {
        const Lanes<T> v = load_lanes(x + j);
        for (int i = 0; i < count; ++i) acc[i] += v * load_lanes(w + i * ldw + j);
    }
    if (j < n) {
        const Lanes<T> v = load_tail(x + j, n - j);
        for (int i = 0; i < count; ++i) acc[i] += v * load_tail(w + i * ldw + j, n - j);
    }
    for (int i = 0; i < count; ++i) out[i] = add_lanes<T>(acc[i]);
}

// Call f<width>(first) over [0, n) in groups of four and a rest of one to three.
template <class F>
void in_groups(std::int64_t n, F f) {
    std::int64_t i = 0;
    for (; i + 4 <= n; i += 4) f.template operator()<4>(i);
    switch (n - i) {
        case 3: f.template operator()<3>(i); break;
        case 2: f.template operator()<2>(i); break;
        case 1: f.template operator()<1>(i); break;
        default: break;
    }
}

}  // namespace
}  // namespace polyfuse
