#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// The chains of a contract.CHAIN array; each has what its penalty and averaging need.
Chain* chains_of(py::array& array, bool has_average, bool has_met) {
    require(array.dtype().kind() == 'V' && array.itemsize() == sizeof(Chain) && array.ndim() == 1 &&
                (array.flags() & py::array::c_style),
            "chains must be a contiguous array of contract.CHAIN");
    auto* chains = static_cast<Chain*>(array.mutable_data());
    for (py::ssize_t c = 0; c < array.size(); ++c) {
        require(has_average || chains[c].average <= 0, "a chain averages, but average has no rows");
        const bool l1 =
            chains[c].penalty == Penalty::l1 || chains[c].penalty == Penalty::elasticnet;
        require(has_met || !l1, "a chain has an l1 penalty, but met has no rows");
    }
    return chains;
}

// m rows of d weights, or none at all.
template <class T>
T* weights_at(py::array& array, std::int64_t m, std::int64_t d, bool optional) {
    const bool none = optional && array.ndim() == 2 && array.shape(0) == 0;
    require(array.ndim() == 2 && (none || (array.shape(0) == m && array.shape(1) == d)) &&
                (array.flags() & py::array::c_style) &&
                dtype_of(array) == (sizeof(T) == 4 ? DType::f32 : DType::f64),
            "weights of chains must be contiguous, (n_chains, n_features), of the rows' dtype");
    return none ? nullptr : static_cast<T*>(array.mutable_data());
}

template <class T>
Chains<T> view_of(py::array& chains, py::array& coef, py::array& average, py::array& met) {
    const std::int64_t m = chains.size(), d = coef.ndim() == 2 ? coef.shape(1) : 0;
    T* mean = weights_at<T>(average, m, d, true);
    T* seen = weights_at<T>(met, m, d, true);
    return {chains_of(chains, mean, seen), weights_at<T>(coef, m, d, false), mean, seen, m, d};
}

// The parts of a contract.PART array, (n_chains, n), or none: (0, k).
ChainParts parts_of(py::array& array, std::int64_t m, std::int64_t d) {
    require(array.dtype().kind() == 'V' && array.itemsize() == sizeof(ChainPart) &&
                array.ndim() == 2 && (array.shape(0) == m || array.shape(0) == 0) &&
                (array.flags() & py::array::c_style),
            "parts must be a contiguous array of contract.PART, a row for each chain or none");
    if (array.shape(0) == 0) return {};
    auto* parts = static_cast<ChainPart*>(array.mutable_data());
    for (std::int64_t c = 0; c < m; ++c) {
        std::int64_t left = d;
        for (py::ssize_t b = 0; b < array.shape(1); ++b) {
            const std::int64_t width = parts[c * array.shape(1) + b].width;
            require(0 <= width && width <= left, "parts are wider than the chain");
            left -= width;
        }
        require(left == 0, "parts must have the columns of their chain");
    }
    return {parts, nullptr, array.shape(1)};
}

// Whether a block ends at that column, or the rows begin there.
bool ends_a_block(const Rows& rows, std::int64_t column) {
    for (std::int64_t b = 0; b < rows.n_blocks && column > 0; ++b) column -= rows.blocks[b].width;
    return column == 0;
}

// The values of a sparse row are in the order of its blocks, and of no columns within them.
void require_whole_blocks(const Rows& rows, const ChainParts& parts, std::int64_t n_chains) {
    for (std::int64_t c = 0; is_sparse(rows) && c < n_chains; ++c) {
        std::int64_t end = 0;
        for (std::int64_t b = 0; b < parts.n; ++b) {
            end += parts.part[c * parts.n + b].width;
            require(ends_a_block(rows, end), "parts of sparse rows must be of whole blocks");
        }
    }
}

Visits visits_of(const Int64s& order, const Doubles& targets, const py::object& sample_weight,
                 std::int64_t n_chains, std::int64_t n_rows) {
    require(order.ndim() == 2 && (order.shape(0) == 1 || order.shape(0) == n_chains) &&
                (order.shape(1) < 2 || order.strides(1) == sizeof(std::int64_t)) &&
                order.strides(0) % static_cast<py::ssize_t>(sizeof(std::int64_t)) == 0,
            "order must be (1, n) or (n_chains, n), its rows contiguous");
    const std::ptrdiff_t apart =
        order.shape(0) == 1 ? 0 : order.strides(0) / static_cast<py::ssize_t>(sizeof(std::int64_t));
    const std::int64_t* rows = order.data();
    for (py::ssize_t c = 0; c < order.shape(0); ++c)
        for (py::ssize_t i = 0; i < order.shape(1); ++i)
            require(rows[c * apart + i] >= 0 && rows[c * apart + i] < n_rows,
                    "order names a row that is not");
    return {rows, apart, order.shape(1), values_of(targets, n_rows),
            weights_of(sample_weight, n_rows)};
}

template <class T>
void chains_as(const Rows& rows, const Visits& visits, const Chains<T>& view, py::array& parts,
               bool exact) {
    require(view.width == rows.width, "coef must have a column for each feature");
    require(exact || visits.apart == 0 || view.n < 2, "chains must share one order");
    const ChainParts own = parts_of(parts, view.n, view.width);
    require_whole_blocks(rows, own, view.n);
    const Unlocked unlocked(visits.n * rows.width * view.n);
    run_chains<T>(rows, view, own, visits, exact);
}

void chains(const py::tuple& rows, const Int64s& order, const Doubles& targets,
            const py::object& sample_weight, py::array& chains, py::array& coef,
            py::array& average, py::array& met, py::array& parts, bool exact) {
    const RowsView staged(rows, true);
    const Visits visits =
        visits_of(order, targets, sample_weight, chains.size(), staged.view().n_rows);
    const Rows& view = staged.view();
    staged.wide()
        ? chains_as(view, visits, view_of<double>(chains, coef, average, met), parts, exact)
        : chains_as(view, visits, view_of<float>(chains, coef, average, met), parts, exact);
}

template <class T>
void settle_as(py::array& chains, py::array& coef, py::array& average, py::array& parts) {
    const std::int64_t m = chains.size(), d = coef.ndim() == 2 ? coef.shape(1) : 0;
    T* mean = weights_at<T>(average, m, d, true);
    run_settle_chains(Chains<T>{chains_of(chains, mean, true), weights_at<T>(coef, m, d, false),
                                mean, nullptr, m, d},
                      parts_of(parts, m, d));
}

void settle_chains(py::array& chains, py::array& coef, py::array& average, py::array& parts) {
    is_double(coef.dtype()) ? settle_as<double>(chains, coef, average, parts)
                            : settle_as<float>(chains, coef, average, parts);
}

void shuffle(std::uint32_t seed, Int64s& order) {
    codes_of(order, order.size());
    std::int64_t* rows = order.mutable_data();
    const Unlocked unlocked(order.size());
    run_shuffle(seed, rows, order.size());
}

}  // namespace

void register_chains(py::module_& m) {
    m.def("chains", &chains, py::arg("rows"), py::arg("order").noconvert(),
          py::arg("targets").noconvert(), py::arg("sample_weight").none(true), py::arg("chains"),
          py::arg("coef"), py::arg("average"), py::arg("met"), py::arg("parts"),
          py::arg("exact"));
    m.def("settle_chains", &settle_chains, py::arg("chains"), py::arg("coef"), py::arg("average"),
          py::arg("parts"));
    m.def("shuffle", &shuffle, py::arg("seed"), py::arg("order").noconvert());
}

}  // namespace polyfuse
