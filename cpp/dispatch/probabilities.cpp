#include <algorithm>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// Four tables of counts, of weights after those, made the two rows of the result.
void add_tallies(const double* tables, bool weighted, std::int64_t k, double* tallies) {
    for (std::int64_t row = 0; row < 2; ++row)
        for (std::int64_t t = 0; t < 4; ++t)
            for (std::int64_t j = 0; j < k; ++j)
                tallies[row * k + j] += tables[(4 * row * weighted + t) * k + j];
}

}  // namespace

template <class T>
void run_probability_sums(const Labels& labels, std::int64_t low, const Probabilities<T>& p,
                          std::int64_t n, double* sums, double* tallies) {
    const std::int64_t k = p.width, n_slots = probability_slots(n, k), share = ceil_div(n, n_slots);
    const std::int64_t size = n_probability_sums + 8 * k;
    std::vector<double> slots(static_cast<std::size_t>(n_slots * size));
    parallel<T>(n_slots, n * at_least(8, k), probability_rows(k) * k,
                [&](std::int64_t slot, T* planes) {
        const std::int64_t first = at_most(n, slot * share);
        double* own = slots.data() + slot * size;
        kernels().typed<T>().sum_probabilities(labels, low, p, first, at_most(share, n - first),
                                               own, own + n_probability_sums, planes);
    });
    std::fill_n(sums, n_probability_sums, 0.0);
    std::fill_n(tallies, 2 * k, 0.0);
    for (std::int64_t slot = 0; slot < n_slots; ++slot) {
        const double* own = slots.data() + slot * size;
        for (std::int64_t i = 0; i < n_probability_sums - 1; ++i) sums[i] += own[i];
        sums[4] = std::max(sums[4], own[4]);
        add_tallies(own + n_probability_sums, p.weight != nullptr, k, tallies);
    }
}

template void run_probability_sums(const Labels&, std::int64_t, const Probabilities<float>&,
                                   std::int64_t, double*, double*);
template void run_probability_sums(const Labels&, std::int64_t, const Probabilities<double>&,
                                   std::int64_t, double*, double*);

}  // namespace polyfuse
