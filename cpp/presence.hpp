// Which blocks take part in a row, and with which weights.
//
// A block is missing in a row where its mask says so or, if it floats, where the row is all NaN;
// a row that is there costs one look at its first value. Rows are cut into runs that have the same
// members, so that a fold never asks.
#pragma once

#include "ops/fusion_ops.hpp"
#include "stage.hpp"

namespace polyfuse {
namespace {

// Blocks that take part in a fold; ~b where the fill value stands for block b.
struct Members {
    const std::int32_t* which;
    std::int64_t n;
};

constexpr std::int64_t block_of(std::int32_t member) { return member < 0 ? ~member : member; }

template <class In>
bool all_nan(const char* x, std::ptrdiff_t step, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
        const In v = *reinterpret_cast<const In*>(x + i * step);
        if constexpr (std::is_same_v<In, Half>) {
            if ((v.bits & 0x7fffu) <= 0x7c00u) return false;
        } else if (v == v) {
            return false;
        }
    }
    return true;
}

inline bool is_missing(const Block& block, std::int64_t row) {
    if (block.present && !block.present[row]) return true;
    const char* x = block.data + row * block.row_stride;
    switch (block.dtype) {
        case DType::f16: return all_nan<Half>(x, block.col_stride, block.width);
        case DType::f32: return all_nan<float>(x, block.col_stride, block.width);
        case DType::f64: return all_nan<double>(x, block.col_stride, block.width);
        default: return false;
    }
}

// Members in row i, left to right, in `which`; returns their number, 0 if all blocks are missing.
inline std::int64_t members_of(const Rows& all, std::int64_t row, std::int32_t* which) {
    std::int64_t n = 0, present = 0;
    for (std::int64_t b = 0; b < all.n_blocks; ++b) {
        const auto member = static_cast<std::int32_t>(b);
        const bool missing = is_missing(all.blocks[b], row);
        present += !missing;
        if (!missing)
            which[n++] = member;
        else if (all.missing == Missing::fill)
            which[n++] = ~member;
    }
    return present ? n : 0;
}

// Call use(part, members) for runs of rows that have the same members. Scratch: 2 n_blocks indices.
template <class Use>
void by_presence(const Rows& all, const RowSet& rows, std::int32_t* scratch, Use use) {
    const std::int64_t k = all.n_blocks;
    std::int32_t *own = scratch, *next = scratch + k;
    if (all.missing == Missing::ignore) {
        for (std::int64_t b = 0; b < k; ++b) own[b] = static_cast<std::int32_t>(b);
        return use(rows, Members{own, k});
    }
    std::int64_t n = members_of(all, row_number(rows, 0), own);
    for (std::int64_t start = 0; start < rows.count;) {
        std::int64_t end = start + 1, n_next = 0;
        for (; end < rows.count; ++end) {
            n_next = members_of(all, row_number(rows, end), next);
            const auto size = static_cast<std::size_t>(n) * sizeof *own;
            if (n_next != n || std::memcmp(own, next, size) != 0) break;
        }
        use(RowSet{rows.index ? rows.index + start : nullptr, rows.first + start, end - start},
            Members{own, n});
        std::swap(own, next);
        n = n_next;
        start = end;
    }
}

template <class T>
void fill_tile(T value, std::int64_t count, std::int64_t n, T* dst, std::ptrdiff_t ld) {
    for (std::int64_t r = 0; r < count; ++r)
        for (std::int64_t c = 0; c < n; ++c) dst[r * ld + c] = value;
}

template <class T>
void load_member(const Rows& all, std::int32_t member, const RowSet& rows, std::int64_t from,
                 std::int64_t n, T* dst, std::ptrdiff_t ld) {
    if (member < 0) return fill_tile(static_cast<T>(all.fill), rows.count, n, dst, ld);
    load<T>(all.blocks[member], rows, from, n, dst, ld);
}

template <class T>
Tile<T> stage_member(const Rows& all, std::int32_t member, const RowSet& rows, std::int64_t from,
                     std::int64_t n, T* scratch) {
    if (member >= 0) return stage_block<T>(all.blocks[member], rows, from, n, scratch);
    fill_tile(static_cast<T>(all.fill), rows.count, n, scratch, n);
    return {scratch, n};
}

// -- weights -------------------------------------------------------------------------------------

inline double weight_at(const Rows& all, std::int64_t b, std::int64_t row, std::int64_t column) {
    switch (all.weighing) {
        case Weighing::column: return all.weights[b * all.width + column];
        case Weighing::row: return all.weights[b * all.n_rows + row];
        default: return all.weights[b];
    }
}

// The weights of block b for a tile, count x n.
inline void load_weights(const Rows& all, std::int64_t b, const RowSet& rows, std::int64_t from,
                         std::int64_t n, double* dst) {
    for (std::int64_t r = 0; r < rows.count; ++r) {
        if (all.weighing == Weighing::column) {
            const double* own = all.weights + b * all.width + from;
            std::memcpy(dst + r * n, own, static_cast<std::size_t>(n) * sizeof(double));
        } else {
            fill_tile(weight_at(all, b, row_number(rows, r), 0), 1, n, dst + r * n, n);
        }
    }
}

template <class Op>
double fold_total(const Rows& all, const Members& members) {
    if (!Op::weighted) return static_cast<double>(members.n);
    double total = 0.0;
    for (std::int64_t m = 0; m < members.n; ++m) total += all.weights[block_of(members.which[m])];
    return total;
}

}  // namespace
}  // namespace polyfuse
