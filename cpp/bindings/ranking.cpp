#include "bindings/convert.hpp"
#include "bindings/register.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

void column_quantiles(const py::array& values, const Doubles& fractions, Doubles& count,
                      Doubles& below, Doubles& above) {
    const Block block = as_block(values);
    const std::int64_t n = fractions.size(), width = block.width;
    const double* wanted = values_of(fractions, n);
    require(n <= most_fractions, "at most 16 fractions in one call");
    for (std::int64_t i = 0; i < n; ++i)
        require(wanted[i] >= 0.0 && wanted[i] <= 1.0, "fractions must be from 0 to 1");
    const Quantiles out{wanted, n, output_of(count, width), output_of(below, n * width),
                        output_of(above, n * width)};
    const Unlocked unlocked(values.size());
    run_column_quantiles(block, values.shape(0), out);
}

Scores scores_of(const py::array& y_true, const py::int_& positive, const py::array& y_score,
                 const py::object& weight) {
    const std::int64_t n = y_true.size();
    require(n >> 32 == 0, "there must be fewer than 2**32 rows");
    const DType labels = dtype_of(y_true), dtype = dtype_of(y_score);
    require(y_true.ndim() == 1 && (y_true.flags() & py::array::c_style) && labels < DType::f16,
            "y_true must be contiguous integers");
    require(y_score.ndim() == 1 && y_score.size() == n && (y_score.flags() & py::array::c_style) &&
                (dtype == DType::f32 || dtype == DType::f64),
            "y_score must be contiguous float32 or float64, one for each row");
    return {static_cast<const char*>(y_score.data()), dtype,
            {static_cast<const char*>(y_true.data()), labels}, py::cast<std::int64_t>(positive),
            weights_of(weight, n)};
}

template <class Sum>
py::tuple as_tuple(const RankSums<Sum>& sums) {
    return py::make_tuple(sums.positive, sums.negative, sums.pairs, sums.precisions);
}

py::tuple rank_sums(const py::array& y_true, const py::int_& positive, const py::array& y_score,
                    const py::object& sample_weight) {
    const std::int64_t n = y_true.size();
    const Scores scores = scores_of(y_true, positive, y_score, sample_weight);
    RankSums<std::int64_t> counts{};
    RankSums<double> weights{};
    {
        const Unlocked unlocked(n);
        if (scores.weight)
            weights = run_weighted_rank_sums(scores, n);
        else
            counts = run_rank_sums(scores, n);
    }
    return scores.weight ? as_tuple(weights) : as_tuple(counts);
}

std::int64_t score_curve(const py::array& y_true, const py::int_& positive,
                         const py::array& y_score, const py::object& sample_weight,
                         Doubles& thresholds, Doubles& tps, Doubles& fps) {
    const std::int64_t n = y_true.size();
    const Scores scores = scores_of(y_true, positive, y_score, sample_weight);
    const ScoreCurve curve{output_of(thresholds, n), output_of(tps, n), output_of(fps, n)};
    const Unlocked unlocked(n);
    return run_score_curve(scores, n, curve);
}

}  // namespace

void register_ranking(py::module_& m) {
    m.def("column_quantiles", &column_quantiles, py::arg("values"),
          py::arg("fractions").noconvert(), py::arg("count").noconvert(),
          py::arg("below").noconvert(), py::arg("above").noconvert());
    m.def("rank_sums", &rank_sums, py::arg("y_true").noconvert(), py::arg("positive"),
          py::arg("y_score").noconvert(), py::arg("sample_weight").none(true));
    m.def("score_curve", &score_curve, py::arg("y_true").noconvert(), py::arg("positive"),
          py::arg("y_score").noconvert(), py::arg("sample_weight").none(true),
          py::arg("thresholds").noconvert(), py::arg("tps").noconvert(),
          py::arg("fps").noconvert());
}

}  // namespace polyfuse
