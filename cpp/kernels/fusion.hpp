// HOW fused rows are written out.
//
// Order: tiles of about a thousand elements, each staged and folded from left to right. Exact: one
// rounding per operation, so the tiling does not show. Shape: all blocks advance in lock step, a
// tile at a time, and what was converted is still in L1 when it is folded; a short row is swept
// together with its followers, a long one in pieces. A tile is written in place where that can be;
// it passes through L1 where the output is strided, of float16, or so large that it is streamed.
#pragma once

#include "fuse.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// One row of a tile, to where it belongs.
template <class T>
void place_run(const T* src, std::int64_t n, const Out& out, char* dst) {
    if constexpr (std::is_same_v<T, float>) {
        if (out.half) {
            if (out.col_stride == sizeof(Half))
                return narrow_run(src, n, reinterpret_cast<Half*>(dst));
            for (std::int64_t c = 0; c < n; ++c)
                *reinterpret_cast<Half*>(dst + c * out.col_stride) = narrow(src[c]);
            return;
        }
    }
    if (out.col_stride == sizeof(T)) {
        if (out.stream) return stream(src, n, reinterpret_cast<T*>(dst));
        std::memcpy(dst, src, static_cast<std::size_t>(n) * sizeof(T));
        return;
    }
    for (std::int64_t c = 0; c < n; ++c)
        *reinterpret_cast<T*>(dst + c * out.col_stride) = src[c];
}

// A tile of rows x n values at (row, column) of the output.
template <class T>
void place(const T* src, std::int64_t rows, std::int64_t n, const Out& out, std::int64_t row,
           std::int64_t column) {
    char* dst = out.data + row * out.row_stride + column * out.col_stride;
    if (rows > 1 && out.row_stride == n * out.col_stride)
        return place_run(src, rows * n, out, dst);  // no gap between the rows
    for (std::int64_t r = 0; r < rows; ++r)
        place_run(src + r * n, n, out, dst + r * out.row_stride);
}

// Where a tile may be written directly: contiguous rows, a whole number of elements apart.
template <class T>
bool direct(const Out& out) {
    return !out.half && !out.stream && out.col_stride == sizeof(T) &&
           out.row_stride % static_cast<std::ptrdiff_t>(sizeof(T)) == 0;
}

inline bool any_along_columns(const Rows& all) {
    for (std::int64_t b = 0; b < all.n_blocks; ++b)
        if (along_columns(all.blocks[b])) return true;
    return false;
}

// Write a part of the fused rows; returns the first row in which all blocks are missing, or -1.
// Scratch: write_scratch(n_blocks) elements.
template <class T>
std::int64_t fuse(const Rows& all, const Area& area, const Out& out, T* scratch) {
    const Fuse<T> run = pick_fuse<T>(all);
    const TileShape shape = tile_shape(area.n_columns, any_along_columns(all));
    T* tile = scratch + list_scratch(all.n_blocks);
    T* work = tile + write_tile;
    std::int64_t nothing = -1;
    const auto write = [&](const RowSet& rows, const Members& members) {
        if (members.n == 0 && nothing < 0) nothing = rows.first;
        for (std::int64_t c = 0; c < area.n_columns; c += shape.columns) {
            const std::int64_t n = at_most(shape.columns, area.n_columns - c);
            const std::int64_t column = area.first_column + c;
            if (direct<T>(out)) {
                char* dst = out.data + rows.first * out.row_stride + column * out.col_stride;
                run(all, members,
                    {rows, column, n, reinterpret_cast<T*>(dst),
                     out.row_stride / static_cast<std::ptrdiff_t>(sizeof(T))},
                    work);
            } else {
                run(all, members, {rows, column, n, tile, n}, work);
                place(tile, rows.count, n, out, rows.first, column);
            }
        }
    };
    for (std::int64_t r = 0; r < area.n_rows; r += shape.rows) {
        const RowSet rows{nullptr, area.first_row + r, at_most(shape.rows, area.n_rows - r)};
        by_presence(all, rows, lists(scratch), write);
    }
    if (out.stream) finish_streams();
    return nothing;
}

// out[i * n_blocks + b] = whether block b is missing in row i, for some rows.
inline void missing_rows(const Rows& all, std::int64_t first, std::int64_t count,
                         std::uint8_t* out) {
    for (std::int64_t i = first; i < first + count; ++i)
        for (std::int64_t b = 0; b < all.n_blocks; ++b)
            out[i * all.n_blocks + b] = is_missing(all.blocks[b], i);
}

}  // namespace
}  // namespace polyfuse
