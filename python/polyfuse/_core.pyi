"""
The C++ kernels: polyfuse._kernels.contract, implemented.
"""
from __future__ import annotations
import numpy
import numpy.typing
import typing
__all__: list[str] = ['chain_fields', 'chain_losses', 'chains', 'coalition_counts', 'column_extrema', 'column_moments', 'column_quantiles', 'confusion', 'contributions', 'count_equal', 'descend', 'dot', 'encode_words', 'error_sums', 'errors', 'fuse', 'fusion_operators', 'gradient_sums', 'input_dtypes', 'isa_level', 'isa_levels', 'label_range', 'label_sums', 'limit_own_threads', 'limit_threads', 'linear_scores', 'loss_gradient', 'losses', 'missing_rows', 'name', 'normalizations', 'normalize_groups', 'normalize_rows', 'num_threads', 'part_fields', 'permuted_counts', 'probability_sums', 'rank_sums', 'score_curve', 'score_means', 'set_isa_level', 'settle_chains', 'shuffle']
def chain_fields() -> tuple[str, ...]:
    """
    Names of the fields of a chain.
    """
def chain_losses() -> tuple[str, ...]:
    """
    Names of what chains minimise.
    """
def chains(rows: tuple, order: numpy.typing.NDArray[numpy.int64], targets: numpy.typing.NDArray[numpy.float64], sample_weight: typing.Any, chains: numpy.ndarray, coef: numpy.ndarray, average: numpy.ndarray, met: numpy.ndarray, parts: numpy.ndarray, exact: bool) -> None:
    ...
