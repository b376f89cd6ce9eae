"""Blocks brought to one width by scikit-learn's projections, so that they can be folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import kind_of, one_block, one_of, require_number, result_dtype
from ._blocks import in_order
from ._estimator import unfitted
from ._kernels.contract import Affine, Block
from ._missing import require_some_rows, rows_there

PROJECTIONS = ("pca", "random")

Projection = str | Mapping[str, Any] | Any | None


def make_projections(names: list[str], projection: Projection, n_components: Any) -> list[Any]:
    """A new transformer for each block, None for one that stays as it is.

    Raises
    ------
    ImportError
        If scikit-learn is needed and not installed.
    ValueError
        If `projection` or `n_components` is not as described in :func:`polyfuse.fusion.fuse`.
    """
    if isinstance(projection, Mapping):
        each = in_order(projection, names, "projection")
    else:
        each = [projection] * len(names)
    if any(isinstance(one, str) for one in each):
        require_number(n_components, "n_components", least=1, integer=True)
    elif n_components is not None:
        raise ValueError(
            "n_components goes with projection='pca' or 'random'; a transformer knows its own; "
            f"got {n_components!r}."
        )
    return [_new(one, n_components) for one in each]


def _new(projection: Any, n_components: int) -> Any:
    if projection is None:
        return None
    if not isinstance(projection, str):
        transforms = hasattr(projection, "fit") and hasattr(projection, "transform")
        if isinstance(projection, type) or not transforms:
            hint = f": write {projection.__name__}(...)" if transforms else ""
            raise TypeError(
                "projection must be 'pca', 'random', a transformer with fit and transform, or a "
                f"dict of these; got {kind_of(projection)}{hint}."
            )
        return unfitted(projection)
    one_of(projection, "projection", PROJECTIONS)
    try:
        from sklearn.decomposition import PCA  # type: ignore[import-untyped,unused-ignore]
        from sklearn.random_projection import (  # type: ignore[import-untyped,unused-ignore]
            GaussianRandomProjection,
        )
    except ImportError as error:
        raise ImportError(
            f"projection={projection!r} needs scikit-learn: pip install 'polyfuse[sklearn]'."
        ) from error
    if projection == "pca":
        return PCA(n_components, random_state=0)
    return GaussianRandomProjection(n_components, random_state=0)


def fit_project(
    names: list[str], blocks: Sequence[Block], projections: Sequence[Any]
) -> list[Block]:
    """Fit each projection on its block, scaled, and return the blocks projected."""
    return [
        _projected(name, block, projection, None)
        for name, block, projection in zip(names, blocks, projections, strict=True)
    ]


def project(
    names: list[str], blocks: Sequence[Block], projections: Sequence[Any], widths: Sequence[int]
) -> list[Block]:
    """Return the blocks, scaled and projected by fitted projections that make so many columns."""
    return [
        _projected(name, block, projection, width)
        for name, block, projection, width in zip(names, blocks, projections, widths, strict=True)
    ]


def _projected(name: str, block: Block, projection: Any, width: int | None) -> Block:
    """Rows that are missing are kept from the projection, and missing in what it makes.

    It is fitted here, to some rows at least, unless its width is known.
    """
    if projection is None:
        return block
    there = rows_there(block)
    if width is None:
        require_some_rows(name, there, "projection")
    elif not there.any():
        nothing = np.full((len(there), width), np.nan, result_dtype((block.values,)))
        return Block(nothing, None, block.present)
    x = _scaled(block)
    x = x if there.all() else x[there]
    try:
        z = np.asarray((projection.fit(x) if width is None else projection).transform(x))
    except ValueError as error:
        raise ValueError(f"blocks[{name!r}] cannot be projected: {error}") from error
    if not there.all():
        found = np.full((len(there), z.shape[1]), np.nan, result_dtype((z,)))
        found[there] = z
        z = found
    return Block(z, None, block.present)


def _scaled(block: Block) -> NDArray:
    values: NDArray = block.values
    affine: Affine | None = block.affine
    if affine is None:
        return values
    dtype = result_dtype((block.values,))
    scaled = np.empty(block.values.shape, dtype)
    _kernels.select().fuse(one_block(block._replace(present=None), dtype), scaled)
    return scaled
