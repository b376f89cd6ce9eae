#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

constexpr std::int64_t leaves_per_task = 16;  // a power of two, so that a task is a whole subtree

// Statistics of several parts, one after the other in the caller's memory.
struct Parts {
    double* data;
    std::int64_t width;

    static std::int64_t size(std::int64_t n, std::int64_t width) { return 3 * n * width; }
    Moments operator[](std::int64_t i) const {
        double* first = data + size(i, width);
        return {first, first + width, first + 2 * width, width};
    }
};

void copy(const Moments& to, const Moments& from) {
    std::copy_n(from.count, from.width, to.count);
    std::copy_n(from.mean, from.width, to.mean);
    std::copy_n(from.squares, from.width, to.squares);
}

// Parts that stand on the stack of merge_tree at once.
std::int64_t stack_depth(std::int64_t n) {
    return std::bit_width(static_cast<std::uint64_t>(n)) + 1;
}

// Merges parts 0..n-1 pairwise, as a binary counter does: after part i, as often as i + 1 can be
// halved. What stands at the end is merged from the last backwards. The result is stack[0].
template <class MakePart>
void merge_tree(const Parts& stack, std::int64_t n, MakePart make) {
    const Table& table = kernels();
    std::int64_t depth = 0;
    const auto merge_last_two = [&] {
        --depth;
        table.merge_moments(stack[depth - 1], stack[depth]);
    };
    for (std::int64_t i = 0; i < n; ++i) {
        make(i, stack[depth++]);
        for (std::int64_t done = i + 1; done % 2 == 0; done /= 2) merge_last_two();
    }
    while (depth > 1) merge_last_two();
}

}  // namespace

void run_column_moments(const Block& block, std::int64_t n_rows, const double* sample_weight,
                        std::int64_t leaf_rows, const Moments& out) {
    const Table& table = kernels();
    leaf_rows = at_least(1, at_most(leaf_rows, n_rows));
    const std::int64_t width = block.width, n_leaves = ceil_div(n_rows, leaf_rows);
    const std::int64_t n_tasks = ceil_div(n_leaves, leaves_per_task);
    const std::int64_t stack_size = Parts::size(stack_depth(leaves_per_task), width);
    Scratch<double> memory(Parts::size(n_tasks + stack_depth(n_tasks), width));
    const Parts subtrees{memory.data(), width};
    parallel<double>(
        n_tasks, n_rows * width, moment_scratch(leaf_rows) + stack_size,
        [&](std::int64_t task, double* scratch) {
            const Parts stack{scratch, width};
            const std::int64_t first = task * leaves_per_task;
            merge_tree(stack, at_most(leaves_per_task, n_leaves - first),
                       [&](std::int64_t i, const Moments& leaf) {
                           const std::int64_t row = (first + i) * leaf_rows;
                           const RowSet rows{nullptr, row, at_most(leaf_rows, n_rows - row)};
                           table.leaf_moments(block, rows, sample_weight, leaf,
                                              scratch + stack_size);
                       });
            copy(subtrees[task], stack[0]);
        });
    const Parts stack{memory.data() + Parts::size(n_tasks, width), width};
    std::fill_n(stack[0].count, 3 * width, 0.0);
    merge_tree(stack, n_tasks,
               [&](std::int64_t i, const Moments& part) { copy(part, subtrees[i]); });
    copy(out, stack[0]);
}

void run_column_extrema(const Block& block, std::int64_t n_rows, double* low, double* high) {
    const Table& table = kernels();
    const std::int64_t width = block.width, height = extrema_rows(width);
    const std::int64_t n_tasks = at_least(1, at_most(max_slots, ceil_div(n_rows, height)));
    const std::int64_t share = ceil_div(ceil_div(n_rows, n_tasks), height) * height;
    Scratch<double> found(2 * n_tasks * width);
    parallel<double>(n_tasks, n_rows * width, moment_scratch(height),
                     [&](std::int64_t task, double* scratch) {
                         double* least = found.data() + 2 * task * width;
                         double* most = least + width;
                         std::fill_n(least, width, std::numeric_limits<double>::infinity());
                         std::fill_n(most, width, -std::numeric_limits<double>::infinity());
                         const std::int64_t end = at_most(n_rows, (task + 1) * share);
                         const RowSet rows{nullptr, task * share, end - task * share};
                         table.column_extrema(block, rows, least, most, scratch);
                     });
    std::copy_n(found.data(), width, low);
    std::copy_n(found.data() + width, width, high);
    for (std::int64_t task = 1; task < n_tasks; ++task)
        for (std::int64_t c = 0; c < width; ++c) {
            low[c] = std::min(low[c], found.data()[2 * task * width + c]);
            high[c] = std::max(high[c], found.data()[(2 * task + 1) * width + c]);
        }
}

}  // namespace polyfuse
