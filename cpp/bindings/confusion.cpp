#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"

namespace polyfuse {
namespace {

LabelPairs pairs_of(const py::array& y_true, const py::array& y_pred, std::int64_t low) {
    return {labels_of(y_true, y_true.size()), labels_of(y_pred, y_true.size()), low};
}

// A C-contiguous matrix of counts, or of weights if there are any.
void* table_of(py::array& out, bool weighted) {
    require(out.ndim() == 2 && (out.flags() & py::array::c_style),
            "out must be a C-contiguous matrix");
    require(dtype_of(out) == (weighted ? DType::f64 : DType::i64),
            "out must be int64, or float64 with weights");
    return out.mutable_data();
}

void confusion(const py::array& y_true, const py::array& y_pred, std::int64_t low,
               const py::object& sample_weight, py::array& out) {
    const std::int64_t n = y_true.size(), k = out.ndim() == 2 ? out.shape(1) : 0;
    const LabelPairs pairs = pairs_of(y_true, y_pred, low);
    const double* weight = weights_of(sample_weight, n);
    void* cells = table_of(out, weight != nullptr);
    require(out.shape(0) == k, "out must be square");
    const Unlocked unlocked(n);
    if (weight)
        run_confusion(pairs, weight, n, k, static_cast<double*>(cells));
    else
        run_confusion(pairs, n, k, static_cast<std::int64_t*>(cells));
}

void label_sums(const py::array& y_true, const py::array& y_pred, std::int64_t low,
                const py::object& sample_weight, py::array& out) {
    const std::int64_t n = y_true.size();
    const LabelPairs pairs = pairs_of(y_true, y_pred, low);
    const double* weight = weights_of(sample_weight, n);
    void* cells = table_of(out, weight != nullptr);
    require(out.shape(0) == 3, "out must have 3 rows");
    const std::int64_t k = out.shape(1);
    const Unlocked unlocked(n);
    if (weight)
        run_label_sums(pairs, weight, n, k, static_cast<double*>(cells));
    else
        run_label_sums(pairs, n, k, static_cast<std::int64_t*>(cells));
}

std::int64_t count_equal(const py::array& y_true, const py::array& y_pred) {
    const LabelPairs pairs = pairs_of(y_true, y_pred, 0);
    const Unlocked unlocked(y_true.size());
    return run_count_equal(pairs, y_true.size());
}

py::tuple label_range(const py::array& y) {
    const std::int64_t n = y.size();
    require(n > 0, "there must be a label");
    const Labels labels = labels_of(y, n);
    LabelRange range;
    {
        const Unlocked unlocked(n);
        range = run_label_range(labels, n);
    }
    if (labels.dtype == DType::u64)
        return py::make_tuple(static_cast<std::uint64_t>(range.low),
                              static_cast<std::uint64_t>(range.high));
    return py::make_tuple(range.low, range.high);
}

std::int64_t encode_words(const py::array_t<std::uint32_t>& words, Int64s& codes, Int64s& firsts) {
    require(words.ndim() == 2 && (words.flags() & py::array::c_style),
            "words must be a C-contiguous matrix");
    const std::int64_t n = words.shape(0), limit = firsts.size();
    codes_of(codes, n);
    codes_of(firsts, limit);
    std::int64_t *each = codes.mutable_data(), *rows = firsts.mutable_data();
    const Unlocked unlocked(n);
    return run_encode_words(words.data(), n, words.shape(1), limit, each, rows);
}

}  // namespace

void register_confusion(py::module_& m) {
    m.def("confusion", &confusion, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
          py::arg("low"), py::arg("sample_weight").none(true), py::arg("out").noconvert());
    m.def("label_sums", &label_sums, py::arg("y_true").noconvert(), py::arg("y_pred").noconvert(),
          py::arg("low"), py::arg("sample_weight").none(true), py::arg("out").noconvert());
    m.def("count_equal", &count_equal, py::arg("y_true").noconvert(),
          py::arg("y_pred").noconvert());
    m.def("label_range", &label_range, py::arg("y").noconvert());
    m.def("encode_words", &encode_words, py::arg("words").noconvert(),
          py::arg("codes").noconvert(), py::arg("firsts").noconvert());
}

}  // namespace polyfuse
