#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"

namespace polyfuse {
namespace {

void confusion(const Int64s& y_true, const Int64s& y_pred, const py::object& sample_weight,
               py::array& out) {
    const std::int64_t n = y_true.size();
    const std::int64_t* rows = codes_of(y_true, n);
    const std::int64_t* columns = codes_of(y_pred, n);
    require(out.ndim() == 2 && out.shape(0) == out.shape(1) && (out.flags() & py::array::c_style),
            "out must be a C-contiguous square matrix");
    const double* weight = weights_of(sample_weight, n);
    require(dtype_of(out) == (weight ? DType::f64 : DType::i64),
            "out must be int64, or float64 with weights");
    void* cells = out.mutable_data();
    const Unlocked unlocked(n);
    if (weight)
        run_confusion(rows, columns, weight, n, out.shape(0),
                      static_cast<double*>(cells));
    else
        run_confusion(rows, columns, n, out.shape(0),
                      static_cast<std::int64_t*>(cells));
}

}  // namespace

void register_confusion(py::module_& m) {
    m.def("confusion", &confusion, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
          py::arg("sample_weight").none(true), py::arg("out").noconvert());
}

}  // namespace polyfuse
