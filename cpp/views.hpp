// What crosses every wall: plain views that own nothing. No function lives here, so that no code
// compiled for one instruction set level can be linked in place of another's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dtypes.hpp"

namespace polyfuse {

enum class AffineKind : std::uint8_t { none, divide, multiply };

// Along which axis parameters run: one per column, or one per row.
enum class Axis : std::uint8_t { column, row };

// One modality: n rows of `width` values with any strides (bytes), and a map per column. Where
// rows and columns have changed roles (see dispatch/fusion.cpp) the map is one per row.
struct Block {
    const char* data;
    std::ptrdiff_t row_stride;
    std::ptrdiff_t col_stride;
    std::int64_t width;
    DType dtype;
    // The map's parameters, in the precision the block is scaled in, or in double if they are
    // `wide`: `period` of them, a whole number of repetitions of the width, so that several short
    // rows are scaled in one sweep.
    AffineKind affine;
    const void* offset;
    const void* factor;
    std::int64_t period;
    Axis axis = Axis::column;
    // NumPy bools, one per row: whether the modality is there. Null where its values tell.
    const std::uint8_t* present = nullptr;
    // Of a sparse block: the column of each value of `data`, where each row begins and the last one
    // ends, and how many values the longest row holds. Null for a dense one.
    const std::int32_t* indices = nullptr;
    const std::int64_t* indptr = nullptr;
    std::int64_t longest = 0;
    // Whether float16 or float32 meet parameters in double, operation by operation; where one is
    // a float, what float16 and it give is rounded to float first.
    bool wide = false;
    bool single_offset = false;
    bool single_factor = false;
};

inline constexpr int concatenate_op = -1;  // else an index into FusionOps

// n_blocks weights; or a weight per block and column, or per block and row, block after block.
enum class Weighing : std::uint8_t { block, column, row };

// What is done about a block that is missing in a row.
enum class Missing : std::uint8_t { ignore, skip, fill };

// Fused rows, described: n_rows x width once staged.
struct Rows {
    const Block* blocks;
    std::int64_t n_blocks;
    int op;
    const double* weights;
    std::int64_t n_rows;
    std::int64_t width;
    Weighing weighing = Weighing::block;
    double parameter = 1.0;
    Missing missing = Missing::ignore;
    double fill = 0.0;
};

// Which rows: `count` of them, from `first` on, or those that `index` names.
struct RowSet {
    const std::int64_t* index;
    std::int64_t first;
    std::int64_t count;
};

// A matrix to write, with any strides (bytes). `half`: float16, else the precision at work.
// `stream`: past the caches, because it is large and shares no memory with what is read.
struct Out {
    char* data;
    std::ptrdiff_t row_stride;
    std::ptrdiff_t col_stride;
    bool half = false;
    bool stream = false;
};

// A part of a matrix.
struct Area {
    std::int64_t first_row;
    std::int64_t n_rows;
    std::int64_t first_column;
    std::int64_t n_columns;
};

// Statistics of `width` columns.
struct Moments {
    double* count;
    double* mean;
    double* squares;
    std::int64_t width;
};

// A linear model, or a gradient: coef is k rows of `ld` values, intercept has k. The values of a
// row behind the width of the data are zero.
template <class T>
struct Linear {
    T* coef;
    T* intercept;
    std::int64_t n_outputs;
    std::int64_t ld;
};

// How a row, or a column of a group of rows, is scaled by its own statistics.
enum class Normalization : std::uint8_t { standard, minmax, l1, l2, max, softmax, rank };
inline constexpr const char* normalization_names[] = {"standard", "minmax",  "l1",  "l2",
                                                      "max",      "softmax", "rank"};
inline constexpr int n_normalizations =
    static_cast<int>(sizeof normalization_names / sizeof normalization_names[0]);

// Group g: rows order[starts[g]] to order[starts[g + 1]], or these rows where there is no order.
struct Groups {
    const std::int64_t* order;
    const std::int64_t* starts;
    std::int64_t n;
};

// For each of n fractions and each column, the values below and above the quantile.
struct Quantiles {
    const double* fractions;
    std::int64_t n;
    double* count;
    double* below;
    double* above;
};

// Integers, one after the other.
struct Labels {
    const char* data;
    DType dtype;
};

// How scores of modalities become one: see inspection_contract.py.
enum class ScoreFold : std::uint8_t { sum, logs, greatest, least };
inline constexpr const char* score_fold_names[] = {"weighted_sum", "geometric_mean", "maximum",
                                                   "minimum"};
inline constexpr int n_score_folds = 4;

// What fused scores are held against: true labels, which less `low` are classes; with what a fold
// begins, and the class that a row without any modality says.
struct Verdict {
    ScoreFold fold;
    Labels y;
    std::int64_t low;
    const double* start;
    std::int64_t nothing;
};

// All rows in some order, and n shifts along it, each at least 0 and below the number of rows.
struct Shifts {
    const std::int32_t* order;
    const std::int64_t* by;
    std::int64_t n;
};

// Probabilities of `width` classes, row after row; `single`: of the second of two. A weight per row
// or null. Logarithms see them clipped.
template <class T>
struct Probabilities {
    const T* values;
    std::int64_t width;
    bool single;
    const double* weight;
    T least, greatest;
};

// What is to be known of the errors of predicted numbers; see `error_sums` in metric_contract.py.
enum class ErrorKind : std::uint8_t {
    squared, absolute, sides, percentage, logarithmic, poisson, gamma, moments, deviations
};
inline constexpr const char* error_names[] = {"squared",     "absolute", "sides",
                                              "percentage",  "logarithmic", "poisson",
                                              "gamma",       "moments",  "deviations"};
inline constexpr int n_errors = static_cast<int>(sizeof error_names / sizeof error_names[0]);

// True and predicted numbers, a column per output, and a weight per row or null.
struct ErrorPairs {
    Block y_true, y_pred;
    const double* weight;
};

// A double, and what it lacks.
struct Twofold {
    double sum, lost;
};

// A mean, squares of deviations from it, and their weighted sum, which is 0 unless the weight is.
struct Centred {
    Twofold mean, squares;
    double first;
};

// What came of one output.
struct ErrorSums {
    Twofold weight, sums[2];
    double greatest;
    Centred errors, targets;
};

// True and predicted labels; less `low` they are codes.
struct LabelPairs {
    Labels y_true, y_pred;
    std::int64_t low;
};

// As 64 bits: those of uint64 have to be read as what they are.
struct LabelRange {
    std::int64_t low, high;
};

// A place in a table of words: their hash, and their code, or -1 where there are none.
struct WordSlot {
    std::uint64_t hash;
    std::int64_t code;
};

// A score for each row, float32 or float64; rows whose label is `positive` are positive. Weights or
// null.
struct Scores {
    const char* data;
    DType dtype;
    Labels y_true;
    std::int64_t positive;
    const double* weight;
};

// A score to be sorted: the bits of its key but the first, which its bucket tells, and in the last
// place whether the row is positive. The greatest score has the least key.
struct Ranked {
    using Sum = std::int64_t;
    std::uint64_t item;
};
struct WeightedRanked {
    using Sum = double;
    std::uint64_t item;
    double weight;
};

// Which buckets hold the keys of a cell: `base` and, by the bits behind the first ones, the next.
struct ScoreCell {
    std::uint32_t base;
    std::uint16_t mask, shift;
};

// Keys from `low` on in cells of 2^shift; before the first and behind the last there is one more.
// The first bit of the keys of a bucket is in `heads`.
inline constexpr int score_cell_bits = 10;
struct ScoreMap {
    std::uint64_t low;
    int shift;
    std::int64_t n_cells, n_buckets;
    ScoreCell cells[(1 << score_cell_bits) + 3];
    std::uint8_t heads[1 << 14];
};

// Numbers, or weights, of positive and negative rows; of their pairs, twice those in the right order,
// and once those that tie; and the sum of the precision at each positive row.
template <class Sum>
struct RankSums {
    Sum positive, negative, pairs;
    double precisions;
};

// What is right and wrong down to a score: of each distinct one, from the greatest on.
struct ScoreCurve {
    double *thresholds, *tps, *fps;
};

enum class Loss : std::uint8_t { squared_error, log_loss, multinomial };
inline constexpr const char* loss_names[] = {"squared_error", "log_loss", "multinomial"};
inline constexpr int n_losses = static_cast<int>(sizeof loss_names / sizeof loss_names[0]);

// What the rows should give: n x width targets, a weight per row or null.
struct Targets {
    const double* values;
    std::int64_t width;
    const double* sample_weight;
    Loss loss;
};

// The batches of one epoch: `order` cut into pieces of batch_size, a step size for each.
struct Epoch {
    const std::int64_t* order;
    std::int64_t n_rows;
    std::int64_t batch_size;
    const double* steps;
    double alpha;
    bool fit_intercept;
    double momentum = 0.0;
    bool nesterov = false;
    double loss = 0.0;  // of the rows before these
};

// A model under way. The coef of its velocity is null where it has none; gradients are taken
// `ahead`, which shares the model's memory unless it is where momentum leads.
template <class T>
struct Moving {
    Linear<T> model;
    Linear<T> velocity;
    Linear<T> ahead;
};

// What a chain of stochastic gradient descent minimises, with what penalty, in what steps.
enum class ChainLoss : std::int64_t {
    hinge, perceptron, squared_hinge, modified_huber, log_loss, squared_error, huber,
    epsilon_insensitive, squared_epsilon_insensitive, multinomial
};
inline constexpr const char* chain_loss_names[] = {
    "hinge", "perceptron", "squared_hinge", "modified_huber", "log_loss", "squared_error", "huber",
    "epsilon_insensitive", "squared_epsilon_insensitive", "multinomial"};
inline constexpr int n_chain_losses =
    static_cast<int>(sizeof chain_loss_names / sizeof chain_loss_names[0]);

enum class Penalty : std::int64_t { none, l1, l2, elasticnet };
enum class Schedule : std::int64_t { constant, optimal, invscaling, adaptive, pa1, pa2 };

// One chain: what it is to do, and how far it has come. The fields are those of CHAIN in
// _kernels/contract.py, which explains them (a test compares the names).
struct Chain {
    ChainLoss loss;
    Penalty penalty;
    Schedule schedule;
    std::int64_t average, fit_intercept, one_class, objective, positive;
    double alpha, l1_ratio, eta0, power_t, epsilon, optimal_init;
    double weight_pos, weight_neg, intercept_decay;
    double intercept, eta, t, scale, sq_norm, l1_norm, u;
    double average_a, average_b, average_intercept;
    double loss_sum, objective_sum;
};
inline constexpr const char* chain_fields[] = {
    "loss", "penalty", "schedule", "average", "fit_intercept", "one_class", "objective",
    "positive", "alpha", "l1_ratio", "eta0", "power_t", "epsilon", "optimal_init", "weight_pos",
    "weight_neg", "intercept_decay", "intercept", "eta", "t", "scale", "sq_norm", "l1_norm", "u",
    "average_a", "average_b", "average_intercept", "loss_sum", "objective_sum"};
inline constexpr int n_chain_fields =
    static_cast<int>(sizeof chain_fields / sizeof chain_fields[0]);
static_assert(sizeof(Chain) == 8 * sizeof chain_fields / sizeof chain_fields[0]);

// Some chains and their weights, `width` of each; average and met are null where no chain has any.
template <class T>
struct Chains {
    Chain* chain;
    T* coef;
    T* average;
    T* met;
    std::int64_t n;
    std::int64_t width;
};

// n of them, from the first on.
template <class T>
Chains<T> some_of(const Chains<T>& all, std::int64_t first, std::int64_t n) {
    const auto behind = [&](T* x) { return x ? x + first * all.width : nullptr; };
    return {all.chain + first, behind(all.coef), behind(all.average), behind(all.met), n,
            all.width};
}

// Some columns of a chain with steps and a penalty of their own, and how far they have come. The
// fields are those of PART in _kernels/views.py, which explains them (a test compares the names).
struct ChainPart {
    std::int64_t width;
    double eta, alpha;
    double scale, sq_norm, l1_norm, u, average_a, average_b;
};
inline constexpr const char* part_fields[] = {"width",   "eta", "alpha",     "scale",    "sq_norm",
                                              "l1_norm", "u",   "average_a", "average_b"};
inline constexpr int n_part_fields = static_cast<int>(sizeof part_fields / sizeof part_fields[0]);
static_assert(sizeof(ChainPart) == 8 * n_part_fields);

// n parts for each chain, side by side over its columns, and room for each as a chain of its own;
// `part` is null where chains have none.
struct ChainParts {
    ChainPart* part = nullptr;
    Chain* own = nullptr;
    std::int64_t n = 0;
};

// The rows that chains visit: n for chain c from order + c * apart on, and what they should give.
struct Visits {
    const std::int64_t* order;
    std::ptrdiff_t apart;
    std::int64_t n;
    const double* targets;
    const double* sample_weight;
};

}  // namespace polyfuse
