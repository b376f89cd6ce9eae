#include <algorithm>
#include <vector>

#include "checks.hpp"
#include "dispatch/run.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// Scores of m modalities, a third of the rows without the first.
template <class T>
struct Said {
    std::vector<std::vector<T>> values;
    std::vector<std::uint8_t> present;
    std::vector<double> weights;
    std::vector<Block> blocks;
    std::vector<std::int64_t> y;
    Rows rows;

    Said(std::int64_t n, std::int64_t k, std::int64_t m)
        : present(static_cast<std::size_t>(n), 1), weights(static_cast<std::size_t>(m), 0.5) {
        for (std::size_t i = 0; i < present.size(); i += 3) present[i] = 0;
        for (std::int64_t b = 0; b < m; ++b) {
            std::vector<double> drawn = numbers(n * k, static_cast<unsigned>(b));
            for (double& x : drawn) x = std::abs(x) + 0.01;  // it has a logarithm
            values.emplace_back(drawn.begin(), drawn.end());
        }
        for (const auto& x : values)
            blocks.push_back(block_of(x, k, sizeof(T) == 4 ? DType::f32 : DType::f64));
        blocks[0].present = present.data();
        for (std::int64_t i = 0; i < n; ++i) y.push_back(i * 7 % (k + 2));
        rows = {blocks.data(), m, 0, weights.data(), n, k};
    }
};

// Shapley values add up; an order that changes nothing, and one that does.
template <class T>
void count(std::int64_t n, std::int64_t k, std::int64_t m) {
    const Said<T> said(n, k, m);
    const std::vector<double> start(static_cast<std::size_t>(k), 0.25);
    std::vector<double> means(static_cast<std::size_t>(m * k));
    std::vector<double> shares(static_cast<std::size_t>(2 * m));
    check(run_score_means<T>(said.rows, false, means.data()) == -1, "score_means", n, k);
    std::vector<std::int64_t> counts(std::size_t{1} << m);
    std::vector<std::int32_t> order(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
    std::reverse(order.begin(), order.end());
    const std::int64_t by[] = {0, n - 1};
    for (int fold = 0; fold < n_score_folds; ++fold) {
        const Verdict verdict{static_cast<ScoreFold>(fold), labels(said.y), 0, start.data(), 1};
        for (const bool skip : {false, true}) {
            run_coalition_counts<T>(said.rows, verdict, skip ? nullptr : means.data(),
                                    counts.data(), shares.data());
            double sum = 0.0;
            for (std::int64_t b = 0; b < m; ++b) sum += shares[static_cast<std::size_t>(b)];
            const auto gained = static_cast<double>(counts.back() - counts.front());
            check(near(sum, gained, 1e-9), "coalitions", n, k);
        }
        std::vector<std::int64_t> permuted(static_cast<std::size_t>(2 * m));
        const std::int64_t right =
            run_permuted_counts<T>(said.rows, verdict, {order.data(), by, 2}, permuted.data());
        check(right == counts.back(), "rows as they are", n, k);
        for (std::size_t b = 0; b < permuted.size(); b += 2)
            check(permuted[b] == right && permuted[b + 1] <= n, "permuted rows", n, k);
    }
}

template <class T>
void measure(std::int64_t n, std::int64_t k, std::int64_t m) {
    const Said<T> said(n, k, m);
    const std::vector<double> means(static_cast<std::size_t>(m * k));
    const std::vector<double> scale(static_cast<std::size_t>(n), 2.0);
    std::vector<double> per_row(static_cast<std::size_t>(n * m));
    std::vector<double> totals(static_cast<std::size_t>(m));
    std::vector<double> products(totals.size() * totals.size());
    run_contributions<T>(said.rows, false, means.data(), scale.data(), per_row.data(),
                         totals.data(), products.data());
    for (std::size_t b = 0; b < totals.size(); ++b) {
        double total = 0.0, square = 0.0;
        for (std::size_t i = b; i < per_row.size(); i += totals.size()) {
            total += per_row[i];
            square += per_row[i] * per_row[i];
        }
        check(near(totals[b], total, 1e-12), "contributions", n, k);
        check(near(products[b * totals.size() + b], square, 1e-12), "products", n, k);
    }
}

}  // namespace

void inspect(std::int64_t n, std::int64_t k, std::int64_t m) {
    count<float>(n, k, m);
    count<double>(n, k, m);
    measure<float>(n, k, m);
    measure<double>(n, k, m);
}

}  // namespace polyfuse
