# Everything a fresh clone needs: Python 3.11 or newer, and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PEERS := .venv/.peers

.PHONY: compare test test-full lint bench calibrate power conformance clean

compare: $(READY)  ## compare a handful of configurations
	$(BIN)/compare-one-config

test: $(READY)  ## the default grid and the harness's own tests, on every core
	$(BIN)/python -m pytest -n auto --durations 10

test-full: $(READY)  ## the same with every configuration of the grid
	$(BIN)/python -m pytest -n auto --parity-grid full

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(PEERS)  ## speed, side by side with PyTorch, JAX and a plain loop
	$(BIN)/python -m benchmarks

calibrate: $(READY)  ## false alarms, power and cost of the verdict
	$(BIN)/python -m benchmarks.calibrate
	$(BIN)/python -m benchmarks.underflow
	$(BIN)/python -m benchmarks.cost

conformance: $(READY)  ## the table of docs/conformance.md: all options of nn.RNN, and what was compared
	$(BIN)/python -m pytest -n auto -q --parity-compared build/compared.json tests/test_forward.py tests/test_gradients.py tests/test_sgd_step.py
	$(BIN)/python -m benchmarks.conformance build/compared.json

power: $(READY)  ## how many mistakes are caught and named: those of a program, then planted ones
	$(BIN)/python -m benchmarks.power_auto
	$(BIN)/python -m benchmarks.handful
	$(BIN)/python -m benchmarks.naming
	$(BIN)/python -m benchmarks.adapting
	$(BIN)/python -m benchmarks.power_adapted
	$(BIN)/python -m benchmarks.renaming

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

$(PEERS): $(READY)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	touch $(PEERS)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache *.egg-info
