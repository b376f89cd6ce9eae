#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {

void run_error_sums(const ErrorPairs& pairs, ErrorKind kind, std::int64_t n, ErrorSums* sums) {
    const std::int64_t k = pairs.y_true.width, n_slots = error_slots(n, k);
    const std::int64_t share = ceil_div(n, n_slots);
    std::vector<ErrorSums> slots(static_cast<std::size_t>(n_slots * k));
    parallel<double>(n_slots, 2 * n * k, error_scratch, [&](std::int64_t slot, double* scratch) {
        const std::int64_t first = at_most(n, slot * share);
        kernels().sum_errors(pairs, kind, first, at_most(share, n - first), slots.data() + slot * k,
                             scratch);
    });
    for (std::int64_t j = 0; j < k; ++j) {
        sums[j] = slots[static_cast<std::size_t>(j)];
        for (std::int64_t slot = 1; slot < n_slots; ++slot)
            kernels().merge_errors(sums[j], slots[static_cast<std::size_t>(slot * k + j)]);
    }
}

}  // namespace polyfuse
