# Every recipe has one line of help: `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUTF8 = 1

.PHONY: help setup setup-dev demo test test-pg tests test-full thorough format lint types imports wheel check bench lock sbom audit licences
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.setup: requirements.lock pyproject.toml
	@echo "Setting up Zixin in $(VENV) (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.setup-dev: requirements-dev.lock $(VENV)/.setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.setup ## install the product into .venv

setup-dev: $(VENV)/.setup-dev ## install what tests and checks need, too

demo: setup ## two sandbox CRMs, the whole job, and what it found
	@$(BIN)/zixin demo

# A file of tests stays together: what is slow to prepare is prepared once.
PYTEST = $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

test: setup-dev ## run every test on SQLite
	$(PYTEST)

# What has no database in it would only say the same again: tests/conftest.py leaves it out.
test-pg: setup-dev ## run what stores anything on PostgreSQL (TEST_DATABASE_URL, or a throw-away server)
	$(BIN)/python -m tests.postgres -- $(PYTEST) tests/connector tests/contract tests/journeys tests/test_databases.py

# Bounded, and a failure names its seed: SEED=7 draws other kills and faults.
test-full: setup-dev ## the long proofs on both databases: kills, state machines, storage, upgrades (hours)
	$(BIN)/python -m pytest -m full $(if $(SEED),--seed=$(SEED))
	$(BIN)/python -m tests.postgres -- $(BIN)/python -m pytest -m full tests/connector tests/journeys $(if $(SEED),--seed=$(SEED))

thorough: setup-dev ## compare engine and oracle on 10,000 random companies (half an hour)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -q tests/oracle

format: setup-dev ## check the format
	$(BIN)/ruff format --check .

lint: setup-dev ## ruff, every rule
	$(BIN)/ruff check .

types: setup-dev ## mypy --strict over packages and tests
	$(BIN)/mypy

imports: setup-dev ## who may import whom
	$(BIN)/lint-imports

wheel: setup-dev ## build the wheel and try it in an empty environment
	$(BIN)/python -m tests.smoke_wheel

tests: test test-pg ## run the tests on both databases

check: format lint types imports tests wheel ## all that CI runs

bench: setup-dev ## measurements as one JSON document (ONLY=name,name)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

lock: setup-dev ## resolve the lock files anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra postgres --group build -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra postgres --extra train --group dev -o requirements-dev.lock

sbom: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct -- requirements.lock)
sbom: setup-dev ## the bill of materials of what is locked (CycloneDX) into dist/
	@$(BIN)/python -m supply.sbom dist/zixin.cdx.json

# No part of `check`: it asks a service outside, and what could not be asked is no pass.
audit: setup-dev ## what is known against what is locked (1 found, 3 not audited)
	@$(BIN)/python -m supply.audit

licences: setup-dev ## the licence of everything that is locked
	@$(BIN)/python -m supply.licences
