// Every kernel on many shapes, each input and output in an allocation of exactly its size, so that
// the sanitizers see any read or write outside. Values are compared with plain loops.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "checks.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

void fold_and_concatenate(std::int64_t n, std::int64_t d) {
    const std::vector<double> a = numbers(n * d, 1), weights{2.0, 3.0, 0.5};
    const std::vector<double> wide = numbers(n * d, 2);
    const std::vector<float> b(wide.begin(), wide.end());
    const std::vector<float> offset(static_cast<std::size_t>(d), 0.5f);
    const std::vector<float> factor(static_cast<std::size_t>(d), 4.0f);
    std::vector<std::uint8_t> c(static_cast<std::size_t>(n * d));
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = static_cast<std::uint8_t>(i * 7);
    std::vector<Block> blocks{block_of(a, d, DType::f64), block_of(b, d, DType::f32),
                              block_of(c, d, DType::u8)};
    blocks[1].affine = AffineKind::divide;
    blocks[1].offset = offset.data(), blocks[1].factor = factor.data(), blocks[1].period = d;
    const auto scaled = [&](std::size_t i) { return static_cast<double>((b[i] - 0.5f) / 4.0f); };

    std::vector<double> out(static_cast<std::size_t>(n * d));
    const Rows rows{blocks.data(), 3, 2, weights.data(), n, d};  // weighted_sum
    run_fuse<double>(rows, {reinterpret_cast<char*>(out.data()), d * 8, 8});
    for (std::size_t i = 0; i < out.size(); ++i)
        check(out[i] == 2.0 * a[i] + 3.0 * scaled(i) + 0.5 * c[i], "weighted_sum", n, d);

    std::vector<double> joined(static_cast<std::size_t>(3 * n * d));
    const Rows side{blocks.data(), 3, concatenate_op, weights.data(), n, 3 * d};
    run_fuse<double>(side, {reinterpret_cast<char*>(joined.data()), 8, n * 8});  // F-order
    for (std::int64_t r = 0; r < n; ++r)
        for (std::int64_t j = 0; j < d; ++j) {
            const auto i = static_cast<std::size_t>(r * d + j);
            const double* at = joined.data() + r;
            check(at[j * n] == a[i] && at[(d + j) * n] == scaled(i) && at[(2 * d + j) * n] == c[i],
                  "concatenate", n, d);
        }
}

void moments_and_extrema(std::int64_t n, std::int64_t d) {
    const std::vector<double> x = numbers(n * d, 3);
    const auto size = static_cast<std::size_t>(d);
    std::vector<double> count(size), mean(size), squares(size), low(size), high(size);
    const Block block = block_of(x, d, DType::f64);
    run_column_moments(block, n, nullptr, 64, {count.data(), mean.data(), squares.data(), d});
    run_column_extrema(block, n, low.data(), high.data());
    const std::vector<double> fractions{1.0, 0.0};
    std::vector<double> numbers(size), below(2 * size), above(2 * size);
    run_column_quantiles(block, n, {fractions.data(), 2, numbers.data(), below.data(), above.data()});
    for (std::size_t j = 0; n > 0 && j < size; ++j)
        check(below[j] == high[j] && below[size + j] == low[j], "quantiles", n, d);
    for (std::size_t j = 0; j < size; ++j) {
        double sum = 0.0, least = INFINITY, most = -INFINITY, square = 0.0;
        for (std::size_t i = j; i < x.size(); i += size) {
            sum += x[i], least = std::fmin(least, x[i]), most = std::fmax(most, x[i]);
        }
        const double centre = n ? sum / static_cast<double>(n) : 0.0;
        for (std::size_t i = j; i < x.size(); i += size) square += (x[i] - centre) * (x[i] - centre);
        check(count[j] == static_cast<double>(n), "count", n, d);
        check(near(mean[j], centre, 1e-12) && near(squares[j], square, 1e-12), "moments", n, d);
        check(low[j] == least && high[j] == most, "extrema", n, d);
    }
}

