#include <algorithm>
#include <vector>

#include "dispatch/levels.hpp"
#include "dispatch/run.hpp"
#include "dispatch/threads.hpp"
#include "tiling.hpp"

namespace polyfuse {
namespace {

// task(slot, first, n) for fixed ranges of rows.
template <class Task>
void each_slot(std::int64_t n, std::int64_t n_slots, Task task) {
    const std::int64_t share = ceil_div(n, n_slots);
    parallel<char>(n_slots, n, 0, [&](std::int64_t slot, char*) {
        const std::int64_t first = at_most(n, slot * share);
        task(slot, first, at_most(share, n - first));
    });
}

// Sum cells over ranges of rows: count(first, n, cells) fills those of one, in its own type.
template <class Own, class Cell, class Count>
void sum_slots(std::int64_t n, std::int64_t n_cells, Cell* cells, Count count) {
    const std::int64_t n_slots = confusion_slots(n, n_cells);
    std::vector<Own> slots(static_cast<std::size_t>(n_slots * n_cells), Own{0});
    each_slot(n, n_slots, [&](std::int64_t slot, std::int64_t first, std::int64_t rows) {
        count(first, rows, slots.data() + slot * n_cells);
    });
    std::copy_n(slots.data(), n_cells, cells);
    for (std::int64_t slot = 1; slot < n_slots; ++slot)
        for (std::int64_t i = 0; i < n_cells; ++i) cells[i] += slots[slot * n_cells + i];
}

// Ranges of rows that are only looked through.
std::int64_t scan_slots(std::int64_t n) { return confusion_slots(n, 1); }

}  // namespace

void run_confusion(const LabelPairs& pairs, std::int64_t n, std::int64_t k, std::int64_t* cells) {
    sum_slots<std::uint32_t>(
        n, k * k, cells, [&](std::int64_t first, std::int64_t rows, std::uint32_t* own) {
            kernels().count_pairs(pairs, first, rows, nullptr, k, own);
        });
}

void run_confusion(const LabelPairs& pairs, const double* weight, std::int64_t n, std::int64_t k,
                   double* cells) {
    sum_slots<double>(n, k * k, cells, [&](std::int64_t first, std::int64_t rows, double* own) {
        kernels().weigh_pairs(pairs, first, rows, weight, k, own);
    });
}

void run_label_sums(const LabelPairs& pairs, std::int64_t n, std::int64_t k, std::int64_t* cells) {
    sum_slots<std::uint32_t>(
        n, 3 * k, cells, [&](std::int64_t first, std::int64_t rows, std::uint32_t* own) {
            kernels().count_labels(pairs, first, rows, nullptr, k, own);
        });
}

void run_label_sums(const LabelPairs& pairs, const double* weight, std::int64_t n, std::int64_t k,
                    double* cells) {
    sum_slots<double>(n, 3 * k, cells, [&](std::int64_t first, std::int64_t rows, double* own) {
        kernels().weigh_labels(pairs, first, rows, weight, k, own);
    });
}

std::int64_t run_count_equal(const LabelPairs& pairs, std::int64_t n) {
    std::vector<std::int64_t> equal(static_cast<std::size_t>(scan_slots(n)));
    each_slot(n, scan_slots(n), [&](std::int64_t slot, std::int64_t first, std::int64_t rows) {
        equal[static_cast<std::size_t>(slot)] = kernels().count_equal(pairs, first, rows);
    });
    std::int64_t sum = 0;
    for (const std::int64_t own : equal) sum += own;
    return sum;
}

LabelRange run_label_range(const Labels& labels, std::int64_t n) {
    std::vector<LabelRange> ranges(static_cast<std::size_t>(scan_slots(n)));
    each_slot(n, scan_slots(n), [&](std::int64_t slot, std::int64_t first, std::int64_t rows) {
        // The last ranges may be empty: they look at the first label again.
        ranges[static_cast<std::size_t>(slot)] =
            kernels().label_range(labels, rows ? first : 0, rows ? rows : 1);
    });
    LabelRange all = ranges[0];
    const auto less = [&](std::int64_t a, std::int64_t b) {
        return labels.dtype == DType::u64
                   ? static_cast<std::uint64_t>(a) < static_cast<std::uint64_t>(b)
                   : a < b;
    };
    for (const LabelRange& own : ranges) {
        if (less(own.low, all.low)) all.low = own.low;
        if (less(all.high, own.high)) all.high = own.high;
    }
    return all;
}

std::int64_t run_encode_words(const std::uint32_t* words, std::int64_t n, std::int64_t width,
                              std::int64_t limit, std::int64_t* codes, std::int64_t* firsts) {
    std::int64_t size = 16;
    while (size < 2 * limit) size *= 2;
    std::vector<WordSlot> table(static_cast<std::size_t>(size));
    return kernels().encode_words(words, n, width, limit, codes, firsts, table.data(), size);
}

}  // namespace polyfuse
