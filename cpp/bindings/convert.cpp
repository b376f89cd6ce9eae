#include "bindings/convert.hpp"

#include <cstring>
#include <stdexcept>
#include <string>

#include "bindings/names.hpp"

namespace polyfuse {
namespace {

// Parameters are repeated until they span this many elements, so that short rows are scaled
// several at a time.
constexpr std::int64_t least_period = 256;

bool aligned(const py::array& array) {
    return array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_;
}

}  // namespace

void require(bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
}

DType dtype_of(const py::array& array) {
    const py::dtype dtype = array.dtype();
    require(dtype.byteorder() != '>' && aligned(array), "values must be aligned and native-endian");
    switch (dtype.kind() << 8 | static_cast<int>(dtype.itemsize())) {
        case 'b' << 8 | 1: return DType::b8;
        case 'i' << 8 | 1: return DType::i8;
        case 'u' << 8 | 1: return DType::u8;
        case 'i' << 8 | 2: return DType::i16;
        case 'u' << 8 | 2: return DType::u16;
        case 'i' << 8 | 4: return DType::i32;
        case 'u' << 8 | 4: return DType::u32;
        case 'i' << 8 | 8: return DType::i64;
        case 'u' << 8 | 8: return DType::u64;
        case 'f' << 8 | 2: return DType::f16;
        case 'f' << 8 | 4: return DType::f32;
        case 'f' << 8 | 8: return DType::f64;
        default: throw std::invalid_argument("values have a dtype that blocks may not have");
    }
}

bool is_double(const py::dtype& dtype) {
    require(dtype.kind() == 'f' && (dtype.itemsize() == 4 || dtype.itemsize() == 8) &&
                dtype.byteorder() != '>',
            "results must be float32 or float64");
    return dtype.itemsize() == 8;
}

const double* values_of(const Doubles& array, std::int64_t n) {
    require(array.size() == n && (array.flags() & py::array::c_style) && aligned(array),
            "a float64 argument has the wrong length or is not contiguous");
    return array.data();
}

double* output_of(Doubles& array, std::int64_t n) {
    values_of(array, n);
    return array.mutable_data();
}

const std::int64_t* codes_of(const Int64s& array, std::int64_t n) {
    require(array.size() == n && (array.flags() & py::array::c_style) && aligned(array),
            "an int64 argument has the wrong length or is not contiguous");
    return array.data();
}

const double* weights_of(const py::object& weights, std::int64_t n) {
    if (weights.is_none()) return nullptr;
    require(Doubles::check_(weights), "sample_weight must be float64");
    return values_of(py::reinterpret_borrow<Doubles>(weights), n);
}

Block as_block(const py::array& values) {
    require(values.ndim() == 2, "a block must have 2 dimensions");
    return {static_cast<const char*>(values.data()), values.strides(0), values.strides(1),
            values.shape(1), dtype_of(values), AffineKind::none, nullptr, nullptr, 0};
}

RowsView::RowsView(const py::handle& rows) {
    require(py::isinstance<py::tuple>(rows), "rows must be a contract.Rows");
    const auto fields = py::reinterpret_borrow<py::tuple>(rows);
    require(fields.size() == 4 && py::isinstance<py::tuple>(fields[0]), "rows must be a contract.Rows");
    const auto blocks = py::reinterpret_borrow<py::tuple>(fields[0]);
    require(blocks.size() > 0, "rows must have at least one block");
    require(py::isinstance<py::dtype>(fields[3]), "dtype must be a NumPy dtype");
    wide_ = is_double(py::reinterpret_borrow<py::dtype>(fields[3]));
    blocks_.reserve(blocks.size());
    rows_.op = fusion_op(fields[1]);
    for (const py::handle block : blocks) add_block(block);
    require(Doubles::check_(fields[2]), "weights must be float64");
    rows_.weights = values_of(py::reinterpret_borrow<Doubles>(fields[2]),
                              static_cast<std::int64_t>(blocks.size()));
    rows_.blocks = blocks_.data();
    rows_.n_blocks = static_cast<std::int64_t>(blocks_.size());
}

void RowsView::add_block(const py::handle& item) {
    require(py::isinstance<py::tuple>(item), "a block must be a contract.Block");
    const auto fields = py::reinterpret_borrow<py::tuple>(item);
    require(fields.size() == 2 && py::isinstance<py::array>(fields[0]),
            "a block must be a contract.Block");
    const auto values = py::reinterpret_borrow<py::array>(fields[0]);
    Block block = as_block(values);
    if (blocks_.empty()) rows_.n_rows = values.shape(0);
    require(values.shape(0) == rows_.n_rows, "blocks must have the same number of rows");
    if (rows_.op == concatenate_op) {
        rows_.width += block.width;
    } else {
        if (blocks_.empty()) rows_.width = block.width;
        require(block.width == rows_.width, "blocks to fold must have the same width");
    }
    if (!fields[1].is_none()) {
        require(py::isinstance<py::tuple>(fields[1]), "an affine must be a contract.Affine");
        const auto affine = py::reinterpret_borrow<py::tuple>(fields[1]);
        const bool floating = block.dtype == DType::f16 || block.dtype == DType::f32;
        if (floating || (block.dtype != DType::f64 && !wide_))
            add_affine<float>(block, affine);
        else
            add_affine<double>(block, affine);
    }
    blocks_.push_back(block);
}

template <class S>
void RowsView::add_affine(Block& block, const py::tuple& affine) {
    require(affine.size() == 3 && Doubles::check_(affine[0]) && Doubles::check_(affine[1]),
            "an affine must be a contract.Affine");
    const double* offset = values_of(py::reinterpret_borrow<Doubles>(affine[0]), block.width);
    const double* factor = values_of(py::reinterpret_borrow<Doubles>(affine[1]), block.width);
    const std::int64_t repeats = block.width > 0 ? (least_period + block.width - 1) / block.width : 1;
    block.period = repeats * block.width;
    auto& bytes = parameters_.emplace_back(static_cast<std::size_t>(2 * block.period) * sizeof(S));
    S* offsets = reinterpret_cast<S*>(bytes.data());
    S* factors = offsets + block.period;
    for (std::int64_t i = 0; i < block.period; ++i) {
        offsets[i] = static_cast<S>(offset[i % block.width]);
        factors[i] = static_cast<S>(factor[i % block.width]);
    }
    block.offset = offsets;
    block.factor = factors;
    block.affine = py::cast<bool>(affine[2]) ? AffineKind::divide : AffineKind::multiply;
}

Out as_out(py::array& out, std::int64_t n_rows, std::int64_t width, bool wide) {
    require(out.ndim() == 2 && out.shape(0) == n_rows && out.shape(1) == width,
            "out has the wrong shape");
    require(is_double(out.dtype()) == wide && aligned(out), "out has the wrong dtype");
    return {static_cast<char*>(out.mutable_data()), out.strides(0), out.strides(1)};
}

int index_of(const py::handle& name, const std::vector<const char*>& names, const char* what) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (PyUnicode_Check(name.ptr()) &&
            PyUnicode_CompareWithASCIIString(name.ptr(), names[i]) == 0)
            return static_cast<int>(i);
    throw std::invalid_argument(std::string(what) + " is not known: " +
                                py::cast<std::string>(py::repr(name)));
}

}  // namespace polyfuse
