#include <vector>

#include "bindings/convert.hpp"
#include "bindings/names.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// Row i of the sums of all outputs, and of what they lack.
void write_row(const Twofold& x, std::int64_t i, std::int64_t j, std::int64_t k, double* out) {
    const bool finite = x.sum - x.sum == 0.0;
    out[i * k + j] = finite ? x.sum + x.lost : x.sum;
    out[(n_error_sums + i) * k + j] = finite ? (x.sum - out[i * k + j]) + x.lost : 0.0;
}

void write_sums(const ErrorSums& s, std::int64_t j, std::int64_t k, double* out) {
    const Twofold rows[n_error_sums] = {
        s.weight,      s.sums[0],        s.sums[1],      {s.greatest, 0.0},
        s.errors.mean, s.errors.squares, s.targets.mean, s.targets.squares};
    for (std::int64_t i = 0; i < n_error_sums; ++i) write_row(rows[i], i, j, k, out);
}

void error_sums(const py::array& y_true, const py::array& y_pred, const py::object& sample_weight,
                const py::object& kind, Doubles& out) {
    const Block t = as_block(y_true), p = as_block(y_pred);
    const std::int64_t n = y_true.shape(0), k = t.width;
    require(y_pred.shape(0) == n && p.width == k, "y_true and y_pred must have the same shape");
    const ErrorPairs pairs{t, p, weights_of(sample_weight, n)};
    const ErrorKind what = error_kind_of(kind);
    double* into = output_of(out, 2 * n_error_sums * k);
    std::vector<ErrorSums> sums(static_cast<std::size_t>(k));
    {
        const Unlocked unlocked(n * k);
        run_error_sums(pairs, what, n, sums.data());
    }
    for (std::int64_t j = 0; j < k; ++j) write_sums(sums[static_cast<std::size_t>(j)], j, k, into);
}

}  // namespace

void register_regression(py::module_& m) {
    m.def("error_sums", &error_sums, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
          py::arg("sample_weight").none(true), py::arg("kind"), py::arg("out").noconvert());
}

}  // namespace polyfuse
