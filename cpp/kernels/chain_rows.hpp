// The rows that chains read: dense ones as pointers into the caller's memory, or staged a few at
// a time; sparse ones as values and their columns.
//
// Order: rows in the order that a chain visits them. Exact: staging is (stage.hpp); of a dense
// block beside a sparse one, what is zero is left out, as scipy.sparse.hstack does. Shape: a row
// that lies as the learner wants it is never copied; the rows to come are asked for early,
// because a shuffled order is a cache miss for each of them.
#pragma once

#include "fuse.hpp"

namespace polyfuse {
namespace {

// A row, as what it holds and in which columns.
template <class T>
struct DenseRow {
    const T* x;
    std::int64_t n;
    std::int64_t column(std::int64_t i) const { return i; }
};

template <class T>
struct SparseRow {
    const T* x;
    const std::int32_t* at;
    std::int64_t n;
    std::int64_t column(std::int64_t i) const { return at[i]; }
};

// Fused rows as they lie in the caller's memory, if that is what a learner wants; else no data.
template <class T>
Tile<T> rows_in_place(const Rows& all) {
    const Block& block = all.blocks[0];
    constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(T));
    const bool lies = all.n_blocks == 1 && all.op == concatenate_op && plain<T>(block) &&
                      all.missing == Missing::ignore && block.col_stride == size &&
                      block.row_stride % size == 0;
    if (!lies) return {nullptr, 0};
    return {reinterpret_cast<const T*>(block.data), block.row_stride / size};
}

// Whole dense rows, for one order. Where they must be staged, some at a time are, in scratch of
// dense_reader_scratch elements.
template <class T>
class DenseReader {
   public:
    DenseReader(const Rows& all, const std::int64_t* order, std::int64_t n, T* scratch)
        : all_(all), order_(order), n_(n), scratch_(scratch),
          height_(chain_tile_rows(all.width, sizeof(T))),
          ahead_(at_least(2, 8192 / at_least(1, all.width * static_cast<std::int64_t>(sizeof(T))))),
          tile_(rows_in_place<T>(all)), direct_(tile_.data != nullptr) {}

    // Steps after which the rows before are gone: those of a tile.
    std::int64_t height() const { return direct_ ? at_least(1, n_) : height_; }

    // The row to ask for during step i: some kilobytes ahead, or a row.
    const T* coming(std::int64_t i) const {
        const std::int64_t then = at_most(i + ahead_, n_ - 1);
        return direct_ ? tile_.data + order_[then] * tile_.ld : tile_.data;
    }

    // Row of step i; steps are asked for in order. Valid until the next tile begins.
    const T* row(std::int64_t i) {
        if (direct_) {
            expect(tile_.data + order_[at_most(i + 2, n_ - 1)] * tile_.ld, at_most(all_.width, 64));
            return tile_.data + order_[i] * tile_.ld;
        }
        if (i % height_ == 0)
            tile_ = stage_rows<T>(all_, {order_ + i, 0, at_most(height_, n_ - i)}, scratch_);
        return tile_.data + i % height_ * tile_.ld;
    }

   private:
    const Rows& all_;
    const std::int64_t* order_;
    std::int64_t n_;
    T* scratch_;
    std::int64_t height_;
    std::int64_t ahead_;
    Tile<T> tile_;
    bool direct_;
};

// Ask for the line that begins with element j, into L2, which can wait for more lines than L1.
template <class T>
[[gnu::always_inline]] inline void ask(const T* x, std::int64_t j) {
    if (j % (64 / static_cast<std::int64_t>(sizeof(T))) == 0) __builtin_prefetch(x + j, 0, 2);
}

// Ask for what is told of the rows of some steps ahead, and is as shuffled as they are.
constexpr std::int64_t told_ahead = 8;

[[gnu::always_inline]] inline void ask_told(const Visits& visits, std::int64_t i) {
    const std::int64_t row = visits.order[at_most(i + told_ahead, visits.n - 1)];
    __builtin_prefetch(visits.targets + row);
    if (visits.sample_weight) __builtin_prefetch(visits.sample_weight + row);
}

// Values of a sparse block in T, with a map for each column.
template <class T, class In, class Map>
void load_sparse(const Block& block, std::int64_t from, std::int64_t n, T* dst) {
    using S = Scaled<In, T>;
    const In* x = reinterpret_cast<const In*>(block.data) + from;
    const std::int32_t* at = block.indices + from;
    const auto* offset = static_cast<const S*>(block.offset);
    const auto* factor = static_cast<const S*>(block.factor);
    for (std::int64_t i = 0; i < n; ++i) {
        S v = static_cast<S>(x[i]);
        if constexpr (!std::is_same_v<Map, Unscaled>)
            v = Map::second(Map::first(v, offset[at[i]], factor[at[i]]), offset[at[i]],
                            factor[at[i]]);
        dst[i] = static_cast<T>(v);
    }
}

template <class T, class In>
void load_sparse(const Block& block, std::int64_t from, std::int64_t n, T* dst) {
    switch (block.affine) {
        case AffineKind::divide: return load_sparse<T, In, Divide>(block, from, n, dst);
        case AffineKind::multiply: return load_sparse<T, In, Multiply>(block, from, n, dst);
        default: return load_sparse<T, In, Unscaled>(block, from, n, dst);
    }
}

// Rows of which a block at least is sparse. Scratch: sparse_reader_scratch elements.
template <class T>
class SparseReader {
   public:
    SparseReader(const Rows& all, T* scratch)
        : all_(all), x_(scratch), dense_(scratch + padded(most_values(all))),
          at_(reinterpret_cast<std::int32_t*>(dense_ + padded(all.width))),
          direct_(all.n_blocks == 1 && plain<T>(all.blocks[0])) {}

