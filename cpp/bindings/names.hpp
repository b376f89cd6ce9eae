// The lists that Python knows by name.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "views.hpp"

namespace polyfuse {

const std::vector<const char*>& fusion_operators();

// Index of a fusion operator, or concatenate_op.
int fusion_op(const pybind11::handle& name);

Normalization normalization_of(const pybind11::handle& name);

Loss loss_of(const pybind11::handle& name);

ErrorKind error_kind_of(const pybind11::handle& name);

ScoreFold score_fold_of(const pybind11::handle& name);

}  // namespace polyfuse
