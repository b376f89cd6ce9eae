#include <algorithm>
#include <vector>

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

namespace {

using Counts = std::vector<std::int64_t>;

std::int64_t& at(Counts& counts, std::int64_t i) { return counts[static_cast<std::size_t>(i)]; }

// Items in buckets, sorted: bucket b has those from starts[b] on, positive[b] positive ones before.
template <class Item>
class Buckets {
   public:
    Buckets(const Scores& scores, std::int64_t n) : table_(kernels()), items_(n) {
        Scratch<Ranked> samples(2 * score_samples(n));
        table_.map_scores(scores, n, map_, samples.data());
        const std::int64_t n_slots = score_slots(n), share = ceil_div(n, n_slots);
        Counts counts(static_cast<std::size_t>(n_slots * 2 * size()));
        const auto each_slot = [&](auto task) {
            parallel<char>(n_slots, n, 0, [&](std::int64_t slot, char*) {
                const std::int64_t first = at_most(n, slot * share);
                task(first, at_most(share, n - first), &at(counts, slot * 2 * size()));
            });
        };
        each_slot([&](std::int64_t first, std::int64_t rows, std::int64_t* own) {
            table_.count_scores(scores, first, rows, map_, own);
        });
        place(counts, n_slots);
        each_slot([&](std::int64_t first, std::int64_t rows, std::int64_t* own) {
            sorting().place_scores(scores, first, rows, map_, own, items_.data());
        });
        sort(n);
    }

    std::int64_t size() const { return map_.n_buckets; }

    // f(bucket, items, n, positive rows before, negative rows before), buckets side by side.
    template <class F>
    void each(F f) {
        parallel<char>(shares(), starts_.back(), 0, [&](std::int64_t share, char*) {
            for (std::int64_t b = at(cuts_, share); b < at(cuts_, share + 1); ++b) {
                const std::int64_t from = at(starts_, b), before = at(positive_, b);
                f(b, items_.data() + from, at(starts_, b + 1) - from, before, from - before);
            }
        });
    }

    template <class F>
    void each_in_order(F f) {
        for (std::int64_t b = 0; b < size(); ++b)
            f(b, items_.data() + at(starts_, b), at(starts_, b + 1) - at(starts_, b));
    }

    const Sorting<Item>& sorting() const { return table_.template sorting<Item>(); }
    std::uint8_t head(std::int64_t b) const { return map_.heads[b]; }
    std::int64_t positive(std::int64_t b) const { return positive_[static_cast<std::size_t>(b)]; }
    std::int64_t negative(std::int64_t b) const {
        return starts_[static_cast<std::size_t>(b)] - positive(b);
    }

   private:
    // From how many items of a bucket each slot has to where it puts them.
    void place(Counts& counts, std::int64_t n_slots) {
        starts_.assign(1, 0);
        positive_.assign(1, 0);
        std::int64_t end = 0, right = 0;
        for (std::int64_t b = 0; b < size(); ++b) {
            for (std::int64_t slot = 0; slot < n_slots; ++slot) {
                const std::int64_t negative = at(counts, (slot * size() + b) * 2);
                const std::int64_t positive = at(counts, (slot * size() + b) * 2 + 1);
                at(counts, (slot * size() + b) * 2) = end;
                end += negative + positive;
                right += positive;
            }
            starts_.push_back(end);
            positive_.push_back(right);
        }
        for (std::int64_t slot = 0; slot < n_slots; ++slot)  // one after the other
            for (std::int64_t b = 0; b < size(); ++b)
                at(counts, slot * 2 * size() + b) = at(counts, (slot * size() + b) * 2);
    }

    // Shares of buckets with about as many items each.
    void sort(std::int64_t n) {
        const std::int64_t n_shares = at_least(1, at_most(64, n >> 14));
        cuts_.assign(1, 0);
        std::int64_t b = 0, largest = 0;
        for (std::int64_t share = 1; share <= n_shares; ++share) {
            while (b < size() && (share == n_shares || at(starts_, b + 1) * n_shares <= share * n))
                largest = at_least(largest, at(starts_, b + 1) - at(starts_, b)), ++b;
            cuts_.push_back(b);
        }
        parallel<Item>(n_shares, n, largest, [&](std::int64_t share, Item* spare) {
            for (std::int64_t own = at(cuts_, share); own < at(cuts_, share + 1); ++own)
                sorting().sort_items(items_.data() + at(starts_, own),
                                     at(starts_, own + 1) - at(starts_, own), spare);
        });
    }

