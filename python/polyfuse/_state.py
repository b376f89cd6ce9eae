"""What estimators hold, as JSON and plain arrays, and back: data, never code.

JSON stands for itself: None, booleans, whole numbers, floats, texts and lists. All else is an
object that says what it is: ``{"tuple": [...]}``, ``{"array": "coef_"}`` for an array by its name,
``{"object": "StandardScaler", "state": [[name, value], ...]}`` for an instance of a class that
:mod:`polyfuse._state_classes` lists. Names are looked up in that list and nowhere else. An instance
that is met again is ``{"same": n}``, the n-th of those before it, and one array has one name: what
was one thing is one thing again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import kind_of, short
from ._blocks import Position
from ._kernels.contract import INPUT_DTYPES
from ._state_arrays import RECORDS, Arrays, Taken, as_array, is_array
from ._state_checks import require_sound
from ._state_classes import (
    BIT_GENERATORS,
    GENERATORS,
    LEFT_OUT,
    advice,
    classes,
    generator_of,
    names_of_classes,
)
from .exceptions import ModelFileError

Tree = Any
"""What JSON can hold."""

_INT64 = range(-(2**63), 2**63)
_SCALARS = {dtype.name: dtype.type for dtype in (*INPUT_DTYPES, np.dtype("str"))}
# Of values inside each other, and of values together, those met again counted again: beyond
# all models, and small enough that no text of one fills the memory.
_DEEPEST, _MOST = 100, 20_000_000


def pack(value: Any, name: str = "") -> tuple[Tree, dict[str, NDArray]]:
    """What a value holds, as JSON and arrays of booleans, integers and floats.

    Parameters
    ----------
    value : object
        None, booleans, numbers, texts, arrays; lists, tuples, dicts, slices, generators of NumPy,
        estimators of this library and what they hold, of such values.
    name : str, default=""
        What to call it in errors.

    Returns
    -------
    tree : what ``json.dumps`` takes
    arrays : dict of str to ndarray
        By names that tell where they are held. They are not copied.

    Raises
    ------
    TypeError
        If something is none of these, or holds itself: the message says what and where.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse._state import pack, unpack
    >>> tree, arrays = pack({"rows": (3, np.arange(3))})
    >>> tree
    {'dict': [['rows', {'tuple': [3, {'array': 'rows.1'}]}]]}
    >>> unpack(tree, arrays)
    {'rows': (3, array([0, 1, 2]))}
    """
    packer = _Packer(name)
    try:
        return packer.pack(value, ()), packer.arrays.named
    except RecursionError:
        raise TypeError(f"{name or 'the value'} is nested too deep, or holds itself.") from None


def unpack(tree: Tree, arrays: dict[str, NDArray]) -> Any:
    """The value that was packed.

    Parameters
    ----------
    tree, arrays
        As from :func:`pack`; maybe from an enemy. Arrays become part of the value.

    Raises
    ------
    ModelFileError
        If they are not what `pack` makes of any value, or an instance would be unsound.
    """
    unpacker = _Unpacker(arrays)
    try:
        value = unpacker.unpack(tree, 0)
    except RecursionError:
        raise ModelFileError("values are nested too deep") from None
    unpacker.arrays.require_used()
    return value


class _Packer:
    """One value on its way to JSON."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.arrays = Arrays()
        self.numbers: dict[int, int] = {}  # of instances met, by id
        self.open: set[int] = set()  # what a value is held by
        self.kept: list[Any] = []  # alive, so that no id is given twice

    def pack(self, value: Any, path: tuple[str, ...]) -> Tree:
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            return value if value in _INT64 else {"int": hex(value)}
        if kind is float:
            return value if np.isfinite(value) else {"float": repr(value)}
        if isinstance(value, np.generic) and value.dtype.name.rstrip("0123456789") == "str":
            return {"scalar": "str", "value": str(value)}
        if isinstance(value, np.generic) and value.dtype.name in _SCALARS:
            return {"scalar": value.dtype.name, "value": self.pack(value.item(), path)}
        if is_array(value):
            return self._array(value, path)
        if kind is Position:
            return {"position": str(value)}
        if isinstance(value, np.dtype) and value in INPUT_DTYPES:
            return {"dtype": value.name}
        return self._held(value, path)

    def _array(self, value: Any, path: tuple[str, ...]) -> Tree:
        if isinstance(value, np.ma.MaskedArray):
            parts = np.ma.getdata(value), np.ma.getmaskarray(value)
            return {"masked": self._all(parts, path)}
        if value.dtype.kind == "O":
            return {"objects": self._all(value.ravel().tolist(), path), "shape": [*value.shape]}
        where = self._where(path)
        return self.arrays.put(value, ".".join(path) or "value", where)

    def _held(self, value: Any, path: tuple[str, ...]) -> Tree:
        """What may hold other values."""
        if id(value) in self.numbers and id(value) not in self.open:
            return {"same": self.numbers[id(value)]}
        if id(value) in self.open:
            raise TypeError(f"{self._where(path)} holds itself, which no file can tell.")
        self.open.add(id(value))
        self.kept.append(value)
        kind = type(value)
        if kind is list:
            packed: Tree = self._all(value, path)
        elif kind is tuple:
            packed = {"tuple": self._all(value, path)}
        elif kind is dict:
            packed = {"dict": self._pairs(value, path)}
        elif kind in (slice, range):
            packed = {kind.__name__: self._all((value.start, value.stop, value.step), path)}
        else:
            packed = self._instance(value, kind, path)
        self.open.discard(id(value))
        return packed

    def _all(self, values: Any, path: tuple[str, ...]) -> list[Tree]:
        return [self.pack(value, (*path, str(i))) for i, value in enumerate(values)]

    def _pairs(self, held: dict[Any, Any], path: tuple[str, ...]) -> list[list[Tree]]:
        pairs = []
        for key, value in held.items():
            plain = key is None or isinstance(key, str | int | float | np.generic)
            if not plain:
                raise TypeError(
                    f"{self._where(path)} has a key that is a {kind_of(key)}, which is not saved."
                )
            own = (*path, str(key))
            pairs.append([self.pack(key, own), self.pack(value, own)])
        return pairs

    def _instance(self, value: Any, kind: type, path: tuple[str, ...]) -> Tree:
        if isinstance(value, np.void) and value.dtype in RECORDS.values():
            return self._array(np.array(value), path)
        name = names_of_classes().get(kind)
        if kind in GENERATORS.values():
            self.numbers[id(value)] = len(self.numbers)
            return self._generator(value, kind, path)
        if name is None:
            raise TypeError(
                f"{self._where(path)} holds a {kind_of(value)}, which is not saved: a file of "
                f"a model is data{advice(value)}."
            )
        if issubclass(kind, tuple):
            fields = zip(kind._fields, value, strict=True)  # type: ignore[attr-defined]
            return {"named": name, "values": [self.pack(x, (*path, k)) for k, x in fields]}
        self.numbers[id(value)] = len(self.numbers)
        held = {key: own for key, own in vars(value).items() if key not in LEFT_OUT}
        return {"object": name, "state": self._pairs(held, path)}

    def _generator(self, value: Any, kind: type, path: tuple[str, ...]) -> Tree:
        """Where a generator of NumPy stands."""
        old = isinstance(value, np.random.RandomState)
        state: Any = value.get_state(legacy=False) if old else value.bit_generator.state
        if state["bit_generator"] not in BIT_GENERATORS:
            raise TypeError(
                f"{self._where(path)} draws from {state['bit_generator']}, which is not saved; "
                f"{', '.join(BIT_GENERATORS)} are."
            )
        return {"random": kind.__name__, "state": self.pack(state, path)}

    def _where(self, path: tuple[str, ...]) -> str:
        return ".".join((self.name, *path) if self.name else path) or "the value"


