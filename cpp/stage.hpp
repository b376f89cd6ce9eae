// The stage: convert -> scale, one tile of one block. The only place that knows dtypes, strides
// and maps; what stands here is row-major in the precision T. fold.hpp fuses it.
//
// Order: each value is converted to the precision its block is scaled in (its own if floating,
// integers in T), mapped, converted to T; a float16 is mapped in float and rounded to float16 after
// each of the map's two operations, as NumPy does. With wide parameters each operation is one of
// doubles, rounded to the block's precision. Exact: every operation is rounded once, so any tiling
// gives the same bits.
// Shape: one loop per (dtype, map) over a contiguous run, which the compiler vectorises. Rows
// that follow each other without a gap are swept as one, with the map's parameters repeated, so
// that three columns run as fast as three hundred; a block that lies column after column is read
// along its columns and turned in L1. Where a block is already T and has no map, nothing is
// copied: the sink reads the caller's memory.
#pragma once

#include <cstring>
#include <type_traits>

#include "half.hpp"
#include "ops/affine_ops.hpp"
#include "tiling.hpp"
#include "vectors.hpp"
#include "views.hpp"

namespace polyfuse {
namespace {

template <class T>
struct Tile {
    const T* data;
    std::ptrdiff_t ld;  // elements from one row to the next
};

// The precision a block of In is scaled in, when T is wanted.
template <class In, class T>
using Scaled = std::conditional_t<
    std::is_same_v<In, Half>, float,
    std::conditional_t<std::is_floating_point_v<In>, In, T>>;

// A run of values of a block, and which parameters go with them: from `at` on, or that at `at` for
// all.
struct Run {
    const Block& block;
    const char* src;
    std::ptrdiff_t step;
    std::int64_t at;
    std::int64_t n;
};

template <class S, bool fixed>
struct Parameters {
    const S* values;
    S operator[](std::int64_t i) const { return fixed ? values[0] : values[i]; }
};

template <class Map, bool fixed, class S>
Parameters<S, fixed> parameters(const void* values, std::int64_t at) {
    static constexpr S none = S(1);
    if constexpr (std::is_same_v<Map, Unscaled>) return {&none};
    return {static_cast<const S*>(values) + at};
}

// P is the precision of the parameters.
template <class T, class In, class P, class Map, bool fixed>
void load_run(const Run& run, T* dst) {
    using S = Scaled<In, T>;
    const auto offset = parameters<Map, fixed, P>(run.block.offset, run.at);
    const auto factor = parameters<Map, fixed, P>(run.block.factor, run.at);
    const auto map = [&](S x, std::int64_t i) {
        const P a = offset[i], b = factor[i];
        const S y = static_cast<S>(Map::first(static_cast<P>(x), a, b));
        return static_cast<T>(static_cast<S>(Map::second(static_cast<P>(y), a, b)));
    };
    if (run.step == static_cast<std::ptrdiff_t>(sizeof(In))) {
        const In* x = reinterpret_cast<const In*>(run.src);
#pragma GCC ivdep
        for (std::int64_t i = 0; i < run.n; ++i) dst[i] = map(static_cast<S>(x[i]), i);
    } else {
        for (std::int64_t i = 0; i < run.n; ++i)
            dst[i] = map(static_cast<S>(*reinterpret_cast<const In*>(run.src + i * run.step)), i);
    }
}

// x = operation(x, i), rounded to float16, through float if that is its precision.
template <class P, class F>
void map_half_run(float* x, std::int64_t n, [[maybe_unused]] bool single, F operation) {
    if constexpr (std::is_same_v<P, double>) {
        if (!single) {
            for (std::int64_t i = 0; i < n; ++i)
                x[i] = rounded_to_odd(operation(static_cast<double>(x[i]), i));
            return round_run(x, n);
        }
    }
    for (std::int64_t i = 0; i < n; ++i)
        x[i] = static_cast<float>(operation(static_cast<P>(x[i]), i));
    round_run(x, n);
}

// As load_run for float16, a few hundred at a time.
template <class T, class P, class Map, bool fixed>
void load_half_run(const Run& run, T* dst) {
    constexpr std::int64_t most = 256;
    constexpr bool divides = std::is_same_v<Map, Divide>;
    const auto offset = parameters<Map, fixed, P>(run.block.offset, run.at);
    const auto factor = parameters<Map, fixed, P>(run.block.factor, run.at);
    const bool first = divides ? run.block.single_offset : run.block.single_factor;
    const bool second = divides ? run.block.single_factor : run.block.single_offset;
    float buffer[most];
    for (std::int64_t from = 0; from < run.n; from += most) {
        const std::int64_t n = at_most(most, run.n - from);
        const char* src = run.src + from * run.step;
        float* x = buffer;
        if constexpr (std::is_same_v<T, float>) x = dst + from;
        if (run.step == static_cast<std::ptrdiff_t>(sizeof(Half)))
            widen_run(reinterpret_cast<const Half*>(src), n, x);
        else
            for (std::int64_t i = 0; i < n; ++i)
                x[i] = widen(*reinterpret_cast<const Half*>(src + i * run.step));
        if constexpr (!std::is_same_v<Map, Unscaled>) {
            map_half_run<P>(x, n, first, [&](P v, std::int64_t i) {
                return Map::first(v, offset[from + i], factor[from + i]);
            });
            map_half_run<P>(x, n, second, [&](P v, std::int64_t i) {
                return Map::second(v, offset[from + i], factor[from + i]);
            });
        }
        if constexpr (!std::is_same_v<T, float>)
            for (std::int64_t i = 0; i < n; ++i) dst[from + i] = static_cast<T>(x[i]);
    }
}

template <class T>
using LoadRun = void (*)(const Run&, T*);

template <class T, class Map, bool fixed, class In>
constexpr LoadRun<T> loader() {
    if constexpr (std::is_same_v<In, Half>)
        return load_half_run<T, float, Map, fixed>;
    else
        return load_run<T, In, Scaled<In, T>, Map, fixed>;
}

template <class T, class Map, bool fixed, class... In>
LoadRun<T> pick_input(DType dtype, TypeList<In...>) {
    static constexpr LoadRun<T> table[] = {loader<T, Map, fixed, In>()...};
    return table[static_cast<int>(dtype)];
}

template <class T, class Map, bool fixed>
LoadRun<T> pick_width(const Block& block) {
    if (!block.wide) return pick_input<T, Map, fixed>(block.dtype, InputTypes{});
    return block.dtype == DType::f16 ? load_half_run<T, double, Map, fixed>
                                     : load_run<T, float, double, Map, fixed>;
}

template <class T>
LoadRun<T> pick_load(const Block& block, bool fixed) {
    switch (block.affine) {
        case AffineKind::divide:
            return fixed ? pick_width<T, Divide, true>(block) : pick_width<T, Divide, false>(block);
        case AffineKind::multiply:
            return fixed ? pick_width<T, Multiply, true>(block)
                         : pick_width<T, Multiply, false>(block);
        default: return pick_input<T, Unscaled, true>(block.dtype, InputTypes{});
    }
}

constexpr std::ptrdiff_t item_size(DType dtype) {
    constexpr std::ptrdiff_t sizes[n_dtypes] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};
    return sizes[static_cast<int>(dtype)];
}

constexpr std::ptrdiff_t magnitude(std::ptrdiff_t x) { return x < 0 ? -x : x; }

// Whether the block lies column after column.
inline bool along_columns(const Block& block) {
    return magnitude(block.row_stride) < magnitude(block.col_stride);
}

inline std::int64_t row_number(const RowSet& rows, std::int64_t i) {
    return rows.index ? rows.index[i] : rows.first + i;
}

inline const char* row_at(const Block& block, const RowSet& rows, std::int64_t i) {
    return block.data + row_number(rows, i) * block.row_stride;
}

// Whether the values are T and need no map.
template <class T>
bool plain(const Block& block) {
    constexpr DType own = std::is_same_v<T, float> ? DType::f32 : DType::f64;
    return block.dtype == own && block.affine == AffineKind::none;
}

// Whether a sink can read the block where it lies.
template <class T>
bool in_place(const Block& block, const RowSet& rows) {
    constexpr std::ptrdiff_t size = sizeof(T);
    return plain<T>(block) && !rows.index && block.col_stride == size &&
           block.row_stride % size == 0;
}

// Elements from one column to the next where they can be turned without a copy, else 0.
template <class T>
std::ptrdiff_t turns_in_place(const Block& block) {
    constexpr std::ptrdiff_t size = sizeof(T);
    const bool may = plain<T>(block) && block.row_stride == size && block.col_stride % size == 0;
    return may ? block.col_stride / size : 0;
}

// Columns [from, from + n), read along the columns: as many as a register holds are brought into
// L1, unless they can be read where they lie, and turned.
template <class T>
void load_turned(const Block& block, const RowSet& rows, std::int64_t from, std::int64_t n, T* dst,
                 std::ptrdiff_t ld) {
    constexpr std::int64_t width = vector_width<T>, height = 64;
    const bool fixed = block.axis == Axis::column;
    const LoadRun<T> run = pick_load<T>(block, fixed);
    const std::ptrdiff_t apart = turns_in_place<T>(block);
    T turned[width * height];
    for (std::int64_t c = 0; c < n; c += width)
        for (std::int64_t r = 0; r < rows.count; r += height) {
            const std::int64_t m = at_most(height, rows.count - r), k = at_most(width, n - c);
            const char* src = row_at(block, rows, r) + (from + c) * block.col_stride;
            T* to = dst + r * ld + c;
            if (apart) {
                transpose(reinterpret_cast<const T*>(src), apart, k, m, to, ld);
                continue;
            }
            for (std::int64_t i = 0; i < k; ++i)
                run({block, src + i * block.col_stride, block.row_stride,
                     fixed ? from + c + i : rows.first + r, m},
                    turned + i * height);
            transpose(turned, height, k, m, to, ld);
        }
}

// Stage columns [from, from + n) of the rows into dst, ld elements apart.
template <class T>
void load(const Block& block, const RowSet& rows, std::int64_t from, std::int64_t n, T* dst,
          std::ptrdiff_t ld) {
    if (!rows.index && rows.count > 1 && n > 1 && along_columns(block))
        return load_turned<T>(block, rows, from, n, dst, ld);
    const bool fixed = block.axis == Axis::row;
    const LoadRun<T> run = pick_load<T>(block, fixed);
    const bool gapless = !rows.index && ld == n && n == block.width && !fixed &&
                         block.col_stride == item_size(block.dtype) &&
                         block.row_stride == n * block.col_stride;
    if (gapless && rows.count > 1) {
        const std::int64_t total = rows.count * n;
        const std::int64_t period = block.affine == AffineKind::none ? total : block.period;
        const char* src = row_at(block, rows, 0);
        for (std::int64_t i = 0; i < total; i += period)
            run({block, src + i * block.col_stride, block.col_stride, 0,
                 at_most(period, total - i)},
                dst + i);
        return;
    }
    for (std::int64_t r = 0; r < rows.count; ++r)
        run({block, row_at(block, rows, r) + from * block.col_stride, block.col_stride,
             fixed ? row_number(rows, r) : from, n},
            dst + r * ld);
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

}  // namespace
}  // namespace polyfuse
