"""The part of the contract that metrics stand on; its rules are those of ``contract``."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class MetricKernels(Protocol):
    """Labels that are counted, scores that are sorted, predictions held against what came true."""

    # -- ranking ---------------------------------------------------------------------------------

    def rank_sums(
        self, y_true: NDArray, positive: int, y_score: NDArray, sample_weight: NDArray | None
    ) -> tuple[float, float, float, float]:
        """What rows in descending order of their scores add up to, those of a score all at once.

        `y_true` are contiguous integers of any dtype, fewer than 2**32; rows with the label
        `positive` are positive. `y_score` is contiguous float32 or float64, without NaN; both
        zeros are equal. Returns the number of positive and of negative rows; of their pairs, twice
        those where the positive one has the greater score, plus those with equal scores; and the
        sum, over positive rows, of the positive rows down to their score divided by all rows down
        to it. Rows, and pairs, have a weight, or count: as ints then, and exactly.
        """

    def score_curve(
        self,
        y_true: NDArray,
        positive: int,
        y_score: NDArray,
        sample_weight: NDArray[np.float64] | None,
        thresholds: NDArray[np.float64],
        tps: NDArray[np.float64],
        fps: NDArray[np.float64],
    ) -> int:
        """The number, or weight, of positive and of negative rows down to each distinct score.

        Distinct scores in descending order are the `thresholds`; all outputs have room for a
        score for each row. Returns how many there are; what is behind them is left open. Rows
        are as in `rank_sums`. Weights are added one by one from the greatest score on, those of
        equal scores in the order of their rows.
        """

    # -- confusion -------------------------------------------------------------------------------

    def confusion(
        self,
        y_true: NDArray,
        y_pred: NDArray,
        low: int,
        sample_weight: NDArray[np.float64] | None,
        out: NDArray,
    ) -> None:
        """out[i, j] = number, or weight, of rows with true code i and predicted code j.

        A code is a label less `low`; labels are contiguous integers of any dtype. `out` is
        C-contiguous (k, k), int64 without weights and float64 with them. Rows with a code outside
        0..k-1 are passed over. Counts are exact; weights are added over fixed ranges of rows,
        combined in order.
        """

    def label_sums(
        self,
        y_true: NDArray,
        y_pred: NDArray,
        low: int,
        sample_weight: NDArray[np.float64] | None,
        out: NDArray,
    ) -> None:
        """Number, or weight, of rows with code j: both true and predicted, predicted, true.

        Those are the rows of `out`, of shape (3, k); all else is as in `confusion`.
        """

    def count_equal(self, y_true: NDArray, y_pred: NDArray) -> int:
        """Number of rows whose labels are the same 64 bits: integers, contiguous, of any dtype."""

    def label_range(self, y: NDArray) -> tuple[int, int]:
        """The least and the greatest of one or more contiguous integers of any dtype."""

    def encode_words(
        self, words: NDArray[np.uint32], codes: NDArray[np.int64], firsts: NDArray[np.int64]
    ) -> int:
        """The code of each row of `words` in `codes`, and the first row of each code in `firsts`.

        Equal rows have one code; codes are in the order of their first rows. Returns how many
        codes there are, or -1 if they are more than `firsts` has room for: what is in `codes` and
        `firsts` then is left open, as is `firsts` beyond the codes.
        """

    # -- probabilities ---------------------------------------------------------------------------

    def probability_sums(
        self,
        y: NDArray,
        low: int,
        values: NDArray,
        sample_weight: NDArray[np.float64] | None,
        eps: float,
        sums: NDArray[np.float64],
        tallies: NDArray[np.float64],
    ) -> None:
        """Losses of probabilities, and what has to be known of them first, in one sweep.

        `values` is C-contiguous (n, k) of float32 or float64; or (n,), which stands for the two
        columns [1 - p, p], the difference rounded to its own precision. The class of a row is its
        label less `low`; labels are contiguous integers of any dtype. With w = 1 without weights,
        and q = p clipped to [eps, 1 - eps] in the precision of `values`, overwrites::

            sums[0] = sum_i w_i * -log(q[i, class_i])           # rows with a class in 0..k-1
            sums[1] = sum_i w_i * sum_j ([j == class_i] - p[i, j])^2
            sums[2] = number of values that are not in [0, 1], as NaN is not
            sums[3] = number of rows with a class outside 0..k-1
            sums[4] = the largest |sum_j p[i, j] - 1| that is not NaN, or 0
            tallies[0, j], tallies[1, j] = number, and weight, of the rows of class j

        All in float64; sums run over fixed ranges of rows, combined in order.
        """

    # -- regression ------------------------------------------------------------------------------

    def error_sums(
        self,
        y_true: NDArray,
        y_pred: NDArray,
        sample_weight: NDArray[np.float64] | None,
        kind: str,
        out: NDArray[np.float64],
    ) -> None:
        """Sums over rows of what is to be known of the errors of each output, in one sweep.

        `y_true` and `y_pred` are blocks of shape (n, k), `kind` is one of ``contract.ERRORS``, and
        `out` is C-contiguous (2, 8, k): sums as the doubles next to them, and what those lack, or
        0 where they are not finite. With t and p of the two as doubles, e = t - p, and w = 1
        without weights, ``out[0]`` is in its rows::

            WEIGHT            sum_i w_i
            SUM               sum_i w_i * term
            SURPLUS           sum_i w_i * max(-e, 0)                       sides
            GREATEST          max_i |e|, NaNs passed over, or 0            absolute
            ERROR             the weighted mean of e                       deviations
            ERROR_SQUARES     sum_i w_i * (e - mean)^2                     deviations
            TARGET            the weighted mean of t                       moments, deviations
            TARGET_SQUARES    sum_i w_i * (t - mean)^2                     moments, deviations

        and zero where the kind is another. The term is

            squared, moments  e^2
            absolute          |e|
            sides             max(e, 0)
            percentage        |e| / max(|t|, 2^-52)
            logarithmic       (log(1 + t) - log(1 + p))^2
            poisson           2 (t log(t / p) - t + p)              t >= 0 and p > 0, else NaN
            gamma             2 (log(p / t) + t / p - 1)            t > 0 and p > 0, else NaN
            deviations        0

        Without weight a mean and squares are left open. Each sum is carried along with what it
        lacks, so that cuts of the rows show in the last place or two.
        """
