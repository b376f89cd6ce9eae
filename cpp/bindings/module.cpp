#include "bindings/register.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
    m.doc() = "The C++ kernels: polyfuse._kernels.contract, implemented.";
    m.attr("name") = "native";
    polyfuse::register_levels(m);
    polyfuse::register_normalization(m);
    polyfuse::register_batches(m);
    polyfuse::register_ranking(m);
    polyfuse::register_fusion(m);
    polyfuse::register_sgd(m);
    polyfuse::register_chains(m);
    polyfuse::register_confusion(m);
    polyfuse::register_probabilities(m);
    polyfuse::register_regression(m);
    polyfuse::register_inspection(m);
}
