# Every target makes its own environment and gets uv by itself; a machine needs only Python 3.11 or newer, make and git.
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: help demo test soak check bench docs clean
.DEFAULT_GOAL := help

help: ## Show what there is to make
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

demo: .venv/made ## Generate a platform, find its networks, guard it, measure exposure; leaves demo/report.html
	$(RUN) ringfence demo --no-serve

test: .venv/made $(if $(CHROMIUM),,.venv/chromium) ## Run the tests
	$(RUN) pytest

soak: .venv/made ## Run the tests that take minutes
	$(RUN) pytest -m soak -n 0 --timeout 3600

check: .venv/made ## Lint, format, types, import contract
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports

bench: .venv/made ## Run every benchmark and write its table to benchmarks/results
	$(UV) sync --frozen --quiet --all-extras --group bench
	@set -e; for bench in benchmarks/*/*.py; do echo "== $$bench"; $(RUN) python -m $$(echo $${bench%.py} | tr / .); done
	$(RUN) python -m benchmarks.terms.quality.measure

docs: .venv/made ## Build the documentation into site/
	$(RUN) zensical build --clean

.venv/made: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --all-extras
	@touch $@

.venv/chromium: | .venv/made # where the system has none; a test that lacks it says so
	-$(RUN) playwright install chromium
	@touch $@

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

clean: ## Remove what the other targets made
	rm -rf .venv .tools site demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
