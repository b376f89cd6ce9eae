#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

void column_quantiles(const py::array& values, const Doubles& fractions, Doubles& count,
                      Doubles& below, Doubles& above) {
    const Block block = as_block(values);
    const std::int64_t n = fractions.size(), width = block.width;
    const double* wanted = values_of(fractions, n);
    require(n <= most_fractions, "at most 16 fractions in one call");
    for (std::int64_t i = 0; i < n; ++i)
        require(wanted[i] >= 0.0 && wanted[i] <= 1.0, "fractions must be from 0 to 1");
    const Quantiles out{wanted, n, output_of(count, width), output_of(below, n * width),
                        output_of(above, n * width)};
    const Unlocked unlocked(values.size());
    run_column_quantiles(block, values.shape(0), out);
}

}  // namespace

void register_ranking(py::module_& m) {
    m.def("column_quantiles", &column_quantiles, py::arg("values"),
          py::arg("fractions").noconvert(), py::arg("count").noconvert(),
          py::arg("below").noconvert(), py::arg("above").noconvert());
}

}  // namespace polyfuse
