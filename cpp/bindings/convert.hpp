// From Python objects to views. Shapes, dtypes and lengths are checked here, so that a wrong call
// is a Python exception and never a wild read; messages for users are _arrays.py's business.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <vector>

#include "dispatch/threads.hpp"
#include "views.hpp"

namespace polyfuse {

namespace py = pybind11;

using Doubles = py::array_t<double>;
using Floats = py::array_t<float>;
using Int64s = py::array_t<std::int64_t>;

// Throws std::invalid_argument(message) unless the condition holds.
void require(bool condition, const char* message);

// The dtype of an array, or std::invalid_argument if no block may have it.
DType dtype_of(const py::array& array);

// True for float64, false for float32; anything else throws.
bool is_double(const py::dtype& dtype);

// Pointer to the n values of a C-contiguous array; throws if they are not n.
const double* values_of(const Doubles& array, std::int64_t n);
double* output_of(Doubles& array, std::int64_t n);
const std::int64_t* codes_of(const Int64s& array, std::int64_t n);

// The n weights, or null for None.
const double* weights_of(const py::object& weights, std::int64_t n);

// n contiguous integers of any dtype.
Labels labels_of(const py::array& y, std::int64_t n);

Block as_block(const py::array& values);

// A contract Rows: views of its blocks, and the maps' parameters in the precision they act in.
class RowsView {
   public:
    // `sparse`: whether blocks may be.
    explicit RowsView(const py::handle& rows, bool sparse = false);
    const Rows& view() const { return rows_; }
    bool wide() const { return wide_; }

   private:
    void add_block(const py::handle& block, bool sparse);
    void add_weights(const py::handle& weights);
    void add_missing(const py::handle& missing);
    void add_affine(Block& block, const py::tuple& affine);
    template <class S, class Source>
    void add_parameters(Block& block, const Source& offset, const Source& factor);

    std::vector<Block> blocks_;
    std::vector<Scratch<char>> parameters_;  // blocks point to what these own
    Rows rows_{};
    bool wide_;
};

// For results at work in double, or in float; those may be rounded to float16.
Out as_out(py::array& out, std::int64_t n_rows, std::int64_t width, bool wide);

// Index of `name` in a list of names, or std::invalid_argument naming it.
int index_of(const py::handle& name, const std::vector<const char*>& names, const char* what);

// Releases the GIL for as long as it lives, if there is enough work to be worth it.
class Unlocked {
   public:
    explicit Unlocked(std::int64_t work) : state_(work > 20000 ? PyEval_SaveThread() : nullptr) {}
    ~Unlocked() {
        if (state_) PyEval_RestoreThread(state_);
    }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

   private:
    PyThreadState* state_;
};

}  // namespace polyfuse
