// HOW a row is reduced: 16 lanes, element j in lane j % 16, added up in a fixed tree.
//
// Exact: the same additions in the same order on every level, whatever the vector width; without
// contraction the bits agree. Shape: 16 independent chains hide the latency of addition, and are
// one 512-bit register of float. The lanes are an array of vectors of the level's own width.
#pragma once

#include <cstdint>
#include <utility>

#include "vectors.hpp"

namespace polyfuse {
namespace {

constexpr std::int64_t n_lanes = 16;

template <class T>
struct Lanes {
    static constexpr std::int64_t width = vector_width<T>;
    static constexpr std::int64_t n_parts = n_lanes / width;
    Vector<T> part[n_parts];
};

// Accumulators that stay in registers beside what they are fed with, on sixteen of them.
template <class T>
constexpr int n_chains = static_cast<int>(8 / Lanes<T>::n_parts);

template <class T, std::int64_t n, std::size_t... i>
T add_halves(const Vector<T, n>& v, std::index_sequence<i...>) {
    constexpr std::int64_t half = n / 2;
    if constexpr (n == 2) {
        return v[0] + v[1];
    } else {
        const Vector<T, half> low = __builtin_shufflevector(v, v, static_cast<int>(i)...);
        const Vector<T, half> high = __builtin_shufflevector(v, v, static_cast<int>(i + half)...);
        return add_halves<T, half>(low + high, std::make_index_sequence<half / 2>{});
    }
}

// Lane i + lane i + 8, then + 4, + 2, + 1.
template <class T>
T add_lanes(Lanes<T> v) {
    for (std::int64_t half = Lanes<T>::n_parts / 2; half > 0; half /= 2)
        for (std::int64_t p = 0; p < half; ++p) v.part[p] += v.part[p + half];
    return add_halves<T, Lanes<T>::width>(v.part[0],
                                          std::make_index_sequence<Lanes<T>::width / 2>{});
}

// out[i] = x . w_i for `count` vectors w_i, ldw elements apart, n a multiple of 16: x is loaded
// once for all.
template <int count, class T>
void dots(const T* x, const T* w, std::ptrdiff_t ldw, std::int64_t n, T* out) {
    constexpr std::int64_t width = Lanes<T>::width, n_parts = Lanes<T>::n_parts;
    Lanes<T> acc[count] = {};
    for (std::int64_t j = 0; j < n; j += n_lanes)
        for (std::int64_t p = 0; p < n_parts; ++p) {
            const Vector<T> v = load_vector(x + j + p * width);
            for (int i = 0; i < count; ++i)
                acc[i].part[p] += v * load_vector(w + i * ldw + j + p * width);
        }
    for (int i = 0; i < count; ++i) out[i] = add_lanes<T>(acc[i]);
}

// Call f<count>(first) over [0, n) in groups of `largest`, a power of two, and smaller powers.
template <int largest, class F>
void in_groups(std::int64_t n, F f, std::int64_t first = 0) {
    for (; first + largest <= n; first += largest) f.template operator()<largest>(first);
    if constexpr (largest > 1) in_groups<largest / 2>(n, f, first);
}

}  // namespace
}  // namespace polyfuse
