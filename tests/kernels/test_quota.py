"""A container's share of the CPUs limits the threads of the kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyfuse import _kernels
from polyfuse._kernels.quota import cpu_quota


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "400000 100000\n", "cpu/cpu.cfs_quota_us": "100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "20000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "0\n"}, None),
        ({"cpu.max": "odd"}, None),
        ({}, None),
    ],
)
def test_what_the_control_group_says(
    tmp_path: Path, files: dict[str, str], cpus: int | None
) -> None:
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert cpu_quota(tmp_path) == cpus


@pytest.mark.parametrize(("named", "expected"), [(None, 1), ("4", 99)])
def test_the_kernels_keep_to_it_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, named: str | None, expected: int
) -> None:
    core: Any = pytest.importorskip("polyfuse._core")
    monkeypatch.setattr(_kernels, "cpu_quota", lambda: 1)
    if named is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", named)
    many = core.num_threads()
    try:
        _kernels.load.__wrapped__("native")
        assert core.num_threads() == min(expected, many)
    finally:
        core.limit_threads(1 << 30)
    assert core.num_threads() == many
