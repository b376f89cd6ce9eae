// A whole call: cut it into tasks, run them on the level in force, combine in order. One function
// per kernel of the contract (python/polyfuse/_kernels/contract.py), which is its specification.
#pragma once

#include "views.hpp"

namespace polyfuse {

void run_column_moments(const Block&, std::int64_t n_rows, const double* sample_weight,
                        std::int64_t leaf_rows, const Moments&);

void run_column_extrema(const Block&, std::int64_t n_rows, double* low, double* high);

void run_column_quantiles(const Block&, std::int64_t n_rows, const Quantiles&);

template <class T>
bool run_normalize_rows(const Block&, std::int64_t n_rows, Normalization, double least, const Out&);

template <class T>
void run_normalize_groups(const Block&, const Groups&, Normalization, const Out&);

template <class T>
std::int64_t run_fuse(const Rows&, const Out&);

void run_missing_rows(const Rows&, std::uint8_t* out);

// Of all rows, or of `count` that `index` names.
template <class T>
void run_linear_scores(const Rows&, const std::int64_t* index, std::int64_t count,
                       const Linear<T>&, T* out);

template <class T>
double run_loss_gradient(const Rows&, const Targets&, const Linear<T>&, const Linear<double>& grad);

// Of rows from `first` on of all, added to what max_slots slots hold: k * (d + 1) + 1 sums each.
template <class T>
void run_gradient_sums(const Rows&, std::int64_t first, const Targets&, const Linear<T>&,
                       double* sums);

template <class T>
double run_descend(const Rows&, const Epoch&, const Targets&, const Linear<T>& model,
                   const Linear<T>& velocity);

double run_dot(const double* a, const double* b, std::int64_t n);

// The parts come without room for them as chains: that is found here.
template <class T>
void run_chains(const Rows&, const Chains<T>&, ChainParts, const Visits&, bool exact);

template <class T>
void run_settle_chains(const Chains<T>&, ChainParts);

void run_shuffle(std::uint32_t seed, std::int64_t* order, std::int64_t n);

// Into k x k cells; weighted ones are doubles.
void run_confusion(const LabelPairs&, std::int64_t n, std::int64_t k, std::int64_t* cells);
void run_confusion(const LabelPairs&, const double* weight, std::int64_t n, std::int64_t k,
                   double* cells);

// Into 3 x k cells.
void run_label_sums(const LabelPairs&, std::int64_t n, std::int64_t k, std::int64_t* cells);
void run_label_sums(const LabelPairs&, const double* weight, std::int64_t n, std::int64_t k,
                    double* cells);

// Into n_probability_sums numbers and 2 x width tallies.
template <class T>
void run_probability_sums(const Labels&, std::int64_t low, const Probabilities<T>&, std::int64_t n,
                          double* sums, double* tallies);

// Into one of `sums` for each output.
void run_error_sums(const ErrorPairs&, ErrorKind, std::int64_t n, ErrorSums* sums);

// Into m x width means, of logarithms or not. Returns the first modality whose mean is not finite,
// or -1.
template <class T>
std::int64_t run_score_means(const Rows&, bool logs, double* means);

// Into n x m sizes, m sums of them and m x m of their products.
template <class T>
void run_contributions(const Rows&, bool logs, const double* means, const double* row_scale,
                       double* per_row, double* totals, double* products);

// Into 2^m counts, and 2 x m sums of Shapley values and of their squares.
template <class T>
void run_coalition_counts(const Rows&, const Verdict&, const double* baseline,
                          std::int64_t* counts, double* shares);

// Into m x n counts for n shifts. Returns how many rows are right as they are.
template <class T>
std::int64_t run_permuted_counts(const Rows&, const Verdict&, const Shifts&, std::int64_t* counts);

std::int64_t run_count_equal(const LabelPairs&, std::int64_t n);

LabelRange run_label_range(const Labels&, std::int64_t n);

std::int64_t run_encode_words(const std::uint32_t* words, std::int64_t n, std::int64_t width,
                              std::int64_t limit, std::int64_t* codes, std::int64_t* firsts);

// Without weights, and with them.
RankSums<std::int64_t> run_rank_sums(const Scores&, std::int64_t n);
RankSums<double> run_weighted_rank_sums(const Scores&, std::int64_t n);

// Returns the number of points.
std::int64_t run_score_curve(const Scores&, std::int64_t n, const ScoreCurve&);

}  // namespace polyfuse
