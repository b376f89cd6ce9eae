// HOW values are put in order: ranks of a row, order statistics of columns.
//
// Order: values become unsigned keys that compare as they do (-0 and 0 the same for ranks). Ranks
// come from a stable merge sort, ties share the mean of theirs. Order statistics come from counting
// the leading bits of the keys, and of those that share the sought bucket the next bits, until few
// are left (a most-significant-digit radix selection). Exact.
// Shape: each level of a selection is two sweeps without a branch that data could mislead, and the
// number of levels is fixed, so that no input is a bad one.
#pragma once

#include <type_traits>

#include "kernels/normalization.hpp"
#include "stage.hpp"

namespace polyfuse {
namespace {

template <class S>
using KeyOf = std::conditional_t<sizeof(S) == 4, std::uint32_t, std::uint64_t>;

template <class S>
KeyOf<S> to_key(S x) {
    using Key = KeyOf<S>;
    constexpr Key sign = Key(1) << (8 * sizeof(S) - 1);
    const Key bits = __builtin_bit_cast(Key, x);
    return bits & sign ? ~bits : bits | sign;
}

template <class S>
S from_key(KeyOf<S> key) {
    using Key = KeyOf<S>;
    constexpr Key sign = Key(1) << (8 * sizeof(S) - 1);
    const Key bits = key & sign ? key & ~sign : ~key;
    return __builtin_bit_cast(S, bits);
}

// -- ranks ---------------------------------------------------------------------------------------

template <class S>
struct Keyed {
    KeyOf<S> key;
    std::int64_t place;
};

constexpr std::int64_t short_sort = 16;

template <class Item, class Before>
void insertion_sort(Item* x, std::int64_t n, Before before) {
    for (std::int64_t i = 1; i < n; ++i) {
        const Item item = x[i];
        std::int64_t j = i;
        for (; j > 0 && before(item, x[j - 1]); --j) x[j] = x[j - 1];
        x[j] = item;
    }
}

// Sorts n items, stably; the result is in x or in spare, which is returned.
template <class Item, class Before>
Item* merge_sort(Item* x, std::int64_t n, Item* spare, Before before) {
    for (std::int64_t i = 0; i < n; i += short_sort)
        insertion_sort(x + i, at_most(short_sort, n - i), before);
    for (std::int64_t run = short_sort; run < n; run *= 2) {
        for (std::int64_t start = 0; start < n; start += 2 * run) {
            const std::int64_t middle = at_most(start + run, n), end = at_most(start + 2 * run, n);
            std::int64_t a = start, b = middle;
            for (std::int64_t i = start; i < end; ++i) {
                const bool right = b < end && (a == middle || before(x[b], x[a]));
                spare[i] = x[right ? b : a];
                right ? ++b : ++a;
            }
        }
        Item* sorted = spare;
        spare = x;
        x = sorted;
    }
    return x;
}

// x becomes the ranks of its values, NaNs stay. Scratch: 2 n items.
template <class S>
void rank_values(S* x, std::int64_t n, Keyed<S>* scratch) {
    std::int64_t m = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        scratch[m] = {to_key(x[i] + S(0)), i};
        m += x[i] == x[i];
    }
    const Keyed<S>* sorted = merge_sort(
        scratch, m, scratch + n,
        [](const Keyed<S>& a, const Keyed<S>& b) { return a.key < b.key; });
    for (std::int64_t i = 0, end; i < m; i = end) {
        for (end = i + 1; end < m && sorted[end].key == sorted[i].key; ++end) {
        }
        const double rank = static_cast<double>(i + end + 1) / 2;
        for (std::int64_t j = i; j < end; ++j) x[sorted[j].place] = static_cast<S>(rank);
    }
}

// -- order statistics ----------------------------------------------------------------------------

constexpr int digit_bits = 11, n_digits = 1 << digit_bits;
constexpr std::int64_t few = 64;

// How often each digit occurs. Two counts of each, because equal neighbours would wait for each
// other.
template <class Key, class Digit>
void count_digits(const Key* x, std::int64_t n, Digit digit, std::int64_t* counts) {
    std::int64_t odd[n_digits] = {};
    for (int d = 0; d < n_digits; ++d) counts[d] = 0;
    std::int64_t i = 0;
    for (; i + 2 <= n; i += 2) {
        ++counts[digit(x[i])];
        ++odd[digit(x[i + 1])];
    }
    if (i < n) ++counts[digit(x[i])];
    for (int d = 0; d < n_digits; ++d) counts[d] += odd[d];
}

// The keys that have the given places in ascending order, `places` ascending too. `x` is used up;
// so is `spare`, which is as large.
template <class Key>
void select_keys(Key* x, std::int64_t n, Key* spare, int shift, const std::int64_t* places,
                 std::int64_t n_places, Key* found) {
    if (n <= few || shift < 0) {
        insertion_sort(x, shift < 0 ? 1 : n, [](Key a, Key b) { return a < b; });
        for (std::int64_t i = 0; i < n_places; ++i) found[i] = shift < 0 ? x[0] : x[places[i]];
        return;
    }
    const int low = shift - digit_bits + 1 < 0 ? 0 : shift - digit_bits + 1;
    const auto digit = [=](Key key) { return static_cast<int>(key >> low & (n_digits - 1)); };
    std::int64_t counts[n_digits], starts[n_digits];
    count_digits(x, n, digit, counts);
    // Where the keys of each digit that is wanted will stand in `spare`; the others overwrite each
    // other. Which it is, is no branch: nobody could predict it.
    std::int64_t before = 0, wanted = 0, place = 0, step[n_digits];
    Key dump, *end[n_digits];
    for (int d = 0; d < n_digits; ++d) {
        starts[d] = before;
        before += counts[d];
        step[d] = place < n_places && places[place] < before;
        while (place < n_places && places[place] < before) ++place;
        end[d] = step[d] ? spare + wanted : &dump;
        wanted += step[d] ? counts[d] : 0;
    }
    for (std::int64_t i = 0; i < n; ++i) {
        const int d = digit(x[i]);
        *end[d] = x[i];
        end[d] += step[d];
    }
    for (std::int64_t i = 0; i < n_places;) {
        int d = 0;
        while (places[i] >= starts[d] + counts[d]) ++d;
        std::int64_t inner[2 * most_fractions], last = i;
        for (; last < n_places && places[last] < starts[d] + counts[d]; ++last)
            inner[last - i] = places[last] - starts[d];
        const std::int64_t m = counts[d], at = end[d] - m - spare;
        select_keys(spare + at, m, x + at, low - 1, inner, last - i, found + i);
        i = last;
    }
}

// Order statistics of a column whose m numbers are in `keys`, for fractions in any order.
template <class S>
void quantiles_of(KeyOf<S>* keys, std::int64_t m, KeyOf<S>* spare, const Quantiles& out,
                  std::int64_t column, std::int64_t width) {
    std::int64_t places[2 * most_fractions], order[2 * most_fractions];
    KeyOf<S> found[2 * most_fractions];
    const std::int64_t k = 2 * out.n;
    for (std::int64_t q = 0; q < out.n; ++q) {
        const auto below = static_cast<std::int64_t>(out.fractions[q] * static_cast<double>(m - 1));
        places[2 * q] = at_most(below, m - 1);
        places[2 * q + 1] = at_most(below + 1, m - 1);
    }
    for (std::int64_t i = 0; i < k; ++i) order[i] = i;
    insertion_sort(order, k, [&](std::int64_t a, std::int64_t b) { return places[a] < places[b]; });
    std::int64_t sorted[2 * most_fractions];
    for (std::int64_t i = 0; i < k; ++i) sorted[i] = places[order[i]];
    if (m > 0) select_keys(keys, m, spare, 8 * static_cast<int>(sizeof(S)) - 1, sorted, k, found);
    for (std::int64_t i = 0; i < k; ++i) {
        double* side = order[i] % 2 ? out.above : out.below;
        side[order[i] / 2 * width + column] =
            m > 0 ? static_cast<double>(from_key<S>(found[i])) : __builtin_nan("");
    }
    out.count[column] = static_cast<double>(m);
}

// Columns [from, from + n) of all rows. Scratch: quantile_scratch(n_rows, n) bytes.
template <class S>
void quantiles_as(const Block& block, std::int64_t n_rows, std::int64_t from, std::int64_t n,
                  const Quantiles& out, char* scratch) {
    using Key = KeyOf<S>;
    constexpr std::int64_t height = quantile_rows;
    S* tile = reinterpret_cast<S*>(scratch);
    Key* keys = reinterpret_cast<Key*>(tile + height * n);
    Key* spare = keys + n * (n_rows + 1);
    std::int64_t found[quantile_columns] = {};
    for (std::int64_t r = 0; r < n_rows; r += height) {
        const RowSet rows{nullptr, r, at_most(height, n_rows - r)};
        const Tile<S> x = stage_block<S>(block, rows, from, n, tile);
        for (std::int64_t c = 0; c < n; ++c) {
            Key* own = keys + c * (n_rows + 1);
            std::int64_t m = found[c];
            for (std::int64_t i = 0; i < rows.count; ++i) {
                const S v = x.data[i * x.ld + c];
                own[m] = to_key(v);
                m += v == v;
            }
            found[c] = m;
        }
    }
    for (std::int64_t c = 0; c < n; ++c)
        quantiles_of<S>(keys + c * (n_rows + 1), found[c], spare, out, from + c, block.width);
}

inline void column_quantiles(const Block& block, std::int64_t n_rows, std::int64_t from,
                             std::int64_t n, const Quantiles& out, char* scratch) {
    in_exact_type(block.dtype, [&]<class S>(S) {
        quantiles_as<S>(block, n_rows, from, n, out, scratch);
    });
}

}  // namespace
}  // namespace polyfuse
