"""Write a comparison as one HTML file: no network, no scripts, light and dark, readable aloud."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import _html as html
from . import _report_comparison, plotting
from ._comparison import Comparison
from ._report_cards import require_pictures

__all__ = ["write_report"]


def write_report(
    path: str | os.PathLike[str],
    comparison: Comparison,
    *,
    title: str = "polyfuse",
    pictures: NDArray[np.uint8] | None = None,
    captions: Sequence[str] | None = None,
) -> None:
    """Write a comparison as one self-contained HTML file.

    The file is written under another name in the same folder and renamed when it is complete:
    `path` holds the whole report or what it held before.

    Parameters
    ----------
    path : path-like
        Where to write; a file there is replaced.
    comparison : Comparison
        Of :func:`polyfuse._comparison.compare`.
    title : str, default="polyfuse"
        What the comparison is of; stands above the headline.
    pictures : ndarray of shape (n_samples, height, width, 3), uint8, optional
        RGB pictures of all rows compared, for a gallery of what fusion changes.
    captions : sequence of str of shape (n_samples,), optional
        What each picture shows; needed with `pictures`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    OSError
        If the file cannot be written.
    ValueError
        If there are pictures without captions, or of another shape or dtype.

    Examples
    --------
    >>> from polyfuse import reporting
    >>> reporting.write_report("report.html", comparison)  # doctest: +SKIP
    """
    plotting.require_matplotlib()
    target = replaceable(path)
    require_pictures(pictures, captions, comparison.n_train + len(comparison.y_test))
    content = html.page(
        f"{title}: does fusion help?",
        _report_comparison.sections(comparison, title, pictures, captions),
    )
    _write_whole(target, content.encode("utf-8", "replace"))


def replaceable(path: str | os.PathLike[str]) -> Path:
    """The path, if a file can be made there.

    Raises
    ------
    OSError
        If its folder is missing or not writable, or it is something else than a regular file.
    ValueError
        If it holds a null byte.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r}")
    # Replacing /dev/null or a pipe by a file would be a nasty surprise.
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(target).st_mode):
            raise OSError(f"{str(target)!r} is not a regular file")
    try:
        _write_whole(target, None)
    except OSError as error:
        raise OSError(f"cannot write to {str(target)!r}: {error.strerror or error}") from error
    return target


def _write_whole(target: Path, content: bytes | None) -> None:
    """Write a sibling of the target and rename it; only try to, if there is no content."""
    temporary = target.with_name(f".polyfuse-{os.urandom(6).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content or b"")
        if content is not None:
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
