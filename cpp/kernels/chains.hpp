// HOW chains of stochastic gradient descent run: one step per row, several models side by side.
//
// Order: each chain by itself takes the steps of kernels/chain_steps.hpp, in its own order of rows;
// which chains run together never shows. Exact: as kernels/chain_exact.hpp and chain_fast.hpp say.
// Shape: chains that neither average nor truncate, over dense rows, run in groups whose updates
// wait for the next sweep; others step by themselves.
#pragma once

#include "kernels/chain_exact.hpp"
#include "kernels/chain_fast.hpp"

namespace polyfuse {
namespace {

// One chain that averages or truncates, or whose rows are sparse.
template <bool exact, class T>
void single_chain(const Rows& all, const Learner<T>& own, const Visits& visits,
                  T* scratch) {
    for_each_row(all, visits, scratch, [&](const auto& row, std::int64_t i) {
        step<exact>(own, row, visits, i);
    });
}

// The classes of one model that average or truncate, or whose rows are sparse.
template <class T>
void softmax_chains(const Rows& all, const Chains<T>& chains, const Visits& visits, T* scratch,
                    double* scores) {
    const auto own = [&](std::int64_t c) { return learner(chains, c); };
    for_each_row(all, visits, scratch, [&](const auto& row, std::int64_t i) {
        softmax_step(chains, own, row, visits, i, scores);
    });
}

// Whether the update of a chain can wait for the next sweep.
inline bool sweeps(const Chain& c) { return !averages(c) && !truncates(c); }

// The steps of some chains. Scratch: chain_scratch elements, and fast_scratch without `exact`;
// scores: one for each chain.
template <class T>
void chains(const Rows& all, const Chains<T>& chains, const Visits& visits, bool exact, T* scratch,
            double* scores) {
    const bool softmax = chains.chain[0].loss == ChainLoss::multinomial;
    const auto together = [&](std::int64_t c) {
        return !is_sparse(all) && c < chains.n && sweeps(chains.chain[c]);
    };
    std::int64_t n = 0;
    while (together(n)) ++n;
    if (!exact && n == chains.n) return FastRun<T>(all, chains, visits, scratch, scores).run();
    if (!exact && softmax) return softmax_chains(all, chains, visits, scratch, scores);
    for (std::int64_t c = 0; c < chains.n; c += n) {
        Visits own = visits;
        own.order += c * visits.apart;
        for (n = 0; exact && together(c + n);) ++n;
        if (n > 0) {
            exact_chains(all, some_of(chains, c, n), own, scratch);
            continue;
        }
        n = 1;
        exact ? single_chain<true>(all, learner(chains, c), own, scratch)
              : single_chain<false>(all, learner(chains, c), own, scratch);
    }
}

template <class T>
void settle_chains(const Chains<T>& chains) {
    for (std::int64_t c = 0; c < chains.n; ++c) settle(learner(chains, c));
}

}  // namespace
}  // namespace polyfuse