class _Unpacker:
    """One value on its way from JSON."""

    def __init__(self, arrays: dict[str, NDArray]) -> None:
        self.arrays = Taken(arrays)
        self.instances: list[Any] = []
        self.sizes: list[int] = []  # of each, with all that it holds; 0 while it is being read
        self.count = 0
        self.kinds: dict[str, tuple[set[str], Callable[[Any, int], Any]]] = {
            "int": ({"int"}, self._int),
            "float": ({"float"}, self._float),
            "scalar": ({"scalar", "value"}, self._scalar),
            "position": ({"position"}, lambda node, _: Position(_text(node["position"]))),
            "dtype": ({"dtype"}, self._dtype),
            "tuple": ({"tuple"}, lambda node, deep: tuple(self._all(node["tuple"], deep))),
            "dict": ({"dict"}, lambda node, deep: self._pairs(node["dict"], deep)),
            "slice": ({"slice"}, self._slice),
            "range": ({"range"}, self._range),
            "masked": ({"masked"}, self._masked),
            "objects": ({"objects", "shape"}, self._objects),
            "named": ({"named", "values"}, self._named),
            "object": ({"object", "state"}, self._object),
            "random": ({"random", "state"}, self._random),
            "same": ({"same"}, self._same),
        }

    def unpack(self, tree: Tree, deep: int) -> Any:
        self._count(1)
        if deep > _DEEPEST:
            raise ModelFileError("values are nested too deep")
        if tree is None or isinstance(tree, bool | int | float | str):
            return tree
        if isinstance(tree, list):
            return self._all(tree, deep)
        kind = next(iter(tree), "") if isinstance(tree, dict) else ""
        if kind == "array":
            return as_array(tree, self.arrays)
        keys, read = self.kinds.get(kind, (set(), None))
        if read is None or set(tree) != keys:
            raise ModelFileError(f"nothing is known of a value with {short(list(tree))}")
        return read(tree, deep + 1)

    def _count(self, n: int) -> None:
        self.count += n
        if self.count > _MOST:
            raise ModelFileError(f"it holds more than {_MOST} values")

    def _all(self, trees: Tree, deep: int) -> list[Any]:
        if not isinstance(trees, list):
            raise ModelFileError(f"a list was expected, not {short(trees)}")
        return [self.unpack(tree, deep + 1) for tree in trees]

    def _pairs(self, trees: Tree, deep: int) -> dict[Any, Any]:
        pairs = self._all(trees, deep)
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            raise ModelFileError("a dict is not pairs of keys and values")
        keys = [key for key, _ in pairs]
        if not all(key is None or isinstance(key, str | int | float | np.generic) for key in keys):
            raise ModelFileError("a key of a dict is no text or number")
        held = dict(pairs)
        if len(held) != len(pairs):
            raise ModelFileError("a key of a dict occurs twice")
        return held

    def _int(self, node: Tree, _: int) -> int:
        text = _text(node["int"])
        try:
            return int(text, 16)
        except ValueError:
            raise ModelFileError(f"{short(text)} is no hexadecimal number") from None

    def _float(self, node: Tree, _: int) -> float:
        if node["float"] not in ("nan", "inf", "-inf"):
            raise ModelFileError(f"{short(node['float'])} is no float")
        return float(node["float"])

    def _scalar(self, node: Tree, deep: int) -> Any:
        kind, value = _SCALARS.get(_text(node["scalar"])), self.unpack(node["value"], deep)
        try:
            if kind is None or not isinstance(value, bool | int | float | str):
                raise TypeError
            made = kind(value)
            if made.item() != value and value == value:
                raise ValueError
        except (TypeError, ValueError, OverflowError, DeprecationWarning):
            raise ModelFileError(
                f"{short(value)} is nothing of dtype {short(node['scalar'])}"
            ) from None
        return made

    def _dtype(self, node: Tree, _: int) -> np.dtype:
        name = _text(node["dtype"])
        if name not in _SCALARS or name == "str":
            raise ModelFileError(f"nothing is known of a dtype {short(name)}")
        return np.dtype(name)

    def _slice(self, node: Tree, deep: int) -> slice:
        parts = self._all(node["slice"], deep)
        if len(parts) != 3 or not all(part is None or type(part) is int for part in parts):
            raise ModelFileError("a slice is not three whole numbers")
        return slice(*parts)

    def _range(self, node: Tree, deep: int) -> range:
        parts = self._all(node["range"], deep)
        if len(parts) != 3 or not all(type(part) is int for part in parts) or not parts[2]:
            raise ModelFileError("a range is not three whole numbers, the last of them not 0")
        return range(*parts)

    def _masked(self, node: Tree, deep: int) -> Any:
        parts = self._all(node["masked"], deep)
        sound = len(parts) == 2 and all(isinstance(part, np.ndarray) for part in parts)
        if not sound or parts[0].shape != parts[1].shape or parts[1].dtype != bool:
            raise ModelFileError("a masked array is not values and a mask of their shape")
        return np.ma.MaskedArray(parts[0], parts[1])

    def _objects(self, node: Tree, deep: int) -> NDArray:
        values, shape = self._all(node["objects"], deep), node["shape"]
        sizes = isinstance(shape, list) and all(type(n) is int and 0 <= n < 2**31 for n in shape)
        if not sizes or len(shape) > 32 or math.prod(shape) != len(values):
            raise ModelFileError(f"{len(values)} objects are not of the shape {short(shape)}")
        found = np.empty(len(values), object)
        for i, value in enumerate(values):  # a slice would look into lists
            found[i] = value
        return found.reshape(shape)

    def _named(self, node: Tree, deep: int) -> Any:
        kind, values = classes().get(_text(node["named"])), self._all(node["values"], deep)
        if kind is None or not issubclass(kind, tuple):
            raise ModelFileError(f"nothing is known of a tuple {short(node['named'])}")
        if len(values) != len(kind._fields):  # type: ignore[attr-defined]
            raise ModelFileError(f"{kind.__name__} has {len(values)} values")
        made = kind(*values)
        require_sound(made)
        return made

    def _object(self, node: Tree, deep: int) -> Any:
        kind = classes().get(_text(node["object"]))
        if kind is None or issubclass(kind, tuple):
            raise ModelFileError(f"nothing is known of a class {short(node['object'])}")
        made = kind.__new__(kind)
        number, before = len(self.instances), self.count
        self.instances.append(made)
        self.sizes.append(0)
        state = self._pairs(node["state"], deep)
        if not all(isinstance(name, str) and not name.startswith("__") for name in state):
            raise ModelFileError(f"{kind.__name__} has attributes without a name")
        vars(made).update(state)
        require_sound(made)
        self.sizes[number] = self.count - before + 1
        return made

    def _random(self, node: Tree, deep: int) -> Any:
        made = generator_of(_text(node["random"]), self.unpack(node["state"], deep))
        self.instances.append(made)
        self.sizes.append(1)
        return made

    def _same(self, node: Tree, _: int) -> Any:
        number = node["same"]
        if type(number) is not int or not 0 <= number < len(self.instances):
            raise ModelFileError(f"there is no instance {short(number)} to be met again")
        if not self.sizes[number]:
            raise ModelFileError("an instance holds itself")
        self._count(self.sizes[number])
        return self.instances[number]


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise ModelFileError(f"a text was expected, not {short(found)}")
    return found
