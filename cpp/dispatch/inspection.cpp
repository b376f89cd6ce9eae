#include <algorithm>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// task(first, n, own, scratch) for fixed ranges of rows; the numbers that each fills are added up
// in order. `work` is that of a row.
template <class T, class Number, class Task>
std::vector<Number> sum_ranges(std::int64_t n, std::int64_t size, std::int64_t work,
                               std::int64_t scratch_size, Task task) {
    const std::int64_t n_slots = inspection_slots(n), share = ceil_div(n, n_slots);
    std::vector<Number> slots(static_cast<std::size_t>(n_slots * size));
    parallel<T>(n_slots, n * work, scratch_size, [&](std::int64_t slot, T* scratch) {
        const std::int64_t first = at_most(n, slot * share);
        task(first, at_most(share, n - first), slots.data() + slot * size, scratch);
    });
    for (std::int64_t slot = 1; slot < n_slots; ++slot)
        for (std::int64_t i = 0; i < size; ++i) slots[i] += slots[slot * size + i];
    slots.resize(static_cast<std::size_t>(size));
    return slots;
}

double factorial(std::int64_t m) {
    double product = 1.0;
    for (std::int64_t i = 2; i <= m; ++i) product *= static_cast<double>(i);
    return product;
}

}  // namespace

template <class T>
std::int64_t run_score_means(const Rows& rows, bool logs, double* means) {
    const std::int64_t m = rows.n_blocks, k = rows.width;
    const std::vector<double> sums = sum_ranges<T, double>(
        rows.n_rows, m * (k + 1), m * k, 0,
        [&](std::int64_t first, std::int64_t n, double* own, T*) {
            for (std::int64_t b = 0; b < m; ++b)
                kernels().typed<T>().sum_scores(rows.blocks[b], logs, first, n, own + b * (k + 1));
        });
    std::int64_t odd = -1;
    for (std::int64_t b = m - 1; b >= 0; --b)
        for (std::int64_t j = 0; j < k; ++j) {
            const double* own = sums.data() + b * (k + 1);
            const double mean = own[k] > 0.0 ? own[j] / own[k] : 0.0;
            means[b * k + j] = mean;
            if (!(mean - mean == 0.0)) odd = b;
        }
    return odd;
}

template <class T>
void run_contributions(const Rows& rows, bool logs, const double* means, const double* row_scale,
                       double* per_row, double* totals, double* products) {
    const std::int64_t m = rows.n_blocks, sizes = m * most_probability_rows;
    const std::int64_t scratch = sizes + contribution_scratch(rows.width);
    const std::vector<double> sums = sum_ranges<double, double>(
        rows.n_rows, m + m * m, m * rows.width, scratch,
        [&](std::int64_t first, std::int64_t n, double* own, double* room) {
            kernels().typed<T>().measure_contributions(rows, logs, means, row_scale, first, n,
                                                       per_row, own, room,
                                                       reinterpret_cast<T*>(room + sizes));
        });
    std::copy_n(sums.data(), m, totals);
    for (std::int64_t b = 0; b < m; ++b)
        for (std::int64_t c = 0; c <= b; ++c)
            products[b * m + c] = products[c * m + b] = sums[m + b * m + c];
}

template <class T>
void run_coalition_counts(const Rows& rows, const Verdict& verdict, const double* baseline,
                          std::int64_t* counts, double* shares) {
    const std::int64_t m = rows.n_blocks, size = std::int64_t{1} << m;
    const std::int64_t n_slots = inspection_slots(rows.n_rows);
    const std::int64_t share = ceil_div(rows.n_rows, n_slots), lanes = 2 * m * n_score_lanes;
    std::vector<std::int64_t> tallies(static_cast<std::size_t>(n_slots * size));
    std::vector<double> sums(static_cast<std::size_t>(n_slots * lanes));
    parallel<T>(n_slots, rows.n_rows * rows.width * size, coalition_scratch(m, rows.width),
                [&](std::int64_t slot, T* scratch) {
        const std::int64_t first = at_most(rows.n_rows, slot * share);
        kernels().typed<T>().count_coalitions(
            rows, verdict, baseline, first, at_most(share, rows.n_rows - first),
            tallies.data() + slot * size, sums.data() + slot * lanes, scratch);
    });
    std::fill_n(counts, size, 0);
    std::fill_n(shares, 2 * m, 0.0);
    const double unit = factorial(m);
    for (std::int64_t slot = 0; slot < n_slots; ++slot) {
        for (std::int64_t i = 0; i < size; ++i) counts[i] += tallies[slot * size + i];
        for (std::int64_t i = 0; i < lanes; ++i) {
            const std::int64_t b = i / (2 * n_score_lanes), square = i / n_score_lanes % 2;
            const double sum = sums[slot * lanes + i];
            shares[square * m + b] += square ? sum / unit / unit : sum / unit;
        }
    }
}

template <class T>
std::int64_t run_permuted_counts(const Rows& rows, const Verdict& verdict, const Shifts& shifts,
                                 std::int64_t* counts) {
    const std::int64_t m = rows.n_blocks, size = m * shifts.n;
    const std::vector<std::int64_t> sums = sum_ranges<T, std::int64_t>(
        rows.n_rows, size + 1, (size + 1) * rows.width, permutation_scratch(m, rows.width),
        [&](std::int64_t first, std::int64_t n, std::int64_t* own, T* scratch) {
            kernels().typed<T>().count_permuted(rows, verdict, shifts, first, n, own, own[size],
                                                scratch);
        });
    std::copy_n(sums.data(), size, counts);
    return sums[static_cast<std::size_t>(size)];
}

template std::int64_t run_score_means<float>(const Rows&, bool, double*);
template std::int64_t run_score_means<double>(const Rows&, bool, double*);
template void run_contributions<float>(const Rows&, bool, const double*, const double*, double*,
                                       double*, double*);
template void run_contributions<double>(const Rows&, bool, const double*, const double*, double*,
                                        double*, double*);
template void run_coalition_counts<float>(const Rows&, const Verdict&, const double*,
                                          std::int64_t*, double*);
template void run_coalition_counts<double>(const Rows&, const Verdict&, const double*,
                                           std::int64_t*, double*);
template std::int64_t run_permuted_counts<float>(const Rows&, const Verdict&, const Shifts&,
                                                 std::int64_t*);
template std::int64_t run_permuted_counts<double>(const Rows&, const Verdict&, const Shifts&,
                                                  std::int64_t*);

}  // namespace polyfuse
