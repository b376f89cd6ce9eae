// HOW a tile of rows is used by a linear model: read, scored, turned into residuals, and into a
// gradient.
//
// Order: a score is a 16-lane dot product plus the intercept; a row's loss is that of ops/losses,
// whoever stands beside it; a gradient adds the tile's rows one after the other. Exact: nothing;
// the same bits on every level. Shape: rows that lie as they are wanted are never copied, and the
// next ones are asked for early, because a shuffled order is a cache miss for each row. Several
// outputs and rows share each load, so ten classes cost far less than ten sweeps; how many share
// does not show in the bits: each has chains of its own. A gradient leaves register by register,
// so that whoever takes it need not store it first.
#pragma once

#include "kernels/chain_rows.hpp"
#include "kernels/lanes.hpp"
#include "ops/losses.hpp"
#include "fuse.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// Some rows of padded(width) values, wherever they lie. Those in place, `ld` apart from `base` on,
// know what comes later in their order.
template <class T>
struct LearnRows {
    const T* row[most_learn_rows];
    std::int64_t count;
    std::int64_t width;
    const T* base = nullptr;
    std::ptrdiff_t ld = 0;
    const std::int64_t* coming = nullptr;
    std::int64_t n_coming = 0;

    // Ask for what comes a little after row i.
    [[gnu::always_inline]] void expect_row(std::int64_t i) const {
        if (i < n_coming) expect(base + coming[i] * ld, width);
    }
};

// Rows of an order of which `n_after` follow. Scratch: that of stage_rows.
template <class T>
void read_rows(const Rows& all, const RowSet& rows, std::int64_t n_after, T* scratch,
               LearnRows<T>& x) {
    constexpr auto size = static_cast<std::int64_t>(sizeof(T));
    const Tile<T> whole = rows_in_place<T>(all);
    x.count = rows.count, x.width = padded(all.width);
    if (rows.index && x.width == all.width && whole.data) {
        x.base = whole.data, x.ld = whole.ld;
        const std::int64_t left = n_after + x.count;
        const std::int64_t ahead = at_most(left, at_least(4, (2 << 10) / (x.width * size)));
        x.coming = rows.index + ahead, x.n_coming = left - ahead;
        for (std::int64_t r = 0; r < rows.count; ++r) x.row[r] = x.base + rows.index[r] * x.ld;
    } else {
        const Tile<T> tile = stage_rows<T>(all, rows, scratch);
        x.n_coming = 0;
        for (std::int64_t r = 0; r < rows.count; ++r) x.row[r] = tile.data + r * tile.ld;
    }
}

// Scores of rows, from `out` on.
template <class T>
void score_tile(const LearnRows<T>& x, const Linear<T>& model, T* out) {
    constexpr int chains = n_chains<T>;
    const std::int64_t k = model.n_outputs, ld = model.ld;
    in_groups<chains>(k, [&]<int width>(std::int64_t i) {
        in_groups<chains / width>(x.count, [&]<int height>(std::int64_t r) {
            T scores[height * width];
            if (i == 0)
                for (int s = 0; s < height; ++s) x.expect_row(r + s);
            dots<height, width>(x.row + r, model.coef + i * ld, ld, ld, scores);
            for (int s = 0; s < height; ++s)
                for (int o = 0; o < width; ++o)
                    out[(r + s) * k + i + o] = scores[s * width + o] + model.intercept[i + o];
        });
    });
}

// What a tile's rows should give, and doubles for losses: loss_scratch.
struct Wanted {
    const RowSet& rows;
    const Targets& targets;
    double* scratch;
};

template <class Formula, int n, class T>
double residuals_of(const Wanted& wanted, std::int64_t from, std::int64_t k, T* scores) {
    const Targets& targets = wanted.targets;
    double *own = wanted.scratch, *target = own + n * k, loss[n], total = 0.0;
    std::int64_t number[n];
    for (int r = 0; r < n; ++r) {
        const RowSet& rows = wanted.rows;
        number[r] = row_number(rows, from + r);
        for (std::int64_t i = 0; i < k; ++i)
            own[i * n + r] = static_cast<double>(scores[r * k + i]);
        for (std::int64_t i = 0; i < targets.width; ++i)
            target[i * n + r] = targets.values[number[r] * targets.width + i];
    }
    Formula::template apply<n>(own, target, k, loss);
    for (int r = 0; r < n; ++r) {
        const double weight = targets.sample_weight ? targets.sample_weight[number[r]] : 1.0;
        total += weight * loss[r];
        for (std::int64_t i = 0; i < k; ++i)
            scores[r * k + i] = static_cast<T>(weight * own[i * n + r]);
    }
    return total;
}

template <class Formula, class T>
double residuals_of(const Wanted& wanted, std::int64_t k, T* scores) {
    double loss = 0.0;
    in_groups<static_cast<int>(loss_rows)>(wanted.rows.count, [&]<int n>(std::int64_t from) {
        loss += residuals_of<Formula, n>(wanted, from, k, scores + from * k);
    });
    return loss;
}

// Turn a tile's scores into weighted derivatives of the loss; return the weighted loss.
template <class T>
double residuals(const Wanted& wanted, std::int64_t k, T* scores) {
    switch (wanted.targets.loss) {
        case Loss::squared_error: return residuals_of<SquaredError>(wanted, k, scores);
        case Loss::log_loss: return residuals_of<LogLoss>(wanted, k, scores);
        default: return residuals_of<Multinomial>(wanted, k, scores);
    }
}

// take(output, column, sum_r residual[r, output] * x[r, column ...]) for each register of a
// gradient, over the rows of a tile. A few columns are taken for all outputs before the next ones,
// so that they stay in L1; of these `strips` registers at a time, enough chains for one output as
// for four.
template <class T, class Take>
void gradient_tile(const LearnRows<T>& x, const T* residual, std::int64_t k, Take take) {
    constexpr std::int64_t lanes = Lanes<T>::width;
    const auto add_strip = [&]<int width, int strips>(std::int64_t i, std::int64_t j) {
        Vector<T> acc[width][strips] = {};
        for (std::int64_t r = 0; r < x.count; ++r) {
            Vector<T> v[strips];
            for (int s = 0; s < strips; ++s) v[s] = load_vector(x.row[r] + j + s * lanes);
            for (int o = 0; o < width; ++o)
                for (int s = 0; s < strips; ++s) acc[o][s] += residual[r * k + i + o] * v[s];
        }
        for (int o = 0; o < width; ++o)
            for (int s = 0; s < strips; ++s) take(i + o, j + s * lanes, acc[o][s]);
    };
    in_groups<4>(x.width / lanes, [&]<int columns>(std::int64_t c) {
        in_groups<4>(k, [&]<int width>(std::int64_t i) {
            constexpr int strips = columns < 8 / width ? columns : 8 / width;
            for (int s = 0; s < columns; s += strips)
                add_strip.template operator()<width, strips>(i, (c + s) * lanes);
        });
    });
}

}  // namespace
}  // namespace polyfuse
