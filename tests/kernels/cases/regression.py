"""Sums of the errors of predicted numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from polyfuse._kernels.contract import ERRORS, INPUT_DTYPES

from ..arrays import LAYOUTS, lay_out, sprinkle
from ..case import Call, Case, frozen, rubbish
from ..tolerances import Close

FLOATS = (np.dtype("float32"), np.dtype("float64"))


def _errors(
    rng: np.random.Generator, dtype: np.dtype, kind: str, n: int, k: int, weighted: bool = False,
    kinds: tuple[str | None, str | None] = (None, None), layouts: tuple[str, str] = ("C", "C"),
    far: float = 0.0, specials: tuple[float, ...] = (), holes: bool = False,
) -> Call:  # fmt: skip
    """Positive numbers, of which some are 0; `holes`: whole tiles without weight."""
    t = (rng.gamma(2.0, 8.0, (n, k)) * (rng.random((n, k)) < 0.9) + far).astype(kinds[0] or dtype)
    p = (rng.gamma(2.0, 8.0, (n, k)) + far + 1.0).astype(kinds[1] or dtype)
    t, p = (sprinkle(rng, y, *specials) for y in (t, p))
    t, p = (lay_out(y, layout) for y, layout in zip((t, p), layouts, strict=True))
    weight = rng.uniform(0.0, 3.0, n) if weighted else None
    if holes and weight is not None:
        weight[: n // 2] = 0.0
    out = rubbish((2, 8, k))
    # What sums lack is below the last place of any of them.
    return Call((*frozen(t, p), weight, kind, out), (*out[0], out[1]))


def _case(
    id: str, make: partial[Call], dtypes: tuple[np.dtype, ...] = FLOATS, scale: float = 1.0
) -> Case:
    # Terms are of doubles whatever the dtype, and those of logarithms differ by some roundings.
    rows = tuple(Close(16, scale) for _ in range(8))
    return Case(f"errors-{id}", "error_sums", make, (*rows, Close(16, 1e9 * scale)), dtypes)


def regression_cases() -> Iterator[Case]:
    for kind in ERRORS:
        for n in (0, 1, 7, 1023, 3000):
            for k in (1, 3):
                for weighted in (False, True):
                    make = partial(_errors, kind=kind, n=n, k=k, weighted=weighted)
                    yield _case(f"{kind}-{n}-{k}" + "-weighted" * weighted, make)
        yield _case(f"{kind}-many", partial(_errors, kind=kind, n=700, k=130, weighted=True))
        holes = partial(_errors, kind=kind, n=5000, k=1, weighted=True, holes=True)
        yield _case(f"{kind}-holes", holes)
        for layout in LAYOUTS:
            for pair in {(layout, "C"): None, ("C", layout): None}:
                make = partial(_errors, kind=kind, n=1500, k=2, layouts=pair)
                yield _case(f"{kind}-{'-'.join(pair)}", make)
        for specials in ((np.nan,), (np.inf,), (-0.5, -2.0), (-0.0, 1e-40)):
            make = partial(_errors, kind=kind, n=300, k=2, specials=specials)
            yield _case(f"{kind}-{specials}", make)
    for kind in ("moments", "deviations"):
        make = partial(_errors, kind=kind, n=5000, k=1, far=1e9)
        yield _case(f"{kind}-far", make, FLOATS[1:])
    for dtype in INPUT_DTYPES:
        for other in ("float32", "float64"):
            make = partial(_errors, kind="squared", n=1100, k=2, kinds=(dtype.name, other))
            yield _case(f"{dtype}-{other}", make, FLOATS[1:])


def large_regression_cases() -> Iterator[Case]:
    for kind in ERRORS:
        make = partial(_errors, kind=kind, n=300_000, k=1)
        yield _case(f"large-{kind}", make, FLOATS[1:])
    for kind in ("squared", "deviations"):
        make = partial(_errors, kind=kind, n=50_000, k=7, weighted=True)
        yield _case(f"large-{kind}-weighted", make)
