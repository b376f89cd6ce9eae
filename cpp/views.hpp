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
};

}  // namespace polyfuse