// Every operator over five blocks of two dtypes, with masks and weights of all shapes, to outputs
// in both orders and of float16: the values are other tests' business.
void fold_everything(std::int64_t n, std::int64_t d) {
    const auto size = static_cast<std::size_t>(n * d);
    std::vector<float> a(size, 2.0f), b(size, NAN);
    std::vector<Half> half(size, Half{0x3c00});
    const std::vector<double> weights(static_cast<std::size_t>(5 * at_least(1, at_least(n, d))), 1.0);
    std::vector<std::uint8_t> present(static_cast<std::size_t>(n), 1);
    for (std::size_t i = 0; i < present.size(); i += 3) present[i] = 0;
    std::vector<Block> blocks{block_of(a, d, DType::f32), block_of(half, d, DType::f16),
                              block_of(b, d, DType::f32), block_of(a, d, DType::f32),
                              block_of(half, d, DType::f16)};
    blocks[0].present = present.data();
    std::swap(blocks[3].row_stride, blocks[3].col_stride);
    blocks[3].col_stride = n * 4;
    for (int op = 0; op < 12; ++op)
        for (const Weighing weighing : {Weighing::block, Weighing::column, Weighing::row})
            for (const Missing missing : {Missing::ignore, Missing::skip, Missing::fill}) {
                const Rows rows{blocks.data(), 5,       op,  weights.data(), n,
                                d,             weighing, 3.0, missing,        1.0};
                std::vector<float> out(size), turned(size);
                std::vector<Half> narrow(size);
                run_fuse<float>(rows, {reinterpret_cast<char*>(out.data()), d * 4, 4});
                run_fuse<float>(rows, {reinterpret_cast<char*>(turned.data()), 4, n * 4});
                run_fuse<float>(rows, {reinterpret_cast<char*>(narrow.data()), d * 2, 2, true});
                for (std::int64_t i = 0; i < n * d; ++i) {
                    const float x = out[static_cast<std::size_t>(i)];
                    const float y = turned[static_cast<std::size_t>(i % d * n + i / d)];
                    check(x == y || (x != x && y != y), "orders", n, d);
                }
            }
}

void normalize_everything(std::int64_t n, std::int64_t d) {
    const std::vector<double> x = numbers(n * d, 8);
    const Block block = block_of(x, d, DType::f64);
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = n - 1 - static_cast<std::int64_t>(i);
    const std::vector<std::int64_t> starts{0, n / 3, n / 3, n};
    for (int kind = 0; kind < n_normalizations; ++kind) {
        const auto which = static_cast<Normalization>(kind);
        std::vector<double> rows(x.size());
        std::vector<float> groups(x.size());
        const Out to{reinterpret_cast<char*>(rows.data()), d * 8, 8};
        check(run_normalize_rows<double>(block, n, which, 0.0, to), "finite", n, d);
        run_normalize_groups<float>(block, {order.data(), starts.data(), 3}, which,
                                    {reinterpret_cast<char*>(groups.data()), d * 4, 4});
        for (const double v : rows) check(std::isfinite(v), "normalize_rows", n, d);
        for (const float v : groups) check(std::isfinite(v), "normalize_groups", n, d);
    }
}

// Chains over dense rows, and over the same rows as sparse ones that hold every value: their
// updates, and so the weights, are equal in bits, but for the decay of the intercept. Whole, and in
// k parts.
template <class T>
void descend_by_rows(std::int64_t n, std::int64_t d, bool exact) {
    constexpr std::int64_t m = 6;
    const std::vector<double> wide = numbers(n * d, 8), y = numbers(n, 9), one{1.0};
    const std::vector<T> x(wide.begin(), wide.end());
    std::vector<std::int32_t> indices(x.size());
    std::vector<std::int64_t> indptr(static_cast<std::size_t>(n + 1)), order(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(d));
    for (std::size_t i = 0; i < indptr.size(); ++i) indptr[i] = static_cast<std::int64_t>(i) * d;
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = n - 1 - static_cast<std::int64_t>(i);
    const Block dense = block_of(x, d, sizeof(T) == 4 ? DType::f32 : DType::f64);
    Block sparse = dense;
    sparse.indices = indices.data(), sparse.indptr = indptr.data(), sparse.longest = d;
    const auto run = [&](const Block& block, std::int64_t k, bool uneven) {
        const std::vector<Block> blocks{block};
        const Rows rows{blocks.data(), 1, concatenate_op, one.data(), n, d};
        std::vector<Chain> chains(m);
        std::vector<T> coef(static_cast<std::size_t>(m * d)), average(coef), met(coef);
        for (std::int64_t c = 0; c < m; ++c) {
            Chain& own = chains[static_cast<std::size_t>(c)];
            own.loss = static_cast<ChainLoss>(c), own.penalty = static_cast<Penalty>(c % 3);
            own.average = c == 5, own.fit_intercept = own.objective = 1, own.positive = -1;
            own.alpha = own.eta = own.eta0 = 0.01, own.weight_pos = own.weight_neg = 1.0;
            own.intercept_decay = own.t = own.scale = own.average_b = 1.0;
            own.l1_ratio = own.penalty == Penalty::l1;
        }
        const Chains<T> view{chains.data(), coef.data(), average.data(), met.data(), m, d};
        std::vector<ChainPart> parts(static_cast<std::size_t>(m * k));
        for (std::size_t b = 0; b < parts.size(); ++b) {
            const bool last = b % static_cast<std::size_t>(k) + 1 == static_cast<std::size_t>(k);
            parts[b] = {last ? d - (k - 1) * (d / k) : d / k, uneven && last ? 0.5 : 1.0, 1.0, 1.0,
                        0.0, 0.0, 0.0, 0.0, 1.0};
        }
        const ChainParts cut{k > 0 ? parts.data() : nullptr, nullptr, k};
        run_chains<T>(rows, view, cut, {order.data(), 0, n, y.data(), nullptr}, exact);
        run_settle_chains<T>(view, cut);
        return coef;
    };
    check(run(dense, 0, false) == run(sparse, 0, false), "chains", n, d);
    check(run(dense, 3, true) == run(sparse, 3, true), "chains in parts", n, d);
    check(run(dense, 1, false) == run(dense, 0, false), "chains of one part", n, d);
    std::vector<std::int64_t> shuffled(order);
    run_shuffle(7, shuffled.data(), n);
    std::sort(shuffled.begin(), shuffled.end(), std::greater<>());
    check(shuffled == order, "shuffle", n, d);
}

