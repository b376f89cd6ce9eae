"""A sample of the grid in ``metrics_grid.py``: every metric as scikit-learn's."""

import pytest
from metrics_grid import check


@pytest.mark.parametrize("first", range(0, 2000, 100))
def test_metrics_are_those_of_scikit_learn(first):
    for seed in range(first, first + 100):
        check(seed)
