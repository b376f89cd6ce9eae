// float16, in software or by the level's own instructions: to float, exactly, and back, rounded
// to nearest with ties to even. Both ways give the same bits (NaNs stay NaNs).
#pragma once

#if defined(__F16C__)
#include <immintrin.h>
#endif

#include <cstdint>

#include "dtypes.hpp"
#include "vectors.hpp"

namespace polyfuse {
namespace {

inline float widen(Half x) {
    // Shift exponent and mantissa into a float's place, multiply by 2^112 to move the bias (this
    // makes denormals right too), and put infinities and NaNs back.
    const std::uint32_t magnitude = (x.bits & 0x7fffu) << 13;
    std::uint32_t bits =
        __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) * 0x1p112f);
    bits |= magnitude >= 0x0f800000u ? 0x7f800000u : 0u;
    bits |= (x.bits & 0x8000u) << 16;
    return __builtin_bit_cast(float, bits);
}

inline Half narrow(float x) {
    const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    // Normal numbers: round the 13 bits that go, move the bias. Carries run into the exponent.
    const std::uint32_t normal = (magnitude + 0xfffu + (magnitude >> 13 & 1u) - (112u << 23)) >> 13;
    // Denormals: numbers below 1 have steps of 2^-24 when 0.5 has been added.
    const float shifted = __builtin_bit_cast(float, magnitude) + 0.5f;
    const std::uint32_t denormal = __builtin_bit_cast(std::uint32_t, shifted) - 0x3f000000u;
    std::uint32_t out = magnitude < 0x38800000u ? denormal : normal;
    out = magnitude >= 0x477ff000u ? 0x7c00u : out;
    out = magnitude > 0x7f800000u ? 0x7e00u : out;
    return {static_cast<std::uint16_t>(out | (bits >> 16 & 0x8000u))};
}

inline void widen_run(const Half* x, std::int64_t n, float* out) {
    std::int64_t i = 0;
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(
            out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
#endif
    for (; i < n; ++i) out[i] = widen(x[i]);
}

inline void narrow_run(const float* x, std::int64_t n, Half* out) {
    std::int64_t i = 0;
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#endif
    for (; i < n; ++i) out[i] = narrow(x[i]);
}

// A register of float16, widened; a register of float, rounded to the precision of float16.
template <class V>
V load_as(const Half* x) {
    if constexpr (sizeof(V) == sizeof(float)) {
        return widen(*x);
    } else {
#if defined(__AVX512F__)
        return _mm512_maskz_cvtph_ps(
            0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
#elif defined(__F16C__)
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
#else
        V v;
        for (std::size_t i = 0; i < sizeof(V) / sizeof(float); ++i) v[i] = widen(x[i]);
        return v;
#endif
    }
}

inline float rounded(float x) { return widen(narrow(x)); }

inline Vector<float> rounded(Vector<float> v) {
#if defined(__AVX512F__)
    return _mm512_maskz_cvtph_ps(
        0xffff, _mm512_maskz_cvtps_ph(0xffff, v, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    return _mm256_cvtph_ps(_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
#else
    for (std::size_t i = 0; i < sizeof v / sizeof(float); ++i) v[i] = rounded(v[i]);
    return v;
#endif
}

// A float that rounds to the float16 nearest to x: of the two floats around x, that whose last bit is
// odd is no tie between float16s (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums:
// proved algorithms using rounding to odd", IEEE Transactions on Computers 57, 2008).
inline float rounded_to_odd(double x) {
    constexpr std::uint64_t lost = (std::uint64_t{1} << 29) - 1;
    const auto bits = __builtin_bit_cast(std::uint64_t, x);
    const std::uint64_t odd = (bits & lost) != 0 ? lost + 1 : 0;
    return static_cast<float>(__builtin_bit_cast(double, (bits & ~lost) | odd));
}

// x, rounded to the precision of float16.
inline void round_run(float* x, std::int64_t n) {
    std::int64_t i = 0;
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(x + i, _mm256_cvtph_ps(_mm256_cvtps_ph(_mm256_loadu_ps(x + i),
                                                                _MM_FROUND_TO_NEAREST_INT)));
#endif
    for (; i < n; ++i) x[i] = widen(narrow(x[i]));
}

}  // namespace
}  // namespace polyfuse
