// HOW labels that are strings of fixed width become codes: a hash table of the rows seen first.
//
// A label is a row of 32-bit words (NumPy's characters). Codes are in the order of their first
// row. Exact. Shape: one table probed linearly, at most half full, with the hash beside each code,
// so that words are compared once a row where there are no collisions.
#pragma once

#include <cstdint>
#include <cstring>

#include "views.hpp"

namespace polyfuse {
namespace {

inline std::uint64_t hash_words(const std::uint32_t* words, std::int64_t width) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;  // 2^64 over the golden ratio (Knuth 6.4)
    std::uint64_t hash = odd;
    std::int64_t j = 0;
    for (; j + 2 <= width; j += 2) {
        std::uint64_t two;
        std::memcpy(&two, words + j, sizeof two);
        hash = (hash ^ two) * odd;
        hash ^= hash >> 29;
    }
    if (j < width) hash = (hash ^ words[j]) * odd;
    hash = (hash ^ (hash >> 32)) * odd;  // labels may differ in their highest bits alone
    return hash ^ (hash >> 32);
}

inline bool same_words(const std::uint32_t* a, const std::uint32_t* b, std::int64_t width) {
    std::uint32_t differ = 0;
    for (std::int64_t j = 0; j < width; ++j) differ |= a[j] ^ b[j];
    return differ == 0;
}

// Codes of n rows of words, and the first row of each code. How many codes there are, or -1 if
// more than `limit`. `table` has `size` slots, a power of two of at least 2 * limit.
inline std::int64_t encode_words(const std::uint32_t* words, std::int64_t n, std::int64_t width,
                                 std::int64_t limit, std::int64_t* codes, std::int64_t* firsts,
                                 WordSlot* table, std::int64_t size) {
    const auto mask = static_cast<std::uint64_t>(size - 1);
    for (std::int64_t s = 0; s < size; ++s) table[s] = {0, -1};
    std::int64_t n_codes = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const std::uint32_t* own = words + i * width;
        const std::uint64_t hash = hash_words(own, width);
        std::uint64_t at = hash & mask;
        while (table[at].code >= 0 &&
               (table[at].hash != hash ||
                !same_words(words + firsts[table[at].code] * width, own, width)))
            at = (at + 1) & mask;
        if (table[at].code < 0) {
            if (n_codes == limit) return -1;
            table[at] = {hash, n_codes};
            firsts[n_codes++] = i;
        }
        codes[i] = table[at].code;
    }
    return n_codes;
}

}  // namespace
}  // namespace polyfuse
