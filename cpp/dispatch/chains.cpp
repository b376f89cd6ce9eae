#include <algorithm>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {

// Chains do not know of each other, unless they are the classes of one model: threads share them.
template <class T>
void run_chains(const Rows& rows, const Chains<T>& chains, ChainParts parts, const Visits& visits,
                bool exact) {
    const auto& kernel = kernels().typed<T>();
    const std::int64_t n = chains.n, d = chains.width, work = visits.n * d * n;
    if (n == 0 || visits.n == 0) return;
    const bool one = !exact && chains.chain[0].loss == ChainLoss::multinomial;
    const std::int64_t n_tasks = one ? 1 : threads_for(n, work);
    std::vector<double> scores(static_cast<std::size_t>(n));
    std::vector<Chain> as_chains(static_cast<std::size_t>(n * parts.n));
    parts.own = as_chains.data();
    const std::int64_t scratch_size =
        chain_scratch(rows, sizeof(T)) + (exact || parts.part ? 0 : fast_scratch(n, d));
    parallel<T>(n_tasks, work, scratch_size, [&](std::int64_t task, T* scratch) {
        const std::int64_t from = n * task / n_tasks, to = n * (task + 1) / n_tasks;
        const Chains<T> own = some_of(chains, from, to - from);
        Visits ways = visits;
        ways.order += from * visits.apart;
        if (parts.part)
            return kernel.parted_chains(
                rows, own, {parts.part + from * parts.n, parts.own + from * parts.n, parts.n}, ways,
                exact, scratch, scores.data() + from);
        kernel.chains(rows, own, ways, exact, scratch, scores.data() + from);
    });
}

template <class T>
void run_settle_chains(const Chains<T>& chains, ChainParts parts) {
    const auto& kernel = kernels().typed<T>();
    if (!parts.part) return kernel.settle_chains(chains);
    std::vector<Chain> own(static_cast<std::size_t>(chains.n * parts.n));
    parts.own = own.data();
    kernel.settle_parts(chains, parts);
}

// Marsaglia, Xorshift RNGs, Journal of Statistical Software 8(14), 2003; scikit-learn's our_rand_r.
void run_shuffle(std::uint32_t seed, std::int64_t* order, std::int64_t n) {
    std::uint32_t state = seed == 0 ? 1 : seed;
    for (std::int64_t i = 0; i + 1 < n; ++i) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        const std::int64_t j = i + static_cast<std::int64_t>(state & 0x7fffffff) % (n - i);
        std::swap(order[i], order[j]);
    }
}

template void run_chains<float>(const Rows&, const Chains<float>&, ChainParts, const Visits&,
                                bool);
template void run_chains<double>(const Rows&, const Chains<double>&, ChainParts, const Visits&,
                                 bool);
template void run_settle_chains<float>(const Chains<float>&, ChainParts);
template void run_settle_chains<double>(const Chains<double>&, ChainParts);

}  // namespace polyfuse
