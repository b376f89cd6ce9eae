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

template <class T>
double run_loss_gradient(const Rows& rows, const Targets& targets, const Linear<T>& model,
                         const Linear<double>& grad) {
    const auto& kernel = kernels().typed<T>();
    const std::int64_t d = rows.width, k = model.n_outputs;
    const std::int64_t height = learn_tile_rows(d, sizeof(T));
    const std::int64_t n_slots = gradient_slots(rows.n_rows, height);
    const std::int64_t share = ceil_div(ceil_div(rows.n_rows, n_slots), height) * height;
    const std::int64_t n_coef = k * model.ld, slot_size = n_coef + k + loss_scratch(k);
    std::vector<double> slots(static_cast<std::size_t>(n_slots * slot_size), 0.0);
    std::vector<double> losses(static_cast<std::size_t>(n_slots), 0.0);
    parallel<T>(n_slots, rows.n_rows * d * k, learn_scratch(d, k, rows.n_blocks, sizeof(T)),
                [&](std::int64_t slot, T* scratch) {
                    double* own = slots.data() + slot * slot_size;
                    const std::int64_t first = slot * share;
                    const std::int64_t count = at_most(share, rows.n_rows - first);
                    if (count > 0)
                        losses[static_cast<std::size_t>(slot)] = kernel.add_gradient(
                            rows, {nullptr, first, count}, targets, model,
                            {own, own + n_coef, k, model.ld}, own + n_coef + k, scratch);
                });
    for (std::int64_t i = 0; i < k; ++i) std::fill_n(grad.coef + i * grad.ld, d, 0.0);
    std::fill_n(grad.intercept, k, 0.0);
    double loss = 0.0;
    for (std::int64_t slot = 0; slot < n_slots; ++slot) {
        const double* own = slots.data() + slot * slot_size;
        for (std::int64_t i = 0; i < k; ++i) {
            for (std::int64_t j = 0; j < d; ++j) grad.coef[i * grad.ld + j] += own[i * model.ld + j];
            grad.intercept[i] += own[n_coef + i];
        }
        loss += losses[static_cast<std::size_t>(slot)];
    }
    return loss;
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
template double run_descend<float>(const Rows&, const Epoch&, const Targets&, const Linear<float>&,
                                   const Linear<float>&);
template double run_descend<double>(const Rows&, const Epoch&, const Targets&,
                                    const Linear<double>&, const Linear<double>&);

}  // namespace polyfuse
