#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

template <class T>
void sum_over(const Labels& labels, std::int64_t low, const py::array& values, std::int64_t k,
              const double* weight, double eps, double* sums, double* tallies) {
    const T least = static_cast<T>(eps);
    const Probabilities<T> p{static_cast<const T*>(values.data()), k, values.ndim() == 1, weight,
                             least, T(1) - least};
    const std::int64_t n = values.shape(0);
    const Unlocked unlocked(n * k);
    run_probability_sums(labels, low, p, n, sums, tallies);
}

void probability_sums(const py::array& y, std::int64_t low, const py::array& values,
                      const py::object& sample_weight, double eps, Doubles& sums,
                      Doubles& tallies) {
    const bool flat = values.ndim() == 1;
    require((flat || (values.ndim() == 2 && values.shape(1) > 0)) &&
                (values.flags() & py::array::c_style),
            "values must be C-contiguous, a number or some for each row");
    const std::int64_t n = values.shape(0), k = flat ? 2 : values.shape(1);
    const Labels labels = labels_of(y, n);
    const double* weight = weights_of(sample_weight, n);
    require(tallies.ndim() == 2 && tallies.shape(0) == 2, "tallies must have 2 rows");
    double* into = output_of(sums, n_probability_sums);
    double* counts = output_of(tallies, 2 * k);
    if (is_double(values.dtype()))
        sum_over<double>(labels, low, values, k, weight, eps, into, counts);
    else
        sum_over<float>(labels, low, values, k, weight, eps, into, counts);
}

}  // namespace

void register_probabilities(py::module_& m) {
    m.def("probability_sums", &probability_sums, py::arg("y").noconvert(), py::arg("low"),
          py::arg("values").noconvert(), py::arg("sample_weight").none(true), py::arg("eps"),
          py::arg("sums").noconvert(), py::arg("tallies").noconvert());
}

}  // namespace polyfuse
