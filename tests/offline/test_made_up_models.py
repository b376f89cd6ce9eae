"""Files that are no saved models, by accident or by intent: an error for each, and no more."""

from __future__ import annotations

import json
import random
import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_cases import CASES, METHODS, THREE, fitted, saved
from numpy.typing import NDArray

import polyfuse as pf
from polyfuse import _safetensors
from polyfuse._kernels.contract import CHAIN
from polyfuse.exceptions import ModelFileError
from polyfuse.persistence import load


def written(tree: Any, arrays: dict[str, NDArray], folder: Path, **texts: str) -> Path:
    """A file with a right checksum."""
    text = tree if isinstance(tree, str) else json.dumps(tree)
    path = folder / "made-up"
    metadata = {"format": "polyfuse", "version": "1", "polyfuse": "9", "model": text, **texts}
    _safetensors.write(path, arrays, metadata, sync=False)
    return path


def refused(path: Path, message: str = "cannot be read as a model: ") -> None:
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500 + len(str(path))


def test_a_thousand_damaged_files(tmp_path: Path) -> None:
    path, draw = tmp_path / "m", random.Random(1)
    whole = saved(fitted("classifier, late"), tmp_path)
    for _ in range(1000):
        content = bytearray(whole)
        kind = draw.choice(["flip", "byte", "cut", "swap", "insert", "delete", "blank", "double"])
        a, b = sorted(draw.randrange(len(content)) for _ in range(2))
        if kind == "flip":
            content[a] ^= 1 << draw.randrange(8)
        elif kind == "byte":
            content[a] = (content[a] + draw.randrange(1, 256)) % 256
        elif kind == "cut":
            del content[a:]
        elif kind == "swap":
            n = draw.randrange(1, 64)
            content[a : a + n], content[b : b + n] = content[b : b + n], content[a : a + n]
        elif kind == "insert":
            content[a:a] = draw.randbytes(draw.randrange(1, 30))
        elif kind == "delete":
            del content[a : b + 1]
        elif kind == "blank":
            content[a : b + 1] = bytes(b + 1 - a)
        else:
            content[a:a] = content[a : b + 1]
        if content == whole:
            continue
        path.write_bytes(content)
        refused(path)


