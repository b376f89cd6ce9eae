"""What is particular to the Numba implementation: when it compiles, and what memory it takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from polyfuse._kernels import available, load
from polyfuse._kernels.contract import CONCATENATE, PART, Affine, Block, Csr, Rows

from .cases.chains import settings

pytestmark = pytest.mark.skipif("numba" not in available(), reason="Numba is not installed")


def run(script: str) -> str:
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nothing_is_compiled_at_import() -> None:
    counts = run(
        "import sys, polyfuse._kernels.jit\n"
        "modules = [m for n, m in sys.modules.items() if n.startswith('polyfuse._kernels.jit.')]\n"
        "found = [v for m in modules for v in vars(m).values() if hasattr(v, 'signatures')]\n"
        "print(len(found), sum(len(f.signatures) for f in found))"
    )
    found, compiled = map(int, counts.split())
    assert found > 5
    assert compiled == 0


def test_no_folder_for_compiled_code() -> None:
    """Numba refuses to decorate when it finds no folder that it can write."""
    got = run(
        "import numpy as np\n"
        "from numba.core import caching\n"
        "for found in vars(caching).values():\n"
        "    if hasattr(found, '_locator_classes'): found._locator_classes = []\n"
        "import sys, polyfuse._kernels.jit as jit\n"
        "loops = sys.modules['polyfuse._kernels.jit.confusion']\n"
        "out = np.zeros((2, 2), np.int64)\n"
        "jit.confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), 0, None, out)\n"
        "print(out.tolist(), type(loops._count._cache).__name__)"
    )
    assert got == "[[1, 0], [1, 1]] NullCache"


def test_layouts_and_dtypes_need_no_loops_of_their_own() -> None:
    """The stage shows the loops two dtypes, in one layout."""
    script = (
        "import numpy as np\n"
        "from kernels.arrays import LAYOUTS, make_rows\n"
        "from polyfuse._kernels import jit\n"
        "from polyfuse._kernels.jit import normalization, stage\n"
        "from polyfuse._kernels.contract import INPUT_DTYPES\n"
        "rng, dtype = np.random.default_rng(0), np.dtype('float64')\n"
        "for layout in LAYOUTS:\n"
        "    for source in INPUT_DTYPES:\n"
        "        rows = make_rows(rng, dtype, n=5, inputs=(source,), layouts=(layout,), op='sum',\n"
        "                         widths=(3, 3), maps=('divide', None))\n"
        "        jit.fuse(rows, np.empty((5, 3)))\n"
        "        jit.column_extrema(rows.blocks[0].values, np.empty(3), np.empty(3))\n"
        "fold = stage._folding(stage.OPERATORS['sum'])\n"
        "print(*(len(f.signatures) for f in (fold, stage._scale, normalization._widen)))"
    )
    assert run(script) == "1 2 1"  # a float32 block is scaled in float32


@pytest.mark.parametrize(
    ("op", "missing"),
    [
        ("mean", None), ("mean", "skip"), ("geometric_mean", None), ("median", None),
        ("weighted_vote", "skip"), (CONCATENATE, None), (CONCATENATE, 0.0),
    ],
)  # fmt: skip
def test_no_copy_of_the_data_is_made(op: str, missing: float | str | None) -> None:
    jit, n, d = load("numba"), 40_000, 40
    affine = Affine(np.zeros(d), np.ones(d), True)
    blocks = tuple(
        Block(np.ones((n, d), dtype), affine, np.arange(n) % 3 > 0)
        for dtype in ("float16", "uint8", "float64")
    )
    rows = Rows(blocks, op, np.ones(3), np.dtype("float64"), missing=missing)
    coef, intercept = np.zeros((2, rows.width)), np.zeros(2)
    velocity = np.zeros((2, rows.width + 1))
    y = np.zeros((n, 2))
    out = np.empty((n, rows.width))
    few = rows._replace(blocks=tuple(Block(x[:600], a, p[:600]) for x, a, p in blocks))
    order, steps = np.arange(n), np.full(1, 0.1)

    def work(rows: Rows) -> None:
        jit.fuse(rows, out[: rows.n_rows])
        m, (k, e) = rows.n_rows, np.zeros((2, 40))
        jit.column_moments(rows.blocks[0].values, None, 256, np.zeros(40), k, e)
        jit.loss_gradient(rows, y[:m], None, coef, intercept, "log_loss", coef * 0, intercept * 0)
        jit.descend(
            rows, order[:m], m, y[:m], None, "log_loss", steps, 0.0, 0.9, True, coef, intercept,
            velocity, True,
        )  # fmt: skip

    work(few)  # compile, the merging of leaves too
    tracemalloc.start()
    try:
        work(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000  # the blocks are 17.6 MB, the fused rows 12.8 or 38.4 MB


@pytest.mark.parametrize("kind", ["standard", "rank"])
def test_batches_are_normalised_a_tile_at_a_time(kind: str) -> None:
    jit, (n, d) = load("numba"), (60_000, 40)
    x, out = np.ones((n, d), np.float32), np.empty((n, d), np.float32)
    order, starts = np.arange(n), np.arange(0, n + 1, 100)

    def work(n: int) -> None:
        jit.normalize_rows(x[:n], kind, out[:n])
        jit.normalize_groups(x[:n], order[:n], starts[: n // 100 + 1], kind, out[:n])

    work(100)  # compile
    tracemalloc.start()
    try:
        work(n)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000  # the values are 9.6 MB


def test_all_rows_of_a_type_go_through_one_loop_of_chains() -> None:
    script = (
        "import numpy as np, sys\n"
        "from kernels.cases.chains import KINDS, MIXED, problem\n"
        "from polyfuse._kernels import jit\n"
        "for kind in KINDS.values():\n"
        "    for read_only in (False, True):\n"
        "        jit.chains(*problem(np.random.default_rng(0), np.dtype('float32'), kind=kind,\n"
        "                            exact=True, read_only=read_only, **MIXED).arguments)\n"
        "        jit.chains(*problem(np.random.default_rng(0), np.dtype('float32'), kind=kind,\n"
        "                            exact=True, n_parts=2, **MIXED).arguments)\n"
        "loops = sys.modules['polyfuse._kernels.jit.chains']\n"
        "print(len(loops._walk.signatures), len(loops.walk_parted.signatures))"
    )
    assert run(script) == "1 1"


@pytest.mark.parametrize("sparse", [False, True])
def test_chains_make_no_copy_of_the_data(sparse: bool) -> None:
    jit, n, d = load("numba"), 20_000, 40
    x = np.ones((n, d), np.float32)
    columns, starts = np.tile(np.arange(d, dtype=np.int32), n), d * np.arange(n + 1)
    held = Csr(x.reshape(-1), columns, starts, d)
    mapped = Block(np.ones((n, d), np.uint8), Affine(np.zeros(d), np.full(d, 0.01), False))
    blocks = (Block(held), mapped) if sparse else (Block(x), mapped)
    chains, order, y = settings(3, 0.001, penalty=["l2"]), np.arange(n)[None], np.zeros(n)
    models = np.zeros((3, 2 * d), np.float32), *np.zeros((2, 0, 2 * d), np.float32)

    def work(order: NDArray) -> None:
        rows = Rows(blocks, CONCATENATE, np.ones(2), np.dtype("float32"))
        jit.chains(rows, order, y, None, chains, *models, np.zeros((0, 0), PART), True)

    work(order[:, :100])  # compile
    tracemalloc.start()
    try:
        work(order)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000  # the blocks are 4.0 MB, the rows 6.4 MB
