#include <algorithm>

#include "bindings/convert.hpp"
#include "bindings/names.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

std::int64_t outputs_of(const Doubles& coef, const Doubles& intercept, std::int64_t width) {
    require(coef.ndim() == 2 && coef.shape(1) == width && coef.shape(0) > 0,
            "coef must be of shape (n_outputs, n_features)");
    values_of(coef, coef.size());
    values_of(intercept, coef.shape(0));
    return coef.shape(0);
}

// Where Python holds a model, or its velocity: values from one output to the next.
template <class Number>
struct Held {
    Number *coef, *intercept;
    std::int64_t coef_apart, intercept_apart;
};

Held<const double> held(const Doubles& w, const Doubles& b) {
    return {w.data(), b.data(), w.shape(1), 1};
}

// The same in the precision of the rows, its rows padded.
template <class T>
struct Model {
    std::int64_t n_outputs, width, ld;
    Scratch<T> values;

    Model(std::int64_t k, std::int64_t d, const Held<const double>& from)
        : n_outputs(k), width(d), ld(padded(d)), values(k * (ld + 1)) {
        std::fill_n(values.data(), k * (ld + 1), T(0));
        for (std::int64_t i = 0; i < k; ++i) {
            std::copy_n(from.coef + i * from.coef_apart, width, view().coef + i * ld);
            view().intercept[i] = static_cast<T>(from.intercept[i * from.intercept_apart]);
        }
    }
    Model(const Doubles& w, const Doubles& b) : Model(w.shape(0), w.shape(1), held(w, b)) {}
    Linear<T> view() {
        return {values.data(), values.data() + n_outputs * ld, n_outputs, ld};
    }
    void write(const Held<double>& to) {
        for (std::int64_t i = 0; i < n_outputs; ++i) {
            std::copy_n(view().coef + i * ld, width, to.coef + i * to.coef_apart);
            to.intercept[i * to.intercept_apart] = view().intercept[i];
        }
    }
};

Targets targets_of(const Doubles& values, const py::object& sample_weight, const py::str& loss,
                   std::int64_t n_rows, std::int64_t n_outputs) {
    const Loss which = loss_of(loss);
    const std::int64_t width = which == Loss::multinomial ? 1 : n_outputs;
    const double* y = values_of(values, n_rows * width);
    if (which == Loss::multinomial)
        for (std::int64_t i = 0; i < n_rows; ++i)
            require(y[i] >= 0.0 && y[i] < static_cast<double>(n_outputs),
                    "a class code is outside the outputs");
    return {y, width, weights_of(sample_weight, n_rows), which};
}

// Which rows to score: `count` of them.
struct Wanted {
    const std::int64_t* index;
    std::int64_t count;
};

Wanted wanted_of(const py::object& index, std::int64_t n_rows) {
    if (index.is_none()) return {nullptr, n_rows};
    require(Int64s::check_(index), "index must be int64");
    const auto rows = py::reinterpret_borrow<Int64s>(index);
    const std::int64_t* which = codes_of(rows, rows.size());
    for (py::ssize_t i = 0; i < rows.size(); ++i)
        require(which[i] >= 0 && which[i] < n_rows, "index names a row that is not");
    return {which, rows.size()};
}

template <class T>
void scores_as(const Rows& rows, const Wanted& wanted, const Doubles& coef,
               const Doubles& intercept, py::array& out) {
    Model<T> model(coef, intercept);
    T* scores = static_cast<T*>(out.mutable_data());
    const Unlocked unlocked(wanted.count * rows.width);
    run_linear_scores<T>(rows, wanted.index, wanted.count, model.view(), scores);
}

void linear_scores(const py::tuple& rows, const Doubles& coef, const Doubles& intercept,
                   py::array& out, const py::object& index) {
    const RowsView staged(rows, true);
    const Rows& view = staged.view();
    const Wanted wanted = wanted_of(index, view.n_rows);
    as_out(out, wanted.count, outputs_of(coef, intercept, view.width), staged.wide());
    require(out.flags() & py::array::c_style && out.itemsize() > 2,
            "out must be C-contiguous, of the precision of the rows");
    if (staged.wide())
        scores_as<double>(view, wanted, coef, intercept, out);
    else
        scores_as<float>(view, wanted, coef, intercept, out);
}

template <class T>
double gradient_as(const Rows& rows, const Targets& targets, const Doubles& coef,
                   const Doubles& intercept, const Linear<double>& grad) {
    Model<T> model(coef, intercept);
    const Unlocked unlocked(rows.n_rows * rows.width);
    return run_loss_gradient<T>(rows, targets, model.view(), grad);
}

double loss_gradient(const py::tuple& rows, const Doubles& targets,
                     const py::object& sample_weight, const Doubles& coef,
                     const Doubles& intercept, const py::str& loss, Doubles& grad_coef,
                     Doubles& grad_intercept) {
    const RowsView staged(rows);
    const Rows& view = staged.view();
    const std::int64_t k = outputs_of(coef, intercept, view.width);
    const Targets wanted = targets_of(targets, sample_weight, loss, view.n_rows, k);
    const Linear<double> grad{output_of(grad_coef, k * view.width), output_of(grad_intercept, k), k,
                              view.width};
    return staged.wide() ? gradient_as<double>(view, wanted, coef, intercept, grad)
                         : gradient_as<float>(view, wanted, coef, intercept, grad);
}

template <class T>
void sums_as(const Rows& rows, std::int64_t first, const Targets& targets, const Doubles& coef,
             const Doubles& intercept, double* sums) {
    Model<T> model(coef, intercept);
    const Unlocked unlocked(rows.n_rows * rows.width);
    run_gradient_sums<T>(rows, first, targets, model.view(), sums);
}

