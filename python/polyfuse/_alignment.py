"""Arrays that have travelled between processes.

They may begin at any byte then, in the middle of a message, where kernels want numbers at multiples
of their size. Workers of Dask receive such arrays; so does whoever unpickles buffers that were sent
apart.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np


def aligned(value: Any) -> Any:
    """The same value, in which arrays that are not aligned are copies that are.

    Tuples, lists, dicts and objects of the package are looked into; they are copied, never changed.

    Examples
    --------
    >>> import numpy as np
    >>> from polyfuse._alignment import aligned
    >>> odd = np.frombuffer(b"." + np.arange(2.0).tobytes(), np.float64, offset=1)
    >>> odd.flags.aligned, aligned({"coef": (odd, 1)})["coef"][0].flags.aligned
    (False, True)
    """
    if isinstance(value, np.ndarray):
        return value if value.flags.aligned else value.copy()
    if isinstance(value, tuple | list):
        each = [aligned(own) for own in value]
        if all(a is b for a, b in zip(each, value, strict=True)):
            return value
        return type(value)(*each) if hasattr(value, "_fields") else type(value)(each)
    if isinstance(value, dict):
        by_key = {key: aligned(own) for key, own in value.items()}
        return value if all(by_key[key] is value[key] for key in value) else by_key
    if _is_ours(value):
        held = aligned(vars(value))
        if held is not vars(value):
            twin = object.__new__(type(value))
            twin.__dict__.update(held)
            return twin
    return value


def _is_ours(value: Any) -> bool:
    ours = str(type(value).__module__).startswith("polyfuse.")
    return ours and hasattr(value, "__dict__") and not isinstance(value, FunctionType | type)
