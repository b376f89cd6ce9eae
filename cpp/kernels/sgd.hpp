// HOW linear models read rows: scores, the gradient of a loss, one epoch of descent.
//
// Order: a tile of rows (sgd_tiles.hpp) is read once and used twice, for its scores and for its
// gradient; tiles are added in double, in order, but those of a batch that is one tile are not
// added at all. Exact: nothing; the same bits on every level. Shape: a step is one sweep over the
// model, which moves a register of velocity, model and what lies ahead of it together; where a
// batch is one tile, it is done as the gradient leaves its registers.
#pragma once

#include "kernels/sgd_tiles.hpp"

namespace polyfuse {
namespace {

// Scores of rows of which a block is sparse. Scratch: sparse_reader_scratch.
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

// Call f(tile, rows from the first on, which) for a few rows at a time. Scratch: stage_rows.
template <class T, class F>
void by_tiles(const Rows& all, const RowSet& part, T* scratch, F f) {
    const std::int64_t height = learn_tile_rows(all.width, sizeof(T));
    LearnRows<T> x;
    for (std::int64_t r = 0; r < part.count; r += height) {
        const RowSet rows{part.index ? part.index + r : nullptr, part.first + r,
                          at_most(height, part.count - r)};
        read_rows(all, rows, part.count - r - rows.count, scratch, x);
        f(x, r, rows);
    }
}

// Scores of some rows, from `out` on. Scratch: as above, or learn_scratch.
template <class T>
void linear_scores(const Rows& all, const RowSet& part, const Linear<T>& model, T* out,
                   T* scratch) {
    if (is_sparse(all)) return sparse_scores(all, part, model, out, scratch);
    by_tiles(all, part, scratch, [&](const LearnRows<T>& x, std::int64_t r, const RowSet&) {
        score_tile(x, model, out + r * model.n_outputs);
    });
}

// Loss of a tile; its weighted derivatives in `scores`, and their sums added to `intercept`.
template <class T>
double derive(const LearnRows<T>& x, const Wanted& wanted, const Linear<T>& model, T* scores,
              double* intercept) {
    const std::int64_t k = model.n_outputs;
    score_tile(x, model, scores);
    const double loss = residuals(wanted, k, scores);
    for (std::int64_t r = 0; r < x.count; ++r)
        for (std::int64_t i = 0; i < k; ++i) intercept[i] += static_cast<double>(scores[r * k + i]);
    return loss;
}

// Loss and gradient of some rows, added to grad.
// Scratch: learn_scratch(d, k, sizeof(T)) elements; `row` holds loss_scratch(k) doubles.
template <class T>
double add_gradient(const Rows& all, const RowSet& part, const Targets& targets,
                    const Linear<T>& model, const Linear<double>& grad, double* row, T* scratch) {
    const std::int64_t k = model.n_outputs, height = learn_tile_rows(all.width, sizeof(T));
    T* tiles = scratch + padded(height * k);
    double loss = 0.0;
    by_tiles(all, part, tiles, [&](const LearnRows<T>& x, std::int64_t, const RowSet& rows) {
        loss += derive(x, {rows, targets, row}, model, scratch, grad.intercept);
        gradient_tile(x, scratch, k, [&](std::int64_t i, std::int64_t j, const Vector<T>& sum) {
            double* g = grad.coef + i * grad.ld + j;
            T sums[vector_width<T>];
            store_vector(sums, sum);
            for (std::int64_t l = 0; l < vector_width<T>; ++l) g[l] += static_cast<double>(sums[l]);
        });
    });
    return loss;
}

// One step of one batch, along the sum of its gradients.
template <class T>
struct Step {
    const Moving<T>& to;
    T keep, rate, decay, momentum;
    bool nesterov;

    Step(const Moving<T>& moving, const Epoch& epoch, std::int64_t batch, std::int64_t count)
        : to(moving),
          keep(static_cast<T>(1.0 - epoch.steps[batch] * epoch.alpha)),
          rate(static_cast<T>(epoch.steps[batch] / static_cast<double>(count))),
          decay(static_cast<T>(epoch.steps[batch] * epoch.alpha)),
          momentum(static_cast<T>(epoch.momentum)),
          nesterov(epoch.nesterov) {}

    // A register of coefficients of output i, from column j on.
    void move(std::int64_t i, std::int64_t j, const Vector<T>& sum) const {
        T* w = to.model.coef + i * to.model.ld + j;
        if (!to.velocity.coef) return store_vector(w, keep * load_vector(w) - rate * sum);
        T *v = to.velocity.coef + i * to.model.ld + j, *at = to.ahead.coef + i * to.model.ld + j;
        const Vector<T> moved = momentum * load_vector(v) - (rate * sum + decay * load_vector(at));
        const Vector<T> now = load_vector(w) + moved;
        store_vector(v, moved);
        store_vector(w, now);
        if (nesterov) store_vector(at, now + momentum * moved);
    }