void learn(std::int64_t n, std::int64_t d, std::int64_t k) {
    const std::vector<double> x = numbers(n * d, 4), one{1.0};
    const std::int64_t ld = padded(d);
    std::vector<double> w = numbers(k * ld, 5), b = numbers(k, 6), y(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < k * ld; ++i)
        if (i % ld >= d) w[static_cast<std::size_t>(i)] = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<double>(i % static_cast<std::size_t>(k));
    const std::vector<Block> blocks{block_of(x, d, DType::f64)};
    const Rows rows{blocks.data(), 1, concatenate_op, one.data(), n, d};
    const Linear<double> model{w.data(), b.data(), k, ld};
    std::vector<double> scores(static_cast<std::size_t>(n * k));
    run_linear_scores<double>(rows, nullptr, n, model, scores.data());
    for (std::int64_t r = 0; r < n; ++r)
        for (std::int64_t i = 0; i < k; ++i) {
            double expected = b[static_cast<std::size_t>(i)];
            for (std::int64_t j = 0; j < d; ++j)
                expected += x[static_cast<std::size_t>(r * d + j)] * w[static_cast<std::size_t>(i * ld + j)];
            check(near(scores[static_cast<std::size_t>(r * k + i)], expected, 1e-11), "scores", n, d);
        }
    const Targets targets{y.data(), 1, nullptr, Loss::multinomial};
    std::vector<double> grad(static_cast<std::size_t>(k * d)), grad_b(static_cast<std::size_t>(k));
    const double loss = run_loss_gradient<double>(rows, targets, model, {grad.data(), grad_b.data(), k, d});
    double total = 0.0;  // the residuals of a softmax add up to zero over the classes
    for (double g : grad_b) total += g;
    check(loss >= 0.0 && near(total, 0.0, 1e-9 * static_cast<double>(n + 1)), "gradient", n, d);

    const std::int64_t size = k * (d + 1) + 1;  // the same in two parts, slots added in order
    std::vector<double> sums(static_cast<std::size_t>(max_slots * size), 0.0);
    const std::int64_t first = at_most(n, n / 2 / gradient_piece * gradient_piece);
    const std::vector<double> behind(x.begin() + first * d, x.end());
    const std::vector<Block> later{block_of(behind, d, DType::f64)};
    Rows part = rows;
    part.n_rows = first;
    run_gradient_sums<double>(part, 0, targets, model, sums.data());
    part.blocks = later.data(), part.n_rows = n - first;
    Targets rest = targets;
    rest.values += first;
    run_gradient_sums<double>(part, first, rest, model, sums.data());
    double added = 0.0;
    for (std::int64_t s = 0; s < max_slots; ++s) added += sums[static_cast<std::size_t>((s + 1) * size - 1)];
    check(added == loss, "gradient of parts", n, d);

    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = n - 1 - static_cast<std::int64_t>(i);
    const std::vector<double> steps(static_cast<std::size_t>(n / 3 + 1), 1e-3);
    std::vector<double> move(w.size()), move_b(b.size());
    const Linear<double> velocity{move.data(), move_b.data(), k, ld}, none{nullptr, nullptr, k, ld};
    Epoch epoch{order.data(), n, 3, steps.data(), 0.0, true};
    run_descend<double>(rows, epoch, targets, model, none);
    epoch.momentum = 0.5;
    for (const bool nesterov : {false, true}) {
        epoch.nesterov = nesterov;
        run_descend<double>(rows, epoch, targets, model, velocity);
    }
    check(n == 0 || run_loss_gradient<double>(rows, targets, model, {grad.data(), grad_b.data(), k, d}) <= loss,
          "descend", n, d);
}

