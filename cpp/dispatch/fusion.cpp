#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {

template <class T>
void run_fuse(const Rows& rows, const Out& out) {
    const auto& kernel = kernels().typed<T>();
    const std::int64_t work = rows.n_rows * rows.width * at_least(1, rows.n_blocks);
    // Large enough to amortise a call, small enough to share out evenly.
    const std::int64_t share = at_least(1, (1 << 16) / at_least(1, rows.width));
    const std::int64_t n_tasks = ceil_div(rows.n_rows, share);
    parallel<T>(n_tasks, work, write_scratch, [&](std::int64_t task, T* scratch) {
        const std::int64_t first = task * share;
        kernel.fuse(rows, first, at_most(share, rows.n_rows - first), out, scratch);
    });
}

template void run_fuse<float>(const Rows&, const Out&);
template void run_fuse<double>(const Rows&, const Out&);

}  // namespace polyfuse
