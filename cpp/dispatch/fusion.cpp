// Rows and columns may change roles before the work is cut: what is elementwise does not care
// which is which, and memory is only read fast in the order in which it lies.
#include <atomic>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/streaming.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

constexpr std::ptrdiff_t magnitude(std::ptrdiff_t x) { return x < 0 ? -x : x; }

// Elements of a task: large enough to amortise a call, small enough to share out evenly.
constexpr std::int64_t task_size = 1 << 16;

template <class T>
std::int64_t fuse_areas(const Rows& rows, const Out& out) {
    const auto& kernel = kernels().typed<T>();
    const std::int64_t work = rows.n_rows * rows.width * at_least(1, rows.n_blocks);
    const std::int64_t height = at_least(1, task_size / at_least(1, rows.width));
    // Rows longer than a task are cut, unless it has to be seen which blocks a row misses.
    const std::int64_t width =
        rows.missing == Missing::ignore ? at_least(1, at_most(rows.width, task_size)) : rows.width;
    const std::int64_t across = ceil_div(rows.width, at_least(1, width));
    const std::int64_t n_tasks = ceil_div(rows.n_rows, height) * across;
    std::atomic<std::int64_t> nothing{rows.n_rows};
    parallel<T>(n_tasks, work, write_scratch(rows.n_blocks), [&](std::int64_t task, T* scratch) {
        const std::int64_t row = task / across * height, column = task % across * width;
        const Area area{row, at_most(height, rows.n_rows - row), column,
                        at_most(width, rows.width - column)};
        const std::int64_t found = kernel.fuse(rows, area, out, scratch);
        std::int64_t least = nothing.load(std::memory_order_relaxed);
        while (found >= 0 && found < least && !nothing.compare_exchange_weak(least, found)) {
        }
    });
    const std::int64_t first = nothing.load();
    return first == rows.n_rows ? -1 : first;
}

bool along_columns(const Rows& rows, const Out& out) {
    if (rows.missing != Missing::ignore || rows.n_rows < 2 || rows.width < 2) return false;
    if (magnitude(out.col_stride) <= magnitude(out.row_stride)) return false;
    return true;
}

Block turned(Block block, std::int64_t n_rows) {
    std::swap(block.row_stride, block.col_stride);
    block.width = n_rows;
    block.axis = Axis::row;
    return block;
}

// The same fusion with rows for columns. Blocks side by side become blocks one below the other,
// which are written one by one.
template <class T>
void fuse_turned(const Rows& rows, const Out& out) {
    std::vector<Block> blocks;
    for (std::int64_t b = 0; b < rows.n_blocks; ++b)
        blocks.push_back(turned(rows.blocks[b], rows.n_rows));
    Out to{out.data, out.col_stride, out.row_stride, out.half, out.stream};
    Rows all = rows;
    all.width = rows.n_rows;
    if (rows.op == concatenate_op) {
        for (std::int64_t b = 0; b < rows.n_blocks; ++b) {
            all.blocks = &blocks[static_cast<std::size_t>(b)];
            all.n_blocks = 1;
            all.n_rows = rows.blocks[b].width;
            fuse_areas<T>(all, to);
            to.data += all.n_rows * to.row_stride;
        }
        return;
    }
    all.blocks = blocks.data();
    all.n_rows = rows.width;
    if (rows.weighing != Weighing::block)
        all.weighing = rows.weighing == Weighing::row ? Weighing::column : Weighing::row;
    fuse_areas<T>(all, to);
}

}  // namespace

template <class T>
std::int64_t run_fuse(const Rows& rows, const Out& out) {
    if (rows.n_rows == 0 || rows.width == 0) return -1;
    Out to = out;
    to.stream = worth_streaming(rows, out, sizeof(T));
    if (!along_columns(rows, out)) return fuse_areas<T>(rows, to);
    fuse_turned<T>(rows, to);
    return -1;
}

template std::int64_t run_fuse<float>(const Rows&, const Out&);
template std::int64_t run_fuse<double>(const Rows&, const Out&);

void run_missing_rows(const Rows& rows, std::uint8_t* out) {
    const Table& table = kernels();
    constexpr std::int64_t share = 4096;
    parallel<char>(ceil_div(rows.n_rows, share), rows.n_rows * rows.n_blocks, 0,
                   [&](std::int64_t task, char*) {
                       const std::int64_t first = task * share;
                       table.missing_rows(rows, first, at_most(share, rows.n_rows - first), out);
                   });
}

}  // namespace polyfuse
