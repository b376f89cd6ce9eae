// HOW scores are put in order, with what is known of their rows: from the greatest to the least.
//
// Order: keys that descend as the scores ascend, sorted stably, so that sums of weights are added
// as rows of equal scores lie. Exact: order, counts, pairs. Sums of precisions are of each bucket,
// added in order.
// Shape: a sorted sample of the keys says which leading bits tell them apart; these cut the keys
// into buckets of about `bucket_rows` each, a lookup per key. One sweep counts, one moves the keys
// to their buckets: memory is read and written that often, all else happens in the cache. A bucket
// has keys of one first bit, so that the label takes its place, and nothing else has to be moved.
// Within a bucket, keys are cut by their leading varying bits into parts of one or two, which an
// insertion sort puts in order. Each cut takes bits away, and many equal keys are no work: there is
// no bad input.
#pragma once

#include <type_traits>

#include "kernels/confusion.hpp"
#include "ops/score_ops.hpp"
#include "tiling.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

inline int bit_width(std::uint64_t x) { return x ? 64 - __builtin_clzll(x) : 0; }

// -- sorting -------------------------------------------------------------------------------------

constexpr int most_part_bits = 12;
constexpr std::int64_t few_items = 24;

// Items from x to sorted; both may be the same. By their keys: the labels of equal ones stay.
template <class Item>
void insert_items(const Item* x, std::int64_t n, Item* sorted) {
    for (std::int64_t i = 0; i < n; ++i) {
        const Item own = x[i];
        const std::uint64_t key = own.item >> 1;
        std::int64_t j = i;
        for (; j > 0 && key < sorted[j - 1].item >> 1; --j) sorted[j] = sorted[j - 1];
        sorted[j] = own;
    }
}

template <class Item>
void sort_items(Item* x, std::int64_t n, Item* spare) {
    if (n <= few_items) return insert_items(x, n, x);
    std::uint64_t low = x[0].item, high = x[0].item;
    for (std::int64_t i = 1; i < n; ++i) {
        low = x[i].item < low ? x[i].item : low;
        high = x[i].item > high ? x[i].item : high;
    }
    low &= ~std::uint64_t(1);
    if (high - low <= 1) return;
    const int bits = bit_width(static_cast<std::uint64_t>(n)) - 1;
    const int shift = static_cast<int>(
        at_least(1, bit_width(high - low) - at_most(most_part_bits, bits)));
    std::uint32_t ends[(1 << most_part_bits) + 1] = {};
    const auto n_parts = static_cast<std::int64_t>((high - low) >> shift) + 1;
    for (std::int64_t i = 0; i < n; ++i) ++ends[((x[i].item - low) >> shift) + 1];
    std::uint32_t largest = 0;
    for (std::int64_t p = 0; p < n_parts; ++p) {
        largest = ends[p + 1] > largest ? ends[p + 1] : largest;
        ends[p + 1] += ends[p];
    }
    for (std::int64_t i = 0; i < n; ++i) spare[ends[(x[i].item - low) >> shift]++] = x[i];
    if (largest > few_items) {
        std::uint32_t from = 0;
        for (std::int64_t p = 0; p < n_parts; from = ends[p++])
            if (ends[p] - from > few_items) sort_items(spare + from, ends[p] - from, x + from);
    }
    insert_items(spare, n, x);
}

// -- buckets -------------------------------------------------------------------------------------

inline std::int64_t bucket_of(const ScoreMap& map, std::uint64_t key) {
    const std::uint64_t most = static_cast<std::uint64_t>(map.n_cells);
    const std::uint64_t cell = (key - map.low) >> map.shift;
    const std::uint64_t inside = (cell < most ? cell : most) + 1;
    const ScoreCell own = map.cells[key < map.low ? 0 : inside];
    return own.base + ((key >> own.shift) & own.mask);
}