    void move_intercept(std::int64_t i, T sum) const {
        T& b = to.model.intercept[i];
        if (!to.velocity.coef) {
            b -= rate * sum;
            return;
        }
        T& v = to.velocity.intercept[i];
        v = momentum * v - rate * sum;
        b += v;
        if (nesterov) to.ahead.intercept[i] = b + momentum * v;
    }
};

// Where momentum leads from the model.
template <class T>
void look_ahead(const Moving<T>& to, const Epoch& epoch) {
    const std::int64_t k = to.model.n_outputs, n_coef = k * to.model.ld;
    const T momentum = static_cast<T>(epoch.momentum);
    for (std::int64_t j = 0; j < n_coef; ++j)
        to.ahead.coef[j] = to.model.coef[j] + momentum * to.velocity.coef[j];
    for (std::int64_t i = 0; i < k; ++i) {
        const T move = epoch.fit_intercept ? momentum * to.velocity.intercept[i] : T(0);
        to.ahead.intercept[i] = to.model.intercept[i] + move;
    }
}

// Loss of a batch of one tile, and the step that follows.
template <class T>
double descend_tile(const LearnRows<T>& x, const Wanted& wanted, const Step<T>& step,
                    double* intercept, T* scores) {
    const double loss = derive(x, wanted, step.to.ahead, scores, intercept);
    gradient_tile(x, scores, step.to.model.n_outputs,
                  [&](std::int64_t i, std::int64_t j, const Vector<T>& sum) {
                      step.move(i, j, sum);
                  });
    return loss;
}

// Step along a gradient, and forget it.
template <class T>
void descend_along(const Linear<double>& grad, const Step<T>& step) {
    T sums[vector_width<T>];
    for (std::int64_t i = 0; i < grad.n_outputs; ++i)
        for (std::int64_t j = 0; j < grad.ld; j += vector_width<T>) {
            double* g = grad.coef + i * grad.ld + j;
            for (std::int64_t l = 0; l < vector_width<T>; ++l)
                sums[l] = static_cast<T>(g[l]), g[l] = 0.0;
            step.move(i, j, load_vector(sums));
        }
}

// One epoch. `grad` is zero, and is again afterwards. Scratch as above.
template <class T>
double descend(const Rows& all, const Epoch& epoch, const Targets& targets, const Moving<T>& to,
               const Linear<double>& grad, double* row, T* scratch) {
    const std::int64_t k = to.model.n_outputs, height = learn_tile_rows(all.width, sizeof(T));
    if (to.velocity.coef && epoch.nesterov) look_ahead(to, epoch);
    LearnRows<T> x;
    double loss = epoch.loss;
    for (std::int64_t start = 0, b = 0; start < epoch.n_rows; start += epoch.batch_size, ++b) {
        const RowSet rows{epoch.order + start, 0, at_most(epoch.batch_size, epoch.n_rows - start)};
        const Step<T> step(to, epoch, b, rows.count);
        if (rows.count <= height) {
            T* tiles = scratch + padded(height * k);
            read_rows(all, rows, epoch.n_rows - start - rows.count, tiles, x);
            loss += descend_tile(x, {rows, targets, row}, step, grad.intercept, scratch);
        } else {
            loss += add_gradient(all, rows, targets, to.ahead, grad, row, scratch);
            descend_along(grad, step);
        }
        for (std::int64_t i = 0; i < k; ++i) {
            if (epoch.fit_intercept) step.move_intercept(i, static_cast<T>(grad.intercept[i]));
            grad.intercept[i] = 0.0;
        }
    }
    return loss;
}

// Sum of products; what does not fill the lanes is copied behind zeros.
inline double dot(const double* a, const double* b, std::int64_t n) {
    double last[2][n_lanes] = {}, sums[2];
    const std::int64_t whole = n / n_lanes * n_lanes;
    std::memcpy(last[0], a + whole, static_cast<std::size_t>(n - whole) * sizeof(double));
    std::memcpy(last[1], b + whole, static_cast<std::size_t>(n - whole) * sizeof(double));
    const double* rest = last[0];
    dots<1, 1>(&a, b, 0, whole, sums);
    dots<1, 1>(&rest, last[1], 0, n_lanes, sums + 1);
    return sums[0] + sums[1];
}

}  // namespace
}  // namespace polyfuse
