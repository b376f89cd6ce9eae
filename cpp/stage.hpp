// The stage: convert -> scale -> fuse, one tile of rows. The only place that knows dtypes,
// strides and maps; every sink consumes what stands here, row-major in the precision T.
//
// Order: each value is converted to the precision its block is scaled in (its own if floating,
// float16 in float, integers in T), mapped, converted to T; blocks are folded from left to right.
// Exact: every operation is rounded once, so any tiling gives the same bits.
// Shape: one loop per (dtype, map) over a contiguous row, which the compiler vectorises. Rows
// that follow each other without a gap are swept as one, with the map's parameters repeated, so
// that three columns run as fast as three hundred. Where a block is already T and has no map,
// nothing is copied: the sink reads the caller's memory.
#pragma once

#include <cstring>
#include <type_traits>

#include "ops/affine_ops.hpp"
#include "ops/fusion_ops.hpp"
#include "tiling.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

template <class T>
struct Tile {
    const T* data;
    std::ptrdiff_t ld;  // elements from one row to the next
};

template <class S, class In>
S widen(In x) {
    if constexpr (std::is_same_v<In, Half>) {
        // Shift exponent and mantissa into a float's place, multiply by 2^112 to move the bias
        // (this makes denormals right too), and put infinities and NaNs back.
        const std::uint32_t magnitude = (x.bits & 0x7fffu) << 13;
        std::uint32_t bits =
            __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) * 0x1p112f);
        bits |= magnitude >= 0x0f800000u ? 0x7f800000u : 0u;
        bits |= (x.bits & 0x8000u) << 16;
        return static_cast<S>(__builtin_bit_cast(float, bits));
    } else {
        return static_cast<S>(x);
    }
}

// The precision a block of In is scaled in, when T is wanted.
template <class In, class T>
using Scaled = std::conditional_t<
    std::is_same_v<In, Half>, float,
    std::conditional_t<std::is_floating_point_v<In>, In, T>>;

template <class T, class In, class Map>
void load_run(const char* src, std::ptrdiff_t step, const Block& block, std::int64_t from,
              std::int64_t n, T* dst) {
    using S = Scaled<In, T>;
    const S* offset = static_cast<const S*>(block.offset) + from;
    const S* factor = static_cast<const S*>(block.factor) + from;
    constexpr bool scaled = !std::is_same_v<Map, Unscaled>;
    if (step == static_cast<std::ptrdiff_t>(sizeof(In))) {
        const In* x = reinterpret_cast<const In*>(src);
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) {
            const S a = scaled ? offset[i] : S(0), b = scaled ? factor[i] : S(1);
            dst[i] = static_cast<T>(Map::apply(widen<S>(x[i]), a, b));
        }
    } else {
        for (std::int64_t i = 0; i < n; ++i) {
            const S a = scaled ? offset[i] : S(0), b = scaled ? factor[i] : S(1);
            const In x = *reinterpret_cast<const In*>(src + i * step);
            dst[i] = static_cast<T>(Map::apply(widen<S>(x), a, b));
        }
    }
}

template <class T>
using LoadRun = void (*)(const char*, std::ptrdiff_t, const Block&, std::int64_t, std::int64_t, T*);

template <class T, class Map, class... In>
LoadRun<T> pick_input(DType dtype, TypeList<In...>) {
    static constexpr LoadRun<T> table[] = {load_run<T, In, Map>...};
    return table[static_cast<int>(dtype)];
}

template <class T>
LoadRun<T> pick_load(const Block& block) {
    switch (block.affine) {
        case AffineKind::divide: return pick_input<T, Divide>(block.dtype, InputTypes{});
        case AffineKind::multiply: return pick_input<T, Multiply>(block.dtype, InputTypes{});
        default: return pick_input<T, Unscaled>(block.dtype, InputTypes{});
    }
}

constexpr std::ptrdiff_t item_size(DType dtype) {
    constexpr std::ptrdiff_t sizes[n_dtypes] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};
    return sizes[static_cast<int>(dtype)];
}

inline const char* row_at(const Block& block, const RowSet& rows, std::int64_t i) {
    return block.data + (rows.index ? rows.index[i] : rows.first + i) * block.row_stride;
}

// Stage columns [from, from + n) of the rows into dst, ld elements apart.
template <class T>
void load(const Block& block, const RowSet& rows, std::int64_t from, std::int64_t n, T* dst,
          std::ptrdiff_t ld) {
    const LoadRun<T> run = pick_load<T>(block);
    const bool gapless = !rows.index && ld == n && n == block.width &&
                         block.col_stride == item_size(block.dtype) &&
                         block.row_stride == n * block.col_stride;
    if (gapless && rows.count > 1) {
        const std::int64_t total = rows.count * n;
        const std::int64_t period = block.affine == AffineKind::none ? total : block.period;
        const char* src = row_at(block, rows, 0);
        for (std::int64_t i = 0; i < total; i += period)
            run(src + i * block.col_stride, block.col_stride, block, 0,
                total - i < period ? total - i : period, dst + i);
        return;
    }
    for (std::int64_t r = 0; r < rows.count; ++r)
        run(row_at(block, rows, r) + from * block.col_stride, block.col_stride, block, from, n,
            dst + r * ld);
}

// Whether a sink can read the block where it lies.
template <class T>
bool in_place(const Block& block, const RowSet& rows) {
    constexpr DType own = std::is_same_v<T, float> ? DType::f32 : DType::f64;
    constexpr std::ptrdiff_t size = sizeof(T);
    return block.dtype == own && block.affine == AffineKind::none && !rows.index &&
           block.col_stride == size && block.row_stride % size == 0;
}