void confuse(std::int64_t n, std::int64_t k) {
    std::vector<std::int64_t> a(static_cast<std::size_t>(n)), b(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<std::int64_t>(i * 31) % (k + 2) - 1;
    for (std::size_t i = 0; i < a.size(); ++i) b[i] = static_cast<std::int64_t>(i * 17) % (k + 1);
    std::vector<std::int64_t> cells(static_cast<std::size_t>(k * k)), expected(cells);
    std::vector<std::int64_t> sums(static_cast<std::size_t>(3 * k)), expected_sums(sums);
    const LabelPairs pairs{labels(a), labels(b), 0};
    run_confusion(pairs, n, k, cells.data());
    run_label_sums(pairs, n, k, sums.data());
    std::int64_t equal = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        equal += a[i] == b[i];
        const bool row = a[i] >= 0 && a[i] < k, column = b[i] < k;
        if (row && column) ++expected[static_cast<std::size_t>(a[i] * k + b[i])];
        if (row && a[i] == b[i]) ++expected_sums[static_cast<std::size_t>(a[i])];
        if (column) ++expected_sums[static_cast<std::size_t>(k + b[i])];
        if (row) ++expected_sums[static_cast<std::size_t>(2 * k + a[i])];
    }
    check(cells == expected, "confusion", n, k);
    check(sums == expected_sums, "label_sums", n, k);
    check(run_count_equal(pairs, n) == equal, "count_equal", n, k);
    if (n == 0) return;
    const LabelRange range = run_label_range(pairs.y_true, n);
    check(range.low == *std::min_element(a.begin(), a.end()) &&
              range.high == *std::max_element(a.begin(), a.end()),
          "label_range", n, k);
    // As words, a label has two.
    std::vector<std::int64_t> codes(a.size()), firsts(static_cast<std::size_t>(k + 2));
    const std::int64_t n_codes =
        run_encode_words(reinterpret_cast<const std::uint32_t*>(a.data()), n, 2, k + 2,
                         codes.data(), firsts.data());
    bool same = n_codes > 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        same &= a[static_cast<std::size_t>(firsts[static_cast<std::size_t>(codes[i])])] == a[i];
    check(same, "encode_words", n, k);
}

// Rows that give every class the same probability; every other label is no class.
template <class T>
void hold_probabilities(std::int64_t n, std::int64_t k, bool single) {
    std::vector<std::int64_t> y(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < y.size(); ++i)
        y[i] = i % 2 ? static_cast<std::int64_t>(i) % k : k + static_cast<std::int64_t>(i);
    const std::vector<T> values(static_cast<std::size_t>(single ? n : n * k), T(1) / T(k));
    const std::vector<double> weight(y.size(), 2.0);
    const Probabilities<T> p{values.data(), k, single, weight.data(), T(1e-6), T(1) - T(1e-6)};
    double sums[n_probability_sums];
    std::vector<double> tallies(static_cast<std::size_t>(2 * k));
    run_probability_sums(labels(y), 0, p, n, sums, tallies.data());
    const double half = static_cast<double>(n / 2), rows = static_cast<double>(n);
    check(near(sums[0], 2.0 * half * std::log(static_cast<double>(k)), 1e-4 * (rows + 1.0)),
          "log loss", n, k);
    check(sums[2] == 0.0 && sums[3] == rows - half && sums[4] < 1e-4, "probabilities", n, k);
    double counted = 0.0, weighed = 0.0;
    for (std::int64_t j = 0; j < k; ++j) {
        counted += tallies[static_cast<std::size_t>(j)];
        weighed += tallies[static_cast<std::size_t>(k + j)];
    }
    check(counted == half && weighed == 2.0 * half, "tallies", n, k);
}

