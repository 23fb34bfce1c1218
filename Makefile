# Two commands from a fresh checkout: `make demo` and `make test`. Both set up all they need, in the checkout.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PYTEST_ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test quick check bench lock clean browser

help: ## what can be typed here
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mlcompare needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing what mlcompare runs on into $(VENV) (once; a minute or two) ..."
	@test -f $(VENV)/.test || $(BIN)/python -m pip install --quiet --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) (once; a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/test.txt
	@touch $@

demo: $(VENV)/.runtime ## train, log, start the bot and a local Slack page (ARGS=--once: do it and stop)
	@$(BIN)/mlcompare demo $(ARGS)

browser: $(VENV)/.test
	@$(BIN)/python tests/browser.py

test: $(VENV)/.test $(VENV)/.runtime browser check ## every check and every test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.test $(VENV)/.runtime ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test $(VENV)/.runtime ## measure, as ratios against a bare client
	@$(BIN)/python -m tests.bench $(ARGS)

lock: $(BIN)/python ## pin requirements/*.in anew, with hashes and no index named
	@$(BIN)/python -m pip install --quiet uv
	cd requirements && for set in runtime test; do \
	  ../$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	    --no-emit-find-links --no-config --quiet -o $$set.txt $$set.in || exit 1; done

clean: ## remove what the commands above made
	rm -rf $(VENV) .mlcompare .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
