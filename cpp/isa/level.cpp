// The only file compiled once per instruction set level, with that level's flags. All it sees of
// the kernels is in anonymous namespaces; all it exports is one table.
#include "dispatch/table.hpp"
#include "kernels/batches.hpp"
#include "kernels/chain_parts.hpp"
#include "kernels/chains.hpp"
#include "kernels/confusion.hpp"
#include "kernels/confusion_words.hpp"
#include "kernels/fusion.hpp"
#include "kernels/inspection.hpp"
#include "kernels/inspection_coalitions.hpp"
#include "kernels/inspection_permutations.hpp"
#include "kernels/normalization.hpp"
#include "kernels/probabilities.hpp"
#include "kernels/ranking.hpp"
#include "kernels/ranking_scores.hpp"
#include "kernels/regression.hpp"
#include "kernels/sgd.hpp"

namespace polyfuse::POLYFUSE_LEVEL {

extern const Table table;
constinit const Table table{
    {normalize_rows<float>, normalize_group<float>, fuse<float>, linear_scores<float>,
     add_gradient<float>, descend<float>, chains<float>, settle_chains<float>,
     parted_chains<float>, settle_parts<float>, sum_probabilities<float>,
     sum_scores<float>, measure_contributions<float>, count_coalitions<float>, count_permuted<float>},
    {normalize_rows<double>, normalize_group<double>, fuse<double>, linear_scores<double>,
     add_gradient<double>, descend<double>, chains<double>, settle_chains<double>,
     parted_chains<double>, settle_parts<double>, sum_probabilities<double>,
     sum_scores<double>, measure_contributions<double>, count_coalitions<double>, count_permuted<double>},
    leaf_moments,
    merge_moments,
    column_extrema,
    column_quantiles,
    missing_rows,
    dot,
    count_pairs<std::uint32_t>,
    count_pairs<double>,
    sum_labels<std::uint32_t>,
    sum_labels<double>,
    count_equal,
    label_range,
    encode_words,
    sum_errors,
    merge_errors,
    map_scores,
    count_scores,
    sum_weights,
    {place_scores<Ranked>, sort_items<Ranked>, sum_ranks<Ranked>, count_distinct<Ranked>,
     trace_scores<Ranked>},
    {place_scores<WeightedRanked>, sort_items<WeightedRanked>, sum_ranks<WeightedRanked>,
     count_distinct<WeightedRanked>, trace_scores<WeightedRanked>},
};

}  // namespace polyfuse::POLYFUSE_LEVEL
