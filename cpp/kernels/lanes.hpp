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
struct Lanes {  // as vectors: parts
    static constexpr std::int64_t width = vector_width<T>;
    static constexpr std::int64_t n_parts = n_lanes / width;
};

// Accumulators that stay in registers beside what they are fed with, on sixteen of them.
template <class T>
constexpr int n_chains = static_cast<int>(8 / Lanes<T>::n_parts);

// n values, a power of two, made one: half of them with the other half, as often as that goes.
template <std::int64_t n, class T, class F>
T fold_halves(T* x, F fold) {
    if constexpr (n == 1) {
        return x[0];
    } else {
        constexpr std::int64_t half = n / 2, width = at_most(half, vector_width<T>);
        for (std::int64_t i = 0; i < half; i += width) {
            const auto low = load_as<Vector<T, width>>(x + i);
            const auto folded = fold(low, load_as<Vector<T, width>>(x + half + i));
            std::memcpy(x + i, &folded, sizeof folded);
        }
        return fold_halves<half>(x, fold);
    }
}

inline constexpr auto plus = [](auto a, auto b) { return a + b; };

// The lower, or the upper, half of each group of `size` lanes of a, then of b.
template <int size, bool upper, class V, std::size_t... i>
auto halves(const V& a, const V& b, std::index_sequence<i...>) {
    constexpr int half = size / 2, start = upper ? half : 0;
    return __builtin_shufflevector(
        a, b, (static_cast<int>(i) / half * size + static_cast<int>(i) % half + start)...);
}

// `count` vectors of n lanes, in groups of `size`, to the sum of each group: a lane and that half
// a group on are added, until they are one, and two vectors share the addition.
template <int count, int size, class T, std::int64_t n>
void add_groups(Vector<T, n>* v, T* out) {
    constexpr std::int64_t kept = count > 1 ? n : n / 2;
    constexpr auto each = std::make_index_sequence<static_cast<std::size_t>(kept)>{};
    if constexpr (size == 1) {
        std::memcpy(out, v, sizeof *v * count);
    } else if constexpr (kept == 1) {
        out[0] = v[0][0] + v[0][1];
    } else {
        Vector<T, kept> sums[count > 1 ? count / 2 : 1];
        for (int i = 0; i < (count > 1 ? count / 2 : 1); ++i) {
            const auto &a = v[2 * i], &b = v[count > 1 ? 2 * i + 1 : 0];
            sums[i] = halves<size, false>(a, b, each) + halves<size, true>(a, b, each);
        }
        add_groups<(count > 1 ? count / 2 : 1), size / 2, T, kept>(sums, out);
    }
}

// Of each of `count` sums over lanes: lane i + lane i + 8, then + 4, + 2, + 1. Spoils the parts.
// Inlined, or the parts would be summed up in memory, to be passed.
template <int count, class T, std::int64_t n>
[[gnu::always_inline]] inline void add_all_lanes(Vector<T> (*parts)[n], T* out) {
    Vector<T> sums[count];
    for (int c = 0; c < count; ++c) {
        for (std::int64_t half = n / 2; half > 0; half /= 2)
            for (std::int64_t p = 0; p < half; ++p) parts[c][p] += parts[c][p + half];
        sums[c] = parts[c][0];
    }
    add_groups<count, static_cast<int>(Lanes<T>::width), T, Lanes<T>::width>(sums, out);
}

// out[r * count + i] = x_r . w_i for `height` vectors x and `count` vectors w, ldw elements apart,
// n a multiple of 16: each x is loaded once for all w, each w for all x.
template <int height, int count, class T>
void dots(const T* const* x, const T* w, std::ptrdiff_t ldw, std::int64_t n, T* out) {
    constexpr std::int64_t width = Lanes<T>::width, n_parts = Lanes<T>::n_parts;
    Vector<T> acc[height * count][n_parts];
    for (int c = 0; c < height * count; ++c)
        for (std::int64_t p = 0; p < n_parts; ++p) acc[c][p] = Vector<T>{};
    for (std::int64_t j = 0; j < n; j += n_lanes)
        for (std::int64_t p = 0; p < n_parts; ++p) {
            Vector<T> v[height];
            for (int r = 0; r < height; ++r) v[r] = load_vector(x[r] + j + p * width);
            for (int i = 0; i < count; ++i) {
                const Vector<T> u = load_vector(w + i * ldw + j + p * width);
                for (int r = 0; r < height; ++r) acc[r * count + i][p] += v[r] * u;
            }
        }
    add_all_lanes<height * count, T, n_parts>(acc, out);
}

// Call f<count>(first) over [0, n) in groups of `largest`, a power of two, and smaller powers.
template <int largest, class F>
void in_groups(std::int64_t n, F f, std::int64_t first = 0) {
    for (; first + largest <= n; first += largest) f.template operator()<largest>(first);
    if constexpr (largest > 1) in_groups<largest / 2>(n, f, first);
}

}  // namespace
}  // namespace polyfuse