def coalition_counts(rows: tuple, y: numpy.ndarray, low: typing.SupportsInt | typing.SupportsIndex, baseline: typing.Any, start: numpy.typing.NDArray[numpy.float64], nothing: typing.SupportsInt | typing.SupportsIndex, counts: numpy.typing.NDArray[numpy.int64], shares: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def column_extrema(values: numpy.ndarray, low: numpy.typing.NDArray[numpy.float64], high: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def column_moments(values: numpy.ndarray, sample_weight: typing.Any, leaf_rows: typing.SupportsInt | typing.SupportsIndex, count: numpy.typing.NDArray[numpy.float64], mean: numpy.typing.NDArray[numpy.float64], squares: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def column_quantiles(values: numpy.ndarray, fractions: numpy.typing.NDArray[numpy.float64], count: numpy.typing.NDArray[numpy.float64], below: numpy.typing.NDArray[numpy.float64], above: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def confusion(y_true: numpy.ndarray, y_pred: numpy.ndarray, low: typing.SupportsInt | typing.SupportsIndex, sample_weight: typing.Any, out: numpy.ndarray) -> None:
    ...
def contributions(rows: tuple, means: numpy.typing.NDArray[numpy.float64], row_scale: typing.Any, per_row: numpy.typing.NDArray[numpy.float64], totals: numpy.typing.NDArray[numpy.float64], products: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def count_equal(y_true: numpy.ndarray, y_pred: numpy.ndarray) -> int:
    ...
def descend(rows: tuple, order: numpy.typing.NDArray[numpy.int64], batch_size: typing.SupportsInt | typing.SupportsIndex, targets: numpy.typing.NDArray[numpy.float64], sample_weight: typing.Any, loss: str, steps: numpy.typing.NDArray[numpy.float64], alpha: typing.SupportsFloat | typing.SupportsIndex, momentum: typing.SupportsFloat | typing.SupportsIndex, nesterov: bool, coef: numpy.typing.NDArray[numpy.float64], intercept: numpy.typing.NDArray[numpy.float64], velocity: numpy.typing.NDArray[numpy.float64], fit_intercept: bool, total: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> float:
    ...
def dot(a: numpy.typing.NDArray[numpy.float64], b: numpy.typing.NDArray[numpy.float64]) -> float:
    ...
def encode_words(words: numpy.typing.NDArray[numpy.uint32], codes: numpy.typing.NDArray[numpy.int64], firsts: numpy.typing.NDArray[numpy.int64]) -> int:
    ...
def error_sums(y_true: numpy.ndarray, y_pred: numpy.ndarray, sample_weight: typing.Any, kind: typing.Any, out: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def errors() -> tuple[str, ...]:
    """
    Names of what is to be known of errors.
    """
def fuse(rows: tuple, out: numpy.ndarray) -> int:
    ...
def fusion_operators() -> tuple[str, ...]:
    """
    Names of the fold operators.
    """
def gradient_sums(rows: tuple, first: typing.SupportsInt | typing.SupportsIndex, targets: numpy.typing.NDArray[numpy.float64], sample_weight: typing.Any, coef: numpy.typing.NDArray[numpy.float64], intercept: numpy.typing.NDArray[numpy.float64], loss: str, sums: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def input_dtypes() -> tuple[str, ...]:
    """
    Names of the dtypes a block may have.
    """
def isa_level() -> str:
    """
    The level in force.
    """
def isa_levels() -> tuple[str, ...]:
    """
    Levels this CPU can run, lowest first.
    """
def label_range(y: numpy.ndarray) -> tuple:
    ...
def label_sums(y_true: numpy.ndarray, y_pred: numpy.ndarray, low: typing.SupportsInt | typing.SupportsIndex, sample_weight: typing.Any, out: numpy.ndarray) -> None:
    ...
def limit_own_threads(n: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    Let calls from this thread use no more than n threads; return what it was.
    """
def limit_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Let calls use no more than n threads.
    """
def linear_scores(rows: tuple, coef: numpy.typing.NDArray[numpy.float64], intercept: numpy.typing.NDArray[numpy.float64], out: numpy.ndarray, index: typing.Any = None) -> None:
    ...
def loss_gradient(rows: tuple, targets: numpy.typing.NDArray[numpy.float64], sample_weight: typing.Any, coef: numpy.typing.NDArray[numpy.float64], intercept: numpy.typing.NDArray[numpy.float64], loss: str, grad_coef: numpy.typing.NDArray[numpy.float64], grad_intercept: numpy.typing.NDArray[numpy.float64]) -> float:
    ...
def losses() -> tuple[str, ...]:
    """
    Names of the losses.
    """
def missing_rows(rows: tuple, out: numpy.typing.NDArray[numpy.bool]) -> None:
    ...
def normalizations() -> tuple[str, ...]:
    """
    Names of the ways to normalise a row.
    """
def normalize_groups(values: numpy.ndarray, order: typing.Any, starts: numpy.typing.NDArray[numpy.int64], kind: str, out: numpy.ndarray) -> None:
    ...
def normalize_rows(values: numpy.ndarray, kind: str, out: numpy.ndarray, least: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> bool:
    ...
def num_threads() -> int:
    """
    Threads a large call may use.
    """
def part_fields() -> tuple[str, ...]:
    """
    Names of the fields of a part of a chain.
    """
def permuted_counts(rows: tuple, y: numpy.ndarray, low: typing.SupportsInt | typing.SupportsIndex, order: numpy.typing.NDArray[numpy.int32], shifts: numpy.typing.NDArray[numpy.int64], start: numpy.typing.NDArray[numpy.float64], nothing: typing.SupportsInt | typing.SupportsIndex, counts: numpy.typing.NDArray[numpy.int64]) -> int:
    ...
def probability_sums(y: numpy.ndarray, low: typing.SupportsInt | typing.SupportsIndex, values: numpy.ndarray, sample_weight: typing.Any, eps: typing.SupportsFloat | typing.SupportsIndex, sums: numpy.typing.NDArray[numpy.float64], tallies: numpy.typing.NDArray[numpy.float64]) -> None:
    ...
def rank_sums(y_true: numpy.ndarray, positive: int, y_score: numpy.ndarray, sample_weight: typing.Any) -> tuple:
    ...
def score_curve(y_true: numpy.ndarray, positive: int, y_score: numpy.ndarray, sample_weight: typing.Any, thresholds: numpy.typing.NDArray[numpy.float64], tps: numpy.typing.NDArray[numpy.float64], fps: numpy.typing.NDArray[numpy.float64]) -> int:
    ...
def score_means(rows: tuple, means: numpy.typing.NDArray[numpy.float64]) -> int:
    ...
def set_isa_level(level: str) -> None:
    """
    Choose the level for the whole process.
    """
def settle_chains(chains: numpy.ndarray, coef: numpy.ndarray, average: numpy.ndarray, parts: numpy.ndarray) -> None:
    ...
def shuffle(seed: typing.SupportsInt | typing.SupportsIndex, order: numpy.typing.NDArray[numpy.int64]) -> None:
    ...
name: str = 'native'
