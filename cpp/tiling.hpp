// How work is cut: tiles, slots and leaves, as functions of the shape alone. Results depend on
// these cuts (they fix the order of additions), so they never depend on threads or level.
#pragma once

#include <cstdint>

#include "views.hpp"

namespace polyfuse {
namespace {

constexpr std::int64_t at_least(std::int64_t a, std::int64_t b) { return a < b ? b : a; }
constexpr std::int64_t at_most(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Blocks folded in one sweep: as many streams as registers and the prefetcher carry with ease.
constexpr std::int64_t fold_group = 4;

// Tiles of scratch behind one staged tile: the tile, and what folding needs: either one per stream
// of a group and the accumulator, or a stream and three of doubles, each as large as two of floats.
constexpr std::int64_t stage_tiles = 1 + 7;

// Elements that are gathered at once by the operators that need all blocks together.
constexpr std::int64_t gather_tile = 64;

// Two lists of blocks, in elements of the size of a list's or larger.
constexpr std::int64_t list_scratch(std::int64_t n_blocks) { return (2 * n_blocks + 15) / 16 * 16; }

// What a fold notes about each block, and for an operator that gathers, tiles, values and weights.
constexpr std::int64_t block_area(std::int64_t n_blocks) {
    return n_blocks * (gather_tile + 2 * 16);
}

constexpr std::int64_t block_scratch(std::int64_t n_blocks) {
    return list_scratch(n_blocks) + block_area(n_blocks);
}

// Elements of a tile that is written out: k inputs and one output of it stay in L1.
constexpr std::int64_t write_tile = 1024;

// A row longer than a tile is cut, a shorter one shares it.
constexpr std::int64_t write_scratch(std::int64_t n_blocks) {
    return stage_tiles * write_tile + block_scratch(n_blocks);
}

// Rows and columns of a tile that is written. Blocks that lie column after column are read along
// their columns, a cache line or more of each.
struct TileShape {
    std::int64_t rows, columns;
};
constexpr TileShape tile_shape(std::int64_t width, bool along_columns) {
    if (along_columns && width >= 16) return {write_tile / 16, 16};
    return {at_least(1, write_tile / at_least(1, width)), write_tile};
}

// Elements from one row to the next of whatever a learner reduces: a whole number of lanes, so
// that no loop has a tail. What is added behind a row is zero.
constexpr std::int64_t padded(std::int64_t width) { return (width + 15) / 16 * 16; }

// Rows of a tile that a learner consumes: the tile and its scores stay in half of L2.
constexpr std::int64_t most_learn_rows = 64;

constexpr std::int64_t learn_tile_rows(std::int64_t width, std::int64_t item_size) {
    const std::int64_t row = padded(at_least(1, width)) * item_size;
    return at_least(4, at_most(most_learn_rows, (256 << 10) / row));
}

constexpr std::int64_t learn_scratch(std::int64_t width, std::int64_t n_outputs,
                                     std::int64_t n_blocks, std::int64_t item_size) {
    const std::int64_t rows = learn_tile_rows(width, item_size);
    return rows * stage_tiles * padded(width) + padded(rows * n_outputs) + block_scratch(n_blocks);
}

// Rows whose losses are taken side by side, and doubles for their scores and targets.
constexpr std::int64_t loss_rows = 16;

constexpr std::int64_t loss_scratch(std::int64_t n_outputs) { return 2 * loss_rows * n_outputs; }

// Rows that are staged at once for a chain: a tile stays in L1 until its last row was learned.
constexpr std::int64_t chain_tile_rows(std::int64_t width, std::int64_t item_size) {
    return at_least(4, at_most(64, (32 << 10) / (padded(at_least(1, width)) * item_size)));
}

constexpr std::int64_t dense_reader_scratch(std::int64_t width, std::int64_t n_blocks,
                                            std::int64_t item_size) {
    return chain_tile_rows(width, item_size) * stage_tiles * padded(width) +
           block_scratch(n_blocks);
}

// Whether a block at least is sparse.
inline bool is_sparse(const Rows& all) {
    for (std::int64_t b = 0; b < all.n_blocks; ++b)
        if (all.blocks[b].indptr) return true;
    return false;
}

// The most values that a row holds where a block is sparse.
inline std::int64_t most_values(const Rows& all) {
    std::int64_t most = 0;
    for (std::int64_t b = 0; b < all.n_blocks; ++b)
        most += all.blocks[b].indptr ? all.blocks[b].longest : all.blocks[b].width;
    return most;
}

// Sparse rows that are scored in one task.
constexpr std::int64_t sparse_share = 256;

// Values, a dense row, and columns of half the size or of the same.
inline std::int64_t sparse_reader_scratch(const Rows& all) {
    return 2 * padded(most_values(all)) + padded(all.width);
}

// Chains that are learned in one sweep: their sums are independent, and hide each other's latency.
constexpr std::int64_t chain_group = 4;
// Chains that stand side by side in vectors.
constexpr std::int64_t chain_lanes = 8;

inline std::int64_t chain_scratch(const Rows& all, std::int64_t item_size) {
    if (is_sparse(all)) return padded(sparse_reader_scratch(all));
    const std::int64_t reader = dense_reader_scratch(all.width, all.n_blocks, item_size);
    return padded(at_least(chain_group * reader, reader + chain_lanes * all.width));
}

// What the numbers of a chain take that stands in lanes, in doubles.
constexpr std::int64_t numbers_of_lane = 32;

// Copies of weights, what moves them, and the numbers of the chains.
constexpr std::int64_t fast_scratch(std::int64_t n_chains, std::int64_t width) {
    return n_chains * padded(width) + padded(n_chains) + 2 * n_chains * numbers_of_lane;
}

// Partial sums of a reduction over rows: enough for 16 threads, none with too little to do.
constexpr std::int64_t max_slots = 16;

// Rows of a gradient that one slot takes before it is the next one's turn, and rows that are added
// to it at once. Which slot a row is in does not depend on how many there are, so that sums can go
// on with more of them. Of wide rows a slot takes fewer, so that a thousand keep all threads busy.
constexpr std::int64_t gradient_piece = 64;
static_assert(most_learn_rows <= gradient_piece);

constexpr std::int64_t gradient_rows(std::int64_t width, std::int64_t item_size) {
    return width * item_size > (4 << 10) ? gradient_piece : 4 * gradient_piece;
}

// Labels that become codes at once: two tiles stay in L1.
constexpr std::int64_t label_tile = 1024;

// Ranges of rows with a table of counts each: of 32 bits, and few megabytes together.
constexpr std::int64_t confusion_slots(std::int64_t n_rows, std::int64_t n_cells) {
    const std::int64_t worth = n_rows / at_least(1 << 14, n_cells);
    const std::int64_t room = at_most(max_slots, (1 << 22) / at_least(1, n_cells));
    return at_least(1 + (n_rows >> 31), at_most(room, worth));
}

// What `probability_sums` tells beside the tallies.
constexpr std::int64_t n_probability_sums = 5;

// Rows of probabilities of k classes in a tile: it stays in L1, unless there are hundreds.
constexpr std::int64_t most_probability_rows = 128;

constexpr std::int64_t probability_rows(std::int64_t k) {
    return at_least(16, at_most(most_probability_rows, (1 << 12) / k / 16 * 16));
}

// Ranges of such rows: their tallies are small beside the rows.
constexpr std::int64_t probability_slots(std::int64_t n_rows, std::int64_t k) {
    return at_least(1, at_most(max_slots, n_rows / at_least(64, (1 << 15) / at_least(8, k))));
}

// Modalities of which all coalitions are looked at.
constexpr std::int64_t most_modalities = 16;

// Places of rows whose Shapley values are added up, each by itself.
constexpr std::int64_t n_score_lanes = 16;

// Ranges of rows whose scores are summed, or held against the truth.
constexpr std::int64_t inspection_slots(std::int64_t n_rows) {
    return at_least(1, at_most(max_slots, n_rows / 512));
}

// Planes of a tile of scores: a class each, two where a single score tells two apart, one that
// counts modalities, and what fills the last square up.
constexpr std::int64_t score_planes(std::int64_t width) { return at_least(2, width) + 16; }

// Of a vector of rows, whatever its width: tiles of each modality, of what stands for it, of a
// fold as far as each of them, and of its start; and two lists of what each coalition size gave.
constexpr std::int64_t coalition_scratch(std::int64_t m, std::int64_t width) {
    return 16 * ((3 * m + 1) * score_planes(width) + 2 * (m + 1) * (m + 1));
}

// Tiles of each modality up to the furthest shift, of the folds of all others and of all, and one of
// other rows.
constexpr std::int64_t permutation_scratch(std::int64_t m, std::int64_t width,
                                           std::int64_t furthest) {
    return ((furthest + 16) * m + 16 * (m + 2)) * score_planes(width);
}

// Rows of a tile of scores that are measured: a plane of T for each class, in whole squares, doubles
// beside it.
constexpr std::int64_t contribution_scratch(std::int64_t width) {
    return probability_rows(width) * (width + 16);
}

// What `error_sums` tells of an output.
constexpr std::int64_t n_error_sums = 8;

// Rows in a tile of predicted numbers at most: with what is written beside them they stay in L1.
// Of many outputs, lines of memory are met again for each, and should be in L2 then.
constexpr std::int64_t error_rows = 1024;

constexpr std::int64_t error_tile_rows(std::int64_t n_outputs) {
    return at_least(64, at_most(error_rows, (1 << 15) / at_least(1, n_outputs)));
}

// Two staged tiles, one of terms, one of errors.
constexpr std::int64_t error_scratch = 4 * error_rows;

constexpr std::int64_t error_slots(std::int64_t n_rows, std::int64_t n_outputs) {
    return at_least(1, at_most(max_slots, n_rows / at_least(64, (1 << 14) / at_least(1, n_outputs))));
}

// Rows narrower than this are summarised 16 at a time.
constexpr std::int64_t narrow_width = 16;

// Columns summarised at once: their sums stay in L1.
constexpr std::int64_t moment_width = 1024;

constexpr std::int64_t moment_panel(std::int64_t leaf_rows) {
    return at_least(narrow_width, at_most(moment_width, 32768 / at_least(1, leaf_rows)));
}

// Four rows of sums, and a staged leaf.
constexpr std::int64_t moment_scratch(std::int64_t leaf_rows) {
    return 4 * moment_width + leaf_rows * moment_panel(leaf_rows);
}

// Rows searched at once for extrema.
constexpr std::int64_t extrema_rows(std::int64_t width) {
    return at_least(32, at_most(4096, 32768 / at_least(1, width)));
}

// Fractions of one call for quantiles.
constexpr std::int64_t most_fractions = 16;

// Columns whose quantiles are sought at once: a line of each row is read for several of them, as
// far as their keys take no more than some megabytes.
constexpr std::int64_t quantile_columns = 16;
constexpr std::int64_t quantile_rows = 256;

constexpr std::int64_t quantile_panel(std::int64_t n_rows) {
    return at_least(1, at_most(quantile_columns, (1 << 23) / at_least(1, n_rows)));
}

constexpr std::int64_t quantile_scratch(std::int64_t n_rows, std::int64_t columns) {
    return 8 * (quantile_rows * columns + (columns + 1) * (n_rows + 1));
}

// Scores of a bucket that is sorted in the cache, and how many samples say where a bucket ends. The
// heads of a ScoreMap have room for what comes of them: two buckets for `samples_per_bucket`
// samples at most, and one for each cell.
constexpr std::int64_t bucket_rows = 4096, samples_per_bucket = 8, most_score_samples = 1 << 14;

constexpr std::int64_t score_samples(std::int64_t n_rows) {
    const std::int64_t wanted = n_rows / bucket_rows * samples_per_bucket;
    return n_rows < 4 * bucket_rows ? 0 : at_most(most_score_samples, wanted);
}

// Ranges of rows whose scores are counted and placed one by one.
constexpr std::int64_t score_slots(std::int64_t n_rows) {
    return at_least(1, at_most(max_slots, n_rows >> 16));
}

// Elements of the rows that are normalised together.
constexpr std::int64_t batch_tile = 1024;

// Doubles that sums need, or the sorting of n values.
constexpr std::int64_t kind_scratch(Normalization kind, std::int64_t n) {
    return kind == Normalization::rank ? at_least(4 * moment_width, 4 * n) : 4 * moment_width;
}

// Columns of a group of rows that are normalised together.
constexpr std::int64_t batch_panel(std::int64_t n_rows) {
    return at_least(1, at_most(16, (1 << 20) / at_least(1, n_rows)));
}

constexpr std::int64_t batch_scratch(Normalization kind, std::int64_t n, std::int64_t columns) {
    return kind_scratch(kind, n) + at_least(batch_tile, columns * (n + 64));
}

}  // namespace
}  // namespace polyfuse