// f(keys, positive, first, n) for each tile of a range of rows.
template <class F>
void each_score_tile(const Scores& scores, std::int64_t first, std::int64_t count, F f) {
    alignas(64) std::uint64_t keys[label_tile];
    alignas(64) std::int64_t scratch[label_tile];
    for (std::int64_t at = first, end = first + count; at < end; at += label_tile) {
        const std::int64_t n = at_most(label_tile, end - at);
        if (scores.dtype == DType::f32) {
            const float* x = reinterpret_cast<const float*>(scores.data) + at;
            for (std::int64_t i = 0; i < n; ++i) keys[i] = descending_key(x[i]);
        } else {
            const double* x = reinterpret_cast<const double*>(scores.data) + at;
            for (std::int64_t i = 0; i < n; ++i) keys[i] = descending_key(x[i]);
        }
        f(keys, codes(scores.y_true, at, n, scores.positive, scratch), at, n);
    }
}

// Opens the buckets of a map, one after the other.
class BucketPlan {
   public:
    explicit BucketPlan(ScoreMap& map) : map_(map) { map.n_buckets = 0; }

    // A cell with m samples whose keys begin with the bit `head`.
    void add(std::int64_t m, std::uint8_t head) {
        constexpr std::int64_t target = samples_per_bucket;
        if (open_ >= 0 && open_ + m <= target && map_.heads[map_.n_buckets - 1] == head) {
            open_ += m;
            map_.cells[n_cells_++] = {static_cast<std::uint32_t>(map_.n_buckets - 1), 0, 0};
            return;
        }
        const int finest = map_.shift < most_part_bits ? map_.shift : most_part_bits;
        const int wanted = bit_width(static_cast<std::uint64_t>((at_least(m, 1) - 1) / target));
        const int bits = wanted < finest ? wanted : finest;
        open_ = bits ? target : m;
        map_.cells[n_cells_++] = {static_cast<std::uint32_t>(map_.n_buckets),
                                  static_cast<std::uint16_t>((1 << bits) - 1),
                                  static_cast<std::uint16_t>(map_.shift - bits)};
        for (int i = 0; i < 1 << bits; ++i) map_.heads[map_.n_buckets++] = head;
    }

    // Keys on one side of all cells: a bucket for either first bit.
    void add_side() {
        map_.cells[n_cells_++] = {static_cast<std::uint32_t>(map_.n_buckets), 1, 63};
        map_.heads[map_.n_buckets++] = 0;
        map_.heads[map_.n_buckets++] = 1;
        open_ = -1;
    }

   private:
    ScoreMap& map_;
    std::int64_t n_cells_ = 0, open_ = -1;
};

// Buckets where m samples of the keys, in order, say that they should be cut.
inline void map_cells(const Ranked* keys, std::int64_t m, ScoreMap& map, BucketPlan& plan) {
    const std::int64_t tail = m / 128;
    const std::uint64_t low = keys[tail].item, high = keys[m - 1 - tail].item;
    const int shift = bit_width(high - low) - score_cell_bits;
    map.shift = shift < 1 ? 1 : shift;
    map.low = low >> map.shift << map.shift;
    map.n_cells = static_cast<std::int64_t>((high - map.low) >> map.shift) + 1;
    std::int64_t i = 0;
    while (keys[i].item < map.low) ++i;
    for (std::int64_t c = 0; c < map.n_cells; ++c) {
        const std::uint64_t first = map.low + (static_cast<std::uint64_t>(c) << map.shift);
        const std::uint64_t last = first + ((std::uint64_t(1) << map.shift) - 1);
        const std::int64_t before = i;
        while (i < m && keys[i].item <= last) ++i;
        plan.add(i - before, static_cast<std::uint8_t>(first >> 63));
    }
}

// Buckets for n scores, cut where a sample of them says. Scratch: twice score_samples(n).
inline void map_scores(const Scores& scores, std::int64_t n, ScoreMap& map, Ranked* samples) {
    const std::int64_t m = score_samples(n);
    map.low = ~std::uint64_t(0);
    map.shift = 0;
    map.n_cells = 0;
    BucketPlan plan(map);
    plan.add_side();
    for (std::int64_t i = 0, step = m ? n / m : 0; i < m; ++i) {
        const std::int64_t row = i * step + i % step;
        samples[i].item = descending_key(
            scores.dtype == DType::f32 ? reinterpret_cast<const float*>(scores.data)[row]
                                       : reinterpret_cast<const double*>(scores.data)[row]);
    }
    if (m) {
        sort_items(samples, m, samples + m);
        map_cells(samples, m, map, plan);
    }
    plan.add_side();
}