    std::int64_t shares() const { return static_cast<std::int64_t>(cuts_.size()) - 1; }

    const Table& table_;
    ScoreMap map_;
    Scratch<Item> items_;
    Counts starts_, positive_, cuts_;
};

// Weights are added from the first row to the last, counts from wherever they are known.
template <class Item>
std::int64_t trace(const Scores& scores, std::int64_t n, const ScoreCurve& curve) {
    Buckets<Item> buckets(scores, n);
    Counts points(static_cast<std::size_t>(buckets.size() + 1));
    buckets.each([&](std::int64_t b, const Item* items, std::int64_t rows, std::int64_t,
                     std::int64_t) {
        at(points, b + 1) = buckets.sorting().count_distinct(items, rows);
    });
    for (std::int64_t b = 0; b < buckets.size(); ++b) at(points, b + 1) += at(points, b);
    const auto from = [&](std::int64_t b) {
        const std::int64_t first = at(points, b);
        return ScoreCurve{curve.thresholds + first, curve.tps + first, curve.fps + first};
    };
    if constexpr (sizeof(Item) == sizeof(Ranked)) {
        buckets.each([&](std::int64_t b, const Item* items, std::int64_t rows, std::int64_t right,
                         std::int64_t wrong) {
            auto tp = static_cast<double>(right), fp = static_cast<double>(wrong);
            buckets.sorting().trace_scores(items, rows, buckets.head(b), tp, fp, from(b));
        });
    } else {
        double tp = 0.0, fp = 0.0;
        buckets.each_in_order([&](std::int64_t b, const Item* items, std::int64_t rows) {
            buckets.sorting().trace_scores(items, rows, buckets.head(b), tp, fp, from(b));
        });
    }
    return points.back();
}

// What the buckets add up to, in order, if `before` has what is in front of each of them.
template <class Item, class Sum>
RankSums<Sum> add_up(Buckets<Item>& buckets, const std::vector<RankSums<Sum>>& before) {
    std::vector<RankSums<Sum>> sums(before.size());
    buckets.each([&](std::int64_t b, const Item* items, std::int64_t rows, std::int64_t,
                     std::int64_t) {
        const RankSums<Sum>& front = before[static_cast<std::size_t>(b)];
        sums[static_cast<std::size_t>(b)] =
            buckets.sorting().sum_ranks(items, rows, front.positive, front.negative);
    });
    RankSums<Sum> all = before.back();
    for (const RankSums<Sum>& own : sums) {
        all.pairs += own.pairs;
        all.precisions += own.precisions;
    }
    return all;
}

}  // namespace

RankSums<std::int64_t> run_rank_sums(const Scores& scores, std::int64_t n) {
    Buckets<Ranked> buckets(scores, n);
    std::vector<RankSums<std::int64_t>> before(static_cast<std::size_t>(buckets.size() + 1));
    for (std::int64_t b = 0; b <= buckets.size(); ++b)
        before[static_cast<std::size_t>(b)] = {buckets.positive(b), buckets.negative(b), 0, 0.0};
    return add_up(buckets, before);
}

RankSums<double> run_weighted_rank_sums(const Scores& scores, std::int64_t n) {
    Buckets<WeightedRanked> buckets(scores, n);
    std::vector<RankSums<double>> before(static_cast<std::size_t>(buckets.size() + 1));
    buckets.each([&](std::int64_t b, const WeightedRanked* items, std::int64_t rows, std::int64_t,
                     std::int64_t) {
        RankSums<double>& own = before[static_cast<std::size_t>(b + 1)];
        kernels().sum_weights(items, rows, &own.positive, &own.negative);
    });
    for (std::size_t b = 1; b < before.size(); ++b) {
        before[b].positive += before[b - 1].positive;
        before[b].negative += before[b - 1].negative;
    }
    return add_up(buckets, before);
}

std::int64_t run_score_curve(const Scores& scores, std::int64_t n, const ScoreCurve& curve) {
    return scores.weight ? trace<WeightedRanked>(scores, n, curve) : trace<Ranked>(scores, n, curve);
}

}  // namespace polyfuse
