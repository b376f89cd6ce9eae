"""Compare the committed stub of the compiled module with the binary; --write renews it.

Needs polyfuse installed with its C++ kernels, and pybind11-stubgen.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path

STUB = Path(__file__).resolve().parents[1] / "python" / "polyfuse" / "_core.pyi"


def generate() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pybind11_stubgen", "polyfuse._core", "-o", folder],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        return (Path(folder) / "polyfuse" / "_core.pyi").read_text()


def main() -> int:
    current = generate()
    if "--write" in sys.argv[1:]:
        STUB.write_text(current)
        return 0
    committed = STUB.read_text()
    diff = unified_diff(committed.splitlines(), current.splitlines(), "committed", "binary", "", "")
    print("\n".join(diff), end="")
    if committed != current:
        print("\nThe stub is not that of the binary: run `python tools/check_stub.py --write`.")
    return int(committed != current)


if __name__ == "__main__":
    sys.exit(main())
