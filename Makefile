# `make demo` and `make test` are all a newcomer needs. Everything runs in a virtual environment of its own, .venv.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo assets serve test check bench docs clean

help:
	@echo "make demo    build the sample app's assets and show what was made"
	@echo "make serve   serve the sample app on http://127.0.0.1:8000"
	@echo "make test    run the tests"
	@echo "make check   ruff, mypy --strict, import-linter"
	@echo "make assets  build the sample app's assets if anything changed"
	@echo "make bench   measure against the peers"
	@echo "make docs    check that docs and code agree"
	@echo "make clean   remove the environment and everything that was built"

# setuptools below 81 still has pkg_resources, which the XStatic packages' own setup needs.
$(READY): pyproject.toml sample_app/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]' 'setuptools<81' wheel
	$(BIN)/python -m pip install --quiet --no-build-isolation --requirement sample_app/requirements.txt
	@touch $@

test: $(READY)
	$(BIN)/python -m pytest -n auto

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