// counts[2 b + y]: rows of bucket b, negative and positive.
inline void count_scores(const Scores& scores, std::int64_t first, std::int64_t count,
                         const ScoreMap& map, std::int64_t* counts) {
    each_score_tile(scores, first, count, [&](const std::uint64_t* keys, const std::int64_t* y,
                                              std::int64_t, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) ++counts[2 * bucket_of(map, keys[i]) + (y[i] == 0)];
    });
}

// Items of a range of rows to their buckets: those of bucket b from ends[b] on, which moves on.
template <class Item>
void place_scores(const Scores& scores, std::int64_t first, std::int64_t count,
                  const ScoreMap& map, std::int64_t* ends, Item* items) {
    each_score_tile(scores, first, count, [&](const std::uint64_t* keys, const std::int64_t* y,
                                              std::int64_t at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) {
            const std::uint64_t item = keys[i] << 1 | (y[i] == 0);
            Item& place = items[ends[bucket_of(map, keys[i])]++];
            if constexpr (std::is_same_v<Item, Ranked>)
                place = {item};
            else
                place = {item, scores.weight[at + i]};
        }
    });
}

// -- what comes of it ----------------------------------------------------------------------------

template <class Item>
bool last_of_its_score(const Item* items, std::int64_t n, std::int64_t i) {
    return i + 1 == n || (items[i].item ^ items[i + 1].item) > 1;
}

// 1, or the weight.
template <class Item>
typename Item::Sum weight_of(const Item& item) {
    if constexpr (std::is_same_v<Item, Ranked>)
        return 1;
    else
        return item.weight;
}

// The weights of the positive and of the negative items of a bucket.
inline void sum_weights(const WeightedRanked* items, std::int64_t n, double* right, double* wrong) {
    double sums[2] = {0.0, 0.0};
    for (std::int64_t i = 0; i < n; ++i) sums[items[i].item & 1] += items[i].weight;
    *right = sums[1];
    *wrong = sums[0];
}

// Sorted items of one bucket, behind positive ones that add up to `tp` and negative ones to `fp`.
template <class Item>
RankSums<typename Item::Sum> sum_ranks(const Item* items, std::int64_t n, typename Item::Sum tp,
                                       typename Item::Sum fp) {
    using Sum = typename Item::Sum;
    RankSums<Sum> sums{0, 0, 0, 0.0};
    Sum tp_before = tp, fp_before = fp;
    for (std::int64_t i = 0; i < n; ++i) {
        const Sum weight = weight_of(items[i]);
        const bool positive = items[i].item & 1;
        tp += positive ? weight : 0;
        fp += positive ? 0 : weight;
        if (!last_of_its_score(items, n, i)) continue;
        sums.pairs += paired(tp_before, tp - tp_before, fp - fp_before);
        sums.precisions += precision_step(tp - tp_before, tp, fp);
        tp_before = tp;
        fp_before = fp;
    }
    return sums;
}

template <class Item>
std::int64_t count_distinct(const Item* items, std::int64_t n) {
    std::int64_t distinct = 0;
    for (std::int64_t i = 0; i < n; ++i) distinct += last_of_its_score(items, n, i);
    return distinct;
}

// The points of the curve from sorted items of one bucket, behind tp and fp, which move on.
template <class Item>
void trace_scores(const Item* items, std::int64_t n, std::uint8_t head, double& tp, double& fp,
                  const ScoreCurve& curve) {
    std::int64_t at = 0;
    double right = tp, wrong = fp;
    for (std::int64_t i = 0; i < n; ++i) {
        const auto weight = static_cast<double>(weight_of(items[i]));
        const bool positive = items[i].item & 1;
        right += positive ? weight : 0.0;
        wrong += positive ? 0.0 : weight;
        if (!last_of_its_score(items, n, i)) continue;
        curve.thresholds[at] = score_of(items[i].item >> 1 | std::uint64_t(head) << 63);
        curve.tps[at] = right;
        curve.fps[at++] = wrong;
    }
    tp = right;
    fp = wrong;
}

}  // namespace
}  // namespace polyfuse
