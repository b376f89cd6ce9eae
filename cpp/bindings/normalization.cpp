#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"

namespace polyfuse {
namespace {

void column_moments(const py::array& values, const py::object& sample_weight,
                    std::int64_t leaf_rows, Doubles& count, Doubles& mean, Doubles& squares) {
    const Block block = as_block(values);
    const std::int64_t width = block.width, n_rows = values.shape(0);
    require(leaf_rows > 0, "leaf_rows must be positive");
    const double* weights = weights_of(sample_weight, n_rows);
    const Moments out{output_of(count, width), output_of(mean, width), output_of(squares, width),
                      width};
    const Unlocked unlocked(values.size());
    run_column_moments(block, n_rows, weights, leaf_rows, out);
}

void column_extrema(const py::array& values, Doubles& low, Doubles& high) {
    const Block block = as_block(values);
    double* least = output_of(low, block.width);
    double* most = output_of(high, block.width);
    const Unlocked unlocked(values.size());
    run_column_extrema(block, values.shape(0), least, most);
}

}  // namespace

void register_normalization(py::module_& m) {
    m.def("column_moments", &column_moments, py::arg("values"),
          py::arg("sample_weight").none(true), py::arg("leaf_rows"),
          py::arg("count").noconvert(), py::arg("mean").noconvert(),
          py::arg("squares").noconvert());
    m.def("column_extrema", &column_extrema, py::arg("values"), py::arg("low").noconvert(),
          py::arg("high").noconvert());
}

}  // namespace polyfuse