void hold_numbers(std::int64_t n, std::int64_t k) {
    const std::vector<double> t = numbers(n * k, 7), weight(static_cast<std::size_t>(n), 0.5);
    std::vector<float> p(t.begin(), t.end());
    for (float& x : p) x = std::abs(x) + 1.0f;
    std::vector<ErrorSums> sums(static_cast<std::size_t>(k));
    const ErrorPairs pairs{block_of(t, k, DType::f64), block_of(p, k, DType::f32), weight.data()};
    for (int kind = 0; kind < n_errors; ++kind)
        run_error_sums(pairs, static_cast<ErrorKind>(kind), n, sums.data());
    for (std::size_t j = 0; j < sums.size(); ++j) {
        double total = 0.0, mean = sums[j].targets.mean.sum, squares = 0.0;
        for (std::size_t i = j; i < t.size(); i += sums.size())
            total += t[i] / 2, squares += (t[i] - mean) * (t[i] - mean) / 2;
        check(near(mean * sums[j].weight.sum, total, 1e-12) && 2 * sums[j].weight.sum == double(n) &&
                  near(sums[j].targets.squares.sum, squares, 1e-12), "error_sums", n, k);
    }
}

// Rows in the order of their scores, among them ties, and scores far from the others.
void rank(std::int64_t n, double spread) {
    std::vector<double> score(static_cast<std::size_t>(n)), weight(score.size(), 1.0);
    std::vector<std::int64_t> y(score.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
        const auto place = static_cast<double>(i * 7919 % 10007);
        score[i] = std::sinh(spread * (place / 10007 - 0.4));
        if (i % 97 == 0) score[i] *= 1e9;
        y[i] = i * 31 % 10 < 4 ? 3 : -1;
    }
    const Scores scores{reinterpret_cast<const char*>(score.data()), DType::f64, labels(y), 3,
                        nullptr};
    std::vector<double> thresholds(score.size()), tps(score), fps(score);
    const ScoreCurve curve{thresholds.data(), tps.data(), fps.data()};
    const std::int64_t points = run_score_curve(scores, n, curve);
    std::int64_t pairs = 0, tp = 0, fp = 0;
    for (std::int64_t i = 0; i < points; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const auto right = static_cast<std::int64_t>(tps[at]);
        const auto wrong = static_cast<std::int64_t>(fps[at]);
        check(i == 0 || thresholds[at] < thresholds[at - 1], "score_curve, order", n, i);
        pairs += (wrong - fp) * (tp + right);
        tp = right;
        fp = wrong;
    }
    const RankSums<std::int64_t> sums = run_rank_sums(scores, n);
    check(tp + fp == n && sums.positive == tp && sums.pairs == pairs, "rank_sums", n, points);
    Scores weighted = scores;
    weighted.weight = weight.data();
    const RankSums<double> same = run_weighted_rank_sums(weighted, n);
    check(same.pairs == static_cast<double>(pairs) && same.precisions == sums.precisions,
          "rank_sums, weights", n, points);
    check(run_score_curve(weighted, n, curve) == points, "score_curve, weights", n, points);
}

}  // namespace

void inspect(std::int64_t n, std::int64_t k, std::int64_t m);  // inspection.cpp

}  // namespace polyfuse

int main() {
    using namespace polyfuse;
    for (const std::int64_t n : {0, 1, 5, 257, 3000})
        for (const std::int64_t d : {1, 3, 16, 17, 200}) {
            fold_and_concatenate(n, d);
            moments_and_extrema(n, d);
            fold_everything(n, d);
            normalize_everything(n, d);
            for (const std::int64_t k : {2, 3, 10}) learn(n, d, k);
            for (const bool exact : {false, true}) {
                descend_by_rows<float>(n, d, exact);
                descend_by_rows<double>(n, d, exact);
            }
        }
    for (const std::int64_t n : {0, 1, 1000, 100000})
        for (const std::int64_t k : {1, 2, 10, 100}) confuse(n, k);
    for (const std::int64_t n : {0, 1, 100, 20000})
        for (const std::int64_t k : {2, 3, 10, 300}) {
            hold_probabilities<float>(n, k, k == 2);
            hold_probabilities<double>(n, k, false);
        }
    for (const std::int64_t n : {0, 1, 1023, 50000})
        for (const std::int64_t k : {1, 3, 40}) hold_numbers(n, k);
    for (const std::int64_t n : {0, 1, 30, 5000, 20000, 100000})
        for (const double spread : {0.0, 1e-9, 1.0, 600.0}) rank(n, spread);
    for (const std::int64_t n : {0, 1, 7, 100, 3000})
        for (const std::int64_t k : {1, 2, 3, 10, 33})
            for (const std::int64_t m : {1, 3, 6}) inspect(n, k, m);
    std::printf("%d checks passed under the sanitizers\n", n_checks);
    return 0;
}
