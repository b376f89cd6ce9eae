// HOW fused rows are written out.
//
// Order: tiles of about a thousand elements, each staged and folded from left to right. Exact: one
// rounding per operation, so the tiling does not show. Shape: all blocks advance in lock step, a
// tile at a time, and what was converted is still in L1 when it is folded; a short row is swept
// together with its followers, a long one in pieces.
#pragma once

#include "stage.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

template <class T>
void scatter(const T* src, std::int64_t rows, std::int64_t n, const Out& out, std::int64_t row,
             std::int64_t column) {
    for (std::int64_t r = 0; r < rows; ++r) {
        char* dst = out.data + (row + r) * out.row_stride + column * out.col_stride;
        for (std::int64_t c = 0; c < n; ++c)
            std::memcpy(dst + c * out.col_stride, src + r * n + c, sizeof(T));
    }
}

// Where a tile may be written directly: contiguous rows, a whole number of elements apart.
template <class T>
bool direct(const Out& out) {
    return out.col_stride == sizeof(T) && out.row_stride % static_cast<std::ptrdiff_t>(sizeof(T)) == 0;
}

// Run write(rows, from, n, dst, ld) over tiles of columns [0, width), placed at out's `column`.
template <class T, class Write>
void in_tiles(const RowSet& rows, std::int64_t width, const Out& out, std::int64_t column,
              T* scratch, Write write) {
    const std::int64_t height = at_least(1, write_tile / at_least(1, width));
    for (std::int64_t r = 0; r < rows.count; r += height)
        for (std::int64_t c = 0; c < width; c += write_tile) {
            const RowSet tile{nullptr, rows.first + r, at_most(height, rows.count - r)};
            const std::int64_t n = at_most(write_tile, width - c);
            if (direct<T>(out)) {
                char* dst = out.data + tile.first * out.row_stride + (column + c) * out.col_stride;
                write(tile, c, n, reinterpret_cast<T*>(dst),
                      out.row_stride / static_cast<std::ptrdiff_t>(sizeof(T)));
            } else {
                write(tile, c, n, scratch, n);
                scatter(scratch, tile.count, n, out, tile.first, column + c);
            }
        }
}

// Write the fused rows [first, first + count). Scratch: write_scratch elements.
template <class T>
void fuse(const Rows& all, std::int64_t first, std::int64_t count, const Out& out, T* scratch) {
    const RowSet rows{nullptr, first, count};
    if (all.op != concatenate_op) {
        const FoldTile<T> fold = pick_fold<T>(all.op, FusionOps{});
        in_tiles<T>(rows, all.width, out, 0, scratch,
                    [&](const RowSet& tile, std::int64_t c, std::int64_t n, T* dst,
                        std::ptrdiff_t ld) {
                        fold(all, tile, c, n, dst, ld, scratch + write_tile);
                    });
        return;
    }
    std::int64_t column = 0;
    for (std::int64_t b = 0; b < all.n_blocks; ++b) {
        const Block& block = all.blocks[b];
        in_tiles<T>(rows, block.width, out, column, scratch,
                    [&](const RowSet& tile, std::int64_t c, std::int64_t n, T* dst,
                        std::ptrdiff_t ld) { load<T>(block, tile, c, n, dst, ld); });
        column += block.width;
    }
}

}  // namespace
}  // namespace polyfuse
