"""Steps and penalties of the blocks of an SGD model: ``block_eta`` and ``block_alpha``."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from numbers import Real
from typing import Any

from ._blocks import in_order
from ._chains import Pace, Samples


def paces_of(estimator: Any, samples: Samples) -> tuple[Pace, ...]:
    """The paces of columns, from left to right; none where all go at that of the estimator.

    Neighbouring blocks of one pace are one.

    Raises
    ------
    ValueError
        If a parameter does not fit the blocks.
    """
    blocks = samples.rows.blocks
    etas = _factors(estimator, "block_eta", samples)
    alphas = _factors(estimator, "block_alpha", samples)
    if estimator.penalty is None:
        alphas = [1.0] * len(blocks)
    paces: list[Pace] = []
    for block, eta, alpha in zip(blocks, etas, alphas, strict=True):
        width = int(block.values.shape[1])
        if paces and paces[-1][1:] == (eta, alpha):
            width += paces.pop().width
        paces.append(Pace(width, eta, alpha))
    return () if len(paces) == 1 and paces[0][1:] == (1.0, 1.0) else tuple(paces)


def _factors(estimator: Any, name: str, samples: Samples) -> list[float]:
    """A factor for each block, by a parameter of that name."""
    given, n = getattr(estimator, name), len(samples.rows.blocks)
    if given is None:
        return [1.0] * n
    names = samples.modalities
    if names is None:
        raise ValueError(
            f"{name}={given!r} needs X to be a list or dict of blocks; it is one matrix."
        )
    factors = in_order(given, names, name) if isinstance(given, Mapping) else list(given)
    if len(factors) != n:
        raise ValueError(f"{name} must have one entry per block, {n}; got {given!r}.")
    for block, factor in zip(names, factors, strict=True):
        if not isinstance(factor, Real) or not isfinite(factor) or factor < 0:
            raise ValueError(f"{name}[{block!r}] must be a number, 0 or more; got {factor!r}.")
    return [float(factor) for factor in factors]
