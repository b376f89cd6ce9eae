"""Reports, each one HTML file: no network, no scripts, light and dark, readable aloud."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _html as html
from . import _report_comparison, _report_model, plotting
from ._arrays import require_number
from ._blocks import BlocksLike
from ._comparison import Comparison
from ._interchange import as_array
from ._missing import Present
from ._report_cards import require_pictures
from ._report_evaluation import evaluate
from ._report_folds import Model, Progress

__all__ = ["report", "write_report"]


def report(
    model: Model,
    blocks: BlocksLike,
    y: ArrayLike,
    path: str | os.PathLike[str] = "report.html",
    *,
    cv: int = 5,
    groups: ArrayLike | None = None,
    present: Present = None,
    title: str = "polyfuse",
    class_names: Sequence[str] | None = None,
    row_names: Sequence[str] | None = None,
    pictures: NDArray[np.uint8] | None = None,
    captions: Sequence[str] | None = None,
    random_state: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Write what a model of several modalities is worth, and why, as one HTML file.

    How good it is and how sure, against each modality alone; which modality did the work; what
    happens when one is missing; how modalities relate; which rows fusion fixes and which it
    breaks. The first sentence says whether fusion helps, and whether that may be luck.

    An unfitted model is cross-validated, and so are models of each modality alone. A fitted model
    is scored on the rows given, which must not be those that it was fitted on; its modalities
    alone are its parts then.

    Parameters
    ----------
    model : FusionClassifier or FusionRegressor
        Unfitted or fitted; it is left as it is. The report of numbers is shorter.
    blocks : dict, list or Blocks of array-like or CSR, each of shape (n_samples, n_features_i)
        Two or more, as for the model's `fit`; a row of a block that is all NaN is missing.
    y : array-like of shape (n_samples,)
        True labels, or numbers.
    path : path-like, default="report.html"
        Where to write; a file there is replaced, once the report is complete.
    cv : int, default=5
        Folds of an unfitted model, at least 2: rows drawn of each class alike, or whole `groups`.
    groups : array-like of shape (n_samples,), optional
        Rows of one group are held out together.
    present : dict or list of bool arrays of shape (n_samples,), optional
        Where modalities are there, beside what their values say.
    title : str, default="polyfuse"
        What the report is of; stands above the headline.
    class_names : sequence of str, optional
        Name of each class, in the order of the sorted labels; the labels by default.
    row_names : sequence of str of shape (n_samples,), optional
        What to call rows in tables; their positions by default.
    pictures : ndarray of shape (n_samples, height, width, 3), uint8, optional
        RGB pictures of the rows, for a gallery of what fusion changes.
    captions : sequence of str of shape (n_samples,), optional
        What each picture shows; needed with `pictures`.
    random_state : int, default=0
        Seed of all that is drawn: folds, resamples, permutations, modalities that go missing.
    progress : callable(step, n_steps), optional
        Called after each fit.

    Returns
    -------
    Path
        That of the file written.

    Raises
    ------
    ImportError
        If matplotlib is not installed: ``pip install polyfuse[plot]``.
    OSError
        If the file cannot be written.
    TypeError
        If `model` is neither.
    ValueError
        If there are fewer than two modalities or classes, a class is in one fold only, or an
        argument is not as described.

    References
    ----------
    Those of each method stand at the end of the report.

    Examples
    --------
    >>> import polyfuse as pf
    >>> data = pf.datasets.load_emoji()
    >>> pf.report(
    ...     pf.FusionClassifier(), data.blocks, data.y, class_names=data.target_names,
    ...     pictures=data.pictures, captions=data.names,
    ... )  # doctest: +SKIP
    PosixPath('report.html')
    """
    plotting.require_matplotlib()
    target = replaceable(path)
    require_number(random_state, "random_state", least=0, integer=True)
    n_rows = np.shape(as_array(y, "y"))[:1]
    _require_rows(n_rows, {"captions": captions, "row_names": row_names})
    require_pictures(pictures, captions, *n_rows)
    evaluation = evaluate(
        model, blocks, y, cv=cv, groups=groups, present=present, class_names=class_names,
        seed=random_state, progress=progress or (lambda *_: None),
    )  # fmt: skip
    content = html.page(
        f"{title}: does fusion help?",
        _report_model.sections(evaluation, title, pictures, captions, row_names, random_state),
    )
    _write_whole(target, content.encode("utf-8", "replace"))
    return target


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


def _require_rows(n_rows: tuple[int, ...], given: dict[str, Sequence[str] | None]) -> None:
    for name, texts in given.items():
        if texts is not None and (len(texts),) != n_rows:
            raise ValueError(f"{name} must have one entry per row of y; got {len(texts)}.")


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
