// WHAT: exp, log and power in double, of additions, multiplications, divisions and selections
// alone, so that loops over them become vector code and give the same bits on every level.
//
// The reductions and polynomials are those of fdlibm (Sun Microsystems, 1993; e_exp.c, e_log.c),
// whose error is below one unit in the last place; branches have become selections.
#pragma once

#include <cstdint>

namespace polyfuse {
namespace {

inline std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }
inline double from_bits(std::uint64_t bits) { return __builtin_bit_cast(double, bits); }

constexpr double infinity = __builtin_inf();
constexpr double ln2_high = 6.93147180369123816490e-01;
constexpr double ln2_low = 1.90821492927058770002e-10;

inline double exp_of(double x) {
    // Beyond these the result is infinite, or zero; within, two factors reach all exponents.
    double y = x < -746.0 ? -746.0 : x;
    y = y > 710.0 ? 710.0 : y;
    constexpr double shift = 0x1.8p52;  // adding it rounds to an integer, which its low bits hold
    const double shifted = y * 1.44269504088896338700 + shift;
    const double n = shifted - shift;
    const double high = y - n * ln2_high, low = n * ln2_low, r = high - low, t = r * r;
    const double c =
        r - t * (1.66666666666666019037e-01 +
                 t * (-2.77777777770155933842e-03 +
                      t * (6.61375632143793436117e-05 +
                           t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    const double power = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    // n in two halves, each as the exponent of a factor.
    const std::uint64_t whole = bits_of(shifted) - bits_of(shift);
    const std::uint64_t half = bits_of(n * 0.5 + shift) - bits_of(shift);
    return power * from_bits((half + 1023) << 52) * from_bits((whole - half + 1023) << 52);
}

inline double log_of(double x) {
    const double scaled = x < 0x1p-1022 ? x * 0x1p54 : x;
    // The significand between sqrt(1/2) and sqrt(2), and the exponent that goes with it.
    const std::uint64_t bits = bits_of(scaled) + 0x00095f6400000000u;
    const std::uint64_t mantissa = (bits & 0x000fffffffffffffu) + 0x3fe6a09c00000000u;
    const double biased = from_bits(0x4330000000000000u | bits >> 52) - 0x1p52;
    const double k = biased - (x < 0x1p-1022 ? 1077.0 : 1023.0);
    const double f = from_bits(mantissa) - 1.0, half_square = 0.5 * f * f;
    const double s = f / (2.0 + f), z = s * s, w = z * z;
    const double even = w * (3.999999999940941908e-01 +
                             w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double odd =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 +
                  w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    double y = k * ln2_high -
               ((half_square - (s * (half_square + (even + odd)) + k * ln2_low)) - f);
    y = x == infinity ? infinity : y;
    y = x == 0.0 ? -infinity : y;
    return x >= 0.0 ? y : __builtin_nan("");
}

// log(1 + x) for finite x above -1: what is lost in the sum is added behind it.
inline double log1p_of(double x) {
    const double sum = 1.0 + x;
    return log_of(sum) + (x - (sum - 1.0)) / sum;
}

// x^p for p != 0, as std::pow has it, to about |p log x| roundings.
inline double power_of(double x, double p) {
    if (p == 1.0) return x;
    if (p == 2.0) return x * x;
    if (p == 0.5) return __builtin_sqrt(x);
    if (p == -1.0) return 1.0 / x;
    const double magnitude = exp_of(p * log_of(x < 0.0 ? -x : x));
    const bool whole = __builtin_trunc(p) == p, odd = whole && __builtin_trunc(p / 2) != p / 2;
    const double negative = whole ? (odd ? -magnitude : magnitude) : __builtin_nan("");
    return x < 0.0 ? negative : magnitude;
}

}  // namespace
}  // namespace polyfuse
