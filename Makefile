# `make demo` and `make test` are all a newcomer needs. Everything runs in a virtual environment of its own, .venv.

PYTHON ?= python3
PORT   ?= 8000
ASSETS_BASE_URL ?= /cdn/
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

MANIFEST := sample_app/public/manifest.json
DEPFILE  := sample_app/.assetbuild/make.d

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo assets serve test lab check bench docs clean always

help:
	@echo "make demo    build the sample app's assets, show what was made, and publish it to a folder"
	@echo "make serve   serve the sample app on http://127.0.0.1:$(PORT)/ (PORT=... for another port)"
	@echo "make assets  build the sample app's assets if anything changed"
	@echo "make test    run the tests"
	@echo "make lab     prove the minifiers on whole libraries from npm: several minutes"
	@echo "make check   ruff, mypy --strict, import-linter"
	@echo "make bench   measure against the peers (BENCH=\"--large --full\" for larger sites too)"
	@echo "make docs    check that docs and code agree"
	@echo "make clean   remove the environment and everything that was built"

# The stamp is made last and removed first: an environment without it is half made, and is made anew.
# setuptools below 81 still has pkg_resources, which the XStatic packages' own setup needs.
$(READY): pyproject.toml sample_app/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	@test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $@
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]' 'setuptools<81' wheel
	$(BIN)/python -m pip install --quiet --no-build-isolation --requirement sample_app/requirements.txt
	@touch $@

# `build` and `publish` end in one line that says what they did; the table of what there is, changed or not, is `ls`.
demo: $(READY)
	@bin=$$(cd "$(BIN)" && pwd) && cd sample_app && said=$$("$$bin/assetbuild" build) && "$$bin/assetbuild" ls && \
	  echo && echo "$$said" | tail -n 1 && "$$bin/assetbuild" publish
	@echo "To look at it: make serve, then open http://127.0.0.1:$(PORT)/"

# The build itself writes down what it read: every file, and every folder, so that a new file counts as a change too.
-include $(DEPFILE)

# Without those notes nobody knows what the manifest depends on.
ifeq ($(wildcard $(DEPFILE)),)
$(MANIFEST): always
endif

$(MANIFEST): $(READY)
	$(BIN)/assetbuild --config sample_app/assetbuild.toml build --depfile $(DEPFILE)

assets: $(MANIFEST)

# As in a deploy: publish, then boot. The folder at /cdn/ stands for a CDN; ASSETS_BASE_URL=/static/ takes the built files.
serve: assets
	$(BIN)/assetbuild --config sample_app/assetbuild.toml publish
	@echo "http://127.0.0.1:$(PORT)/ with its assets from $(ASSETS_BASE_URL) (Ctrl-C ends it)"
	ASSETS_BASE_URL=$(ASSETS_BASE_URL) $(BIN)/gunicorn --bind 127.0.0.1:$(PORT) sample_app.wsgi:application

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadgroup

# Needs node and npm. `make test` leaves it out, and says how many tests it left out.
lab: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadgroup -m lab

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks $(BENCH)

docs: $(READY)
	$(BIN)/python -m pytest tests/test_docs.py

clean:
	rm -rf $(VENV) sample_app/public sample_app/.assetbuild benchmarks/.work
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
