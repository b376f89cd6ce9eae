// How work is cut: tiles, slots and leaves, as functions of the shape alone. Results depend on
// these cuts (they fix the order of additions), so they never depend on threads or level.
#pragma once

#include <cstdint>

namespace polyfuse {
namespace {

constexpr std::int64_t at_least(std::int64_t a, std::int64_t b) { return a < b ? b : a; }
constexpr std::int64_t at_most(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Blocks folded in one sweep: as many streams as registers and the prefetcher carry with ease.
constexpr std::int64_t fold_group = 4;

// Tiles of scratch behind one staged tile: the tile, one per stream of a group, the accumulator.
constexpr std::int64_t stage_tiles = 1 + fold_group + 1;

// Elements of a tile that is written out: k inputs and one output of it stay in L1.
constexpr std::int64_t write_tile = 1024;

// A row longer than a tile is cut, a shorter one shares it.
constexpr std::int64_t write_scratch = stage_tiles * write_tile;

// Elements from one row to the next of whatever a learner reduces: a whole number of lanes, so
// that no loop has a tail. What is added behind a row is zero.
constexpr std::int64_t padded(std::int64_t width) { return (width + 15) / 16 * 16; }

// Rows of a tile that a learner consumes: the tile and its scores stay in half of L2.
constexpr std::int64_t learn_tile_rows(std::int64_t width, std::int64_t item_size) {
    return at_least(4, at_most(64, (256 << 10) / (padded(at_least(1, width)) * item_size)));
}

constexpr std::int64_t learn_scratch(std::int64_t width, std::int64_t n_outputs,
                                     std::int64_t item_size) {
    return learn_tile_rows(width, item_size) * (stage_tiles * padded(width) + n_outputs);
}

// Partial sums of a reduction over rows: enough for 16 threads, none with too little to do.
constexpr std::int64_t max_slots = 16;

constexpr std::int64_t gradient_slots(std::int64_t n_rows, std::int64_t tile_rows) {
    return at_least(1, at_most(max_slots, n_rows / (4 * tile_rows)));
}

constexpr std::int64_t confusion_slots(std::int64_t n_rows, std::int64_t n_labels) {
    const std::int64_t worth = n_rows / at_least(1 << 14, 4 * n_labels * n_labels);
    return at_least(1, at_most(max_slots, worth));
}

// Rows narrower than this are reduced 16 at a time; wider ones one by one, across the columns.
constexpr std::int64_t narrow = 16;

// Columns of a leaf that are staged at once.
constexpr std::int64_t moment_panel(std::int64_t leaf_rows) {
    return at_least(narrow, at_most(4096, 32768 / at_least(1, leaf_rows)));
}

constexpr std::int64_t moment_scratch(std::int64_t leaf_rows) {
    return leaf_rows * moment_panel(leaf_rows);
}

// Rows searched at once for extrema.
constexpr std::int64_t extrema_rows(std::int64_t width) {
    return at_least(16, at_most(1024, 8192 / at_least(1, width)));
}

}  // namespace
}  // namespace polyfuse
