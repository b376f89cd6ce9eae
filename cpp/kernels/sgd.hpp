// HOW linear models read rows: scores, the gradient of a loss, one epoch of descent.
//
// Order: a tile of rows is staged once and used twice, for its scores and for its gradient. A
// score is a 16-lane dot product plus the intercept; a gradient adds the tile's rows one after
// the other; tiles are added in double, in order. Exact: nothing; the same bits on every level.
// Shape: four outputs share each load of the row (scores) or of the column strip (gradient), so
// ten classes cost far less than ten sweeps; the tile stays in L2 between its two uses.
#pragma once

#include "kernels/lanes.hpp"
#include "ops/losses.hpp"
#include "stage.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

template <class T>
void score_tile(const Tile<T>& x, std::int64_t count, std::int64_t d, const Linear<T>& model,
                T* out) {
    const std::int64_t k = model.n_outputs;
    for (std::int64_t r = 0; r < count; ++r)
        in_groups(k, [&]<int width>(std::int64_t i) {
            T* scores = out + r * k + i;
            dots<width>(x.data + r * x.ld, model.coef + i * d, d, d, scores);
            for (int s = 0; s < width; ++s) scores[s] += model.intercept[i + s];
        });
}

// Scores of rows [first, first + count) into `out`, whose row 0 is row `first`. Scratch: as below.
template <class T>
void linear_scores(const Rows& all, std::int64_t first, std::int64_t count, const Linear<T>& model,
                   T* out, T* scratch) {
    const std::int64_t height = learn_tile_rows(all.width, sizeof(T));
    for (std::int64_t r = 0; r < count; r += height) {
        const RowSet rows{nullptr, first + r, at_most(height, count - r)};
        score_tile(stage_rows<T>(all, rows, scratch), rows.count, all.width, model,
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

// Call take(output, column, n, sums) with sum_r residual[r, output] * x[r, column:column + n].
template <class T, class Take>
void gradient_tile(const Tile<T>& x, std::int64_t count, std::int64_t d, const T* residual,
                   std::int64_t k, Take take) {
    const auto strip = [&]<int width, bool whole>(std::int64_t i, std::int64_t j) {
        const std::int64_t n = whole ? n_lanes : d - j;
        Lanes<T> acc[width] = {};
        for (std::int64_t r = 0; r < count; ++r) {
            const T* row = x.data + r * x.ld + j;
            const Lanes<T> v = whole ? load_lanes(row) : load_tail(row, n);
            for (int s = 0; s < width; ++s) acc[s] += residual[r * k + i + s] * v;
        }
        for (int s = 0; s < width; ++s) {
            T sums[n_lanes];
            std::memcpy(sums, &acc[s], sizeof sums);
            take(i + s, j, n, sums);
        }
    };
    in_groups(k, [&]<int width>(std::int64_t i) {
        std::int64_t j = 0;
        for (; j + n_lanes <= d; j += n_lanes) strip.template operator()<width, true>(i, j);
        if (j < d) strip.template operator()<width, false>(i, j);
    });
}

// Loss and gradient of some rows, added to grad (coef k x d, intercept k).
// Scratch: learn_scratch(d, k, sizeof(T)) elements; `row` holds k doubles.
template <class T>
double add_gradient(const Rows& all, const RowSet& part, const Targets& targets,
                    const Linear<T>& model, const Linear<double>& grad, double* row, T* scratch) {
    const std::int64_t d = all.width, k = model.n_outputs, height = learn_tile_rows(d, sizeof(T));
    T* scores = scratch;
    T* tiles = scratch + height * k;
    double loss = 0.0;
    for (std::int64_t r = 0; r < part.count; r += height) {
        const RowSet rows{part.index ? part.index + r : nullptr, part.first + r,
                          at_most(height, part.count - r)};
        const Tile<T> x = stage_rows<T>(all, rows, tiles);
        score_tile(x, rows.count, d, model, scores);
        loss += residuals(rows, targets, k, row, scores);
        gradient_tile(x, rows.count, d, scores, k,
                      [&](std::int64_t i, std::int64_t j, std::int64_t n, const T* sums) {
                          double* g = grad.coef + i * d + j;
                          for (std::int64_t l = 0; l < n; ++l) g[l] += static_cast<double>(sums[l]);
                      });
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
    const std::int64_t k = model.n_outputs, n_coef = k * all.width;
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

inline double dot(const double* a, const double* b, std::int64_t n) {
    double out;
    dots<1>(a, b, 0, n, &out);
    return out;
}

}  // namespace
}  // namespace polyfuse
