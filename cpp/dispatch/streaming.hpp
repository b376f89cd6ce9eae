// Which results are written past the caches.
#pragma once

#include "views.hpp"

namespace polyfuse {
namespace {

// Lowest and one past the highest address of a matrix.
struct Extent {
    const char *low, *high;
};

inline Extent extent_of(const char* data, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride,
                        std::int64_t n_rows, std::int64_t width, std::ptrdiff_t item) {
    Extent extent{data, data + item};
    for (const std::ptrdiff_t reach : {(n_rows - 1) * row_stride, (width - 1) * col_stride})
        (reach < 0 ? extent.low : extent.high) += reach;
    return extent;
}

// Streamed stores pay when the output is larger than what the caches may keep for the caller, and
// they would evict what an in-place operation has just read.
inline bool worth_streaming(const Rows& rows, const Out& out, std::ptrdiff_t item) {
    constexpr std::int64_t large = 16 << 20;
    if (out.half || rows.n_rows * rows.width * item < large) return false;
    const Extent written =
        extent_of(out.data, out.row_stride, out.col_stride, rows.n_rows, rows.width, item);
    for (std::int64_t b = 0; b < rows.n_blocks; ++b) {
        const Block& block = rows.blocks[b];
        const Extent read = extent_of(block.data, block.row_stride, block.col_stride, rows.n_rows,
                                      block.width, 8);
        if (read.low < written.high && written.low < read.high) return false;
    }
    return true;
}

}  // namespace
}  // namespace polyfuse
