# Every target does its own set-up.  `make help` lists them.
SHELL := bash
.DEFAULT_GOAL := help
# A distribution's Python is built with profile-guided optimisation.  One that was built by hand often is not, and
# then needs half as much time again for all that is Python; so it is taken only where the other cannot be used.
DISTRIBUTION := /usr/bin/python3
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
HEADERS := import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))
PYTHON ?= $(shell $(DISTRIBUTION) -c '$(USABLE)' 2>/dev/null && $(DISTRIBUTION) -c '$(HEADERS)' \
  && echo $(DISTRIBUTION) || echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUN := $(BIN)/python
COMPILED := .compiled
BUILT := $(COMPILED)/.built
# What ships is compiled (docs/adr/0013): it comes before the working copy on the path.
AS_SHIPPED := WALLET_BRIDGE_AS_SHIPPED=1 PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/$(COMPILED):$(CURDIR)
# Compiled once: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test compiled up down status lint format types unit properties integration faults soak bench docs lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): requirements-dev.lock pyproject.toml
	@echo "==> Python environment in $(VENV), from requirements-dev.lock"
	@$(PYTHON) -c '$(USABLE)' || { echo "Python 3.11 or newer with its module venv is needed (set PYTHON=...)"; exit 1; }
	@# One that was interrupted while it was made has no pip yet.
	@$(BIN)/pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BUILT): $(STAMP) setup.py pyproject.toml $(shell find bridge -name '*.py')
	@echo "==> Compiling what every record passes into $(COMPILED): about two minutes, after each change of bridge/"
	@$(RUN) -m stack compiler
	@rm -rf build $(COMPILED) && mkdir $(COMPILED)
	@# As old as what it is built from: a file that changes meanwhile is newer.
	@touch $(COMPILED)/.begun
	@WALLET_BRIDGE_COMPILE=1 $(BIN)/pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir $(COMPILED) .
	@$(RUN) -m zipfile -e $(COMPILED)/*.whl $(COMPILED)
	@rm -rf build $(COMPILED)/*.whl
	@mv $(COMPILED)/.begun $@

demo: $(STAMP) ## two brands on the real servers, end to end, with a SIGKILL halfway
	@$(RUN) -m stack run -- $(BIN)/wallet-bridge demo $(ARGS) || { code=$$?; \
	  if [ $$code -ne 69 ]; then exit $$code; fi; \
	  echo "==> No container engine and no way to install the servers here: the embedded demo instead"; \
	  $(BIN)/wallet-bridge demo --embedded; }

test: $(STAMP) ## everything that CI runs: lint, types, all tests on the real servers
	@$(RUN) -m tests

compiled: $(BUILT) ## the bridge as it ships: what every record passes is compiled

up: $(STAMP) ## start the servers (containers, else native) and leave them running
	@$(RUN) -m stack up

down: $(STAMP) ## stop the servers
	@$(RUN) -m stack down

status: $(STAMP) ## which servers run, and where
	@$(RUN) -m stack status

lint: $(STAMP) ## format, lint, direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

format: $(STAMP) ## let ruff format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy

unit: $(STAMP) ## unit tests: no server, no process of their own
	@$(RUN) -m pytest tests/unit -n auto --dist worksteal -q

properties: $(STAMP) ## property tests with very many examples
	@$(RUN) -m pytest -m "hypothesis and not integration" --hypothesis-profile=thorough -n auto -q

integration: $(STAMP) ## tests on the real servers
	@$(RUN) -m stack run -- $(RUN) -m pytest -m "integration and not faults" -n 4 --dist loadscope -q

faults: $(BUILT) ## break servers and bridge on purpose: the long suite
	@$(AS_SHIPPED) $(RUN) -m stack run -- $(RUN) -m pytest -m "faults" -q --faults=long

soak: $(BUILT) ## MINUTES=30 of load with a fault every 20 seconds
	@$(AS_SHIPPED) $(RUN) -m stack run -- $(RUN) -m pytest tests/faults/test_soak.py -q --soak-minutes=$(or $(MINUTES),30)

bench: $(BUILT) ## throughput, latency and memory, beside RabbitMQ's own load generator
	@$(AS_SHIPPED) $(RUN) -m stack run -- $(RUN) -m bench $(ARGS)

docs: $(STAMP) ## write the generated reference pages anew
	@$(RUN) -m bridge.casino > docs/reference/casino.schema.json
	@$(RUN) -m bridge.telemetry > docs/reference/metrics.md
	@$(RUN) -m bridge.reference.pages docs/reference
	@$(RUN) -m bridge.cli.reference docs/reference

lock: ## resolve the dependencies anew
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml -q --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --universal -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev -q --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --universal -o requirements-dev.lock
	@$(BIN)/uv pip compile pyproject.toml --group build -q --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --universal -o deploy/requirements-build.lock

clean: ## remove what the other targets made
	@rm -rf $(VENV) $(COMPILED) build wallet_bridge.egg-info .stack .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
