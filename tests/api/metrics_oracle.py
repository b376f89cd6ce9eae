"""Metrics beside scikit-learn's: a comparison of values, errors and warnings; random targets."""

import re
import warnings

import numpy as np
import sklearn.metrics as sk_metrics

from polyfuse import metrics


def outcome(function, *args, **kwargs):
    """Value or exception, and warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function(*args, **kwargs)
        except Exception as error:
            value = error
    said = [(w.category.__name__, str(w.message)) for w in caught]
    # scikit-learn casts NaN to integers on its way to an error message.
    said = [w for w in said if w[1] != "invalid value encountered in cast"]
    return value, said


def assert_alike(ours, theirs, rtol, atol, note):
    assert type(ours) is type(theirs), note
    if isinstance(theirs, tuple):
        for a, b in zip(ours, theirs, strict=True):
            assert_alike(a, b, rtol, atol, note)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), note
        for name, value in theirs.items():
            assert_alike(ours[name], value, rtol, atol, note)
    elif isinstance(theirs, str):
        assert ours == theirs, note
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype, note
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, strict=True, err_msg=note)
    elif theirs is not None:
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=note)


def unordered(message):
    """The message with the members of {...} sorted: scikit-learn prints them in any order."""
    return re.sub(r"\{(.*)\}", lambda m: str(sorted(m[1].split(", "))), message)


def compare(name, *args, rtol=0.0, atol=0.0, **kwargs):
    ours, our_words = outcome(getattr(metrics, name), *args, **kwargs)
    theirs, their_words = outcome(getattr(sk_metrics, name), *args, **kwargs)
    note = f"{name}(*{args!r}, **{kwargs!r})"
    if isinstance(theirs, Exception):
        assert type(ours).__name__ == type(theirs).__name__, f"{note}: {ours!r}, {theirs!r}"
        assert unordered(str(ours)) == unordered(str(theirs)), note
    else:
        assert not isinstance(ours, Exception), f"{note}: {ours!r}"
        assert_alike(ours, theirs, rtol, atol, note)
    assert our_words == their_words, note
    return ours


LOOSE = {"rtol": 1e-13, "atol": 1e-15}


def files_warned_of(call):
    """The files that the warnings of a call point at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return {w.filename for w in caught}


# -- random targets ------------------------------------------------------------------------------

# Sets of labels, each with the types they are given in.
LABELS = {
    "zero_one": ([0, 1], ["bool", "int8", "uint8", "int64", "float64", "float16"]),
    "minus_one_one": ([-1, 1], ["int8", "int32", "int64", "float32"]),
    "one_two": ([1, 2], ["uint8", "int64", "float64"]),
    "one": ([1], ["bool", "int64"]),
    "seven": ([7], ["int64", "float64"]),
    "few": ([0, 1, 2], ["int16", "uint16", "int64", "float32"]),
    "from_one": (range(1, 11), ["int64", "uint32", "float64"]),
    "negative": ([-5, -3, 0, 4], ["int8", "int64", "float64"]),
    "gaps": ([3, 100, 101], ["uint8", "int64"]),
    "far": ([-(10**12), 0, 10**15], ["int64", "float64"]),
    "beyond_int64": ([0, 2**63, 2**64 - 1], ["uint64"]),
    "one_two_strings": (["1", "2"], ["U", "O"]),
    "strings": (["b", "a", "cherry"], ["U", "O"]),
}


