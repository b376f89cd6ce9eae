// One function per kernel family: what module.cpp lists.
#pragma once

#include <pybind11/pybind11.h>

namespace polyfuse {

void register_levels(pybind11::module_& m);
void register_normalization(pybind11::module_& m);
void register_batches(pybind11::module_& m);
void register_ranking(pybind11::module_& m);
void register_fusion(pybind11::module_& m);
void register_sgd(pybind11::module_& m);
void register_chains(pybind11::module_& m);
void register_confusion(pybind11::module_& m);
void register_probabilities(pybind11::module_& m);
void register_regression(pybind11::module_& m);
void register_inspection(pybind11::module_& m);

}  // namespace polyfuse
