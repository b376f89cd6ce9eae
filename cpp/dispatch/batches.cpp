#include <atomic>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/streaming.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {

template <class T>
bool run_normalize_rows(const Block& block, std::int64_t n_rows, Normalization kind, double least,
                        const Out& out) {
    if (n_rows == 0 || block.width == 0) return true;
    Out to = out;
    to.stream = worth_streaming({&block, 1, concatenate_op, nullptr, n_rows, block.width}, out,
                                sizeof(T));
    std::atomic<bool> finite{true};
    const auto& kernel = kernels().typed<T>();
    const std::int64_t share = at_least(1, (1 << 14) / at_least(1, block.width));
    parallel<double>(ceil_div(n_rows, share), 4 * n_rows * block.width,
                     batch_scratch(kind, block.width, 1), [&](std::int64_t task, double* scratch) {
                         const std::int64_t first = task * share;
                         if (!kernel.normalize_rows(block, first, at_most(share, n_rows - first),
                                                    kind, least, to, scratch))
                             finite.store(false, std::memory_order_relaxed);
                     });
    return finite.load();
}

// A task is some columns of one group.
template <class T>
void run_normalize_groups(const Block& block, const Groups& groups, Normalization kind,
                          const Out& out) {
    if (groups.n == 0 || block.width == 0) return;
    const auto& kernel = kernels().typed<T>();
    std::int64_t tallest = 0;
    for (std::int64_t g = 0; g < groups.n; ++g)
        tallest = at_least(tallest, groups.starts[g + 1] - groups.starts[g]);
    const std::int64_t panel = batch_panel(tallest), across = ceil_div(block.width, panel);
    const std::int64_t n_rows = groups.starts[groups.n];
    parallel<double>(groups.n * across, 4 * n_rows * block.width, batch_scratch(kind, tallest, panel),
                     [&](std::int64_t task, double* scratch) {
                         const std::int64_t g = task / across, from = task % across * panel;
                         const std::int64_t start = groups.starts[g];
                         const RowSet rows{groups.order ? groups.order + start : nullptr, start,
                                           groups.starts[g + 1] - start};
                         if (rows.count > 0)
                             kernel.normalize_group(block, rows, from,
                                                    at_most(panel, block.width - from), kind, out,
                                                    scratch);
                     });
}

template bool run_normalize_rows<float>(const Block&, std::int64_t, Normalization, double,
                                        const Out&);
template bool run_normalize_rows<double>(const Block&, std::int64_t, Normalization, double,
                                         const Out&);
template void run_normalize_groups<float>(const Block&, const Groups&, Normalization, const Out&);
template void run_normalize_groups<double>(const Block&, const Groups&, Normalization, const Out&);

}  // namespace polyfuse
