#include <algorithm>
#include <vector>

#include "bindings/convert.hpp"
#include "bindings/names.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
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

// The model in the precision of the rows, its rows padded.
template <class T>
struct Model {
    std::int64_t width, ld;
    std::vector<T> coef, intercept;

    Model(const Doubles& w, const Doubles& b)
        : width(w.shape(1)),
          ld(padded(width)),
          coef(static_cast<std::size_t>(w.shape(0) * ld)),
          intercept(b.data(), b.data() + b.size()) {
        for (std::int64_t i = 0; i < w.shape(0); ++i)
            std::copy_n(w.data() + i * width, width, coef.data() + i * ld);
    }
    Linear<T> view() {
        return {coef.data(), intercept.data(), static_cast<std::int64_t>(intercept.size()), ld};
    }
    void write(Doubles& w, Doubles& b) const {
        for (std::int64_t i = 0; i < w.shape(0); ++i)
            std::copy_n(coef.data() + i * ld, width, w.mutable_data() + i * width);
        std::copy(intercept.begin(), intercept.end(), b.mutable_data());
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

template <class T>
double descend_as(const Rows& rows, const Epoch& epoch, const Targets& targets, Doubles& coef,
                  Doubles& intercept) {
    Model<T> model(coef, intercept);
    double loss;
    {
        const Unlocked unlocked(epoch.n_rows * rows.width);
        loss = run_descend<T>(rows, epoch, targets, model.view());
    }
    model.write(coef, intercept);
    return loss;
}

double descend(const py::tuple& rows, const Int64s& order, std::int64_t batch_size,
               const Doubles& targets, const py::object& sample_weight, const py::str& loss,
               const Doubles& steps, double alpha, Doubles& coef, Doubles& intercept,
               bool fit_intercept) {
    const RowsView staged(rows);
    const Rows& view = staged.view();
    const std::int64_t k = outputs_of(coef, intercept, view.width);
    const Targets wanted = targets_of(targets, sample_weight, loss, view.n_rows, k);
    const Epoch epoch = epoch_of(order, batch_size, steps, alpha, fit_intercept, view.n_rows);
    return staged.wide() ? descend_as<double>(view, epoch, wanted, coef, intercept)
                         : descend_as<float>(view, epoch, wanted, coef, intercept);
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
    m.def("descend", &descend, py::arg("rows"), py::arg("order").noconvert(),
          py::arg("batch_size"), py::arg("targets").noconvert(),
          py::arg("sample_weight").none(true), py::arg("loss"), py::arg("steps").noconvert(),
          py::arg("alpha"), py::arg("coef").noconvert(), py::arg("intercept").noconvert(),
          py::arg("fit_intercept"));
    m.def("dot", &dot, py::arg("a").noconvert(), py::arg("b").noconvert());
}

}  // namespace polyfuse