def draw_targets(rng, labels, types, n_rows):
    """Targets that agree on many rows, from subsets of the labels: some labels may be missing."""
    labels = list(labels)
    with_holes = [x for x in labels if rng.random() < 0.8] or labels[:1]
    true = [labels[i] for i in rng.integers(0, len(labels), n_rows)]
    pred = [with_holes[i] for i in rng.integers(0, len(with_holes), n_rows)]
    agree = rng.random() * 1.2
    pred = [t if rng.random() < agree else p for t, p in zip(true, pred, strict=True)]
    kinds = [types[i] for i in rng.integers(0, len(types), 2)]
    pair = [np.array(y, dtype=kind) for y, kind in zip((true, pred), kinds, strict=True)]
    shape = rng.integers(0, 6)
    if shape == 0:
        pair = [y.tolist() for y in pair]
    elif shape == 1:
        pair[0] = pair[0].reshape(-1, 1)
    elif shape == 2:
        pair[1] = np.repeat(pair[1], 2)[::2]
    return pair


def draw_weights(rng, n_rows):
    """Weights that are not all zero, or None."""
    kind = rng.integers(0, 8)
    if kind < 4:
        return None
    counts = rng.integers(0, 3, n_rows)
    counts[0] = 1
    return [rng.random(n_rows), rng.random(n_rows).astype("float32"), counts, list(counts)][
        kind - 4
    ]


def draw_labels(rng, labels):
    """A choice of labels in any order, with one the data may not have; or None."""
    if rng.random() < 0.5:
        return None
    labels = [*labels, "zebra" if isinstance(labels[0], str) else 3]
    chosen = [labels[i] for i in rng.permutation(len(labels))[: rng.integers(1, len(labels) + 1)]]
    return np.array(chosen) if rng.random() < 0.5 else chosen


def cases(seed, count=40):
    """A generator, labels, targets of them, and weights."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        labels, types = LABELS[sorted(LABELS)[rng.integers(len(LABELS))]]
        n_rows = int(rng.integers(1, 60))
        y_true, y_pred = draw_targets(rng, labels, types, n_rows)
        yield rng, list(labels), y_true, y_pred, draw_weights(rng, n_rows)


def tolerance(weight):
    """Counts are exact; sums of weights are added in another order."""
    return {} if weight is None else {"rtol": 1e-13, "atol": 1e-15}


def draw_pair(rng, n, k=4, agree=0.6):
    """True and predicted labels 0 to k - 1; beyond chance, they agree in this share of the rows."""
    t = rng.integers(0, k, n)
    return t, np.where(rng.random(n) < agree, t, rng.integers(0, k, n))


def draw_numbers(seed, n=200, width=None):
    """The generator, positive numbers, and others that are within 40 percent of them."""
    rng = np.random.default_rng(seed)
    shape = (n,) if width is None else (n, width)
    y = rng.gamma(2.0, 3.0, shape) + 0.1
    return rng, y, y * rng.uniform(0.7, 1.4, shape)


# -- layouts -------------------------------------------------------------------------------------


def _unaligned(x):
    there = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    there[...] = x
    return there


def _field(x):
    rows = np.zeros(x.shape, [("before", "i1"), ("x", x.dtype)])
    rows["x"] = x
    return rows["x"]


def _read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


# What an array may look like in memory, of the same values.
LAYOUTS = {
    "strided": lambda x: np.repeat(x, 2, axis=0)[::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "column": lambda x: np.stack((x, x), axis=-1)[..., 0],
    "field": _field,
    "swapped": lambda x: x.astype(x.dtype.newbyteorder("S")),
    "unaligned": _unaligned,
    "read_only": _read_only,
    "fortran": lambda x: np.asfortranarray(x),
}


def assert_layouts_are_alike(name, y, score, layout, weight=None, **kwargs):
    """A metric of targets, scores and weights in a layout, alone and together."""
    alter = LAYOUTS[layout]
    short, narrow = alter(y.astype("int8")), alter(score.astype("float32"))
    pairs = ((alter(y), score), (y, alter(score)), (short, narrow), (alter(y.astype(float)), score))
    for targets, values in pairs:
        tolerance = {"rtol": 1e-5 if values is narrow else 1e-12}
        compare(name, targets, values, **kwargs, **tolerance)
        if weight is not None:
            compare(name, targets, values, sample_weight=alter(weight), **kwargs, **tolerance)