// Stage columns [from, from + n) of one block, into scratch (count x n) unless it can stay.
template <class T>
Tile<T> stage_block(const Block& block, const RowSet& rows, std::int64_t from, std::int64_t n,
                    T* scratch) {
    if (in_place<T>(block, rows)) {
        const char* src = row_at(block, rows, 0) + from * block.col_stride;
        return {reinterpret_cast<const T*>(src),
                block.row_stride / static_cast<std::ptrdiff_t>(sizeof(T))};
    }
    load<T>(block, rows, from, n, scratch, n);
    return {scratch, n};
}

// out = fold of n_in streams, after acc unless first; finished if last.
template <class Op, int n_in, bool first, bool last, class T>
void fold_run(T* out, const T* acc, const T* const* streams, const T* weights, T total,
              std::int64_t n) {
    const T* x[n_in];
    T w[n_in];
    for (int s = 0; s < n_in; ++s) x[s] = streams[s], w[s] = weights[s];
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) {
        T value = Op::lift(x[0][i], w[0]);
        if constexpr (!first) value = Op::combine(acc[i], value);
        for (int s = 1; s < n_in; ++s) value = Op::combine(value, Op::lift(x[s][i], w[s]));
        out[i] = last ? Op::finish(value, total) : value;
    }
}

template <class Op, int n_in, class T>
void fold_streams(bool first, bool last, T* out, const T* acc, const T* const* x, const T* w,
                  T total, std::int64_t n) {
    if (first && last) return fold_run<Op, n_in, true, true>(out, acc, x, w, total, n);
    if (first) return fold_run<Op, n_in, true, false>(out, acc, x, w, total, n);
    if (last) return fold_run<Op, n_in, false, true>(out, acc, x, w, total, n);
    return fold_run<Op, n_in, false, false>(out, acc, x, w, total, n);
}

template <class Op, class T>
T fold_total(const Rows& rows) {
    double total = Op::weighted ? 0.0 : static_cast<double>(rows.n_blocks);
    if (Op::weighted)
        for (std::int64_t b = 0; b < rows.n_blocks; ++b) total += rows.weights[b];
    return static_cast<T>(total);
}

// Fold columns [from, from + n) of the rows into dst. Every stream of a group is read before the
// element is written, and dst is written in the last group only, so dst may be a block's own
// memory. Scratch: (fold_group + 1) tiles of count x n.
template <class T, class Op>
void fold_tile(const Rows& all, const RowSet& rows, std::int64_t from, std::int64_t n, T* dst,
               std::ptrdiff_t ld, T* scratch) {
    const T total = fold_total<Op, T>(all);
    T* acc = scratch + fold_group * rows.count * n;
    for (std::int64_t b = 0; b < all.n_blocks; b += fold_group) {
        const std::int64_t rest = all.n_blocks - b, n_in = rest < fold_group ? rest : fold_group;
        const bool first = b == 0, last = rest <= fold_group;
        Tile<T> tiles[fold_group];
        T w[fold_group];
        bool flat = !last || ld == n;
        for (std::int64_t s = 0; s < n_in; ++s) {
            tiles[s] = stage_block<T>(all.blocks[b + s], rows, from, n, scratch + s * rows.count * n);
            w[s] = static_cast<T>(all.weights[b + s]);
            flat = flat && tiles[s].ld == n;
        }
        const std::int64_t sweeps = flat ? 1 : rows.count, length = flat ? n * rows.count : n;
        for (std::int64_t r = 0; r < sweeps; ++r) {
            const T* x[fold_group];
            for (std::int64_t s = 0; s < n_in; ++s) x[s] = tiles[s].data + r * tiles[s].ld;
            T* out = last ? dst + r * ld : acc + r * n;
            const T* before = acc + r * n;
            switch (n_in) {
                case 1: fold_streams<Op, 1>(first, last, out, before, x, w, total, length); break;
                case 2: fold_streams<Op, 2>(first, last, out, before, x, w, total, length); break;
                case 3: fold_streams<Op, 3>(first, last, out, before, x, w, total, length); break;
                default: fold_streams<Op, 4>(first, last, out, before, x, w, total, length);
            }
        }
    }
}

template <class T>
using FoldTile = void (*)(const Rows&, const RowSet&, std::int64_t, std::int64_t, T*,
                          std::ptrdiff_t, T*);

template <class T, class... Ops>
FoldTile<T> pick_fold(int op, TypeList<Ops...>) {
    static constexpr FoldTile<T> table[] = {fold_tile<T, Ops>...};
    return table[op];
}

// Stage whole fused rows for a learner, padded with zeros to a whole number of lanes. Scratch:
// stage_tiles tiles of count x padded(width).
template <class T>
Tile<T> stage_rows(const Rows& all, const RowSet& rows, T* scratch) {
    const std::int64_t d = all.width, ld = padded(d);
    const bool whole = all.n_blocks == 1 && all.op == concatenate_op && ld == d;
    if (whole) return stage_block<T>(all.blocks[0], rows, 0, d, scratch);
    if (all.op != concatenate_op) {
        pick_fold<T>(all.op, FusionOps{})(all, rows, 0, d, scratch, ld, scratch + rows.count * ld);
    } else {
        std::int64_t column = 0;
        for (std::int64_t b = 0; b < all.n_blocks; ++b) {
            load<T>(all.blocks[b], rows, 0, all.blocks[b].width, scratch + column, ld);
            column += all.blocks[b].width;
        }
    }
    for (std::int64_t r = 0; r < rows.count && ld > d; ++r)
        std::memset(scratch + r * ld + d, 0, static_cast<std::size_t>(ld - d) * sizeof(T));
    return {scratch, ld};
}

}  // namespace
}  // namespace polyfuse