    // The row of that number; the rows before are gone.
    SparseRow<T> row(std::int64_t i) const {
        if (direct_) {
            const Block& block = all_.blocks[0];
            const std::int64_t from = block.indptr[i];
            return {reinterpret_cast<const T*>(block.data) + from, block.indices + from,
                    block.indptr[i + 1] - from};
        }
        std::int64_t n = 0, column = 0;
        for (std::int64_t b = 0; b < all_.n_blocks; ++b) {
            const Block& block = all_.blocks[b];
            n += block.indptr ? add_sparse(block, i, column, n) : add_dense(block, i, column, n);
            column += block.width;
        }
        return {x_, at_, n};
    }

    // Where a row begins is as shuffled as the row.
    [[gnu::always_inline]] void ask_extent(std::int64_t i) const {
        if (direct_) __builtin_prefetch(all_.blocks[0].indptr + i);
    }

    [[gnu::always_inline]] void expect_row(std::int64_t i) const {
        if (!direct_) return;
        const SparseRow<T> coming = row(i);
        expect(coming.x, coming.n);
        expect(coming.at, coming.n);
    }

   private:
    std::int64_t add_sparse(const Block& block, std::int64_t i, std::int64_t column,
                            std::int64_t n) const {
        const std::int64_t from = block.indptr[i], count = block.indptr[i + 1] - from;
        block.dtype == DType::f32 ? load_sparse<T, float>(block, from, count, x_ + n)
                                  : load_sparse<T, double>(block, from, count, x_ + n);
        for (std::int64_t k = 0; k < count; ++k)
            at_[n + k] = block.indices[from + k] + static_cast<std::int32_t>(column);
        return count;
    }

    std::int64_t add_dense(const Block& block, std::int64_t i, std::int64_t column,
                           std::int64_t n) const {
        load<T>(block, {&i, 0, 1}, 0, block.width, dense_, block.width);
        std::int64_t count = 0;
        for (std::int64_t j = 0; j < block.width; ++j)
            if (dense_[j] != T(0)) {
                x_[n + count] = dense_[j];
                at_[n + count++] = static_cast<std::int32_t>(column + j);
            }
        return count;
    }

    const Rows& all_;
    T *x_, *dense_;
    std::int32_t* at_;
    bool direct_;
};

// visit(row, its number) for each row of the first order. Scratch: that of the reader.
template <class T, class Visit>
void for_each_row(const Rows& all, const Visits& visits, T* scratch, Visit visit) {
    const std::int64_t *order = visits.order, n = visits.n;
    if (is_sparse(all)) {
        const SparseReader<T> reader(all, scratch);
        for (std::int64_t i = 0; i < n; ++i) {
            ask_told(visits, i);
            reader.ask_extent(order[at_most(i + told_ahead, n - 1)]);
            if (i + 2 < n) reader.expect_row(order[i + 2]);
            visit(reader.row(order[i]), order[i]);
        }
        return;
    }
    DenseReader<T> reader(all, order, n, scratch);
    for (std::int64_t i = 0; i < n; ++i) {
        ask_told(visits, i);
        visit(DenseRow<T>{reader.row(i), all.width}, order[i]);
    }
}

}  // namespace
}  // namespace polyfuse
