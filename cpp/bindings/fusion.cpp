#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"

namespace polyfuse {
namespace {

std::int64_t fuse(const py::tuple& rows, py::array& out) {
    const RowsView staged(rows);
    const Rows& view = staged.view();
    const Out target = as_out(out, view.n_rows, view.width, staged.wide());
    const Unlocked unlocked(view.n_rows * view.width * view.n_blocks);
    return staged.wide() ? run_fuse<double>(view, target) : run_fuse<float>(view, target);
}

void missing_rows(const py::tuple& rows, py::array_t<bool>& out) {
    const RowsView staged(rows);
    const Rows& view = staged.view();
    require(out.ndim() == 2 && out.shape(0) == view.n_rows && out.shape(1) == view.n_blocks &&
                (out.flags() & py::array::c_style),
            "out must be a C-contiguous bool array of a column per block");
    auto* flags = reinterpret_cast<std::uint8_t*>(out.mutable_data());
    const Unlocked unlocked(view.n_rows * view.n_blocks);
    run_missing_rows(view, flags);
}

}  // namespace

void register_fusion(py::module_& m) {
    m.def("fuse", &fuse, py::arg("rows"), py::arg("out").noconvert());
    m.def("missing_rows", &missing_rows, py::arg("rows"), py::arg("out").noconvert());
}

}  // namespace polyfuse
