"""How examples of properties are drawn: how many, and sizes and generators for them."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

examples = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[*HealthCheck],  # `implementation` is the same module for all examples
)

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
heights = st.one_of(st.integers(0, 3), st.integers(4, 90))
