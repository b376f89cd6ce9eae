#include <algorithm>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// Sum k x k cells over fixed ranges of rows: count(first, n, cells) fills those of one range.
template <class Cell, class Count>
void sum_slots(std::int64_t n, std::int64_t k, Cell* cells, Count count) {
    const std::int64_t n_slots = confusion_slots(n, k), share = ceil_div(n, n_slots);
    std::vector<Cell> slots(static_cast<std::size_t>(n_slots * k * k), Cell{0});
    parallel<Cell>(n_slots, n, 0, [&](std::int64_t slot, Cell*) {
        const std::int64_t first = at_most(n, slot * share);
        count(first, at_most(share, n - first), slots.data() + slot * k * k);
    });
    std::fill_n(cells, k * k, Cell{0});
    for (std::int64_t slot = 0; slot < n_slots; ++slot)
        for (std::int64_t i = 0; i < k * k; ++i) cells[i] += slots[slot * k * k + i];
}

}  // namespace

void run_confusion(const std::int64_t* y_true, const std::int64_t* y_pred, std::int64_t n,
                   std::int64_t k, std::int64_t* cells) {
    const Table& table = kernels();
    sum_slots(n, k, cells, [&](std::int64_t first, std::int64_t count, std::int64_t* own) {
        table.count_pairs(y_true + first, y_pred + first, count, k, own);
    });
}

void run_confusion(const std::int64_t* y_true, const std::int64_t* y_pred, const double* weight,
                   std::int64_t n, std::int64_t k, double* cells) {
    const Table& table = kernels();
    sum_slots(n, k, cells, [&](std::int64_t first, std::int64_t count, double* own) {
        table.weigh_pairs(y_true + first, y_pred + first, weight + first, count, k, own);
    });
}

}  // namespace polyfuse
