#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "bindings/names.hpp"
#include "bindings/register.hpp"
#include "dispatch/levels.hpp"
#include "dispatch/threads.hpp"

namespace polyfuse {
namespace {

namespace py = pybind11;

py::tuple as_tuple(const std::vector<const char*>& names) {
    py::tuple out(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) out[i] = py::str(names[i]);
    return out;
}

}  // namespace

void register_levels(py::module_& m) {
    using Names = py::typing::Tuple<py::str, py::ellipsis>;
    m.def("isa_levels", []() -> Names { return as_tuple(supported_levels()); },
          "Levels this CPU can run, lowest first.");
    m.def("isa_level", [] { return std::string(current_level().name); }, "The level in force.");
    m.def("set_isa_level", [](const std::string& level) { set_level(level.c_str()); },
          py::arg("level"), "Choose the level for the whole process.");
    m.def("num_threads", &max_threads, "Threads a large call may use.");
    m.def("limit_threads", &limit_threads, py::arg("n"), "Let calls use no more than n threads.");
    m.def("limit_own_threads", &limit_own_threads, py::arg("n"),
          "Let calls from this thread use no more than n threads; return what it was.");
    m.def("fusion_operators", []() -> Names { return as_tuple(fusion_operators()); },
          "Names of the fold operators.");
    m.def("losses", []() -> Names { return as_tuple({loss_names, loss_names + n_losses}); },
          "Names of the losses.");
    m.def("chain_losses",
          []() -> Names {
              return as_tuple({chain_loss_names, chain_loss_names + n_chain_losses});
          },
          "Names of what chains minimise.");
    m.def("chain_fields",
          []() -> Names { return as_tuple({chain_fields, chain_fields + n_chain_fields}); },
          "Names of the fields of a chain.");
    m.def("part_fields",
          []() -> Names { return as_tuple({part_fields, part_fields + n_part_fields}); },
          "Names of the fields of a part of a chain.");
    m.def("normalizations",
          []() -> Names {
              return as_tuple({normalization_names, normalization_names + n_normalizations});
          },
          "Names of the ways to normalise a row.");
    m.def("errors", []() -> Names { return as_tuple({error_names, error_names + n_errors}); },
          "Names of what is to be known of errors.");
    m.def("input_dtypes", []() -> Names { return as_tuple({dtype_names, dtype_names + n_dtypes}); },
          "Names of the dtypes a block may have.");
}

}  // namespace polyfuse
