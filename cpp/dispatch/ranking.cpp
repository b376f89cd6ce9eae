#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {

void run_column_quantiles(const Block& block, std::int64_t n_rows, const Quantiles& out) {
    const Table& table = kernels();
    const std::int64_t panel = quantile_panel(n_rows);
    parallel<char>(ceil_div(block.width, panel), 8 * n_rows * block.width,
                   quantile_scratch(n_rows, panel), [&](std::int64_t task, char* scratch) {
                       const std::int64_t from = task * panel;
                       table.column_quantiles(block, n_rows, from,
                                              at_most(panel, block.width - from), out, scratch);
                   });
}

}  // namespace polyfuse
