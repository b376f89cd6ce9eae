# `make demo` and `make test` do all the set-up themselves; everything lands in .venv and build/.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := $(shell find cpp python CMakeLists.txt pyproject.toml -type f -not -name '*.pyc' 2>/dev/null)

.PHONY: demo test lint bench sanitize sklearn-tests sgd-grid metrics-grid clean

demo: $(VENV)/.built
	$(BIN)/polyfuse demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/check_stub.py

bench: $(VENV)/.installed
	$(BIN)/python benches/report.py

# scikit-learn's own tests, under the patch.
sklearn-tests: $(VENV)/.installed
	$(BIN)/python tools/run_sklearn_tests.py -p no:warnings

# Every configuration of SGD against scikit-learn, and 20,000 random calls of the metrics.
sgd-grid: $(VENV)/.installed
	$(BIN)/python tests/estimators/sgd_grid.py --all

metrics-grid: $(VENV)/.installed
	$(BIN)/python tests/api/metrics_grid.py

sanitize: $(VENV)/.tools
	$(BIN)/cmake -S cpp/tests -B build/sanitize -DCMAKE_BUILD_TYPE=None
	$(BIN)/cmake --build build/sanitize --parallel 2
	build/sanitize/kernels

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "polyfuse needs Python 3.11 or newer; try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	touch $@

# What builds polyfuse, then polyfuse itself: all that the demo needs.
$(VENV)/.built: $(VENV)/.venv $(SOURCES)
	$(BIN)/python -m pip install --quiet --group build
	$(BIN)/python -m pip install --no-build-isolation ".[plot]"
	touch $@

# What tests, lint and benches need, without polyfuse.
$(VENV)/.tools: $(VENV)/.venv pyproject.toml
	$(BIN)/python -m pip install --quiet --group build --group test --group bench --group lint
	touch $@

$(VENV)/.installed: $(VENV)/.tools $(VENV)/.built
	touch $@

clean:
	rm -rf $(VENV) build
