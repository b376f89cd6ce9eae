#include "bindings/convert.hpp"
#include "bindings/names.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

using Order = py::array_t<std::int32_t>;

// Scores of modalities, as a contract.Rows that holds them as they are used, and their fold.
class ScoresView {
   public:
    explicit ScoresView(const py::tuple& rows)
        : rows_(rows), fold_(score_fold_of(py::reinterpret_borrow<py::object>(rows[1]))) {
        const Rows& all = view();
        const DType dtype = rows_.wide() ? DType::f64 : DType::f32;
        const std::ptrdiff_t size = rows_.wide() ? 8 : 4;
        require(all.width > 0 && all.weighing == Weighing::block, "scores must have columns");
        for (std::int64_t b = 0; b < all.n_blocks; ++b) {
            const Block& own = all.blocks[b];
            require(own.dtype == dtype && own.affine == AffineKind::none &&
                        (all.width == 1 || all.n_rows == 0 || own.col_stride == size) &&
                        (all.n_rows < 2 || own.row_stride == size * all.width),
                    "scores must be C-contiguous and of the dtype of the rows");
        }
    }
    const Rows& view() const { return rows_.view(); }
    ScoreFold fold() const { return fold_; }
    bool logs() const { return fold_ == ScoreFold::logs; }

    // What f<T>() gives for the precision of the scores.
    template <class F>
    auto run(std::int64_t work, F f) const {
        const Unlocked unlocked(view().n_rows * view().width * work);
        return rows_.wide() ? f.template operator()<double>() : f.template operator()<float>();
    }

   private:
    RowsView rows_;
    ScoreFold fold_;
};

Verdict verdict_of(const ScoresView& scores, const py::array& y, std::int64_t low,
                   const Doubles& start, std::int64_t nothing) {
    return {scores.fold(), labels_of(y, scores.view().n_rows), low,
            values_of(start, scores.view().width), nothing};
}

std::int64_t score_means(const py::tuple& rows, Doubles& means) {
    const ScoresView scores(rows);
    const Rows& all = scores.view();
    double* into = output_of(means, all.n_blocks * all.width);
    return scores.run(all.n_blocks, [&]<class T>() {
        return run_score_means<T>(all, scores.logs(), into);
    });
}

void contributions(const py::tuple& rows, const Doubles& means, const py::object& row_scale,
                   Doubles& per_row, Doubles& totals, Doubles& products) {
    const ScoresView scores(rows);
    const Rows& all = scores.view();
    const std::int64_t m = all.n_blocks;
    const double* centre = values_of(means, m * all.width);
    const double* scale = weights_of(row_scale, all.n_rows);
    double* sizes = output_of(per_row, all.n_rows * m);
    double *sums = output_of(totals, m), *pairs = output_of(products, m * m);
    scores.run(m, [&]<class T>() {
        run_contributions<T>(all, scores.logs(), centre, scale, sizes, sums, pairs);
    });
}

void coalition_counts(const py::tuple& rows, const py::array& y, std::int64_t low,
                      const py::object& baseline, const Doubles& start, std::int64_t nothing,
                      Int64s& counts, Doubles& shares) {
    const ScoresView scores(rows);
    const Rows& all = scores.view();
    const std::int64_t m = all.n_blocks;
    require(m <= most_modalities, "there are too many modalities");
    const Verdict verdict = verdict_of(scores, y, low, start, nothing);
    const bool skip = baseline.is_none();
    require(skip || Doubles::check_(baseline), "baseline must be float64");
    const double* stand_in =
        skip ? nullptr : values_of(py::reinterpret_borrow<Doubles>(baseline), m * all.width);
    codes_of(counts, std::int64_t{1} << m);
    std::int64_t* into = counts.mutable_data();
    double* sums = output_of(shares, 2 * m);
    scores.run(m << m, [&]<class T>() {
        run_coalition_counts<T>(all, verdict, stand_in, into, sums);
    });
}

// An order of n rows, and shifts along it.
Shifts shifts_of(const Order& order, const Int64s& shifts, std::int64_t n) {
    require(order.ndim() == 1 && order.shape(0) == n && (order.flags() & py::array::c_style),
            "order must be contiguous, a place for each row");
    require(shifts.ndim() == 1 && (shifts.flags() & py::array::c_style),
            "shifts must be contiguous");
    const std::int32_t* rows = order.data();
    std::int32_t least = 0, most = -1;
    for (std::int64_t i = 0; i < n; ++i) {
        least = rows[i] < least ? rows[i] : least;
        most = rows[i] > most ? rows[i] : most;
    }
    require(least >= 0 && most < n, "order must name rows that there are");
    const std::int64_t* by = shifts.data();
    for (std::int64_t r = 0; r < shifts.shape(0); ++r)
        require(n == 0 || (by[r] >= 0 && by[r] < n), "shifts must be below the number of rows");
    return {rows, by, shifts.shape(0)};
}

std::int64_t permuted_counts(const py::tuple& rows, const py::array& y, std::int64_t low,
                             const Order& order, const Int64s& shifts, const Doubles& start,
                             std::int64_t nothing, Int64s& counts) {
    const ScoresView scores(rows);
    const Rows& all = scores.view();
    const Verdict verdict = verdict_of(scores, y, low, start, nothing);
    const Shifts drawn = shifts_of(order, shifts, all.n_rows);
    codes_of(counts, all.n_blocks * drawn.n);
    std::int64_t* into = counts.mutable_data();
    return scores.run(all.n_blocks * (drawn.n + 1), [&]<class T>() {
        return run_permuted_counts<T>(all, verdict, drawn, into);
    });
}

}  // namespace

void register_inspection(py::module_& m) {
    m.def("score_means", &score_means, py::arg("rows"), py::arg("means").noconvert());
    m.def("contributions", &contributions, py::arg("rows"), py::arg("means").noconvert(),
          py::arg("row_scale").none(true), py::arg("per_row").noconvert(),
          py::arg("totals").noconvert(), py::arg("products").noconvert());
    m.def("coalition_counts", &coalition_counts, py::arg("rows"), py::arg("y").noconvert(),
          py::arg("low"), py::arg("baseline").none(true), py::arg("start").noconvert(),
          py::arg("nothing"), py::arg("counts").noconvert(), py::arg("shares").noconvert());
    m.def("permuted_counts", &permuted_counts, py::arg("rows"), py::arg("y").noconvert(),
          py::arg("low"), py::arg("order").noconvert(), py::arg("shifts").noconvert(),
          py::arg("start").noconvert(), py::arg("nothing"), py::arg("counts").noconvert());
}

}  // namespace polyfuse
