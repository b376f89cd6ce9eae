// Vectors of the level's own register width: GCC spills both plain arrays of accumulators and
// vector types wider than its registers.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace polyfuse {
namespace {

// What the compiler aligns to is the width of the level's registers: 16, 32 or 64 bytes.
constexpr std::int64_t register_bytes = __BIGGEST_ALIGNMENT__;

template <class T>
constexpr std::int64_t vector_width = register_bytes / static_cast<std::int64_t>(sizeof(T));

template <class T, std::int64_t n>
struct VectorOf {
    typedef T type __attribute__((vector_size(n * sizeof(T))));
};
template <class T, std::int64_t n = vector_width<T>>
using Vector = typename VectorOf<T, n>::type;

template <class T>
Vector<T> load_vector(const T* x) {
    Vector<T> v;
    std::memcpy(&v, x, sizeof v);
    return v;
}

template <class T>
void store_vector(T* x, const Vector<T>& v) {
    std::memcpy(x, &v, sizeof v);
}

// A vector, or a single value, of values at x.
template <class V, class T>
V load_as(const T* x) {
    V v;
    std::memcpy(&v, x, sizeof v);
    return v;
}

// Formulas over V hold for one value and for a vector of them: as many values of T as V holds, one
// value in all places (not added to zeros, which would lose its sign), V's own rounded to T, what a
// function of one value makes of each, and whether any condition holds.
template <class V, class T>
struct LikeOf {
    using type = Vector<T, sizeof(V) / sizeof(V{}[0])>;
};
template <class V, class T>
    requires std::is_arithmetic_v<V>
struct LikeOf<V, T> {
    using type = T;
};
template <class V, class T>
using Like = typename LikeOf<V, T>::type;

template <class V, class T>
[[gnu::always_inline]] inline V filled(T value) {
    if constexpr (std::is_arithmetic_v<V>) {
        return value;
    } else {
        V v;
        for (std::size_t l = 0; l < sizeof(V) / sizeof(v[0]); ++l) v[l] = value;
        return v;
    }
}

template <class T, class V>
[[gnu::always_inline]] inline Like<V, T> as(const V& v) {
    if constexpr (std::is_arithmetic_v<V>)
        return static_cast<T>(v);
    else
        return __builtin_convertvector(v, Like<V, T>);
}

template <class F, class V, class... Vs>
[[gnu::always_inline]] inline V by_value(F f, const V& v, const Vs&... more) {
    if constexpr (std::is_arithmetic_v<V>) {
        return f(v, more...);
    } else {
        V out;
        for (std::size_t l = 0; l < sizeof(V) / sizeof(v[0]); ++l) out[l] = f(v[l], more[l]...);
        return out;
    }
}

template <class M>
[[gnu::always_inline]] inline bool any(const M& mask) {
    if constexpr (std::is_arithmetic_v<M>) {
        return mask;
    } else {
        auto found = mask[0];
        for (std::size_t l = 1; l < sizeof(M) / sizeof(mask[0]); ++l) found |= mask[l];
        return found != 0;
    }
}

// A bit for each lane of what a comparison of vectors of the level's width gives.
template <class M>
[[gnu::always_inline]] inline unsigned lane_bits(const M& mask) {
    constexpr bool wide = sizeof(mask[0]) == 8;
#if defined(__AVX512DQ__)
    __m512i v;
    std::memcpy(&v, &mask, sizeof v);
    return wide ? _mm512_movepi64_mask(v) : _mm512_movepi32_mask(v);
#elif defined(__AVX2__)
    __m256i v;
    std::memcpy(&v, &mask, sizeof v);
    return static_cast<unsigned>(wide ? _mm256_movemask_pd(_mm256_castsi256_pd(v))
                                      : _mm256_movemask_ps(_mm256_castsi256_ps(v)));
#elif defined(__SSE2__)
    __m128i v;
    std::memcpy(&v, &mask, sizeof v);
    return static_cast<unsigned>(wide ? _mm_movemask_pd(_mm_castsi128_pd(v))
                                      : _mm_movemask_ps(_mm_castsi128_ps(v)));
#else
    unsigned bits = 0;
    for (std::size_t l = 0; l < sizeof(M) / sizeof(mask[0]); ++l) bits |= (mask[l] != 0u) << l;
    return bits;
#endif
}

// Ask for n values from x on, as far as the prefetcher does not follow by itself. Inlined, or GCC
// takes it for a function without effect, and drops its calls.
template <class T>
[[gnu::always_inline]] inline void expect(const T* x, std::int64_t n) {
    constexpr std::int64_t line = 64 / sizeof(T), most = 32 * line;
    for (std::int64_t i = 0; i < n && i < most; i += line) __builtin_prefetch(x + i);
}

// Copy n values past the caches: a line that is written whole need not be read first. What shares
// its line with others is stored plainly.
template <class T>
void stream(const T* x, std::int64_t n, T* out) {
    std::int64_t i = 0;
#if defined(__SSE2__)
    constexpr std::int64_t width = vector_width<T>;
    for (; i < n && reinterpret_cast<std::uintptr_t>(out + i) % 64 != 0; ++i) out[i] = x[i];
    for (; i + width <= n; i += width) {
#if defined(__AVX512F__)
        __m512i v;
        std::memcpy(&v, x + i, sizeof v);
        _mm512_stream_si512(reinterpret_cast<__m512i*>(out + i), v);
#elif defined(__AVX2__)
        __m256i v;
        std::memcpy(&v, x + i, sizeof v);
        _mm256_stream_si256(reinterpret_cast<__m256i*>(out + i), v);
#else
        __m128i v;
        std::memcpy(&v, x + i, sizeof v);
        _mm_stream_si128(reinterpret_cast<__m128i*>(out + i), v);
#endif
    }
#endif
    for (; i < n; ++i) out[i] = x[i];
}

// To be called after the last of some streamed stores, before anyone else reads them.
inline void finish_streams() {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

// One step of a transposition: element i of a and of b side by side; the lower or upper halves.
template <class T, bool upper, std::size_t... i>
Vector<T> zip(const Vector<T>& a, const Vector<T>& b, std::index_sequence<i...>) {
    constexpr int width = static_cast<int>(vector_width<T>), start = upper ? width / 2 : 0;
    return __builtin_shufflevector(
        a, b, (static_cast<int>(i) / 2 + start + (i % 2 ? width : 0))...);
}

// out[j][i] = row(i)[j] for a square of vector_width rows.
template <class T, class RowOf>
void transpose_square(RowOf row, T* out, std::ptrdiff_t ldo) {
    constexpr int width = static_cast<int>(vector_width<T>);
    constexpr auto each = std::make_index_sequence<static_cast<std::size_t>(width)>{};
    Vector<T> a[width], b[width];
    for (int i = 0; i < width; ++i) a[i] = load_vector<T>(row(i));
    for (int stage = 1; stage < width; stage *= 2) {
        for (int i = 0; i < width / 2; ++i) {
            b[2 * i] = zip<T, false>(a[i], a[i + width / 2], each);
            b[2 * i + 1] = zip<T, true>(a[i], a[i + width / 2], each);
        }
        for (int i = 0; i < width; ++i) a[i] = b[i];
    }
    for (int i = 0; i < width; ++i) store_vector(out + i * ldo, a[i]);
}

// out[j][i] = x[i][j] for n rows of m.
template <class T>
void transpose(const T* x, std::ptrdiff_t ldx, std::int64_t n, std::int64_t m, T* out,
               std::ptrdiff_t ldo) {
    constexpr std::int64_t width = vector_width<T>;
    const std::int64_t rows = n / width * width, columns = m / width * width;
    for (std::int64_t i = 0; i < rows; i += width)
        for (std::int64_t j = 0; j < columns; j += width)
            transpose_square<T>([&](int r) { return x + (i + r) * ldx + j; }, out + j * ldo + i,
                                ldo);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = i < rows ? columns : 0; j < m; ++j) out[j * ldo + i] = x[i * ldx + j];
}

}  // namespace
}  // namespace polyfuse
