#include "bindings/convert.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "bindings/names.hpp"

namespace polyfuse {
namespace {

// Parameters of short rows are repeated, so that several are scaled in one sweep: for 256 elements
// at least and, unless that takes too many, for a whole number of the steps of a sweep.
std::int64_t period_of(std::int64_t width) {
    constexpr std::int64_t least = 256, most = 2048, step = 64;
    if (width <= 0 || width >= least) return width;
    const std::int64_t even = width * step / std::gcd(width, step);
    const std::int64_t unit = even <= most ? even : width;
    return (least + unit - 1) / unit * unit;
}

// Nearest float16, ties to even, straight from double: rounding to float first could round twice.
float rounded_to_half(double x) {
    const double magnitude = std::abs(x);
    if (!(magnitude < 65520.0)) return static_cast<float>(x < 0.0 || x > 0.0 ? x * HUGE_VAL : x);
    int exponent;
    std::frexp(magnitude, &exponent);
    const double step = std::ldexp(1.0, std::max(exponent - 11, -24));
    return static_cast<float>(std::nearbyint(x / step) * step);
}

bool aligned(const py::array& array) {
    return array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_;
}

// A contract.Csr, all of it checked, and its number of rows.
Block as_sparse_block(const py::tuple& csr, std::int64_t& n_rows) {
    require(csr.size() == 4 && py::isinstance<py::array>(csr[0]) &&
                py::array_t<std::int32_t>::check_(csr[1]) && Int64s::check_(csr[2]),
            "a sparse block must be a contract.Csr");
    const auto data = py::reinterpret_borrow<py::array>(csr[0]);
    const auto indices = py::reinterpret_borrow<py::array_t<std::int32_t>>(csr[1]);
    const auto indptr = py::reinterpret_borrow<Int64s>(csr[2]);
    const auto width = py::cast<std::int64_t>(csr[3]);
    const std::int64_t n = indptr.size();
    require(data.ndim() == 1 && indices.ndim() == 1 && indices.size() == data.size() && n > 0 &&
                (data.flags() & indices.flags() & py::array::c_style),
            "a sparse block must have an index for each value, both contiguous");
    const std::int64_t* starts = codes_of(indptr, n);
    bool ordered = starts[0] >= 0 && starts[n - 1] <= data.size(), inside = width <= INT32_MAX;
    std::int64_t longest = 0;
    for (std::int64_t i = 0; i + 1 < n; ++i) {
        const std::int64_t length = starts[i + 1] - starts[i];
        ordered &= length >= 0;
        longest = std::max(longest, length);
    }
    const std::int32_t* at = indices.data();
    std::int32_t least = 0, most = -1;
    for (std::int64_t i = 0, size = indices.size(); i < size; ++i) {
        least = std::min(least, at[i]);
        most = std::max(most, at[i]);
    }
    inside &= least >= 0 && most < width;
    require(ordered && inside, "a sparse block has an index that is out of range");
    const DType dtype = dtype_of(data);
    require(dtype == DType::f32 || dtype == DType::f64, "sparse values must be float32 or float64");
    n_rows = n - 1;
    Block block{static_cast<const char*>(data.data()), 0, 0, width, dtype, AffineKind::none,
                nullptr, nullptr, 0};
    block.indices = at;
    block.indptr = starts;
    block.longest = longest;
    return block;
}

// Parameters of a map, floats or doubles.
struct Parameters {
    const float* floats = nullptr;
    const double* doubles = nullptr;
    double operator[](std::int64_t i) const {
        return floats ? static_cast<double>(floats[i]) : doubles[i];
    }
};

Parameters parameters_of(const py::handle& item, std::int64_t n, bool wide) {
    if (Doubles::check_(item))
        return {nullptr, values_of(py::reinterpret_borrow<Doubles>(item), n)};
    require(wide && Floats::check_(item), "parameters of a map must be float64");
    const auto array = py::reinterpret_borrow<Floats>(item);
    require(array.size() == n && (array.flags() & py::array::c_style) && aligned(array),
            "parameters of a map have the wrong length or are not contiguous");
    return {array.data(), nullptr};
}

// Whether a parameter is no value of float16, or of float32.
bool is_wide(const Parameters& values, std::int64_t n, bool half) {
    for (std::int64_t i = 0; i < n; ++i) {
        const double x = values[i];
        const double own = static_cast<double>(half ? rounded_to_half(x) : static_cast<float>(x));
        if (own != x && x == x) return true;
    }
    return false;
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

Labels labels_of(const py::array& y, std::int64_t n) {
    const DType dtype = dtype_of(y);
    require(y.ndim() == 1 && y.size() == n && (y.flags() & py::array::c_style) &&
                dtype < DType::f16,
            "labels must be contiguous integers, one for each row");
    return {static_cast<const char*>(y.data()), dtype};
}

Block as_block(const py::array& values) {
    require(values.ndim() == 2, "a block must have 2 dimensions");
    return {static_cast<const char*>(values.data()), values.strides(0), values.strides(1),
            values.shape(1), dtype_of(values), AffineKind::none, nullptr, nullptr, 0};
}

RowsView::RowsView(const py::handle& rows, bool sparse) {
    require(py::isinstance<py::tuple>(rows), "rows must be a contract.Rows");
    const auto fields = py::reinterpret_borrow<py::tuple>(rows);
    require(fields.size() == 6 && py::isinstance<py::tuple>(fields[0]),
            "rows must be a contract.Rows");
    const auto blocks = py::reinterpret_borrow<py::tuple>(fields[0]);
    require(blocks.size() > 0, "rows must have at least one block");
    require(py::isinstance<py::dtype>(fields[3]), "dtype must be a NumPy dtype");
    wide_ = is_double(py::reinterpret_borrow<py::dtype>(fields[3]));
    blocks_.reserve(blocks.size());
    rows_.op = fusion_op(fields[1]);
    for (const py::handle block : blocks) add_block(block, sparse);
    rows_.blocks = blocks_.data();
    rows_.n_blocks = static_cast<std::int64_t>(blocks_.size());
    rows_.parameter = py::cast<double>(fields[4]);
    add_weights(fields[2]);
    add_missing(fields[5]);
}

void RowsView::add_weights(const py::handle& item) {
    require(Doubles::check_(item), "weights must be float64");
    const auto weights = py::reinterpret_borrow<Doubles>(item);
    std::int64_t each = 1;
    if (weights.ndim() == 3) {
        const bool by_row = weights.shape(1) != 1 || weights.shape(2) != rows_.width;
        rows_.weighing = by_row ? Weighing::row : Weighing::column;
        each = by_row ? rows_.n_rows : rows_.width;
        require(weights.shape(1) == (by_row ? each : 1) && weights.shape(2) == (by_row ? 1 : each),
                "weights must be of shape (k,), (k, 1, d) or (k, n, 1)");
    }
    rows_.weights = values_of(weights, rows_.n_blocks * each);
}

void RowsView::add_missing(const py::handle& item) {
    if (item.is_none()) return;
    rows_.missing = py::isinstance<py::str>(item) ? Missing::skip : Missing::fill;
    if (rows_.missing == Missing::skip) {
        require(PyUnicode_CompareWithASCIIString(item.ptr(), "skip") == 0,
                "missing must be None, 'skip' or a number");
        require(rows_.op != concatenate_op, "missing='skip' does not go with 'concatenate'");
    } else {
        rows_.fill = py::cast<double>(item);
    }
}

void RowsView::add_block(const py::handle& item, bool sparse) {
    require(py::isinstance<py::tuple>(item), "a block must be a contract.Block");
    const auto fields = py::reinterpret_borrow<py::tuple>(item);
    const bool csr = sparse && fields.size() == 3 && py::isinstance<py::tuple>(fields[0]);
    require(fields.size() == 3 && (csr || py::isinstance<py::array>(fields[0])),
            "a block must be a contract.Block");
    std::int64_t n_rows;
    Block block = csr ? as_sparse_block(py::reinterpret_borrow<py::tuple>(fields[0]), n_rows)
                      : as_block(py::reinterpret_borrow<py::array>(fields[0]));
    if (!csr) n_rows = py::reinterpret_borrow<py::array>(fields[0]).shape(0);
    if (blocks_.empty()) rows_.n_rows = n_rows;
    require(n_rows == rows_.n_rows, "blocks must have the same number of rows");
    require(!csr || rows_.op == concatenate_op, "sparse blocks go side by side, no other way");
    if (rows_.op == concatenate_op) {
        rows_.width += block.width;
    } else {
        if (blocks_.empty()) rows_.width = block.width;
        require(block.width == rows_.width, "blocks to fold must have the same width");
    }
    if (!fields[1].is_none()) {
        require(py::isinstance<py::tuple>(fields[1]), "an affine must be a contract.Affine");
        const auto affine = py::reinterpret_borrow<py::tuple>(fields[1]);
        add_affine(block, affine);
    }
    if (!fields[2].is_none()) {
        require(py::array_t<bool>::check_(fields[2]), "present must be a bool array");
        const auto present = py::reinterpret_borrow<py::array_t<bool>>(fields[2]);
        require(present.size() == rows_.n_rows && (present.flags() & py::array::c_style),
                "present must have a contiguous value per row");
        block.present = reinterpret_cast<const std::uint8_t*>(present.data());
    }
    blocks_.push_back(block);
}

void RowsView::add_affine(Block& block, const py::tuple& affine) {
    require(affine.size() == 4, "an affine must be a contract.Affine");
    const bool wide = py::cast<bool>(affine[3]);
    require(!wide || !block.indptr, "the map of a sparse block must not be wide");
    const Parameters offset = parameters_of(affine[0], block.width, wide);
    const Parameters factor = parameters_of(affine[1], block.width, wide);
    block.affine = py::cast<bool>(affine[2]) ? AffineKind::divide : AffineKind::multiply;
    const bool half = block.dtype == DType::f16, narrow = half || block.dtype == DType::f32;
    if (wide && narrow) {
        block.wide = is_wide(offset, block.width, half) || is_wide(factor, block.width, half);
        block.single_offset = offset.floats != nullptr;
        block.single_factor = factor.floats != nullptr;
    }
    const bool floats = narrow ? !block.wide : block.dtype != DType::f64 && !wide_;
    floats ? add_parameters<float>(block, offset, factor)
           : add_parameters<double>(block, offset, factor);
}

template <class S, class Source>
void RowsView::add_parameters(Block& block, const Source& offset, const Source& factor) {
    block.period = period_of(block.width);
    // Aligned: a register that spans two cache lines is loaded twice, for every row again.
    auto& bytes =
        parameters_.emplace_back(2 * block.period * static_cast<std::int64_t>(sizeof(S)));
    S* offsets = reinterpret_cast<S*>(bytes.data());
    S* factors = offsets + block.period;
    const bool half = block.dtype == DType::f16 && !block.wide;
    const auto convert = [&](double x) {
        return half ? static_cast<S>(rounded_to_half(x)) : static_cast<S>(x);
    };
    for (std::int64_t i = 0; i < block.width; ++i) {
        offsets[i] = convert(offset[i]);
        factors[i] = convert(factor[i]);
    }
    for (std::int64_t i = block.width; i < block.period; ++i) {
        offsets[i] = offsets[i - block.width];
        factors[i] = factors[i - block.width];
    }
    block.offset = offsets;
    block.factor = factors;
}

Out as_out(py::array& out, std::int64_t n_rows, std::int64_t width, bool wide) {
    require(out.ndim() == 2 && out.shape(0) == n_rows && out.shape(1) == width,
            "out has the wrong shape");
    const DType dtype = dtype_of(out);
    const bool half = dtype == DType::f16;
    require(wide ? dtype == DType::f64 : half || dtype == DType::f32, "out has the wrong dtype");
    return {static_cast<char*>(out.mutable_data()), out.strides(0), out.strides(1), half};
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
