"""What runs here: version, implementation, instruction set level, threads."""

from __future__ import annotations

from typing import Any

from . import _kernels


def show_config() -> None:
    """Print the version, the kernels in force, the instruction set level and the threads.

    Examples
    --------
    >>> import polyfuse as pf
    >>> pf.show_config()  # doctest: +SKIP
    polyfuse 0.1.0
    backend:  native (available: native, numba, numpy)
    isa:      avx512 (this CPU can run: baseline, avx2, avx512)
    threads:  2
    """
    now = config()
    levels = now["isa_levels"]
    level = f"{now['isa']} (this CPU can run: {', '.join(levels)})"
    print(f"polyfuse {now['polyfuse']}")
    print(f"backend:  {now['backend']} (available: {', '.join(now['backends'])})")
    print(f"isa:      {level if levels else 'none: built without the C++ kernels'}")
    print(f"threads:  {now['threads']}")


def config() -> dict[str, Any]:
    """What :func:`show_config` prints, by name."""
    from . import __version__

    levels = _kernels.isa_levels()
    return {
        "polyfuse": __version__,
        "backend": next(n for n in _kernels.available() if _kernels.load(n) is _kernels.select()),
        "backends": list(_kernels.available()),
        "isa": _kernels.isa_level() if levels else None,
        "isa_levels": list(levels),
        "threads": _kernels.num_threads(),
    }
