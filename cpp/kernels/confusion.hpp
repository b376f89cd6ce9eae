// HOW labels are counted: their range, pairs of them, and each alone.
//
// Labels are integers of any dtype; less the lowest of them they are codes 0..k-1. Order: rows in
// order, into the counts of one fixed range of rows; ranges are added in order. Exact: ranges,
// counts; weights are rounded sums. Shape: a tile of labels becomes codes in L1, then one loop
// counts, whatever the dtypes were; a code outside is found by one unsigned comparison. Places in a
// matrix are found in vectors before the first of them is counted in: the loads of a large matrix
// then run ahead of the stores (1,000 labels: 4.7 instead of 9.2 ms for 5,000,000 rows). Counts of
// a range are 32 bits wide: a table of a thousand labels is half as large.
#pragma once

#include <cstdint>

#include "tiling.hpp"
#include "vectors.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

template <class T>
void widen_codes(const char* data, std::int64_t first, std::int64_t n, std::int64_t low,
                 std::int64_t* out) {
    const T* from = reinterpret_cast<const T*>(data) + first;
    const auto least = static_cast<std::uint64_t>(low);
    for (std::int64_t i = 0; i < n; ++i)  // unsigned: the difference may wrap, and is outside then
        out[i] = static_cast<std::int64_t>(
            static_cast<std::uint64_t>(static_cast<std::int64_t>(from[i])) - least);
}

// f<T>() for the integer type T of a dtype; bool is one byte.
template <class F>
auto with_integers(DType dtype, F f) {
    switch (dtype) {
        case DType::i8: return f.template operator()<std::int8_t>();
        case DType::i16: return f.template operator()<std::int16_t>();
        case DType::u16: return f.template operator()<std::uint16_t>();
        case DType::i32: return f.template operator()<std::int32_t>();
        case DType::u32: return f.template operator()<std::uint32_t>();
        case DType::i64: return f.template operator()<std::int64_t>();
        case DType::u64: return f.template operator()<std::uint64_t>();
        default: return f.template operator()<std::uint8_t>();
    }
}

// The codes of n labels from `first` on: in `scratch`, or where they lie already.
inline const std::int64_t* codes(const Labels& labels, std::int64_t first, std::int64_t n,
                                 std::int64_t low, std::int64_t* scratch) {
    if (labels.dtype == DType::i64 && low == 0)
        return reinterpret_cast<const std::int64_t*>(labels.data) + first;
    with_integers(labels.dtype, [&]<class T>() {
        widen_codes<T>(labels.data, first, n, low, scratch);
    });
    return scratch;
}

// f(t, p, first, n) for the codes of each tile of a range of pairs.
template <class F>
void each_code_tile(const LabelPairs& pairs, std::int64_t first, std::int64_t count, F f) {
    alignas(64) std::int64_t t_scratch[label_tile], p_scratch[label_tile];
    for (std::int64_t at = first, end = first + count; at < end; at += label_tile) {
        const std::int64_t n = at_most(label_tile, end - at);
        f(codes(pairs.y_true, at, n, pairs.low, t_scratch),
          codes(pairs.y_pred, at, n, pairs.low, p_scratch), at, n);
    }
}

// Cell is uint32 for counts, double for weights.
template <class Cell>
void count_pairs(const LabelPairs& pairs, std::int64_t first, std::int64_t count,
                 const double* weight, std::int64_t k, Cell* cells) {
    const auto limit = static_cast<std::uint64_t>(k);
    constexpr std::uint64_t outside = ~std::uint64_t{0};
    alignas(64) std::uint64_t place[label_tile];
    each_code_tile(pairs, first, count, [&](const std::int64_t* t, const std::int64_t* p,
                                            std::int64_t at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) {
            const auto row = static_cast<std::uint64_t>(t[i]);
            const auto column = static_cast<std::uint64_t>(p[i]);
            place[i] = (row < limit) & (column < limit) ? row * limit + column : outside;
        }
        for (std::int64_t i = 0; i < n; ++i)
            if (place[i] != outside)
                cells[place[i]] += weight ? static_cast<Cell>(weight[at + i]) : Cell{1};
    });
}

// Of each code, 3 x k cells: rows in which both are it, the predicted one is, the true one is.
template <class Cell>
void sum_labels(const LabelPairs& pairs, std::int64_t first, std::int64_t count,
                const double* weight, std::int64_t k, Cell* cells) {
    const auto limit = static_cast<std::uint64_t>(k);
    each_code_tile(pairs, first, count, [&](const std::int64_t* t, const std::int64_t* p,
                                            std::int64_t at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) {
            const auto row = static_cast<std::uint64_t>(t[i]);
            const auto column = static_cast<std::uint64_t>(p[i]);
            const Cell one = weight ? static_cast<Cell>(weight[at + i]) : Cell{1};
            if (row == column && row < limit) cells[row] += one;
            if (column < limit) cells[limit + column] += one;
            if (row < limit) cells[2 * limit + row] += one;
        }
    });
}

inline std::int64_t count_equal(const LabelPairs& pairs, std::int64_t first, std::int64_t count) {
    std::int64_t equal = 0;
    each_code_tile(pairs, first, count, [&](const std::int64_t* t, const std::int64_t* p,
                                            std::int64_t, std::int64_t n) {
        std::int64_t own = 0;
        for (std::int64_t i = 0; i < n; ++i) own += t[i] == p[i];
        equal += own;
    });
    return equal;
}

// The least and the greatest of n > 0 labels, as bits of 64; unsigned ones of uint64.
inline LabelRange label_range(const Labels& labels, std::int64_t first, std::int64_t n) {
    return with_integers(labels.dtype, [&]<class T>() {
        const T* y = reinterpret_cast<const T*>(labels.data) + first;
        T low = y[0], high = y[0];
        for (std::int64_t i = 1; i < n; ++i) {
            low = y[i] < low ? y[i] : low;
            high = y[i] > high ? y[i] : high;
        }
        return LabelRange{static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
    });
}

}  // namespace
}  // namespace polyfuse
