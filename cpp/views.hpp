// What crosses every wall: plain views that own nothing. No function lives here, so that no code
// compiled for one instruction set level can be linked in place of another's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dtypes.hpp"

namespace polyfuse {

enum class AffineKind : std::uint8_t { none, divide, multiply };

// One modality: n rows of `width` values with any strides (bytes), and a map per column.
struct Block {
    const char* data;
    std::ptrdiff_t row_stride;
    std::ptrdiff_t col_stride;
    std::int64_t width;
    DType dtype;
    // The map's parameters, in the precision the block is scaled in: `period` of them, a whole
    // number of repetitions of the width, so that several short rows are scaled in one sweep.
    AffineKind affine;
    const void* offset;
    const void* factor;
    std::int64_t period;
};

inline constexpr int concatenate_op = -1;  // else an index into FusionOps

// Fused rows, described: n_rows x width once staged.
struct Rows {
    const Block* blocks;
    std::int64_t n_blocks;
    int op;
    const double* weights;
    std::int64_t n_rows;
    std::int64_t width;
};

// Which rows: `count` of them, from `first` on, or those that `index` names.
struct RowSet {
    const std::int64_t* index;
    std::int64_t first;
    std::int64_t count;
};

// A matrix to write, with any strides (bytes).
struct Out {
    char* data;
    std::ptrdiff_t row_stride;
    std::ptrdiff_t col_stride;
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
