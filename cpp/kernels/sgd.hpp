// HOW linear models read rows: scores, the gradient of a loss, one epoch of descent.
//
// Order: a tile of rows is staged once and used twice, for its scores and for its gradient. A
// score is a 16-lane dot product plus the intercept; a gradient adds the tile's rows one after
// the other; tiles are added in double, in order. Exact: nothing; the same bits on every level.
// Shape: several outputs share each load of the row (scores) or of the column strip (gradient),
// so ten classes cost far less than ten sweeps; the tile stays in L2 between its two uses. How
// many share does not show in the bits: each output has chains of its own.
#pragma once

#include "kernels/chain_rows.hpp"
#include "kernels/lanes.hpp"
#include "ops/losses.hpp"
#include "fuse.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

template <class T>
void score_tile(const Tile<T>& x, std::int64_t count, const Linear<T>& model, T* out) {
    const std::int64_t k = model.n_outputs, ld = model.ld;
    for (std::int64_t r = 0; r < count; ++r)
        in_groups<n_chains<T>>(k, [&]<int width>(std::int64_t i) {
            T* scores = out + r * k + i;
            dots<width>(x.data + r * x.ld, model.coef + i * ld, ld, ld, scores);
            for (int s = 0; s < width; ++s) scores[s] += model.intercept[i + s];
        });
}

// Scores of rows of which a block is sparse. Scratch: chain_scratch.
template <class T>
void sparse_scores(const Rows& all, const RowSet& part, const Linear<T>& model, T* out,
                   T* scratch) {
    const SparseReader<T> reader(all, scratch);
    for (std::int64_t r = 0; r < part.count; ++r) {
        const SparseRow<T> row = reader.row(row_number(part, r));
        for (std::int64_t k = 0; k < model.n_outputs; ++k) {
            const T* w = model.coef + k * model.ld;
            const double inner = sum_of<false, T>(
                row.n, [&](std::int64_t i) { return w[row.at[i]] * row.x[i]; });
            out[r * model.n_outputs + k] = static_cast<T>(inner) + model.intercept[k];
        }
    }
}

// Scores of some rows, from `out` on. Scratch: as below, and as above.
template <class T>
void linear_scores(const Rows& all, const RowSet& part, const Linear<T>& model, T* out,
                   T* scratch) {
    if (is_sparse(all)) return sparse_scores(all, part, model, out, scratch);
    const std::int64_t height = learn_tile_rows(all.width, sizeof(T));
    for (std::int64_t r = 0; r < part.count; r += height) {
        const RowSet rows{part.index ? part.index + r : nullptr, part.first + r,
                          at_most(height, part.count - r)};
        score_tile(stage_rows<T>(all, rows, scratch), rows.count, model,
                   out + r * model.n_outputs);
    }
}

template <class Formula, class T>
double residuals_of(const RowSet& rows, const Targets& targets, std::int64_t k, double* row,
                    T* scores) {
    double loss = 0.0;
    for (std::int64_t r = 0; r < rows.count; ++r) {
        const std::int64_t i = rows.index ? rows.index[r] : rows.first + r;
        for (std::int64_t c = 0; c < k; ++c) row[c] = static_cast<double>(scores[r * k + c]);
        const double own = Formula::apply(row, targets.values + i * targets.width, k);
        const double weight = targets.sample_weight ? targets.sample_weight[i] : 1.0;
        loss += weight * own;
        for (std::int64_t c = 0; c < k; ++c) scores[r * k + c] = static_cast<T>(weight * row[c]);
    }
    return loss;
}

// Turn a tile's scores into weighted derivatives of the loss; return the weighted loss.
template <class T>
double residuals(const RowSet& rows, const Targets& targets, std::int64_t k, double* row,
                 T* scores) {
    switch (targets.loss) {
        case Loss::squared_error: return residuals_of<SquaredError>(rows, targets, k, row, scores);
        case Loss::log_loss: return residuals_of<LogLoss>(rows, targets, k, row, scores);
        default: return residuals_of<Multinomial>(rows, targets, k, row, scores);
    }
}

