// The stage, second half: fold blocks into one another, from left to right, each operation rounded
// once.
//
// Exact: any tiling gives the same bits. Shape: blocks of one dtype and kind of map are read where
// they lie, mapped and folded in registers, all streams in lock step, a few lines of each at a
// time: what is folded was never written. Blocks that differ are staged into L1 first, a few at a
// time. fuse.hpp has the operators that are no plain folds.
#pragma once

#include "presence.hpp"

namespace polyfuse {
namespace {

// Columns [from, from + n) of some rows, to be written at dst.
template <class T>
struct Target {
    RowSet rows;
    std::int64_t from;
    std::int64_t n;
    T* dst;
    std::ptrdiff_t ld;
};

// One block of a fold, where its values lie: of type T, or Half to be widened; with the parameters
// of its map, and the weight that lifts it.
template <class T>
struct Stream {
    const char* x;
    std::ptrdiff_t row_stride;
    const T* offset;
    const T* factor;
    T weight;
};

// A parameter for the values from element i on, or the one of the row for all of them.
template <class V, bool fixed, class T>
V parameter(const T* values, std::ptrdiff_t row, std::int64_t i) {
    if constexpr (fixed) return V(values[row] - V{});
    return load_as<V>(values + i);
}

// Element i, and what follows in a register, of a stream: mapped and lifted. V is a vector of T,
// or T itself.
template <class Op, class In, class Map, bool fixed, class V, class T>
V lifted(const Stream<T>& own, std::ptrdiff_t row, std::int64_t i) {
    V v = load_as<V>(reinterpret_cast<const In*>(own.x + row * own.row_stride) + i);
    if constexpr (!std::is_same_v<Map, Unscaled>) {
        const V a = parameter<V, fixed>(own.offset, row, i);
        const V b = parameter<V, fixed>(own.factor, row, i);
        v = Map::first(v, a, b);
        if constexpr (std::is_same_v<In, Half>) v = rounded(v);
        v = Map::second(v, a, b);
        if constexpr (std::is_same_v<In, Half>) v = rounded(v);
    }
    return Op::lift(v, V(own.weight - V{}), 0.0);
}

// Fold `unroll` registers' worth of k streams at element i.
template <class Op, class In, class Map, bool fixed, class V, int unroll, class T>
void fold_at(const Stream<T>* streams, std::int64_t k, std::ptrdiff_t row, std::int64_t i, T total,
             bool last, T* out) {
    constexpr std::int64_t width = sizeof(V) / sizeof(T);
    V acc[unroll];
    for (int u = 0; u < unroll; ++u)
        acc[u] = lifted<Op, In, Map, fixed, V>(streams[0], row, i + u * width);
    for (std::int64_t s = 1; s < k; ++s)
        for (int u = 0; u < unroll; ++u)
            acc[u] = Op::combine(
                acc[u], lifted<Op, In, Map, fixed, V>(streams[s], row, i + u * width));
    const V divisor = total - V{};
    for (int u = 0; u < unroll; ++u) {
        if (last) acc[u] = Op::finish(acc[u], divisor, 0.0);
        std::memcpy(out + i + u * width, &acc[u], sizeof(V));
    }
}

// Rows to fold at once: `step` of them follow each other without a gap, and so do theirs at `out`.
struct Lines {
    std::int64_t count;
    std::int64_t step;
    std::int64_t width;
    std::ptrdiff_t ld;  // elements from one row of the result to the next
};

// out[r * ld + i] = fold of element i of row r of each stream.
template <class Op, class In, class Map, bool fixed, class T>
void fold_lines(const Stream<T>* streams, std::int64_t k, const Lines& lines, T total, bool last,
                T* out) {
    constexpr std::int64_t width = vector_width<T>;
    using V = Vector<T>;
    for (std::int64_t r = 0; r < lines.count; r += lines.step) {
        const std::int64_t n = at_most(lines.step, lines.count - r) * lines.width;
        T* dst = out + r * lines.ld;
        std::int64_t i = 0;
        for (; i + 4 * width <= n; i += 4 * width)
            fold_at<Op, In, Map, fixed, V, 4>(streams, k, r, i, total, last, dst);
        for (; i + width <= n; i += width)
            fold_at<Op, In, Map, fixed, V, 1>(streams, k, r, i, total, last, dst);
        for (; i < n; ++i) fold_at<Op, In, Map, fixed, T, 1>(streams, k, r, i, total, last, dst);
    }
}

template <class T>
using FoldLines = void (*)(const Stream<T>*, std::int64_t, const Lines&, T, bool, T*);

template <class Op, class In, class T>
FoldLines<T> pick_lines(const Block& block) {
    const bool fixed = block.axis == Axis::row;
    switch (block.affine) {
        case AffineKind::divide:
            return fixed ? fold_lines<Op, In, Divide, true, T>
                         : fold_lines<Op, In, Divide, false, T>;
        case AffineKind::multiply:
            return fixed ? fold_lines<Op, In, Multiply, true, T>
                         : fold_lines<Op, In, Multiply, false, T>;
        default: return fold_lines<Op, In, Unscaled, true, T>;
    }
}

// Whether a fold can read the block where it lies, whatever its map.
template <class T>
bool readable(const Block& block, const RowSet& rows) {
    constexpr DType own = std::is_same_v<T, float> ? DType::f32 : DType::f64;
    const bool wanted =
        block.dtype == own || (std::is_same_v<T, float> && block.dtype == DType::f16);
    return wanted && !block.wide && !rows.index && block.col_stride == item_size(block.dtype);
}

// Whether all members can be read where they lie, by one loop.
template <class T>
bool alike(const Rows& all, const Members& members, const RowSet& rows) {
    for (std::int64_t m = 0; m < members.n; ++m) {
        if (members.which[m] < 0) return false;
        const Block& block = all.blocks[members.which[m]];
        const Block& first = all.blocks[members.which[0]];
        if (!readable<T>(block, rows) || block.dtype != first.dtype ||
            block.affine != first.affine || block.period != first.period)
            return false;
    }
    return true;
}

// Sweep the rows of some streams into dst: in one go where there are no gaps between them, as far
// as the parameters of a map are repeated, which is for `period` elements.
constexpr std::int64_t unlimited = INT64_MAX;

template <class T>
void sweep(FoldLines<T> fold, const Stream<T>* streams, std::int64_t k, std::ptrdiff_t item,
           std::int64_t period, const Target<T>& to, T total, bool last) {
    bool flat = to.ld == to.n && period > to.n;
    for (std::int64_t s = 0; s < k; ++s) flat = flat && streams[s].row_stride == to.n * item;
    const std::int64_t rows = flat ? at_least(1, period / to.n) : 1;
    fold(streams, k, {to.rows.count, rows, to.n, to.ld}, total, last, to.dst);
}

// Elements that one pass over a map's parameters serves: the fewest whole rows that are a whole
// number of steps of fold_lines, or of registers if those are too many. Streams push parameters
// out of L1, so that the fewer there are the better: three float32 blocks from memory took 1.6
// times as long with parameters for 1024 elements as with those for 64.
template <class T>
std::int64_t served(const Block& block) {
    constexpr std::int64_t most = 512;
    const std::int64_t even = at_least(1, block.width & -block.width);
    for (const std::int64_t step : {4 * vector_width<T>, vector_width<T>}) {
        const std::int64_t n = block.width * (step / at_most(step, even));
        if (n <= at_most(most, block.period)) return n;
    }
    return block.period;
}

// All streams in lock step, read where they lie.
template <class Op, class T>
void fold_alike(const Rows& all, const Members& members, const Target<T>& to, T* scratch) {
    auto* streams = reinterpret_cast<Stream<T>*>(scratch);
    const Block& first = all.blocks[members.which[0]];
    const bool by_row = first.axis == Axis::row;
    const std::int64_t skip = by_row ? to.rows.first : to.from;
    for (std::int64_t m = 0; m < members.n; ++m) {
        const Block& block = all.blocks[members.which[m]];
        streams[m] = {row_at(block, to.rows, 0) + to.from * block.col_stride, block.row_stride,
                      static_cast<const T*>(block.offset) + skip,
                      static_cast<const T*>(block.factor) + skip,
                      static_cast<T>(all.weights[members.which[m]])};
    }
    const T total = static_cast<T>(fold_total<Op>(all, members));
    FoldLines<T> fold = pick_lines<Op, T, T>(first);
    if constexpr (std::is_same_v<T, float>)
        if (first.dtype == DType::f16) fold = pick_lines<Op, Half, T>(first);
    // Rows are swept one by one where each has parameters of its own, or a part of a row a part
    // of them.
    const bool whole = to.n == first.width && !by_row;
    const std::int64_t period =
        first.affine == AffineKind::none ? unlimited : whole ? served<T>(first) : to.n;
    sweep(fold, streams, members.n, item_size(first.dtype), period, to, total, true);
}

// Blocks that differ are staged first, a few at a time; what a few leave, with weight 1, is the
// first stream of the next. Every stream of a group is read before an element is written, and dst
// is written in the last group only, so dst may be a block's own memory. Scratch: block_area, then
// (fold_group + 1) tiles.
template <class Op, class T>
void fold_groups(const Rows& all, const Members& members, const Target<T>& to, T* scratch) {
    constexpr auto item = static_cast<std::ptrdiff_t>(sizeof(T));
    const std::int64_t size = to.rows.count * to.n;
    const T total = static_cast<T>(fold_total<Op>(all, members));
    T* tiles = scratch + block_area(all.n_blocks);
    T* acc = tiles + fold_group * size;
    Stream<T> streams[fold_group + 1];
    std::int64_t k = 0;
    for (std::int64_t m = 0; m < members.n;) {
        for (std::int64_t s = 0; s < fold_group && m < members.n; ++s, ++m) {
            const std::int32_t member = members.which[m];
            const Tile<T> x =
                stage_member<T>(all, member, to.rows, to.from, to.n, tiles + s * size);
            streams[k++] = {reinterpret_cast<const char*>(x.data), x.ld * item, nullptr, nullptr,
                            static_cast<T>(all.weights[block_of(member)])};
        }
        const bool last = m == members.n;
        const Target<T> part{to.rows, to.from, to.n, last ? to.dst : acc, last ? to.ld : to.n};
        sweep(fold_lines<Op, T, Unscaled, true, T>, streams, k, item, unlimited, part, total, last);
        streams[0] = {reinterpret_cast<const char*>(acc), to.n * item, nullptr, nullptr, T(1)};
        k = 1;
    }
}

}  // namespace
}  // namespace polyfuse
