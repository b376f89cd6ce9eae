#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"

namespace polyfuse {
namespace {

void fuse(const py::tuple& rows, py::array& out) {
    const RowsView staged(rows);
    const Rows& view = staged.view();
    const Out target = as_out(out, view.n_rows, view.width, staged.wide());
    const Unlocked unlocked(view.n_rows * view.width * view.n_blocks);
    if (staged.wide())
        run_fuse<double>(view, target);
    else
        run_fuse<float>(view, target);
}

}  // namespace

void register_fusion(py::module_& m) {
    m.def("fuse", &fuse, py::arg("rows"), py::arg("out").noconvert());
}

}  // namespace polyfuse
