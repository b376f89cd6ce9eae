// HOW chains step whose columns do not all move alike: the columns of a chain are cut into parts,
// each with steps and a penalty of its own.
//
// Order: a part is a chain by itself (its scale, norms and averages; ops/chain_ops.hpp), without an
// intercept; the scores of the parts are added up from left to right, in double. Exact: a single
// part with factors of 1 gives the bits of the chain without parts. Shape: the steps of
// kernels/chain_steps.hpp, part by part over the row at hand, one chain after another.
#pragma once

#include "kernels/chain_steps.hpp"

namespace polyfuse {
namespace {

// A chain and its parts, each also as a chain of its own.
template <class T>
struct Parted {
    Learner<T> whole;
    ChainPart* part;
    Chain* own;
    std::int64_t n;
};

template <class T>
Parted<T> parted(const Chains<T>& all, const ChainParts& parts, std::int64_t c) {
    return {learner(all, c), parts.part + c * parts.n, parts.own + c * parts.n, parts.n};
}

// What a sparse row holds from column `first` on.
template <class T>
struct ShiftedRow {
    const T* x;
    const std::int32_t* at;
    std::int64_t n;
    std::int64_t first;
    std::int64_t column(std::int64_t i) const { return at[i] - first; }
};

// What a row holds in columns [first, end). `from`: how many of its values lie before them.
template <class T>
DenseRow<T> cut(const DenseRow<T>& row, std::int64_t first, std::int64_t end, std::int64_t&) {
    return {row.x + first, end - first};
}

template <class T>
ShiftedRow<T> cut(const SparseRow<T>& row, std::int64_t first, std::int64_t end,
                  std::int64_t& from) {
    const std::int64_t begin = from;
    while (from < row.n && row.at[from] < end) ++from;
    return {row.x + begin, row.at + begin, from - begin, first};
}

// visit(part, learner, row) for each part, of its own columns.
template <class T, class Row, class Visit>
void for_each_part(const Parted<T>& all, const Row& row, Visit visit) {
    const Learner<T>& whole = all.whole;
    std::int64_t first = 0, from = 0;
    for (std::int64_t b = 0; b < all.n; ++b) {
        const std::int64_t width = all.part[b].width;
        const Learner<T> own{all.own + b, whole.w + first,
                             whole.average ? whole.average + first : nullptr,
                             whole.met ? whole.met + first : nullptr, width};
        visit(all.part[b], own, cut(row, first, first + width, from));
        first += width;
    }
}

// The parts as chains, from what is kept of them, and back.
template <class T>
void open_parts(const Parted<T>& all) {
    for (std::int64_t b = 0; b < all.n; ++b) {
        const ChainPart& part = all.part[b];
        Chain& own = all.own[b];
        own = *all.whole.chain;
        own.alpha *= part.alpha;
        own.fit_intercept = 0;
        own.scale = part.scale, own.sq_norm = part.sq_norm, own.l1_norm = part.l1_norm;
        own.u = part.u, own.average_a = part.average_a, own.average_b = part.average_b;
    }
}

template <class T>
void close_parts(const Parted<T>& all) {
    for (std::int64_t b = 0; b < all.n; ++b) {
        ChainPart& part = all.part[b];
        const Chain& own = all.own[b];
        part.scale = own.scale, part.sq_norm = own.sq_norm, part.l1_norm = own.l1_norm;
        part.u = own.u, part.average_a = own.average_a, part.average_b = own.average_b;
    }
}

template <bool exact, class T, class Row>
double score_of(const Parted<T>& all, const Row& row) {
    double inner = 0.0;
    for_each_part(all, row, [&](const ChainPart&, const Learner<T>& own, const auto& part) {
        inner += own.chain->scale * sum_of<exact, T>(part.n, [&](std::int64_t i) {
                     return own.w[part.column(i)] * part.x[i];
                 });
    });
    return static_cast<double>(static_cast<T>(inner)) + all.whole.chain->intercept;
}

// The penalties of all parts; of(chain) is that of one.
template <class T, class Of>
double parts_penalty(const Parted<T>& all, Of of) {
    double penalty = 0.0;
    for (std::int64_t b = 0; b < all.n; ++b) penalty += of(all.own[b]);
    return penalty;
}

// |x|², each part by its factor of eta: the steps of pa1 and pa2 are then the least ones, by norms
// that are weighed so, which mend the loss.
template <bool exact, class T, class Row>
double square_of(const Parted<T>& all, const Row& row) {
    double square = 0.0;
    for_each_part(all, row, [&](const ChainPart& part, const Learner<T>&, const auto& x) {
        square += part.eta * square_of<exact>(x);
    });
    return square;
}

template <bool exact, class T, class Row>
void take(const Parted<T>& all, const Row& row, double pull, T weight) {
    Chain& c = *all.whole.chain;
    for_each_part(all, row, [&](const ChainPart& part, const Learner<T>& own, const auto& x) {
        own.chain->eta = c.eta * part.eta;
        take<exact>(own, x, pull * part.eta, weight);
    });
    move_intercept(c, pull * static_cast<double>(weight));
    if (averages_now(c)) average_intercept(c);
    c.t += 1.0;
}

template <bool exact, class T, class Row>
void step(const Parted<T>& all, const Row& row, const Visits& visits, std::int64_t i) {
    Chain& c = *all.whole.chain;
    const double y = target_of<T>(c, visits.targets[i]), p = score_of<exact>(all, row);
    double pull = 0.0;
    if (listen(c, y, p, [&] { return square_of<exact>(all, row); },
               [&] {
                   return parts_penalty(all, [](const Chain& c) { return penalty_of<T>(c); });
               },
               pull))
        take<exact>(all, row, pull, class_weight<T>(c, y) * sample_weight<T>(visits, i));
}

template <class T>
double class_penalty_of(const Parted<T>& all) {
    return parts_penalty(all, [](const Chain& part) { return class_penalty_of(part); });
}

// The steps of some chains with parts. Scratch: chain_scratch elements.
template <class T>
void parted_chains(const Rows& all, const Chains<T>& chains, const ChainParts& parts,
                   const Visits& visits, bool exact, T* scratch, double* scores) {
    for (std::int64_t c = 0; c < chains.n; ++c) open_parts(parted(chains, parts, c));
    if (!exact && chains.chain[0].loss == ChainLoss::multinomial) {
        const auto own = [&](std::int64_t c) { return parted(chains, parts, c); };
        for_each_row(all, visits, scratch, [&](const auto& row, std::int64_t i) {
            softmax_step(chains, own, row, visits, i, scores);
        });
    } else {
        for (std::int64_t c = 0; c < chains.n; ++c) {
            const Parted<T> own = parted(chains, parts, c);
            Visits ways = visits;
            ways.order += c * visits.apart;
            for_each_row(all, ways, scratch, [&](const auto& row, std::int64_t i) {
                exact ? step<true>(own, row, visits, i) : step<false>(own, row, visits, i);
            });
        }
    }
    for (std::int64_t c = 0; c < chains.n; ++c) close_parts(parted(chains, parts, c));
}

template <class T>
void settle_parts(const Chains<T>& chains, const ChainParts& parts) {
    for (std::int64_t c = 0; c < chains.n; ++c) {
        const Parted<T> own = parted(chains, parts, c);
        open_parts(own);
        for_each_part(own, DenseRow<T>{own.whole.w, chains.width},
                      [](const ChainPart&, const Learner<T>& part, const auto&) { settle(part); });
        close_parts(own);
    }
}

}  // namespace
}  // namespace polyfuse
