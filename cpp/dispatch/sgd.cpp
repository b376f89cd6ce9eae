#include <algorithm>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {

template <class T>
void run_linear_scores(const Rows& rows, const std::int64_t* index, std::int64_t count,
                       const Linear<T>& model, T* out) {
    const auto& kernel = kernels().typed<T>();
    const std::int64_t d = rows.width, k = model.n_outputs;
    const bool sparse = is_sparse(rows);
    const std::int64_t share = sparse ? sparse_share : learn_tile_rows(d, sizeof(T));
    const std::int64_t scratch = sparse ? sparse_reader_scratch(rows)
                                        : learn_scratch(d, k, rows.n_blocks, sizeof(T));
    parallel<T>(ceil_div(count, share), count * d * k, scratch,
                [&](std::int64_t task, T* own) {
                    const std::int64_t first = task * share;
                    const RowSet part{index ? index + first : nullptr, first,
                                      at_most(share, count - first)};
                    kernel.linear_scores(rows, part, model, out + first * k, own);
                });
}

// What one slot adds up, in doubles: a gradient, its rows padded, those of the intercepts, the loss;
// and what a row of them takes.
template <class T>
struct Slots {
    const Rows& rows;
    std::int64_t first;  // of these rows, among all
    const Targets& targets;
    const Linear<T>& model;
    std::int64_t k = model.n_outputs, d = rows.width, n_coef = k * model.ld;
    std::int64_t size = n_coef + k + 1 + loss_scratch(k);
    std::int64_t height = gradient_rows(d, sizeof(T)), range = first / height;
    std::int64_t n_used = at_most(max_slots, ceil_div(first + rows.n_rows, height) - range);
    std::vector<double> values = std::vector<double>(static_cast<std::size_t>(n_used * size), 0.0);

    double* slot(std::int64_t i) { return values.data() + i * size; }

    // Call f(slot, scratch) for each, several at a time.
    template <class F>
    void each(F f) {
        parallel<T>(n_used, rows.n_rows * d * k, learn_scratch(d, k, rows.n_blocks, sizeof(T)), f);
    }

    // Add the rows of the i-th slot in use, a piece at a time.
    void add(std::int64_t i, double* own, T* scratch) const {
        const auto& kernel = kernels().typed<T>();
        const Linear<double> grad{own, own + n_coef, k, model.ld};
        for (std::int64_t turn = (range + i) * height - first; turn < rows.n_rows;
             turn += max_slots * height) {
            const std::int64_t stop = at_most(turn + height, rows.n_rows);
            for (std::int64_t r = at_least(0, turn); r < stop; r += gradient_piece)
                own[n_coef + k] +=
                    kernel.add_gradient(rows, {nullptr, r, at_most(gradient_piece, stop - r)},
                                        targets, model, grad, own + n_coef + k + 1, scratch);
        }
    }
};

template <class T>
double run_loss_gradient(const Rows& rows, const Targets& targets, const Linear<T>& model,
                         const Linear<double>& grad) {
    Slots<T> slots{rows, 0, targets, model};
    slots.each([&](std::int64_t i, T* scratch) { slots.add(i, slots.slot(i), scratch); });
    for (std::int64_t i = 0; i < slots.k; ++i) std::fill_n(grad.coef + i * grad.ld, slots.d, 0.0);
    std::fill_n(grad.intercept, slots.k, 0.0);
    double loss = 0.0;
    for (std::int64_t slot = 0; slot < slots.n_used; ++slot) {
        const double* own = slots.slot(slot);
        for (std::int64_t i = 0; i < slots.k; ++i) {
            for (std::int64_t j = 0; j < slots.d; ++j)
                grad.coef[i * grad.ld + j] += own[i * model.ld + j];
            grad.intercept[i] += own[slots.n_coef + i];
        }
        loss += own[slots.n_coef + slots.k];
    }
    return loss;
}

template <class T>
void run_gradient_sums(const Rows& rows, std::int64_t first, const Targets& targets,
                       const Linear<T>& model, double* sums) {
    Slots<T> slots{rows, first, targets, model};
    const std::int64_t d = slots.d, k = slots.k, n_coef = slots.n_coef;
    slots.each([&](std::int64_t i, T* scratch) {
        double* own = slots.slot(i);
        double* kept = sums + (slots.range + i) % max_slots * (k * (d + 1) + 1);
        for (std::int64_t o = 0; o < k; ++o) std::copy_n(kept + o * d, d, own + o * model.ld);
        std::copy_n(kept + k * d, k + 1, own + n_coef);
        slots.add(i, own, scratch);
        for (std::int64_t o = 0; o < k; ++o) std::copy_n(own + o * model.ld, d, kept + o * d);
        std::copy_n(own + n_coef, k + 1, kept + k * d);
    });
}

template <class T>
double run_descend(const Rows& rows, const Epoch& epoch, const Targets& targets,
                   const Linear<T>& model, const Linear<T>& velocity) {
    const std::int64_t d = rows.width, k = model.n_outputs, n_coef = k * model.ld;
    const bool ahead = velocity.coef && epoch.nesterov;
    Scratch<T> scratch(learn_scratch(d, k, rows.n_blocks, sizeof(T)));
    Scratch<T> leading(ahead ? n_coef + k : 0);
    const Linear<T> there{leading.data(), leading.data() + n_coef, k, model.ld};
    std::vector<double> grad(static_cast<std::size_t>(n_coef + k + loss_scratch(k)), 0.0);
    return kernels().typed<T>().descend(rows, epoch, targets,
                                        {model, velocity, ahead ? there : model},
                                        {grad.data(), grad.data() + n_coef, k, model.ld},
                                        grad.data() + n_coef + k, scratch.data());
}

double run_dot(const double* a, const double* b, std::int64_t n) { return kernels().dot(a, b, n); }

template void run_linear_scores<float>(const Rows&, const std::int64_t*, std::int64_t,
                                       const Linear<float>&, float*);
template void run_linear_scores<double>(const Rows&, const std::int64_t*, std::int64_t,
                                        const Linear<double>&, double*);
template double run_loss_gradient<float>(const Rows&, const Targets&, const Linear<float>&,
                                         const Linear<double>&);
template double run_loss_gradient<double>(const Rows&, const Targets&, const Linear<double>&,
                                          const Linear<double>&);
template void run_gradient_sums<float>(const Rows&, std::int64_t, const Targets&,
                                       const Linear<float>&, double*);
template void run_gradient_sums<double>(const Rows&, std::int64_t, const Targets&,
                                        const Linear<double>&, double*);
template double run_descend<float>(const Rows&, const Epoch&, const Targets&, const Linear<float>&,
                                   const Linear<float>&);
template double run_descend<double>(const Rows&, const Epoch&, const Targets&,
                                    const Linear<double>&, const Linear<double>&);

}  // namespace polyfuse
