#include <vector>

#include "bindings/convert.hpp"
#include "bindings/names.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"

namespace polyfuse {
namespace {

bool wide(const py::array& out) { return dtype_of(out) == DType::f64; }

Out target(py::array& out, const py::array& values) {
    return as_out(out, values.shape(0), values.shape(1), wide(out));
}

bool normalize_rows(const py::array& values, const py::str& kind, py::array& out, double least) {
    const Block block = as_block(values);
    const Out to = target(out, values);
    const Normalization which = normalization_of(kind);
    const bool in_double = wide(out);
    const Unlocked unlocked(values.size());
    const auto run = in_double ? run_normalize_rows<double> : run_normalize_rows<float>;
    return run(block, values.shape(0), which, least, to);
}

// Every row once: the groups are written by different threads.
void check_groups(const Groups& groups, std::int64_t n_rows) {
    require(groups.n >= 0 && groups.starts[0] == 0 && groups.starts[groups.n] == n_rows,
            "starts must begin with 0 and end with the number of rows");
    for (std::int64_t g = 0; g < groups.n; ++g)
        require(groups.starts[g] <= groups.starts[g + 1], "starts must ascend");
    if (!groups.order) return;
    std::vector<bool> seen(static_cast<std::size_t>(n_rows));
    for (std::int64_t i = 0; i < n_rows; ++i) {
        const std::int64_t row = groups.order[i];
        require(row >= 0 && row < n_rows && !seen[static_cast<std::size_t>(row)],
                "order must name every row once");
        seen[static_cast<std::size_t>(row)] = true;
    }
}

void normalize_groups(const py::array& values, const py::object& order, const Int64s& starts,
                      const py::str& kind, py::array& out) {
    const Block block = as_block(values);
    const Out to = target(out, values);
    const Normalization which = normalization_of(kind);
    require(starts.size() > 0, "starts must not be empty");
    Groups groups{nullptr, codes_of(starts, starts.size()), starts.size() - 1};
    if (!order.is_none()) {
        require(Int64s::check_(order), "order must be int64");
        groups.order = codes_of(py::reinterpret_borrow<Int64s>(order), values.shape(0));
    }
    check_groups(groups, values.shape(0));
    const bool in_double = wide(out);
    const Unlocked unlocked(values.size());
    const auto run = in_double ? run_normalize_groups<double> : run_normalize_groups<float>;
    run(block, groups, which, to);
}

}  // namespace

void register_batches(py::module_& m) {
    m.def("normalize_rows", &normalize_rows, py::arg("values"), py::arg("kind"),
          py::arg("out").noconvert(), py::arg("least") = 0.0);
    m.def("normalize_groups", &normalize_groups, py::arg("values"), py::arg("order").none(true),
          py::arg("starts").noconvert(), py::arg("kind"), py::arg("out").noconvert());
}

}  // namespace polyfuse
