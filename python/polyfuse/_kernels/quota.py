"""How many CPUs' worth of time a container may use; OpenMP counts those that it may be on."""

from __future__ import annotations

from math import ceil
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def cpu_quota(root: Path = _ROOT) -> int | None:
    """CPUs that the control group of this process is limited to, rounded up; None for no limit.

    Sources: "cpu.max" of control groups 2 and "cpu.cfs_quota_us" of 1, in the admin guide of the
    Linux kernel (cgroup-v2.rst, sched-bwc.rst). A container sees its own group as the root.
    """
    try:
        if (root / "cpu.max").exists():
            quota, period = (root / "cpu.max").read_text().split()
        else:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text()
        share = int(quota) / int(period)  # "max" is no number
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return ceil(share) if share > 0 else None
