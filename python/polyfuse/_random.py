"""Random states, seeds and splits: scikit-learn's, draw for draw.

Who passes the ``random_state`` that scikit-learn was given gets the rows it held out and the order
it trained in. Draws are those of NumPy's legacy generator, whose streams are frozen.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import lru_cache
from math import ceil
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_INT = 2**31 - 1

RandomState = np.random.RandomState
Index = NDArray[np.int64]


def global_state() -> RandomState:
    """The generator behind ``np.random.seed`` and its like."""
    state: RandomState = np.random.mtrand._rand
    return state


def as_random_state(seed: Any) -> RandomState:
    """The generator that `seed` stands for: itself, a new one of that seed, or NumPy's global one.

    Raises
    ------
    ValueError
        If it stands for none.
    """
    if seed is None or seed is np.random:
        return global_state()
    if isinstance(seed, Integral):
        return RandomState(int(seed))
    if isinstance(seed, RandomState):
        return seed
    raise ValueError(f"{seed!r} cannot be used to seed a numpy.random.RandomState instance")


@lru_cache(maxsize=4096)
def seed_of_dataset(seed: int) -> int:
    """The seed of shuffling that scikit-learn draws second from a new generator.

    The first number drawn is for a part of its data sets that SGD does not use. To set a generator
    up takes longer than an epoch over a few rows, hence the cache.
    """
    state = RandomState(seed)
    state.randint(1, MAX_INT)
    return int(state.randint(MAX_INT))


def shuffle_split(n: int, fraction: float, seed: Any) -> Index:
    """Rows held out by the first split of scikit-learn's ``ShuffleSplit``."""
    _, n_test = _sizes(n, fraction)
    places: Index = as_random_state(seed).permutation(n)[:n_test].astype(np.int64)
    return places


def stratified_split(labels: NDArray, fraction: float, seed: Any) -> Index:
    """Rows held out by the first split of scikit-learn's ``StratifiedShuffleSplit``.

    Raises
    ------
    ValueError
        If a class has one member only, or there are fewer rows on a side than classes.
    """
    n_train, n_test = _sizes(len(labels), fraction)
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            "The least populated classes in y have only 1 member, which is too few. The minimum "
            "number of groups for any class cannot be less than 2. Classes with too few members "
            f"are: {classes[counts < 2].tolist()}"
        )
    for side, size in (("train", n_train), ("test", n_test)):
        if size < len(classes):
            raise ValueError(
                f"The {side}_size = {size} should be greater or equal to the number of classes = "
                f"{len(classes)}"
            )
    rng = as_random_state(seed)
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    trained = _shares(counts, n_train, rng)
    tested = _shares(counts - trained, n_test, rng)
    train, test = [], []
    for own, first, second in zip(members, trained, tested, strict=True):
        shuffled = own[rng.permutation(len(own))]
        train.append(shuffled[:first])
        test.append(shuffled[first : first + second])
    rng.permutation(np.concatenate(train))  # the draws count, where the generator is shared
    places: Index = rng.permutation(np.concatenate(test)).astype(np.int64)
    return places


def _sizes(n: int, fraction: float) -> tuple[int, int]:
    n_test = ceil(fraction * n)
    if n_test >= n:
        raise ValueError(
            f"With n_samples={n}, test_size={fraction} and train_size=None, the resulting train "
            "set will be empty. Adjust any of the aforementioned parameters."
        )
    return n - n_test, n_test


def _shares(counts: NDArray, n_draws: int, rng: RandomState) -> NDArray[np.intp]:
    """How many of each class to draw, in proportion; what rounding leaves goes by remainders.

    Classes of one remainder are chosen among at random.
    """
    wanted = counts / counts.sum() * n_draws
    shares = np.floor(wanted)
    missing = int(n_draws - shares.sum())
    remainder = wanted - shares
    for value in np.unique(remainder)[::-1]:
        if missing <= 0:
            break
        (alike,) = np.nonzero(remainder == value)
        chosen = rng.choice(alike, size=min(len(alike), missing), replace=False)
        shares[chosen] += 1
        missing -= len(chosen)
    whole: NDArray[np.intp] = shares.astype(np.intp)
    return whole


def folds(n: int, n_folds: int) -> Iterator[tuple[Index, Index]]:
    """Training and test rows of scikit-learn's ``KFold``, without shuffling."""
    if n_folds > n:
        raise ValueError(
            f"Cannot have number of splits n_splits={n_folds} greater than the number of samples: "
            f"n_samples={n}."
        )
    yield from _by_fold(np.repeat(np.arange(n_folds), [len(p) for p in _parts(n, n_folds)]))


def _parts(n: int, k: int) -> list[range]:
    sizes = [n // k + (i < n % k) for i in range(k)]
    return [range(size) for size in sizes]


def stratified_folds(labels: NDArray, n_folds: int) -> Iterator[tuple[Index, Index]]:
    """Training and test rows of scikit-learn's ``StratifiedKFold``, without shuffling.

    Warns
    -----
    UserWarning
        If a class has fewer members than there are folds.
    """
    _, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    codes = np.argsort(np.argsort(first))[codes]  # classes in the order in which they appear
    counts = np.bincount(codes)
    if (n_folds > counts).all():
        raise ValueError(
            f"n_splits={n_folds} cannot be greater than the number of members in each class."
        )
    if n_folds > counts.min():
        warnings.warn(
            f"The least populated class in y has only {counts.min()} members, which is less than "
            f"n_splits={n_folds}.",
            UserWarning,
            stacklevel=3,
        )
    ordered, fold = np.sort(codes), np.empty(len(codes), np.int64)
    shares = np.stack([np.bincount(ordered[i::n_folds], minlength=len(counts))
                       for i in range(n_folds)])  # fmt: skip
    for code in range(len(counts)):
        fold[codes == code] = np.repeat(np.arange(n_folds), shares[:, code])
    yield from _by_fold(fold)


def _by_fold(fold: NDArray) -> Iterator[tuple[Index, Index]]:
    for i in range(int(fold.max()) + 1):
        yield np.flatnonzero(fold != i), np.flatnonzero(fold == i)