// grad.coef[output] += sum_r residual[r, output] * x[r], over the rows of a tile. Columns are
// taken `strips` registers at a time: enough chains for one output as for eight.
template <class T>
void gradient_tile(const Tile<T>& x, std::int64_t count, const T* residual,
                   const Linear<double>& grad) {
    constexpr std::int64_t lanes = Lanes<T>::width;
    const std::int64_t k = grad.n_outputs;
    const auto add_strip = [&]<int width, int strips>(std::int64_t i, std::int64_t j) {
        Vector<T> acc[width][strips] = {};
        for (std::int64_t r = 0; r < count; ++r) {
            Vector<T> v[strips];
            for (int s = 0; s < strips; ++s) v[s] = load_vector(x.data + r * x.ld + j + s * lanes);
            for (int o = 0; o < width; ++o)
                for (int s = 0; s < strips; ++s) acc[o][s] += residual[r * k + i + o] * v[s];
        }
        for (int o = 0; o < width; ++o) {
            T sums[strips * lanes];
            std::memcpy(sums, acc[o], sizeof sums);
            double* g = grad.coef + (i + o) * grad.ld + j;
            for (std::int64_t l = 0; l < strips * lanes; ++l) g[l] += static_cast<double>(sums[l]);
        }
    };
    in_groups<4>(k, [&]<int width>(std::int64_t i) {
        constexpr int strips = width == 4 ? 2 : 4;
        std::int64_t j = 0;
        for (; j + strips * lanes <= grad.ld; j += strips * lanes)
            add_strip.template operator()<width, strips>(i, j);
        for (; j < grad.ld; j += lanes) add_strip.template operator()<width, 1>(i, j);
    });
}

// Loss and gradient of some rows, added to grad.
// Scratch: learn_scratch(d, k, sizeof(T)) elements; `row` holds k doubles.
template <class T>
double add_gradient(const Rows& all, const RowSet& part, const Targets& targets,
                    const Linear<T>& model, const Linear<double>& grad, double* row, T* scratch) {
    const std::int64_t k = model.n_outputs, height = learn_tile_rows(all.width, sizeof(T));
    T* scores = scratch;
    T* tiles = scratch + padded(height * k);
    double loss = 0.0;
    for (std::int64_t r = 0; r < part.count; r += height) {
        const RowSet rows{part.index ? part.index + r : nullptr, part.first + r,
                          at_most(height, part.count - r)};
        const Tile<T> x = stage_rows<T>(all, rows, tiles);
        score_tile(x, rows.count, model, scores);
        loss += residuals(rows, targets, k, row, scores);
        gradient_tile(x, rows.count, scores, grad);
        for (std::int64_t s = 0; s < rows.count; ++s)
            for (std::int64_t i = 0; i < k; ++i)
                grad.intercept[i] += static_cast<double>(scores[s * k + i]);
    }
    return loss;
}

// One epoch. Each batch's gradient is gathered in `grad` (double), then subtracted.
template <class T>
double descend(const Rows& all, const Epoch& epoch, const Targets& targets, const Linear<T>& model,
               const Linear<double>& grad, double* row, T* scratch) {
    const std::int64_t k = model.n_outputs, n_coef = k * model.ld;
    double loss = 0.0;
    for (std::int64_t start = 0, b = 0; start < epoch.n_rows; start += epoch.batch_size, ++b) {
        const std::int64_t count = at_most(epoch.batch_size, epoch.n_rows - start);
        for (std::int64_t j = 0; j < n_coef; ++j) grad.coef[j] = 0.0;
        for (std::int64_t i = 0; i < k; ++i) grad.intercept[i] = 0.0;
        const RowSet rows{epoch.order + start, 0, count};
        loss += add_gradient(all, rows, targets, model, grad, row, scratch);
        const T keep = static_cast<T>(1.0 - epoch.steps[b] * epoch.alpha);
        const T rate = static_cast<T>(epoch.steps[b] / static_cast<double>(count));
        for (std::int64_t j = 0; j < n_coef; ++j)
            model.coef[j] = keep * model.coef[j] - rate * static_cast<T>(grad.coef[j]);
        for (std::int64_t i = 0; epoch.fit_intercept && i < k; ++i)
            model.intercept[i] -= rate * static_cast<T>(grad.intercept[i]);
    }
    return loss;
}

// Sum of products; what does not fill the lanes is copied behind zeros.
inline double dot(const double* a, const double* b, std::int64_t n) {
    double last[2][n_lanes] = {}, sums[2];
    const std::int64_t whole = n / n_lanes * n_lanes;
    std::memcpy(last[0], a + whole, static_cast<std::size_t>(n - whole) * sizeof(double));
    std::memcpy(last[1], b + whole, static_cast<std::size_t>(n - whole) * sizeof(double));
    dots<1>(a, b, 0, whole, sums);
    dots<1>(last[0], last[1], 0, n_lanes, sums + 1);
    return sums[0] + sums[1];
}

}  // namespace
}  // namespace polyfuse
