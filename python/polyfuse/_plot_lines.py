"""Lines over iterations and over amounts of damage; see ``polyfuse.plotting``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import as_vector, require_fields
from ._plot_labels import End, name_ends
from ._plot_style import (
    colour_of,
    dash_of,
    literal,
    marker_of,
    on_axes,
    plain,
    plain_ticks,
    tidy,
)

Curves = Mapping[str, Sequence[float]] | Sequence[float]


def loss_curve(curves: Curves, ax: Any = None, *, validation: Curves | None = None) -> Any:
    """Draw the loss after each iteration, one line per model.

    With `validation`, training losses are solid lines and validation losses dashed ones of the
    same colour, with a hollow end.

    Parameters
    ----------
    curves : dict of str to sequence of float, or one sequence of float
        Such as `loss_curve_` of a :class:`polyfuse.FusionClassifier`; each with a value at least.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    validation : as `curves`, optional
        Losses of rows held out, after the same iterations; of some or all of the models.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no curve, one has no value or one that is not finite, or `validation` names a
        model that `curves` does not.

    Examples
    --------
    >>> from polyfuse import plotting
    >>> ax = plotting.loss_curve(
    ...     {"image": [2.0, 1.2, 0.9], "text": [2.0, 0.8]}, validation={"image": [2.1, 1.5, 1.4]}
    ... )  # doctest: +SKIP
    """
    training, held_out = _losses(curves, "curves"), _losses(validation, "validation")
    if odd := set(held_out) - set(training):
        raise ValueError(f"validation must name curves, {list(training)}; got {min(odd)!r}.")
    ax = on_axes(ax, (6.4, 3.8))
    ends = []
    for i, (name, losses) in enumerate(training.items()):
        colour, dash = colour_of(i), "-" if held_out else dash_of(i)
        ends.append(_draw_losses(ax, name, losses, colour, dash, colour))
        if name in held_out:
            label = f"{name}, validation" if name else "validation"
            ends.append(_draw_losses(ax, label, held_out[name], colour, (0, (4, 2)), "none"))
    if min(end.y for end in ends) > 0.0:
        ax.set_yscale("log")
    ax.margins(x=0.02, y=0.08)
    ax.set_xlabel("iteration")
    ax.set_ylabel("loss; validation dashed" if held_out else "training loss")
    tidy(ax, grid="y")
    plain_ticks(ax, integer=True)
    if isinstance(curves, Mapping) or held_out:
        name_ends(ax, [end._replace(name=end.name or "training") for end in ends])
    return ax


def _losses(curves: Curves | None, argument: str) -> dict[str, NDArray[np.float64]]:
    if curves is None:
        return {}
    named = curves if isinstance(curves, Mapping) else {"": curves}
    if not named or any(len(losses) == 0 for losses in named.values()):
        raise ValueError(f"{argument} must hold at least one curve, each with a value; got none.")
    return {
        key: as_vector(losses, f"{argument}[{key!r}]" if named is curves else argument)
        for key, losses in named.items()
    }


def _draw_losses(
    ax: Any, name: str, losses: NDArray[np.float64], colour: str, dash: Any, fill: str
) -> End:
    x = np.arange(1, len(losses) + 1)
    ax.plot(x, losses, color=colour, linestyle=dash, linewidth=2.2)
    ax.plot(x[-1], losses[-1], "o", color=colour, markerfacecolor=fill, markersize=5)
    return End(plain(name), float(x[-1]), float(losses[-1]), colour)


def robustness_curve(result: Any, ax: Any = None) -> Any:
    """Draw how a score falls as the data get worse, one line per kind of damage.

    Parameters
    ----------
    result : RobustnessCurve
        Of :func:`polyfuse.inspection.robustness_curve`, or any object with the fields `levels` of
        shape (n_levels,), ascending; `names`, one per curve; `scores` of shape (n_levels,
        n_curves); `low` and `high`, of that shape or None, drawn as a band; `x_label`, what the
        levels are; and, if there is one, `metric`, what the scores are.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `result` has not these fields.
    ValueError
        If a field has not the shape it should have, or holds a value that is not finite.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from polyfuse import plotting
    >>> result = SimpleNamespace(
    ...     levels=[0.0, 0.5, 1.0], names=("image", "text"), low=None, high=None,
    ...     scores=[[0.9, 0.9], [0.7, 0.8], [0.4, 0.6]], x_label="rows without the modality",
    ... )
    >>> ax = plotting.robustness_curve(result)  # doctest: +SKIP
    """
    require_fields(result, "levels names scores low high x_label", "robustness_curve")
    levels = as_vector(result.levels, "result.levels")
    shape = (len(levels), len(result.names))
    if 0 in shape:
        raise ValueError("result must have at least one level and one curve; got none.")
    scores = _table(result.scores, "result.scores", shape)
    band = None
    if result.low is not None and result.high is not None:
        band = [_table(getattr(result, k), f"result.{k}", shape) for k in ("low", "high")]
    ax = on_axes(ax, (6.4, 3.8))
    ends = []
    for i, name in enumerate(result.names):
        colour = colour_of(i)
        if band:
            low, high = (end[:, i] for end in band)
            ax.fill_between(levels, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(
            levels, scores[:, i], marker_of(i), color=colour, linestyle=dash_of(i), linewidth=2.2,
            markersize=6,
        )  # fmt: skip
        ends.append(End(plain(name), levels[-1], scores[-1, i], colour))
    ax.margins(x=0.02, y=0.08)
    ax.set_xlabel(literal(result.x_label))
    score = getattr(result, "metric", "score")
    ax.set_ylabel(literal(score) + (", with interval" if band else ""))
    tidy(ax, grid="y")
    plain_ticks(ax)
    name_ends(ax, ends)
    return ax


def _table(values: Any, name: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    table = np.asarray(values, np.float64)
    if table.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; got {table.shape}.")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} must be finite; got {table[~np.isfinite(table)][0]}.")
    return table
