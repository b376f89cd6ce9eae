# `make demo` and `make test` do all the set-up themselves; everything lands in .venv and build/.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := $(shell find cpp python CMakeLists.txt pyproject.toml -type f -not -name '*.pyc' 2>/dev/null)

.PHONY: demo test lint bench sanitize clean

demo: $(VENV)/.installed
	$(BIN)/polyfuse demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/check_stub.py

bench: $(VENV)/.installed
	$(BIN)/python benches/report.py

sanitize: $(VENV)/.tools
	$(BIN)/cmake -S cpp/tests -B build/sanitize -DCMAKE_BUILD_TYPE=None
	$(BIN)/cmake --build build/sanitize --parallel 2
	build/sanitize/kernels

# What tests, lint and benches need, without polyfuse.
$(VENV)/.tools: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group test --group bench --group lint --group build
	touch $@

$(VENV)/.installed: $(VENV)/.tools $(SOURCES)
	$(BIN)/python -m pip install --no-build-isolation ".[numba,plot]"
	touch $@

clean:
	rm -rf $(VENV) build
