# `make demo` and `make test` do all their own set-up; they need Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
.DEFAULT_GOAL := help

# A file's tests share what they set up, so they stay together. Many wait for a container or for a
# time to be over; those files come first, so that no single one is left to the end.
PYTEST_ARGS ?= -q -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help demo localstack-image fidelity operations fidelity-page test check lint types imports bench requirements clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

demo: $(READY) ## the incident this was made for, rehearsed on the embedded engine
	$(BIN)/python examples/kiro/demo.py

bench: $(READY) ## dry runs side by side with what they replace
	$(BIN)/python -m benchmarks.dry_run

test: $(READY) ## the test suite; what needs Docker says so where there is none
	$(BIN)/python -m pytest $(PYTEST_ARGS)

localstack-image: ## pull the pinned LocalStack image, or build it from packages
	sandboxes/localstack/image/build.sh

# One engine and one service: make fidelity ENGINE=moto SERVICE=sqs
fidelity: $(READY) ## find out what each engine keeps of each type
	$(BIN)/python -m tests.conformance.fidelity $(ENGINE:%=--engine %) $(SERVICE:%=--service %)

# One engine and one service: make operations ENGINE=moto SERVICE=sqs
operations: $(READY) ## find out which operations each engine implements
	$(BIN)/python -m sandboxes.listing $(ENGINE) $(SERVICE:%=--service %)

fidelity-page: $(READY) ## write docs/fidelity.md from what was found out
	$(BIN)/python -m sandboxes.fidelity.page

lint: $(READY) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

imports: $(READY) ## import rules
	$(BIN)/lint-imports

check: lint types imports test ## everything CI runs

requirements: $(READY) ## compile requirements/dev.txt anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --quiet --upgrade --extra dev pyproject.toml -o requirements/dev.txt

clean: ## remove what make made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
