// Fused rows: the operators that are not folded in registers, the choice between all of them, and
// the whole rows that learners read.
//
// Order: blocks in the order given; what transcendental operators lift is added in double. Shape:
// weights that differ within a block, logarithms and powers go one block at a time into an
// accumulator in L1; operators that need all values at once get them a register per block.
#pragma once

#include "fold.hpp"

namespace polyfuse {
namespace {

// One block at a time, lifted with a weight of its own for each element and added up in A.
// Scratch: block_area, then a tile of T and three of double.
template <class Op, class A, class T>
void fold_lifted(const Rows& all, const Members& members, const Target<T>& to, T* scratch) {
    const std::int64_t size = to.rows.count * to.n;
    double* totals = reinterpret_cast<double*>(scratch + block_area(all.n_blocks));
    double* weights = totals + size;
    A* acc = reinterpret_cast<A*>(weights + size);
    T* staged = reinterpret_cast<T*>(reinterpret_cast<double*>(acc) + size);
    const double p = all.parameter;
    for (std::int64_t i = 0; i < size; ++i) totals[i] = 0.0, acc[i] = A(0);
    for (std::int64_t m = 0; m < members.n; ++m) {
        const std::int32_t member = members.which[m];
        load_member<T>(all, member, to.rows, to.from, to.n, staged, to.n);
        load_weights(all, block_of(member), to.rows, to.from, to.n, weights);
#pragma GCC ivdep
        for (std::int64_t i = 0; i < size; ++i) {
            const A weight = static_cast<A>(static_cast<T>(weights[i]));
            const A value = Op::lift(static_cast<A>(staged[i]), weight, p);
            totals[i] += weights[i];
            acc[i] = m == 0 ? value : acc[i] + value;
        }
    }
    for (std::int64_t r = 0; r < to.rows.count; ++r) {
        T* dst = to.dst + r * to.ld;
#pragma GCC ivdep
        for (std::int64_t c = 0; c < to.n; ++c) {
            const A total = static_cast<A>(static_cast<T>(totals[r * to.n + c]));
            dst[c] = static_cast<T>(Op::finish(acc[r * to.n + c], total, p));
        }
    }
}

// The weights of a register of elements of a tile, from element i on, block after block.
template <class T>
void load_lane_weights(const Rows& all, const Members& members, const Target<T>& to,
                       std::int64_t i, Vector<T>* w) {
    const std::int64_t last = to.rows.count * to.n - 1;
    for (std::int64_t l = 0; l < vector_width<T>; ++l) {
        const std::int64_t at = at_most(i + l, last);
        const std::int64_t row = row_number(to.rows, at / to.n), column = to.from + at % to.n;
        for (std::int64_t m = 0; m < members.n; ++m)
            w[m][l] = static_cast<T>(weight_at(all, block_of(members.which[m]), row, column));
    }
}

// Fold a tile of gather_tile elements at most, a register of them at once: their values side by
// side, block after block. Scratch: block_area.
template <class Op, class T>
void gather_columns(const Rows& all, const Members& members, const Target<T>& to, T* scratch) {
    const std::int64_t k = members.n, size = to.rows.count * to.n;
    auto* x = reinterpret_cast<Vector<T>*>(scratch);
    auto* w = x + k;
    T* tiles = reinterpret_cast<T*>(w + k);
    for (std::int64_t m = 0; m < k; ++m)
        load_member<T>(all, members.which[m], to.rows, to.from, to.n, tiles + m * gather_tile,
                       to.n);
    T out[gather_tile];
    for (std::int64_t i = 0; i < size; i += vector_width<T>) {
        for (std::int64_t m = 0; m < k; ++m)  // what is behind the last element is in the tile too
            x[m] = load_vector(tiles + m * gather_tile + i);
        if (Op::weighted) load_lane_weights(all, members, to, i, w);
        store_vector(out + i, Op::gather(x, w, k));
    }
    for (std::int64_t r = 0; r < to.rows.count; ++r)
        std::memcpy(to.dst + r * to.ld, out + r * to.n, static_cast<std::size_t>(to.n) * sizeof(T));
}

template <class Op, class T>
void gather_tiles(const Rows& all, const Members& members, const Target<T>& to, T* scratch) {
    const std::int64_t width = at_most(gather_tile, to.n), height = gather_tile / width;
    for (std::int64_t r = 0; r < to.rows.count; r += height)
        for (std::int64_t c = 0; c < to.n; c += width) {
            const RowSet rows{to.rows.index ? to.rows.index + r : nullptr, to.rows.first + r,
                              at_most(height, to.rows.count - r)};
            const Target<T> part{rows, to.from + c, at_most(width, to.n - c),
                                 to.dst + r * to.ld + c, to.ld};
            gather_columns<Op>(all, members, part, scratch);
        }
}

// Fold some rows that have the same members. Scratch: block_area, then stage_tiles - 1 tiles.
template <class T, class Op>
void fold(const Rows& all, const Members& members, const Target<T>& to, T* scratch) {
    if (members.n == 0)
        return fill_tile(static_cast<T>(__builtin_nan("")), to.rows.count, to.n, to.dst, to.ld);
    if constexpr (Op::family == Family::gather) {
        gather_tiles<Op>(all, members, to, scratch);
    } else if constexpr (Op::family == Family::transcendental) {
        fold_lifted<Op, double>(all, members, to, scratch);
    } else {
        if constexpr (Op::weighted)
            if (all.weighing != Weighing::block)
                return fold_lifted<Op, T>(all, members, to, scratch);
        alike<T>(all, members, to.rows) ? fold_alike<Op>(all, members, to, scratch)
                                        : fold_groups<Op>(all, members, to, scratch);
    }
}

template <class T>
using Fuse = void (*)(const Rows&, const Members&, const Target<T>&, T*);

template <class T, class... Ops>
Fuse<T> pick_fold(int op, TypeList<Ops...>) {
    static constexpr Fuse<T> table[] = {fold<T, Ops>...};
    return table[op];
}

// Blocks side by side; a missing one is filled.
template <class T>
void join(const Rows& all, const Members& members, const Target<T>& to, T*) {
    if (members.n == 0)
        return fill_tile(static_cast<T>(__builtin_nan("")), to.rows.count, to.n, to.dst, to.ld);
    std::int64_t column = 0;
    for (std::int64_t b = 0; b < all.n_blocks; ++b) {
        const std::int64_t width = all.blocks[b].width;
        const std::int64_t begin = at_least(column, to.from);
        const std::int64_t end = at_most(column + width, to.from + to.n);
        if (begin < end)
            load_member<T>(all, members.which[b], to.rows, begin - column, end - begin,
                           to.dst + begin - to.from, to.ld);
        column += width;
    }
}

template <class T>
Fuse<T> pick_fuse(const Rows& all) {
    if (all.op != concatenate_op) return pick_fold<T>(all.op, FusionOps{});
    // One block alone is its own sum, and a fold maps it in registers, unless that takes doubles.
    return all.n_blocks == 1 && !all.blocks[0].wide ? fold<T, Sum> : join<T>;
}

// The lists of by_presence stand at the beginning of all scratch.
template <class T>
std::int32_t* lists(T* scratch) {
    return reinterpret_cast<std::int32_t*>(scratch);
}

// Stage whole fused rows for a learner, padded with zeros to a whole number of lanes. Scratch:
// block_scratch, and stage_tiles tiles of count x padded(width).
template <class T>
Tile<T> stage_rows(const Rows& all, const RowSet& rows, T* scratch) {
    const std::int64_t d = all.width, ld = padded(d);
    const bool whole = all.n_blocks == 1 && all.op == concatenate_op && ld == d;
    T* tile = scratch + list_scratch(all.n_blocks);
    if (whole && all.missing == Missing::ignore)
        return stage_block<T>(all.blocks[0], rows, 0, d, tile);
    const Fuse<T> fuse = pick_fuse<T>(all);
    std::int64_t at = 0;
    by_presence(all, rows, lists(scratch), [&](const RowSet& part, const Members& members) {
        fuse(all, members, Target<T>{part, 0, d, tile + at * ld, ld}, tile + rows.count * ld);
        at += part.count;
    });
    for (std::int64_t r = 0; r < rows.count && ld > d; ++r)
        std::memset(tile + r * ld + d, 0, static_cast<std::size_t>(ld - d) * sizeof(T));
    return {tile, ld};
}

}  // namespace
}  // namespace polyfuse
