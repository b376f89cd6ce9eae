"""What runs here: version, implementation, instruction set level, threads."""

from __future__ import annotations

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
    from . import __version__

    backend = next(n for n in _kernels.available() if _kernels.load(n) is _kernels.select())
    levels = _kernels.isa_levels()
    level = f"{_kernels.isa_level()} (this CPU can run: {', '.join(levels)})"
    print(f"polyfuse {__version__}")
    print(f"backend:  {backend} (available: {', '.join(_kernels.available())})")
    print(f"isa:      {level if levels else 'none: built without the C++ kernels'}")
    print(f"threads:  {_kernels.num_threads()}")