def mutated(draw: random.Random, tree: Any, arrays: dict[str, NDArray]) -> Any:
    """A tree and arrays with something else in them, in place."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        held = node.items() if isinstance(node, dict) else enumerate(node)
        for key, inner in held:
            places.append((node, key))
            if isinstance(inner, dict | list):
                walk(inner)

    if draw.random() < 0.6:
        walk(tree)
        (node, key), (other, its) = draw.choice(places), draw.choice(places)
        values = [
            None, True, 0, -1, 2**31, -(2**62), 0.5, "", "late", [], [1, 2], {"tuple": []},
            {"float": "nan"}, {"same": 0}, {"array": "coef_"}, deepcopy(other[its]),
        ]  # fmt: skip
        if draw.random() < 0.2:
            del node[key]
        else:
            node[key] = draw.choice(values)
        return
    name = draw.choice(list(arrays))
    array = arrays[name]
    changes = [
        array[:-1] if array.ndim else array, array.reshape(-1), array[None], array[..., None],
        np.concatenate([array.reshape(-1)] * 2), array.reshape(-1)[:0],
        array.astype(draw.choice(["f4", "i8", "u1", "?"])),
        np.full_like(array, draw.choice([0, 1])),
    ]  # fmt: skip
    arrays[name] = draw.choice(changes)


def test_made_up_models_raise_or_answer(tmp_path: Path) -> None:
    """Files with a right checksum and a wrong content: an exception here or there, no crash."""
    draw, loaded, errors = random.Random(2), 0, []
    files = []
    for name in ("standard", "robust", "sgd, fast", "sgd, blocks", "gd, two", "classifier, late",
                 "classifier, hybrid", "fusion of columns", "sweep"):  # fmt: skip
        saved(fitted(name), tmp_path)
        arrays, metadata = _safetensors.read(tmp_path / "again.safetensors")
        files.append((CASES[name][1:], metadata["model"], arrays))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(500):
            (data, y), text, arrays = draw.choice(files)
            tree, arrays = json.loads(text), dict(arrays)
            mutated(draw, tree, arrays)
            try:
                model = load(written(tree, arrays, tmp_path))
            except ModelFileError as error:
                errors.append(str(error))
                continue
            loaded += 1
            for method in (*METHODS, "partial_fit", "__repr__", "get_params"):
                rest = {"partial_fit": (data, *y), "__repr__": (), "get_params": ()}
                try:
                    getattr(model, method)(*rest.get(method, (data,)))
                except MemoryError:
                    raise
                except Exception:  # whatever it is, it is one of Python's
                    continue
    assert all(error.isprintable() and len(error) < 500 for error in errors)
    assert 50 < loaded < 400


DEEP = "[" * 100_000 + "]" * 100_000
UNSOUND: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "its model is not JSON"),
    "nested deep": (DEEP, "nested too deep"),
    "nested": ([[]], "holds a list, which is no model"),
    "nested too deep": ({"tuple": [json.loads("[" * 150 + "]" * 150)]}, "nested too deep"),
    "a scalar": (3, "holds a int, which is no model"),
    "a name of a function": ({"object": "os.system", "state": []}, "nothing is known of a class"),
    "a name of a module": ({"object": "polyfuse", "state": []}, "nothing is known of a class"),
    "a class that is a tuple": ({"object": "Raw", "state": []}, "nothing is known of a class"),
    "a tuple that is a class": ({"named": "Moments", "values": []}, "nothing is known of a tuple"),
    "an unknown kind": ({"pickle": "x"}, "nothing is known of a value with \\['pickle'\\]"),
    "more than a kind": ({"tuple": [], "x": 1}, "nothing is known of a value"),
    "no parameters": ({"object": "StandardScaler", "state": []}, "lacks 'copy'"),
    "a dunder": ({"dict": [], "x": 0}, "nothing is known of a value"),
    "a class as attribute": (
        {"object": "StandardScaler", "state": [["__class__", 1]]}, "attributes without a name"
    ),
    "lines": ({"array": "a\nb\x1b"}, r"there is no array 'a\\nb\\x1b'"),
    "no attribute": ({"object": "StandardScaler", "state": [[1, 1]]}, "without a name"),
    "no state": ({"object": "StandardScaler", "state": 5}, "a list was expected"),
    "an attribute twice": (
        {"object": "StandardScaler", "state": [["copy", 1], ["copy", 2]]}, "occurs twice"
    ),
    "no pairs": ({"dict": [[1]]}, "not pairs"),
    "a key that is a list": ({"dict": [[[], 1]]}, "no text or number"),
    "itself": ({"object": "StandardScaler", "state": [["copy", {"same": 0}]]}, "holds itself"),
    "what was not met": ({"same": 7}, "there is no instance 7"),
    "an array that is not there": ({"array": "a"}, "there is no array 'a'"),
    "a scalar that does not fit": ({"scalar": "int8", "value": 300}, "nothing of dtype 'int8'"),
    "a scalar of objects": ({"scalar": "object", "value": 300}, "nothing of dtype 'object'"),
    "a float that is none": ({"float": "__import__('os')"}, "is no float"),
    "an int that is none": ({"int": "0xzz"}, "no hexadecimal"),
    "an int that is no text": ({"int": True}, "a text was expected, not True"),
    "a dtype of objects": ({"dtype": "object"}, "nothing is known of a dtype"),
    "a slice of texts": ({"slice": ["a", None, None]}, "three whole numbers"),
    "an endless range": ({"range": [0, 1, 0]}, "a range is not"),
    "objects of another shape": ({"objects": [1], "shape": [2]}, "not of the shape"),
    "objects of a huge shape": ({"objects": [], "shape": [0, 2**60]}, "not of the shape"),
    "an unknown generator": (
        {"random": "Random", "state": {"dict": []}}, "nothing is known of a generator"
    ),
    "a generator of a list": (
        {"random": "Generator", "state": {"dict": [["bit_generator", []]]}}, "of a generator"
    ),
    "a generator without a state": (
        {"random": "Generator", "state": {"dict": [["bit_generator", "SFC64"]]}}, "a state of SFC64"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSOUND)
def test_made_up_trees_are_refused(tmp_path: Path, name: str) -> None:
    tree, message = UNSOUND[name]
    refused(written(tree, {}, tmp_path), message)


def test_values_met_again_and_again_do_not_fill_the_memory(tmp_path: Path) -> None:
    """Each scaler holds the one before twenty times: 20^n of them, if one looks at all."""
    node: Any = {"object": "StandardScaler", "state": [["copy", True], ["with_mean", True],
                                                       ["with_std", True]]}  # fmt: skip
    for n in range(12):
        more = [{"same": 12 - n}] * 20
        own = {"object": "AffineScaler",
               "state": [["copy", True], ["scale", [node, *more]], ["offset", 0.0]]}  # fmt: skip
        node = own
    refused(written(node, {}, tmp_path), "holds more than")


@pytest.mark.parametrize(
    ("array", "said", "message"),
    [
        (np.array([0x110000], np.uint32), {"of": "text"}, "a character that is none"),
        (np.array([65], np.uint8), {"of": "text"}, "text is not in numpy.ndarray"),
        (np.array(65, np.uint32), {"of": "text"}, "text is not in numpy.ndarray"),
        (np.empty((3, 0), np.uint8), {"of": "bytes"}, "bytes is not in numpy.ndarray"),
        (np.zeros(9, np.uint8), {"of": "CHAIN"}, "a record of CHAIN has 9 bytes"),
        (np.full(CHAIN.itemsize, 9, np.uint8), {"of": "CHAIN"}, "has no such loss"),
        (np.zeros(3), {"of": "object"}, "nothing is known of an array of 'object'"),
        (np.zeros(3), {"order": "C"}, "nothing is known of the order"),
        (np.zeros(3), {"of": "text", "order": "F"}, "nothing is known of an array with"),
    ],
)  # fmt: skip
def test_made_up_arrays_are_refused(
    tmp_path: Path, array: NDArray, said: dict[str, str], message: str
) -> None:
    refused(written({"array": "a", **said}, {"a": array}, tmp_path), message)


def test_an_array_stands_for_one_thing(tmp_path: Path) -> None:
    array = {"a": np.zeros((2, 3), np.uint8)}
    twice = [{"array": "a"}, {"array": "a", "of": "bytes"}]
    refused(written(twice, array, tmp_path), "stands for two things")
    refused(written([], array, tmp_path), "array 'a' stands for nothing")


@pytest.mark.parametrize(
    ("bits", "where", "position"),
    [("MT19937", "pos", 625), ("MT19937", "pos", -1), ("MT19937", "pos", 10**9),
     ("Philox", "buffer_pos", -1), ("Philox", "buffer_pos", 5), ("Philox", "buffer_pos", 10**30)],
)  # fmt: skip
def test_a_generator_does_not_look_beside_its_numbers(
    tmp_path: Path, bits: str, where: str, position: int
) -> None:
    """NumPy takes a position on trust, and would read what lies there in memory."""
    generator = np.random.Generator(getattr(np.random, bits)(5))
    saved(pf.linear_model.GDClassifier(random_state=generator), tmp_path)
    arrays, metadata = _safetensors.read(tmp_path / "again.safetensors")
    state = generator.bit_generator.state
    was = (state["state"] if bits == "MT19937" else state)[where]
    text = metadata["model"].replace(f'["{where}",{was}]', f'["{where}",{position}]')
    assert text != metadata["model"]
    refused(written(text, arrays, tmp_path), f"{where} must be from 0")


def test_attributes_that_do_not_fit_each_other(tmp_path: Path) -> None:
    for name, attribute, change in [
        ("sgd, labels", "coef_", lambda a: a[:, 1:]), ("sgd, labels", "coef_", lambda a: a[:2]),
        ("sgd, labels", "intercept_", lambda a: a[:2]),
        ("sgd, labels", "classes_", lambda a: a[:2]),
        ("standard", "mean_", lambda a: a[1:]), ("standard", "scale_", lambda a: a > 0),
        ("standard", "_moments._waiting", lambda a: a[:, 1:]),
        ("robust", "scale_", lambda a: a[None]),
        ("classifier, late", "coef_.text", lambda a: a[:, 1:]),
        ("classifier, late", "weights_", lambda a: a[1:]),
        ("classifier, hybrid", "_together.coefs.0", lambda a: a[:1]),
        ("sgd, fast", "_raw.0.0.coef", lambda a: a[1:]),
        ("gd, blocks", "_progress.moved", lambda a: a[:, 1:]),
    ]:  # fmt: skip
        model = fitted(name)
        if "_progress" in attribute:
            model = deepcopy(CASES[name][0]).partial_fit(CASES[name][1], THREE, np.unique(THREE))
        saved(model, tmp_path)
        arrays, metadata = _safetensors.read(tmp_path / "again.safetensors")
        arrays[attribute] = np.ascontiguousarray(change(arrays[attribute]))
        refused(written(metadata["model"], arrays, tmp_path), " is unsound|are unsound")


def test_versions_and_files_of_others(tmp_path: Path) -> None:
    tree = json.dumps({"object": "StandardScaler", "state": []})
    refused(written(tree, {}, tmp_path, version="2"), "version 2.*'9'.*install a newer one")
    refused(written(tree, {}, tmp_path, version="9" * 5000), "it has no version")
    refused(written(tree, {}, tmp_path, version="²"), "it has no version")
    refused(written(tree, {}, tmp_path, format="pt"), "which polyfuse has not written")
    safetensors = pytest.importorskip("safetensors.numpy")
    safetensors.save_file({"weight": np.zeros(3)}, tmp_path / "theirs")
    refused(tmp_path / "theirs", "not an object of texts|no checksum")
