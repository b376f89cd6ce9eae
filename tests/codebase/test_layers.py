"""The walls of the house, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from walls import BELOW

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "polyfuse"
CPP = ROOT / "cpp"
MODULES = sorted(PACKAGE.rglob("*.py"))
STEMS = (
    "normalization", "ranking", "batches", "fusion", "sgd", "chains", "confusion", "probabilities",
    "regression", "inspection",
)  # fmt: skip
OPTIONAL = {
    "numba": {"_kernels/jit/loops.py", "_kernels/jit/stage.py"},
    "matplotlib": {"_plot_cells.py", "_plot_labels.py", "_plot_style.py"},
    "PIL": {"_image_encoder.py"},
    "librosa": {"_audio_encoder.py"},
    "soundfile": {"_audio_encoder.py"},
    "pyarrow": {"stream/_arrow_columns.py"},
    "dask": {"dask/_graph.py"},
    "h5py": {"stream/_hdf5.py"},
    "zarr": {"stream/_zarr.py"},
    "onnx": {"_onnx_graph.py"},
}


def imported(path: Path) -> set[str]:
    """Top-level names of absolute imports, and relative ones as '.name'."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module] if node.module else [alias.name for alias in node.names]
            names |= {"." * node.level + module.split(".")[0] for module in modules}
    return names


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_one_module_imports_each_optional_package(path: Path) -> None:
    allowed = {"numpy", "polyfuse", *sys.stdlib_module_names, "sklearn"}
    allowed |= {name for name, users in OPTIONAL.items() if relative(path) in users}
    outside = {name for name in imported(path) if not name.startswith(".")}
    assert outside <= allowed


def test_few_modules_import_scikit_learn() -> None:
    users = {relative(path) for path in MODULES if "sklearn" in imported(path)}
    assert users == {
        "_callbacks.py", "_estimator.py", "_pid.py", "_projection.py", "_representation.py",
        "_routing.py", "_sklearn_pipelines.py", "_sklearn_twins.py", "_text_encoder.py",
    }  # fmt: skip


def test_only_the_selector_names_the_compiled_module() -> None:
    users = {
        relative(p) for p in MODULES if re.search(r"polyfuse\._core|import _core", p.read_text())
    }
    assert users == {"_kernels/__init__.py"}


def test_kernel_implementations_see_the_contract_only() -> None:
    for name in ("reference", "jit"):
        for path in (PACKAGE / "_kernels" / name).glob("*.py"):
            above = {n for n in imported(path) if n.startswith("..")}
            assert above <= {"..chain_parts", "..contract", "..fusion_ops"}
    kernels = PACKAGE / "_kernels"
    assert {n for n in imported(kernels / "chain_parts.py") if n.startswith(".")} == {".contract"}
    below = {n for n in imported(kernels / "contract.py") if n.startswith(".")}
    assert below == {".inspection_contract", ".metric_contract", ".views"}
    assert not {n for n in imported(kernels / "views.py") if n.startswith(".")}


def test_the_lower_layers_do_not_look_up() -> None:
    for name, allowed in BELOW.items():
        seen = {n.rstrip() for n in imported(PACKAGE / name) if n.startswith(".")}
        assert seen <= allowed, name


def includes(path: Path) -> list[str]:
    return re.findall(r'#include ["<]([^">]+)[">]', path.read_text())


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("ops", r"kernels/|dispatch/|bindings/|pybind11|Python\.h|stage\.hpp"),
        ("kernels", r"dispatch/|bindings/|pybind11|Python\.h|omp\.h|thread"),
        ("isa", r"bindings/|pybind11|omp\.h|thread"),
        ("dispatch", r"kernels/|ops/|bindings/|pybind11|stage\.hpp"),
        ("bindings", r"kernels/|isa/|stage\.hpp"),
    ],
)
def test_cpp_layers(folder: str, forbidden: str) -> None:
    for path in (CPP / folder).iterdir():
        for include in includes(path):
            assert not re.search(forbidden, include), f"{path.name} includes {include}"


def test_every_stem_stands_in_every_layer() -> None:
    public = {
        "normalization": "preprocessing", "ranking": "preprocessing", "batches": "preprocessing",
        "fusion": "fusion", "sgd": "linear_model", "chains": "linear_model",
        "confusion": "metrics", "probabilities": "metrics", "regression": "metrics",
        "inspection": "inspection",
    }  # fmt: skip
    for stem in STEMS:
        assert (CPP / "kernels" / f"{stem}.hpp").exists()
        assert (CPP / "dispatch" / f"{stem}.cpp").exists()
        assert (CPP / "bindings" / f"{stem}.cpp").exists()
        assert (ROOT / "benches" / f"bench_{stem}.py").exists()
        assert (PACKAGE / f"{public[stem]}.py").exists()


def test_files_and_functions_are_short() -> None:
    sources = [*MODULES, *(p for p in CPP.rglob("*") if p.suffix in {".hpp", ".cpp"})]
    for path in sources:
        assert len(path.read_text().splitlines()) <= 400, path
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                assert lines <= 40, f"{relative(path)}: {node.name} has {lines} lines"


def test_house_rules_of_the_sources() -> None:
    for path in CPP.rglob("*.[hc]pp"):
        macros = re.findall(r"^\s*#\s*define\s+(\w+)", path.read_text(), re.MULTILINE)
        assert not macros, f"{path.name} defines {macros}"
    assert "ffast-math" not in (ROOT / "CMakeLists.txt").read_text().replace(
        "Never -ffast-math", ""
    )
    for path in MODULES:
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"exec", "eval"}, path


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_import_loads_nothing_heavy() -> None:
    loaded = run("import sys, polyfuse; print(*sys.modules)").split()
    heavy = {*OPTIONAL, "sklearn", "polyfuse._core", "scipy"}
    assert not heavy & set(loaded)


def test_using_kernels_and_estimators_needs_numpy_alone() -> None:
    loaded = run(
        "import sys, polyfuse as pf\n"
        "X = [[0.0, 1.0], [1.0, 0.0], [2.0, 5.0]]\n"
        "model = pf.FusionClassifier().fit([X, X], [0, 1, 1])\n"
        "model.score([X, X], [0, 1, 1])\n"
        "sgd = pf.linear_model.SGDClassifier(early_stopping=True, validation_fraction=0.5)\n"
        "sgd.fit(X * 4, [0, 1, 1] * 4).predict(X)\n"
        "print(*(name for name in sys.modules))"
    ).split()
    heavy = {"sklearn", "matplotlib", "scipy"}
    assert not heavy & set(loaded)


def test_the_kernels_in_force_do_not_load_the_others() -> None:
    loaded = run(
        "import sys, numpy as np, polyfuse as pf\n"
        "X = np.arange(12.0).reshape(6, 2)\n"
        "pf.stream.fit_scalers(pf.stream.Dataset({'a': X}))\n"
        "print(*sys.modules)"
    ).split()
    if "polyfuse._core" not in loaded:
        pytest.skip("polyfuse._core is not built")
    assert not {"numba", "polyfuse._kernels.jit", "polyfuse._kernels.reference"} & set(loaded)


TESTS = sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_tests_do_not_share_a_generator(path: Path) -> None:
    """What a test draws from a module's generator would depend on the tests that ran before it."""
    tree = ast.parse(path.read_text())
    shared = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if ast.unparse(node.value.func) == "np.random.default_rng"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    used = {
        name.id
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
        for name in ast.walk(function)
        if isinstance(name, ast.Name)
    }
    assert not shared & used
