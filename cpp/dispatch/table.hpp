// The kernels of one instruction set level, as pointers: the only thing a level exports.
#pragma once

#include "views.hpp"

namespace polyfuse {

// Kernels that exist in both precisions of a result.
template <class T>
struct Typed {
    bool (*normalize_rows)(const Block&, std::int64_t first, std::int64_t count, Normalization,
                           double least, const Out&, double* scratch);
    void (*normalize_group)(const Block&, const RowSet&, std::int64_t from, std::int64_t n,
                            Normalization, const Out&, double* scratch);
    std::int64_t (*fuse)(const Rows&, const Area&, const Out&, T* scratch);
    void (*linear_scores)(const Rows&, const RowSet&, const Linear<T>&, T* out, T* scratch);
    double (*add_gradient)(const Rows&, const RowSet&, const Targets&, const Linear<T>&,
                           const Linear<double>& grad, double* row, T* scratch);
    double (*descend)(const Rows&, const Epoch&, const Targets&, const Moving<T>&,
                      const Linear<double>& grad, double* row, T* scratch);
    void (*chains)(const Rows&, const Chains<T>&, const Visits&, bool exact, T* scratch,
                   double* scores);
    void (*settle_chains)(const Chains<T>&);
    void (*parted_chains)(const Rows&, const Chains<T>&, const ChainParts&, const Visits&,
                          bool exact, T* scratch, double* scores);
    void (*settle_parts)(const Chains<T>&, const ChainParts&);
    void (*sum_probabilities)(const Labels&, std::int64_t low, const Probabilities<T>&,
                              std::int64_t first, std::int64_t count, double* sums,
                              double* tallies, T* planes);
    void (*sum_scores)(const Block&, bool logs, std::int64_t first, std::int64_t count,
                       double* sums);
    void (*measure_contributions)(const Rows&, bool logs, const double* means,
                                  const double* row_scale, std::int64_t first, std::int64_t count,
                                  double* per_row, double* sums, double* sizes, T* planes);
    void (*count_coalitions)(const Rows&, const Verdict&, const double* baseline,
                             std::int64_t first, std::int64_t count, std::int64_t* counts,
                             double* sums, T* scratch);
    void (*count_permuted)(const Rows&, const Verdict&, const Shifts&, std::int64_t first,
                           std::int64_t count, std::int64_t* counts, std::int64_t& right,
                           T* scratch);
};

// Kernels of scores with and without weights.
template <class Item>
struct Sorting {
    void (*place_scores)(const Scores&, std::int64_t first, std::int64_t count, const ScoreMap&,
                         std::int64_t* ends, Item* items);
    void (*sort_items)(Item*, std::int64_t n, Item* spare);
    RankSums<typename Item::Sum> (*sum_ranks)(const Item*, std::int64_t n, typename Item::Sum tp,
                                              typename Item::Sum fp);
    std::int64_t (*count_distinct)(const Item*, std::int64_t n);
    void (*trace_scores)(const Item*, std::int64_t n, std::uint8_t head, double& tp, double& fp,
                         const ScoreCurve&);
};

struct Table {
    Typed<float> f32;
    Typed<double> f64;
    void (*leaf_moments)(const Block&, const RowSet&, const double* sample_weight, const Moments&,
                         double* scratch);
    void (*merge_moments)(const Moments& into, const Moments& from);
    void (*column_extrema)(const Block&, const RowSet&, double* low, double* high,
                           double* scratch);
    void (*column_quantiles)(const Block&, std::int64_t n_rows, std::int64_t from, std::int64_t n,
                             const Quantiles&, char* scratch);
    void (*missing_rows)(const Rows&, std::int64_t first, std::int64_t count, std::uint8_t* out);
    double (*dot)(const double*, const double*, std::int64_t n);
    void (*count_pairs)(const LabelPairs&, std::int64_t first, std::int64_t count,
                        const double* weight, std::int64_t k, std::uint32_t* cells);
    void (*weigh_pairs)(const LabelPairs&, std::int64_t first, std::int64_t count,
                        const double* weight, std::int64_t k, double* cells);
    void (*count_labels)(const LabelPairs&, std::int64_t first, std::int64_t count,
                         const double* weight, std::int64_t k, std::uint32_t* cells);
    void (*weigh_labels)(const LabelPairs&, std::int64_t first, std::int64_t count,
                         const double* weight, std::int64_t k, double* cells);
    std::int64_t (*count_equal)(const LabelPairs&, std::int64_t first, std::int64_t count);
    LabelRange (*label_range)(const Labels&, std::int64_t first, std::int64_t n);
    std::int64_t (*encode_words)(const std::uint32_t* words, std::int64_t n, std::int64_t width,
                                 std::int64_t limit, std::int64_t* codes, std::int64_t* firsts,
                                 WordSlot* table, std::int64_t size);

    void (*sum_errors)(const ErrorPairs&, ErrorKind, std::int64_t first, std::int64_t count,
                       ErrorSums* sums, double* scratch);
    void (*merge_errors)(ErrorSums& into, const ErrorSums& from);

    void (*map_scores)(const Scores&, std::int64_t n, ScoreMap&, Ranked* samples);
    void (*count_scores)(const Scores&, std::int64_t first, std::int64_t count, const ScoreMap&,
                         std::int64_t* counts);
    void (*sum_weights)(const WeightedRanked*, std::int64_t n, double* right, double* wrong);
    Sorting<Ranked> plain;
    Sorting<WeightedRanked> weighted;

    template <class T>
    constexpr const Typed<T>& typed() const {
        if constexpr (sizeof(T) == sizeof(float))
            return f32;
        else
            return f64;
    }

    template <class Item>
    constexpr const Sorting<Item>& sorting() const {
        if constexpr (sizeof(Item) == sizeof(Ranked))
            return plain;
        else
            return weighted;
    }
};

}  // namespace polyfuse
