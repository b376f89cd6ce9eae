"""The walls of the house, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "polyfuse"
CPP = ROOT / "cpp"
MODULES = sorted(PACKAGE.rglob("*.py"))
STEMS = (
    "normalization", "ranking", "batches", "fusion", "sgd", "chains", "confusion", "probabilities",
    "regression",
)  # fmt: skip
OPTIONAL = {
    "numba": {"_kernels/jit/loops.py", "_kernels/jit/stage.py"},
    "matplotlib": {"plotting.py", "_html.py"},
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


def test_scikit_learn_is_imported_for_tags_routing_and_projections_alone() -> None:
    users = {relative(path) for path in MODULES if "sklearn" in imported(path)}
    assert users == {"_estimator.py", "_projection.py", "_routing.py"}


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
    assert below == {".metric_contract", ".views"}
    assert not {n for n in imported(kernels / "views.py") if n.startswith(".")}


def test_the_lower_layers_do_not_look_up() -> None:
    below = {
        "_arrays.py": {"._kernels", ".exceptions"},
        "_descent.py": {"._kernels", "."},
        "_linear.py": {"._arrays", "._kernels", "."},
        "_least_squares.py": {"._arrays", "._estimator", "._kernels", "._linear"},
        "_first_order.py": {"._descent", "._kernels", "._linear", "."},
        "_gradient_data.py": {
            "._arrays",
            "._fusion_scalers",
            "._random",
            "._sgd_inputs",
        },
        "_gradient_base.py": {
            "._arrays",
            "._constraints",
            "._descent",
            "._estimator",
            "._first_order",
            "._gradient_data",
            "._linear",
            "._random",
            "._sgd_inputs",
            ".exceptions",
        },
        "_gradient_descent.py": {
            "._arrays",
            "._constraints",
            "._descent",
            "._estimator",
            "._gradient_base",
            "._gradient_data",
            "._linear",
            "._sgd_targets",
        },
        "linear_model.py": {
            "._gradient_descent",
            "._least_squares",
            "._one_class",
            "._perceptron",
            "._sgd_classifier",
            "._sgd_regressor",
            "._sgd_sweep",
        },
        "_ranked.py": {"._codes", "._kernels", "._labels", "._parameters", ".exceptions"},
        "_curves.py": {"._labels", "._parameters", "._ranked", ".exceptions"},
        "_label_averages.py": {
            "._curves",
            "._labels",
            "._parameters",
            "._ranked",
            ".exceptions",
        },
        "_ranking_scores.py": {"._label_averages", "._labels", "._parameters", "._ranked"},
        "_top_k.py": {
            "._label_averages",
            "._labels",
            "._parameters",
            "._ranked",
            "._ranking_scores",
            ".exceptions",
        },
        "_score_histogram.py": {"._compensated", "._labels", "._ranked"},
        "_blocks.py": {"._arrays", "._parameters"},
        "_columns.py": {"._arrays", "._blocks"},
        "_estimator.py": {".metrics", "._arrays", "._feature_names", "._routing"},
        "_sketch.py": {"._arrays"},
        "_moments.py": {"._kernels", "."},
        "_sparse.py": {"._moments"},
        "_inputs.py": {"._kernels", "._parameters", "._sparse", ".exceptions"},
        "_feature_names.py": {".exceptions"},
        "_scaler.py": {
            "._arrays",
            "._estimator",
            "._feature_names",
            "._inputs",
            "._kernels",
            "._parameters",
            "._sparse",
            ".",
        },
        "_runs.py": {"._arrays", "._kernels", "._moments", "."},
        "_batches.py": {"._arrays", "._runs"},
        "preprocessing.py": {
            "._affine",
            "._arrays",
            "._batches",
            "._extrema",
            "._normalizer",
            "._robust",
            "._scaler",
            "._scaling",
            "._standard",
        },
        "_random.py": set(),
        "_constraints.py": {"._parameters"},
        "_available.py": set(),
        "_chains.py": {"._kernels"},
        "_chain_runs.py": {"._arrays", "._chain_scores", "._chains", "._kernels"},
        "_chain_scores.py": {"._chains", "._kernels", "._regression"},
        "_sgd_inputs.py": {
            "._arrays",
            "._blocks",
            "._feature_names",
            "._fusion_scalers",
            "._inputs",
            "._kernels",
            "._parameters",
        },
        "_sgd_paces.py": {"._blocks", "._chains"},
        "_sgd_targets.py": {"._labels", ".exceptions"},
        "_sgd_models.py": {"._chains"},
        "_sgd_base.py": {
            "._arrays",
            "._chain_runs",
            "._chain_scores",
            "._chains",
            "._constraints",
            "._estimator",
            "._inputs",
            "._kernels",
            "._random",
            "._sgd_inputs",
            "._sgd_models",
            ".exceptions",
        },
        "_sgd_docs.py": set(),
        "_indicators.py": set(),
        "_labels.py": {"._indicators"},
        "_averages.py": {"._labels", ".exceptions"},
        "_matrix_scores.py": {"._averages"},
        "_named_metrics.py": {
            "._agreement",
            "._classification",
            "._codes",
            "._fscore",
            "._jaccard",
            "._labels",
            "._matrix_scores",
            "._scores",
            "._zero_one",
        },
        "_resampling.py": {
            "._codes",
            "._labels",
            "._matrix_scores",
            "._named_metrics",
            "._random",
        },
        "_bootstrap.py": {
            "._labels",
            "._named_metrics",
            "._parameters",
            "._resampling",
            ".exceptions",
        },
        "_paired.py": {
            "._bootstrap",
            "._labels",
            "._named_metrics",
            "._parameters",
            "._resampling",
            "._statistics",
        },
        "_confusion_table.py": {
            "._bootstrap",
            "._classification",
            "._codes",
            "._labels",
            "._named_metrics",
            "._resampling",
        },
        "_confusion_counts.py": {"._codes", "._compensated", "._confusion_table", "._labels"},
        "_regression_targets.py": {"._kernels", "._labels", "._parameters", ".exceptions"},
        "_regression.py": {"._kernels", "._labels", "._parameters", "._regression_targets"},
        "_relative_errors.py": {"._labels", "._regression_targets"},
        "_quantile_errors.py": {"._constraints", "._kernels", "._labels", "._regression_targets"},
        "_deviances.py": {"._constraints", "._labels", "._parameters", "._regression_targets"},
        "_regression_sums.py": {"._compensated", "._kernels", "._labels", "._regression_targets"},
        "_scores.py": {
            "._averages",
            "._codes",
            "._indicators",
            "._labels",
            "._parameters",
            ".exceptions",
        },
        "_sgd_classes.py": {
            "._chain_runs",
            "._chains",
            "._constraints",
            "._estimator",
            "._inputs",
            "._kernels",
            "._random",
            "._sgd_base",
            "._sgd_inputs",
            "._sgd_models",
            "._sgd_paces",
            "._sgd_targets",
        },
        "_sgd_classifier.py": {
            "._available",
            "._constraints",
            "._linear",
            "._sgd_base",
            "._sgd_classes",
            "._sgd_docs",
        },
        "_sgd_regressor.py": {
            "._chain_runs",
            "._chains",
            "._constraints",
            "._estimator",
            "._random",
            "._sgd_base",
            "._sgd_docs",
            "._sgd_inputs",
            "._sgd_models",
            "._sgd_paces",
            "._sgd_targets",
        },
        "_one_class.py": {
            "._arrays",
            "._chain_runs",
            "._chains",
            "._constraints",
            "._random",
            "._sgd_base",
            "._sgd_docs",
            "._sgd_inputs",
            "._sgd_models",
        },
        "_perceptron.py": {"._constraints", "._sgd_base", "._sgd_classes", "._sgd_docs"},
        "_sgd_sweep.py": {
            "._arrays",
            "._available",
            "._chain_runs",
            "._estimator",
            "._sgd_base",
            "._sgd_classes",
            "._sgd_inputs",
            "._sgd_members",
            "._sgd_regressor",
            "._sgd_results",
        },
        "_sgd_members.py": {
            "._chain_runs",
            "._chains",
            "._random",
            "._regression",
            "._sgd_base",
            "._sgd_classes",
            "._sgd_inputs",
            "._sgd_paces",
            "._sgd_regressor",
            "._sgd_targets",
        },
        "_sgd_results.py": {
            "._chain_scores",
            "._chains",
            "._linear",
            "._regression",
            "._sgd_base",
            "._sgd_members",
            ".exceptions",
        },
        "_missing.py": {"._arrays", "._blocks", "._kernels", "."},
        "_fusion_docs.py": {"._kernels"},
        "_fusion_rows.py": {"._arrays", "._blocks", "._kernels", "._missing"},
        "_fusion_scalers.py": {
            "._arrays",
            "._blocks",
            "._estimator",
            "._kernels",
            "._missing",
            ".exceptions",
            ".preprocessing",
        },
        "_fusion_write.py": {"._arrays", "._kernels", "._missing", "."},
        "_fusion_products.py": {
            "._arrays",
            "._blocks",
            "._fusion_scalers",
            "._kernels",
            "._missing",
            ".",
        },
        "_rank_fusion.py": {"._arrays", "._blocks", "._fusion_rows", "._kernels", "._missing", "."},
        "_projection.py": {"._arrays", "._blocks", "._estimator", "._kernels", "._missing", "."},
        "_fusion_estimator.py": {
            "._arrays",
            "._blocks",
            "._columns",
            "._estimator",
            "._feature_names",
            "._fusion_rows",
            "._fusion_scalers",
            "._fusion_write",
            "._kernels",
            "._missing",
            "._projection",
        },
        "fusion.py": {
            "._arrays",
            "._blocks",
            "._fusion_docs",
            "._fusion_estimator",
            "._fusion_products",
            "._fusion_rows",
            "._fusion_scalers",
            "._fusion_write",
            "._kernels",
            "._missing",
            "._projection",
            "._rank_fusion",
            ".",
        },
    }
    for name, allowed in below.items():
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
    assert not {"numba", "sklearn", "matplotlib", "polyfuse._core", "scipy"} & set(loaded)


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