void gradient_sums(const py::tuple& rows, std::int64_t first, const Doubles& targets,
                   const py::object& sample_weight, const Doubles& coef, const Doubles& intercept,
                   const py::str& loss, Doubles& sums) {
    const RowsView staged(rows);
    const Rows& view = staged.view();
    const std::int64_t k = outputs_of(coef, intercept, view.width);
    const Targets wanted = targets_of(targets, sample_weight, loss, view.n_rows, k);
    require(first >= 0 && first % gradient_piece == 0, "first must be a multiple of 64");
    double* own = output_of(sums, max_slots * (k * (view.width + 1) + 1));
    if (staged.wide())
        sums_as<double>(view, first, wanted, coef, intercept, own);
    else
        sums_as<float>(view, first, wanted, coef, intercept, own);
}

Epoch epoch_of(const Int64s& order, std::int64_t batch_size, const Doubles& steps, double alpha,
               bool fit_intercept, std::int64_t n_rows) {
    const std::int64_t n = order.size();
    const std::int64_t* rows = codes_of(order, n);
    require(batch_size > 0, "batch_size must be positive");
    for (std::int64_t i = 0; i < n; ++i)
        require(rows[i] >= 0 && rows[i] < n_rows, "order names a row that is not");
    return {rows, n, batch_size, values_of(steps, n / batch_size + (n % batch_size != 0)), alpha,
            fit_intercept};
}

// Velocities of k outputs, their intercepts' last; or none.
Held<double> velocity_of(Doubles& velocity, std::int64_t k, std::int64_t d) {
    if (velocity.size() == 0) return {nullptr, nullptr, 0, 0};
    require(velocity.ndim() == 2 && velocity.shape(1) == d + 1,
            "velocity must be of shape (n_outputs, n_features + 1), or (0, 0)");
    double* values = output_of(velocity, k * (d + 1));
    return {values, values + d, d + 1, d + 1};
}

template <class T>
double descend_as(const Rows& rows, const Epoch& epoch, const Targets& targets,
                  const Held<double>& model, const Held<double>& velocity, std::int64_t k) {
    const auto held = [](const Held<double>& x) {
        return Held<const double>{x.coef, x.intercept, x.coef_apart, x.intercept_apart};
    };
    const bool moves = velocity.coef;
    Model<T> at(k, rows.width, held(model)), move(moves ? k : 0, rows.width, held(velocity));
    double loss;
    {
        const Unlocked unlocked(epoch.n_rows * rows.width);
        loss = run_descend<T>(rows, epoch, targets, at.view(),
                              moves ? move.view() : Linear<T>{nullptr, nullptr, k, at.ld});
    }
    at.write(model);
    move.write(velocity);
    return loss;
}

double descend(const py::tuple& rows, const Int64s& order, std::int64_t batch_size,
               const Doubles& targets, const py::object& sample_weight, const py::str& loss,
               const Doubles& steps, double alpha, double momentum, bool nesterov, Doubles& coef,
               Doubles& intercept, Doubles& velocity, bool fit_intercept, double total) {
    const RowsView staged(rows);
    const Rows& view = staged.view();
    const std::int64_t k = outputs_of(coef, intercept, view.width), d = view.width;
    const Targets wanted = targets_of(targets, sample_weight, loss, view.n_rows, k);
    Epoch epoch = epoch_of(order, batch_size, steps, alpha, fit_intercept, view.n_rows);
    epoch.momentum = momentum, epoch.nesterov = nesterov, epoch.loss = total;
    const Held<double> model{output_of(coef, k * d), output_of(intercept, k), d, 1};
    const Held<double> move = velocity_of(velocity, k, d);
    return staged.wide() ? descend_as<double>(view, epoch, wanted, model, move, k)
                         : descend_as<float>(view, epoch, wanted, model, move, k);
}

double dot(const Doubles& a, const Doubles& b) {
    return run_dot(values_of(a, a.size()), values_of(b, a.size()), a.size());
}

}  // namespace

void register_sgd(py::module_& m) {
    m.def("linear_scores", &linear_scores, py::arg("rows"), py::arg("coef").noconvert(),
          py::arg("intercept").noconvert(), py::arg("out").noconvert(),
          py::arg("index") = py::none());
    m.def("loss_gradient", &loss_gradient, py::arg("rows"), py::arg("targets").noconvert(),
          py::arg("sample_weight").none(true), py::arg("coef").noconvert(),
          py::arg("intercept").noconvert(), py::arg("loss"), py::arg("grad_coef").noconvert(),
          py::arg("grad_intercept").noconvert());
    m.def("gradient_sums", &gradient_sums, py::arg("rows"), py::arg("first"),
          py::arg("targets").noconvert(), py::arg("sample_weight").none(true),
          py::arg("coef").noconvert(), py::arg("intercept").noconvert(), py::arg("loss"),
          py::arg("sums").noconvert());
    m.def("descend", &descend, py::arg("rows"), py::arg("order").noconvert(),
          py::arg("batch_size"), py::arg("targets").noconvert(),
          py::arg("sample_weight").none(true), py::arg("loss"), py::arg("steps").noconvert(),
          py::arg("alpha"), py::arg("momentum"), py::arg("nesterov"),
          py::arg("coef").noconvert(), py::arg("intercept").noconvert(),
          py::arg("velocity").noconvert(), py::arg("fit_intercept"), py::arg("total") = 0.0);
    m.def("dot", &dot, py::arg("a").noconvert(), py::arg("b").noconvert());
}

}  // namespace polyfuse
