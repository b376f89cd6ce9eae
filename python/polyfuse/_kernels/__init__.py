"""Which implementation of the contract runs: select, use, available.

The only module that imports ``_core``, and the only way from the public modules to a kernel.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

from ..exceptions import FallbackWarning
from .contract import Kernels
from .quota import cpu_quota

_MODULES = {
    "native": "polyfuse._core",
    "numba": f"{__name__}.jit",
    "numpy": f"{__name__}.reference",
}

_chosen: ContextVar[Kernels | None] = ContextVar("polyfuse_kernels", default=None)


@cache
def load(name: str) -> Kernels:
    """Import one implementation; ValueError if there is none of that name, else ImportError."""
    if name not in _MODULES:
        raise ValueError(f"backend must be one of {', '.join(_MODULES)}; got {name!r}")
    try:
        module = importlib.import_module(_MODULES[name])
    except ImportError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # as pybind11 reports all that it meets
            raise error.__cause__ from None
        raise ImportError(f"the {name!r} backend is not available here: {error}") from error
    if name == "native":
        module.isa_level()  # ValueError if POLYFUSE_ISA names no level
        quota = cpu_quota()
        if quota is not None and "OMP_NUM_THREADS" not in os.environ:
            module.limit_threads(quota)
    return cast(Kernels, module)


def _importable() -> Iterator[str]:
    """Names of the implementations that can be imported, in the order they are preferred."""
    for name in _MODULES:
        try:
            load(name)
        except ImportError:
            continue
        yield name


@cache
def available() -> tuple[str, ...]:
    """Names of the implementations that can be imported, in the order they are preferred."""
    return tuple(_importable())


@cache
def default() -> Kernels:
    """The implementation named by POLYFUSE_BACKEND, else the first that can be imported."""
    wanted = os.environ.get("POLYFUSE_BACKEND")
    if wanted:
        return load(wanted)
    best = next(_importable())
    if best != "native":
        # pip hides what a build prints, so the place to say this aloud is the first use.
        warnings.warn(
            "polyfuse was installed without its C++ kernels (no working C++ compiler was found) "
            f"and runs on {best}, which is slower. Install a compiler and reinstall polyfuse, or "
            f"set POLYFUSE_BACKEND={best} to accept this.",
            FallbackWarning,
            stacklevel=4,
        )
    return load(best)


def select() -> Kernels:
    """The implementation in force here."""
    return _chosen.get() or default()


@contextmanager
def use(backend: str) -> Iterator[None]:
    """Run the enclosed calls on one implementation of the kernels.

    The choice holds for the current thread or async task.

    Parameters
    ----------
    backend : {"native", "numba", "numpy"}
        C++, Numba or NumPy.

    Raises
    ------
    ValueError
        If `backend` is not one of the names.
    ImportError
        If that implementation is not available in this environment.

    Examples
    --------
    >>> import polyfuse as pf
    >>> with pf.use("numpy"):
    ...     pf.fusion.mean([[[1.0]], [[3.0]]])
    array([[2.]])
    """
    token = _chosen.set(load(backend))
    try:
        yield
    finally:
        _chosen.reset(token)


def isa_levels() -> tuple[str, ...]:
    """Instruction set levels this CPU can run, lowest first; empty without the C++ kernels."""
    core = _core()
    return () if core is None else tuple(core.isa_levels())


def isa_level() -> str | None:
    """The instruction set level in force, or None without the C++ kernels."""
    core = _core()
    return None if core is None else str(core.isa_level())


@contextmanager
def use_level(level: str) -> Iterator[None]:
    """Run the C++ kernels of one level, in the whole process (for tests and benches)."""
    core: Any = load("native")
    previous = core.isa_level()
    core.set_isa_level(level)
    try:
        yield
    finally:
        core.set_isa_level(previous)


def num_threads() -> int:
    """Number of threads the kernels in force may use."""
    return int(getattr(select(), "num_threads", lambda: 1)())


@contextmanager
def own_threads(n: int) -> Iterator[None]:
    """Let the C++ kernels use no more than n threads, in calls from this thread."""
    core = _core()
    if core is None:
        yield
        return
    before = core.limit_own_threads(n)
    try:
        yield
    finally:
        core.limit_own_threads(before)


@cache
def _core() -> Any:
    """The C++ kernels, if they are there; the others are not imported to find out."""
    try:
        return load("native")
    except ImportError:
        return None
